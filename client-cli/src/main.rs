//! `fieldbook`.

fn main() {}
