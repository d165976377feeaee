//! Single effects as a session asks for them, whatever led to them: what the engine does when what it is given is not what
//! it took it for.

use std::path::Path;

use device::{Device, DeviceError, Ending, Engine, Filter, Order, Page, Performed, SyncEvent};
use records::CUSTOMER;
use store::{Membership, OutboxSeq};
use sync::{Arrival, DeviceEffect, DeviceSession, Form, Mode, Outcome, Report, Tick};
use vocab::{BranchId, Cursor, DocId, Epoch, Position, Timestamp, Tombstone};

use super::relay::Relay;
use super::{copy_home, customer, device, export, fields};

const NOW: Tick = Tick::from_millis(1_000);

fn begin(device: &mut Device) -> (Engine, DeviceSession) {
    Engine::begin(device, Mode::Once, NOW).unwrap()
}

fn commit(arrivals: Vec<Arrival>, cursor: Option<u64>) -> DeviceEffect {
    let cursor = cursor.map(|position| Cursor::at(Position::new(position)));
    DeviceEffect::Commit { arrivals, cursor, owed: None, ahead: Position::START }
}

/// What waits in the outbox, as it would arrive elsewhere.
fn written(device: &mut Device) -> Vec<Arrival> {
    let entries = device.store_mut().unwrap().read(|tx| tx.outbox(OutboxSeq::START, usize::MAX)).unwrap();
    let form = |bytes: Vec<u8>| Form::Changes(vec![bytes.into()]);
    entries.into_iter().map(|entry| Arrival { doc: entry.doc, form: form(entry.bytes) }).collect()
}

fn membership(device: &mut Device) -> Membership {
    device.store_mut().unwrap().read(|tx| tx.membership()).unwrap().unwrap()
}

fn joined(dir: &Path, name: &str) -> Device {
    let mut relay = Relay::new();
    let mut device = device(dir, name, &mut relay, 1);
    customer(&mut device, "张*");
    relay.sync(&mut device);
    device
}

#[test]
fn a_cursor_is_kept_only_for_the_feed_it_is_a_place_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut home = joined(dir.path(), "home");
    let mut elsewhere = joined(dir.path(), "elsewhere");
    customer(&mut elsewhere, "李*");
    let (mut engine, mut session) = begin(&mut home);
    engine.perform(&mut home, commit(Vec::new(), Some(7)), &mut session, NOW).unwrap();
    assert_eq!(membership(&mut home).cursor, Cursor::at(Position::new(7)), "the control: its own feed");

    // Another process of this home has taken up another feed meanwhile.
    let (mut engine, mut session) = begin(&mut home);
    let other = Membership {
        epoch: Some(Epoch::from_bytes([77; 16])),
        cursor: Cursor::at(Position::new(2)),
        ..membership(&mut home)
    };
    home.store_mut().unwrap().write(|tx| tx.set_membership(&other)).unwrap();
    let before = export(&mut home);
    let stale = engine.perform(&mut home, commit(written(&mut elsewhere), Some(9)), &mut session, NOW);
    assert!(matches!(stale, Err(DeviceError::FeedChanged)), "{stale:?}");
    assert_eq!((membership(&mut home), export(&mut home)), (other, before), "and nothing of what came with it");
}

#[test]
fn a_dossier_goes_only_by_a_tombstone_that_is_signed() {
    let dir = tempfile::tempdir().unwrap();
    let mut home = joined(dir.path(), "home");
    let branch: BranchId = membership(&mut home).branch;
    let doc: DocId = home.list(&CUSTOMER, &Filter::default(), Order::Id, Page::default()).unwrap().rows[0].doc;
    let signed = sync::sign_tombstone(&[4; 32], branch, doc, Timestamp::from_millis(9), "按客户要求");
    let mut arrive = |tombstone: &Tombstone| {
        let (mut engine, mut session) = begin(&mut home);
        let arrival = Arrival { doc, form: Form::Erased(tombstone.clone()) };
        engine.perform(&mut home, commit(vec![arrival], None), &mut session, NOW).unwrap();
        home.status().unwrap().dossiers
    };
    let elsewhere = sync::sign_tombstone(&[4; 32], BranchId::from_bytes([9; 16]), doc, signed.at, &signed.why);
    for forged in [
        Tombstone { signature: [0; 64], ..signed.clone() },
        Tombstone { why: "另一个原因".to_owned(), ..signed.clone() },
        Tombstone { key: [5; 32], ..signed.clone() },
        elsewhere,
    ] {
        assert_eq!(arrive(&forged), 1, "{forged:?}");
    }
    assert_eq!(arrive(&signed), 0, "the control");
}

#[test]
fn a_store_that_is_told_what_it_wrote_and_lost_goes_on_under_another_actor() {
    let dir = tempfile::tempdir().unwrap();
    let mut home = joined(dir.path(), "home");
    copy_home(&dir.path().join("home"), &dir.path().join("copy"));
    home.edit("CUST-01-1", fields([("history", "换了滤芯")])).unwrap();
    let mut copy = Device::open(&dir.path().join("copy")).unwrap();
    let actor = copy.identity().unwrap().actor();
    let mut told = |arrivals: Vec<Arrival>| {
        let (mut engine, mut session) = begin(&mut copy);
        let performed = engine.perform(&mut copy, commit(arrivals, None), &mut session, NOW).unwrap();
        assert!(matches!(performed, Performed::Done(_)), "{performed:?}");
        let ending = engine.end(&mut copy, Outcome::Done, &Report::default()).unwrap();
        (copy.identity().unwrap().actor(), ending)
    };
    let (same, ending) = told(Vec::new());
    assert!(same == actor && matches!(ending, Ending::Done), "the control: nothing that it lost");
    // No handshake has noticed anything.
    let (renewed, ending) = told(written(&mut home));
    assert_ne!(renewed, actor);
    assert!(matches!(ending, Ending::Again(SyncEvent::Restored)), "{ending:?}");
    assert!(export(&mut copy).contains("换了滤芯"));
}
