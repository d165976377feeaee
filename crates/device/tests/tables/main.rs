//! Every kind of record through tables: out of one book, into another, and out again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod book;
mod references;
mod rota;
mod there_and_back;

use std::path::{Path, PathBuf};

use device::{Device, DeviceError, ImportReport};
use tempfile::TempDir;
use vocab::Role;

/// A device with a home of its own and a folder for files.
struct Home {
    device: Device,
    dir: TempDir,
}

impl Home {
    /// A supervisor's, who may write all that tables hold.
    fn new() -> Home {
        let dir = tempfile::tempdir().unwrap();
        let device = Device::init(&dir.path().join("home"), None, Some(Role::Supervisor)).unwrap();
        Home { device, dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Puts `.csv` files into a folder, each as its name, header and rows.
    fn files(&self, files: &[(&str, &str)]) -> PathBuf {
        let folder = tempfile::Builder::new().tempdir_in(self.path()).unwrap().keep();
        for (name, text) in files {
            std::fs::write(folder.join(format!("{name}.csv")), text).unwrap();
        }
        folder
    }

    fn import(&mut self, files: &[(&str, &str)]) -> ImportReport {
        let folder = self.files(files);
        self.device.import(&folder, false).unwrap_or_else(|error| panic!("{}", told(&error)))
    }

    /// What is said of files that are refused, a line for each problem, with sheet and row before it.
    fn refused(&mut self, files: &[(&str, &str)]) -> Vec<String> {
        let folder = self.files(files);
        let before = self.exported();
        let error = self.device.import(&folder, false).unwrap_err();
        assert_eq!(self.exported(), before, "nothing is written in part");
        let tried = self.device.import(&folder, true).unwrap_err();
        assert_eq!(told(&tried), told(&error), "a trial says the same");
        let DeviceError::Tables { errors, .. } = &error else { panic!("{error:?}") };
        errors
            .problems()
            .iter()
            .map(|problem| {
                let sheet = problem.sheet.as_deref().unwrap_or_default().trim_end_matches(".csv");
                let row = problem.row.map(|row| row.to_string()).unwrap_or_default();
                format!("{sheet} {row} {}: {problem}", problem.column.as_deref().unwrap_or_default())
            })
            .collect()
    }

    /// Everything shown, byte for byte.
    fn exported(&mut self) -> String {
        let mut bytes = Vec::new();
        self.device.export_json(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn records(&mut self) -> Vec<serde_json::Value> {
        let export: serde_json::Value = serde_json::from_str(&self.exported()).unwrap();
        export["records"].as_array().unwrap().clone()
    }
}

fn told(error: &DeviceError) -> String {
    error.details(messages::Catalogue::of(vocab::Lang::En)).join("\n")
}
