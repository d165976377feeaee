//! 客户信息记录表: whom we serve. Exactly one per dossier.

use super::{RESOLVED, VOID, VOID_FLAG, by_person, field, from, legacy_id, needed, required, step, supervised};
use crate::life::Life;
use crate::schema::{
    Class, Column, Enumeration, FRONT_LINE, Field, Kind, LINE_CHARS_MAX, Milestone, Shape, Source, TEXT_CHARS_MAX,
};

/// The TYPE of channel only; numbers and addresses never enter a document.
pub(crate) static CHANNEL: Enumeration = Enumeration {
    name: "channel",
    codes: &["phone", "email", "online_chat", "face_to_face", "web_form", "social_media", "complaint_box"],
};

/// The service grade, highest first.
pub(crate) static GRADE: Enumeration = Enumeration { name: "grade", codes: &["vip", "core", "potential", "normal"] };

const FIELDS: &[Field] = &[
    from(Source::Id, by_person("customer_id", "customer-customer_id", Shape::Reference("customer"))),
    required(by_person("name", "customer-name", Shape::Masked)),
    required(by_person("channel", "customer-channel", Shape::Enum(&CHANNEL))),
    by_person("history", "customer-history", Shape::Text(TEXT_CHARS_MAX)),
    by_person("preference", "customer-preference", Shape::Line(LINE_CHARS_MAX)),
    from(Source::Auto, by_person("created_on", "customer-created_on", Shape::Date)),
    by_person("owner", "customer-owner", Shape::Staff),
    by_person("grade", "customer-grade", Shape::Enum(&GRADE)),
    by_person("tags", "customer-tags", Shape::Tags),
    from(Source::Event, field!("customer", "points", Shape::Integer { min: i64::MIN, max: i64::MAX })),
    from(Source::Event, field!("customer", "merged_with", Shape::Tags)),
    legacy_id("customer-legacy_id"),
    VOID_FLAG,
];

const WITH: Field = needed("with", "data-with", Shape::Reference("customer"));

/// 客户信息记录表.
pub static CUSTOMER: Kind = Kind {
    code: "customer",
    prefix: "CUST",
    label: "kind-customer",
    form: "form-customer",
    id_field: "customer_id",
    class: Class::Dossier,
    parent: None,
    fields: FIELDS,
    columns: &[
        Column { name: "customer_id", label: "customer-customer_id", fields: &["customer_id"] },
        Column { name: "name", label: "customer-name", fields: &["name"] },
        Column { name: "channel", label: "customer-channel", fields: &["channel"] },
        Column { name: "history", label: "customer-history", fields: &["history"] },
        Column { name: "preference", label: "customer-preference", fields: &["preference"] },
        Column { name: "created_on", label: "customer-created_on", fields: &["created_on"] },
        Column { name: "owner", label: "customer-owner", fields: &["owner"] },
        Column { name: "grade", label: "customer-grade", fields: &["grade"] },
        Column { name: "tags", label: "customer-tags", fields: &["tags"] },
    ],
    events: &[
        // One customer entered twice: both stay, no record moves, and both ids lead to the smallest; see `crate::merge`.
        supervised(step("merged", "event-merged", &[WITH], &[])),
        supervised(step(
            "separated",
            "event-separated",
            &[WITH, needed("reason", "data-reason", Shape::Line(LINE_CHARS_MAX))],
            &[],
        )),
        VOID,
        RESOLVED,
    ],
    state_field: None,
    writers: FRONT_LINE,
    order: &[],
    milestones: &[Milestone { name: "complete", fields: &["name", "channel", "preference", "owner", "grade"] }],
    life: Life::Customer,
};
