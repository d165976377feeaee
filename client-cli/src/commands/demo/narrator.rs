//! Tells the day: numbered acts on standard output, or nothing when a script waits for JSON.

use std::cell::Cell;
use std::path::Path;

use device::{Identity, ImportReport, SyncReport};
use messages::Arg;
use serde_json::Value;

use super::proof::{Export, Proof};
use super::script::Deed;
use super::stage::Stage;
use crate::command_error::CommandError;
use crate::context::Context;
use crate::printer::{Paint, Tone};
use crate::size::bytes;
use crate::table::{self, pad};
use crate::{conflict_view, record_view};

/// Digits of a SHA-256 that the eye compares.
const SUM_DIGITS: usize = 16;
/// Columns that every line below an act is indented by.
const INDENT: &str = "   ";
/// Columns of the longest who-and-where, so that what they did stands in one column.
const WHO_COLUMNS: usize = 18;

/// The voice of the demonstration.
pub(super) struct Narrator<'a> {
    context: &'a Context,
    acts: Cell<usize>,
}

impl<'a> Narrator<'a> {
    pub(super) const fn new(context: &'a Context) -> Self {
        Narrator { context, acts: Cell::new(0) }
    }

    const fn paint(&self) -> Paint {
        self.context.printer.out
    }

    fn text(&self, key: &str, args: &[(&str, Arg)]) -> String {
        self.context.text_with(key, args)
    }

    fn say(&self, line: &str) -> Result<(), CommandError> {
        if self.context.json { Ok(()) } else { Ok(self.context.printer.data(&format!("{line}\n"))?) }
    }

    fn below(&self, line: &str) -> Result<(), CommandError> {
        self.say(&format!("{INDENT}{line}"))
    }

    fn separator(&self) -> String {
        self.text("cli-separator", &[])
    }

    fn faint(&self, text: &str) -> String {
        self.paint().tone(Tone::Faint, text)
    }

    fn strong(&self, text: &str) -> String {
        self.paint().tone(Tone::Strong, text)
    }

    /// What is about to be seen.
    pub(super) fn title(&self) -> Result<(), CommandError> {
        self.say(&self.strong(&self.text("cli-demo-title", &[])))?;
        self.say(&self.faint(&self.text("cli-demo-subtitle", &[])))
    }

    /// The next act.
    pub(super) fn act(&self, key: &str) -> Result<(), CommandError> {
        self.acts.set(self.acts.get() + 1);
        let number = pad(&self.acts.get().to_string(), INDENT.len());
        let heading = self.text(&format!("cli-demo-act-{key}"), &[]);
        self.say(&format!("\n{}", self.strong(&format!("{number}{heading}"))))
    }

    pub(super) fn relay_opened(&self, url: &str, dir: &Path) -> Result<(), CommandError> {
        self.act("relay")?;
        let dir = dir.display().to_string();
        self.below(&self.text("cli-demo-relay", &[("url", url.into()), ("dir", dir.into())]))
    }

    /// `01 李*`, filled to a column.
    fn who(&self, identity: &Identity) -> String {
        let role = self.text(&format!("role-{}", identity.role), &[]);
        pad(&format!("{}  {} {role}", identity.code, identity.staff), WHO_COLUMNS)
    }

    pub(super) fn joined(&self, branch: &str, identity: &Identity) -> Result<(), CommandError> {
        self.below(&format!("{}  {branch}", self.who(identity)))
    }

    pub(super) fn imported(&self, identity: &Identity, report: &ImportReport) -> Result<(), CommandError> {
        let counts: Vec<String> = records::ALL_KINDS
            .into_iter()
            .filter_map(|kind| Some((kind, report.kinds.get(kind.code)?)))
            .map(|(kind, counts)| {
                let args = [("count", counts.created.into()), ("kind", Arg::Key(kind.label.to_owned()))];
                self.text("cli-demo-count", &args)
            })
            .collect();
        self.below(&format!("{}  {}", self.who(identity), counts.join(" · ")))
    }

    pub(super) fn exchanged(&self, identity: &Identity, report: &SyncReport) -> Result<(), CommandError> {
        let args = [
            ("pushed", Arg::from(report.pushed)),
            ("documents", report.documents_changed.into()),
            ("up", bytes(self.context.texts, report.bytes_up).into()),
            ("down", bytes(self.context.texts, report.bytes_down).into()),
            ("round_trips", i64::from(report.round_trips).into()),
            ("ms", report.duration_ms.into()),
        ];
        let done = self.text("cli-demo-exchanged", &args);
        let cost = self.faint(&self.text("cli-demo-cost", &args));
        self.below(&format!("{}  {done}  {cost}", self.who(identity)))
    }

    /// What two people meet over.
    pub(super) fn meeting(&self, key: &str) -> Result<(), CommandError> {
        self.below(&self.text(&format!("cli-demo-meeting-{key}"), &[]))
    }

