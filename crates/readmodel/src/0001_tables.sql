-- Everything here is derived from documents; `prepare` drops it all when its version differs.

-- `policies`: what tells the versions in `view_policy` from any others.
CREATE TABLE view_meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  policies TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE view_document (
  doc BLOB PRIMARY KEY,
  customer TEXT,
  unknown INTEGER NOT NULL,
  damaged INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  began_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX view_document_changed ON view_document (changed_at_ms);
CREATE INDEX view_document_began ON view_document (began_at_ms) WHERE began_at_ms IS NOT NULL;

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
-- What recurs by the calendar is asked of every customer: no need to read their rows.
CREATE INDEX view_record_account ON view_record (grade, created_at_ms, id, person, kind, void, customer)
  WHERE kind = 'customer' AND void = 0 AND id = customer;
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

-- Versions of the policy that hold, under the ids that stand in their document.
CREATE TABLE view_policy (
  doc BLOB NOT NULL,
  record TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  actor BLOB NOT NULL,
  author TEXT,
  reason TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (doc, record)
) STRICT, WITHOUT ROWID;

-- Limits of dossiers, judged: from these every state at every instant. `end_ms` is an authored time; what is not fulfilled
-- has none. `roles`: a bit for each role of `vocab::Role::ALL`.
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
  roles INTEGER NOT NULL,
  staff TEXT,
  urgency TEXT,
  policy TEXT
) STRICT;

CREATE INDEX view_limit_doc ON view_limit (doc);
-- What is open is asked for all the time: its index holds all of it.
CREATE INDEX view_limit_open ON view_limit (code, from_ms, soon_ms, due_ms, urgency, roles, staff, record, part, customer, policy, end_ms)
  WHERE end_ms IS NULL;
-- What was open at an instant of the past ended within a week of it, or lasted for longer than a week.
CREATE INDEX view_limit_ended ON view_limit (end_ms) WHERE end_ms IS NOT NULL;
CREATE INDEX view_limit_long ON view_limit (end_ms) WHERE end_ms - from_ms > 604800000;
-- Key figures: how many of those due in a month were met, and how soon inquiries and complaints were replied to.
CREATE INDEX view_limit_due ON view_limit (due_ms, code, staff, end_ms);
CREATE INDEX view_limit_reply ON view_limit (from_ms, due_ms, end_ms, staff) WHERE code = 'L12';
CREATE INDEX view_limit_missed ON view_limit (end_ms) WHERE end_ms > due_ms;

-- Moments and stretches that views ask for, by `records::limits::What`.
CREATE TABLE view_moment (
  n INTEGER PRIMARY KEY,
  doc BLOB NOT NULL,
  record TEXT NOT NULL,
  customer TEXT,
  what TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  end_ms INTEGER,
  staff TEXT
) STRICT;

CREATE INDEX view_moment_doc ON view_moment (doc);
CREATE INDEX view_moment_from ON view_moment (what, from_ms, customer);
CREATE INDEX view_moment_end ON view_moment (what, end_ms);

-- What figures, funnel, timeline, merges and duplicates are made of, by the number of the record in `view_record`.

-- One row for each countable fact: `records::facts::FactCode` says what the columns hold. `own`: the number of the dossier's
-- customer, or of the record itself where there is none.
CREATE TABLE view_fact (
  n INTEGER NOT NULL,
  fact TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  own INTEGER NOT NULL,
  person TEXT,
  value INTEGER,
  ok INTEGER,
  PRIMARY KEY (n, fact, at_ms)
) STRICT, WITHOUT ROWID;

-- Figures read facts from here alone: rows of one month lie all over the table.
CREATE INDEX view_fact_at ON view_fact (fact, at_ms, own, person, value, ok);

-- How far the need of each assessment came.
CREATE TABLE view_need (
  n INTEGER PRIMARY KEY,
  raised_ms INTEGER NOT NULL,
  assessed_ms INTEGER,
  executed_ms INTEGER,
  fed_back_ms INTEGER,
  improved_ms INTEGER
) STRICT;

CREATE INDEX view_need_raised ON view_need (raised_ms);

-- Tasks and trainings on the timeline; no `until_ms` while something is still to be done. `estimates`: [[made, due], ..].
CREATE TABLE view_bar (
  n INTEGER PRIMARY KEY,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER,
  planned_from_ms INTEGER,
  planned_until_ms INTEGER,
  began_ms INTEGER,
  ended_ms INTEGER,
  estimates TEXT
) STRICT;

CREATE INDEX view_bar_from ON view_bar (from_ms);
-- Those that may reach further than 31 days: what is asked of a stretch of time has to look at all of these, and of the others
-- only at what began not long before it.
CREATE INDEX view_bar_long ON view_bar (from_ms) WHERE until_ms IS NULL OR until_ms - from_ms > 2678400000;

-- Pairs of customers that are one: the one with this number, and the other as it is called there.
CREATE TABLE view_merge (
  n INTEGER NOT NULL,
  other TEXT NOT NULL,
  PRIMARY KEY (n, other)
) STRICT, WITHOUT ROWID;

-- Histories of customers as the pairs of letters in them (`records::Bigrams`), for finding those that were entered twice.
CREATE TABLE view_history (
  n INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  size INTEGER NOT NULL,
  pairs BLOB NOT NULL
) STRICT;

CREATE INDEX view_history_size ON view_history (channel, size);
