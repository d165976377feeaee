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

/// Largest saved form of one document, in bytes, over all its parts. Twenty years of the busiest dossier stay below a tenth.
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How many pushes may wait for their verdicts: the next batch crosses the link while the relay's disk works on the last.
pub const PUSHES_IN_FLIGHT_MAX: usize = 4;

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
