//! What a poor link costs: 200 ms round trips, 32 kbit/s, and a connection cut every 32 KiB.
//!
//! `cargo test -p tests --test poor_links -- --nocapture` tells the figures of ARCHITECTURE.md.

use tests::sim::poor::{Errand, Link, exchange};

/// 100 ms each way and 32 kbit/s, never cut.
const CLEAN: Link = Link { latency_ms: 100, bytes_per_s: 4_000, cut_every_bytes: None };
/// After how many bytes, both ways together, the other link is cut.
const CUT_EVERY_BYTES: u64 = 32 * 1024;
/// What may be sent over it, in per cent of what the clean link carries.
const PER_CENT_MAX: u64 = 115;

#[expect(clippy::print_stderr, reason = "the figures are told where they are measured")]
fn costs_little_more_over_a_link_that_is_cut(errand: Errand) {
    let over = |link| exchange(errand, link).unwrap_or_else(|what| panic!("{errand:?} over {link:?}: {what}"));
    let clean = over(CLEAN);
    let cut = over(Link { cut_every_bytes: Some(CUT_EVERY_BYTES), ..CLEAN });
    let per_cent = cut.bytes() * 100 / clean.bytes();
    eprintln!("{errand:?}: {per_cent} % of a clean run\n  clean {clean:?}\n  cut   {cut:?}");
    assert_eq!(clean.connections, 1, "nothing cuts a clean link");
    assert!(clean.bytes() > 2 * CUT_EVERY_BYTES, "there is something to be cut: {clean:?}");
    assert!(cut.bytes() * 100 <= clean.bytes() * PER_CENT_MAX, "{per_cent} %: {cut:?} beside {clean:?}");
    assert_eq!(cut.in_vain, 0, "every connection brings something: {cut:?}");
    assert!(
        u64::from(cut.connections) <= cut.bytes() / CUT_EVERY_BYTES + 1,
        "no connection ends before it is cut: {cut:?}"
    );
}

#[test]
fn a_first_join() {
    costs_little_more_over_a_link_that_is_cut(Errand::Join(300));
}

#[test]
fn an_outbox() {
    costs_little_more_over_a_link_that_is_cut(Errand::Push(300));
}

#[test]
fn a_catch_up() {
    costs_little_more_over_a_link_that_is_cut(Errand::Pull(300));
}

#[test]
fn an_outbox_and_a_catch_up_of_the_same_dossiers() {
    costs_little_more_over_a_link_that_is_cut(Errand::Both(300));
}
