//! I1, I4, I5: what a command printed as saved, and what a relay acknowledged, survives being killed at any moment, and old
//! copies of files put in the place of newer ones.
//!
//! Real processes on real files, killed with SIGKILL after a random time, many times. The seed is printed when a claim
//! fails; FIELDBOOK_KILL_SEED repeats its choices (the moments of the kills are the machine's).

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::generate::Dice;
use tests::process::{Program, RelayProcess, json, run};

/// How long a command takes here, undisturbed. Kills are drawn from twice that, so that about half of them come before the
/// command's end, on a fast machine and on a slow one.
fn usual(home: &Home, args: &[&str]) -> Duration {
    let start = Instant::now();
    run(home.command().args(args));
    start.elapsed()
}

struct Home {
    dir: PathBuf,
}

impl Home {
    fn command(&self) -> Command {
        let mut command = Program::Device.command();
        command.arg("--home").arg(&self.dir).args(["--json", "--lang", "en"]);
        command
    }

    fn json(&self, args: &[&str]) -> Value {
        json(self.command().args(args))
    }

    /// Starts a command and kills it after `life`. Returns what it had printed by then.
    fn killed(&self, args: &[&str], life: Duration) -> String {
        let mut child = self
            .command()
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the device can be run");
        std::thread::sleep(life);
        kill(&mut child);
        let mut printed = String::new();
        child.stdout.take().expect("stdout is a pipe").read_to_string(&mut printed).expect("it prints UTF-8");
        printed
    }

    fn ids(&self) -> BTreeSet<String> {
        ids(&self.export())
    }

    fn export(&self) -> Vec<u8> {
        run(self.command().args(["export", "--format", "json"])).stdout
    }
}

fn kill(child: &mut Child) {
    // It may have ended by itself; either way it is gone afterwards.
    let _gone = child.kill();
    let _reaped = child.wait();
}

fn ids(export: &[u8]) -> BTreeSet<String> {
    let export: Value = serde_json::from_slice(export).expect("an export is JSON");
    let records = export["records"].as_array().expect("an export has records");
    records.iter().map(|record| record["id"].as_str().expect("a record has an id").to_owned()).collect()
}

