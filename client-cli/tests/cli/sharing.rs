//! Joining a branch and exchanging with a relay that runs in the test's own process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use relay::{Admin, Relay, Settings};
use tempfile::TempDir;
use tokio::sync::oneshot;
use vocab::Role;

use crate::environment::Environment;

/// A relay on a thread of its own, stopped with the test.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) settings: Settings,
    _data: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start() -> Self {
        let data = TempDir::new().unwrap();
        let settings = Settings::new(data.path());
        Admin::open_or_create(&settings).unwrap().add_branch("城东网点").unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel::<SocketAddr>();
        let of_thread = settings.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let relay = Relay::open(of_thread).unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                relay.run(listener, async { drop(stopped.await) }).await.unwrap();
            });
        });
        let url = format!("http://{}", told.recv().unwrap());
        Running { url, settings, _data: data, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn invite(&self, role: Role, staff: &str) -> String {
        let mut admin = Admin::open(&self.settings).unwrap();
        let staff = Some(staff.parse().unwrap());
        admin.invite("城东网点", role, staff, relay::limits::INVITE_LIFETIME).unwrap().code
    }

    pub(crate) fn enrolled(&self, role: Role, staff: &str) -> Environment {
        let device = Environment::empty();
        device.ok(["enrol", "--relay", &self.url, "--invite", &self.invite(role, staff), "--name", "tablet"]);
        device
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn two_devices_join_exchange_and_hold_the_same_book() {
    let relay = Running::start();
    let (office, van) = (relay.enrolled(Role::Supervisor, "李*"), relay.enrolled(Role::Engineer, "王*"));
    assert_eq!(office.json(["status"])["branch"], "城东网点");
    let (customer, ..) = office.task();
    assert!(customer.starts_with("CUST-0"), "enrolled devices number by their short code: {customer}");
    let report = office.json(["sync"]);
    for name in [
        "relay",
        "branch",
        "pushed",
        "pulled",
        "refused",
        "documents_changed",
        "bytes_up",
        "bytes_down",
        "round_trips",
        "cursor",
        "head",
        "outbox",
        "duration_ms",
        "reconciled",
    ] {
        assert!(report.get(name).is_some(), "{name} is missing: {report}");
    }
    assert_eq!((report["outbox"].as_i64(), report["refused"].as_i64()), (Some(0), Some(0)));
    assert_eq!(van.json(["sync"])["documents_changed"], 1);
    assert_eq!(van.ok(["export"]), office.ok(["export"]));
    van.run(["assessment", "add", "--customer", &customer, "--need", "x"]).refused(1, &["engineer"]);
    assert!(office.json(["status"])["last_sync_at"].is_string());
}

#[test]
fn a_conflict_is_listed_shown_and_settled() {
    let relay = Running::start();
    let (office, van) = (relay.enrolled(Role::Supervisor, "李*"), relay.enrolled(Role::Engineer, "王*"));
    let customer = office.customer();
    office.ok(["sync"]);
    van.ok(["sync"]);
    office.ok(["customer", "edit", &customer, "--preference", "每月一次短信"]);
    van.ok(["customer", "edit", &customer, "--preference", "每周三下午电话"]);
    office.ok(["sync"]);
    van.ok(["sync"]);
    office.ok(["sync"]);
    assert_eq!(office.json(["status"])["conflicts"], 1);
    let conflict = &office.json(["conflicts", "list"])[0];
    let id = conflict["id"].as_str().unwrap();
    assert_eq!(
        (conflict["field"].as_str(), conflict["record"].as_str()),
        (Some("preference"), Some(customer.as_str()))
    );
    assert_eq!(conflict["candidates"].as_array().unwrap().len(), 2);
    assert_eq!(office.json(["conflicts", "show", id])["id"], id);
    assert_eq!(office.json(["conflicts", "show", "1"])["id"], id, "the number in the list will do");
    let shown = office.ok(["conflicts", "show", "1"]);
    assert!(shown.contains("每月一次短信") && shown.contains("每周三下午电话") && shown.contains("王*"), "{shown}");
    office.run(["conflicts", "resolve", id, "--take", "3"]).refused(1, &["2"]);
    let loser = conflict["candidates"][1]["value"].clone();
    assert_eq!(office.json(["conflicts", "resolve", id, "--take", "2"])["preference"], loser);
    assert!(office.json(["conflicts", "list"]).as_array().unwrap().is_empty());
    office.ok(["sync"]);
    van.ok(["sync"]);
    assert_eq!(van.ok(["export"]), office.ok(["export"]));
}

#[test]
fn an_invite_works_once_and_a_wrong_one_never() {
    let relay = Running::start();
    let invite = relay.invite(Role::Engineer, "王*");
    let enrol = |device: &Environment, invite: &str| device.run(["enrol", "--relay", &relay.url, "--invite", invite]);
    enrol(&Environment::empty(), "0000-0000-0000-0000").refused(1, &[&relay.url]);
    let first = Environment::empty();
    assert_eq!(enrol(&first, &invite).code, 0);
    enrol(&first, &invite).refused(1, &["城东网点", "--home"]);
    enrol(&Environment::empty(), &invite).refused(1, &[&relay.url]);
}

#[test]
fn a_relay_that_is_away_costs_nothing_that_was_saved() {
    let device = {
        let relay = Running::start();
        relay.enrolled(Role::Supervisor, "李*")
    };
    let customer = device.customer();
    let ended = device.run(["sync", "--json"]);
    ended.refused(3, &["127.0.0.1"]);
    let value: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(value["error"]["code"], "unreachable");
    assert_eq!(device.json(["customer", "show", &customer])["id"], customer.as_str());
    assert!(device.json(["status"])["outbox"].as_i64().unwrap() > 0);
}

#[test]
fn without_a_branch_syncing_says_how_to_join_one() {
    let device = Environment::new();
    device.run(["sync"]).refused(1, &["fieldbook enrol"]);
    device.run(["enrol", "--relay", "ftp://nowhere", "--invite", "x"]).refused(1, &["ftp://nowhere"]);
    assert!(Path::new(&device.home()).exists());
}

#[test]
fn a_following_device_hears_of_changes_at_once_and_leaves_politely() {
    let relay = Running::start();
    let (office, van) = (relay.enrolled(Role::Supervisor, "李*"), relay.enrolled(Role::Engineer, "王*"));
    let mut following = van.command(["sync", "--watch"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stderr.take().unwrap()).lines();
    let mut hears = |part: &str| {
        let told: Vec<String> =
            lines.by_ref().map(|line| line.unwrap()).take_while(|line| !line.contains(part)).collect();
        assert!(told.len() < 20, "`{part}` was not heard: {told:?}");
    };
    hears("Following 城东网点");
    let customer = office.customer();
    office.ok(["sync"]);
    hears("one dossier changed");
    assert_eq!(van.json(["customer", "show", &customer])["id"], customer.as_str());
    let interrupt = Command::new("kill").args(["-INT", &following.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    hears("Stopped following");
    assert_eq!(following.wait().unwrap().code(), Some(0));
}

#[test]
fn two_devices_exchange_every_kind_and_export_the_same() {
    let relay = Running::start();
    let (office, van) = (relay.enrolled(Role::Supervisor, "李*"), relay.enrolled(Role::Engineer, "王*"));
    let (customer, _, task) = office.task();
    for life in &crate::kinds::LIVES {
        let made = crate::kinds::added(&office, life, &customer);
        let id = made["id"].as_str().unwrap();
        for (step, ..) in life.steps {
            office.ok([life.name, step[0], id].into_iter().chain(step[1..].iter().copied()));
        }
    }
    office.ok(["sync"]);
    van.ok(["sync"]);
    assert_eq!(van.ok(["export"]), office.ok(["export"]));
    for life in &crate::kinds::LIVES {
        assert_eq!(van.json([life.name, "list"]), office.json([life.name, "list"]), "{}", life.name);
    }
    // Both write apart, the van where it may; the board came with the branch.
    let other = van.customer();
    for life in crate::kinds::LIVES.iter().filter(|life| life.is_customers) {
        crate::kinds::added(&van, life, &customer);
        crate::kinds::added(&office, life, &customer);
        crate::kinds::added(&van, life, &other);
    }
    van.ok(["task", "start", &task, "--started-at", "2024-05-02 09:00"]);
    office.ok(["risk", "add", "--category", "legal", "--title", "新规"]);
    van.run(["risk", "add", "--category", "legal", "--title", "新规"]).refused(1, &["engineer", "supervisor"]);
    for device in [&van, &office, &van] {
        device.ok(["sync"]);
    }
    assert_eq!(van.ok(["export"]), office.ok(["export"]));
    // Equal heads, equal views: byte for byte, at one instant.
    for view in ["funnel", "timeline", "matrix", "complaints", "figures", "visits", "duplicates"] {
        let shown = |device: &Environment| device.ok(["view", view, "--as-of", "2099-01-01 00:00", "--json"]);
        assert_eq!(shown(&van), shown(&office), "{view}");
    }
    let due = |device: &Environment| device.ok(["due", "--missed", "--as-of", "2099-01-01 00:00", "--json"]);
    assert_eq!(due(&van), due(&office));
    assert_eq!(office.json(["status"])["set_aside"], 0);
    office.ok(["doctor"]);
}

#[test]
fn each_role_writes_what_the_domain_gives_it_and_reads_everything() {
    let relay = Running::start();
    let office = relay.enrolled(Role::Supervisor, "李*");
    let (customer, ..) = office.task();
    office.ok(["sync"]);
    let board = ["improvement", "review", "training", "risk"];
    for (role, staff) in [(Role::ProcessManager, "周*"), (Role::Auditor, "吴*"), (Role::Administrator, "郑*")] {
        let device = relay.enrolled(role, staff);
        device.ok(["sync"]);
        device.ok(["customer", "show", &customer]);
        device.ok(["due"]);
        for life in &crate::kinds::LIVES {
            let parent = if life.is_customers { vec!["--customer", &customer] } else { Vec::new() };
            let ended = device.run([life.name, "add"].into_iter().chain(parent).chain(life.add.iter().copied()));
            let may = role == Role::ProcessManager && board.contains(&life.name);
            assert_eq!(ended.code == 0, may, "{role} {}: {}", life.name, ended.err);
            if !may {
                ended.refused(1, &["supervisor"]);
            }
        }
        device.run(["customer", "add", "--name", "王*", "--channel", "phone"]).refused(1, &["supervisor"]);
        device.run(["daily-check", "sign"]).refused(1, &["supervisor"]);
        device.ok(["sync"]);
    }
    office.ok(["sync"]);
    assert_eq!(office.json(["risk", "list"]).as_array().unwrap().len(), 1);
}
