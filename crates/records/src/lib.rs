//! The dossier: one automerge document per customer, with everything done for them; and a branch's board and policy, which
//! are documents of the same layout. Pure: time, ids and actors are arguments; no clock, no randomness, no I/O.
//!
//! - [`ALL_KINDS`] describes the kinds of record as tables ([`FORMS`]: those of the four paper forms). Flags, prompts, JSON, spreadsheets, pages and checks derive from them.
//! - [`Dossier::edit`] writes: checked, atomic, one change at a time. [`Dossier::read`] says what stands, as a pure function
//!   of the changes held, whatever the order they came in; [`Dossier::history`] says who wrote what.
//! - Life cycles are logs of events, and a state is what the events add up to. Work done apart follows the rules of the
//!   domain's section 6; whatever had to give way is listed in [`View::conflicts`].
//! - Private data, wrong references, days and times out of order, and a policy that is not whole are refused before they are
//!   written; nothing is left half written.
//! - [`Merged`] says which customers are one; what a newer version wrote is kept and listed ([`View::strangers`]).
//! - What an author had no right to do takes no effect and is listed, even when another client wrote it.
//!
//! - [`facts`] says what a document adds to its branch's figures.
//! - [`limits`] says what is due, met and missed at any instant, from a view, the [`Policies`] and nothing else.
//!
//! Not here: views over many dossiers, storage, sync. The layout of the document is in `SCHEMA.md`.
//!
//! The paper forms' example, from the customer to the handled feedback:
//!
//! ```
//! use records::{ASSESSMENT, CUSTOMER, Dossier, FEEDBACK, Fields, Invalid, TASK, Value};
//! use vocab::{Actor, Author, DeviceCode, EventId, RecordId, Role, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let code: DeviceCode = "7K".parse()?;
//! let actor = Actor::from_bytes([7; 16]);
//! let supervisor = Author { staff: "主管*".parse()?, role: Role::Supervisor };
//! let hotline = Author { staff: "客服*".parse()?, role: Role::Hotline };
//! let (cust, req) = (RecordId::new("CUST", &code, 1), RecordId::new("REQ", &code, 1));
//! let (exec, fb) = (RecordId::new("EXEC", &code, 1), RecordId::new("FB", &code, 1));
//! let event = |n| EventId::new(&code, n);
//! let at = |text: &str| text.parse::<Timestamp>();
//!
//! let mut dossier = Dossier::create();
//! dossier.edit(&supervisor, at("2024-05-01T08:00:00Z")?, &actor, |edit| {
//!     let mut fields = Fields::from([("name", "*先生".into()), ("channel", "online_chat".into())]);
//!     fields.insert("history", "2023年购买产品A".into());
//!     edit.create(&CUSTOMER, &cust, None, fields)?;
//!     let resources = ASSESSMENT.columns[5].parse(&ASSESSMENT, "2小时,1名客服")?;
//!     let mut fields = Fields::from([("need", "产品退货处理".into()), ("plan", "快速退款流程".into())]);
//!     fields.extend(resources);
//!     edit.create(&ASSESSMENT, &req, Some(&cust), fields)?;
//!     edit.step(&event(1), &req, "approved", Fields::new())
//! })?;
//! dossier.edit(&supervisor, at("2024-05-02T08:00:00Z")?, &actor, |edit| {
//!     let due = at("2024-05-02T11:00:00Z").map_or(Value::Flag(false), Value::Time);
//!     edit.create(&TASK, &exec, Some(&req), Fields::from([("title", "处理退货申请".into()), ("due_at", due)]))?;
//!     edit.step(&event(2), &exec, "assigned", Fields::from([("assignee", "客服*".into())]))
//! })?;
//!
//! // A task cannot be corrected before it was done; the refusal says what is possible.
//! let early = dossier.edit(&hotline, at("2024-05-02T08:30:00Z")?, &actor, |edit| {
//!     edit.step(&event(3), &exec, "corrected", Fields::from([("done_at", Value::Time(Timestamp::EPOCH))]))
//! });
//! assert!(matches!(early, Err(Invalid::Step { .. })));
//!
//! dossier.edit(&hotline, at("2024-05-02T09:00:00Z")?, &actor, |edit| {
//!     edit.step(&event(4), &exec, "started", Fields::new())
//! })?;
//! dossier.edit(&hotline, at("2024-05-02T10:30:00Z")?, &actor, |edit| {
//!     edit.step(&event(5), &exec, "done", Fields::new())
//! })?;
//! dossier.edit(&supervisor, at("2024-05-02T11:00:00Z")?, &actor, |edit| {
//!     edit.step(&event(6), &exec, "reviewed", Fields::new())
//! })?;
//! dossier.edit(&hotline, at("2024-05-03T08:00:00Z")?, &actor, |edit| {
//!     let fields = Fields::from([("score", 4.into()), ("text", "服务响应快但细节需改进".into())]);
//!     edit.create(&FEEDBACK, &fb, Some(&exec), fields)?;
//!     edit.step(&event(7), &fb, "handled", Fields::from([("measure", "优化细节培训".into())]))
//! })?;
//!
//! let view = Dossier::load(&dossier.save())?.read();
//! let task = view.record(&exec).ok_or("the task stands in the view")?;
//! assert_eq!(task.state(), Some("reviewed"));
//! assert_eq!(task.text("done_by"), Some("客服*"));
//! assert_eq!(task.get("on_time"), Some(&Value::Flag(true)));
//! assert_eq!(view.record(&fb).and_then(|feedback| feedback.state()), Some("handled"));
//! assert_eq!(view.record(&req).and_then(|assessment| assessment.state()), Some("approved"));
//! assert!(view.conflicts.is_empty());
//! # Ok(())
//! # }
//! ```

