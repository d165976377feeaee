//! Devices that come back from copies, relays that lost what they had, and dossiers that are erased: with real files, real
//! sessions and a relay in this process.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod board;
mod clocks;
mod effects;
mod relay;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use device::{Device, DeviceError, Filter, Order, Page, SyncEvent};
use records::{ASSESSMENT, CUSTOMER, FORMS, Fields, TASK, Value};
use relay::Relay;
use store::OutboxSeq;
use vocab::{Actor, DocId, Refusal, Timestamp, Verdict};

fn fields<const N: usize>(fields: [(&'static str, &str); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn device(dir: &Path, name: &str, relay: &mut Relay, n: u8) -> Device {
    let mut device = Device::init(&dir.join(name), None, None).unwrap();
    relay.enrol(&mut device, n);
    device
}

fn customer(device: &mut Device, name: &str) -> String {
    device.create(&CUSTOMER, None, fields([("name", name), ("channel", "phone")])).unwrap().id.to_string()
}

fn task(device: &mut Device, customer: &str, title: &str) -> String {
    let mut need = fields([("need", title), ("urgency", "high"), ("scope", "technical_support")]);
    need.insert("minutes", Value::Integer(30));
    let assessment = device.create(&ASSESSMENT, Some(customer), need).unwrap().id.to_string();
    let given = fields([("title", title), ("assignee", "李工*")]);
    device.create(&TASK, Some(&assessment), given).unwrap().id.to_string()
}

fn export(device: &mut Device) -> String {
    let mut bytes = Vec::new();
    device.export_json(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Every text that anybody gave a record, with its document.
fn said(device: &mut Device) -> BTreeSet<(String, String)> {
    let mut said = BTreeSet::new();
    for kind in FORMS {
        let listing = device.list(kind, &Filter::default(), Order::Id, Page { offset: 0, limit: 1_000 }).unwrap();
        for row in listing.rows {
            let value = row.value().unwrap();
            for field in ["name", "need", "title", "history", "issues"] {
                let text = &value[field];
                if !text.is_null() {
                    said.insert((row.doc.to_string(), format!("{field} {text}")));
                }
            }
        }
    }
    said
}

fn copy_home(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    // A running store keeps what is newest in the log beside the file.
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn settled(relay: &Relay, device: &mut Device) {
    let status = device.status().unwrap();
    assert_eq!((status.outbox, status.refused, status.set_aside, status.invalid), (0, 0, 0, 0));
    assert_eq!(status.cursor, relay.head());
    assert!(!status.suspect);
    let report = device.doctor(false).unwrap();
    assert!(report.ok, "{report:?}");
}

/// The story of one device, in steps; its home is copied before each of them.
fn act(device: &mut Device, relay: &mut Relay, step: usize, mark: &str) {
    let customers = || -> Vec<String> { Vec::new() };
    let mut known = customers();
    let listing = device.list(&CUSTOMER, &Filter::default(), Order::Id, Page { offset: 0, limit: 100 }).unwrap();
    known.extend(listing.rows.iter().map(|row| row.id.to_string()));
    match step % 5 {
        0 => {
            customer(device, &format!("客{mark}{step}*"));
        }
        1 | 3 => {
            if let Some(first) = known.first() {
                task(device, first, &format!("题{mark}{step}"));
            }
        }
        2 => {
            relay.sync(device);
        }
        _ => {
            if let Some(first) = known.first() {
                let history = format!("记{mark}{step}");
                device.edit(first, fields([("history", &history)])).unwrap();
            }
        }
    }
}

#[test]
fn a_store_copied_back_at_any_moment_loses_nothing_of_either_life_and_reuses_no_number() {
    const STEPS: usize = 14;
    for moment in 0..STEPS {
        let dir = tempfile::tempdir().unwrap();
        let mut relay = Relay::new();
        let mut witness = device(dir.path(), "witness", &mut relay, 1);
        let mut first = device(dir.path(), "home", &mut relay, 2);
        let home = dir.path().join("home");
        let mut sent = BTreeSet::new();
        for step in 0..STEPS {
            if step == moment {
                copy_home(&home, &dir.path().join("copy"));
            }
            act(&mut first, &mut relay, step, "一");
            if step % 5 == 2 {
                sent = said(&mut first);
            }
        }
        let before = first.identity().unwrap().actor();
        drop(first);
        std::fs::remove_dir_all(&home).unwrap();
        copy_home(&dir.path().join("copy"), &home);

        // The copy is written to before anybody knows that it is one.
        let mut again = Device::open(&home).unwrap();
        for step in 0..4 {
            if step != 2 {
                act(&mut again, &mut relay, step, "二");
            }
        }
        let written = said(&mut again);
        let told = relay.sync(&mut again);
        assert!(told.len() > 1);
        let now = said(&mut again);
        let lost: Vec<_> = sent.union(&written).filter(|entry| !now.contains(*entry)).collect();
        let kept = |entry: &&(String, String)| !entry.1.starts_with("history");
        assert!(!lost.iter().any(kept), "moment {moment}: {lost:?}");

        // Whatever is written from now on is under an actor of its own, with numbers that were never given.
        let after = again.identity().unwrap().actor();
        let found = told.contains(&SyncEvent::Restored);
        assert_eq!(found, after != before, "moment {moment}: {told:?}");
        let one = customer(&mut again, "新一*");
        let listing = again.list(&CUSTOMER, &Filter::default(), Order::Id, Page { offset: 0, limit: 100 }).unwrap();
        assert_eq!(listing.rows.iter().filter(|row| row.inner.as_str() == one).count(), 1, "moment {moment}");
        relay.sync(&mut again);
        relay.sync(&mut witness);
        relay.sync(&mut again);
        assert_eq!(export(&mut again), export(&mut witness), "moment {moment}");
        settled(&relay, &mut again);
        settled(&relay, &mut witness);
        let mut numbers: BTreeMap<(DocId, Actor, u64), usize> = BTreeMap::new();
        for entry in relay.actors() {
            *numbers.entry(entry).or_default() += 1;
        }
        assert!(numbers.values().all(|count| *count == 1), "moment {moment}");
    }
}

#[test]
fn a_relay_that_lost_its_disk_gets_everything_back_from_its_devices() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut one = device(dir.path(), "one", &mut relay, 1);
    let mut two = device(dir.path(), "two", &mut relay, 2);
    let first = customer(&mut one, "甲*");
    task(&mut one, &first, "检修");
    let erased = customer(&mut two, "删*");
    relay.sync(&mut one);
    relay.sync(&mut two);
    let doc: DocId = two.record(&erased).unwrap()["doc"].as_str().unwrap().parse().unwrap();
    relay.erase(doc, "按客户要求");
    relay.sync(&mut two);
    relay.sync(&mut one);
    let before = (export(&mut one), one.status().unwrap().device.clone());
    relay.lose();
    relay.enrol(&mut one, 1);
    relay.enrol(&mut two, 2);
    let told = relay.sync(&mut one);
    assert!(told.contains(&SyncEvent::Reconciled), "{told:?}");
    relay.sync(&mut two);
    assert_eq!((export(&mut one), one.status().unwrap().device.clone()), before);
    assert_eq!(export(&mut two), before.0);
    settled(&relay, &mut one);
    settled(&relay, &mut two);
    // The erasure came back too.
    let mut three = device(dir.path(), "three", &mut relay, 3);
    relay.sync(&mut three);
    assert_eq!(export(&mut three), before.0);
    assert_eq!(three.status().unwrap().erased, 1);
}

#[test]
fn a_relay_put_back_to_an_old_copy_of_itself_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut one = device(dir.path(), "one", &mut relay, 1);
    let mut two = device(dir.path(), "two", &mut relay, 2);
    let first = customer(&mut one, "甲*");
    relay.sync(&mut one);
    let backup = relay.backup();
    task(&mut one, &first, "后来的");
    relay.sync(&mut one);
    relay.sync(&mut two);
    relay.put_back(backup);
    // The feed goes on from there with something else, past where the devices stand.
    let mut three = device(dir.path(), "three", &mut relay, 3);
    relay.sync(&mut three);
    for n in 0..4 {
        let id = customer(&mut three, &format!("丙{n}*"));
        task(&mut three, &id, "另一件");
    }
    relay.sync(&mut three);
    relay.sync(&mut one);
    relay.sync(&mut two);
    relay.sync(&mut three);
    relay.sync(&mut one);
    assert_eq!(export(&mut one), export(&mut two));
    assert_eq!(export(&mut one), export(&mut three));
    assert!(export(&mut three).contains("后来的"));
    settled(&relay, &mut one);
    settled(&relay, &mut two);
    settled(&relay, &mut three);
}

#[test]
fn an_erased_dossier_leaves_the_file_and_takes_unsent_edits_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut one = device(dir.path(), "one", &mut relay, 1);
    let mut two = device(dir.path(), "two", &mut relay, 2);
    let gone = customer(&mut one, "甲*");
    task(&mut one, &gone, "zebrafish 检修");
    let stays = customer(&mut one, "乙*");
    task(&mut one, &stays, "marmoset 检修");
    relay.sync(&mut one);
    relay.sync(&mut two);
    // The second edits it while the relay erases it.
    two.edit(&gone, fields([("history", "zebrafish 来过")])).unwrap();
    two.edit(&stays, fields([("history", "还在")])).unwrap();
    let doc: DocId = one.record(&gone).unwrap()["doc"].as_str().unwrap().parse().unwrap();
    relay.erase(doc, "按客户要求");
    let told = relay.sync(&mut two);
    let erased: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            SyncEvent::Erased(erased) => Some((erased.doc, erased.why.as_str(), erased.dropped)),
            _ => None,
        })
        .collect();
    assert_eq!(erased, [(doc, "按客户要求", 1)]);
    assert_eq!(two.tell_erased().unwrap().len(), 1);
    assert!(two.tell_erased().unwrap().is_empty());
    relay.sync(&mut one);
    assert_eq!(export(&mut one), export(&mut two));
    settled(&relay, &mut two);
    assert!(two.search("zebrafish", 10).unwrap().is_empty());
    assert_eq!(two.search("marmoset", 10).unwrap().len(), 2);
    assert!(matches!(two.edit(&gone, fields([("history", "x")])), Err(DeviceError::UnknownRecord { .. })));
    assert!(matches!(two.record(&doc.to_string()), Err(DeviceError::Erased { .. })));
    two.store_mut().unwrap().scrub().unwrap();
    drop(two);
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir.path().join("two")).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(holds("marmoset"), "the search for bytes finds what is there");
    assert!(!holds("zebrafish"));
}

