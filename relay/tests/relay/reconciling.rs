//! A relay that was set back, or lost everything: its devices bring it back what they hold.

use std::path::Path;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use relay::{Admin, Settings};
use sync::wire::{Frame, Item, ItemForm, Packing, RestoreRefusal};
use sync::{Outcome, sign_tombstone};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use vocab::{Refusal, Role, Timestamp};

use crate::api::{get, signed_in};
use crate::device::{Device, doc};
use crate::hostile::reason;
use crate::running::{PATIENCE, Reachable, Running, relay_with_two_branches};

/// The database as it is on the disk of a relay that does not run.
fn copy_database(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["relay.db", "relay.db-wal"] {
        let _absent = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    let _absent = std::fs::remove_file(to.join("relay.db-shm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_earlier_moment_gets_back_what_its_devices_hold() {
    let (home, relay) = relay_with_two_branches().await;
    let mut one = Device::enrolled(1, &relay, "上海").await;
    let mut two = Device::enrolled(2, &relay, "上海").await;
    one.write(doc(1), "a", "before");
    one.sync(&relay).await;
    let settings = relay.stop().await;
    let aside = home.path().join("aside");
    copy_database(home.path(), &aside);

    let relay = Running::start(settings).await;
    for n in 1..30 {
        one.write(doc(n), "a", "after");
    }
    one.sync(&relay).await;
    two.sync(&relay).await;
    two.write(doc(40), "b", "by another");
    two.sync(&relay).await;
    one.sync(&relay).await;
    let settings = relay.stop().await;
    copy_database(&aside, home.path());

    let relay = Running::start(settings).await;
    // The other device never comes again: what it wrote is brought back by one that holds it.
    one.sync(&relay).await;
    let report = one.report.reconcile.expect("the feeds differ");
    assert_eq!((report.restored, report.refused), (30, 0), "{report:?}");
    assert_eq!(relay.metric("fieldbook_relay_changes_restored_total").await, 30);
    let mut newcomer = Device::enrolled(3, &relay, "上海").await;
    newcomer.sync(&relay).await;
    assert_eq!((newcomer.documents.len(), newcomer.sum()), (30, one.sum()));
    assert_eq!(newcomer.read(doc(40), "b").as_deref(), Some("by another"));
    let cookie = signed_in(&relay, "li", None).await;
    let branch = relay.admin().branch("上海").unwrap().id;
    let (_, devices) = get(&relay, &format!("/branches/{branch}/devices"), &cookie).await;
    let marks = &devices[0]["marks"];
    assert_eq!((&marks["brought_back"], &marks["reconciling"]), (&30.into(), &0.into()));
    assert!(marks["reconciled_at"].is_string() && devices[1]["marks"]["reconciled_at"].is_null());
    // And it is done: the next exchange is an ordinary one.
    one.write(doc(1), "a", "on");
    one.sync(&relay).await;
    assert_eq!((one.report.reconcile, one.report.round_trips), (None, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_went_on_differently_after_it_was_set_back_is_made_one_again() {
    let (home, relay) = relay_with_two_branches().await;
    let mut one = Device::enrolled(1, &relay, "上海").await;
    let mut two = Device::enrolled(2, &relay, "上海").await;
    let settings = relay.stop().await;
    let aside = home.path().join("aside");
    copy_database(home.path(), &aside);
    let relay = Running::start(settings).await;
    one.write(doc(1), "a", "lost");
    one.write(doc(2), "a", "lost");
    one.sync(&relay).await;
    let settings = relay.stop().await;
    copy_database(&aside, home.path());
    let relay = Running::start(settings).await;
    // The same positions, the same epoch, and other changes.
    two.write(doc(3), "a", "since");
    two.write(doc(4), "a", "since");
    two.sync(&relay).await;
    one.sync(&relay).await;
    assert_eq!(one.report.reconcile.map(|report| report.restored), Some(2));
    two.sync(&relay).await;
    assert_eq!((one.sum(), one.documents.len()), (two.sum(), 4));
    assert_eq!(two.documents.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_lost_its_disk_gets_everything_back_and_devices_keep_their_codes() {
    let (_lost, relay) = relay_with_two_branches().await;
    let mut one = Device::enrolled(1, &relay, "上海").await;
    let mut two = Device::enrolled(2, &relay, "上海").await;
    for n in 1..20 {
        one.write(doc(n), "a", "x");
    }
    one.sync(&relay).await;
    relay.admin().erase(&doc(19).to_string(), None, "按客户要求").unwrap();
    one.sync(&relay).await;
    two.sync(&relay).await;
    two.write(doc(30), "b", "never sent");
    two.write(doc(19), "b", "written before it heard of the erasure");
    relay.stop().await;

    let home = tempfile::tempdir().unwrap();
    let relay = Running::start(Settings::new(home.path())).await;
    relay.admin().recover_branch("上海").unwrap();
    let refused = two.try_sync(&relay).await;
    assert!(matches!(refused, Outcome::Refused { .. }), "nobody is enrolled yet: {refused:?}");
    for device in [&mut two, &mut one] {
        let code = device.membership.as_ref().unwrap().code.clone();
        assert_eq!(device.enrol(&relay, &relay.invite("上海")).await, Ok(()));
        assert_eq!(device.membership.as_ref().unwrap().code, code);
        device.sync(&relay).await;
    }
    assert_eq!(two.report.reconcile.map(|report| report.refused), Some(0));
    let mut newcomer = Device::enrolled(3, &relay, "上海").await;
    assert_ne!(newcomer.membership.as_ref().unwrap().code, two.membership.as_ref().unwrap().code);
    newcomer.sync(&relay).await;
    two.sync(&relay).await;
    assert_eq!(newcomer.documents.len(), 19, "18 that are not erased, and what was never sent");
    assert!(newcomer.erased.contains_key(&doc(19)));
    assert_eq!((newcomer.sum(), two.sum()), (one.sum(), one.sum()));
    relay.admin().end_recovery("上海").unwrap();
}

/// A connection on which a device reconciles, and nothing was said since the Welcome.
async fn reconciling(relay: &Running, device: &mut Device) -> crate::device::Socket {
    device.suspect();
    device.welcomed(relay).await
}

async fn ask(socket: &mut crate::device::Socket, frame: &Frame) -> Frame {
    socket.send(Message::Binary(frame.encode(Packing::LATEST).into())).await.unwrap();
    let answer = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    Frame::decode(&answer.into_data(), Packing::LATEST).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_tombstone_erases_nothing_and_the_branchs_own_does() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    device.write(doc(1), "a", "1");
    device.write(doc(2), "a", "1");
    device.sync(&relay).await;
    let branch = relay.admin().branch("上海").unwrap();
    let signed = |secret: &[u8; 32]| sign_tombstone(secret, branch.id, doc(1), Timestamp::from_millis(1), "x");
    let erased = |tombstone| Frame::Restore(vec![Item { doc: doc(1), form: ItemForm::Erased(tombstone) }]);
    let mut socket = reconciling(&relay, &mut device).await;
    let Frame::Restored(answer) = ask(&mut socket, &erased(signed(&[9; 32]))).await else { panic!("no answer") };
    let refusal = RestoreRefusal { doc: doc(1), hash: None, refusal: Refusal::NotAuthorised };
    assert_eq!(answer.refused, [refusal]);
    assert!(relay.admin().erased(None).unwrap().is_empty());
    let Frame::Restored(answer) = ask(&mut socket, &erased(signed(branch.secret.as_bytes()))).await else {
        panic!("no answer")
    };
    assert!(answer.refused.is_empty());
    assert_eq!(relay.admin().erased(None).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_that_is_brought_back_is_refused_by_itself_and_what_is_right_is_taken() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let mut other = Device::enrolled(2, &relay, "上海").await;
    device.write(doc(1), "a", "1");
    device.sync(&relay).await;
    other.write(doc(2), "a", "1");
    other.write(doc(2), "a", "2");
    let changes: Vec<Arc<[u8]>> = other.outbox.values().map(|(_, _, bytes)| bytes.clone().into()).collect();
    let mut socket = reconciling(&relay, &mut device).await;
    let lacking = Item { doc: doc(2), form: ItemForm::Changes(vec![changes[1].clone()]) };
    let garbage = Item { doc: doc(3), form: ItemForm::Changes(vec![b"no change at all".to_vec().into()]) };
    let Frame::Restored(answer) = ask(&mut socket, &Frame::Restore(vec![lacking, garbage])).await else { panic!() };
    let refusals: Vec<_> = answer.refused.iter().map(|refused| (refused.doc, refused.refusal)).collect();
    assert_eq!(refusals.len(), 2, "{refusals:?}");
    assert!(
        refusals.contains(&(doc(2), Refusal::MissingDependency)) && refusals.contains(&(doc(3), Refusal::Malformed))
    );
    let right = Item { doc: doc(2), form: ItemForm::Changes(changes) };
    let Frame::Restored(answer) = ask(&mut socket, &Frame::Restore(vec![right])).await else { panic!() };
    assert!(answer.refused.is_empty(), "{:?}", answer.refused);
    drop(socket);
    other.sync(&relay).await;
    assert!(other.outbox.is_empty() && other.refused.is_empty(), "the relay has them already");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_questions_at_once_than_the_protocol_allows_end_the_connection_with_a_reason() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    device.write(doc(1), "a", "1");
    device.sync(&relay).await;
    let mut socket = reconciling(&relay, &mut device).await;
    let ask = vec![sync::Ask { doc: doc(1), hashes: Vec::new() }];
    let frame = Frame::Compare(ask).encode(Packing::LATEST);
    for _ in 0..2_000 {
        // The relay may have closed already.
        let _cut = socket.send(Message::Binary(frame.clone().into())).await;
    }
    let code = reason(socket).await;
    assert!(matches!(code, sync::Code::Limit), "{code}");
    // One that does not reconcile is not answered at all.
    let mut plain = Device::enrolled(2, &relay, "上海").await;
    plain.sync(&relay).await;
    let mut socket = plain.welcomed(&relay).await;
    socket.send(Message::Binary(frame.into())).await.unwrap();
    assert_eq!(reason(socket).await, sync::Code::Unexpected);
    device.sync(&relay).await;
}

#[test]
fn a_branch_that_recovers_says_so_until_it_is_told_that_it_has() {
    let home = tempfile::tempdir().unwrap();
    let mut admin = Admin::open_or_create(&Settings::new(home.path())).unwrap();
    assert_eq!(admin.recover_branch("上海").unwrap().origin, store::Origin::Recovering);
    assert_eq!(admin.end_recovery("上海").unwrap().origin, store::Origin::New);
    assert_eq!(admin.add_branch("北京").unwrap().origin, store::Origin::New);
    assert!(admin.invite("上海", Role::Engineer, None, PATIENCE).is_ok());
}
