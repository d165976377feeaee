//! What devices and a relay do together on good days.

use futures_util::StreamExt;
use sync::wire::{Frame, Packing};
use sync::{Code, Mode, Outcome};
use tokio::sync::oneshot;
use tokio::time::timeout;
use vocab::{Position, Verdict};

use crate::device::{Device, doc, noise};
use crate::running::{PATIENCE, Reachable, Running, relay_with_two_branches};

#[tokio::test(flavor = "multi_thread")]
async fn what_one_device_writes_another_of_its_branch_reads() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut first = Device::enrolled(1, &relay, "上海").await;
    let mut second = Device::enrolled(2, &relay, "上海").await;
    first.write(doc(1), "a", "1");
    first.write(doc(1), "b", "2");
    first.sync(&relay).await;
    assert!(first.outbox.is_empty() && first.refused.is_empty());
    second.sync(&relay).await;
    assert_eq!(second.read(doc(1), "b").as_deref(), Some("2"));
    second.write(doc(1), "c", "3");
    second.sync(&relay).await;
    first.sync(&relay).await;
    assert_eq!(first.read(doc(1), "c").as_deref(), Some("3"));
    assert_eq!(first.documents[&doc(1)].get_heads(), second.documents[&doc(1)].get_heads());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_edited_costs_one_round_trip_and_edits_cost_two() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    device.write(doc(1), "a", "1");
    device.sync(&relay).await;
    device.sync(&relay).await;
    assert_eq!(device.report.round_trips, 1);
    assert!(device.report.bytes_up + device.report.bytes_down < 1_000, "{:?}", device.report);
    device.write(doc(1), "a", "2");
    device.sync(&relay).await;
    assert_eq!(device.report.round_trips, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_never_sees_another_branch() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut shanghai = Device::enrolled(1, &relay, "上海").await;
    let mut beijing = Device::enrolled(2, &relay, "北京").await;
    let mut control = Device::enrolled(3, &relay, "上海").await;
    shanghai.write(doc(1), "a", "1");
    shanghai.sync(&relay).await;
    beijing.sync(&relay).await;
    control.sync(&relay).await;
    assert!(beijing.documents.is_empty());
    assert_eq!(control.documents.len(), 1);
    // Asking for the other branch by its id does not help.
    beijing.membership = shanghai.membership.clone();
    let refused = beijing.try_sync(&relay).await;
    assert!(matches!(refused, Outcome::Refused { code: Code::WrongBranch, .. }), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_hears_of_a_change_while_it_is_connected() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut writer = Device::enrolled(1, &relay, "上海").await;
    let mut follower = Device::enrolled(2, &relay, "上海").await;
    writer.write(doc(1), "a", "1");
    writer.sync(&relay).await;
    let (caught_up, is_caught_up) = oneshot::channel();
    let mut caught_up = Some(caught_up);
    let following = async {
        let outcome = follower
            .follow(&relay, |device| {
                if device.read(doc(1), "a").is_some()
                    && let Some(caught_up) = caught_up.take()
                {
                    caught_up.send(()).unwrap();
                }
                device.read(doc(2), "b").is_some()
            })
            .await;
        assert_eq!(outcome, Outcome::Done);
    };
    let writing = async {
        is_caught_up.await.unwrap();
        writer.write(doc(2), "b", "2");
        writer.sync(&relay).await;
    };
    tokio::join!(following, writing);
    assert_eq!(follower.cursor.base, Position::new(2));
    assert_eq!(relay.metric("fieldbook_relay_batches_encoded_total").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_devices_at_once_end_up_with_the_same() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut devices = Vec::new();
    for seed in 1..=12 {
        devices.push(Device::enrolled(seed, &relay, "上海").await);
    }
    let mut rounds = Vec::new();
    for (index, mut device) in devices.into_iter().enumerate() {
        let relay = &relay;
        rounds.push(async move {
            for round in 0..5 {
                device.write(doc(round), &format!("key-{index}"), "x");
                device.write(doc(100 + index as u8), "own", &round.to_string());
                device.sync(relay).await;
            }
            device
        });
    }
    let mut devices = futures_util::future::join_all(rounds).await;
    for device in &mut devices {
        device.sync(&relay).await;
        assert!(device.outbox.is_empty() && device.refused.is_empty());
    }
    let heads =
        |device: &Device| -> Vec<_> { device.documents.iter().map(|(id, doc)| (*id, doc.get_heads())).collect() };
    let first = heads(&devices[0]);
    assert_eq!(first.len(), 5 + 12);
    for device in &devices {
        assert_eq!(heads(device), first);
    }
    assert_eq!(relay.metric("fieldbook_relay_changes_total{verdict=\"accepted\"}").await, 12 * 5 * 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything_that_was_acknowledged() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut first = Device::enrolled(1, &relay, "上海").await;
    first.write(doc(1), "a", "1");
    first.sync(&relay).await;
    let unused = relay.invite("上海");
    let settings = relay.stop().await;
    let relay = Running::start(settings).await;
    first.write(doc(1), "b", "2");
    first.sync(&relay).await;
    assert!(first.refused.is_empty());
    let mut second = Device::new(2);
    assert_eq!(second.enrol(&relay, &unused).await, Ok(()));
    second.sync(&relay).await;
    assert_eq!(second.read(doc(1), "a").as_deref(), Some("1"));
    assert_eq!(second.read(doc(1), "b").as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_told_when_the_relay_stops() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let url = relay.url();
    let (connected, is_connected) = oneshot::channel();
    let mut connected = Some(connected);
    let address = relay.address;
    let following = tokio::spawn(async move {
        let outcome = device
            .follow_at(&url, |device| {
                if device.cursor_known()
                    && let Some(connected) = connected.take()
                {
                    connected.send(()).unwrap();
                }
                false
            })
            .await;
        assert!(matches!(outcome, Outcome::Refused { code: Code::Unavailable, .. }), "{outcome:?}");
    });
    is_connected.await.unwrap();
    relay.stop().await;
    following.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_is_cut_off_and_stays_out_while_others_go_on() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut lost = Device::enrolled(1, &relay, "上海").await;
    let mut kept = Device::enrolled(2, &relay, "上海").await;
    let code = lost.membership.as_ref().unwrap().code.to_string();
    let mut revoked = false;
    let outcome = lost
        .follow(&relay, |device| {
            if device.cursor_known() && !revoked {
                revoked = true;
                relay.admin().revoke(&code).unwrap();
            }
            false
        })
        .await;
    assert!(matches!(outcome, Outcome::Refused { code: Code::Revoked, .. }), "{outcome:?}");
    lost.write(doc(1), "a", "1");
    let outcome = lost.try_sync(&relay).await;
    assert!(matches!(outcome, Outcome::Refused { code: Code::Revoked, .. }), "{outcome:?}");
    assert_eq!(lost.outbox.len(), 1, "what the device holds stays with it");
    kept.write(doc(2), "a", "1");
    kept.sync(&relay).await;
    assert!(kept.outbox.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_change_blocks_nothing_else() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let mut other = Device::new(2);
    other.write(doc(1), "a", "written elsewhere");
    let (_, _, foreign) = other.outbox.remove(&1).unwrap();
    device.queue(doc(1), foreign);
    device.write(doc(2), "a", "1");
    device.sync(&relay).await;
    assert_eq!(device.refused, [(1, Verdict::Refused(vocab::Refusal::ForeignActor))]);
    assert!(device.outbox.is_empty());
    assert_eq!(relay.metric("fieldbook_relay_changes_total{verdict=\"accepted\"}").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_ends_with_much_to_say_do_not_wait_for_each_other() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut first = Device::enrolled(1, &relay, "上海").await;
    let mut second = Device::enrolled(2, &relay, "上海").await;
    for n in 0..40 {
        // Far more than sockets hold on their way.
        first.write(doc(n), "a", &noise(u64::from(n), 200_000));
        second.write(doc(100 + n), "a", &noise(1_000 + u64::from(n), 200_000));
    }
    first.sync(&relay).await;
    second.sync(&relay).await;
    assert!(second.report.bytes_up > 6_000_000 && second.report.bytes_down > 6_000_000, "{:?}", second.report);
    first.sync(&relay).await;
    assert_eq!((first.documents.len(), second.documents.len()), (80, 80));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_stops_reading_holds_nobody_up_and_misses_nothing() {
    const ROUNDS: u8 = 120;
    let (_home, relay) = relay_with_two_branches().await;
    let mut writer = Device::enrolled(1, &relay, "上海").await;
    let stuck = Device::enrolled(2, &relay, "上海").await;
    let mut quick = Device::enrolled(3, &relay, "上海").await;
    let mut socket = stuck.welcomed_to(&relay, Mode::Follow).await;
    let writing = async {
        for n in 0..ROUNDS {
            // In all far more than sockets hold on their way.
            writer.write(doc(n), "a", &noise(u64::from(n), 150_000));
            writer.sync(&relay).await;
        }
    };
    let following = quick.follow(&relay, |device| device.documents.len() == usize::from(ROUNDS));
    let ((), outcome) = tokio::join!(writing, following);
    assert_eq!(outcome, Outcome::Done);
    // Now the other one reads again.
    let mut seen = std::collections::BTreeSet::new();
    let mut last = None;
    while last != Some(writer.sum()) {
        let message = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        if let Ok(Frame::Documents(documents)) = Frame::decode(&message.into_data(), Packing::LATEST) {
            seen.extend(documents.items.iter().map(|item| item.doc));
            last = documents.sum.or(last);
        }
    }
    assert_eq!(seen.len(), usize::from(ROUNDS));
}
