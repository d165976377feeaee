-- Rows that exist once have id 1.

CREATE TABLE identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  secret BLOB NOT NULL,
  key BLOB NOT NULL,
  generation BLOB NOT NULL,
  code TEXT NOT NULL,
  staff TEXT NOT NULL,
  role TEXT NOT NULL,
  name TEXT NOT NULL
) STRICT;

CREATE TABLE clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last_ms INTEGER NOT NULL,
  offset_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE membership (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  relay TEXT NOT NULL,
  branch BLOB NOT NULL,
  branch_name TEXT NOT NULL,
  epoch BLOB,
  base INTEGER NOT NULL,
  through INTEGER NOT NULL,
  acknowledged_seq INTEGER,
  acknowledged_hash BLOB
) STRICT;

CREATE TABLE last_sync (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at_ms INTEGER NOT NULL,
  report TEXT NOT NULL
) STRICT;

CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A document is its snapshot followed by the changes of its tail. Random ids stay out of the table's own order, so that a
-- book of many small documents is written front to back.
CREATE TABLE document (
  id INTEGER PRIMARY KEY,
  doc BLOB NOT NULL UNIQUE,
  heads BLOB NOT NULL,
  snapshot_bytes INTEGER NOT NULL,
  tail_bytes INTEGER NOT NULL,
  tail_changes INTEGER NOT NULL
) STRICT;

-- Apart from its document's row, which every appended change rewrites.
CREATE TABLE snapshot (
  document INTEGER PRIMARY KEY REFERENCES document (id) ON DELETE CASCADE,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE tail (
  document INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  hash BLOB NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (document, n)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a number that was ever given is never given again, since the relay remembers the highest it has seen.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  doc BLOB NOT NULL,
  hash BLOB NOT NULL,
  bytes BLOB NOT NULL,
  refused INTEGER,
  refused_at_ms INTEGER
) STRICT;

CREATE INDEX outbox_refused ON outbox (seq) WHERE refused IS NOT NULL;

-- What arrived and could not be taken in; the bytes are kept so that nothing is lost silently.
CREATE TABLE invalid (
  doc BLOB PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
