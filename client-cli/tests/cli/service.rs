//! The service process by commands: what is due, the daily check, the views, calendars, the rota, customers entered twice.

use std::collections::BTreeSet;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::environment::Environment;

/// Every line fits a terminal of 80 columns, in both languages.
#[track_caller]
fn fits(device: &Environment, args: &[&str]) {
    for lang in ["en", "zh-CN"] {
        let shown = device.narrow(args.iter().copied().chain(["--lang", lang]));
        assert!(!shown.is_empty() && !shown.contains("cli-"), "{shown}");
        for line in shown.lines() {
            assert!(line.width() <= 80, "{} columns: {line}", line.width());
        }
    }
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn what_is_due_is_told_by_person_and_role_as_a_table_as_json_and_as_a_calendar() {
    let device = Environment::new();
    let (customer, _, task) = device.task();
    device.ok(["task", "assign", &task, "--to", "王*"]);
    device.ok(["task", "start", &task]);
    let complaint =
        ["--channel", "电话", "--complainant", "*女士", "--content", "三次未修好", "--severity", "critical"];
    let complaint = device.make(["complaint", "add", "--customer", &customer].into_iter().chain(complaint));
    device.ok(["complaint", "assign", &complaint, "--owner", "孙*"]);
    let due = device.json(["due"]);
    assert_eq!(names(&due), BTreeSet::from(["as_of", "items", "total"]));
    let items = due["items"].as_array().unwrap();
    let fields = [
        "code", "part", "record", "kind", "customer", "from", "due", "end", "state", "roles", "staff", "urgency",
        "policy",
    ];
    assert_eq!(names(&items[0]), BTreeSet::from(fields));
    let codes =
        |items: &[Value]| items.iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
    assert!(codes(items).is_superset(&BTreeSet::from(["L5".to_owned(), "L12".to_owned(), "L20".to_owned()])), "{due}");
    let of = |args: &[&str]| device.json(["due"].into_iter().chain(args.iter().copied()));
    let mine = of(&["--staff", "王*"]);
    assert!(!mine["items"].as_array().unwrap().is_empty());
    assert!(mine["items"].as_array().unwrap().iter().all(|item| item["staff"] == "王*"), "{mine}");
    assert!(of(&["--role", "administrator"])["items"].as_array().unwrap().is_empty());
    let later = of(&["--as-of", "2099-01-01 09:00"]);
    assert_eq!(later["items"][0]["state"], "overdue");
    assert!(
        of(&["--as-of", "2001-01-01 09:00"])["items"].as_array().unwrap().iter().all(|item| item["record"].is_null())
    );
    fits(&device, &["due"]);
    fits(&device, &["due", "--as-of", "2099-01-01 09:00"]);
    device.run(["due", "--as-of", "tomorrow"]).refused(1, &["tomorrow"]);
    device.run(["due", "--role", "boss"]).refused(1, &["--role", "boss"]);
    let written = device.json(["due", "--ics", "due.ics", "--as-of", "2099-01-01 09:00"]);
    assert_eq!(written["entries"], later["total"]);
    let lines = calendar(&device, "due.ics");
    assert_eq!(lines.iter().filter(|line| *line == "BEGIN:VTODO").count() as i64, later["total"].as_i64().unwrap());
    device.ok(["due", "--ics", "again.ics", "--as-of", "2099-01-01 09:00"]);
    assert_eq!(calendar(&device, "again.ics"), lines, "the same list has the same UIDs");
    device.run(["due", "--ics", "no/such/place.ics"]).refused(1, &["no/such/place.ics"]);
}

/// The lines of a calendar as RFC 5545 has them: CRLF, folded at 75 bytes, unfolded here.
fn calendar(device: &Environment, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(device.path().join(name)).expect("a calendar");
    assert!(text.ends_with("END:VCALENDAR\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let lines: Vec<String> = text.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect();
    assert_eq!(lines[0], "BEGIN:VCALENDAR");
    for name in ["VERSION:2.0", "PRODID:"] {
        assert_eq!(lines.iter().filter(|line| line.starts_with(name)).count(), 1, "{name}");
    }
    let entries = lines.iter().filter(|line| matches!(line.as_str(), "BEGIN:VTODO" | "BEGIN:VEVENT")).count();
    for name in ["UID:", "DTSTAMP:"] {
        let found: BTreeSet<&String> = lines.iter().filter(|line| line.starts_with(name)).collect();
        let count = lines.iter().filter(|line| line.starts_with(name)).count();
        assert_eq!(count, entries, "{name}");
        assert!(name != "UID:" || found.len() == entries, "a UID is an entry's alone");
    }
    for line in lines.iter().filter(|line| line.starts_with("DTSTAMP:") || line.starts_with("DUE:")) {
        let (_, time) = line.split_once(':').expect("a value");
        assert!(time.len() == 16 && time.ends_with('Z') && time.as_bytes()[8] == b'T', "{line}");
    }
    lines
}

#[test]
fn visits_are_days_of_a_calendar_with_their_text_escaped() {
    let device = Environment::new();
    let customer = device.customer();
    let add = ["visit", "add", "--customer", &customer, "--visit-kind", "visit", "--planned-on", "2026-05-04"];
    let visit = device.make(add.into_iter().chain(["--staff", "王*", "--purpose", "看设备; 换滤芯, 量尺寸\\厚度"]));
    let dropped = device.make(add);
    device.ok(["visit", "cancel", &dropped, "--why", "改期"]);
    let told = device.json(["visit", "list", "--ics", "visits.ics"]);
    assert_eq!(told["entries"], 2);
    let lines = calendar(&device, "visits.ics");
    assert!(lines.contains(&"DTSTART;VALUE=DATE:20260504".to_owned()), "{lines:?}");
    assert!(lines.contains(&format!("UID:{visit}@fieldbook")));
    assert!(
        lines.iter().any(|line| line.starts_with("SUMMARY:") && line.contains("看设备\\; 换滤芯\\, 量尺寸\\\\厚度")),
        "{lines:?}"
    );
    assert!(lines.contains(&"STATUS:CANCELLED".to_owned()));
    assert_eq!(device.json(["visit", "list"]).as_array().unwrap().len(), 2, "without --ics it is a list");
}

#[test]
fn a_supervisor_looks_at_the_day_and_signs_it_once() {
    let device = Environment::new();
    let (customer, _, task) = device.task();
    device.ok(["task", "start", &task]);
    device.ok(["task", "note", &task, "缺配件"]);
    device.ok(["task", "delay", &task, "--due", "2099-05-02 12:00"]);
    let complaint =
        ["--channel", "电话", "--complainant", "*女士", "--content", "三次未修好", "--severity", "critical"];
    device.ok(["complaint", "add", "--customer", &customer].into_iter().chain(complaint));
    let today = device.json(["daily-check", "today"]);
    for name in ["delayed", "past_due", "silent", "unreviewed", "without_task", "critical_complaints", "new_notes"] {
        assert!(today[name].is_array(), "{name}: {today}");
    }
    assert_eq!(
        (&today["delayed"][0]["record"], &today["delayed"][0]["title"]),
        (&Value::from(task.as_str()), &Value::from("处理退货申请"))
    );
    assert_eq!(today["new_notes"][0]["text"], "缺配件");
    assert_eq!(today["critical_complaints"].as_array().unwrap().len(), 1);
    assert!(today["devices_unseen"].is_null() && today["signed"].is_null(), "{today}");
    fits(&device, &["daily-check", "today"]);
    let signed = device.json(["daily-check", "sign", "--remarks", "缺配件已催"]);
    assert_eq!((signed["kind"].as_str(), signed["supervisor"].as_str()), (Some("daily_check"), Some("李*")));
    assert!(signed["figures"].as_str().unwrap().contains("delayed=1"), "{signed}");
    assert!(signed["heads"].as_str().is_some_and(|heads| heads.starts_with("@0 ")), "{signed}");
    let again = device.json(["daily-check", "today"]);
    assert_eq!(
        (again["signed"]["record"].as_str(), again["signed"]["by"].as_str()),
        (signed["id"].as_str(), Some("李*"))
    );
    device.run(["daily-check", "sign"]).refused(1, &[signed["id"].as_str().unwrap()]);
    assert_eq!(device.json(["daily-check", "list"]).as_array().unwrap().len(), 1);
    let engineer = Environment::empty();
    engineer.ok(["init", "--staff", "王*", "--role", "engineer"]);
    engineer.run(["daily-check", "sign"]).refused(1, &["engineer", "supervisor"]);
}

#[test]
fn every_view_is_a_table_that_fits_and_json_with_the_names_agreed_on() {
    let device = Environment::new();
    let (customer, assessment, task) = device.task();
    device.ok(["customer", "edit", &customer, "--grade", "vip", "--owner", "王*", "--preference", "每周一次邮件更新"]);
    device.ok(["assessment", "edit", &assessment, "--minutes", "120"]);
    device.ok(["assessment", "approve", &assessment]);
    device.ok(["task", "assign", &task, "--to", "王*"]);
    device.ok(["task", "start", &task, "--started-at", "2024-05-02 09:00"]);
    device.ok(["task", "delay", &task, "--due", "2024-05-02 18:00"]);
    device.ok(["task", "done", &task, "--done-at", "2024-05-02 17:00"]);
    device.ok(["feedback", "add", "--task", &task, "--score", "4", "--text", "快"]);
    let complaint = ["--channel", "电话", "--complainant", "*女士", "--content", "迟到", "--severity", "major"];
    device.ok(["complaint", "add", "--customer", &customer].into_iter().chain(complaint));
    device.ok([
        "training",
        "add",
        "--training-kind",
        "skills",
        "--topic",
        "新型号",
        "--starts-at",
        "2024-05-03 09:00",
        "--ends-at",
        "2024-05-03 17:00",
    ]);
    let week = ["--from", "2024-05-01 00:00", "--until", "2024-05-08 00:00"];
    let views: [(&str, &[&str], &[&str]); 7] = [
        ("funnel", &[], &["as_of", "months"]),
        ("timeline", &week, &["as_of", "from", "until", "rows"]),
        ("matrix", &[], &["as_of", "branches"]),
        ("complaints", &[], &["as_of", "steps"]),
        ("figures", &[], &["as_of", "month", "branch", "people", "months"]),
        ("visits", &[], &["as_of", "year", "customers"]),
        ("duplicates", &[], &["pairs", "more"]),
    ];
    for (view, args, expected) in views {
        let args: Vec<&str> = ["view", view].into_iter().chain(args.iter().copied()).collect();
        let json = device.json(args.iter().copied());
        assert_eq!(names(&json), expected.iter().copied().collect(), "{view}: {json}");
        if view != "duplicates" {
            fits(&device, &args);
        }
    }
    assert_eq!(device.json(["view", "funnel"])["months"][2]["collect"], 1);
    assert_eq!(device.json(["view", "figures"])["branch"]["mean_score"], serde_json::json!({ "n": 1, "sum": 4 }));
    assert_eq!(device.json(["view", "visits"])["customers"][0]["required"], 4);
    let rows = device.json(["view", "timeline", "--from", "2024-05-01 00:00", "--until", "2024-05-08 00:00"]);
    assert_eq!(rows["rows"].as_array().unwrap().len(), 2, "{rows}");
    assert_eq!(
        device.json(["view", "funnel", "--month", "2024-05", "--months", "0"])["months"].as_array().unwrap().len(),
        1
    );
    device.run(["view", "funnel", "--month", "may"]).refused(1, &["--month", "may", "2026-10"]);
    device.run(["view", "everything"]).refused(2, &["everything"]);
}

#[test]
fn a_customer_entered_twice_is_warned_of_merged_and_then_one_by_either_id() {
    let device = Environment::new();
    let add =
        |history: &str| device.run(["customer", "add", "--name", "王*", "--channel", "电话", "--history", history]);
    let first = add("2023年购买产品A，2024年更换滤芯，上门安装").out.trim().to_owned();
    let made = add("2023年购买产品A，2024年更换滤芯，上门安装。");
    let second = made.out.trim().to_owned();
    assert!(made.err.contains(&format!("fieldbook customer merge {first} {second}")), "{}", made.err);
    assert!(!add("刚认识").err.contains("merge"), "only the alike are warned of");
    assert_eq!(device.json(["view", "duplicates"])["pairs"][0]["b"], second.as_str());
    fits(&device, &["view", "duplicates"]);
    device.ok(["points", "add", "--customer", &first, "--amount", "900", "--reason", "购买"]);
    device.ok(["points", "add", "--customer", &second, "--amount", "200", "--reason", "购买"]);
    device.ok(["points", "add", "--customer", &second, "--amount", "-300", "--reason", "兑换"]);
    assert_eq!(device.json(["customer", "show", &first])["membership"], "normal");
    device.ok(["customer", "merge", &second, &first]);
    for id in [&first, &second] {
        let shown = device.json(["customer", "show", id]);
        assert_eq!(
            (&shown["id"], &shown["merged_ids"]),
            (&Value::from(first.as_str()), &serde_json::json!([first, second]))
        );
        assert_eq!((&shown["points"], &shown["membership"]), (&800.into(), &"silver".into()), "{shown}");
        assert_eq!(device.json(["show", id])["id"], first.as_str());
        assert_eq!(device.json(["points", "list", "--customer", id]).as_array().unwrap().len(), 3);
        assert!(device.ok(["customer", "show", id]).contains("silver"));
    }
    let listed = device.json(["customer", "list"]);
    let ids: Vec<&str> = listed.as_array().unwrap().iter().filter_map(|record| record["id"].as_str()).collect();
    assert!(ids.contains(&first.as_str()) && !ids.contains(&second.as_str()), "{ids:?}");
    let edited = device.run(["customer", "edit", &second, "--grade", "core"]);
    assert!(edited.err.contains(&first), "{}", edited.err);
    assert_eq!(device.json(["customer", "show", &second])["grade"], "core");
    assert!(device.json(["view", "duplicates"])["pairs"].as_array().unwrap().is_empty());
    device.ok(["customer", "separate", &first, &second, "--reason", "两户"]);
    assert_eq!(device.json(["customer", "list"]).as_array().unwrap().len(), 3);
    assert_eq!(device.json(["customer", "show", &second])["id"], second.as_str());
}

#[test]
fn a_shift_keeps_to_the_rules_of_the_rota() {
    let device = Environment::new();
    let add = |staff: &str, from: &str, until: &str| {
        device.run(["roster", "add", "--staff", staff, "--starts-at", from, "--ends-at", until])
    };
    let first = add("王*", "2026-05-01 08:00", "2026-05-01 16:00").out.trim().to_owned();
    add("孙*", "2026-05-01 08:00", "2026-05-01 20:30").refused(1, &["750", "720"]);
    add("王*", "2026-05-01 22:00", "2026-05-02 04:00").refused(1, &["王*", &first, "360", "480"]);
    add("王*", "2026-05-01 12:00", "2026-05-01 18:00").refused(1, &[&first, "240"]);
    assert_eq!(device.json(["roster", "list"]).as_array().unwrap().len(), 1, "nothing was written");
    let second = add("孙*", "2026-05-01 16:00", "2026-05-02 00:00");
    assert_eq!(second.code, 0, "{}", second.err);
    let second = second.out.trim().to_owned();
    device.run(["roster", "swap", &second, "--staff", "王*"]).refused(1, &["王*", &first]);
    device.run(["roster", "edit", &second, "--ends-at", "2026-05-02 06:00"]).refused(1, &["840"]);
    device.ok(["roster", "cancel", &first, "--why", "合并"]);
    device.ok(["roster", "swap", &second, "--staff", "王*"]);
}
