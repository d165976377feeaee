//! The users' own tables, in and out.

use crate::environment::Environment;

const CUSTOMERS: &str = "客户ID,客户姓名,联系方式,历史交易记录,服务偏好,初始日期,责任人,客户类别\n\
    CUST001,*先生,在线客服,2023年购买产品A,每周一次邮件更新,2024-05-01,服务团队*,普通客户\n\
    CUST002,王*,电话,,,2024-05-02,王*,VIP客户\n";

#[test]
fn a_table_is_tried_imported_and_known_again() {
    let device = Environment::new();
    let file = device.file("客户.csv", CUSTOMERS);
    let file = file.to_str().unwrap();
    let tried = device.json(["import", file, "--dry-run"]);
    assert_eq!((tried["dry_run"].as_bool(), tried["kinds"]["customer"]["created"].as_i64()), (Some(true), Some(2)));
    assert_eq!(device.records(), 0);
    assert_eq!(device.json(["import", file])["kinds"]["customer"]["created"], 2);
    let again = device.json(["import", file]);
    assert_eq!(again["kinds"]["customer"]["unchanged"], 2);
    assert_eq!(device.records(), 2);
    assert_eq!(device.json(["customer", "show", "CUST001"])["name"], "*先生", "the paper number finds it");
}

#[test]
fn what_is_wrong_is_told_by_row_and_column_and_nothing_is_written() {
    let device = Environment::new();
    let wrong = CUSTOMERS.replace("*先生", "先生").replace("2024-05-02", "2024-02-30").replace("电话", "信鸽");
    let file = device.file("wrong.csv", wrong);
    let ended = device.run(["import", file.to_str().unwrap(), "--lang", "zh-CN"]);
    ended.refused(1, &["客户姓名", "联系方式", "信鸽", "初始日期", "2024-02-30", "2", "3"]);
    assert_eq!(device.records(), 0);
}

#[test]
fn files_that_are_no_tables_are_refused_each_for_its_reason() {
    let device = Environment::new();
    let missing_column = CUSTOMERS.replace("客户姓名,", "").replace("*先生,", "").replace("王*,电话", "电话");
    for (name, content, part) in [
        ("empty.csv", Vec::new(), "empty.csv"),
        ("column.csv", missing_column.into_bytes(), "客户姓名"),
        ("gb.csv", b"\xbf\xcd\xbb\xa7ID,\xbf\xcd\xbb\xa7\xd0\xd5\xc3\xfb\n".to_vec(), "UTF-8"),
        ("broken.xlsx", b"PK\x03\x04 and nothing more".to_vec(), "broken.xlsx"),
    ] {
        let file = device.file(name, content);
        device.run(["import", file.to_str().unwrap()]).refused(1, &[part]);
    }
    device.run(["import", "no-such-file.csv"]).refused(1, &["no-such-file.csv"]);
    assert_eq!(device.records(), 0);
}

#[test]
fn the_book_goes_out_as_json_and_as_tables_that_come_back_in() {
    let device = Environment::new();
    let file = device.file("customers.csv", CUSTOMERS);
    device.ok(["import", file.to_str().unwrap()]);
    let json: serde_json::Value = serde_json::from_str(&device.ok(["export"])).unwrap();
    assert_eq!(json["records"].as_array().unwrap().len(), 2);
    assert_eq!(device.ok(["export"]), device.ok(["export", "--json"]), "the export is the one JSON value");
    for (format, out) in [("json", "book.json"), ("csv", "forms"), ("xlsx", "book.xlsx")] {
        let out = device.path().join(out);
        let told = device.json(["export", "--format", format, "--out", out.to_str().unwrap()]);
        assert_eq!(told["records"], 2, "{format}");
    }
    assert_eq!(std::fs::read_to_string(device.path().join("book.json")).unwrap(), device.ok(["export"]));
    for form in ["forms/customer.csv", "book.xlsx"] {
        let other = Environment::new();
        let report = other.json(["import", device.path().join(form).to_str().unwrap()]);
        assert_eq!(report["kinds"]["customer"]["created"], 2, "{form}");
        assert_eq!(other.json(["customer", "show", "CUST002"])["grade"], "vip");
    }
}

