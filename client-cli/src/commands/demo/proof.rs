//! The proof: both devices of a branch and the relay export the same bytes.

use relay::Admin;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::cast::{BRANCHES, PLAYERS};
use super::narrator::Narrator;
use super::stage::{Stage, failed};
use crate::command_error::CommandError;

/// One export of one holder.
#[derive(Debug, Serialize)]
pub(super) struct Export {
    /// The code of a device, or `relay`.
    pub(super) holder: String,
    pub(super) bytes: usize,
    pub(super) sha256: String,
}

/// The exports of one branch.
#[derive(Debug, Serialize)]
pub(super) struct Proof {
    pub(super) branch: &'static str,
    pub(super) records: usize,
    pub(super) equal: bool,
    pub(super) exports: Vec<Export>,
}

impl Proof {
    /// Whether every holder exports the same bytes.
    pub(super) const fn holds(&self) -> bool {
        self.equal
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exports every book and compares the bytes themselves; the sums are for the eye.
pub(super) fn compare(narrator: &Narrator<'_>, stage: &mut Stage) -> Result<Vec<Proof>, CommandError> {
    narrator.act("proof")?;
    let mut proofs = Vec::new();
    for (branch, name) in BRANCHES.iter().enumerate() {
        let mut exports: Vec<(String, Vec<u8>)> = Vec::new();
        for (index, _) in PLAYERS.iter().enumerate().filter(|(_, player)| player.branch == branch) {
            let device = &mut stage.devices()[index];
            let mut bytes = Vec::new();
            device.export_json(&mut bytes)?;
            exports.push((device.identity()?.code.to_string(), bytes));
        }
        exports.push(("relay".to_owned(), relay_export(stage, name)?));
        let proof = of(name, &exports);
        narrator.proof(&proof)?;
        proofs.push(proof);
    }
    Ok(proofs)
}

/// What `fieldbook-relay export` writes, from the serving relay's own files.
fn relay_export(stage: &Stage, branch: &str) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let admin = Admin::open(stage.settings()).map_err(failed)?;
    admin.export(branch, &mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn of(branch: &'static str, exports: &[(String, Vec<u8>)]) -> Proof {
    let first = exports.first().map_or(&[][..], |(_, bytes)| bytes);
    let parsed: serde_json::Value = serde_json::from_slice(first).unwrap_or_default();
    let shown = |(holder, bytes): &(String, Vec<u8>)| Export {
        holder: holder.clone(),
        bytes: bytes.len(),
        sha256: hex(&Sha256::digest(bytes)),
    };
    Proof {
        branch,
        records: parsed["records"].as_array().map_or(0, Vec::len),
        equal: !first.is_empty() && exports.iter().all(|(_, bytes)| bytes == first),
        exports: exports.iter().map(shown).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_of_difference_breaks_the_proof() {
        let holders = |texts: [&str; 2]| texts.map(|text| ("x".to_owned(), text.as_bytes().to_vec()));
        assert!(of("a", &holders(["{\"records\":[]}", "{\"records\":[]}"])).holds());
        assert!(!of("a", &holders(["{\"records\":[]}", "{\"records\":[] }"])).holds());
        assert!(!of("a", &holders(["", ""])).holds());
    }
}
