//! 客户反馈表: what the customer said of it. Score and wording are immutable; a correction is an event.

use super::{RESOLVED, VOID, VOID_FLAG, by_person, from, legacy_id, required};
use crate::life::Life;
use crate::schema::{
    Class, Column, Enumeration, EventKind, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, Parent, Right, Shape, Source,
    TEXT_CHARS_MAX,
};

/// Where a feedback stands.
static STATE: Enumeration = Enumeration { name: "state", codes: &["sent", "pending", "handled", "archived"] };

/// 1 非常不满意 to 5 非常满意.
const SCORE: Shape = Shape::Integer { min: 1, max: 5 };

const FIELDS: &[Field] = &[
    from(Source::Id, by_person("fb_id", "feedback-fb_id", Shape::Reference("feedback"))),
    from(Source::Id, by_person("customer_id", "feedback-customer_id", Shape::Reference("customer"))),
    from(Source::Id, by_person("exec_id", "feedback-exec_id", Shape::Reference("task"))),
    from(Source::Once, by_person("score", "feedback-score", SCORE)),
    from(Source::Once, by_person("text", "feedback-text", Shape::Line(TEXT_CHARS_MAX))),
    from(Source::Auto, by_person("received_on", "feedback-received_on", Shape::Date)),
    from(Source::Event, by_person("state", "feedback-state", Shape::Enum(&STATE))),
    by_person("measure", "feedback-measure", Shape::Text(TEXT_CHARS_MAX)),
    by_person("owner", "feedback-owner", Shape::Staff),
    from(Source::Event, by_person("duplicate_of", "feedback-duplicate_of", Shape::Reference("feedback"))),
    legacy_id("feedback-legacy_id"),
    VOID_FLAG,
];

const fn step(
    code: &'static str,
    label: &'static str,
    data: &'static [Field],
    from: &'static [&'static str],
) -> EventKind {
    EventKind { code, label, data, writes: &[], stamps: None, right: Right::Roles(FRONT_LINE), from }
}

/// 客户反馈表.
pub static FEEDBACK: Kind = Kind {
    code: "feedback",
    prefix: "FB",
    label: "kind-feedback",
    form: "form-feedback",
    id_field: "fb_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "task", field: "exec_id" }),
    fields: FIELDS,
    columns: &[
        Column { name: "fb_id", label: "feedback-fb_id", fields: &["fb_id"] },
        Column { name: "customer_id", label: "feedback-customer_id", fields: &["customer_id"] },
        Column { name: "exec_id", label: "feedback-exec_id", fields: &["exec_id"] },
        Column { name: "score", label: "feedback-score", fields: &["score"] },
        Column { name: "text", label: "feedback-text", fields: &["text"] },
        Column { name: "received_on", label: "feedback-received_on", fields: &["received_on"] },
        Column { name: "state", label: "feedback-state", fields: &["state"] },
        Column { name: "measure", label: "feedback-measure", fields: &["measure"] },
        Column { name: "owner", label: "feedback-owner", fields: &["owner"] },
    ],
    events: &[
        step(
            "received",
            "event-received",
            &[
                required(by_person("score", "data-score", SCORE)),
                by_person("text", "data-text", Shape::Line(TEXT_CHARS_MAX)),
                by_person("received_on", "data-received_on", Shape::Date),
            ],
            &["sent"],
        ),
        EventKind { writes: &["measure", "owner"], ..step("handled", "event-handled", &[], &["pending"]) },
        step("archived", "event-archived", &[], &["handled"]),
        step(
            "corrected",
            "event-corrected",
            &[
                required(by_person("score", "data-score", SCORE)),
                required(by_person("reason", "data-reason", Shape::Line(LINE_CHARS_MAX))),
            ],
            &["pending", "handled", "archived"],
        ),
        step(
            "imported",
            "event-imported",
            &[required(by_person("state", "data-state", Shape::Enum(&STATE)))],
            &["sent", "pending"],
        ),
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: FRONT_LINE,
    order: &[],
    milestones: &[],
    life: Life::Feedback,
};
