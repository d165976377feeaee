//! Invariant I2 at the ends people use: what `fieldbook ... --json` prints and what the relay's API answers are the same bytes, for
//! every view that both have, of a branch with a year's service of every kind behind it.

use std::path::Path;
use std::process::Command;

use records::Class;
use serde_json::{Map, Value};
use store::{DeviceStore, StoreError};
use tests::bench::seed::document_id;
use tests::generate::{Branch, Operation, Pen};
use tests::process::{DeviceHome, RelayProcess, json, run};
use tests::visitor::Visitor;
use vocab::{BranchId, DeviceCode, DocId, Sum};

/// Dossiers drawn: enough for every kind and every step, few enough to be written in moments.
const DOSSIERS: u64 = 12;

/// Writes a document into the store in `home` as if it had been recorded there: the document, its rows, and the changes to be sent.
fn record(home: &Path, doc: DocId, code: DeviceCode, operations: Vec<Operation>) {
    let mut store = DeviceStore::open(home).expect("a store");
    let written = store.write::<_, StoreError>(|tx| {
        let (document, _) = Pen::new(tx.identity()?.actor(), code).document(operations).expect("drawn to be accepted");
        let changes = document.changes_since(&[]);
        let hashes: Vec<_> = changes.iter().map(|change| sync::inspect(change).expect("a change").hash).collect();
        let sum = hashes.iter().map(|hash| Sum::of_change(doc, *hash)).sum();
        tx.put_snapshot(doc, &document.save(), &document.heads(), sum)?;
        for (change, hash) in changes.iter().zip(hashes) {
            tx.push_outbox(doc, hash, change)?;
        }
        readmodel::apply(tx.connection(), doc, &document.read())
    });
    written.expect("what was drawn is written");
}

fn printed(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).expect("JSON is UTF-8")
}

/// The branch: a year's dossiers and board written on one device, edits apart on two, an earlier and a later policy.
struct World {
    relay: RelayProcess,
    branch: String,
    devices: [DeviceHome; 2],
    page: Visitor,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let relay = RelayProcess::start(&folder.path().join("relay"));
        let id = json(relay.command().args(["branch", "add", "上海"]))["id"].as_str().expect("an id").to_owned();
        let home = |name: &str| folder.path().join(name);
        let one = relay.enrolled(&home("one"), "上海", "supervisor", "甲*");
        let two = relay.enrolled(&home("two"), "上海", "supervisor", "乙*");
        let year = Branch::of_customers(7, DOSSIERS);
        for index in 0..DOSSIERS {
            record(&home("one"), document_id(index), year.device(index), year.operations(index));
        }
        let board = Class::Board.document(id.parse::<BranchId>().expect("a branch's id")).expect("a board's document");
        record(&home("one"), board, DeviceCode::enrolled(9_000_000), year.board());
        let edit = ["policy", "edit", "--branch", "上海", "--reason", "试行", "--set", "limits.L5.minutes=45"];
        json(relay.command().args(edit));

        // Somebody entered twice.
        for _ in 0..2 {
            let history = ["--history", "2023年购买产品A，2024年续保"];
            one.record(&[&["customer", "add", "--name", "王*", "--channel", "phone"][..], &history].concat());
        }
        // What two people write apart, so that there is something to settle: the same field, and a task handed to two people.
        let customer = one.record(&["customer", "add", "--name", "*先生", "--channel", "phone"]);
        one.record(&[
            "complaint",
            "add",
            "--customer",
            &customer,
            "--channel",
            "phone",
            "--complainant",
            "王*",
            "--content",
            "迟到",
            "--severity",
            "critical",
        ]);
        let need = ["--need", "更换设备", "--urgency", "high", "--scope", "sales", "--minutes", "60", "--staff", "1"];
        let need = one.record(&[&["assessment", "add", "--customer", &customer][..], &need].concat());
        one.record(&["assessment", "approve", &need]);
        let task = ["task", "add", "--assessment", &need, "--title", "更换", "--mode", "onsite", "--to", "丁*"];
        let task = one.record(&[&task[..], &["--due", "2030-05-02T11:00:00Z"]].concat());
        one.json(&["sync"]);
        two.json(&["sync"]);
        for (device, preference, staff) in [(&one, "每周一次邮件", "甲*"), (&two, "每月一次电话", "乙*")]
        {
            device.record(&["customer", "edit", &customer, "--preference", preference]);
            device.record(&["task", "reassign", &task, "--to", staff]);
        }
        for device in [&one, &two, &one] {
            assert_eq!(device.json(&["sync"])["outbox"], 0, "everything is shared");
        }
        let page = Visitor::sign_in(&relay, "lihua", "supervisor");
        page.follow(&id);
        World { relay, branch: id, devices: [one, two], page, _folder: folder }
    }

    /// What the API answers about the branch.
    fn api(&self, path: &str) -> String {
        self.page.api_text(&format!("/branches/{}{path}", self.branch))
    }

    /// Demands that both devices print what the relay answers; the answer.
    fn same(&self, arguments: &[&str], path: &str) -> String {
        let answered = self.api(path);
        for device in &self.devices {
            let printed = printed(&mut device.command(arguments));
            assert!(printed == answered, "{arguments:?}:\n{printed}\n{path}:\n{answered}");
        }
        answered
    }
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is left of each entry of a list without what only one side knows, as text.
fn without(list: &Value, keys: &[&str]) -> Vec<String> {
    let plain = |entry: &Value| {
        let entry = entry.as_object().expect("an object").clone();
        let entry: Map<String, Value> = entry.into_iter().filter(|(key, _)| !keys.contains(&key.as_str())).collect();
        Value::Object(entry).to_string()
    };
    list.as_array().unwrap_or_else(|| panic!("not a list: {list}")).iter().map(plain).collect()
}

