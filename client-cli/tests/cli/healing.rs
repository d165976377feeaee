//! What a person is told when something was lost and put right: erased dossiers, a relay set up anew, a copied store.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use relay::Admin;
use serde_json::Value;
use vocab::Role;

use crate::environment::Environment;
use crate::sharing::Running;

#[test]
fn an_erased_dossier_is_told_with_its_reason_and_what_went_with_it() {
    let relay = Running::start();
    let (office, van) = (relay.enrolled(Role::Supervisor, "李*"), relay.enrolled(Role::Engineer, "王*"));
    let gone = office.customer();
    let stays = office.customer();
    office.ok(["sync"]);
    van.ok(["sync"]);
    office.ok(["customer", "edit", &gone, "--history", "还没有发送"]);
    let doc = office.json(["customer", "show", &gone])["doc"].as_str().unwrap().to_owned();
    Admin::open(&relay.settings).unwrap().erase(&doc, None, "按客户要求").unwrap();
    let told = office.run(["sync"]);
    assert_eq!(told.code, 0);
    assert!(told.err.contains("按客户要求") && told.err.contains("one change made here"), "{}", told.err);
    assert!(!told.err.contains("refused") && !told.err.contains("kept here"), "what went is not kept: {}", told.err);
    assert_eq!(office.json(["status"])["last_sync"]["refused"], 0);
    assert!(!office.run(["status"]).err.contains("按客户要求"), "it is told once");
    let report = van.json(["sync"]);
    assert_eq!(report["erased"][0]["why"], "按客户要求");
    assert_eq!(report["erased"][0]["dropped"], 0);
    for device in [&office, &van] {
        device.run(["customer", "show", &gone]).refused(1, &[&gone]);
        assert_eq!(device.json(["customer", "show", &stays])["id"], stays.as_str());
        assert_eq!(device.json(["status"])["erased"], 1);
        assert_eq!(device.json(["status"])["outbox"], 0);
    }
}

#[test]
fn a_relay_set_up_anew_gets_the_book_back_from_a_device_that_joins_again() {
    let old = Running::start();
    let office = old.enrolled(Role::Supervisor, "李*");
    let (customer, ..) = office.task();
    office.ok(["sync"]);
    let new = Running::start();
    let invite = new.invite(Role::Supervisor, "李*");
    let again = ["enrol", "--relay", &new.url, "--invite", &invite];
    office.run(again).refused(1, &["--again"]);
    let told = office.run([&again[..], &["--again"]].concat());
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.err.contains("Nothing was wiped"), "{}", told.err);
    let report = office.json(["sync"]);
    assert_eq!(report["reconciled"], true);
    assert!(report["reconcile"]["restored"].as_u64().unwrap() > 0, "{report}");
    let van = new.enrolled(Role::Engineer, "王*");
    van.ok(["sync"]);
    assert_eq!(van.json(["customer", "show", &customer])["id"], customer.as_str());
    assert_eq!(van.ok(["export"]), office.ok(["export"]));
}

#[test]
fn a_store_copied_back_says_so_and_goes_on() {
    let relay = Running::start();
    let office = relay.enrolled(Role::Supervisor, "李*");
    office.customer();
    office.ok(["sync"]);
    let copy = office.path().join("copy");
    copied(&office, &copy);
    let (later, ..) = office.task();
    office.ok(["sync"]);
    std::fs::remove_dir_all(office.home()).unwrap();
    std::fs::rename(&copy, office.home()).unwrap();
    let told = office.run(["sync"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.err.contains("older copy of itself"), "{}", told.err);
    assert_eq!(office.json(["customer", "show", &later])["id"], later.as_str());
    let report = office.json(["sync"]);
    assert_eq!((&report["restored"], &report["outbox"]), (&Value::from(false), &Value::from(0)));
}

fn copied(device: &Environment, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a home can be copied");
    for entry in std::fs::read_dir(device.home()).expect("a home can be copied") {
        let entry = entry.expect("a home can be copied");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a home can be copied");
    }
}

#[test]
fn following_with_json_tells_one_event_a_line() {
    let relay = Running::start();
    let (office, van) = (relay.enrolled(Role::Supervisor, "李*"), relay.enrolled(Role::Engineer, "王*"));
    let mut following = van.command(["sync", "--watch", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut heard = |event: &str| -> Value {
        for _ in 0..40 {
            let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            if line["event"] == event {
                return line;
            }
        }
        panic!("`{event}` was not heard");
    };
    assert_eq!(heard("connected")["branch"], "城东网点");
    heard("caught_up");
    office.customer();
    office.ok(["sync"]);
    assert_eq!(heard("received")["documents"], 1);
    assert_eq!(heard("caught_up")["outbox"], 0);
    let interrupt = Command::new("kill").args(["-INT", &following.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(heard("stopped")["status"]["branch"], "城东网点");
    assert_eq!(following.wait().unwrap().code(), Some(0));
}
