CREATE TABLE branch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  branch BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  epoch BLOB NOT NULL,
  zone TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  head INTEGER NOT NULL DEFAULT 0,
  documents INTEGER NOT NULL DEFAULT 0,
  changes INTEGER NOT NULL DEFAULT 0,
  change_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- `code` is made of `id`, so it is unique in the organisation and never given again; it is absent only while its row is
-- being made.
CREATE TABLE device (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  code TEXT UNIQUE,
  key BLOB NOT NULL UNIQUE,
  branch INTEGER NOT NULL REFERENCES branch (id),
  name TEXT NOT NULL,
  staff TEXT NOT NULL,
  role TEXT NOT NULL,
  enrolled_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER,
  seen_at_ms INTEGER,
  base INTEGER NOT NULL DEFAULT 0,
  through INTEGER NOT NULL DEFAULT 0,
  outbox INTEGER NOT NULL DEFAULT 0,
  clock_offset_ms INTEGER NOT NULL DEFAULT 0,
  app TEXT NOT NULL
) STRICT;

-- Actors begin with 8 bytes of their device's key.
CREATE UNIQUE INDEX device_actor ON device (substr(key, 1, 8));
CREATE INDEX device_branch ON device (branch);

CREATE TABLE invite (
  digest BLOB PRIMARY KEY,
  branch INTEGER NOT NULL REFERENCES branch (id),
  role TEXT NOT NULL,
  staff TEXT,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  used_by INTEGER REFERENCES device (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL,
  role TEXT NOT NULL,
  branch INTEGER REFERENCES branch (id),
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
  token BLOB PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  csrf TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_user ON session (user);

CREATE TABLE actor (
  id INTEGER PRIMARY KEY,
  actor BLOB NOT NULL UNIQUE
) STRICT;

-- The highest entry of an actor's outbox that the feed holds.
CREATE TABLE seen (
  branch INTEGER NOT NULL,
  actor INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  doc BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (branch, actor)
) STRICT, WITHOUT ROWID;

-- `place` is the branch's id in the upper bits and the position in the lower 40, so that a feed is one run of the table's
-- own order and appending goes to its end. `prev` is the position of the document's change before this one, or 0: reading
-- what a document gained since some position follows it back, one row per change wanted and no other index.
CREATE TABLE feed (
  place INTEGER PRIMARY KEY,
  document INTEGER NOT NULL,
  hash BLOB NOT NULL,
  actor INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  device INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

-- A change is identified by (document, hash): the genesis change is the same everywhere.
CREATE UNIQUE INDEX feed_hash ON feed (document, hash);

CREATE TABLE document (
  id INTEGER PRIMARY KEY,
  branch INTEGER NOT NULL,
  doc BLOB NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  tried INTEGER NOT NULL DEFAULT 0,
  saved_through INTEGER NOT NULL DEFAULT 0,
  saved_bytes INTEGER NOT NULL DEFAULT 0,
  UNIQUE (branch, doc)
) STRICT;

CREATE INDEX document_last ON document (branch, last);
CREATE INDEX document_behind ON document (branch, last) WHERE tried < last;

-- The last number each actor used in each document.
CREATE TABLE author (
  document INTEGER NOT NULL,
  actor INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (document, actor)
) STRICT, WITHOUT ROWID;

CREATE TABLE saved (
  document INTEGER PRIMARY KEY,
  heads BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE quarantine (
  document INTEGER PRIMARY KEY,
  branch INTEGER NOT NULL,
  through INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;

CREATE INDEX quarantine_branch ON quarantine (branch, at_ms);
