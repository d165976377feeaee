//! A device with no relay: what is recorded, found, corrected, imported and rebuilt.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use device::{Device, DeviceError, Filter, Order, Page};
use records::{ASSESSMENT, CUSTOMER, FEEDBACK, Fields, TASK, Value};
use vocab::Role;

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

fn device(dir: &Path) -> Device {
    Device::init(&dir.join("home"), None, None).unwrap()
}

fn fields<const N: usize>(fields: [(&'static str, &str); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn chain(device: &mut Device) -> [String; 4] {
    let customer = device.create(&CUSTOMER, None, fields([("name", "王*"), ("channel", "phone")])).unwrap();
    let mut need = fields([("need", "设备无法开机"), ("urgency", "high"), ("scope", "technical_support")]);
    need.insert("minutes", Value::Integer(120));
    let assessment = device.create(&ASSESSMENT, Some(customer.id.as_str()), need).unwrap();
    device.step(assessment.id.as_str(), "approved", Fields::new()).unwrap();
    let task = fields([("title", "上门检修电源"), ("assignee", "李工*")]);
    let task = device.create(&TASK, Some(assessment.id.as_str()), task).unwrap();
    device.step(task.id.as_str(), "started", Fields::new()).unwrap();
    device.step(task.id.as_str(), "done", Fields::new()).unwrap();
    let mut given = fields([("text", "服务响应快")]);
    given.insert("score", Value::Integer(5));
    let feedback = device.create(&FEEDBACK, Some(task.id.as_str()), given).unwrap();
    [customer, assessment, task, feedback].map(|stored| stored.id.to_string())
}

#[test]
fn a_device_alone_keeps_the_whole_chain() {
    let dir = tempfile::tempdir().unwrap();
    let [_, assessment, task, feedback] = chain(&mut device(dir.path()));
    let mut again = Device::open(&dir.path().join("home")).unwrap();
    assert_eq!(again.record(&assessment).unwrap()["state"], "approved");
    let task = again.record(&task).unwrap();
    assert_eq!((&task["status"], &task["assignee"]), (&"done".into(), &"李工*".into()), "{task}");
    assert_eq!(again.record(&feedback).unwrap()["score"], 5);
    let status = again.status().unwrap();
    assert_eq!((status.dossiers, status.records, status.conflicts), (1, 4, 0));
    // Genesis travels with the first change; every later command is one change.
    assert_eq!(status.outbox, 8);
}

#[test]
fn two_characters_of_a_sentence_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    let [_, assessment, ..] = chain(&mut device);
    let found = device.search("开机", 10).unwrap();
    assert_eq!(found.iter().map(|record| record["id"].as_str().unwrap()).collect::<Vec<_>>(), [assessment]);
    assert!(device.search("关机", 10).unwrap().is_empty());
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    let refused = device.create(&CUSTOMER, None, fields([("name", "王先生"), ("channel", "phone")]));
    assert!(matches!(refused, Err(DeviceError::Invalid(_))), "{refused:?}");
    let refused = device.create(&ASSESSMENT, Some("CUST-7K-1"), fields([("need", "检修")]));
    assert!(matches!(refused, Err(DeviceError::UnknownRecord { .. })), "{refused:?}");
    let status = device.status().unwrap();
    assert_eq!((status.dossiers, status.records, status.outbox), (0, 0, 0));
    let made = device.create(&CUSTOMER, None, fields([("name", "王*"), ("channel", "phone")])).unwrap();
    assert!(made.id.as_str().ends_with("-1"), "a refused record used up a number: {}", made.id);
}

#[test]
fn rows_made_anew_are_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    chain(&mut device);
    let mut before = Vec::new();
    device.export_json(&mut before).unwrap();
    let report = device.doctor(true).unwrap();
    assert!(report.ok && !report.rows_differ, "{report:?}");
    let mut after = Vec::new();
    device.export_json(&mut after).unwrap();
    assert_eq!(before, after);
}

#[test]
fn importing_the_paper_forms_twice_changes_nothing_the_second_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    let file = fixtures().join("golden/chain.xlsx");
    let tried = device.import(&file, true).unwrap();
    assert_eq!(device.status().unwrap().records, 0, "a trial writes nothing");
    let first = device.import(&file, false).unwrap();
    assert_eq!(first.kinds, tried.kinds);
    assert_eq!(device.status().unwrap().records, 4);
    let task = device.record("EXEC001").unwrap();
    assert_eq!(task["req_id"], device.record("REQ001").unwrap()["id"]);
    let second = device.import(&file, false).unwrap();
    assert!(second.kinds.values().all(|counts| counts.unchanged == counts.rows), "{second:?}");
    // What was edited since stays when the old file comes once more.
    device.edit("CUST001", fields([("preference", "每月一次电话")])).unwrap();
    let third = device.import(&file, false).unwrap();
    assert!(third.kinds.values().all(|counts| counts.unchanged == counts.rows), "{third:?}");
    assert_eq!(device.record("CUST001").unwrap()["preference"], "每月一次电话");
    let listing = device.list(&CUSTOMER, &Filter::default(), Order::Id, Page::default()).unwrap();
    assert_eq!(listing.total, 1);
}

