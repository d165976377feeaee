//! Bytes in SQLite: documents, changes, outbox, feeds, registry, migrations.