#[test]
fn blank_tables_of_every_kind_are_filled_in_and_imported() {
    let device = Environment::new();
    let folder = device.path().join("blank");
    let folder = folder.to_str().unwrap();
    device.ok(["export", "--blank", "--format", "csv", "--out", folder, "--lang", "zh-CN"]);
    let training = std::path::Path::new(folder).join("training.csv");
    let blank = std::fs::read_to_string(&training).unwrap();
    let header = blank.trim_end();
    assert!(header.ends_with("培训ID,培训类型,培训主题,培训对象,培训地点,开始时间,结束时间,培训内容,状态,实际时间,培训结果,内容更新时间,取消原因"));
    let cells = header.split(',').map(|name| match name.trim_start_matches('\u{feff}') {
        "培训ID" => "X1",
        "培训类型" => "岗位技能培训",
        "培训主题" => "电源检修",
        "开始时间" => "2026-10-08 09:00",
        _ => "",
    });
    let row: Vec<&str> = cells.collect();
    std::fs::write(&training, format!("{header}\n{}\n", row.join(","))).unwrap();
    let report = device.json(["import", folder]);
    assert_eq!((report["kinds"]["training"]["created"].as_i64(), device.records()), (Some(1), 1));
    assert_eq!(device.json(["training", "show", "X1"])["topic"], "电源检修");
    let workbook = device.path().join("blank.xlsx");
    let told = device.json(["export", "--blank", "--out", workbook.to_str().unwrap()]);
    assert_eq!(told["records"], 0);
    assert_eq!(device.json(["import", workbook.to_str().unwrap()])["kinds"], serde_json::json!({}));
}

#[test]
fn a_circle_and_a_reference_that_leads_nowhere_are_refused_with_their_rows() {
    let device = Environment::new();
    let wrong = "改进ID,改进项目,来源,来源编号\nI1,一,评审,I2\nI2,二,评审,I1\nI3,三,投诉,P9\n";
    let file = device.file("改进.csv", wrong);
    let ended = device.run(["import", file.to_str().unwrap(), "--lang", "zh-CN"]);
    ended.refused(1, &["2 (I1) → 3 (I2) → 2 (I1)", "第 4 行", "P9", "来源编号"]);
    assert_eq!(device.records(), 0);
}

#[test]
fn the_review_of_a_month_is_a_workbook_or_json() {
    let device = Environment::new();
    let (_, _, task) = device.task();
    device.ok(["task", "assign", &task, "--to", "王*"]);
    device.ok(["task", "start", &task, "--started-at", "2024-05-02 09:00"]);
    device.ok(["task", "done", &task, "--done-at", "2024-05-02 17:00"]);
    let json = device.json(["view", "review", "--month", "2024-05"]);
    assert_eq!(json["figures"]["month"], "2024-05");
    assert_eq!(json["figures"]["branch"]["complaints"]["of"], 1, "the task counts in the month it was done in");
    assert_eq!(
        (json["scores"].as_array().map(Vec::len), json["until"].as_str()),
        (Some(6), Some("2024-05-31T15:59:59.999Z"))
    );
    let out = device.path().join("review.xlsx");
    let out = out.to_str().unwrap();
    let told = device.ok(["view", "review", "--month", "2024-05", "--out", out, "--lang", "zh-CN"]);
    assert!(told.is_empty(), "what is said of a file goes to standard error: {told}");
    let first = std::fs::read(out).unwrap();
    assert!(first.starts_with(b"PK"));
    let told = device.json(["view", "review", "--month", "2024-05", "--months", "1", "--out", out]);
    assert_eq!((told["path"].as_str(), told["month"].as_str()), (Some(out), Some("2024-05")));
    assert_ne!(std::fs::read(out).unwrap(), first, "the language and the months asked for");
    // A review is no table to be imported, though it lists improvements under their headers.
    let records = device.records();
    device.run(["import", out]).refused(1, &["belongs to no table"]);
    assert_eq!(device.records(), records);
    device.run(["view", "review", "--month", "05/2024"]).refused(1, &["--month"]);
    device.run(["view", "review", "--out", "no/such/folder/r.xlsx"]).refused(1, &["no/such/folder"]);
}

#[test]
fn a_healthy_book_stays_the_same_through_a_rebuild() {
    let device = Environment::new();
    device.task();
    let before = device.ok(["export"]);
    let report = device.json(["doctor"]);
    assert_eq!((report["ok"].as_bool(), report["rebuilt"].as_bool()), (Some(true), Some(false)));
    assert_eq!(device.json(["doctor", "--rebuild"])["rebuilt"], true);
    assert_eq!(device.ok(["export"]), before);
}
