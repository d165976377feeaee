//! Rows derived from documents, search, and every view as a query.
