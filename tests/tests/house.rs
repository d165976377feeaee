//! The shape of the house: which crate may know which, what stands at the top, what a source file may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Who may depend on whom inside the workspace. `tests` may know everybody and nobody may know `tests`.
const DIRECTIONS: [(&str, &[&str]); 10] = [
    ("vocab", &[]),
    ("messages", &["vocab"]),
    ("records", &["messages", "vocab"]),
    ("sync", &["vocab"]),
    ("store", &["vocab"]),
    ("tables", &["messages", "records", "vocab"]),
    ("readmodel", &["messages", "records", "store", "vocab"]),
    ("device", &["messages", "readmodel", "records", "store", "sync", "tables", "vocab"]),
    ("client-cli", &["device", "messages", "records", "relay", "vocab"]),
    ("relay", &["messages", "readmodel", "records", "store", "sync", "tables", "vocab"]),
];

/// Crates whose results are functions of their arguments alone: no I/O, clock or randomness.
const PURE: [&str; 4] = ["vocab", "messages", "records", "sync"];

/// What a pure crate must not be able to reach directly.
const IMPURE_LIBRARIES: [&str; 8] =
    ["getrandom", "rand", "rusqlite", "tokio", "tokio-tungstenite", "axum", "tempfile", "fastrand"];

/// Longest source file, in lines (house style, rule 7).
const FILE_LINES_MAX: usize = 600;

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the package stands in the workspace").to_owned()
}

/// Every package of the workspace with the names of its dependencies of all kinds.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let list = |value: &Value| value.as_array().expect("an array").clone();
    list(&metadata["packages"])
        .iter()
        .map(|package| (name(package), list(&package["dependencies"]).iter().map(name).collect()))
        .collect()
}

/// Every file below `folder` with one of the extensions, build output and hidden folders aside.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(|extension| extensions.contains(&&*extension.to_string_lossy())) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn every_package_depends_only_in_the_allowed_direction() {
    let packages = packages();
    let house: BTreeSet<_> = packages.keys().cloned().collect();
    let listed: BTreeSet<_> =
        DIRECTIONS.iter().map(|(name, _)| (*name).to_owned()).chain(["tests".to_owned()]).collect();
    assert_eq!(house, listed, "a package of the workspace is missing in the table of directions, or the reverse");
    for (package, allowed) in DIRECTIONS {
        for dependency in packages[package].intersection(&house) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{package} must not depend on {dependency}; it may know {allowed:?}"
            );
        }
    }
}

#[test]
fn the_table_of_directions_has_no_cycle() {
    for (index, (package, allowed)) in DIRECTIONS.iter().enumerate() {
        for dependency in *allowed {
            let place = DIRECTIONS.iter().position(|(name, _)| name == dependency).expect("a listed package");
            let relay_for_demo = (*package, *dependency) == ("client-cli", "relay");
            assert!(place < index || relay_for_demo, "{package} stands before {dependency}, which it may know");
        }
    }
    let relay = DIRECTIONS.iter().find(|(name, _)| *name == "relay").expect("relay is listed").1;
    assert!(!relay.contains(&"client-cli") && !relay.contains(&"device"));
}

#[test]
fn pure_crates_reach_no_io_and_forbid_clock_randomness_and_hash_order() {
    let packages = packages();
    for name in PURE {
        for library in IMPURE_LIBRARIES {
            assert!(!packages[name].contains(library), "{name} is pure and must not depend on {library}");
        }
        let lints = root().join("crates").join(name).join("clippy.toml");
        let lints = fs::read_to_string(&lints).unwrap_or_else(|error| panic!("{name} has no clippy.toml: {error}"));
        for forbidden in ["Instant::now", "SystemTime::now", "Utc::now", "env::var", "HashMap", "HashSet"] {
            assert!(lints.contains(forbidden), "the clippy.toml of {name} does not forbid {forbidden}");
        }
    }
}

#[test]
fn nothing_else_stands_at_the_top() {
    let allowed = [
        "ARCHITECTURE.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "client-cli",
        "crates",
        "relay",
        "tests",
    ];
    for entry in fs::read_dir(root()).expect("a readable folder") {
        let name = entry.expect("a readable entry").file_name().to_string_lossy().into_owned();
        assert!(
            name.starts_with('.') || name == "target" || allowed.contains(&name.as_str()),
            "`{name}` stands at the top; the house has its place below crates, relay, client-cli or tests"
        );
    }
    let dotfiles = [".ci", ".clippy.toml", ".gitignore", ".rustfmt.toml"];
    for name in allowed.iter().chain(&dotfiles) {
        assert!(root().join(name).exists(), "`{name}` is missing at the top");
    }
}