#[test]
fn a_link_that_is_cut_again_and_again_still_brings_everything() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut one = device(dir.path(), "one", &mut relay, 1);
    for n in 0..40 {
        let id = customer(&mut one, &format!("客{n}*"));
        task(&mut one, &id, &format!("检修第{n}台设备"));
    }
    relay.sync(&mut one);
    let mut two = device(dir.path(), "two", &mut relay, 2);
    relay.cut_after = Some(2 * 1024);
    let (mut sessions, mut told) = (0, Vec::new());
    loop {
        sessions += 1;
        assert!(sessions < 60, "no progress is made");
        if matches!(relay.session(&mut two, &mut told).unwrap(), device::Ending::Done) {
            break;
        }
    }
    assert!(sessions > 3, "the link was cut {sessions} times");
    relay.cut_after = None;
    assert_eq!(export(&mut one), export(&mut two));
    settled(&relay, &mut two);
}

#[test]
fn unequal_sums_are_found_and_mended_by_comparing() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut one = device(dir.path(), "one", &mut relay, 1);
    let mut two = device(dir.path(), "two", &mut relay, 2);
    for n in 0..5 {
        customer(&mut one, &format!("客{n}*"));
    }
    relay.sync(&mut one);
    relay.sync(&mut two);
    // A dossier is gone from the second's file.
    let listing = two.list(&CUSTOMER, &Filter::default(), Order::Id, Page { offset: 0, limit: 1 }).unwrap();
    let lost = listing.rows[0].doc;
    let gone = |tx: &store::WriteTx<'_>| -> Result<(), store::StoreError> {
        tx.set_document_sum(lost, vocab::Sum::ZERO)?;
        tx.connection().execute("DELETE FROM document WHERE doc = ?1", [lost.as_bytes()])?;
        Ok(())
    };
    two.store_mut().unwrap().write(gone).unwrap();
    assert!(two.doctor(true).unwrap().ok);
    assert_ne!(export(&mut one), export(&mut two));
    let told = relay.sync(&mut two);
    assert!(told.contains(&SyncEvent::Reconciled), "{told:?}");
    assert_eq!(export(&mut one), export(&mut two));
    settled(&relay, &mut two);
    assert!(!relay.sync(&mut two).contains(&SyncEvent::Reconciled));
}

