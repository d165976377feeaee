//! The sending half of a socket, so that a connection can wait for its frames to leave and for everything else at once.
//!
//! Sending inside the loop that also receives would let two peers that both have much to say wait for each other forever.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use futures_util::{Sink, SinkExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use crate::websocket::Pieces;

/// Frames on their way into a socket.
pub(crate) struct Outgoing<S> {
    sink: S,
    waiting: VecDeque<Bytes>,
    leaving: Leaving,
    since: Option<Instant>,
}

/// The frame that is leaving.
enum Leaving {
    Nothing,
    /// This much of it is still to be handed to the socket.
    Pieces(Pieces),
    /// All of it was handed to the socket.
    Flushing,
}

impl<S: Sink<Message, Error = SocketError> + Unpin> Outgoing<S> {
    pub(crate) fn new(sink: S) -> Self {
        Outgoing { sink, waiting: VecDeque::new(), leaving: Leaving::Nothing, since: None }
    }

    /// Puts a frame behind those that wait.
    pub(crate) fn push(&mut self, frame: std::sync::Arc<[u8]>) {
        self.waiting.push_back(Bytes::from_owner(frame));
        self.since.get_or_insert_with(Instant::now);
    }

    /// Frames that have not left.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + usize::from(!matches!(self.leaving, Leaving::Nothing))
    }

    /// Since when the frame that is to leave next has been waiting to.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        self.since
    }

    /// Resolves when the next frame has left; never while there is none. Cancelling it loses nothing.
    pub(crate) async fn sent(&mut self) -> Result<(), SocketError> {
        poll_fn(|context| self.poll_sent(context)).await
    }

    fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        loop {
            match &self.leaving {
                Leaving::Nothing => match self.waiting.pop_front() {
                    Some(frame) => self.leaving = Leaving::Pieces(Pieces::of(frame)),
                    None => return Poll::Pending,
                },
                Leaving::Pieces(_) => {
                    // Each piece once the one before has left the websocket's own buffer, which would grow otherwise.
                    ready!(self.sink.poll_flush_unpin(context))?;
                    ready!(self.sink.poll_ready_unpin(context))?;
                    if let Leaving::Pieces(pieces) = std::mem::replace(&mut self.leaving, Leaving::Flushing) {
                        let (piece, left) = pieces.next();
                        self.sink.start_send_unpin(piece)?;
                        self.leaving = left.map_or(Leaving::Flushing, Leaving::Pieces);
                    }
                }
                Leaving::Flushing => {
                    ready!(self.sink.poll_flush_unpin(context))?;
                    self.leaving = Leaving::Nothing;
                    if self.waiting.is_empty() {
                        // Most connections rest most of the time, and a queue keeps the room it once needed.
                        self.waiting = VecDeque::new();
                    }
                    self.since = (!self.waiting.is_empty()).then(Instant::now);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// Sends what waits, then the websocket's own goodbye.
    pub(crate) async fn finish(&mut self, code: CloseCode, reason: &'static str) -> Result<(), SocketError> {
        while self.len() > 0 {
            self.sent().await?;
        }
        self.sink.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::PIECE_BYTES;
    use futures_util::StreamExt;
    use std::convert::Infallible;
    use std::sync::Arc;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

    fn frame(bytes: usize) -> Arc<[u8]> {
        (0..bytes).map(|n| (n % 251) as u8).collect()
    }

    #[tokio::test]
    async fn a_long_frame_is_never_handed_to_the_websocket_whole() {
        let never = |never: Infallible| -> SocketError { match never {} };
        let mut outgoing = Outgoing::new(Vec::<Message>::new().sink_map_err(never));
        let sizes = [1, PIECE_BYTES, PIECE_BYTES + 1, 10 * PIECE_BYTES - 1];
        for bytes in sizes {
            outgoing.push(frame(bytes));
        }
        while outgoing.len() > 0 {
            outgoing.sent().await.unwrap();
        }
        let payload = |message: &Message| match message {
            Message::Frame(frame) => frame.payload().len(),
            other => panic!("a piece was expected: {other:?}"),
        };
        let pieces: Vec<usize> = outgoing.sink.get_ref().iter().map(payload).collect();
        assert_eq!(pieces.iter().sum::<usize>(), sizes.iter().sum::<usize>());
        assert!(pieces.iter().all(|piece| *piece <= PIECE_BYTES), "{pieces:?}");
        assert_eq!(pieces.len(), 1 + 1 + 2 + 10);
        assert_eq!(outgoing.waiting.capacity(), 0, "a queue that is empty keeps no room");
    }

    #[tokio::test]
    async fn whoever_receives_a_long_frame_gets_it_in_one_piece_and_in_its_place() {
        let (here, there) = tokio::io::duplex(1_000);
        let config = WebSocketConfig::default().write_buffer_size(0);
        let here = WebSocketStream::from_raw_socket(here, Role::Server, Some(config)).await;
        let mut there = WebSocketStream::from_raw_socket(there, Role::Client, None).await;
        let (sink, _stream) = here.split();
        let mut outgoing = Outgoing::new(sink);
        let frames = [frame(3), frame(256 << 10), frame(PIECE_BYTES), frame(17)];
        frames.iter().for_each(|frame| outgoing.push(Arc::clone(frame)));
        let sending = tokio::spawn(async move { outgoing.finish(CloseCode::Normal, "done").await });
        for frame in &frames {
            let Message::Binary(received) = there.next().await.unwrap().unwrap() else { panic!("a binary message") };
            assert_eq!(received, frame.as_ref());
        }
        assert!(matches!(there.next().await, Some(Ok(Message::Close(_)))));
        sending.await.unwrap().unwrap();
    }
}
