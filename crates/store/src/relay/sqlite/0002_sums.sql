-- The feed again, with the sum after each row: `sum` stands before `bytes`, which may be long.
CREATE TABLE feed_summed (
  place INTEGER PRIMARY KEY,
  document INTEGER NOT NULL,
  hash BLOB NOT NULL,
  actor INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  device INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  prev INTEGER NOT NULL,
  sum BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
INSERT INTO feed_summed
  SELECT place, document, hash, actor, seq, device, received_at_ms, prev, zeroblob(16), bytes FROM feed;
DROP TABLE feed;
ALTER TABLE feed_summed RENAME TO feed;

-- Also gives all positions of a document without reading its changes.
CREATE UNIQUE INDEX feed_hash ON feed (document, hash);

-- `change_bytes`: all its changes together. `erased`: the position of its tombstone, or 0. A tombstone's row in the feed has
-- no bytes, a hash of zeros, and neither actor nor, unless one brought it back, device.
ALTER TABLE document ADD COLUMN sum BLOB NOT NULL DEFAULT X'00000000000000000000000000000000';
ALTER TABLE document ADD COLUMN change_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;

ALTER TABLE branch ADD COLUMN sum BLOB NOT NULL DEFAULT X'00000000000000000000000000000000';
ALTER TABLE branch ADD COLUMN recovering INTEGER NOT NULL DEFAULT 0;
-- SQLite's generator is seeded by the system's; branches made from now on bring their key.
ALTER TABLE branch ADD COLUMN secret BLOB NOT NULL DEFAULT X'';
UPDATE branch SET secret = randomblob(32);

-- `scrubbed`: 0 nothing was done since, 1 the file was rewritten, 2 the WAL was emptied as well.
CREATE TABLE tombstone (
  document INTEGER PRIMARY KEY,
  branch INTEGER NOT NULL,
  position INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  why TEXT NOT NULL,
  key BLOB NOT NULL,
  signature BLOB NOT NULL,
  scrubbed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX tombstone_position ON tombstone (branch, position);
CREATE INDEX tombstone_unscrubbed ON tombstone (document) WHERE scrubbed < 2;

-- The highest number a code was ever made of, here or by a relay that was lost.
CREATE TABLE device_code (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL
) STRICT;
INSERT INTO device_code SELECT 1, coalesce((SELECT max(id) FROM device), 0);
