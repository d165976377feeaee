//! The dossier: kinds of record, events and their fold, validation, conflicts. Pure.