#[test]
fn the_example_chain_goes_out_as_it_came_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    device.import(&fixtures().join("golden"), false).unwrap();
    let out = dir.path().join("out");
    device.export_tables(device::TableFormat::Csv, &out, vocab::Lang::ZhCn).unwrap();
    for kind in ["customer", "assessment", "task", "feedback"] {
        let came = std::fs::read_to_string(fixtures().join(format!("golden/{kind}.csv"))).unwrap();
        let went = std::fs::read_to_string(out.join(format!("{kind}.csv"))).unwrap();
        assert_eq!(came, went, "{kind}");
    }
}

#[test]
fn a_row_without_its_customer_is_named_and_nothing_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    let refused = device.import(&fixtures().join("golden/assessment.csv"), false).unwrap_err();
    let DeviceError::Tables { errors, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(errors.problems().iter().map(|problem| problem.row).collect::<Vec<_>>(), [Some(2)]);
    assert_eq!(device.status().unwrap().records, 0);
}

#[test]
fn an_engineer_does_not_approve() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = Device::init(&dir.path().join("home"), None, Some(Role::Engineer)).unwrap();
    let customer = device.create(&CUSTOMER, None, fields([("name", "王*"), ("channel", "phone")])).unwrap();
    let refused = device.create(&ASSESSMENT, Some(customer.id.as_str()), fields([("need", "检修")]));
    assert!(matches!(refused, Err(DeviceError::Invalid(_))), "{refused:?}");
}

#[test]
fn what_no_relay_would_take_is_refused_before_it_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    let customer = device.create(&CUSTOMER, None, fields([("name", "王*"), ("channel", "phone")])).unwrap();
    let history = "字".repeat(4_000);
    device.edit(customer.id.as_str(), fields([("history", &history)])).unwrap();
    let header = "需求ID,客户ID,需求描述,紧急程度,影响范围,资源需求,评估日期,评估人,方案建议";
    let rows: Vec<String> = (0..200)
        .map(|n| format!("R{n},{},{}{n},高,销售,2小时,,,{}", customer.id, "需".repeat(900), "案".repeat(900)))
        .collect();
    let file = dir.path().join("assessments.csv");
    std::fs::write(&file, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    device.import(&file, false).unwrap();
    let mut store = store::DeviceStore::open(&dir.path().join("home")).unwrap();
    let entries = store.read(|tx| tx.outbox(store::OutboxSeq::START, usize::MAX)).unwrap();
    assert!(entries.len() > 10, "many rows are several changes: {}", entries.len());
    for entry in entries {
        assert!(entry.bytes.len() < sync::limits::CHANGE_BYTES_MAX, "{} bytes", entry.bytes.len());
        assert!(sync::inspect(&entry.bytes).is_ok());
    }
}

#[test]
fn a_row_that_names_another_customer_than_its_service_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    device.import(&fixtures().join("golden/chain.xlsx"), false).unwrap();
    device.create(&CUSTOMER, None, fields([("name", "李*"), ("channel", "phone"), ("legacy_id", "CUST002")])).unwrap();
    let golden = std::fs::read_to_string(fixtures().join("golden/feedback.csv")).unwrap().replace("FB001", "FB002");
    let file = dir.path().join("feedback.csv");
    std::fs::write(&file, golden.replace("CUST001", "CUST002")).unwrap();
    assert!(matches!(device.import(&file, false), Err(DeviceError::Tables { .. })));
    std::fs::write(&file, golden).unwrap();
    assert_eq!(device.import(&file, false).unwrap().kinds["feedback"].created, 1);
}

#[test]
fn a_tracking_sheet_that_went_on_is_imported_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut device = device(dir.path());
    let golden = fixtures().join("golden");
    for table in ["customer", "assessment"] {
        device.import(&golden.join(format!("{table}.csv")), false).unwrap();
    }
    let done = std::fs::read_to_string(golden.join("task.csv")).unwrap();
    let file = dir.path().join("task.csv");
    std::fs::write(&file, done.replace("已完成", "进行中").replace("2024-05-02 10:30", "")).unwrap();
    device.import(&file, false).unwrap();
    assert_eq!(device.record("EXEC001").unwrap()["status"], "in_progress");
    std::fs::write(&file, &done).unwrap();
    assert_eq!(device.import(&file, false).unwrap().kinds["task"].updated, 1);
    let task = device.record("EXEC001").unwrap();
    assert_eq!((&task["status"], task["issues"].as_array().unwrap().len()), (&"done".into(), 1), "{task}");
    assert_eq!(device.import(&file, false).unwrap().kinds["task"].unchanged, 1);
}
