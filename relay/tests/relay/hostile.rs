//! Peers that err or mean harm: each is told why and cut off, nobody else notices.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use sync::Code;
use sync::wire::{Frame, Packing};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use vocab::Role;

use crate::device::{Device, Socket, doc};
use crate::running::{PATIENCE, Reachable, Running, relay_with_two_branches};

/// A connection that has read the relay's opening.
async fn opened(relay: &Running) -> Socket {
    let (mut socket, _) = connect_async(relay.url()).await.unwrap();
    let opening = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    assert!(opening.is_binary());
    socket
}

/// The reason with which the relay ends a connection.
pub(crate) async fn reason(mut socket: Socket) -> Code {
    let mut reason = None;
    while let Some(Ok(message)) = timeout(PATIENCE, socket.next()).await.unwrap() {
        if let Message::Binary(bytes) = message {
            match Frame::decode(&bytes, Packing::LATEST).unwrap() {
                Frame::Refused(refused) => reason = Some(refused.code),
                Frame::Goodbye(goodbye) => reason = Some(goodbye.code),
                _ => {}
            }
        }
    }
    reason.expect("the relay said nothing before it closed")
}

async fn others_are_served(relay: &Running) {
    let mut control = Device::enrolled(200, relay, "上海").await;
    control.write(doc(200), "a", "1");
    control.sync(relay).await;
    assert!(control.outbox.is_empty() && control.refused.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused_with_a_reason_and_others_are_served() {
    let (_home, relay) = relay_with_two_branches().await;
    for garbage in [&b"\xff\xff\xff\xff garbage"[..], b"", b"\x01", &[0; 4_000]] {
        let mut socket = opened(&relay).await;
        socket.send(Message::Binary(garbage.to_vec().into())).await.unwrap();
        let code = reason(socket).await;
        assert!(matches!(code, Code::Malformed | Code::Unexpected), "{garbage:?}: {code}");
    }
    let mut socket = opened(&relay).await;
    socket.send(Message::text("hello")).await.unwrap();
    assert_eq!(reason(socket).await, Code::Malformed);
    others_are_served(&relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_frame_is_refused_with_a_reason_and_others_are_served() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut socket = opened(&relay).await;
    let oversized = vec![0; sync::limits::FRAME_BYTES_MAX + 1];
    // The relay may stop reading before all of it is sent.
    let _cut = socket.send(Message::Binary(oversized.into())).await;
    assert_eq!(reason(socket).await, Code::Limit);
    others_are_served(&relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_hello_is_refused_with_a_reason() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let hello = device.first_frame(&relay).await;
    for length in [1, 2, hello.len() / 2, hello.len() - 1] {
        let mut socket = opened(&relay).await;
        socket.send(Message::Binary(hello[..length].to_vec().into())).await.unwrap();
        assert_eq!(reason(socket).await, Code::Malformed, "{length} of {}", hello.len());
    }
    device.sync(&relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_version_from_the_future_is_refused_as_such() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let mut hello = device.first_frame(&relay).await;
    // The version is entry 0 of the signed body, before the key (entry 1, 32 bytes).
    let body = [0, 1, 1, 0x58, 0x20];
    let at = hello.windows(body.len()).position(|bytes| bytes == body).unwrap();
    hello[at + 1] = 9;
    let content = hello.len() - 4;
    let checksum = crc32fast::hash(&hello[..content]);
    hello[content..].copy_from_slice(&checksum.to_be_bytes());
    let mut socket = opened(&relay).await;
    socket.send(Message::Binary(hello.into())).await.unwrap();
    assert_eq!(reason(socket).await, Code::Version);
    device.sync(&relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_that_was_overheard_is_worth_nothing() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let hello = device.first_frame(&relay).await;
    let mut socket = opened(&relay).await;
    socket.send(Message::Binary(hello.into())).await.unwrap();
    assert_eq!(reason(socket).await, Code::Signature);
    device.sync(&relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_never_enrolled_is_refused() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut stranger = Device::new(9);
    stranger.write(doc(1), "a", "1");
    let outcome = stranger.try_sync(&relay).await;
    assert!(matches!(outcome, sync::Outcome::Refused { code: Code::NotEnrolled, .. }), "{outcome:?}");
    assert_eq!(stranger.outbox.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_used_and_expired_invites_are_refused_and_told_apart() {
    let (_home, relay) = relay_with_two_branches().await;
    let code = relay.invite("上海");
    let mut device = Device::new(1);
    assert_eq!(device.enrol(&relay, "0000-0000-0000-0000").await, Err(Code::InviteUnknown));
    assert_eq!(device.enrol(&relay, &code.to_lowercase().replace('-', " ")).await, Ok(()));
    assert_eq!(device.enrol(&relay, &code).await, Ok(()), "the first answer may have been lost");
    assert_eq!(Device::new(2).enrol(&relay, &code).await, Err(Code::InviteUsed));
    let expired = relay.admin().invite("上海", Role::Engineer, None, Duration::ZERO).unwrap().code;
    assert_eq!(Device::new(3).enrol(&relay, &expired).await, Err(Code::InviteExpired));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_guesses_invites_has_to_wait_and_enrolled_devices_have_not() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let good = relay.invite("上海");
    for _ in 0..relay::limits::INVITE_GUESSES_PER_ADDRESS_MAX {
        assert_eq!(Device::new(2).enrol(&relay, "0000-0000-0000-0000").await, Err(Code::InviteUnknown));
    }
    assert_eq!(Device::new(2).enrol(&relay, &good).await, Err(Code::Limit));
    device.sync(&relay).await;
}
