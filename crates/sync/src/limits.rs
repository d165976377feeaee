//! Every bound of the protocol, with its unit and its reason. They are part of PROTOCOL.md.

/// Largest change, in bytes. A change is one edit by a person: text fields hold some hundred characters, so this is a
/// thousand times the usual size. Larger ones are refused as too large and stay on their device.
pub const CHANGE_BYTES_MAX: usize = 512 * 1024;

/// How many bytes of changes or documents a sender puts into one frame before it starts another: small enough to cross a
/// poor link before it is cut, large enough to compress well across documents. One item may exceed it alone.
pub const BATCH_BYTES: usize = 256 * 1024;

/// Largest section once decompressed, in bytes; a receiver allocates no more than this for a frame's payload. A batch that
/// ends with the largest change fits.
pub const SECTION_BYTES_MAX: usize = 1024 * 1024;

/// Largest frame, in bytes: an incompressible section and the frame around it.
pub const FRAME_BYTES_MAX: usize = SECTION_BYTES_MAX + 4 * 1024;

/// Most changes in a push and most items in a frame of documents. Bounds what is allocated besides the payload.
pub const ITEMS_PER_FRAME_MAX: usize = 4_096;

/// Most bytes of one document's changes at a relay, in all; its store refuses more as too large. Twenty years of the busiest
/// dossier stay below a tenth.
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Fewest bytes of payload that a device may want in one frame: a very poor link loses this much when it is cut.
pub const FRAME_BYTES_WANTED_MIN: u32 = 2 * 1024;

/// Most bytes of payload that a device may want in one frame.
pub const FRAME_BYTES_WANTED_MAX: u32 = BATCH_BYTES as u32;

/// What part of the bytes that a connection has carried the payload of a frame may be, when that is more than the device
/// wants. Payload packs to a quarter and less, so that a cut costs some fiftieth of what a link is good for.
pub const CARRIED_PER_PAYLOAD: u64 = 6;

/// How many bytes of payload go into the next frame of a connection that has `carried` so many bytes, when the device wanted
/// `wanted` at its beginning: a link that bears much is given more at a time, without being asked again.
pub(crate) fn payload_bytes(wanted: usize, carried: u64) -> usize {
    let grown = usize::try_from(carried / CARRIED_PER_PAYLOAD).unwrap_or(usize::MAX);
    wanted.max(grown).min(BATCH_BYTES)
}

/// Largest frames, in bytes of payload, that share a window while a device catches up; larger ones compress as well alone.
pub const WINDOW_FRAME_BYTES_MAX: usize = 64 * 1024;

/// A document that lacks more bytes than this, and more than one frame, is passed over in a catch-up and follows when
/// everything smaller has arrived.
pub const LARGE_BYTES_MIN: usize = 32 * 1024;

/// How many large documents a catch-up passes over, the one whose turn it is included; further ones are sent in their turn.
pub const OWED_MAX: usize = 64;

/// Most ranges in one question of reconciling: 10 KB, answered by 100 KB at most.
pub const RANGES_PER_FRAME_MAX: usize = 256;

/// Into how many parts a relay splits a range that differs, and up to how many documents it lists one instead.
pub const RANGE_FANOUT: usize = 16;

/// How often a range may be split: sixteen parts each time are more documents than there can be.
pub const RANGE_DEPTH_MAX: u8 = 8;

/// How many documents of a relay reconciling reckons with: ten times the largest branch there could be.
pub const BOOK_DOCUMENTS_MAX: u64 = 4_194_304;

/// Most documents in one frame of questions about changes.
pub const ASKS_PER_FRAME_MAX: usize = 1_024;

/// Most documents that one frame brings back: the tombstones that may answer it fit into a frame.
pub const RESTORE_ITEMS_MAX: usize = 1_024;

/// Most changes that one question about a document names, 16 bytes each: they fill a section. A document of real edits
/// reaches [`DOCUMENT_BYTES_MAX`] before; one of more changes is asked about with the first of them.
pub const ASK_HASHES_MAX: usize = 61_440;

/// How many frames of each kind of reconciling may wait for their answer, those about ranges excepted: of these one.
pub const ASKS_IN_FLIGHT_MAX: usize = 4;

/// How many pushes may wait for their verdicts: the next batch crosses the link while the relay's disk works on the last.
pub const PUSHES_IN_FLIGHT_MAX: usize = 4;

/// How many changes, at most, a Welcome says the relay took of which the device has not heard: more than a poor link can
/// have carried and not answered. What exceeds them is pushed again and sent back, which is harmless.
pub const TAKEN_MAX: usize = 256;

/// How many frames of documents a relay hands to one socket before the driver says that one of them has left. Bounds what
/// a slow device can hold in memory.
pub const FRAMES_IN_FLIGHT_MAX: usize = 4;

/// Most dependencies of one change. A device that merged with this many others at once would have more heads than any
/// branch has devices.
pub const CHANGE_DEPS_MAX: usize = 1_024;

/// Most operations in one change. Run-length encoding lets few bytes claim any number; reading them must end.
pub const CHANGE_OPS_MAX: u64 = 200_000;

/// Longest text of a handshake (names, versions, explanations), in bytes.
pub const TEXT_BYTES_MAX: usize = 400;

/// Longest invite code, in bytes.
pub const INVITE_BYTES_MAX: usize = 64;

/// How long a handshake may take from the opening to the Welcome, in milliseconds.
pub const HANDSHAKE_MS_MAX: u64 = 20_000;

/// After how long without sending a device sends a Ping, in milliseconds: well below the timeouts of the proxies between.
pub const HEARTBEAT_MS: u64 = 20_000;

/// After how long without receiving a frame either side takes the link for dead, in milliseconds. The largest usual
/// frame (256 KiB) needs 65 s at 32 kbit/s.
pub const IDLE_MS_MAX: u64 = 90_000;

/// After how many committed frames of documents a device reports its cursor while it is catching up.
pub const PROGRESS_EVERY_FRAMES: u32 = 16;
