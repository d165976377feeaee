//! The socket: one websocket to the relay, opened with bounds and driven by frames.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use rustls::{ClientConfig, RootCertStore};
use sync::limits::{FRAME_BYTES_MAX, HANDSHAKE_MS_MAX};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error as WebsocketError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::DeviceError;

/// How long closing the socket politely may take, in milliseconds: everything that matters is committed by then.
const CLOSE_MS_MAX: u64 = 2_000;

/// An open connection to a relay.
pub(crate) struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Link {
    /// Connects to the relay at `relay`, an `http`, `https`, `ws` or `wss` URL without the `/sync` path.
    pub(crate) async fn open(relay: &str) -> Result<Link, DeviceError> {
        let url = socket_url(relay)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX))
            .max_write_buffer_size(4 * FRAME_BYTES_MAX);
        let unreachable = |source| DeviceError::Unreachable { relay: relay.to_owned(), source };
        let connector =
            if url.starts_with("wss") { Connector::Rustls(tls().map_err(&unreachable)?) } else { Connector::Plain };
        let connecting = connect_async_tls_with_config(url, Some(config), true, Some(connector));
        match tokio::time::timeout(Duration::from_millis(HANDSHAKE_MS_MAX), connecting).await {
            Ok(Ok((socket, _response))) => Ok(Link { socket }),
            Ok(Err(error)) => Err(unreachable(Box::new(error))),
            Err(elapsed) => Err(unreachable(Box::new(WebsocketError::Io(elapsed.into())))),
        }
    }

    /// Sends one frame.
    pub(crate) async fn send(&mut self, frame: Vec<u8>) -> Result<(), WebsocketError> {
        self.socket.send(Message::Binary(Bytes::from(frame))).await
    }

    /// The next frame; none when the connection is over or carries something that is not the protocol.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(frame))) => return Some(frame),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_) | Err(_)) | None => return None,
            }
        }
    }

    /// The next frame, if it has arrived already.
    pub(crate) fn ready(&mut self) -> Option<Bytes> {
        self.next().now_or_never().flatten()
    }

    /// Closes the connection once what was sent has left.
    pub(crate) async fn close(mut self) {
        // Nothing depends on the answer: what the relay took is known by its verdicts.
        let _ = tokio::time::timeout(Duration::from_millis(CLOSE_MS_MAX), self.socket.close(None)).await;
    }
}

/// What this process knows of TLS: the authorities that the system trusts, read once, and the sessions that relays let it resume.
/// Whoever connects anew after a link was lost then pays for neither certificates nor signatures.
fn tls() -> Result<Arc<ClientConfig>, Box<dyn std::error::Error + Send + Sync>> {
    static SHARED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(shared) = SHARED.get() {
        return Ok(Arc::clone(shared));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.into_iter().next();
        return Err(why.map_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound).into(), Box::from));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    Ok(Arc::clone(SHARED.get_or_init(|| config)))
}

/// The websocket address of the relay at `relay`.
fn socket_url(relay: &str) -> Result<String, DeviceError> {
    let wrong = || DeviceError::RelayUrl { url: relay.to_owned() };
    let (scheme, rest) = relay.split_once("://").ok_or_else(wrong)?;
    let scheme = match scheme {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        _ => return Err(wrong()),
    };
    let rest = rest.trim_end_matches('/');
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || rest.chars().any(|char| char.is_whitespace() || char.is_control()) {
        return Err(wrong());
    }
    Ok(format!("{scheme}://{rest}/sync"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_named_by_the_address_it_prints() {
        assert_eq!(socket_url("http://127.0.0.1:8787").unwrap(), "ws://127.0.0.1:8787/sync");
        assert_eq!(socket_url("https://relay.example/fieldbook/").unwrap(), "wss://relay.example/fieldbook/sync");
        for wrong in ["relay.example", "ftp://relay.example", "http://", "http://a b"] {
            assert!(matches!(socket_url(wrong), Err(DeviceError::RelayUrl { .. })), "{wrong}");
        }
    }
}
