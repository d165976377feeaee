//! What is wrong with an edit. Every answer names the field and the fix.

use std::fmt;

use messages::{Arg, Catalogue, Message};
use vocab::{EventId, Lang, RecordId, Role};

use crate::policy::PolicyProblem;
use crate::privacy::Private;
use crate::rota::RotaProblem;
use crate::schema::{Class, Field, Kind, Shape};
use crate::value::Value;

/// Why an edit was refused. Nothing of it remains in the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// No record with this id stands in the dossier.
    NoRecord {
        /// The id as given.
        id: String,
    },
    /// The record exists already.
    Exists {
        /// Its id.
        id: RecordId,
    },
    /// The event exists already.
    EventExists {
        /// Its id.
        id: EventId,
    },
    /// The record is of another kind than needed.
    WrongKind {
        /// Its id.
        id: RecordId,
        /// The kind needed.
        kind: &'static str,
    },
    /// A dossier has exactly one customer.
    SecondCustomer {
        /// The customer there is.
        id: RecordId,
    },
    /// The kind has no such field.
    UnknownField {
        /// The kind's label.
        kind: &'static str,
        /// The name as given.
        field: String,
    },
    /// The field cannot be set by hand.
    NotSet {
        /// The kind's label.
        kind: &'static str,
        /// The field's label.
        field: &'static str,
        /// Key of what to do instead.
        fix: &'static str,
    },
    /// A required field is missing.
    Missing {
        /// The kind's or event's label.
        kind: &'static str,
        /// The field's label.
        field: &'static str,
    },
    /// A value the field does not take.
    Value {
        /// The field's label.
        field: &'static str,
        /// The value as given, cut to [`Invalid::VALUE_CHARS_MAX`] characters.
        value: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The role may not do this.
    NotAllowed {
        /// The author's role.
        role: Role,
        /// What was tried.
        what: Attempt,
        /// Who may.
        may: &'static [Role],
    },
    /// The task belongs to somebody else.
    NotYours {
        /// The task.
        id: RecordId,
        /// Its assignee.
        assignee: String,
    },
    /// The kind has no such step.
    NoEvent {
        /// The kind's label.
        kind: &'static str,
        /// The step as given.
        event: String,
    },
    /// The record's state does not allow the step.
    Step {
        /// The record.
        id: RecordId,
        /// Key of the step's name.
        event: &'static str,
        /// Key of the name of its state.
        state: String,
        /// Keys of the names of the steps it allows to this author.
        allowed: Vec<&'static str>,
    },
    /// The record is void.
    Void {
        /// The record.
        id: RecordId,
    },
    /// There is no such conflict to decide.
    NoConflict {
        /// The record.
        id: RecordId,
        /// The conflict as given.
        conflict: String,
    },
    /// The conflict has no such candidate.
    NoCandidate {
        /// The candidate as given, counted from 1.
        take: usize,
        /// How many there are.
        count: usize,
    },
    /// The record has as many events as it can take.
    Full {
        /// The record.
        id: RecordId,
    },
    /// Private data in a text.
    Private {
        /// The field's label.
        field: &'static str,
        /// What was found.
        what: Private,
        /// The words around it, with what was found in brackets.
        place: String,
        /// The place of its first character, counted from 1.
        position: usize,
    },
    /// A day or time before one it has to follow.
    OutOfOrder {
        /// Label of the field that should be the earlier.
        earlier: &'static str,
        /// Its value.
        earlier_is: String,
        /// Label of the field that should be the later.
        later: &'static str,
        /// Its value.
        later_is: String,
    },
    /// The record belongs in another document.
    WrongDocument {
        /// The kind's label.
        kind: &'static str,
        /// Where it belongs.
        class: Class,
    },
    /// A record cannot name itself.
    Itself {
        /// Its id.
        id: RecordId,
    },
    /// A policy with something missing or wrong.
    Policy {
        /// What.
        problem: PolicyProblem,
    },
    /// A shift against the rules of the hotline rota.
    Rota {
        /// What is against them.
        problem: RotaProblem,
    },
    /// automerge refused the operation.
    Refused {
        /// automerge's words.
        cause: String,
    },
}

