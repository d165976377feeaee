//! Records out: the canonical JSON form, and the paper forms as tables.

use std::io::Write;
use std::path::Path;

use tables::Forms;
use vocab::Lang;

use crate::DeviceError;
use crate::home::Device;

/// A format of the paper forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// One `.csv` file per form, in a directory.
    Csv,
    /// One workbook, a sheet per form.
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

    /// Writes the paper forms to `path` with the headers of `lang`: a directory of `.csv` files (made when absent), or one
    /// workbook. Records that came with numbers of their own go out with them. Returns how many rows were written.
    ///
    /// # Errors
    /// [`DeviceError::File`]; [`DeviceError::Export`] when a workbook cannot hold it.
    pub fn export_tables(&mut self, format: TableFormat, path: &Path, lang: Lang) -> Result<u64, DeviceError> {
        let mut json = Vec::new();
        self.export_json(&mut json)?;
        let export: serde_json::Value = serde_json::from_slice(&json).map_err(|_| DeviceError::Interrupted)?;
        let records = export["records"].as_array().map(Vec::as_slice).unwrap_or_default();
        let forms = Forms::of_json(records.iter(), lang);
        let failed = |source| DeviceError::File { path: path.to_path_buf(), source };
        match format {
            TableFormat::Xlsx => std::fs::write(path, forms.xlsx()?).map_err(failed)?,
            TableFormat::Csv => {
                std::fs::create_dir_all(path).map_err(failed)?;
                for kind in records::FORMS {
                    let file = path.join(format!("{}.csv", kind.code));
                    std::fs::write(&file, forms.csv(kind))
                        .map_err(|source| DeviceError::File { path: file.clone(), source })?;
                }
            }
        }
        Ok(records::FORMS.into_iter().map(|kind| forms.rows(kind) as u64).sum())
    }
}
