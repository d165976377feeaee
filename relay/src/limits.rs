//! Every bound of the relay, with its unit and its reason. The bounds of frames, batches, handshakes and silence are the
//! protocol's and stand in the `sync` crate. An invite can be guessed once per connection: a wrong one ends it.

use std::time::Duration;

use crate::rate::Rate;

/// Devices connected at once. 30 branches of 20 people is the largest organisation planned for; ten times that leaves room
/// for reconnects that overlap their own half-open predecessors. At 20 KB each that is 120 MB.
pub const CONNECTIONS_MAX: usize = 6_000;

/// Windows open at once: devices that catch up in small frames, on poor links. At 1.5 MB each that is 48 MB; further ones catch
/// up in frames that stand alone and are longer.
pub const WINDOWS_MAX: usize = 32;

/// Connections at once from one address. Branches sit behind one router, so it is a branch's worth and not a person's.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 1_000;

/// Connections at once of one device: a watcher, a command beside it, and what a bad network left half-open behind them in
/// [`sync::limits::IDLE_MS_MAX`].
pub const CONNECTIONS_PER_DEVICE_MAX: usize = 8;

/// Network connections beside those of devices: pages that are open and programs that read the API.
pub const VISITORS_MAX: usize = 2_000;

/// Network connections from one address beside those of devices.
pub const VISITORS_PER_ADDRESS_MAX: usize = 500;

/// A network connection on which nothing moves for so long is closed. Devices say something every 20 seconds and open pages hear
/// something as often, so only one that never asked for anything, or is gone, gets here.
pub const SILENCE_MAX: Duration = Duration::from_secs(120);

/// Connections that have not said who they are. A device says so within a round trip, so with one more the one that has been silent
/// for longest is told `busy`: strangers cannot take the places of devices.
pub const STRANGERS_MAX: usize = 1_024;

/// Connections opened from one address: the 450 devices of an organisation behind one router come back at once after a power cut,
/// twice over, and a device that is refused and tries again stays far below.
pub const OPENINGS_PER_ADDRESS: Rate = Rate { per_second: 20, burst: 1_000 };

/// Addresses whose openings are remembered; beyond it those that have rested longest are forgotten.
pub const OPENING_ADDRESSES_MAX: usize = 10_000;

/// How long whoever was turned away for want of room should wait, in seconds. Devices add chance to it by themselves.
pub const RETRY_AFTER_S: u64 = 10;

/// Frames from one connection. The smallest frames a device makes are 2 KiB, on links that carry a few of them a second; a burst is
/// 40 MB of them.
pub const FRAMES_PER_CONNECTION: Rate = Rate { per_second: 2_000, burst: 20_000 };

/// Bytes from one connection: more than any link of the field, and little enough that a handful of devices on the relay's
/// own network cannot fill its queues.
pub const BYTES_PER_CONNECTION: Rate = Rate { per_second: 32 << 20, burst: 64 << 20 };

/// How long one frame may take to leave: 256 KiB at 32 kbit/s is 65 seconds.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(90);

/// Frames that may wait to leave before the relay stops reading from that connection: the protocol has fewer under way, so only
/// a peer that asks without listening gets here.
pub const OUTGOING_FRAMES_MAX: usize = 16;

/// What a connection reads at once, in bytes. It is most of what an idle connection costs (20 KB in all); larger frames
/// are read in more pieces.
pub const READ_BUFFER_BYTES: usize = 4 << 10;

/// How long a closing connection may take to hear why.
pub const FAREWELL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection that sent more than is read stays open after it was told so.
pub const LINGER: Duration = Duration::from_secs(2);

/// Wrong invite codes from one address in [`INVITE_GUESS_WINDOW`]. With the length of a code this makes guessing one take
/// longer than the code lives.
pub const INVITE_GUESSES_PER_ADDRESS_MAX: u32 = 10;

/// The window of [`INVITE_GUESSES_PER_ADDRESS_MAX`].
pub const INVITE_GUESS_WINDOW: Duration = Duration::from_secs(60);

/// Addresses whose guesses are remembered; beyond it the oldest are forgotten, so that remembering cannot exhaust memory.
pub const GUESSING_ADDRESSES_MAX: usize = 10_000;

/// Pushes waiting for the store thread. A connection waits for its own verdict before it pushes again, so a full queue only
/// slows the pushers down.
pub const STORE_QUEUE_MAX: usize = 1_024;

/// Bytes of changes waiting for the store thread or being committed.
pub const STORE_QUEUE_BYTES_MAX: usize = 64 << 20;

