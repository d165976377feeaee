//! Many seeds of the simulation, and proof that its checks bite.
//!
//! `FIELDBOOK_SIM_SEEDS=2000 cargo test -p tests --test simulation` runs that many seeds;
//! `FIELDBOOK_SIM_SEED=17 cargo test -p tests --test simulation` replays one and tells its story.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use tests::sim::{Mutation, Summary, Violation, narrate, run};

/// How many seeds a plain `cargo test` runs.
const SEEDS: u64 = 100;
/// How many seeds a deliberate fault may survive.
const MUTATION_SEEDS_MAX: u64 = 60;

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not `{value}`")))
}

/// Runs the seeds on every core; the results in the order of the seeds.
fn run_all(seeds: Range<u64>) -> BTreeMap<u64, Result<Summary, Violation>> {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut results = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return results;
            }
            results.push((seed, run(seed, None)));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a run does not panic")).collect()
    })
}

#[test]
fn whatever_breaks_every_store_holds_the_same_in_the_end() {
    if let Some(seed) = number("FIELDBOOK_SIM_SEED") {
        let (result, story) = narrate(seed, None);
        eprintln!("{}", story.join("\n"));
        return eprintln!("seed {seed}: {}", result.unwrap_or_else(|violation| panic!("{violation}")));
    }
    let seeds = 0..number("FIELDBOOK_SIM_SEEDS").unwrap_or(SEEDS);
    let mut sum = Summary::default();
    let mut violations = Vec::new();
    for result in run_all(seeds.clone()).into_values() {
        match result {
            Ok(summary) => sum += summary,
            Err(violation) => violations.push(violation),
        }
    }
    eprintln!("{} seeds: {sum}", seeds.end - seeds.start);
    let count = violations.len();
    let shown: Vec<String> = violations.iter().take(20).map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{count} seeds fail:\n{}", shown.join("\n"));
    if seeds.end >= SEEDS {
        let idle: Vec<&str> = sum.counts().iter().filter(|(_, count)| *count == 0).map(|(words, _)| *words).collect();
        assert!(idle.is_empty(), "never in {} seeds: {idle:?}", seeds.end);
    }
}

#[test]
fn a_seed_gives_the_same_run_for_ever() {
    for seed in 0..5 {
        assert_eq!(run(seed, None), run(seed, None));
    }
    assert_ne!(run(1, None), run(2, None));
}

#[test]
fn every_deliberate_fault_is_noticed() {
    for mutation in Mutation::ALL {
        let noticed = (0..MUTATION_SEEDS_MAX).find_map(|seed| run(seed, Some(mutation)).err());
        match noticed {
            Some(violation) => eprintln!("{mutation:?}: {violation}"),
            None => panic!("{mutation:?} survived {MUTATION_SEEDS_MAX} seeds"),
        }
    }
}
