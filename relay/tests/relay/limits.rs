//! What one peer, one address and everybody together may ask of the relay: each bound is stated, and holds nobody else up.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use relay::{ConnectionLimits, Rate, Settings};
use sync::wire::{Frame, Packing};
use sync::{Code, Mode, Outcome};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::device::{Device, Socket, doc, noise};
use crate::hostile::reason;
use crate::running::{PATIENCE, Reachable, Running};

const EASY: Rate = Rate { per_second: 1_000_000, burst: 1_000_000 };

/// A relay with one branch, whose limits are these.
async fn relay_with(limits: ConnectionLimits, trust_proxy: bool) -> (tempfile::TempDir, Running) {
    let home = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(home.path());
    (settings.connections, settings.trust_proxy) = (limits, trust_proxy);
    let relay = Running::start(settings).await;
    relay.admin().add_branch("上海").unwrap();
    (home, relay)
}

/// A connection that the relay has opened, said to come from `address` by a proxy.
async fn connect(relay: &Running, address: &str) -> Result<Socket, Error> {
    let mut request = relay.url().into_client_request().unwrap();
    request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
    let (mut socket, _) = connect_async(request).await?;
    assert!(timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap().is_binary());
    Ok(socket)
}

/// The status, the seconds to wait and the reason with which a connection was turned away.
fn turned_away(answer: Result<Socket, Error>) -> (u16, u64, String) {
    let Err(Error::Http(answer)) = answer else { panic!("the relay let it in, or failed: {answer:?}") };
    let wait = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    let body: serde_json::Value = serde_json::from_slice(answer.body().as_ref().unwrap()).unwrap();
    assert!(body["help"].as_str().unwrap().contains("try again"), "{body}");
    (answer.status().as_u16(), wait, body["error"].as_str().unwrap().to_owned())
}

