//! What the simulated people record, by the commands that they have.

use device::{Device, DeviceError, Filter, Order, Page};
use records::{ASSESSMENT, CUSTOMER, Fields, Kind, TASK, Value};

use crate::generate::Dice;

/// How much people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A word, a line, now and then a page.
    Terse,
    /// Page after page about the same few customers.
    Wordy,
}

/// One command: a new record, a field, a text or a step. `mark` stands in its change and in no other.
pub(super) fn edit(device: &mut Device, mark: &str, style: Style, dice: &mut Dice) -> Result<(), DeviceError> {
    if style == Style::Wordy
        && dice.chance(600)
        && let Some(task) = first(device, &TASK)?
    {
        let text = format!("{mark}{}", phrase(dice.between(300, 1_200), dice));
        return device.step(&task, "note", texts([("text", &text)])).map(drop);
    }
    let customer = some(device, &CUSTOMER, dice)?;
    match (customer, dice.below(10)) {
        (None, _) | (_, 0..=1) => {
            let fields = [("name", "*先生"), ("channel", "phone"), ("grade", "normal"), ("preference", mark)];
            device.create(&CUSTOMER, None, texts(fields))?;
        }
        (Some(customer), 2) => {
            device.create(&ASSESSMENT, Some(&customer), texts([("need", mark), ("plan", "上门检查")]))?;
        }
        (Some(customer), 3) => match some(device, &ASSESSMENT, dice)? {
            Some(assessment) => {
                device.create(&TASK, Some(&assessment), texts([("title", mark)]))?;
            }
            None => set(device, &customer, mark, dice)?,
        },
        (Some(customer), 4..=5) => match some(device, &TASK, dice)? {
            Some(task) => step(device, &task, mark, dice)?,
            None => set(device, &customer, mark, dice)?,
        },
        (Some(customer), _) => set(device, &customer, mark, dice)?,
    }
    Ok(())
}

fn texts<const N: usize>(entries: [(&'static str, &str); N]) -> Fields {
    entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn phrase(words: u64, dice: &mut Dice) -> String {
    (0..words).map(|_| dice.pick(&["故障", "更换", "电源", "回访", "备件", "客户"])).collect()
}

/// The first record of a kind.
fn first(device: &mut Device, kind: &'static Kind) -> Result<Option<String>, DeviceError> {
    let rows = device.list(kind, &Filter::default(), Order::default(), Page::default())?.rows;
    Ok(rows.iter().map(|row| row.id.to_string()).min())
}

/// One of the records of a kind.
fn some(device: &mut Device, kind: &'static Kind, dice: &mut Dice) -> Result<Option<String>, DeviceError> {
    let rows = device.list(kind, &Filter::default(), Order::default(), Page::default())?.rows;
    let index = usize::try_from(dice.below(rows.len() as u64)).unwrap_or_default();
    Ok(rows.get(index).map(|row| row.id.to_string()))
}

fn set(device: &mut Device, customer: &str, mark: &str, dice: &mut Dice) -> Result<(), DeviceError> {
    let mut fields = texts([("preference", mark)]);
    if dice.chance(200) {
        let length = if dice.chance(100) { dice.between(300, 1_500) } else { dice.between(1, 30) };
        fields.extend(texts([("history", &phrase(length, dice))]));
    }
    device.edit(customer, fields).map(drop)
}

/// A step of a task. One that its state does not allow is refused, and a note is written instead.
fn step(device: &mut Device, task: &str, mark: &str, dice: &mut Dice) -> Result<(), DeviceError> {
    let stepped = match dice.below(3) {
        0 => device.step(task, "assigned", texts([("assignee", &format!("王{mark}*"))])),
        1 => device.step(task, "done", texts([("result", mark)])),
        _ => device.step(task, "reviewed", texts([("text", mark)])),
    };
    match stepped {
        Err(DeviceError::Invalid(_)) => device.step(task, "note", texts([("text", mark)])).map(drop),
        stepped => stepped.map(drop),
    }
}
