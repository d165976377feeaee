-- Everything here is derived from documents; `prepare` drops it all when its version differs.

CREATE TABLE view_meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  complete INTEGER NOT NULL
) STRICT;

CREATE TABLE view_document (
  doc BLOB PRIMARY KEY,
  customer TEXT,
  unknown INTEGER NOT NULL,
  damaged INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX view_document_changed ON view_document (changed_at_ms);

-- `inner`: the id as it stands in the document; `id`: as it is shown, with a mark where a document with a smaller id holds the
-- same one.
CREATE TABLE view_record (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  inner TEXT NOT NULL,
  doc BLOB NOT NULL,
  kind TEXT NOT NULL,
  customer TEXT NOT NULL,
  parent TEXT,
  state TEXT,
  person TEXT,
  urgency TEXT,
  grade TEXT,
  due_at_ms INTEGER,
  legacy_id TEXT,
  updated_at_ms INTEGER NOT NULL,
  void INTEGER NOT NULL,
  json TEXT NOT NULL,
  UNIQUE (id, doc)
) STRICT;

-- Hardly a record is shown otherwise than it stands in its document: only those are indexed by `inner`.
CREATE INDEX view_record_inner ON view_record (inner, doc) WHERE inner <> id;

CREATE INDEX view_record_doc ON view_record (doc);
CREATE INDEX view_record_updated ON view_record (kind, void, updated_at_ms);
CREATE INDEX view_record_state ON view_record (kind, void, state, updated_at_ms);
CREATE INDEX view_record_person ON view_record (person, kind) WHERE person IS NOT NULL;
CREATE INDEX view_record_legacy ON view_record (legacy_id, kind) WHERE legacy_id IS NOT NULL;

CREATE TABLE view_conflict (
  id TEXT NOT NULL,
  doc BLOB NOT NULL,
  record TEXT NOT NULL,
  severity INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (doc, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX view_conflict_id ON view_conflict (id);
CREATE INDEX view_conflict_order ON view_conflict (severity, since_ms);

-- Kept as rows come and go: counting 474,000 tasks for a page would take longer than the page may.
CREATE TABLE view_count (
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  void INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (kind, state, void)
) STRICT, WITHOUT ROWID;

-- What people wrote, as `words` cuts it up. Contentless: the texts themselves stand in `view_record.json`.
CREATE VIRTUAL TABLE view_search USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61');
