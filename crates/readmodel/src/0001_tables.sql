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
  created_at_ms INTEGER NOT NULL,
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

-- Limits of dossiers, judged: from these every state at every instant. `end_ms` is an authored time; what is not fulfilled has none.
CREATE TABLE view_limit (
  n INTEGER PRIMARY KEY,
  doc BLOB NOT NULL,
  record TEXT NOT NULL,
  customer TEXT NOT NULL,
  code TEXT NOT NULL,
  part TEXT,
  from_ms INTEGER NOT NULL,
  soon_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  end_ms INTEGER,
  roles TEXT NOT NULL,
  staff TEXT,
  urgency TEXT,
  policy TEXT
) STRICT;

CREATE INDEX view_limit_doc ON view_limit (doc);
CREATE INDEX view_limit_open ON view_limit (code, from_ms) WHERE end_ms IS NULL;
CREATE INDEX view_limit_ended ON view_limit (end_ms) WHERE end_ms IS NOT NULL;

-- Stretches in which something is to be looked at by the daily check: delayed, past due, approved without a task, a critical
-- complaint.
CREATE TABLE view_span (
  n INTEGER PRIMARY KEY,
  doc BLOB NOT NULL,
  record TEXT NOT NULL,
  customer TEXT NOT NULL,
  what TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  end_ms INTEGER,
  staff TEXT
) STRICT;

CREATE INDEX view_span_doc ON view_span (doc);
CREATE INDEX view_span_what ON view_span (what, end_ms);

-- What key figures count: one row for each countable fact.
CREATE TABLE view_fact (
  n INTEGER PRIMARY KEY,
  doc BLOB NOT NULL,
  record TEXT NOT NULL,
  fact TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  person TEXT,
  customer TEXT,
  value INTEGER,
  ok INTEGER
) STRICT;

CREATE INDEX view_fact_doc ON view_fact (doc);
CREATE INDEX view_fact_at ON view_fact (fact, at_ms);

-- Pairs of customers that are one.
CREATE TABLE view_merge (
  doc BLOB NOT NULL,
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  PRIMARY KEY (doc, a, b)
) STRICT, WITHOUT ROWID;
