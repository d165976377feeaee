//! Single effects as a session asks for them, whatever led to them: what the engine does when what it is given is not what
//! it took it for.

use std::path::Path;

use device::{Device, DeviceError, Ending, Engine, Filter, Order, Page, Performed, SyncEvent};
use records::CUSTOMER;
use store::{Membership, OutboxSeq};
use sync::{AdoptReason, Arrival, DeviceEffect, DeviceSession, Form, Mode, Outcome, Report, Tick};
use vocab::{BranchId, Cursor, DocId, Epoch, Position, Refusal, Timestamp, Tombstone, Verdict};

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

#[test]
fn what_arrives_of_an_erased_dossier_is_ignored_and_holds_up_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut home = joined(dir.path(), "home");
    let mut other = joined(dir.path(), "other");
    let doc = other.list(&CUSTOMER, &Filter::default(), Order::Id, Page::default()).unwrap().rows[0].doc;
    let whole = |other: &mut Device| {
        let stored = other.store_mut().unwrap().read(|tx| tx.document(doc)).unwrap().unwrap();
        Arrival { doc, form: Form::Saved(stored.bytes.into()) }
    };
    let (mut engine, mut session) = begin(&mut home);
    engine.perform(&mut home, commit(vec![whole(&mut other)], None), &mut session, NOW).unwrap();
    assert_eq!(home.status().unwrap().dossiers, 2);
    other.edit("CUST-01-1", fields([("history", "换了滤芯")])).unwrap();
    customer(&mut other, "李*");
    let branch = membership(&mut home).branch;
    let tombstone = sync::sign_tombstone(&[4; 32], branch, doc, Timestamp::from_millis(9), "按客户要求");
    let erased = Arrival { doc, form: Form::Erased(tombstone) };
    engine.perform(&mut home, commit(vec![erased], None), &mut session, NOW).unwrap();
    assert_eq!(home.status().unwrap().dossiers, 1);
    for arrivals in [written(&mut other), vec![whole(&mut other)]] {
        engine.perform(&mut home, commit(arrivals, None), &mut session, NOW).unwrap();
        let shown = export(&mut home);
        assert!(shown.contains("李*") && !shown.contains(&doc.to_string()) && !shown.contains("换了滤芯"), "{shown}");
    }
    assert_eq!(home.status().unwrap().dossiers, 2);
}

#[test]
fn after_reconciling_what_was_refused_for_want_of_another_change_or_as_erased_waits_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut home = joined(dir.path(), "home");
    for history in ["一", "二", "三"] {
        home.edit("CUST-01-1", fields([("history", history)])).unwrap();
    }
    let waiting = home.store_mut().unwrap().read(|tx| tx.outbox(OutboxSeq::START, usize::MAX)).unwrap();
    let reasons = [Refusal::MissingDependency, Refusal::Erased, Refusal::TooLarge];
    let verdicts: Vec<_> =
        waiting.iter().zip(reasons).map(|(entry, reason)| (entry.seq, Verdict::Refused(reason))).collect();
    home.store_mut().unwrap().write(|tx| tx.settle(&verdicts, Timestamp::EPOCH)).unwrap();
    let mut adopt = |why: AdoptReason| {
        let (mut engine, mut session) = begin(&mut home);
        let (epoch, cursor, ahead) = (Epoch::from_bytes([2; 16]), Cursor::default(), Position::START);
        let effect = DeviceEffect::AdoptFeed { epoch, cursor, ahead, why };
        engine.perform(&mut home, effect, &mut session, NOW).unwrap();
        let status = home.status().unwrap();
        (status.outbox, status.refused)
    };
    assert_eq!(adopt(AdoptReason::FellBehind), (0, 3), "the control");
    assert_eq!(adopt(AdoptReason::Reconciled), (2, 1), "what is too large stays so");
}