/// What an author without the right tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Make a record of the kind with this label.
    Create(&'static str),
    /// Change a record of the kind with this label.
    Write(&'static str),
    /// Take the step with this label.
    Step(&'static str),
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A name without `*`.
    NotMasked,
    /// Neither a masked name nor a staff number.
    NotStaff,
    /// More than so many characters.
    TooLong(usize),
    /// Nothing in it.
    Empty,
    /// Not one of these labels.
    NotACode(Vec<String>),
    /// Outside these bounds.
    OutOfRange(i64, i64),
    /// Not a whole number.
    NotAnInteger,
    /// Not a day that exists.
    NotADay,
    /// Not a time.
    NotATime,
    /// A control character inside.
    ControlCharacter,
    /// Not the id of a record.
    NotAnId,
    /// Neither true nor false.
    NotAFlag,
    /// Not resources such as 2小时,1名客服.
    NotResources,
    /// Not a signature.
    NotASignature,
    /// Not the product that it is derived as.
    NotTheProduct,
    /// More than so many.
    TooMany(usize),
    /// A value of another type.
    WrongType,
}

impl Problem {
    /// Key of the fix, without its bounds.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Problem::NotMasked => "fix-not_masked",
            Problem::NotStaff => "fix-not_staff",
            Problem::TooLong(_) => "fix-too_long",
            Problem::Empty => "fix-empty",
            Problem::NotACode(_) => "fix-not_a_code",
            Problem::OutOfRange(..) => "fix-out_of_range",
            Problem::NotAnInteger => "fix-not_an_integer",
            Problem::NotADay => "fix-not_a_day",
            Problem::NotATime => "fix-not_a_time",
            Problem::ControlCharacter => "fix-control_character",
            Problem::NotAnId => "fix-not_an_id",
            Problem::NotAFlag => "fix-not_a_flag",
            Problem::NotResources => "fix-not_resources",
            Problem::NotASignature => "fix-not_a_signature",
            Problem::NotTheProduct => "fix-not_the_product",
            Problem::TooMany(_) => "fix-too_many",
            Problem::WrongType => "fix-wrong_type",
        }
    }
}

impl Invalid {
    /// How much of a wrong value an error repeats, in characters.
    pub const VALUE_CHARS_MAX: usize = 60;

    pub(crate) fn value(field: &Field, value: &str, problem: Problem) -> Self {
        Invalid::Value { field: field.label, value: value.chars().take(Self::VALUE_CHARS_MAX).collect(), problem }
    }

    /// How much around a private datum an error repeats, in characters on either side.
    const AROUND_CHARS_MAX: usize = 8;

    pub(crate) fn private(field: &Field, text: &str, what: Private, place: std::ops::Range<usize>) -> Self {
        let part = |from: usize, to: usize| text.chars().skip(from).take(to.saturating_sub(from)).collect::<String>();
        let (from, to) = (place.start.saturating_sub(Self::AROUND_CHARS_MAX), place.end + Self::AROUND_CHARS_MAX);
        let shown = format!("{}[{}]{}", part(from, place.start), part(place.start, place.end), part(place.end, to));
        Invalid::Private { field: field.label, what, place: shown, position: place.start + 1 }
    }

    pub(crate) fn out_of_order(earlier: &Field, earlier_is: &Value, later: &Field, later_is: &Value) -> Self {
        // Days and times are shown alike in every language.
        let show = |field: &Field, value: &Value| field.show(value, Lang::En);
        Invalid::OutOfOrder {
            earlier: earlier.label,
            earlier_is: show(earlier, earlier_is),
            later: later.label,
            later_is: show(later, later_is),
        }
    }

    pub(crate) fn missing(owner: &'static str, field: &Field) -> Self {
        Invalid::Missing { kind: owner, field: field.label }
    }

    pub(crate) fn unknown_field(owner: &'static str, field: &str) -> Self {
        Invalid::UnknownField { kind: owner, field: field.chars().take(Self::VALUE_CHARS_MAX).collect() }
    }

