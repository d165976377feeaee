//! Checks what is in the store, and makes the read model anew.

use std::collections::BTreeSet;

use records::Dossier;
use serde::Serialize;
use store::WriteTx;
use vocab::DocId;

use crate::error::WorkError;
use crate::home::Device;
use crate::{DeviceError, arrive, rows};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DoctorReport {
    /// Nothing is wrong.
    pub ok: bool,
    /// What SQLite finds wrong with the file.
    pub file: Vec<String>,
    /// How many documents were read.
    pub documents: u64,
    /// Documents that do not load, or whose heads are not those the store noted.
    pub damaged: Vec<DocId>,
    /// Documents of which something was set aside because it does not fit; the bytes are kept.
    pub set_aside: Vec<DocId>,
    /// Changes that had been set aside and fit now.
    pub fitted: u64,
    /// Records shown.
    pub records: u64,
    /// The rows are not what the documents say.
    pub rows_differ: bool,
    /// The rows were made anew.
    pub rebuilt: bool,
}

impl Device {
    /// Checks the file, every document and every row; with `rebuild` the rows are made anew from the documents.
    ///
    /// # Errors
    /// [`DeviceError::Store`]. What is merely wrong with the data is in the report.
    pub fn doctor(&mut self, rebuild: bool) -> Result<DoctorReport, DeviceError> {
        let file = self.check()?;
        let home = self.home().to_path_buf();
        let outside = self.outside();
        let mut report = DoctorReport { file, ..DoctorReport::default() };
        let checked = self.store()?.write(|tx| {
            report.fitted = arrive::try_again(tx, &*outside)?;
            let before = rows::image(tx.connection())?;
            report.damaged = derive(tx, &mut report.documents)?;
            report.rows_differ = before != rows::image(tx.connection())?;
            report.records = readmodel::counts(tx.connection())?.records;
            let invalid = tx.invalid(u32::MAX)?.into_iter().map(|invalid| invalid.doc);
            let aside = tx.all_set_aside(u32::MAX)?.into_iter().map(|aside| aside.doc);
            report.set_aside = invalid.chain(aside).collect::<BTreeSet<_>>().into_iter().collect();
            // A check that was not asked to mend undoes what it made.
            if rebuild || report.fitted > 0 { Ok(()) } else { Err(WorkError::Checked) }
        });
        match checked {
            Ok(()) => report.rebuilt = rebuild || report.rows_differ,
            Err(WorkError::Checked) => {}
            Err(error) => return Err(error.at(&home)),
        }
        report.ok = report.file.is_empty()
            && report.damaged.is_empty()
            && report.set_aside.is_empty()
            && (rebuild || !report.rows_differ);
        Ok(report)
    }

    /// Makes the rows anew from the documents (I8), unless another process has done so meanwhile.
    pub(crate) fn rebuild(&mut self) -> Result<(), DeviceError> {
        self.write(|tx| {
            if readmodel::is_complete(tx.connection())? {
                return Ok(());
            }
            derive(tx, &mut 0).map(drop)
        })
    }
}

/// Fills the read model from every document. Returns those that do not load.
fn derive(tx: &WriteTx<'_>, documents: &mut u64) -> Result<Vec<DocId>, WorkError> {
    let conn = tx.connection();
    readmodel::clear(conn)?;
    let mut damaged = Vec::new();
    tx.each_document(|doc, stored| {
        *documents += 1;
        match Dossier::load(&stored.bytes) {
            Ok(dossier) => {
                if dossier.heads() != stored.heads {
                    damaged.push(doc);
                }
                rows::write(tx, doc, &dossier.read())
            }
            Err(_) => {
                damaged.push(doc);
                Ok(())
            }
        }
    })?;
    readmodel::completed(conn)?;
    Ok(damaged)
}
