//! The three classes of document. All have the same genesis and the same layout; which a document is follows from the
//! records in it, and a branch's board and policy stand under ids that every device can work out by itself.

use sha2::{Digest, Sha256};
use vocab::{BranchId, DocId};

use crate::schema::Class;
use crate::view::View;

impl Class {
    /// The code in JSON: `dossier`, `board`, `policy`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Class::Dossier => "dossier",
            Class::Board => "board",
            Class::Policy => "policy",
        }
    }

    /// The one document of this class in a branch; nothing for dossiers, of which there are many. Two devices that open the
    /// board apart write to the same document: 16 bytes of SHA-256 over the class and the branch, in the form of a UUIDv4.
    #[must_use]
    pub fn document(self, branch: BranchId) -> Option<DocId> {
        let domain: &[u8] = match self {
            Class::Dossier => return None,
            Class::Board => b"fieldbook/document/board/1\0",
            Class::Policy => b"fieldbook/document/policy/1\0",
        };
        let hash = Sha256::new().chain_update(domain).chain_update(branch.as_bytes()).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Some(DocId::from_random(bytes))
    }
}

impl View {
    /// What class of document this is, by the records in it; nothing while there are none.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        let first = self.records.first().map(|record| record.kind.class);
        if self.customer.is_some() { Some(Class::Dossier) } else { first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_branch_has_a_board_and_a_policy_of_its_own_and_everybody_finds_them() {
        let (one, other) = (BranchId::from_bytes([1; 16]), BranchId::from_bytes([2; 16]));
        let ids: std::collections::BTreeSet<_> = [one, other]
            .into_iter()
            .flat_map(|branch| [Class::Board, Class::Policy].map(|class| class.document(branch)))
            .collect();
        assert_eq!(ids.len(), 4);
        assert_eq!(Class::Dossier.document(one), None);
        // Written down once: another derivation would leave every branch with two boards.
        let golden = Class::Board.document(one).map(|id| id.to_string());
        assert_eq!(golden.as_deref(), Some("automerge:387vrKssqdNUg3fLJHjgabTL6MYR"));
    }
}
