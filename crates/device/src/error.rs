//! What can go wrong on a device, told apart so that each answer can say what to do next.

use std::path::PathBuf;

use messages::{Arg, Catalogue, Message};
use records::Invalid;
use store::{StoreError, StoreErrorKind};
use sync::Code;
use thiserror::Error;

/// Why a device did not do what it was asked. Nothing of the failed work remains in the store.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// There is no store in this home.
    #[error("there is no store in {home}")]
    NoStore {
        /// The home.
        home: PathBuf,
    },
    /// There is a store in this home already.
    #[error("there is a store in {home} already")]
    StoreExists {
        /// The home.
        home: PathBuf,
    },
    /// The store could not be read or written.
    #[error("the store failed")]
    Store {
        /// The home.
        home: PathBuf,
        /// What happened.
        #[source]
        source: StoreError,
    },
    /// What was entered is not allowed.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A document does not load.
    #[error("document {doc} does not load")]
    Document {
        /// The document.
        doc: vocab::DocId,
        /// What is wrong with it.
        #[source]
        source: records::Corrupt,
    },
    /// No record has this id.
    #[error("there is no record `{id}` in this book")]
    UnknownRecord {
        /// The id as given.
        id: String,
    },
    /// A legacy id that several records carry.
    #[error("`{id}` names {count} records")]
    AmbiguousRecord {
        /// The id as given.
        id: String,
        /// How many records carry it.
        count: usize,
    },
    /// The id is of another kind of record than the command works on.
    #[error("`{id}` is not a record of the kind {wanted}")]
    WrongKind {
        /// The id as given.
        id: String,
        /// The code of the kind that was wanted.
        wanted: &'static str,
        /// The code of the kind it has.
        found: String,
    },
    /// No conflict has this id.
    #[error("there is no conflict `{id}`")]
    UnknownConflict {
        /// The id as given.
        id: String,
    },
    /// A record that needs another to belong to was to be made without one.
    #[error("a record needs the {kind} it belongs to")]
    ParentMissing {
        /// The code of the kind it belongs to.
        kind: &'static str,
    },
    /// A file could not be read as tables, or its rows do not fit together or not to this book.
    #[error("the file {path} is not a table that can be imported")]
    Tables {
        /// The file.
        path: PathBuf,
        /// Every problem found, by sheet, row and column.
        errors: tables::TableErrors,
    },
    /// Records could not be written as tables.
    #[error("the records cannot be written as tables")]
    Export(#[from] tables::WriteError),
    /// A file could not be read or written.
    #[error("the file {path} cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The device belongs to no branch.
    #[error("this device belongs to no branch")]
    NotEnrolled,
    /// The device belongs to a branch already.
    #[error("this device belongs to the branch {branch} of {relay} already")]
    AlreadyEnrolled {
        /// The branch's name.
        branch: String,
        /// The relay's URL.
        relay: String,
    },
    /// The URL does not name a relay.
    #[error("`{url}` is not the address of a relay")]
    RelayUrl {
        /// The URL as given.
        url: String,
    },
    /// The relay could not be reached, or the link was lost; what was recorded is safe here.
    #[error("the relay {relay} cannot be reached")]
    Unreachable {
        /// The relay's URL.
        relay: String,
        /// What the network said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The relay refused, or ended the connection.
    #[error("the relay {relay} refused: {code}")]
    Refused {
        /// The relay's URL.
        relay: String,
        /// The reason.
        code: Code,
    },
    /// Another process of this home took up another feed while this one was exchanging.
    #[error("another process took up another feed meanwhile")]
    FeedChanged,
    /// What was entered is more than one change may hold.
    #[error("this is more than one change may hold")]
    TooLarge,
    /// Both sides compared what they hold, brought each other what they lacked, and still do not hold the same.
    #[error("this device and the relay {relay} do not hold the same after comparing")]
    Unequal {
        /// The relay's URL.
        relay: String,
    },
    /// The document was erased for everybody.
    #[error("the dossier {doc} was erased")]
    Erased {
        /// Its document.
        doc: vocab::DocId,
        /// Why, in the words of whoever did it.
        why: String,
    },
    /// Two customers were to be separated that nobody merged with each other.
    #[error("`{one}` and `{other}` were not merged with each other")]
    NotMerged {
        /// The customer with the smaller id.
        one: String,
        /// The other.
        other: String,
    },
    /// The check of a day was to be signed that is signed already.
    #[error("the check of {day} is signed already by `{record}`")]
    CheckSigned {
        /// The day.
        day: vocab::Day,
        /// The record.
        record: vocab::RecordId,
    },
    /// A conflict has no candidate of this number.
    #[error("the conflict `{id}` has {count} candidates")]
    NoCandidate {
        /// The conflict.
        id: String,
        /// How many candidates it has.
        count: usize,
    },
    /// The system gave no random bytes.
    #[error("the system's random source failed")]
    NoRandomness,
    /// A thread of the engine ended early: a fault of this program. The store is as it was after its last commit.
    #[error("the engine was interrupted")]
    Interrupted,
}

/// How a command that failed ends (`shared/commands.md`, exit codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Refused or failed.
    Refused,
    /// Saved here, but the relay could not be reached.
    Unreachable,
}

