//! Records out: the canonical JSON form, and tables.

use std::io::Write;
use std::path::Path;

use readmodel::views;
use tables::{FileForm, Forms};
use vocab::Lang;

use crate::DeviceError;
use crate::home::Device;

/// A format of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// One `.csv` file per table, in a directory.
    Csv,
    /// One workbook, a sheet per table.
    Xlsx,
}

impl Device {
    /// Writes every record as `{"branch":..,"records":[..]}`, sorted by id: the same bytes on every device and relay that
    /// holds the same heads. Returns how many records there were.
    ///
    /// # Errors
    /// [`DeviceError::Store`], also when `out` fails.
    pub fn export_json(&mut self, out: &mut dyn Write) -> Result<u64, DeviceError> {
        self.read(|tx| {
            let branch = tx.membership()?.map(|membership| membership.branch_name).unwrap_or_default();
            Ok(readmodel::export(tx.connection(), &branch, out)?)
        })
    }

    /// Writes the tables to `path` with the headers of `lang`: a directory of `.csv` files (made when absent), or one workbook.
    /// The four paper forms are always there, the tables of other kinds where there is something in them. Records that came
    /// with numbers of their own go out with them; void ones and what belongs to them stay out. Returns how many rows were
    /// written.
    ///
    /// # Errors
    /// [`DeviceError::Export`] when a workbook cannot hold it or the system does not let us write.
    pub fn export_tables(&mut self, format: TableFormat, path: &Path, lang: Lang) -> Result<u64, DeviceError> {
        let mut json = Vec::new();
        self.export_json(&mut json)?;
        let export: serde_json::Value = serde_json::from_slice(&json).map_err(|_| DeviceError::Interrupted)?;
        let records = export["records"].as_array().map(Vec::as_slice).unwrap_or_default();
        let forms = Forms::of_json(records.iter(), lang);
        forms.write(path, format.file_form())?;
        Ok(forms.count() as u64)
    }
}

impl Device {
    /// Writes a review as a workbook with charts to `path`, for whoever has no Fieldbook.
    ///
    /// # Errors
    /// [`DeviceError::Export`] when a workbook cannot hold it, [`DeviceError::File`] when the system does not let us write.
    pub fn export_review(&mut self, review: &views::Review, path: &Path, lang: Lang) -> Result<(), DeviceError> {
        let branch = self.read(|tx| Ok(tx.membership()?))?.map(|membership| membership.branch_name);
        let json = serde_json::to_value(review).map_err(|_| DeviceError::Interrupted)?;
        let workbook = tables::review(&branch.unwrap_or_default(), &json, lang)?;
        std::fs::write(path, workbook).map_err(|source| DeviceError::File { path: path.to_path_buf(), source })
    }
}

/// Writes the tables of every kind without rows, to be filled in by hand and imported.
///
/// # Errors
/// [`DeviceError::Export`] when the system does not let us write.
pub fn export_blank_tables(format: TableFormat, path: &Path, lang: Lang) -> Result<(), DeviceError> {
    Forms::blank(lang).write(path, format.file_form())?;
    Ok(())
}

impl TableFormat {
    const fn file_form(self) -> FileForm {
        match self {
            TableFormat::Csv => FileForm::Csv,
            TableFormat::Xlsx => FileForm::Xlsx,
        }
    }
}
