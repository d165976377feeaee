//! What can go wrong at a relay, as data; [`Error::message`] says it to people, with what to do next.

use std::net::SocketAddr;
use std::path::PathBuf;

use messages::{Arg, Message};
use store::{RegistryError, StoreError, StoreErrorKind};
use thiserror::Error;

use crate::limits;
use crate::pages::password::PasswordError;

/// Why a relay or one of its commands could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No data directory was named and the environment suggests none.
    #[error("no data directory: name one with --data")]
    NoData,
    /// The data directory cannot be made or read.
    #[error("the data directory {} cannot be used", path.display())]
    Data {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process serves this data directory.
    #[error("the data directory {} is served by another process", path.display())]
    Served {
        /// The directory.
        path: PathBuf,
    },
    /// The file to be written is there already.
    #[error("there is a file {} already", path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// A file named by the caller cannot be read or written.
    #[error("the file {} cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The relay's database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The registry did not do what it was asked.
    #[error("the registry refused")]
    Registry(#[source] RegistryError),
    /// A password cannot be made or kept.
    #[error("the password cannot be used")]
    Password(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file of rows derived from a branch's documents. It may be deleted; the relay makes it again when it starts.
    #[error("the derived rows in {} cannot be used", path.display())]
    Views {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: StoreError,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The socket failed.
    #[error("the listening socket failed")]
    Socket(#[source] std::io::Error),
    /// Threads, signals or timers could not be had.
    #[error("the system gives no threads or signals")]
    Runtime(#[source] std::io::Error),
    /// Standard output is gone.
    #[error("the output cannot be written")]
    Output(#[source] std::io::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Randomness,
    /// No branch has this name or id.
    #[error("there is no branch `{name}`")]
    NoBranch {
        /// As given.
        name: String,
    },
    /// A branch has this name already.
    #[error("there is a branch `{name}` already")]
    BranchExists {
        /// As given.
        name: String,
    },
    /// A name is empty, too long, or holds control characters.
    #[error("`{name}` cannot be a name")]
    BadName {
        /// As given.
        name: String,
    },
    /// No device has this code or key.
    #[error("there is no device `{id}`")]
    NoDevice {
        /// As given.
        id: String,
    },
    /// No dossier has this name.
    #[error("there is no dossier `{name}`")]
    NoDossier {
        /// As given.
        name: String,
    },
    /// What has this name stands on the board or in the policy of its branch.
    #[error("`{name}` is part of the {class} of the branch {branch}, which is never erased")]
    NotADossier {
        /// As given.
        name: String,
        /// The branch's name.
        branch: String,
        /// Which of the two: `board` or `policy`.
        class: &'static str,
    },
    /// No dossier is known by this name, but not every document's rows are there yet.
    #[error("there is no dossier `{name}` among the rows that are there")]
    RowsBehind {
        /// As given.
        name: String,
    },
    /// Several dossiers have this name.
    #[error("`{name}` names more than one dossier")]
    AmbiguousDossier {
        /// As given.
        name: String,
        /// Their documents and branches.
        found: Vec<String>,
    },
    /// The reason for an erasure is empty, too long, or holds control characters.
    #[error("this cannot be a reason")]
    BadReason,
    /// A dossier was erased, and others read the files for so long that its bytes could not be removed from them.
    #[error("the files are in use")]
    NotScrubbed,
    /// Somebody has this name for signing in already.
    #[error("there is a user `{name}` already")]
    UserExists {
        /// As given.
        name: String,
    },
    /// What was to be written breaks a rule: of the records, of a policy, or of the feed.
    #[error("this cannot be written")]
    Refused {
        /// Which, and what to do.
        why: Box<Message>,
    },
    /// The relay is stopping, or its store thread is gone.
    #[error("the relay is stopping")]
    Stopping,
}

impl Error {
    /// What happened and what to do, for people.
    #[must_use]
    pub fn message(&self) -> Message {
        let shown = |path: &PathBuf| Arg::Text(path.display().to_string());
        match self {
            Error::NoData => Message::new("relay-error-no-data"),
            Error::Data { path, .. } => Message::new("relay-error-data").with("path", shown(path)),
            Error::Served { path } => Message::new("relay-error-served").with("path", shown(path)),
            Error::FileExists { path } => Message::new("relay-error-file-exists").with("path", shown(path)),
            Error::File { path, .. } => Message::new("relay-error-file").with("path", shown(path)),
            Error::Store(error) => store_message(error),
            Error::Registry(error) => Message::new("relay-error-registry").with("detail", error.to_string()),
            Error::Views { path, .. } => Message::new("relay-error-views").with("path", shown(path)),
            Error::Password(error) => Message::new("relay-error-password").with("detail", error.to_string()),
            Error::Listen { address, .. } => Message::new("relay-error-listen").with("address", address.to_string()),
            Error::Socket(_) => Message::new("relay-error-socket"),
            Error::Runtime(_) => Message::new("relay-error-runtime"),
            Error::Output(_) => Message::new("relay-error-output"),
            Error::Randomness => Message::new("relay-error-randomness"),
            Error::NoBranch { name } => Message::new("relay-error-no-branch").with("name", name.as_str()),
            Error::BranchExists { name } => Message::new("relay-error-branch-exists").with("name", name.as_str()),
            Error::BadName { name } => Message::new("relay-error-bad-name").with("name", name.as_str()),
            Error::NoDevice { id } => Message::new("relay-error-no-device").with("id", id.as_str()),
            Error::NoDossier { name } => Message::new("relay-error-no-dossier").with("name", name.as_str()),
            Error::NotADossier { name, branch, class } => Message::new("relay-error-not-a-dossier")
                .with("name", name.as_str())
                .with("branch", branch.as_str())
                .with("class", Arg::Key(format!("class-{class}"))),
            Error::RowsBehind { name } => Message::new("relay-error-rows-behind").with("name", name.as_str()),
            Error::AmbiguousDossier { name, found } => Message::new("relay-error-ambiguous-dossier")
                .with("name", name.as_str())
                .with("found", found.join(", ")),
            Error::BadReason => Message::new("relay-error-bad-reason").with("bytes", limits::WHY_BYTES_MAX.to_string()),
            Error::NotScrubbed => Message::new("relay-error-not-scrubbed"),
            Error::UserExists { name } => Message::new("relay-error-user-exists").with("name", name.as_str()),
            Error::Refused { why } => (**why).clone(),
            Error::Stopping => Message::new("relay-error-stopping"),
        }
    }
}

impl From<RegistryError> for Error {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Store(error) => Error::Store(error),
            error => Error::Registry(error),
        }
    }
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        Error::Password(Box::new(error))
    }
}

fn store_message(error: &StoreError) -> Message {
    let key = match error.kind() {
        StoreErrorKind::Absent => "relay-error-store-absent",
        StoreErrorKind::Exists => "relay-error-store-exists",
        StoreErrorKind::Unreadable => "relay-error-store-unreadable",
        StoreErrorKind::ReadOnly => "relay-error-store-read-only",
        StoreErrorKind::Corrupt => "relay-error-store-corrupt",
        StoreErrorKind::Newer => "relay-error-store-newer",
        StoreErrorKind::Busy => "relay-error-store-busy",
        StoreErrorKind::Full => "relay-error-store-full",
        StoreErrorKind::Disk => "relay-error-store-disk",
        StoreErrorKind::Statement => "relay-error-store-statement",
    };
    Message::new(key).with("detail", error.to_string())
}
