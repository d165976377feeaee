//! `export`: the whole book as JSON, or as the users' own tables.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Arg as ClapArg, ArgAction, ArgMatches, Command, value_parser};
use device::{Device, DeviceError, TableFormat};
use messages::{Arg, Catalogue};
use serde_json::json;

use crate::command_error::CommandError;
use crate::context::Context;

/// Where tables go unless told otherwise: beside the person, named like the program.
const CSV_DEFAULT: &str = "fieldbook-export";
const XLSX_DEFAULT: &str = "fieldbook-export.xlsx";
const CSV_BLANK: &str = "fieldbook-blank";
const XLSX_BLANK: &str = "fieldbook-blank.xlsx";

pub(super) fn shape(command: Command, _texts: &Catalogue) -> Command {
    let formats = ClapArg::new("format").long("format").value_name("FORMAT").default_value("json");
    command
        .arg(formats.value_parser(["json", "csv", "xlsx"]))
        .arg(ClapArg::new("blank").long("blank").action(ArgAction::SetTrue))
        .arg(ClapArg::new("out").long("out").value_name("PATH").value_parser(value_parser!(PathBuf)))
}

pub(super) fn run(context: &Context, matches: &ArgMatches) -> Result<(), CommandError> {
    let out = matches.get_one::<PathBuf>("out").cloned();
    let table = match matches.get_one::<String>("format").map_or("json", String::as_str) {
        "csv" => Some((TableFormat::Csv, CSV_DEFAULT)),
        "xlsx" => Some((TableFormat::Xlsx, XLSX_DEFAULT)),
        _ => None,
    };
    if matches.get_flag("blank") {
        let format = table.map_or(TableFormat::Xlsx, |(format, _)| format);
        let default = if format == TableFormat::Csv { CSV_BLANK } else { XLSX_BLANK };
        let path = out.unwrap_or_else(|| PathBuf::from(default));
        device::export_blank_tables(format, &path, context.texts.lang())?;
        let path = path.display().to_string();
        if context.json {
            return Ok(context.printer.json(&json!({ "path": path, "records": 0 }))?);
        }
        context.done(&context.text_with("cli-export-blank", &[("path", path.into())]));
        return Ok(());
    }
    let mut device = context.open()?;
    let (path, written) = match (table, out) {
        (None, None) => return to_stdout(&mut device),
        (None, Some(path)) => {
            let written = to_file(&mut device, &path)?;
            (path, written)
        }
        (Some((format, default)), out) => {
            let path = out.unwrap_or_else(|| PathBuf::from(default));
            let written = device.export_tables(format, &path, context.texts.lang())?;
            (path, written)
        }
    };
    let path = path.display().to_string();
    if context.json {
        return Ok(context.printer.json(&json!({ "path": path, "records": written }))?);
    }
    context.done(&context.text_with("cli-export-done", &[("records", Arg::from(written)), ("path", path.into())]));
    Ok(())
}

/// The export is itself the one JSON value, with `--json` or without.
fn to_stdout(device: &mut Device) -> Result<(), CommandError> {
    let mut bytes = Vec::new();
    device.export_json(&mut bytes)?;
    let mut out = io::stdout().lock();
    out.write_all(&bytes)?;
    Ok(out.flush()?)
}

fn to_file(device: &mut Device, path: &Path) -> Result<u64, CommandError> {
    let failed = |source| DeviceError::File { path: path.to_path_buf(), source };
    let mut file = BufWriter::new(std::fs::File::create(path).map_err(failed)?);
    let written = device.export_json(&mut file)?;
    file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all()).map_err(failed)?;
    Ok(written)
}