#[test]
fn two_devices_that_were_given_one_code_do_not_hinder_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let before_anybody = relay.backup();
    let mut first = device(dir.path(), "first", &mut relay, 1);
    relay.put_back(before_anybody);
    let mut second = device(dir.path(), "second", &mut relay, 2);
    assert_eq!(first.identity().unwrap().code, second.identity().unwrap().code);
    // The first has worked under the code before it learns that the relay knows it no more.
    let dossier = customer(&mut first, "张*");
    task(&mut first, &dossier, "更换滤芯");
    relay.enrol(&mut first, 1);
    relay.sync(&mut first);
    relay.sync(&mut second);

    // The second counts from the beginning, under the same code, in the same dossier.
    let told = task(&mut second, &dossier, "检查电源");
    second.step(&told, "done", fields([("result", "已修好")])).unwrap();
    let dossier_of_its_own = customer(&mut second, "李*");
    assert_ne!(dossier, dossier_of_its_own);
    relay.sync(&mut second);
    relay.sync(&mut first);
    settled(&relay, &mut first);
    assert_eq!(export(&mut first), export(&mut second));
    for text in ["更换滤芯", "检查电源", "张*", "李*"] {
        assert!(export(&mut first).contains(text), "{text}");
    }
    // Whatever both have written since, no two records are called the same.
    assert!(!export(&mut first).contains('~'), "{}", export(&mut first));
}

