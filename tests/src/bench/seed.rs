//! Books for benches: generated dossiers written straight into a device's store, as if they had been recorded there.

use std::path::Path;

use store::DeviceStore;
use vocab::{DocId, Sum};

use super::Failed;
use crate::generate::{Branch, Pen};

/// The document of dossier number `n`: spread over all ids as random ones would be, and the same in every run.
#[must_use]
pub fn document_id(n: u64) -> DocId {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id[..8].copy_from_slice(&(n ^ 0x5555).wrapping_mul(0xd6e8_feb8_6659_fd93).to_be_bytes());
    DocId::from_random(id)
}

/// Fills the device in `home`, enrolled already, with `dossiers` dossiers of `changes_each` changes and genesis: documents,
/// outbox and rows. `each` is shown every document.
///
/// # Errors
/// Those of the store and of `each`.
pub fn fill(
    home: &Path,
    dossiers: u64,
    changes_each: usize,
    each: impl FnMut(DocId, &records::Dossier) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let mut store = DeviceStore::open(home)?;
    fill_store(&mut store, &Branch::of_customers(1, dossiers), 0, changes_each, each)
}

/// Fills the store of a device that is enrolled already with every dossier of `branch`: documents numbered from `first` on,
/// outbox and rows. `each` is shown every document.
///
/// # Errors
/// Those of the store and of `each`.
pub fn fill_store(
    store: &mut DeviceStore,
    branch: &Branch,
    first: u64,
    changes_each: usize,
    mut each: impl FnMut(DocId, &records::Dossier) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let filled = store.write::<_, Wrong>(|tx| {
        let identity = tx.identity()?;
        let mut pen = Pen::new(identity.actor(), identity.code);
        for (n, dossier) in (first..).zip(branch.dossiers()) {
            let doc = document_id(n);
            let (document, _) = pen.write(&dossier, changes_each)?;
            each(doc, &document).map_err(Wrong)?;
            let changes = document.changes_since(&[]);
            let hashes =
                changes.iter().map(|change| Ok(sync::inspect(change)?.hash)).collect::<Result<Vec<_>, Wrong>>()?;
            let sum = hashes.iter().map(|hash| Sum::of_change(doc, *hash)).sum();
            tx.put_snapshot(doc, &document.save(), &document.heads(), sum)?;
            for (change, hash) in changes.iter().zip(hashes) {
                tx.push_outbox(doc, hash, change)?;
            }
            readmodel::apply(tx.connection(), doc, &document.read())?;
        }
        // What the device makes from here on is numbered after what was written for it.
        for prefix in ["CUST", "REQ", "EXEC", "FB", "event"] {
            tx.count_past(prefix, 100 * branch.customers)?;
        }
        Ok(())
    });
    filled.map_err(|wrong| wrong.0)
}

/// The saved form of a document as automerge writes it by itself, deflated: what other engines keep.
///
/// # Errors
/// [`automerge::AutomergeError`].
pub fn saved_by_automerge(document: &records::Dossier) -> Result<Vec<u8>, automerge::AutomergeError> {
    Ok(automerge::Automerge::load(&document.save())?.save())
}

/// An error that stores, documents and callers can all become.
struct Wrong(Failed);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Wrong {
    fn from(error: E) -> Self {
        Wrong(error.into())
    }
}
