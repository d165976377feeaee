//! Documents, rows and exports follow the feed by themselves.

use records::{CUSTOMER, Dossier, Fields, Value};
use rusqlite::Connection;
use store::Documents;
use vocab::{Author, DocId, RecordId, Role, Timestamp};

use crate::device::{Device, doc};
use crate::running::{PATIENCE, Reachable, Running, relay_with_two_branches};

/// Puts a dossier with one customer into a device's outbox.
pub(crate) fn write_customer(device: &mut Device, doc: DocId, name: &str) -> (Dossier, RecordId) {
    let mut dossier = Dossier::create();
    let code = device.membership.as_ref().unwrap().code.clone();
    let id = RecordId::new(CUSTOMER.prefix, &code, 1);
    let author = Author { staff: "王*".parse().unwrap(), role: Role::Engineer };
    for change in dossier.changes_since(&[]) {
        device.queue(doc, change);
    }
    let fields = Fields::from([("name", Value::Text(name.to_owned())), ("channel", Value::Text("phone".to_owned()))]);
    let actor = device.actor;
    let change = dossier
        .edit(&author, Timestamp::from_millis(1_700_000_000_000), &actor, |edit| {
            edit.create(&CUSTOMER, &id, None, fields)
        })
        .unwrap()
        .unwrap();
    device.queue(doc, change);
    (dossier, id)
}

