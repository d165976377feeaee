//! The protocol: wire format and the two ends as state machines. Pure and schema-blind.
