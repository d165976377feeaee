-- What the changes of the document come to; absent in a document of an older version until the device has counted it.
ALTER TABLE document ADD COLUMN sum BLOB;
CREATE INDEX document_unsummed ON document (id) WHERE sum IS NULL;

-- What the relay is known to have: all changes applied or set aside and all tombstones, without those of the outbox. Kept
-- as each of them comes and goes.
CREATE TABLE acknowledged (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  sum BLOB NOT NULL
) STRICT;
INSERT INTO acknowledged VALUES (1, zeroblob(16));

-- A change that could not be applied; tried again when more of its document arrives.
CREATE TABLE set_aside (
  doc BLOB NOT NULL,
  hash BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (doc, hash)
) STRICT, WITHOUT ROWID;

-- Tombstones, for ever. `pending`: how many changes the relay never had were dropped with the document. `told`: a person
-- was. `scrubbed`: 0 nothing was done since, 1 the file was rewritten, 2 the WAL was emptied as well.
CREATE TABLE erased (
  id INTEGER PRIMARY KEY,
  doc BLOB NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  why TEXT NOT NULL,
  key BLOB NOT NULL,
  signature BLOB NOT NULL,
  pending INTEGER NOT NULL,
  told INTEGER NOT NULL DEFAULT 0,
  scrubbed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX erased_untold ON erased (id) WHERE told = 0;
CREATE INDEX erased_unscrubbed ON erased (id) WHERE scrubbed < 2;

-- Large documents that the cursor has passed and that are held up to `within`.
CREATE TABLE owed (
  doc BLOB PRIMARY KEY,
  within INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE membership ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
-- The highest position at which the relay is known to hold something that is acknowledged here.
ALTER TABLE membership ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;
ALTER TABLE membership ADD COLUMN frame_bytes INTEGER NOT NULL DEFAULT 262144;

CREATE INDEX outbox_change ON outbox (doc, hash);