    /// What one of them does.
    pub(super) fn deed(&self, identity: &Identity, deed: &Deed, record: &Value) -> Result<(), CommandError> {
        let Some(kind) = record_view::kind_of(record) else { return Ok(()) };
        let labelled = |label: &str, text: &str| {
            self.text("cli-history-datum", &[("field", Arg::Key(label.to_owned())), ("value", text.into())])
        };
        let what = match deed {
            Deed::Edit { values, .. } | Deed::Make { values, .. } => {
                let shown = values.iter().filter_map(|(name, text)| Some(labelled(kind.field(name)?.label, text)));
                shown.collect::<Vec<_>>().join(&self.separator())
            }
            Deed::Step { event, data, .. } => {
                let event = kind.event(event);
                let fields = event.map_or(&[][..], |event| event.data);
                let shown = data.iter().filter_map(|(name, text)| {
                    Some(labelled(fields.iter().find(|field| field.name == *name)?.label, text))
                });
                let data = shown.collect::<Vec<_>>().join(&self.separator());
                let step = event.map_or_else(String::new, |event| self.text(event.label, &[]));
                if data.is_empty() {
                    step
                } else {
                    self.text("cli-history-step", &[("step", step.into()), ("data", data.into())])
                }
            }
        };
        let columns = self.context.printer.width.saturating_sub(INDENT.len() + 2 + WHO_COLUMNS + 2);
        let what = table::cut(&format!("{}  {what}", record_view::number_of(record)), columns);
        self.below(&format!("  {}  {what}", self.faint(&self.who(identity))))
    }

    /// What became of a meeting: the rule in words, the values from the book.
    pub(super) fn outcome(&self, key: &str, record: &Value, fields: &[&str]) -> Result<(), CommandError> {
        let Some(kind) = record_view::kind_of(record) else { return Ok(()) };
        self.below(&self.text(&format!("cli-demo-outcome-{key}"), &[]))?;
        let shown = fields.iter().filter_map(|name| {
            let field = kind.field(name)?;
            let value = record_view::shown(self.context, field, record)?.replace('\n', " / ");
            Some(
                self.text("cli-history-datum", &[("field", Arg::Key(field.label.to_owned())), ("value", value.into())]),
            )
        });
        let line = format!("{}  {}", record_view::number_of(record), shown.collect::<Vec<_>>().join(&self.separator()));
        self.below(&format!("  {}", self.paint().tone(Tone::Good, &line)))
    }

    pub(super) fn branch(&self, name: &str, conflicts: usize) -> Result<(), CommandError> {
        let count = self.text("cli-demo-conflicts", &[("count", conflicts.into())]);
        self.below(&format!("{}  {}", self.strong(name), self.faint(&count)))
    }

    pub(super) fn conflict(&self, record: &Value, conflict: &Value) -> Result<(), CommandError> {
        let title = record_view::title(self.context, record);
        let block = conflict_view::block(self.context, self.paint(), None, &title, conflict);
        block.lines().try_for_each(|line| self.below(&format!("  {line}")))
    }

    pub(super) fn proof(&self, proof: &Proof) -> Result<(), CommandError> {
        let held = self.text("cli-demo-records", &[("count", proof.records.into())]);
        self.below(&format!("{}  {}", self.strong(proof.branch), self.faint(&held)))?;
        let first = proof.exports.first().map_or("", |export| export.sha256.as_str());
        for export in &proof.exports {
            self.below(&format!("  {}", self.sum(export, export.sha256 == first)))?;
        }
        let (key, tone) = if proof.holds() { ("cli-demo-equal", Tone::Good) } else { ("cli-demo-unequal", Tone::Bad) };
        self.below(&format!("  {}", self.paint().tone(tone, &self.text(key, &[("sum", first.into())]))))
    }

    fn sum(&self, export: &Export, equal: bool) -> String {
        let holder = match export.holder.as_str() {
            "relay" => self.text("cli-demo-holder-relay", &[]),
            code => self.text("cli-demo-holder-device", &[("code", code.into())]),
        };
        let mark = if equal { self.paint().tone(Tone::Good, "=") } else { self.paint().tone(Tone::Bad, "≠") };
        let size = self.text("cli-size-bytes", &[("n", export.bytes.to_string().into())]);
        let digits: String = export.sha256.chars().take(SUM_DIGITS).collect();
        format!("{mark} {}  {}  {digits}…", pad(&holder, 10), pad(&size, 12))
    }

    /// The relay goes on; how to look at it.
    pub(super) fn serving(&self, stage: &Stage) -> Result<(), CommandError> {
        self.act("serving")?;
        let sign_in = stage.sign_in();
        self.below(&self.strong(stage.url()))?;
        let args = [("name", Arg::from(sign_in.name.as_str())), ("password", sign_in.password.as_str().into())];
        self.below(&self.text("cli-demo-sign_in", &args))?;
        self.below(&self.faint(&self.text("cli-demo-interrupt", &[])))
    }

    /// Nothing is left behind.
    pub(super) fn farewell(&self) -> Result<(), CommandError> {
        self.say(&format!("\n{}", self.faint(&self.text("cli-demo-farewell", &[]))))
    }
}
