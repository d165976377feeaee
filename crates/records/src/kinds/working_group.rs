//! 跨部门协作: department x task with priority.

use super::{
    RESOLVED, VOID, VOID_FLAG, by_person, columns, field, from, legacy_id, needed, required, stamping, step, supervised,
};
use crate::life::{Flow, Life, Rule};
use crate::schema::{Class, Enumeration, Field, Kind, LINE_CHARS_MAX, SUPERVISORS, Shape, Source, TEXT_CHARS_MAX};

/// How urgent, most urgent first.
static PRIORITY: Enumeration = Enumeration { name: "priority", codes: &["high", "medium", "low"] };

/// Where it stands.
static STATE: Enumeration = Enumeration { name: "group_state", codes: &["open", "in_progress", "done", "cancelled"] };

const PROSE: Shape = Shape::Line(TEXT_CHARS_MAX);
const DONE_ON: Field = by_person("done_on", "data-done_on", Shape::Date);

const CANCELLED_WHY: Field = by_person("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX));

const FIELDS: &[Field] = &[
    from(Source::Id, field!("working_group", "group_id", Shape::Reference("working_group"))),
    required(field!("working_group", "department", Shape::Line(40))),
    required(field!("working_group", "task", Shape::Line(LINE_CHARS_MAX))),
    field!("working_group", "exec_id", Shape::Reference("task")),
    required(field!("working_group", "priority", Shape::Enum(&PRIORITY))),
    field!("working_group", "owner", Shape::Staff),
    from(Source::Auto, field!("working_group", "opened_on", Shape::Date)),
    field!("working_group", "due_on", Shape::Date),
    from(Source::Event, field!("working_group", "state", Shape::Enum(&STATE))),
    from(Source::Event, field!("working_group", "done_on", Shape::Date)),
    from(Source::Event, field!("working_group", "result", PROSE)),
    from(Source::Event, field!("working_group", "cancelled_why", Shape::Line(LINE_CHARS_MAX))),
    legacy_id("working_group-legacy_id"),
    VOID_FLAG,
];

static FLOW: Flow = Flow {
    initial: "open",
    steps: &[("cancelled", "cancelled"), ("started", "in_progress"), ("done", "done")],
    rules: &[("done_on", Rule::Earliest)],
    clears: &[],
    cancelled: Some("cancelled"),
};

/// 跨部门协作.
pub static WORKING_GROUP: Kind = Kind {
    code: "working_group",
    prefix: "GROUP",
    label: "kind-working_group",
    form: "form-working_group",
    id_field: "group_id",
    class: Class::Board,
    parent: None,
    fields: FIELDS,
    columns: columns!("working_group": "group_id", "department", "task", "exec_id", "priority", "owner", "opened_on", "due_on",
        "state", "done_on", "result", "cancelled_why"),
    events: &[
        supervised(step("started", "event-started", &[], &["open"])),
        supervised(stamping(
            "done_on",
            step("done", "event-done", &[DONE_ON, by_person("result", "data-result", PROSE)], &["open", "in_progress"]),
        )),
        supervised(step(
            "cancelled",
            "event-cancelled",
            &[needed("cancelled_why", "data-why", Shape::Line(LINE_CHARS_MAX))],
            &["open", "in_progress"],
        )),
        supervised(step(
            "imported",
            "event-imported",
            &[
                needed("state", "data-state", Shape::Enum(&STATE)),
                DONE_ON,
                by_person("result", "data-result", PROSE),
                CANCELLED_WHY,
            ],
            &[],
        )),
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: SUPERVISORS,
    order: &[("opened_on", "due_on"), ("opened_on", "done_on")],
    milestones: &[],
    life: Life::Flow(&FLOW),
};