#[test]
fn a_device_and_the_relay_say_the_same_of_everything_that_both_are_asked() {
    let world = World::new();
    views(&world);
    conflicts(&world);
    histories(&world);
    assert!(!world.relay.log().contains("ERROR"), "{}", world.relay.log());
}

/// Every view, to the byte.
fn views(world: &World) {
    let mut bars = 0;
    // In the middle of the year, at midnight of the branch between two months, at the year's end, and after everything.
    for as_of in ["2025-06-18T03:00:00Z", "2025-08-31T16:00:00Z", "2025-12-31T15:59:59Z", "2031-01-15T02:00:00Z"] {
        let asked = |name: &str, more: &str| format!("/views/{name}?as_of={as_of}{more}");
        let same = |view: &[&str], name: &str, more: &str| {
            world.same(&[view, &["--as-of", as_of]].concat(), &asked(name, more))
        };
        let year = &as_of[..4];
        let due = read(&same(&["due"], "due", ""));
        same(&["due", "--missed", "--staff", "甲*"], "due", "&states=overdue,soon,open,missed&staff=%E7%94%B2%2A");
        same(&["due", "--role", "supervisor", "--limit", "5"], "due", "&role=supervisor&limit=5");
        let funnel = read(&same(&["view", "funnel"], "funnel", ""));
        same(&["view", "funnel", "--month", "2025-03", "--months", "2"], "funnel", "&month=2025-03&months_back=2");
        let timeline = read(&same(&["view", "timeline"], "timeline", ""));
        same(&["view", "matrix"], "matrix", "");
        let complaints = read(&same(&["view", "complaints"], "complaints", ""));
        let figures = read(&same(&["view", "figures"], "figures", ""));
        same(&["view", "figures", "--month", "2025-05", "--months", "1"], "figures", "&month=2025-05&months_back=1");
        let visits = read(&same(&["view", "visits"], "visits", ""));
        same(&["view", "review"], "review", "");
        let review = read(&same(
            &["view", "review", "--month", "2025-05", "--months", "1"],
            "review",
            "&month=2025-05&months_back=1",
        ));
        // The relay alone knows which devices were not seen; the rest of the daily check is the same.
        let daily = world.api(&asked("daily", ""));
        for device in &world.devices {
            let mut here = read(&printed(&mut device.command(&["daily-check", "today", "--as-of", as_of])));
            let mut there = read(&daily);
            assert!(here["devices_unseen"].is_null() && there["devices_unseen"].is_array(), "{here}\n{there}");
            here["devices_unseen"].take();
            there["devices_unseen"].take();
            assert_eq!(here, there);
        }
        // What was compared is something.
        let count = |value: &Value| value.as_array().map_or(0, Vec::len);
        assert!(count(&due["items"]) > 5, "{due}");
        assert!(count(&visits["customers"]) > 5 && count(&funnel["months"]) == 3, "{visits}");
        assert!(count(&review["scores"]) == 2 && count(&review["improvements"]) > 0, "{review}");
        assert!(count(&complaints["steps"]) > 0, "{complaints}");
        if year == "2025" {
            assert!(count(&figures["people"]) > 1, "{figures}");
        }
        bars += count(&timeline["rows"]);
    }
    assert!(bars > 5, "{bars} bars");
    let duplicates = world.same(&["view", "duplicates"], "/views/duplicates");
    assert!(!read(&duplicates)["pairs"].as_array().expect("pairs").is_empty(), "{duplicates}");
}

/// What is disputed, but for the document, which a device leaves out.
fn conflicts(world: &World) {
    let there = read(&world.api("/conflicts"));
    let open = without(&there["conflicts"], &["doc"]);
    assert!(open.len() >= 2 && there["total"] == open.len(), "{there}");
    for device in &world.devices {
        assert_eq!(without(&device.json(&["conflicts", "list"]), &["doc"]), open);
    }
}

/// What happened to records, also as of an earlier day, but for what the relay alone knows: the device's code and the receipt.
fn histories(world: &World) {
    let mut entries = 0;
    for kind in ["customer", "assessment", "task", "feedback", "complaint", "visit", "order", "improvement"] {
        let records = read(&world.api(&format!("/records?kind={kind}&limit=3")));
        for record in records["records"].as_array().expect("records") {
            let id = record["id"].as_str().expect("an id");
            for (option, parameter) in
                [(&[][..], ""), (&["--as-of", "2025-03-20T08:00:00Z"], "?as_of=2025-03-20T08:00:00Z")]
            {
                let there = read(&world.api(&format!("/records/{id}/history{parameter}")));
                let there = without(&there["entries"], &["device", "received_at", "late_ms"]);
                entries += there.len();
                for device in &world.devices {
                    let here = device.json(&[&["history", id][..], option].concat());
                    assert_eq!(without(&here, &["device"]), there, "{id}");
                }
            }
        }
    }
    assert!(entries > 60, "{entries} entries");
}