impl DeviceError {
    /// Which exit code this is.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            DeviceError::Unreachable { .. } | DeviceError::FeedChanged | DeviceError::Unequal { .. } => {
                Failure::Unreachable
            }
            DeviceError::Refused { code, .. } if code.may_retry() => Failure::Unreachable,
            _ => Failure::Refused,
        }
    }

    /// What happened and what to do, in the reader's language once rendered.
    #[must_use]
    pub fn message(&self) -> Message {
        let path = |path: &PathBuf| Arg::Text(path.display().to_string());
        match self {
            DeviceError::NoStore { home } => Message::new("device-no-store").with("home", path(home)),
            DeviceError::StoreExists { home } => Message::new("device-store-exists").with("home", path(home)),
            DeviceError::Store { home, source } => {
                let detail = match source {
                    StoreError::Newer { found, known } => format!("{found} > {known}"),
                    other => std::error::Error::source(other).map_or_else(|| other.to_string(), ToString::to_string),
                };
                let key = match source.kind() {
                    StoreErrorKind::Absent => "device-no-store",
                    StoreErrorKind::Exists => "device-store-exists",
                    StoreErrorKind::Unreadable => "device-store-unreadable",
                    StoreErrorKind::ReadOnly => "device-store-read-only",
                    StoreErrorKind::Corrupt => "device-store-corrupt",
                    StoreErrorKind::Newer => "device-store-newer",
                    StoreErrorKind::Busy => "device-store-busy",
                    StoreErrorKind::Full => "device-store-full",
                    StoreErrorKind::Disk => "device-store-disk",
                    StoreErrorKind::Statement => "device-store-statement",
                };
                Message::new(key).with("home", path(home)).with("detail", detail)
            }
            DeviceError::Invalid(invalid) => invalid.message(),
            DeviceError::Document { doc, .. } => Message::new("device-document").with("doc", doc.to_string()),
            DeviceError::UnknownRecord { id } => Message::new("device-unknown-record").with("id", id.as_str()),
            DeviceError::AmbiguousRecord { id, count } => {
                Message::new("device-ambiguous-record").with("id", id.as_str()).with("count", *count)
            }
            DeviceError::WrongKind { id, wanted, found } => Message::new("device-wrong-kind")
                .with("id", id.as_str())
                .with("wanted", Arg::Key(format!("kind-{wanted}")))
                .with("found", Arg::Key(format!("kind-{found}"))),
            DeviceError::UnknownConflict { id } => Message::new("device-unknown-conflict").with("id", id.as_str()),
            DeviceError::ParentMissing { kind } => {
                Message::new("device-parent-missing").with("kind", Arg::Key(format!("kind-{kind}")))
            }
            DeviceError::CheckSigned { day, record } => {
                Message::new("device-check-signed").with("day", day.to_string()).with("record", record.as_str())
            }
            DeviceError::NotMerged { one, other } => {
                Message::new("device-not-merged").with("one", one.as_str()).with("other", other.as_str())
            }
            DeviceError::NoCandidate { id, count } => {
                Message::new("device-no-candidate").with("id", id.as_str()).with("count", *count)
            }
            DeviceError::Tables { path: file, errors } => Message::new("device-tables")
                .with("file", path(file))
                .with("count", errors.problems().len() + errors.more()),
            DeviceError::Export(source) => source.message(),
            DeviceError::File { path: file, source } => {
                Message::new("device-file").with("file", path(file)).with("detail", source.to_string())
            }
            DeviceError::NotEnrolled => Message::new("device-not-enrolled"),
            DeviceError::AlreadyEnrolled { branch, relay } => {
                Message::new("device-already-enrolled").with("branch", branch.as_str()).with("relay", relay.as_str())
            }
            DeviceError::RelayUrl { url } => Message::new("device-relay-url").with("url", url.as_str()),
            DeviceError::Unreachable { relay, source } => {
                Message::new("device-unreachable").with("relay", relay.as_str()).with("detail", source.to_string())
            }
            DeviceError::Refused { relay, code } => Message::new("device-refused")
                .with("relay", relay.as_str())
                .with("reason", Arg::Key(format!("refused-{}", code.code()))),
            DeviceError::FeedChanged => Message::new("device-feed-changed"),
            DeviceError::TooLarge => {
                Message::new("device-too-large").with("max", sync::limits::CHANGE_BYTES_MAX / 1_024)
            }
            DeviceError::Unequal { relay } => Message::new("device-unequal").with("relay", relay.as_str()),
            DeviceError::Erased { doc, why } => {
                let why = if why.is_empty() { "none" } else { why.as_str() };
                Message::new("device-erased").with("doc", doc.to_string()).with("why", why)
            }
            DeviceError::NoRandomness => Message::new("device-no-randomness"),
            DeviceError::Interrupted => Message::new("device-interrupted"),
        }
    }

    /// Everything wrong that the message only counts: the problems of a table, row by row.
    #[must_use]
    pub fn details(&self, catalogue: &Catalogue) -> Vec<String> {
        match self {
            DeviceError::Tables { errors, .. } => errors.render(catalogue),
            _ => Vec::new(),
        }
    }
}

/// What can go wrong inside one transaction, before the home's path is added.
#[derive(Debug, Error)]
pub(crate) enum WorkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a trial ends by undoing itself")]
    Tried(Box<crate::ImportReport>),
    #[error("a check ends by undoing itself")]
    Checked,
    #[error(transparent)]
    Other(#[from] DeviceError),
}

impl From<Invalid> for WorkError {
    fn from(invalid: Invalid) -> Self {
        WorkError::Other(DeviceError::Invalid(invalid))
    }
}

impl WorkError {
    pub(crate) fn at(self, home: &std::path::Path) -> DeviceError {
        let home = home.to_path_buf();
        match self {
            WorkError::Store(StoreError::Absent { .. }) => DeviceError::NoStore { home },
            WorkError::Store(StoreError::Exists { .. }) => DeviceError::StoreExists { home },
            WorkError::Store(StoreError::Erased { doc }) => DeviceError::Erased { doc, why: String::new() },
            WorkError::Store(source) => DeviceError::Store { home, source },
            WorkError::Tried(_) | WorkError::Checked => DeviceError::Interrupted,
            WorkError::Other(error) => error,
        }
    }
}