mod bits;
mod class;
mod column;
mod dossier;
mod duplicates;
mod edit;
pub mod facts;
mod fit;
mod graph;
mod heal;
mod history;
mod input;
mod invalid;
mod kinds;
mod life;
mod likeness;
pub mod limits;
mod log;
mod merge;
mod points;
mod policy;
mod privacy;
mod read;
mod register;
mod rota;
mod schema;
mod take;
mod text;
mod twins;
mod value;
mod view;

pub use column::Resources;
pub use dossier::{Corrupt, Dossier};
pub use edit::{Edit, steps_open};
pub use invalid::{Attempt, Invalid, Problem};
pub use kinds::{
    ALL_KINDS, ASSESSMENT, CARE, COMPLAINT, CUSTOMER, DAILY_CHECK, EMERGENCY, FEEDBACK, FORMS, IMPROVEMENT, INQUIRY,
    ORDER, POINTS, POLICY, REVIEW, RISK, ROSTER, TASK, TRAINING, VISIT, WORKING_GROUP, kind, kind_of_prefix, may_write,
};
pub use likeness::{ALIKE_PERCENT_MIN, Bigrams};
pub use merge::Merged;
pub use policy::{
    BusinessHours, DayRule, Hours, LimitCode, Membership, POLICY_CHARS_MAX, Period, Policies, Policy, PolicyDifference,
    PolicyProblem, PolicyVersion, Response, RosterRules, Span,
};
pub use privacy::{Private, find_private};
pub use rota::{RotaProblem, rota_problems};
pub use schema::{
    ADMINISTRATORS, ANY_KIND, ASSESSORS, Class, Column, EVENTS_PER_RECORD_MAX, Enumeration, EventKind, FRONT_LINE,
    Field, Kind, LINE_CHARS_MAX, MANAGERS, Milestone, NOTES_MAX, Parent, Right, SUPERVISORS, Shape, Source,
    TAG_CHARS_MAX, TAGS_MAX, TEXT_CHARS_MAX,
};
pub use take::{Aside, Authored, Replaced, SetAside, Taken, hash_of_change};
pub use value::{Fields, Note, Signature, Value};
pub use view::{
    Candidate, Conflict, ConflictKind, Entry, HistoryEntry, Record, Severity, Step, Stranger, View, Written,
};
