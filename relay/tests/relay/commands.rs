//! `fieldbook-relay` as people and scripts run it: real processes.

use std::path::Path;

use serde_json::Value;

use crate::device::{Device, doc};
use crate::process::{Process, json, refusal, run};

#[test]
fn every_command_prints_one_json_value_with_the_fields_of_the_contract() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path();
    let branch = json(data, &["branch", "add", "上海"]);
    assert_eq!(branch["name"], "上海");
    assert_eq!(json(data, &["branch", "list"]), Value::Array(vec![branch]));
    let invite = json(data, &["invite", "--branch", "上海", "--role", "engineer", "--staff", "王*"]);
    assert_eq!(invite["code"].as_str().unwrap().len(), 19);
    assert!(invite["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(json(data, &["device", "list"]), Value::Array(vec![]));
    let user = json(data, &["user", "add", "li", "--role", "supervisor", "--branch", "上海"]);
    assert!(user["password"].as_str().unwrap().len() >= 20);
    let export = run(data, &["export", "--branch", "上海"]);
    assert_eq!(export.stdout, "{\"branch\":\"上海\",\"records\":[]}\n".as_bytes());
}

#[test]
fn what_is_refused_says_what_to_do_in_either_language() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path();
    let invite = ["invite", "--branch", "北京", "--role", "engineer"];
    let (code, text) = refusal(data, &invite);
    assert!(code == Some(1) && text.contains("branch add"), "{text}");
    json(data, &["branch", "add", "上海"]);
    let (code, text) = refusal(data, &invite);
    assert!(code == Some(1) && text.contains("branch list"), "{text}");
    let (code, text) = refusal(data, &[&["--lang", "zh-CN"], &invite[..]].concat());
    assert!(code == Some(1) && text.contains("没有网点“北京”"), "{text}");
    for usage in [
        &["invite", "--branch", "上海", "--role", "boss"][..],
        &["frobnicate"],
        &["serve", "--listen", "x"],
        &["serve", "--connections-max", "0"],
    ] {
        assert_eq!(refusal(data, usage).0, Some(2), "{usage:?}");
    }
    assert_eq!(refusal(data, &["device", "revoke", "07"]).0, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_relay_has_everything_it_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    json(home.path(), &["branch", "add", "上海"]);
    let process = Process::start(home.path());
    let mut writer = Device::enrolled(1, &process, "上海").await;
    process.kill();
    for round in 0..5_u8 {
        let process = Process::start(home.path());
        for n in 0..20_u8 {
            writer.write(doc(n), "round", &round.to_string());
        }
        writer.sync(&process).await;
        process.kill();
    }
    let process = Process::start(home.path());
    let mut reader = Device::enrolled(2, &process, "上海").await;
    reader.sync(&process).await;
    assert!((0..20).all(|n| reader.read(doc(n), "round").as_deref() == Some("4")));
    assert_eq!(process.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_serving_is_restored_with_new_epochs() {
    let home = tempfile::tempdir().unwrap();
    let (data, restored) = (home.path().join("data"), home.path().join("restored"));
    json(&data, &["branch", "add", "上海"]);
    let process = Process::start(&data);
    let mut device = Device::enrolled(1, &process, "上海").await;
    device.write(doc(1), "a", "1");
    device.sync(&process).await;
    let backup = home.path().join("backup.db");
    let backup = backup.to_str().unwrap();
    json(&data, &["backup", backup]);
    assert_eq!(refusal(&data, &["backup", backup]).0, Some(1), "a backup is never overwritten");
    assert_eq!(refusal(&data, &["restore", backup]).0, Some(1), "a relay is never overwritten");
    process.kill();
    json(&restored, &["restore", backup]);
    let epoch = |data: &Path| json(data, &["branch", "list"])[0]["epoch"].clone();
    assert_ne!(epoch(&data), epoch(&restored));
    let process = Process::start(&restored);
    let mut reader = Device::enrolled(2, &process, "上海").await;
    reader.sync(&process).await;
    assert_eq!(reader.read(doc(1), "a").as_deref(), Some("1"));
    process.kill();
}

#[test]
fn one_data_directory_is_served_by_one_relay_and_free_again_when_it_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let first = Process::start(&data);
    let (code, said) = refusal(&data, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(code == Some(1) && said.contains("serves") && said.contains("--data"), "{code:?} {said}");
    first.kill();
    Process::start(&data).kill();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_costs_the_relay_little_memory() {
    const DEVICES: u8 = 80;
    const EACH: usize = 8;
    let home = tempfile::tempdir().unwrap();
    json(home.path(), &["branch", "add", "上海"]);
    let process = Process::start(home.path());
    let mut devices = Vec::new();
    for seed in 1..=DEVICES {
        devices.push(Device::enrolled(seed, &process, "上海").await);
    }
    let all = || futures_util::future::join_all(devices.iter().map(|device| device.welcomed(&process)));
    // The first round fills whatever the process fills once: pools of threads and connections, caches, arenas.
    let first = all().await;
    let before = process.resident();
    let mut sockets = first;
    for _ in 1..EACH {
        sockets.extend(all().await);
    }
    let each = process.resident().saturating_sub(before) / (u64::from(DEVICES) * (EACH as u64 - 1));
    println!("{each} bytes for each idle connection");
    assert!(each <= 40_000, "{each} bytes for each idle connection");
    drop(sockets);
    process.kill();
}