    /// The message to show; it says what to do next.
    #[must_use]
    pub fn message(&self) -> Message {
        let key = |key: &str| Arg::Key(key.to_owned());
        match self {
            Invalid::NoRecord { id } => Message::new("invalid-no_record").with("id", id.as_str()),
            Invalid::Exists { id } => Message::new("invalid-exists").with("id", id.as_str()),
            Invalid::EventExists { id } => Message::new("invalid-event_exists").with("id", id.as_str()),
            Invalid::WrongKind { id, kind } => {
                Message::new("invalid-wrong_kind").with("id", id.as_str()).with("kind", key(kind))
            }
            Invalid::SecondCustomer { id } => Message::new("invalid-second_customer").with("id", id.as_str()),
            Invalid::UnknownField { kind, field } => {
                Message::new("invalid-unknown_field").with("kind", key(kind)).with("field", field.as_str())
            }
            Invalid::NotSet { kind, field, fix } => {
                Message::new("invalid-not_set").with("kind", key(kind)).with("field", key(field)).with("fix", key(fix))
            }
            Invalid::Missing { kind, field } => {
                Message::new("invalid-missing").with("kind", key(kind)).with("field", key(field))
            }
            Invalid::Value { field, value, problem } => {
                let (message, fix) = match problem {
                    Problem::NotACode(labels) => {
                        (Message::new("invalid-value-one_of").with("codes", Arg::Keys(labels.clone())), problem.key())
                    }
                    Problem::OutOfRange(min, max) => {
                        (Message::new("invalid-value-range").with("min", *min).with("max", *max), problem.key())
                    }
                    Problem::TooLong(max) | Problem::TooMany(max) => {
                        (Message::new("invalid-value-length").with("max", *max), problem.key())
                    }
                    _ => (Message::new("invalid-value"), problem.key()),
                };
                message.with("field", key(field)).with("value", value.as_str()).with("fix", key(fix))
            }
            Invalid::NotAllowed { role, what, may } => {
                let (message, label) = match what {
                    Attempt::Create(label) => ("invalid-may_not_create", label),
                    Attempt::Write(label) => ("invalid-may_not_write", label),
                    Attempt::Step(label) => ("invalid-may_not_step", label),
                };
                Message::new(message)
                    .with("role", Arg::Key(format!("role-{role}")))
                    .with("what", key(label))
                    .with("may", Arg::Keys(may.iter().map(|role| format!("role-{role}")).collect()))
            }
            Invalid::NotYours { id, assignee } => {
                Message::new("invalid-not_yours").with("id", id.as_str()).with("assignee", assignee.as_str())
            }
            Invalid::NoEvent { kind, event } => {
                Message::new("invalid-no_event").with("kind", key(kind)).with("event", event.as_str())
            }
            Invalid::Step { id, event, state, allowed } => {
                let allowed = match allowed.as_slice() {
                    [] => Arg::Key("nothing".to_owned()),
                    steps => Arg::Keys(steps.iter().map(|step| (*step).to_owned()).collect()),
                };
                Message::new("invalid-step")
                    .with("id", id.as_str())
                    .with("event", key(event))
                    .with("state", key(state))
                    .with("allowed", allowed)
            }
            Invalid::Void { id } => Message::new("invalid-void").with("id", id.as_str()),
            Invalid::NoConflict { id, conflict } => {
                Message::new("invalid-no_conflict").with("id", id.as_str()).with("conflict", conflict.as_str())
            }
            Invalid::NoCandidate { take, count } => {
                Message::new("invalid-no_candidate").with("take", *take).with("count", *count)
            }
            Invalid::Full { id } => {
                Message::new("invalid-full").with("id", id.as_str()).with("max", crate::schema::EVENTS_PER_RECORD_MAX)
            }
            Invalid::Private { field, what, place, position } => Message::new("invalid-private")
                .with("field", key(field))
                .with("what", key(what.label()))
                .with("place", place.as_str())
                .with("position", *position),
            Invalid::OutOfOrder { earlier, earlier_is, later, later_is } => Message::new("invalid-out_of_order")
                .with("earlier", key(earlier))
                .with("earlier_is", earlier_is.as_str())
                .with("later", key(later))
                .with("later_is", later_is.as_str()),
            Invalid::WrongDocument { kind, class } => Message::new("invalid-wrong_document")
                .with("kind", key(kind))
                .with("class", Arg::Key(format!("class-{}", class.code()))),
            Invalid::Itself { id } => Message::new("invalid-itself").with("id", id.as_str()),
            Invalid::Policy { problem } => problem.message(),
            Invalid::Rota { problem } => problem.message(),
            Invalid::Refused { cause } => Message::new("invalid-refused").with("cause", cause.as_str()),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Catalogue::of(Lang::En).render(&self.message()))
    }
}

impl std::error::Error for Invalid {}

impl Kind {
    /// Refuses a role that may not write records of this kind.
    pub(crate) fn check_writer(&self, role: Role, what: Attempt) -> Result<(), Invalid> {
        if self.writers.contains(&role) { Ok(()) } else { Err(Invalid::NotAllowed { role, what, may: self.writers }) }
    }
}

impl Shape {
    /// Labels of the values to choose from.
    pub(crate) fn choices(self) -> Vec<String> {
        match self {
            Shape::Enum(list) => list.codes.iter().map(|code| list.label(code)).collect(),
            _ => Vec::new(),
        }
    }
}
