//! What passes between two peers, counted by the same means for every engine: a TCP proxy on the loopback device, with a
//! delay if asked for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::Failed;

/// Read at once. Smaller pieces would make the proxy, and not the peers, the slowest on the way.
const PIECE_BYTES: usize = 64 << 10;

/// Pieces that may be under way in one direction; then TCP holds the sender back.
const PIECES_MAX: usize = 1_024;

/// What passed: payload of TCP, in both directions, the opening of the websocket included.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) up: u64,
    pub(crate) down: u64,
    /// How often bytes came down after bytes had gone up.
    pub(crate) turns: u64,
    last_went_up: bool,
}

/// A proxy, until its runtime ends.
pub(crate) struct Proxy {
    address: SocketAddr,
    traffic: Arc<Mutex<Traffic>>,
    delay: Arc<Mutex<Duration>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Proxy {
    pub(crate) fn start(runtime: &Runtime, target: &str) -> Result<Proxy, Failed> {
        let target: SocketAddr = target.parse()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let delay = Arc::new(Mutex::new(Duration::ZERO));
        let (counted, delayed) = (Arc::clone(&traffic), Arc::clone(&delay));
        runtime.spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (counted, delayed) = (Arc::clone(&counted), Arc::clone(&delayed));
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(target).await else { return };
                    if near.set_nodelay(true).is_err() || far.set_nodelay(true).is_err() {
                        return;
                    }
                    let (near_in, near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    tokio::spawn(carry(near_in, far_out, Direction::Up, Arc::clone(&counted), Arc::clone(&delayed)));
                    tokio::spawn(carry(far_in, near_out, Direction::Down, counted, delayed));
                });
            }
        });
        Ok(Proxy { address, traffic, delay })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on bytes take so long each way.
    pub(crate) fn delay(&self, each_way: Duration) {
        *self.delay.lock().unwrap_or_else(PoisonError::into_inner) = each_way;
    }

    /// What passed since this was last asked.
    pub(crate) fn take(&self) -> Traffic {
        std::mem::take(&mut *self.traffic.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Carries one direction to its end, in order, each piece as long after it came as the delay was then.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    direction: Direction,
    traffic: Arc<Mutex<Traffic>>,
    delay: Arc<Mutex<Duration>>,
) {
    let (put, mut pieces) = tokio::sync::mpsc::channel::<(Instant, Vec<u8>)>(PIECES_MAX);
    let writing = tokio::spawn(async move {
        while let Some((due, piece)) = pieces.recv().await {
            if due > Instant::now() {
                tokio::time::sleep_until(due).await;
            }
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        // The reader is told the end; when it is gone, there is nobody to tell.
        let _ = to.shutdown().await;
    });
    let mut buffer = vec![0; PIECE_BYTES];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        count(&traffic, direction, read as u64);
        let due = Instant::now() + *delay.lock().unwrap_or_else(PoisonError::into_inner);
        if put.send((due, buffer[..read].to_vec())).await.is_err() {
            break;
        }
    }
    drop(put);
    // It ends by itself, with the last piece or the first that cannot be written.
    let _ = writing.await;
}

fn count(traffic: &Mutex<Traffic>, direction: Direction, bytes: u64) {
    let mut traffic = traffic.lock().unwrap_or_else(PoisonError::into_inner);
    match direction {
        Direction::Up => traffic.up += bytes,
        Direction::Down => {
            traffic.down += bytes;
            traffic.turns += u64::from(traffic.last_went_up);
        }
    }
    traffic.last_went_up = direction == Direction::Up;
}
