//! 改进: plan, do, check, act, and round again.

use super::{
    BOARD_VOID, RESOLVED, VOID_FLAG, by_person, columns, field, from, legacy_id, managed, needed, required, stamping,
};
use crate::life::{Flow, Life, Rule};
use crate::schema::{
    ANY_KIND, Class, Enumeration, Field, Kind, LINE_CHARS_MAX, MANAGERS, Shape, Source, TEXT_CHARS_MAX,
};

/// What gave rise to it.
static SOURCE: Enumeration = Enumeration { name: "source", codes: &["feedback", "complaint", "review"] };

/// Where an improvement stands.
static STATE: Enumeration = Enumeration { name: "pdca", codes: &["plan", "do", "check", "act", "closed"] };

const PROSE: Shape = Shape::Line(TEXT_CHARS_MAX);
const DONE_ON: Field = by_person("done_on", "data-done_on", Shape::Date);

const FIELDS: &[Field] = &[
    from(Source::Id, field!("improvement", "improvement_id", Shape::Reference("improvement"))),
    required(field!("improvement", "title", Shape::Line(LINE_CHARS_MAX))),
    required(field!("improvement", "source", Shape::Enum(&SOURCE))),
    field!("improvement", "source_id", Shape::Reference(ANY_KIND)),
    field!("improvement", "plan", Shape::Text(TEXT_CHARS_MAX)),
    field!("improvement", "owner", Shape::Staff),
    from(Source::Auto, field!("improvement", "planned_on", Shape::Date)),
    field!("improvement", "due_on", Shape::Date),
    from(Source::Event, field!("improvement", "state", Shape::Enum(&STATE))),
    from(Source::Event, field!("improvement", "findings", PROSE)),
    from(Source::Event, field!("improvement", "result", PROSE)),
    from(Source::Event, field!("improvement", "done_on", Shape::Date)),
    legacy_id("improvement-legacy_id"),
    VOID_FLAG,
];

static FLOW: Flow = Flow {
    initial: "plan",
    steps: &[("do", "do"), ("check", "check"), ("act", "act"), ("closed", "closed"), ("plan", "plan")],
    rules: &[("done_on", Rule::Earliest)],
    clears: &[("plan", &["result", "done_on"])],
    cancelled: None,
};

/// 改进.
pub static IMPROVEMENT: Kind = Kind {
    code: "improvement",
    prefix: "IMP",
    label: "kind-improvement",
    form: "form-improvement",
    id_field: "improvement_id",
    class: Class::Board,
    parent: None,
    fields: FIELDS,
    columns: columns!("improvement": "improvement_id", "title", "source", "source_id", "plan", "owner", "planned_on", "due_on",
        "state", "findings", "result", "done_on"),
    events: &[
        managed("do", "event-do", &[], &["plan"]),
        managed("check", "event-check", &[by_person("findings", "data-findings", PROSE)], &["do"]),
        managed("act", "event-act", &[needed("result", "data-result", PROSE)], &["check"]),
        stamping("done_on", managed("closed", "event-closed", &[DONE_ON], &["act"])),
        managed(
            "plan",
            "event-plan_again",
            &[needed("reason", "data-reason", Shape::Line(LINE_CHARS_MAX))],
            &["do", "check", "act", "closed"],
        ),
        managed(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                by_person("findings", "data-findings", PROSE),
                by_person("result", "data-result", PROSE),
                DONE_ON,
            ],
            &[],
        ),
        BOARD_VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: MANAGERS,
    order: &[("planned_on", "due_on"), ("planned_on", "done_on")],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
