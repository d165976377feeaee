//! Erasing a dossier: gone from every file of the relay and from every device, and it does not come back.

use std::path::Path;

use records::{Class, Dossier, Fields, TRAINING, Value};
use sync::Outcome;
use vocab::{Author, BranchId, DocId, RecordId, Role, Timestamp};

use crate::derived::{settled, write_customer};
use crate::device::{Device, doc};
use crate::process::{Process, json, refusal};
use crate::running::{Reachable, relay_with_two_branches};

/// A word that stands in no program and no table.
const SECRET: &str = "zxqvwjkry";
const KEPT: &str = "kwyjbqvxz";

/// The files below `directory` that hold `word`.
fn files_with(directory: &Path, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, word));
        } else if std::fs::read(&path).unwrap().windows(word.len()).any(|bytes| bytes == word.as_bytes()) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

fn branch_id(data: &Path) -> BranchId {
    json(data, &["branch", "list"])[0]["id"].as_str().unwrap().parse().unwrap()
}

/// Waits until a relay in another process shows everything it holds.
async fn caught_up(process: &Process, branch: BranchId) {
    let behind = format!("fieldbook_relay_materializer_behind{{branch=\"{branch}\"}}");
    while process.metric(&behind).await > 0 {
        tokio::task::yield_now().await;
    }
}

