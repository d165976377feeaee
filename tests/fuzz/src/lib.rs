//! The targets of `tests/src/fuzz`, read by their path: cargo-fuzz then builds the engine's crates and not the relay, the
//! browser and what else the package `tests` needs.

use std::cell::RefCell;
use std::panic::{catch_unwind, resume_unwind, set_hook};
use std::sync::Once;

#[path = "../../src/fuzz/mod.rs"]
pub mod targets;

#[path = "../../src/generate/mod.rs"]
pub mod generate;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs a target. Only a panic that reaches this place is a finding: automerge's are caught where its bytes are read, but
/// libFuzzer's own hook would end the process at the first of them.
pub fn run(target: &str, data: &[u8]) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        set_hook(Box::new(|panic| {
            let trace = std::backtrace::Backtrace::capture();
            LAST.with_borrow_mut(|last| *last = format!("{panic}\n{trace}"));
        }));
    });
    if let Err(panic) = catch_unwind(|| targets::run(target, data)) {
        LAST.with_borrow(|last| eprintln!("{last}"));
        resume_unwind(panic);
    }
}
