//! Figures, funnel, timeline, visits and duplicates of a branch, from cases counted by hand; and that none of them depends on the
//! order in which documents came.
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod any_order;
mod cost;
mod duplicates;
mod funnel_and_timeline;
mod key_figures;
mod site;
