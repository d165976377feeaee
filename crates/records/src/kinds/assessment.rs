//! 服务需求评估表: what a customer needs and what we propose.

use super::{RESOLVED, VOID, VOID_FLAG, by_person, from, legacy_id, required};
use crate::life::Life;
use crate::schema::{
    ASSESSORS, Class, Column, Enumeration, EventKind, Field, Kind, Milestone, Parent, Right, SUPERVISORS, Shape,
    Source, TEXT_CHARS_MAX,
};

/// How urgent, most urgent first.
static URGENCY: Enumeration = Enumeration { name: "urgency", codes: &["high", "medium", "low"] };

/// Whom it touches.
static SCOPE: Enumeration =
    Enumeration { name: "scope", codes: &["sales", "technical_support", "after_sales", "logistics", "other"] };

/// Where the approval stands.
static APPROVAL: Enumeration = Enumeration { name: "approval", codes: &["draft", "approved", "stale"] };

/// Most minutes one assessment may ask for: two years of working days, far past any real one.
const MINUTES_MAX: i64 = 500 * 8 * 60;

const FIELDS: &[Field] = &[
    from(Source::Id, by_person("req_id", "assessment-req_id", Shape::Reference("assessment"))),
    from(Source::Id, by_person("customer_id", "assessment-customer_id", Shape::Reference("customer"))),
    required(by_person("need", "assessment-need", Shape::Text(TEXT_CHARS_MAX))),
    by_person("urgency", "assessment-urgency", Shape::Enum(&URGENCY)),
    by_person("scope", "assessment-scope", Shape::Enum(&SCOPE)),
    by_person("minutes", "assessment-minutes", Shape::Integer { min: 0, max: MINUTES_MAX }),
    by_person("staff", "assessment-staff", Shape::Integer { min: 0, max: 1_000 }),
    by_person("staff_kind", "assessment-staff_kind", Shape::Line(20)),
    by_person("cost", "assessment-cost", Shape::Integer { min: 0, max: 100_000_000_000 }),
    from(Source::Event, by_person("assessed_on", "assessment-assessed_on", Shape::Date)),
    by_person("assessor", "assessment-assessor", Shape::Staff),
    by_person("plan", "assessment-plan", Shape::Text(TEXT_CHARS_MAX)),
    from(Source::Event, by_person("state", "assessment-state", Shape::Enum(&APPROVAL))),
    from(Source::Event, by_person("approved_by", "assessment-approved_by", Shape::Staff)),
    legacy_id("assessment-legacy_id"),
    VOID_FLAG,
];

/// 服务需求评估表.
pub static ASSESSMENT: Kind = Kind {
    code: "assessment",
    prefix: "REQ",
    label: "kind-assessment",
    form: "form-assessment",
    id_field: "req_id",
    class: Class::Dossier,
    parent: Some(Parent { kind: "customer", field: "customer_id" }),
    fields: FIELDS,
    columns: &[
        Column { name: "req_id", label: "assessment-req_id", fields: &["req_id"] },
        Column { name: "customer_id", label: "assessment-customer_id", fields: &["customer_id"] },
        Column { name: "need", label: "assessment-need", fields: &["need"] },
        Column { name: "urgency", label: "assessment-urgency", fields: &["urgency"] },
        Column { name: "scope", label: "assessment-scope", fields: &["scope"] },
        Column {
            name: "resources",
            label: "assessment-resources",
            fields: &["minutes", "staff", "staff_kind", "cost"],
        },
        Column { name: "assessed_on", label: "assessment-assessed_on", fields: &["assessed_on"] },
        Column { name: "assessor", label: "assessment-assessor", fields: &["assessor"] },
        Column { name: "plan", label: "assessment-plan", fields: &["plan"] },
    ],
    events: &[
        EventKind {
            code: "approved",
            label: "event-approved",
            data: &[by_person("digest", "data-digest", Shape::Line(64))],
            writes: &[],
            stamps: None,
            right: Right::Roles(SUPERVISORS),
            from: &["draft", "stale"],
        },
        EventKind {
            code: "imported",
            label: "event-imported",
            data: &[
                by_person("assessed_on", "data-assessed_on", Shape::Date),
                by_person("digest", "data-digest", Shape::Line(64)),
            ],
            writes: &[],
            stamps: None,
            right: Right::Roles(ASSESSORS),
            from: &["draft"],
        },
        VOID,
        RESOLVED,
    ],
    state_field: Some("state"),
    writers: ASSESSORS,
    order: &[],
    milestones: &[Milestone { name: "quantified", fields: &["urgency", "scope", "minutes"] }],
    life: Life::Assessment,
};
