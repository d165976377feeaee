//! The monthly review as a workbook to be sent on, with charts; or as the view's JSON.

use std::path::PathBuf;

use clap::{Arg as ClapArg, Command, value_parser};
use device::Device;
use device::views::{REVIEW_MONTHS_BACK, ReviewAsk};
use serde_json::json;

use super::{Asked, with_months};
use crate::command_error::CommandError;

pub(super) fn shape(command: Command) -> Command {
    with_months(command).arg(ClapArg::new("out").long("out").value_name("PATH").value_parser(value_parser!(PathBuf)))
}

pub(super) fn run(asked: &Asked<'_>, device: &mut Device) -> Result<(), CommandError> {
    let (month, _) = asked.months()?;
    let months_back = asked.matches.get_one::<u32>("months").copied().unwrap_or(REVIEW_MONTHS_BACK);
    let review = device.review(ReviewAsk { months_back, ..ReviewAsk::of(month, asked.as_of) })?;
    let out = asked.matches.get_one::<PathBuf>("out").cloned();
    if asked.context.json && out.is_none() {
        return Ok(asked.context.printer.json(&review)?);
    }
    let path = out.unwrap_or_else(|| PathBuf::from(format!("fieldbook-review-{month}.xlsx")));
    device.export_review(&review, &path, asked.context.texts.lang())?;
    let path = path.display().to_string();
    if asked.context.json {
        return Ok(asked.context.printer.json(&json!({ "path": path, "month": month }))?);
    }
    let args = [("month", month.to_string().into()), ("path", path.into())];
    asked.context.done(&asked.context.text_with("cli-view-review-done", &args));
    Ok(())
}
