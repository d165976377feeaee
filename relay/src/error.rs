//! What can go wrong at a relay, as data; [`Error::message`] says it to people.

use std::path::PathBuf;

use thiserror::Error;

/// Why a relay or one of its commands could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The data directory cannot be made or read.
    #[error("the data directory {} cannot be used", path.display())]
    Data {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The socket failed.
    #[error("the listening socket failed")]
    Socket(#[source] std::io::Error),
}