/// Waits until the branch's documents are all materialized, or set aside, and its rows show all of them.
pub(crate) async fn settled(relay: &Running, branch: &str) {
    let mut changes = relay.state.changes();
    let branch = relay.admin().branch(branch).unwrap().id;
    let waiting = async {
        while relay.state.read(move |store| Ok(store.counts(branch)?)).await.unwrap().behind > 0
            || !relay.state.views(branch, |rows| Ok(readmodel::is_complete(rows)?)).await.unwrap()
        {
            changes.recv().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the materializer is stuck");
}

async fn row(relay: &Running, branch: &str, id: &RecordId) -> Option<serde_json::Value> {
    let branch = relay.admin().branch(branch).unwrap().id;
    let id = id.clone();
    let row = relay.state.views(branch, move |rows| Ok(readmodel::record(rows, &id)?)).await.unwrap();
    row.map(|row| row.value().unwrap())
}

/// What a device that holds `dossiers` exports.
fn device_export(branch: &str, dossiers: &[(DocId, &Dossier)]) -> String {
    let rows = Connection::open_in_memory().unwrap();
    readmodel::prepare(&rows).unwrap();
    for (doc, dossier) in dossiers {
        readmodel::apply(&rows, *doc, &dossier.read()).unwrap();
    }
    let mut out = Vec::new();
    readmodel::export(&rows, branch, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn relay_export(relay: &Running, branch: &str) -> String {
    let mut out = Vec::new();
    relay.admin().export(branch, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_dossier_becomes_rows_and_an_export_that_equals_the_devices() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let (dossier, id) = write_customer(&mut device, doc(1), "*先生");
    device.sync(&relay).await;
    assert!(device.refused.is_empty(), "{:?}", device.refused);
    settled(&relay, "上海").await;
    assert_eq!(row(&relay, "上海", &id).await.unwrap()["name"], "*先生");
    assert_eq!(row(&relay, "北京", &id).await, None);
    assert_eq!(relay_export(&relay, "上海"), device_export("上海", &[(doc(1), &dossier)]));
    assert_eq!(relay_export(&relay, "北京"), "{\"branch\":\"北京\",\"records\":[]}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_deleted_or_damaged_are_made_again() {
    let (home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let (_, id) = write_customer(&mut device, doc(1), "*先生");
    device.sync(&relay).await;
    settled(&relay, "上海").await;
    let branch = relay.admin().branch("上海").unwrap().id;
    let file = home.path().join(format!("views-{branch}.db"));
    let mut settings = relay.stop().await;
    for damage in [None, Some("this is not a database, and was never one".repeat(100))] {
        for suffix in ["-wal", "-shm", ""] {
            let _absent = std::fs::remove_file(home.path().join(format!("views-{branch}.db{suffix}")));
        }
        if let Some(damage) = damage {
            std::fs::write(&file, damage).unwrap();
        }
        let relay = Running::start(settings).await;
        let mut changes = relay.state.changes();
        let rebuilt = async {
            while row(&relay, "上海", &id).await.is_none() {
                changes.recv().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, rebuilt).await.expect("the rows are not made again");
        settings = relay.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_applied_is_set_aside_and_delays_nobody() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let mut reader = Device::enrolled(2, &relay, "上海").await;
    device.write(doc(7), "not", "a dossier");
    let (_, id) = write_customer(&mut device, doc(1), "*女士");
    device.sync(&relay).await;
    settled(&relay, "上海").await;
    assert_eq!(row(&relay, "上海", &id).await.unwrap()["name"], "*女士");
    let branch = relay.admin().branch("上海").unwrap().id;
    let aside = relay.state.read(move |store| Ok(store.quarantined(branch, 10)?)).await.unwrap();
    assert_eq!(aside.iter().map(|document| document.doc).collect::<Vec<_>>(), [doc(7)]);
    reader.sync(&relay).await;
    assert_eq!(reader.read(doc(7), "not").as_deref(), Some("a dossier"), "devices get it all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_added_while_serving_needs_no_restart() {
    let (_home, relay) = relay_with_two_branches().await;
    relay.admin().add_branch("广州").unwrap();
    let mut device = Device::enrolled(1, &relay, "广州").await;
    let (dossier, id) = write_customer(&mut device, doc(1), "*先生");
    device.sync(&relay).await;
    settled(&relay, "广州").await;
    assert!(row(&relay, "广州", &id).await.is_some());
    assert_eq!(relay_export(&relay, "广州"), device_export("广州", &[(doc(1), &dossier)]));
}

/// A change by `device` that names operations far beyond any the document has: automerge would take it, and then nothing more.
fn unsound(device: &Device, dossier: &Dossier) -> Vec<u8> {
    let saved = automerge::Automerge::load(&dossier.save()).unwrap();
    let own = automerge::ActorId::from(device.actor.as_bytes());
    let last = saved.get_changes(&[]).into_iter().rfind(|change| *change.actor_id() == own).unwrap();
    let mut change = last.decode();
    change.seq += 1;
    change.start_op = (u64::from(u32::MAX) - 10).try_into().unwrap();
    change.deps = saved.get_heads();
    change.hash = None;
    change.operations.iter_mut().for_each(|operation| operation.pred = Vec::new().into());
    automerge::Change::from(change).raw_bytes().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_that_cannot_be_applied_does_not_freeze_its_dossier() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut hostile = Device::enrolled(1, &relay, "上海").await;
    let (mut dossier, id) = write_customer(&mut hostile, doc(1), "*先生");
    let poison = unsound(&hostile, &dossier);
    hostile.queue_only(doc(1), poison);
    // What it thinks of its sums afterwards is its own affair.
    hostile.try_sync(&relay).await;
    assert!(hostile.outbox.is_empty());
    assert!(hostile.refused.is_empty(), "a relay cannot see what is wrong with it: {:?}", hostile.refused);
    settled(&relay, "上海").await;
    assert_eq!(row(&relay, "上海", &id).await.unwrap()["name"], "*先生");
    let branch = relay.admin().branch("上海").unwrap().id;
    let aside = relay.state.read(move |store| Ok(store.quarantined(branch, 10)?)).await.unwrap();
    assert!(aside[0].doc == doc(1) && aside[0].reason.contains("cannot be applied"), "{aside:?}");

    let mut honest = Device::enrolled(2, &relay, "上海").await;
    let author = Author { staff: "李*".parse().unwrap(), role: Role::Engineer };
    let fields = Fields::from([("name", Value::Text("*女士".to_owned()))]);
    let actor = honest.actor;
    let at = Timestamp::from_millis(1_700_000_001_000);
    let change = dossier.edit(&author, at, &actor, |edit| edit.set(&id, fields)).unwrap().unwrap();
    honest.queue_only(doc(1), change);
    honest.try_sync(&relay).await;
    assert!(honest.outbox.is_empty() && honest.refused.is_empty());
    settled(&relay, "上海").await;
    assert_eq!(row(&relay, "上海", &id).await.unwrap()["name"], "*女士");
    assert!(relay_export(&relay, "上海").contains("*女士"));
}
