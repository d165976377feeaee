//! `fieldbook-relay`.

fn main() {}
