//! What fuzzing found worth keeping, as plain tests: every file of `tests/fuzz/corpus` through the target of its folder.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use tests::fuzz;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

#[test]
fn no_file_of_any_corpus_makes_its_target_panic() {
    for (target, _) in fuzz::TARGETS {
        let folder = corpus().join(target);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("a readable entry").path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{target} has no corpus");
        for file in files {
            let data = fs::read(&file).expect("a readable file");
            let ran = catch_unwind(|| fuzz::run(target, &data));
            assert!(ran.is_ok(), "{} makes {target} panic", file.display());
        }
    }
}

#[test]
fn every_corpus_has_a_target_and_every_target_a_program() {
    let names: Vec<_> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for entry in fs::read_dir(corpus()).expect("a folder of corpora") {
        let name = entry.expect("a readable entry").file_name().into_string().expect("a plain name");
        assert!(names.contains(&name), "no target is called {name}");
    }
    let programs = corpus().with_file_name("fuzz_targets");
    for name in names {
        assert!(programs.join(format!("{name}.rs")).is_file(), "cargo-fuzz does not know {name}");
    }
}