#[test]
fn every_package_takes_the_lints_and_the_edition_of_the_workspace() {
    for manifest in files(&root(), &["toml"]).iter().filter(|path| path.ends_with("Cargo.toml")) {
        let text = fs::read_to_string(manifest).expect("a readable manifest");
        if text.contains("[workspace]") {
            continue;
        }
        for line in ["[lints]\nworkspace = true", "edition.workspace = true", "publish.workspace = true"] {
            assert!(text.contains(line), "{} lacks `{line}`", shown(manifest));
        }
    }
}

#[test]
fn source_files_are_short_and_named_for_what_they_do() {
    for path in files(&root(), &["rs"]) {
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines; split it by step of a life cycle", shown(&path));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "common", "helpers", "helper", "misc"].contains(&stem.as_str()),
            "{} has a name that says nothing",
            shown(&path)
        );
    }
}

#[test]
fn no_lint_is_allowed_away_and_no_test_is_ignored_without_a_reason() {
    // Assembled, so that this file does not find itself.
    let wrong = [("#[", "allow("), ("#![", "allow("), ("#[", "ignore]")].map(|(open, rest)| format!("{open}{rest}"));
    for path in files(&root(), &["rs"]) {
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            assert!(
                !wrong.iter().any(|wrong| line.starts_with(wrong.as_str())),
                "{}:{}: say `expect`, or `ignore` with a reason: {line}",
                shown(&path),
                index + 1
            );
        }
    }
}

#[test]
fn the_relay_names_record_types_only_where_it_reads_documents_or_shows_them() {
    /// The materializer, what is made from its rows, for people and for programs, and what the relay itself writes. Socket, feed, access and settings are blind to what is in a document.
    const MAY: [&str; 6] = ["pages", "api", "author", "materializer", "views", "export"];
    let source = root().join("relay/src");
    let mut blind = 0;
    for path in files(&source, &["rs"]) {
        let place = path.strip_prefix(&source).expect("a file of the relay").components().next();
        let place = place.map(|part| part.as_os_str().to_string_lossy().replace(".rs", "")).unwrap_or_default();
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        let is_blind = !text.contains("records::");
        assert!(is_blind || MAY.contains(&place.as_str()), "{} names a record type", shown(&path));
        blind += usize::from(is_blind);
    }
    assert!(blind > 3, "the relay's source is found at all: {blind}");
}

/// Every key of the catalogue, as both languages spell them.
fn message_keys() -> BTreeSet<String> {
    let locales = root().join("crates/messages/locales");
    let of = |language: &str| -> BTreeSet<String> {
        let texts = files(&locales.join(language), &["ftl"]);
        let text = |path: &PathBuf| fs::read_to_string(path).expect("a readable file of messages");
        let is_key = |key: &&str| key.starts_with(|c: char| c.is_ascii_lowercase());
        let key = |line: &str| Some(line.split_once(" =")?.0).filter(is_key).map(str::to_owned);
        texts.iter().flat_map(|path| text(path).lines().filter_map(key).collect::<Vec<_>>()).collect()
    };
    let (zh, en) = (of("zh-CN"), of("en"));
    assert_eq!(zh, en, "both languages hold the same keys");
    zh
}

/// String literals of a source text up to the first `{`, with whether one follows; raw strings and escapes do not matter here.
fn literals(source: &str) -> impl Iterator<Item = (&str, bool)> {
    source.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| {
        line.split('"').skip(1).step_by(2).map(|literal| match literal.split_once('{') {
            Some((before, _)) => (before, true),
            None => (literal, false),
        })
    })
}

#[test]
fn every_message_that_source_names_is_in_the_catalogue() {
    let keys = message_keys();
    let areas: BTreeSet<&str> = keys.iter().filter_map(|key| Some(key.split_once('-')?.0)).collect();
    let looks_like_a_key = |literal: &str| {
        let of_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        literal.split_once('-').is_some_and(|(area, _)| areas.contains(area)) && literal.chars().all(of_key)
    };
    let mut named = 0;
    for path in files(&root(), &["rs"]) {
        // The catalogue's own tests ask for keys that do not exist, as this test does.
        if path.starts_with(root().join("crates/messages")) || path.ends_with("house.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        for (literal, is_open) in literals(&text).filter(|(literal, _)| looks_like_a_key(literal)) {
            // Some keys are put together: `enum-{name}-{code}`; then there must be one that begins so.
            let begins = keys.iter().any(|key| {
                key.starts_with(literal) && (is_open || literal.ends_with('-') || key[literal.len()..].starts_with('-'))
            });
            assert!(keys.contains(literal) || begins, "{}: there is no message `{literal}`", shown(&path));
            named += 1;
        }
    }
    assert!(named > 100, "the test finds messages in the source at all: {named}");
}
