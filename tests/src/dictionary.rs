//! Training of the protocol's dictionaries.
//!
//! A dictionary that was released never changes: a later one gets the next number. `cargo run --release -p tests --example
//! dictionary` writes it again, the same to the byte with the same generator and the same zstd.

use std::io;

use records::Invalid;
use thiserror::Error;

use crate::generate::Branch;
use crate::payload::Payload;

/// The seed of the branches that dictionaries are trained on; no bench measures with it.
pub const SEED: u64 = 20_251_122;

/// How many branches there are, so that no branch's numbers and names look like everybody's.
pub const BRANCHES: u32 = 12;

/// Dossiers of each.
pub const CUSTOMERS: u64 = 250;

/// The size of a dictionary in bytes. ARCHITECTURE.md has the table that chose it.
pub const DICTIONARY_BYTES: usize = 64 << 10;

/// Why a dictionary could not be trained.
#[derive(Debug, Error)]
pub enum TrainError {
    /// The generator drew what records refuse.
    #[error("a drawn dossier was refused")]
    Drawn {
        /// Why.
        #[from]
        source: Invalid,
    },
    /// zstd did not make one of these samples.
    #[error("zstd could not train")]
    Zstd {
        /// What it said.
        #[from]
        source: io::Error,
    },
}

/// What dictionaries are trained on: an item of each kind that carries documents, of every dossier of some branches.
///
/// # Errors
/// What [`Payload::of`] refuses.
pub fn samples(seed: u64, branches: u32, customers: u64) -> Result<Vec<Vec<u8>>, Invalid> {
    let mut samples = Vec::new();
    for number in 1..=branches {
        for payload in Payload::of(&Branch { seed, number, engineers: 15, customers })? {
            samples.extend([payload.whole(), payload.edit(), payload.pushed()]);
        }
    }
    Ok(samples)
}

/// The dictionary.
///
/// # Errors
/// [`TrainError`].
pub fn train() -> Result<Vec<u8>, TrainError> {
    Ok(zstd::dict::from_samples(&samples(SEED, BRANCHES, CUSTOMERS)?, DICTIONARY_BYTES)?)
}
