//! What sections of the protocol hold, from generated dossiers: for measuring compression and for training dictionaries.

use minicbor::Encoder;
use records::Invalid;
use vocab::{Actor, DeviceCode, DocId};

use crate::generate::{Branch, Dice, Pen};

/// Devices that write a branch's dossiers.
const DEVICES: u32 = 15;

/// Operations of each dossier, genesis left out: the design's load for a first join.
pub const CHANGES_PER_DOSSIER: usize = 7;

/// The stream of a seed that ids, actors and the choice of devices are drawn from; dossiers use those from 0 on.
const STREAM: u64 = u64::MAX;

/// A dossier in the two forms in which it travels.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The document's id.
    pub doc: DocId,
    /// As saved, not deflated.
    pub saved: Vec<u8>,
    /// Its changes in causal order, genesis first.
    pub changes: Vec<Vec<u8>>,
}

impl Payload {
    /// The dossiers of a branch, each of the first [`CHANGES_PER_DOSSIER`] changes and genesis, written by fifteen devices.
    ///
    /// # Errors
    /// What [`Pen::write`] refuses.
    pub fn of(branch: &Branch) -> Result<Vec<Payload>, Invalid> {
        let mut dice = Dice::new(branch.seed, STREAM - u64::from(branch.number));
        let pen = |number| Pen::new(Actor::from_bytes(bytes(&mut dice)), DeviceCode::enrolled(number));
        let mut pens: Vec<Pen> = (1..=DEVICES).map(pen).collect();
        let payload = |dossier| {
            let doc = DocId::from_random(bytes(&mut dice));
            let pen = usize::try_from(dice.below(u64::from(DEVICES))).unwrap_or_default();
            let (document, _) = pens[pen].write(&dossier, CHANGES_PER_DOSSIER)?;
            Ok(Payload { doc, saved: document.save(), changes: document.changes_since(&[]) })
        };
        branch.dossiers().map(payload).collect()
    }

    /// An item of a Documents frame: the whole document.
    #[must_use]
    pub fn whole(&self) -> Vec<u8> {
        written(|e| {
            e.array(3)?.bytes(self.doc.as_bytes())?.u8(0)?.bytes(&self.saved)?;
            Ok(())
        })
    }

    /// An item of a Documents frame: all its changes.
    #[must_use]
    pub fn history(&self) -> Vec<u8> {
        self.item(&self.changes)
    }

    /// An item of a Documents frame: its latest change.
    #[must_use]
    pub fn edit(&self) -> Vec<u8> {
        self.item(self.changes.last().map_or(&[][..], std::slice::from_ref))
    }

    /// What a Push says of its latest change.
    #[must_use]
    pub fn pushed(&self) -> Vec<u8> {
        let change = self.changes.last().map(Vec::as_slice).unwrap_or_default();
        written(|e| {
            e.array(3)?.u64(41)?.bytes(self.doc.as_bytes())?.bytes(change)?;
            Ok(())
        })
    }

    fn item(&self, changes: &[Vec<u8>]) -> Vec<u8> {
        written(|e| {
            e.array(3)?.bytes(self.doc.as_bytes())?.u8(1)?.array(changes.len() as u64)?;
            changes.iter().try_for_each(|change| e.bytes(change).map(drop))
        })
    }
}

/// The plain bytes of a section with these items.
#[must_use]
pub fn section(items: &[&[u8]]) -> Vec<u8> {
    let mut raw = written(|e| e.array(items.len() as u64).map(drop));
    raw.extend(items.concat());
    raw
}

/// Sections of these items in their order, each of about `payload_bytes` plain bytes.
#[must_use]
pub fn sections(items: &[Vec<u8>], payload_bytes: usize) -> Vec<Vec<u8>> {
    let mut sections = Vec::new();
    let mut batch: Vec<&[u8]> = Vec::new();
    let mut len = 0;
    for item in items {
        if !batch.is_empty() && len + item.len() > payload_bytes {
            sections.push(section(&batch));
            batch.clear();
            len = 0;
        }
        len += item.len();
        batch.push(item);
    }
    sections.push(section(&batch));
    sections
}

fn written(
    write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Result<(), minicbor::encode::Error<std::convert::Infallible>>,
) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder).expect("a vector takes every byte");
    encoder.into_writer()
}

fn bytes(dice: &mut Dice) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&dice.next().to_be_bytes());
    bytes[8..].copy_from_slice(&dice.next().to_be_bytes());
    bytes
}
