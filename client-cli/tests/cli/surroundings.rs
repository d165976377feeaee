//! Where a command runs: no store, two processes at once, homes that cannot be written, stores of a newer version.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;

use crate::environment::{Environment, ended};

/// The account that owns nothing.
const NOBODY: u32 = 65_534;

#[test]
fn without_a_store_a_command_says_how_to_make_one() {
    let device = Environment::empty();
    for args in [&["status"][..], &["customer", "list"], &["sync"], &["doctor"], &["export"]] {
        device.run(args).refused(1, &["fieldbook init"]);
    }
    assert!(!device.home().exists(), "asking makes nothing");
}

#[test]
fn a_store_is_made_once() {
    let device = Environment::new();
    let key = device.json(["status"])["key"].clone();
    device.run(["init"]).refused(1, &[&device.home().display().to_string()]);
    assert_eq!(device.json(["status"])["key"], key);
}

#[test]
fn the_home_is_that_of_the_flag_before_that_of_the_environment() {
    let device = Environment::empty();
    let other = device.path().join("other");
    device.ok(["init", "--home", other.to_str().unwrap()]);
    assert!(other.is_dir() && !device.home().exists());
    let by_platform = device.command(["init", "--json"]).env_remove("FIELDBOOK_HOME").output().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&by_platform.stdout).unwrap();
    assert!(value["home"].as_str().unwrap().starts_with(device.path().to_str().unwrap()), "{value}");
}

#[test]
fn two_processes_at_once_both_succeed_in_turn() {
    let device = Environment::new();
    let mut children = Vec::new();
    for n in 0..8 {
        let history = format!("第{n}位");
        let args = ["customer", "add", "--name", "王*", "--channel", "phone", "--history", &history];
        children.push(device.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    }
    let mut ids = Vec::new();
    for child in children {
        let ended = ended(child.wait_with_output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.err);
        ids.push(ended.out);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 8, "no number is given twice");
    assert_eq!(device.records(), 8);
    device.ok(["doctor"]);
}

/// Runs as somebody who may not write what the tests own; tests that run as such a person already stay who they are.
fn as_stranger(command: &mut std::process::Command) -> &mut std::process::Command {
    if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        command.uid(NOBODY).gid(NOBODY)
    } else {
        command
    }
}

#[test]
fn a_home_that_cannot_be_written_is_told_and_nothing_is_damaged() {
    let device = Environment::new();
    device.customer();
    let set = |mode_dir: u32, mode_file: u32| {
        fs::set_permissions(device.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for entry in fs::read_dir(device.home()).unwrap() {
            fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(mode_file)).unwrap();
        }
        fs::set_permissions(device.home(), fs::Permissions::from_mode(mode_dir)).unwrap();
    };
    set(0o555, 0o444);
    let mut command = device.command(["customer", "add", "--name", "王*", "--channel", "phone"]);
    let refused = ended(as_stranger(&mut command).output().unwrap());
    set(0o755, 0o644);
    refused.refused(1, &[&device.home().display().to_string()]);
    assert_eq!(device.records(), 1);
    device.ok(["doctor"]);
    device.customer();
}

#[test]
fn a_home_that_cannot_be_made_is_told() {
    let device = Environment::empty();
    let file = device.file("not-a-directory", "x");
    let inside = file.join("home");
    device.run(["init", "--home", inside.to_str().unwrap()]).refused(1, &[inside.to_str().unwrap()]);
    assert_eq!(fs::read(file).unwrap(), b"x");
}

/// The file that holds the store.
fn store_of(device: &Environment) -> PathBuf {
    let holds = |path: &PathBuf| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3"));
    let files = fs::read_dir(device.home()).expect("a home");
    files.filter_map(|entry| Some(entry.ok()?.path())).find(holds).expect("a store")
}

#[test]
fn a_store_from_a_newer_version_is_left_as_it_is() {
    let device = Environment::new();
    device.customer();
    let version = |of: Option<i64>| {
        let store = rusqlite::Connection::open(store_of(&device)).unwrap();
        let known: i64 = store.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        if let Some(of) = of {
            store.pragma_update(None, "user_version", of).unwrap();
        }
        known
    };
    let known = version(Some(9_999));
    device.run(["status"]).refused(1, &["newer", "9999"]);
    device.run(["customer", "add", "--name", "王*", "--channel", "phone"]).refused(1, &["newer"]);
    assert_eq!(version(Some(known)), 9_999, "it was not taken down to what we know");
    assert_eq!(device.records(), 1);
}

#[test]
fn a_file_that_is_no_store_is_told_apart_from_none() {
    let device = Environment::new();
    let store = store_of(&device);
    fs::remove_dir_all(device.home()).unwrap();
    fs::create_dir(device.home()).unwrap();
    fs::write(&store, "this is a letter, not a database; ".repeat(200)).unwrap();
    device.run(["status"]).refused(1, &["damaged"]);
    fs::remove_file(&store).unwrap();
    device.run(["status"]).refused(1, &["fieldbook init"]);
}

#[test]
fn nobody_reading_the_output_is_not_a_failure() {
    let device = Environment::new();
    device.customer();
    let mut child = device.command(["export"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = ended(child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
}
