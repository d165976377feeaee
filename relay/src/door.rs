//! The listening socket: network connections before anything was read from them.
//!
//! A peer that connects and asks for nothing, or stops reading in the middle of an answer, would keep its place for ever: nothing
//! above this looks at the clock before a request is complete. So connections are counted here, in all and by address, and one on
//! which nothing moves is closed.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};

use crate::address::Neighbourhood;
use crate::crowd::{Crowd, Presence};
use crate::{Settings, limits};

/// What is said to whoever finds no room. Said without waiting, so it has to be short.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\nconnection: close\r\n\
content-type: application/json\r\ncontent-length: 24\r\n\r\n{\"error\":\"relay_full\"}\r\n";

/// A listening socket that lets so many in.
pub(crate) struct Door {
    listener: TcpListener,
    crowd: Arc<Crowd>,
    silence_max: Duration,
}

/// One that was let in.
pub(crate) struct Visitor {
    stream: TcpStream,
    moved_at: Instant,
    silence_max: Duration,
    silence: Pin<Box<Sleep>>,
    _presence: Presence,
}

impl Door {
    pub(crate) fn new(listener: TcpListener, settings: &Settings) -> Self {
        let connections = settings.connections;
        let total_max = connections.total_max.saturating_add(limits::VISITORS_MAX);
        // Behind a proxy all have one address here.
        let per_address_max = match settings.trust_proxy {
            true => total_max,
            false => connections.per_address_max.saturating_add(limits::VISITORS_PER_ADDRESS_MAX),
        };
        Door { listener, crowd: Arc::new(Crowd::new(total_max, per_address_max)), silence_max: limits::SILENCE_MAX }
    }
}

impl Listener for Door {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            match self.crowd.enter(Neighbourhood::from(address.ip())) {
                Ok(presence) => return (Visitor::new(stream, presence, self.silence_max), address),
                Err(crowded) => {
                    tracing::debug!(%address, ?crowded, "there is no room for a connection");
                    // A new socket takes that much; if not, closing it says the same.
                    let _said = stream.try_write(NO_ROOM);
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Visitor {
    fn new(stream: TcpStream, presence: Presence, silence_max: Duration) -> Self {
        let silence = Box::pin(sleep(silence_max));
        Visitor { stream, moved_at: Instant::now(), silence_max, silence, _presence: presence }
    }

    /// Lets small frames leave at once: holding them back to fill a packet would cost each edit a round trip.
    pub(crate) fn set_nodelay(&self) {
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(%error, "a socket does not take TCP_NODELAY");
        }
    }

    /// What came of trying to move bytes. One that cannot go on for too long fails.
    fn moved<T>(&mut self, context: &mut Context<'_>, moved: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match moved {
            Poll::Ready(moved) => {
                self.moved_at = Instant::now();
                Poll::Ready(moved)
            }
            Poll::Pending => {
                // The timer is set again when it fires, not each time something moves.
                while self.silence.as_mut().poll(context).is_ready() {
                    let due = self.moved_at + self.silence_max;
                    if due <= Instant::now() {
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    }
                    self.silence.as_mut().reset(due);
                }
                Poll::Pending
            }
        }
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.moved(context, moved)
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.moved(context, moved)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.moved(context, moved)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn door(total_max: usize) -> (Door, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut door = Door::new(listener, &Settings::new(""));
        door.crowd = Arc::new(Crowd::new(total_max, total_max));
        (door, address)
    }

    #[tokio::test]
    async fn whoever_finds_no_room_is_told_so_and_the_next_gets_the_place_of_one_who_left() {
        let (mut door, address) = door(1).await;
        let _first = TcpStream::connect(address).await.unwrap();
        let (inside, _) = door.accept().await;
        let mut second = TcpStream::connect(address).await.unwrap();
        let turned_away = async {
            let mut said = String::new();
            second.read_to_string(&mut said).await.unwrap();
            said
        };
        let said = tokio::select! {
            said = turned_away => said,
            _ = door.accept() => panic!("there was no room"),
        };
        assert!(said.starts_with("HTTP/1.1 503") && said.contains("retry-after"), "{said}");
        assert_eq!(said.split("\r\n\r\n").nth(1).unwrap().len(), 24, "as announced");
        drop(inside);
        let _third = TcpStream::connect(address).await.unwrap();
        door.accept().await;
    }

    #[tokio::test]
    async fn a_connection_on_which_nothing_moves_is_closed_and_another_waits_on() {
        let (mut door, address) = door(2).await;
        let _patient = TcpStream::connect(address).await.unwrap();
        let (mut patient, _) = door.accept().await;
        door.silence_max = Duration::from_millis(20);
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut visitor, _) = door.accept().await;
        client.write_all(b"x").await.unwrap();
        let mut byte = [0];
        visitor.read_exact(&mut byte).await.unwrap();
        let closed = tokio::select! {
            closed = visitor.read(&mut byte) => closed,
            _ = patient.read_u8() => panic!("its time has not come"),
        };
        assert_eq!(closed.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