/// A served relay where one device has written a dossier that has to go and one that stays; and where it keeps its data.
async fn served() -> (tempfile::TempDir, Process, Device, DocId) {
    let home = tempfile::tempdir().unwrap();
    json(home.path(), &["branch", "add", "上海"]);
    let process = Process::start(home.path());
    let mut writer = Device::enrolled(1, &process, "上海").await;
    write_customer(&mut writer, doc(1), &format!("*{SECRET}"));
    writer.sync(&process).await;
    write_customer(&mut writer, doc(2), &format!("*{KEPT}"));
    writer.sync(&process).await;
    assert!(writer.refused.is_empty());
    caught_up(&process, branch_id(home.path())).await;
    (home, process, writer, doc(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_while_serving_it_is_in_no_file_and_a_connected_device_drops_it() {
    let (home, process, _writer, doc) = served().await;
    let data = home.path();
    for word in [SECRET, KEPT] {
        let found = files_with(data, word);
        let has = |name: &str| found.iter().any(|file| file.starts_with(name));
        assert!(has("relay.db") && has("views-"), "before: {word} in {found:?}");
    }
    let mut follower = Device::enrolled(2, &process, "上海").await;
    let mut erased = false;
    let outcome = follower
        .follow(&process, |device| {
            if device.documents.len() == 2 && !erased {
                erased = true;
                let done = json(data, &["erase", &doc.to_string(), "--why", "按客户要求"]);
                assert_eq!((&done["before"], &done["why"]), (&false.into(), &"按客户要求".into()));
                assert_eq!(files_with(data, SECRET), Vec::<String>::new());
            }
            device.erased.contains_key(&doc)
        })
        .await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(follower.documents.len(), 1, "the other one stays");
    caught_up(&process, branch_id(data)).await;
    process.kill();
    assert_eq!(files_with(data, SECRET), Vec::<String>::new());
    assert!(files_with(data, KEPT).len() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_while_stopped_it_is_in_no_file_and_stays_gone_whoever_pushes_it() {
    let (home, process, mut writer, doc) = served().await;
    let data = home.path();
    assert_eq!(process.terminate(), Some(0));
    assert!(!files_with(data, SECRET).is_empty());
    let done = json(data, &["erase", &doc.to_string(), "--why", "保留期已过"]);
    assert!(done["changes"].as_u64().unwrap() > 0 && done["position"].as_u64().unwrap() > 0, "{done}");
    assert_eq!(files_with(data, SECRET), Vec::<String>::new());
    let again = json(data, &["erase", &doc.to_string(), "--why", "once more"]);
    assert_eq!((&again["before"], &again["why"]), (&true.into(), &"保留期已过".into()));
    assert_eq!(json(data, &["erased"]).as_array().unwrap().len(), 1);

    let process = Process::start(data);
    // Its owner was away and has written on.
    writer.write(doc, "note", SECRET);
    writer.sync(&process).await;
    assert!(writer.erased.contains_key(&doc) && !writer.documents.contains_key(&doc));
    assert!(writer.outbox.is_empty());
    writer.sync(&process).await;
    let mut newcomer = Device::enrolled(3, &process, "上海").await;
    newcomer.sync(&process).await;
    assert_eq!((newcomer.documents.len(), newcomer.erased.len()), (1, 1));
    assert_eq!(newcomer.sum(), writer.sum());
    caught_up(&process, branch_id(data)).await;
    process.kill();
    assert_eq!(files_with(data, SECRET), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_means_nothing_or_too_much_erases_nothing_and_says_what_to_do() {
    let (home, process, mut writer, first) = served().await;
    let data = home.path();
    // Both dossiers hold CUST-01-1: the test's devices count from 1 in each.
    let (code, text) = loop {
        let (code, text) = refusal(data, &["erase", "cust-01-1", "--why", "x"]);
        // The relay has not yet said that its rows are all there.
        if !text.contains("not all of them are") {
            break (code, text);
        }
    };
    assert!(code == Some(1) && text.contains("more than one") && text.contains(&first.to_string()), "{text}");
    for unknown in ["CUST-09-9", "旧-17", &doc(9).to_string()] {
        let (code, text) = refusal(data, &["erase", unknown, "--why", "x"]);
        assert!(code == Some(1) && text.contains("There is no dossier"), "{text}");
    }
    let long = "x".repeat(401);
    for why in ["", " ", "two\nlines", &long] {
        let (code, text) = refusal(data, &["erase", &first.to_string(), "--why", why]);
        assert!(code == Some(1) && text.contains("--why"), "{text}");
    }
    assert_eq!(refusal(data, &["erase", &first.to_string()]).0, Some(2), "a reason has to be given");
    writer.sync(&process).await;
    assert!(writer.erased.is_empty());
    let done = json(data, &["erase", &first.to_string(), "--why", "x"]);
    assert_eq!(done["doc"], first.to_string());
    // Now the id means one dossier only.
    caught_up(&process, branch_id(data)).await;
    assert_eq!(json(data, &["erase", "cust-01-1", "--why", "x"])["doc"], doc(2).to_string());
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_hear_of_an_erasure_and_its_rows_are_gone() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let (_, id) = write_customer(&mut device, doc(1), "*先生");
    device.sync(&relay).await;
    settled(&relay, "上海").await;
    let branch = relay.admin().branch("上海").unwrap().id;
    let shown = async || {
        let id = id.clone();
        relay.state.views(branch, move |rows| Ok(readmodel::record(rows, &id)?)).await.unwrap().is_some()
    };
    assert!(shown().await);
    let mut changes = relay.state.changes();
    relay.admin().erase(id.as_str(), None, "按客户要求").unwrap();
    while changes.recv().await.unwrap().branch != branch {}
    settled(&relay, "上海").await;
    assert!(!shown().await);
    assert_eq!(relay.admin().erased(Some("上海")).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_after_a_backup_is_erased_again_when_that_is_restored() {
    let (home, process, mut writer, doc) = served().await;
    let data = home.path();
    let elsewhere = tempfile::tempdir().unwrap();
    let (backup, restored) = (elsewhere.path().join("backup.db"), elsewhere.path().join("data"));
    json(data, &["backup", backup.to_str().unwrap()]);
    json(data, &["erase", &doc.to_string(), "--why", "按客户要求"]);
    writer.sync(&process).await;
    assert!(writer.erased.contains_key(&doc));
    process.kill();
    json(&restored, &["restore", backup.to_str().unwrap()]);
    assert!(!files_with(&restored, SECRET).is_empty(), "the backup still holds it");
    let process = Process::start(&restored);
    writer.sync(&process).await;
    assert!(writer.report.reconcile.is_some_and(|report| report.restored == 1), "{:?}", writer.report);
    let mut newcomer = Device::enrolled(5, &process, "上海").await;
    newcomer.sync(&process).await;
    assert!(newcomer.erased.contains_key(&doc) && !newcomer.documents.contains_key(&doc));
    assert_eq!(json(&restored, &["erased"])[0]["why"], "按客户要求");
    // The command takes the bytes out at once; the relay would by itself, a little later.
    assert_eq!(json(&restored, &["erase", &doc.to_string(), "--why", "x"])["before"], true);
    assert_eq!(files_with(&restored, SECRET), Vec::<String>::new());
    process.kill();
}

/// A training about `topic`, on the board.
fn write_training(device: &mut Device, board: (DocId, &mut Dossier), number: u64, topic: &str) -> RecordId {
    let (doc, dossier) = board;
    let id = RecordId::new(TRAINING.prefix, &device.membership.as_ref().unwrap().code, number);
    let author = Author { staff: "主管*".parse().unwrap(), role: Role::Supervisor };
    let fields = Fields::from([("training_kind", Value::from("skills")), ("topic", Value::from(topic))]);
    let actor = device.actor;
    let stamp = Timestamp::from_millis(1_700_000_000_000);
    let change = dossier.edit(&author, stamp, &actor, |edit| edit.create(&TRAINING, &id, None, fields)).unwrap();
    device.queue(doc, change.unwrap());
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_whole_branch_writes_to_is_not_erased_by_any_of_its_names() {
    let (home, process, mut writer, _) = served().await;
    let data = home.path();
    let branch = branch_id(data);
    let [board, policy] = [Class::Board, Class::Policy].map(|class| class.document(branch).unwrap());
    let mut dossier = Dossier::create();
    for doc in [board, policy] {
        dossier.changes_since(&[]).into_iter().for_each(|change| writer.queue(doc, change));
    }
    let training = write_training(&mut writer, (board, &mut dossier), 1, "岗位技能");
    writer.sync(&process).await;
    caught_up(&process, branch).await;
    for (name, of) in [
        (training.to_string(), "the board of the branch"),
        (board.to_string(), "the board of the branch"),
        (policy.to_string(), "the policy of the branch"),
    ] {
        let (code, text) = loop {
            let (code, text) = refusal(data, &["erase", &name, "--why", "x"]);
            // The relay has not yet said that its rows are all there.
            if !text.contains("not all of them are") {
                break (code, text);
            }
        };
        assert!(code == Some(1) && text.contains(of) && text.contains("void"), "{text}");
    }
    assert_eq!(json(data, &["erased"]).as_array().unwrap().len(), 0);
    // It takes what is written next.
    write_training(&mut writer, (board, &mut dossier), 2, "入职引导");
    writer.sync(&process).await;
    assert!(writer.refused.is_empty() && writer.erased.is_empty(), "{:?}", writer.refused);
    process.kill();
}