fn dice() -> (u64, Dice) {
    let seed = std::env::var("FIELDBOOK_KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_240_502);
    (seed, Dice::new(seed, 0))
}

fn life(dice: &mut Dice, usual: Duration) -> Duration {
    Duration::from_micros(dice.below(u64::try_from(usual.as_micros() * 2).expect("a command takes no years")))
}

fn enrolled(relay: &RelayProcess, dir: &Path, name: &str) -> Home {
    let home = Home { dir: dir.join(name) };
    let invite =
        json(relay.command().args(["invite", "--branch", "north", "--role", "supervisor", "--staff", "主管*"]));
    let code = invite["code"].as_str().expect("an invite has a code").to_owned();
    run(home.command().args(["enrol", "--relay", relay.url(), "--invite", &code, "--name", name]));
    home
}

/// The id in a command's output, if the whole of it was printed.
fn saved(printed: &str) -> Option<String> {
    let value: Value = serde_json::from_str(printed).ok()?;
    value["id"].as_str().map(str::to_owned)
}

#[test]
fn a_device_killed_at_any_moment_keeps_what_it_printed_as_saved() {
    let (seed, mut dice) = dice();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let home = Home { dir: dir.path().join("home") };
    run(home.command().arg("init"));
    let usual = usual(&home, &["customer", "add", "--name", "客*", "--channel", "phone"]);
    let mut promised = BTreeSet::new();
    let mut cut_short = 0;
    for round in 0..60 {
        let name = format!("客{round}*");
        let printed = home.killed(&["customer", "add", "--name", &name, "--channel", "phone"], life(&mut dice, usual));
        match saved(&printed) {
            Some(id) => drop(promised.insert(id)),
            None => cut_short += 1,
        }
        let status = home.json(&["status"]);
        assert!(status["records"].as_u64() >= Some(promised.len() as u64), "seed {seed}, round {round}: {status}");
    }
    let kept = home.ids();
    assert!(promised.is_subset(&kept), "seed {seed}: lost {:?}", promised.difference(&kept).collect::<Vec<_>>());
    assert!(cut_short > 0, "seed {seed}: no kill came before the end of a command, so nothing was tried");
    let doctor = home.json(&["doctor"]);
    assert_eq!(doctor["ok"], Value::Bool(true), "seed {seed}: {doctor}");
}

#[test]
fn devices_and_relay_killed_at_any_moment_lose_nothing_and_end_equal() {
    let (seed, mut dice) = dice();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("relay");
    run(Program::Relay.command().arg("--data").arg(&data).args(["branch", "add", "north"]));
    let mut relay = RelayProcess::start(&data);
    let listen = relay.listen().to_owned();
    let homes = [enrolled(&relay, dir.path(), "a"), enrolled(&relay, dir.path(), "b")];
    let usual = usual(&homes[0], &["sync"]);
    let mut promised = BTreeSet::new();
    for round in 0..40 {
        let home = &homes[round % 2];
        let added = home.json(&["customer", "add", "--name", &format!("客{round}*"), "--channel", "email"]);
        promised.insert(added["id"].as_str().expect("a record has an id").to_owned());
        if let Some(other) = promised.iter().nth(usize::try_from(dice.below(promised.len() as u64)).expect("small")) {
            // A record of the other device may not have arrived yet; then there is nothing to edit.
            let text = format!("第{round}次记录");
            let _edited = home.command().args(["customer", "edit", other, "--preference", &text]).output();
        }
        // An exchange is cut at a random moment on one side or the other, or not at all.
        match dice.below(3) {
            0 => drop(home.killed(&["sync"], life(&mut dice, usual))),
            1 => {
                let mut child = home
                    .command()
                    .arg("sync")
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("the device can be run");
                std::thread::sleep(life(&mut dice, usual));
                relay.kill();
                let _status = child.wait().expect("the device ends");
                relay = RelayProcess::start_at(&data, &listen);
            }
            _ => drop(run(home.command().arg("sync"))),
        }
    }
    for home in homes.iter().chain(&homes) {
        run(home.command().arg("sync"));
    }
    for home in &homes {
        let status = home.json(&["status"]);
        assert_eq!(status["outbox"], 0, "seed {seed}: {status}");
        assert_eq!(status["refused"], 0, "seed {seed}: {status}");
    }
    let exports: Vec<Vec<u8>> = homes.iter().map(Home::export).collect();
    let at_relay = run(relay.command().args(["export", "--branch", "north"])).stdout;
    assert!(promised.is_subset(&ids(&exports[0])), "seed {seed}: something saved is missing on a device");
    assert_eq!(exports[0], exports[1], "seed {seed}: the devices differ");
    assert_eq!(exports[0], at_relay, "seed {seed}: the relay differs from the devices");
}

/// Copies a directory with everything in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory can be made");
    for entry in std::fs::read_dir(from).expect("the directory is there") {
        let entry = entry.expect("the directory can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a file has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

/// Puts the copy in the place of what is there now.
fn put_back(copy_of: &Path, place: &Path) {
    std::fs::remove_dir_all(place).expect("the directory can be removed");
    copy(copy_of, place);
}

#[test]
fn old_copies_put_in_the_place_of_the_relay_and_of_a_device_get_back_what_they_lost() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("relay");
    run(Program::Relay.command().arg("--data").arg(&data).args(["branch", "add", "north"]));
    let mut relay = RelayProcess::start(&data);
    let listen = relay.listen().to_owned();
    let homes = [enrolled(&relay, dir.path(), "a"), enrolled(&relay, dir.path(), "b")];
    let mut count = 0;
    let mut add = |home: &Home| {
        count += 1;
        home.json(&["customer", "add", "--name", &format!("客{count}*"), "--channel", "email"]);
    };
    let sync_all = || homes.iter().chain(&homes).for_each(|home| drop(run(home.command().arg("sync"))));
    homes.iter().for_each(&mut add);
    sync_all();
    let (old_relay, old_home) = (dir.path().join("old-relay"), dir.path().join("old-home"));
    for round in 0..3 {
        // What is copied is a state between commands; the relay's files are those that a kill leaves.
        relay.kill();
        let _removed = (std::fs::remove_dir_all(&old_relay), std::fs::remove_dir_all(&old_home));
        copy(&data, &old_relay);
        copy(&homes[0].dir, &old_home);
        relay = RelayProcess::start_at(&data, &listen);
        homes.iter().for_each(&mut add);
        sync_all();
        relay.kill();
        if round != 1 {
            put_back(&old_relay, &data);
        }
        if round != 0 {
            put_back(&old_home, &homes[0].dir);
            // Under numbers that the lost life had given before.
            add(&homes[0]);
        }
        relay = RelayProcess::start_at(&data, &listen);
        sync_all();
    }
    for home in &homes {
        let status = home.json(&["status"]);
        assert_eq!((&status["outbox"], &status["refused"]), (&Value::from(0), &Value::from(0)), "{status}");
    }
    let exports: Vec<Vec<u8>> = homes.iter().map(Home::export).collect();
    let at_relay = run(relay.command().args(["export", "--branch", "north"])).stdout;
    let exported: Value = serde_json::from_slice(&exports[0]).expect("an export is JSON");
    assert_eq!(exported["records"].as_array().map(Vec::len), Some(count), "every customer is in the book, once");
    assert_eq!(exports[0], exports[1], "the devices differ");
    assert_eq!(exports[0], at_relay, "the relay differs from the devices");
}