/// Closes a connection and waits until the relay knows.
async fn leave(relay: &Running, mut socket: Socket, left: u64) {
    socket.close(None).await.unwrap();
    while timeout(PATIENCE, socket.next()).await.unwrap().is_some() {}
    while relay.metric("fieldbook_relay_connections").await > left {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_takes_nothing_is_given_up_and_one_that_reads_is_not() {
    let limits = ConnectionLimits { send_timeout: Duration::from_millis(500), ..ConnectionLimits::default() };
    let (_home, relay) = relay_with(limits, false).await;
    let mut writer = Device::enrolled(1, &relay, "上海").await;
    let mut reader = Device::enrolled(2, &relay, "上海").await;
    let deaf = Device::enrolled(3, &relay, "上海").await;
    let socket = deaf.welcomed_to(&relay, Mode::Follow).await;
    let enough = doc(250);
    let url = relay.url();
    let follows = tokio::spawn(async move {
        let outcome = reader.follow_at(&url, |device| device.documents.contains_key(&enough)).await;
        (outcome, reader)
    });
    while relay.metric("fieldbook_relay_connections").await < 2 {
        tokio::task::yield_now().await;
    }
    // As much as the systems at both ends keep for somebody who does not read, and then some.
    for number in 1..200 {
        writer.write(doc(number), "noise", &noise(u64::from(number), 200_000));
        writer.sync(&relay).await;
        if relay.metric("fieldbook_relay_connections").await < 2 {
            break;
        }
    }
    let given_up = async {
        while relay.metric("fieldbook_relay_connections").await > 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, given_up).await.expect("one is given up");
    writer.write(enough, "last", "1");
    writer.sync(&relay).await;
    let (outcome, reader) = timeout(PATIENCE, follows).await.unwrap().unwrap();
    assert_eq!((outcome, reader.documents.len()), (Outcome::Done, writer.documents.len()));
    drop(socket);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_connections_and_another_address_has_its_own() {
    let limits = ConnectionLimits { per_address_max: 2, ..ConnectionLimits::default() };
    let (_home, relay) = relay_with(limits, true).await;
    let first = connect(&relay, "192.0.2.1").await.unwrap();
    let _second = connect(&relay, "192.0.2.1").await.unwrap();
    let (status, wait, reason) = turned_away(connect(&relay, "192.0.2.1").await);
    assert!(status == 429 && wait > 0 && reason == "address_full", "{status} {wait} {reason}");
    let _other = connect(&relay, "192.0.2.2").await.unwrap();
    leave(&relay, first, 2).await;
    connect(&relay, "192.0.2.1").await.unwrap();
    assert_eq!(relay.metric("fieldbook_relay_connections_turned_away_total").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_nobody_told_of_a_proxy_believes_nobody() {
    let limits = ConnectionLimits { per_address_max: 1, ..ConnectionLimits::default() };
    let (_home, relay) = relay_with(limits, false).await;
    let _first = connect(&relay, "192.0.2.1").await.unwrap();
    assert_eq!(turned_away(connect(&relay, "192.0.2.2").await).0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_relay_says_so_and_takes_the_next_when_somebody_leaves() {
    let limits = ConnectionLimits { total_max: 2, ..ConnectionLimits::default() };
    let (_home, relay) = relay_with(limits, true).await;
    let first = connect(&relay, "192.0.2.1").await.unwrap();
    let _second = connect(&relay, "192.0.2.2").await.unwrap();
    let (status, wait, reason) = turned_away(connect(&relay, "192.0.2.3").await);
    assert!(status == 503 && wait > 0 && reason == "relay_full", "{status} {wait} {reason}");
    leave(&relay, first, 1).await;
    connect(&relay, "192.0.2.3").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_opens_connections_so_fast_and_is_told_when_to_come_again() {
    let openings_per_address = Rate { per_second: 1, burst: 3 };
    let limits = ConnectionLimits { openings_per_address, ..ConnectionLimits::default() };
    let (_home, relay) = relay_with(limits, true).await;
    // From a new address each time, until a burst was over before a second was.
    for attempt in 1..=100 {
        let address = format!("192.0.2.{attempt}");
        for _ in 0..3 {
            connect(&relay, &address).await.unwrap();
        }
        let fourth = connect(&relay, &address).await;
        if fourth.is_err() {
            let (status, wait, reason) = turned_away(fourth);
            assert!(status == 429 && wait == 1 && reason == "too_fast", "{status} {wait} {reason}");
            return;
        }
    }
    panic!("nobody was ever too fast");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_devices_of_an_organisation_come_back_from_one_address_at_once() {
    let (_home, relay) = relay_with(ConnectionLimits::default(), false).await;
    for _round in 0..2 {
        let sockets = futures_util::future::join_all((0..450).map(|_| connect(&relay, "192.0.2.1"))).await;
        assert!(sockets.iter().all(Result::is_ok));
        assert!(relay.metric("fieldbook_relay_connections").await >= 450);
    }
    assert_eq!(relay.metric("fieldbook_relay_connections_turned_away_total").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_sends_too_many_frames_is_told_so_and_others_are_served() {
    let limits = ConnectionLimits { frames: Rate { per_second: 1, burst: 20 }, ..ConnectionLimits::default() };
    let (_home, relay) = relay_with(limits, false).await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let flood = async |device: &mut Device, pings: u64| {
        let mut socket = device.welcomed(&relay).await;
        for number in 0..pings {
            // The relay may have closed already.
            let _cut = socket.send(Message::Binary(Frame::Ping(number).encode(Packing::PLAIN).into())).await;
        }
        socket
    };
    let mut few = flood(&mut device, 10).await;
    for number in 0..10 {
        let answer = timeout(PATIENCE, few.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(Frame::decode(&answer.into_data(), Packing::PLAIN).unwrap(), Frame::Pong(number));
    }
    assert_eq!(reason(flood(&mut device, 200).await).await, Code::Rate);
    device.write(doc(1), "a", "1");
    device.sync(&relay).await;
    assert!(device.outbox.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_sends_too_much_is_read_more_slowly_and_loses_nothing() {
    let bytes = Rate { per_second: 200_000, burst: 10_000 };
    let (_home, relay) =
        relay_with(ConnectionLimits { bytes, openings_per_address: EASY, ..ConnectionLimits::default() }, false).await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    device.write(doc(1), "a", "little");
    device.sync(&relay).await;
    assert_eq!(relay.metric("fieldbook_relay_reads_paused_total").await, 0);
    for n in 2..6 {
        device.write(doc(n), "a", &noise(u64::from(n), 20_000));
    }
    device.sync(&relay).await;
    assert!(device.outbox.is_empty() && device.refused.is_empty());
    assert!(relay.metric("fieldbook_relay_reads_paused_total").await > 0);
}