#[test]
fn what_was_refused_for_want_of_another_change_goes_up_again_when_more_of_its_dossier_comes() {
    let dir = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut first = device(dir.path(), "first", &mut relay, 1);
    let mut second = device(dir.path(), "second", &mut relay, 2);
    let dossier = customer(&mut first, "张*");
    let other = customer(&mut first, "李*");
    relay.sync(&mut first);
    relay.sync(&mut second);
    for (id, history) in [(&dossier, "换了滤芯"), (&other, "换了电源"), (&dossier, "又换了滤芯")] {
        first.edit(id, fields([("history", history)])).unwrap();
    }
    let waiting = first.store_mut().unwrap().read(|tx| tx.outbox(OutboxSeq::START, usize::MAX)).unwrap();
    let missing = Verdict::Refused(Refusal::MissingDependency);
    let verdicts: Vec<_> = waiting.iter().map(|entry| (entry.seq, missing)).collect();
    first.store_mut().unwrap().write(|tx| tx.settle(&verdicts, Timestamp::EPOCH)).unwrap();

    // As long as nothing comes, nothing is any different.
    relay.sync(&mut first);
    assert_eq!(first.status().unwrap().refused, 3);
    second.edit(&dossier, fields([("preference", "每周")])).unwrap();
    relay.sync(&mut second);
    relay.sync(&mut first);
    let status = first.status().unwrap();
    assert_eq!((status.outbox, status.refused), (0, 1));
    second.edit(&other, fields([("preference", "每月")])).unwrap();
    relay.sync(&mut second);
    relay.sync(&mut first);
    settled(&relay, &mut first);
    relay.sync(&mut second);
    assert_eq!(export(&mut first), export(&mut second));
    assert!(export(&mut second).contains("又换了滤芯"));
}
