//! The websocket under a device's connection: the opening handshake of RFC 6455, and messages in pieces.
//!
//! The library that frames messages copies each one it sends into a buffer of its own and keeps that as long as it ever was:
//! a device that had caught up in frames of 256 KiB went on to cost as much for as long as it stayed. A message may be
//! sent in several frames, so a long one is sent in pieces of [`PIECE_BYTES`]; who receives it cannot tell. What axum offers
//! sends whole messages only, so the handshake is done here.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::limits;

/// Bytes of a message in one frame of the websocket: with room for the header it is what an idle connection keeps for writing.
pub(crate) const PIECE_BYTES: usize = 4 << 10;

/// The one version of the websocket protocol.
const VERSION: &str = "13";

/// A websocket, open.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A request that asks for a websocket.
pub(crate) struct Upgrade {
    accept: String,
    on_upgrade: OnUpgrade,
}

impl Upgrade {
    /// The answer that opens the websocket; `serve` is run with it once that has been sent.
    pub(crate) fn open<F>(self, serve: impl FnOnce(Socket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        let Upgrade { accept, on_upgrade } = self;
        tokio::spawn(async move {
            // Who left before the answer has no connection that could be told.
            let Ok(upgraded) = on_upgrade.await else { return };
            let config = WebSocketConfig::default()
                .max_message_size(Some(sync::limits::FRAME_BYTES_MAX))
                .max_frame_size(Some(sync::limits::FRAME_BYTES_MAX))
                .read_buffer_size(limits::READ_BUFFER_BYTES)
                .write_buffer_size(0);
            serve(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await).await;
        });
        let headers = [(CONNECTION, "upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_ACCEPT, accept.as_str())];
        (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
    }
}

/// A request that does not ask for a websocket as the protocol demands.
pub(crate) struct NoWebsocket(&'static str);

impl IntoResponse for NoWebsocket {
    fn into_response(self) -> Response {
        let help = format!("{}; devices connect here, with `fieldbook sync`", self.0);
        let headers = [(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, VERSION)];
        let body = Json(json!({ "error": "websocket_expected", "help": help }));
        (StatusCode::UPGRADE_REQUIRED, headers, body).into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = NoWebsocket;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NoWebsocket> {
        if !names(&parts.headers, CONNECTION, "upgrade") || !names(&parts.headers, UPGRADE, "websocket") {
            return Err(NoWebsocket("the request does not ask for a websocket"));
        }
        if !names(&parts.headers, SEC_WEBSOCKET_VERSION, VERSION) {
            return Err(NoWebsocket("the websocket is of another version"));
        }
        let key = parts.headers.get(SEC_WEBSOCKET_KEY).ok_or(NoWebsocket("the websocket's key is missing"))?;
        let accept = derive_accept_key(key.as_bytes());
        let on_upgrade = parts.extensions.remove().ok_or(NoWebsocket("the connection cannot become a websocket"))?;
        Ok(Upgrade { accept, on_upgrade })
    }
}

/// Whether a header's list of words has this one.
fn names(headers: &HeaderMap, header: HeaderName, word: &str) -> bool {
    let values = headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|found| found.trim().eq_ignore_ascii_case(word))
}

/// What is left to send of a message.
pub(crate) struct Pieces {
    rest: Bytes,
    first: bool,
}

impl Pieces {
    /// A whole message.
    pub(crate) fn of(message: Bytes) -> Self {
        Pieces { rest: message, first: true }
    }

    /// The next frame, and what is left after it.
    pub(crate) fn next(mut self) -> (Message, Option<Pieces>) {
        let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        let data = if self.first { Data::Binary } else { Data::Continue };
        let frame = Frame::message(piece, OpCode::Data(data), self.rest.is_empty());
        let left = (!self.rest.is_empty()).then_some(Pieces { rest: self.rest, first: false });
        (Message::Frame(frame), left)
    }
}
