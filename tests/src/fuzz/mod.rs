//! Targets for fuzzing: every decoder that sees bytes of a peer, of a file or of a person, and both sessions fed with what
//! nobody honest would send.
//!
//! A target takes any bytes and returns, or panics, which is a finding. `tests/fuzz` lets cargo-fuzz search for such bytes;
//! `tests/tests/fuzz_corpora.rs` runs what was found worth keeping through the same functions, as plain tests. `tests/fuzz`
//! reads these files by their path, so nothing here uses the rest of this package but its generator.

mod bytes;
mod decoders;
mod device;
mod documents;
mod frames;
mod people;
mod pool;
mod relay;

/// A target: its name, which is that of its corpus too, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 13] = [
    ("frame", decoders::frame),
    ("section", decoders::section),
    ("payload", decoders::payload),
    ("signed", decoders::signed),
    ("inspect", decoders::inspect),
    ("dossier", documents::dossier),
    ("take", documents::take),
    ("stored", documents::stored),
    ("csv", people::csv),
    ("xlsx", people::xlsx),
    ("words", people::words),
    ("device", device::session),
    ("relay", relay::session),
];

/// Runs the target of this name.
///
/// # Panics
/// When there is no such target, or it found something.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.unwrap_or_else(|| panic!("no target is called {name}"));
    target(data);
}
