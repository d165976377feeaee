//! The acts of the day, each done by the engine and told from what the engine answered.

use std::fs;

use device::{Device, Stored, SyncReport};
use messages::Message;
use records::{Fields, Kind};
use serde_json::Value;

use super::cast::{BRANCHES, PLAYERS};
use super::narrator::Narrator;
use super::script::{Deed, MEETINGS, Typed};
use super::stage::{Stage, failed};
use crate::command_error::CommandError;
use crate::{conflict_view, record_view};

/// Everybody gets a store, a key and a place in their branch.
pub(super) async fn join(narrator: &Narrator<'_>, stage: &mut Stage) -> Result<(), CommandError> {
    narrator.act("join")?;
    for (index, player) in PLAYERS.iter().enumerate() {
        let mut device = Device::init(&stage.home(player), None, None)?;
        let url = stage.url().to_owned();
        device.enrol(&url, stage.invite(index), player.device, device::Rejoin::WhenForgotten).await?;
        narrator.joined(BRANCHES[player.branch], &device.identity()?)?;
        stage.add(device);
    }
    Ok(())
}

/// Everybody reads their own tables, without a network.
pub(super) fn import(narrator: &Narrator<'_>, stage: &mut Stage) -> Result<(), CommandError> {
    narrator.act("import")?;
    for (index, player) in PLAYERS.iter().enumerate() {
        let tables = stage.dir().join(format!("{}-tables", player.device));
        fs::create_dir(&tables).map_err(failed)?;
        for (name, content) in player.tables {
            fs::write(tables.join(name), content).map_err(failed)?;
        }
        let device = &mut stage.devices()[index];
        let report = device.import(&tables, false)?;
        narrator.imported(&device.identity()?, &report)?;
    }
    Ok(())
}

/// Everybody reconnects at once; then once more, for what the others sent in the meantime.
pub(super) async fn exchange(
    narrator: &Narrator<'_>,
    stage: &mut Stage,
    when: &'static str,
) -> Result<Vec<SyncReport>, CommandError> {
    narrator.act(when)?;
    let mut reports = once(stage.devices()).await?;
    for (sum, more) in reports.iter_mut().zip(once(stage.devices()).await?) {
        sum.pushed += more.pushed;
        sum.pulled += more.pulled;
        sum.refused += more.refused;
        sum.documents_changed += more.documents_changed;
        sum.bytes_up += more.bytes_up;
        sum.bytes_down += more.bytes_down;
        sum.round_trips += more.round_trips;
        sum.duration_ms += more.duration_ms;
        (sum.cursor, sum.head, sum.outbox) = (more.cursor, more.head, more.outbox);
    }
    for (device, report) in stage.devices().iter_mut().zip(&reports) {
        narrator.exchanged(&device.identity()?, report)?;
    }
    Ok(reports)
}

async fn once(devices: &mut [Device]) -> Result<Vec<SyncReport>, CommandError> {
    let [a, b, c, d] = devices else { return Err(CommandError::refused(Message::new("cli-demo-failed"))) };
    let (a, b, c, d) = tokio::join!(a.sync(|_| {}), b.sync(|_| {}), c.sync(|_| {}), d.sync(|_| {}));
    Ok(vec![a?, b?, c?, d?])
}

/// Cut off again: two people write in the same dossiers without seeing each other.
pub(super) fn apart(narrator: &Narrator<'_>, stage: &mut Stage) -> Result<(), CommandError> {
    narrator.act("apart")?;
    for meeting in &MEETINGS {
        narrator.meeting(meeting.key)?;
        for (player, deed) in meeting.deeds {
            let device = &mut stage.devices()[*player];
            let stored = perform(device, deed)?;
            narrator.deed(&device.identity()?, deed, &stored.json)?;
        }
    }
    Ok(())
}

fn perform(device: &mut Device, deed: &Deed) -> Result<Stored, CommandError> {
    match deed {
        Deed::Edit { record, values } => {
            let kind = kind_of(device, record)?;
            Ok(device.edit(record, typed(values, |name| kind.field(name))?)?)
        }
        Deed::Step { record, event, data } => {
            let kind = kind_of(device, record)?;
            let fields = kind.event(event).map_or(&[][..], |event| event.data);
            Ok(device.step(record, event, typed(data, |name| fields.iter().find(|field| field.name == name))?)?)
        }
        Deed::Make { kind, parent, values } => {
            let kind = records::kind(kind).ok_or_else(unknown)?;
            Ok(device.create(kind, *parent, typed(values, |name| kind.field(name))?)?)
        }
    }
}

fn unknown() -> CommandError {
    CommandError::refused(Message::new("cli-demo-failed"))
}

fn kind_of(device: &mut Device, record: &str) -> Result<&'static Kind, CommandError> {
    record_view::kind_of(&device.record(record)?).ok_or_else(unknown)
}

fn typed(values: Typed, field: impl Fn(&str) -> Option<&'static records::Field>) -> Result<Fields, CommandError> {
    let mut fields = Fields::new();
    for (name, text) in values {
        let field = field(name).ok_or_else(unknown)?;
        let value = field.parse(text).map_err(|invalid| CommandError::refused(invalid.message()))?;
        fields.insert(field.name, value);
    }
    Ok(fields)
}

/// What became of each meeting, read from the book of the first who was in it.
pub(super) fn merged(narrator: &Narrator<'_>, stage: &mut Stage) -> Result<(), CommandError> {
    narrator.act("merged")?;
    for meeting in &MEETINGS {
        let Some((player, _)) = meeting.deeds.first() else { continue };
        let (record, fields) = meeting.outcome;
        let record = stage.devices()[*player].record(record)?;
        narrator.outcome(meeting.key, &record, fields)?;
    }
    Ok(())
}

/// What people have to look at, by branch, read from the supervisor's book.
pub(super) fn disputed(narrator: &Narrator<'_>, stage: &mut Stage) -> Result<Vec<Value>, CommandError> {
    narrator.act("disputed")?;
    let mut known = Vec::new();
    for device in stage.devices() {
        let identity = device.identity()?;
        known.push((identity.key, identity.code.to_string()));
    }
    let mut all = Vec::new();
    for (branch, name) in BRANCHES.iter().enumerate() {
        let Some(player) = PLAYERS.iter().position(|player| player.branch == branch) else { continue };
        let device = &mut stage.devices()[player];
        let conflicts = device.conflicts()?;
        narrator.branch(name, conflicts.len())?;
        for mut conflict in conflicts {
            conflict_view::name_devices(&mut conflict, &known);
            let record = device.record(conflict["record"].as_str().unwrap_or_default())?;
            narrator.conflict(&record, &conflict)?;
            all.push(conflict);
        }
    }
    Ok(all)
}