/// Pushes committed in one transaction: enough to share one disk flush among everybody who waits, few enough to
/// answer the first within some tens of milliseconds.
pub const GROUP_COMMIT_MAX: usize = 256;

/// Bytes of changes committed in one transaction.
pub const GROUP_COMMIT_BYTES_MAX: usize = 8 << 20;

/// Connections that read feeds while others write. Reads are short; more would only compete for two cores.
pub const FEED_READERS_MAX: usize = 4;

/// Connections that read for the pages, apart from the feed's so that a morning's reconnects do not stall a supervisor.
pub const PAGE_READERS_MAX: usize = 4;

/// Connections that read one branch's derived rows.
pub const VIEW_READERS_MAX: usize = 4;

/// What SQLite keeps in memory of one branch's derived rows for each connection that reads them, in KiB: the indexes that one view
/// goes through. Tables are read by what stands in those.
pub const VIEW_READER_CACHE_KIB: i64 = 4_096;

/// The same for the connection that writes them, while it has something to write. A first push or a rebuild writes a branch's indexes
/// in random order, and with little memory most of their pages go to the file and back.
pub const VIEW_WRITER_CACHE_KIB: i64 = 65_536;

/// What SQLite keeps of the file in memory for each connection that reads, in KiB. Few: there are eight, and the system keeps the
/// file's pages too.
pub const READER_CACHE_KIB: i64 = 4_096;

/// Live batches kept per branch for sessions that are a little behind. A session further behind reads the feed instead, so
/// a slow device holds at most this many shared batches.
pub const LIVE_BATCHES_MAX: usize = 32;

/// Bytes of the live batches kept for one session, beside the latest.
pub const LIVE_BYTES_MAX: usize = 2 << 20;

/// Accepted groups waiting to be encoded for the live sessions; when full, sessions read the feed instead.
pub const PUBLISH_QUEUE_MAX: usize = 64;

/// Documents the materializer reads through at once: their rows and saved forms are one transaction each, so this bounds how long
/// pushes and pages wait for it, some tens of milliseconds.
pub const MATERIALIZE_DOCUMENTS_MAX: u32 = 256;

/// A document that took longer than this to read through rests before it is read again, so that one that grows without end
/// does not keep the rows of all others waiting.
pub const MATERIALIZE_LONG: Duration = Duration::from_millis(100);

/// How many times as long as it took it rests: with one such document the materializer has nineteen twentieths of its time for
/// the others.
pub const MATERIALIZE_REST: u32 = 20;

/// The longest rest.
pub const MATERIALIZE_REST_MAX: Duration = Duration::from_secs(60);

/// Documents that rest at once; a further one is read again without a rest.
pub const MATERIALIZE_RESTING_MAX: usize = 1_024;

/// How long the materializer waits when the disk does not let it go on.
pub const MATERIALIZER_RETRY: Duration = Duration::from_secs(1);

/// "Something changed" signals kept for each open page. A page that misses some reloads once, which is all it would do for each.
pub const PAGE_SIGNALS_MAX: usize = 256;

/// How often the relay looks whether another process (`fieldbook-relay device revoke`, `invite`, ...) wrote to its database. The
/// look is one pragma that reads one page of shared memory.
pub const REGISTRY_POLL: Duration = Duration::from_millis(200);

/// Erasures read and told at once.
pub const ERASURES_AT_ONCE: u32 = 256;

/// How long `erase` tries to get the bytes out of the files while others still read them.
pub const SCRUB_PATIENCE: Duration = Duration::from_secs(60);

/// How long it waits between two tries.
pub const SCRUB_RETRY: Duration = Duration::from_millis(100);

/// How long after an erasure, or after a try that failed, the serving relay sees to it that the bytes are gone.
pub const SCRUB_DELAY: Duration = Duration::from_secs(30);

/// Longest reason of an erasure, in bytes of UTF-8: every device keeps it for ever.
pub const WHY_BYTES_MAX: usize = vocab::Tombstone::WHY_BYTES_MAX;

/// How long a stop waits for connections to say goodbye and requests to finish.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// How long an invite lives unless told otherwise.
pub const INVITE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often what devices said of themselves is written down, all at once.
pub const REPORTS_PERIOD: Duration = Duration::from_secs(1);

/// A connected device that says nothing new counts as seen again after so long.
pub const SEEN_AGAIN: Duration = Duration::from_secs(30);

/// How often expired sessions and unused invites are removed.
pub const PRUNE_PERIOD: Duration = Duration::from_secs(60 * 60);

/// Longest name of a branch or of a user of the pages, in characters.
pub const NAME_CHARS_MAX: usize = 60;
