//! Many seeds of the simulation, and proof that its checks bite.
//!
//! `FIELDBOOK_SIM_SEEDS=2000 cargo test -p tests --test simulation` runs that many seeds;
//! `FIELDBOOK_SIM_SEED=17 cargo test -p tests --test simulation` replays one.

use std::collections::BTreeMap;
use std::ops::Range;

use tests::sim::{Mutation, Summary, Violation, run};

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
    std::thread::scope(|scope| {
        let work = |first: usize| {
            let seeds = seeds.clone().skip(first).step_by(threads);
            scope.spawn(move || seeds.map(|seed| (seed, run(seed, None))).collect::<Vec<_>>())
        };
        let workers: Vec<_> = (0..threads).map(work).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a run does not panic")).collect()
    })
}

#[test]
fn whatever_breaks_every_store_holds_the_same_in_the_end() {
    let seeds = match number("FIELDBOOK_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FIELDBOOK_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let single = seeds.end - seeds.start == 1;
    let mut sum = Summary::default();
    for (seed, summary) in run_all(seeds) {
        let summary = match summary {
            Ok(summary) => summary,
            Err(violation) => {
                eprintln!("{violation}");
                continue;
            }
        };
        sum.edits += summary.edits;
        sum.cuts += summary.cuts;
        sum.damaged += summary.damaged;
        sum.crashes += summary.crashes;
        sum.disk_failures += summary.disk_failures;
        if single {
            eprintln!("seed {seed}: {summary}");
        }
    }
    if !single {
        let troubles = [sum.edits, sum.cuts, sum.damaged, sum.crashes, sum.disk_failures];
        assert!(troubles.iter().all(|count| *count > 0), "nothing broke: {sum}");
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
