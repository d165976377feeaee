//! Tombstones: what a branch's relay signs when it erases a document.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use vocab::{BranchId, DocId, Timestamp, Tombstone};

const DOMAIN: &[u8] = b"fieldbook/sync/1/erased\0";

/// Makes a tombstone, signed with the branch's secret key. A longer reason than [`Tombstone::WHY_BYTES_MAX`] is cut.
#[must_use]
pub fn sign_tombstone(secret: &[u8; 32], branch: BranchId, doc: DocId, at: Timestamp, why: &str) -> Tombstone {
    let why = clip(why).to_owned();
    let secret = SigningKey::from_bytes(secret);
    let signature = secret.sign(&message(branch, doc, at, &why)).to_bytes();
    Tombstone { doc, at, why, key: secret.verifying_key().to_bytes(), signature }
}

/// Whether a tombstone's signature is that of its key, over this branch. Whether the key is the branch's is another matter.
#[must_use]
pub fn verify_tombstone(branch: BranchId, tombstone: &Tombstone) -> bool {
    let message = message(branch, tombstone.doc, tombstone.at, &tombstone.why);
    VerifyingKey::from_bytes(&tombstone.key)
        .is_ok_and(|key| key.verify_strict(&message, &Signature::from_bytes(&tombstone.signature)).is_ok())
}

fn message(branch: BranchId, doc: DocId, at: Timestamp, why: &str) -> Vec<u8> {
    [DOMAIN, branch.as_bytes(), doc.as_bytes(), &at.millis().to_be_bytes(), why.as_bytes()].concat()
}

fn clip(why: &str) -> &str {
    let mut end = why.len().min(Tombstone::WHY_BYTES_MAX);
    while !why.is_char_boundary(end) {
        end -= 1;
    }
    &why[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_000);
    const BRANCH: BranchId = BranchId::from_bytes([2; 16]);

    #[test]
    fn a_tombstone_holds_for_its_branch_document_time_and_reason_only() {
        let doc = DocId::from_bytes([4; 16]);
        let tombstone = sign_tombstone(&[7; 32], BRANCH, doc, AT, "按客户要求");
        assert!(verify_tombstone(BRANCH, &tombstone));
        assert!(!verify_tombstone(BranchId::from_bytes([3; 16]), &tombstone));
        let other = DocId::from_bytes([5; 16]);
        for forged in [
            Tombstone { doc: other, ..tombstone.clone() },
            Tombstone { at: Timestamp::from_millis(1_001), ..tombstone.clone() },
            Tombstone { why: "another".to_owned(), ..tombstone.clone() },
            Tombstone { key: [9; 32], ..tombstone.clone() },
        ] {
            assert!(!verify_tombstone(BRANCH, &forged), "{forged:?}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_after_a_whole_character() {
        let tombstone = sign_tombstone(&[7; 32], BRANCH, DocId::from_bytes([4; 16]), AT, &"删".repeat(200));
        assert_eq!(tombstone.why.len(), 399);
        assert!(verify_tombstone(BRANCH, &tombstone));
    }
}
