//! A device's engine: joins records, store, read model and sync; socket and clock live here.
