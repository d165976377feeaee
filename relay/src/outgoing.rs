//! The sending half of a socket, so that a connection can wait for its frames to leave and for everything else at once.
//!
//! Sending inside the loop that also receives would let two peers that both have much to say wait for each other forever.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use axum::Error as SocketError;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message};
use futures_util::{Sink, SinkExt};
use tokio::time::Instant;

/// Frames on their way into a socket.
pub(crate) struct Outgoing<S> {
    sink: S,
    waiting: VecDeque<Message>,
    leaving: bool,
    since: Option<Instant>,
}

impl<S: Sink<Message, Error = SocketError> + Unpin> Outgoing<S> {
    pub(crate) fn new(sink: S) -> Self {
        Outgoing { sink, waiting: VecDeque::new(), leaving: false, since: None }
    }

    /// Puts a frame behind those that wait.
    pub(crate) fn push(&mut self, frame: std::sync::Arc<[u8]>) {
        self.waiting.push_back(Message::Binary(Bytes::from_owner(frame)));
        self.since.get_or_insert_with(Instant::now);
    }

    /// Frames that have not left.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.leaving)
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
        if !self.leaving {
            if self.waiting.is_empty() {
                return Poll::Pending;
            }
            ready!(self.sink.poll_ready_unpin(context))?;
            if let Some(frame) = self.waiting.pop_front() {
                self.sink.start_send_unpin(frame)?;
                self.leaving = true;
            }
        }
        ready!(self.sink.poll_flush_unpin(context))?;
        self.leaving = false;
        self.since = (!self.waiting.is_empty()).then(Instant::now);
        Poll::Ready(Ok(()))
    }

    /// Sends what waits, then the websocket's own goodbye.
    pub(crate) async fn finish(&mut self, code: u16, reason: &'static str) -> Result<(), SocketError> {
        while self.len() > 0 {
            self.sent().await?;
        }
        self.sink.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await
    }
}
