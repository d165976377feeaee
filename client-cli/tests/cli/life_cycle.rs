//! The closed loop of one customer, by commands only, and the fields scripts rely on.

use crate::environment::Environment;

#[test]
fn a_service_goes_from_the_first_contact_to_the_archived_feedback() {
    let device = Environment::new();
    let (customer, assessment, task) = device.task();

    let approved = device.json(["assessment", "approve", &assessment]);
    assert_eq!((approved["state"].as_str(), approved["approved_by"].as_str()), (Some("approved"), Some("李*")));

    assert_eq!(device.json(["task", "assign", &task, "--to", "客服*"])["assignee"], "客服*");
    assert_eq!(device.json(["task", "start", &task, "--started-at", "2024-05-02 09:00"])["status"], "in_progress");
    device.ok(["task", "note", &task, "无问题"]);
    let delayed = device.json(["task", "delay", &task, "--due", "2024-05-02 12:00", "--reason", "等快递"]);
    assert_eq!(delayed["status"], "delayed");
    assert_eq!(delayed["first_due_at"], "2024-05-02T03:00:00Z");
    let done = device.json(["task", "done", &task, "--done-at", "2024-05-02 10:30"]);
    assert_eq!((done["status"].as_str(), done["on_time"].as_bool()), (Some("done"), Some(true)));
    device.ok(["task", "sign", &task, "--signer", "*先生", "--what", "退货单"]);
    let reviewed = device.json(["task", "review", &task]);
    assert_eq!((reviewed["status"].as_str(), reviewed["reviewer"].as_str()), (Some("reviewed"), Some("李*")));
    let corrected = device.json(["task", "correct", &task, "--done-at", "2024-05-02 10:45"]);
    assert_eq!(corrected["status"], "done", "a corrected completion has to be reviewed again");

    let feedback =
        device.make(["feedback", "add", "--task", &task, "--score", "4", "--text", "服务响应快但细节需改进"]);
    let handled = device.json(["feedback", "handle", &feedback, "--measure", "优化细节培训"]);
    assert_eq!((handled["state"].as_str(), handled["measure"].as_str()), (Some("handled"), Some("优化细节培训")));
    let corrected = device.json(["feedback", "correct", &feedback, "--score", "3", "--reason", "客户来电更正"]);
    assert_eq!(corrected["score"], 3);
    assert_eq!(device.json(["feedback", "archive", &feedback])["state"], "archived");

    assert_eq!(device.json(["feedback", "show", &feedback])["customer_id"], customer.as_str());
}

#[test]
fn a_task_changes_hands_and_is_cancelled_by_a_supervisor() {
    let device = Environment::new();
    let (_, _, task) = device.task();
    device.ok(["task", "assign", &task, "--to", "王*"]);
    assert_eq!(device.json(["task", "reassign", &task, "--to", "孙*"])["assignee"], "孙*");
    let cancelled = device.json(["task", "cancel", &task, "--why", "客户撤回"]);
    assert_eq!(
        (cancelled["status"].as_str(), cancelled["cancelled_why"].as_str()),
        (Some("cancelled"), Some("客户撤回"))
    );
    device.run(["task", "start", &task]).refused(1, &[&task, "cancelled"]);
}

#[test]
fn a_field_is_edited_and_its_history_tells_who_and_what() {
    let device = Environment::new();
    let customer = device.customer();
    device.ok(["customer", "edit", &customer, "--preference", "每月一次短信", "--grade", "vip"]);
    device.ok(["customer", "edit", &customer, "--preference", "不必回访"]);
    let history = device.json(["history", &customer]);
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!((last["field"].as_str(), last["before"].as_str()), (Some("preference"), Some("每月一次短信")));
    assert_eq!((last["after"].as_str(), last["by"].as_str()), (Some("不必回访"), Some("李*")));
    assert_eq!(last["role"], "supervisor");
    assert!(device.json(["history", &customer, "--as-of", "2000-01-01 00:00"]).as_array().unwrap().is_empty());
    let shown = device.json(["show", &customer]);
    assert_eq!(shown["changes"], history);
    assert_eq!(shown["grade"], "vip");
    device.ok(["customer", "edit", &customer, "--history", "2023年购买产品A"]);
    assert_eq!(
        device.json(["show", &customer])["history"],
        "2023年购买产品A",
        "the field is not hidden by the changes"
    );
}

#[test]
fn the_id_stands_alone_on_standard_output_so_that_scripts_can_use_it() {
    let device = Environment::new();
    let made = device.run(["customer", "add", "--name", "王*", "--channel", "phone"]);
    let id = made.out.strip_suffix('\n').expect("one line");
    assert!(id.starts_with("CUST-X") && !id.contains(char::is_whitespace), "{id}");
    assert!(made.err.contains("王*"), "{}", made.err);
    assert!(made.err.contains(&format!("fieldbook assessment add --customer {id}")), "{}", made.err);
}

#[test]
fn records_are_listed_and_two_chinese_characters_are_found() {
    let device = Environment::new();
    let (customer, assessment, task) = device.task();
    device.customer();
    let ids = |value: serde_json::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(device.json(["customer", "list"])).len(), 2);
    assert_eq!(ids(device.json(["customer", "list", "--limit", "1"])).len(), 1);
    assert_eq!(ids(device.json(["task", "list", "--customer", &customer])), std::slice::from_ref(&task));
    assert_eq!(ids(device.json(["task", "list", "--state", "待开始"])), std::slice::from_ref(&task));
    assert!(ids(device.json(["task", "list", "--state", "done"])).is_empty());
    let found = ids(device.json(["search", "退货"]));
    assert!(found.contains(&assessment) && found.contains(&task), "{found:?}");
    assert!(!found.contains(&customer));
    assert!(ids(device.json(["search", "没有这样的话"])).is_empty());
}

#[test]
fn a_record_carries_the_fields_of_the_contract() {
    let device = Environment::new();
    let (_, assessment, task) = device.task();
    let shown = device.json(["task", "show", &task]);
    for (name, value) in [("kind", "task"), ("id", &task), ("exec_id", &task), ("req_id", &assessment)] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert!(shown["doc"].as_str().unwrap().starts_with("automerge:"));
    assert_eq!(shown["mode"], "hotline");
    assert_eq!(shown["due_at"], "2024-05-02T03:00:00Z");
    let status = device.json(["status"]);
    for name in [
        "device",
        "branch",
        "dossiers",
        "records",
        "outbox",
        "refused",
        "conflicts",
        "cursor",
        "epoch",
        "last_sync_at",
        "relay",
    ] {
        assert!(status.get(name).is_some(), "{name} is missing: {status}");
    }
    assert_eq!((status["dossiers"].as_i64(), status["records"].as_i64()), (Some(1), Some(3)));
}

#[test]
fn a_void_record_stays_and_says_so() {
    let device = Environment::new();
    let customer = device.customer();
    assert_eq!(device.json(["customer", "void", &customer, "--why", "重复录入"])["void"], true);
    device.run(["customer", "edit", &customer, "--grade", "vip"]).refused(1, &[&customer]);
}

#[test]
fn what_people_see_fits_the_page() {
    let device = Environment::new();
    let (customer, _, task) = device.task();
    device.ok(["customer", "edit", &customer, "--preference", &"每周一次邮件更新".repeat(12)]);
    for args in
        [&["show", &customer][..], &["customer", "list"], &["show", &task], &["status"], &["history", &customer]]
    {
        for line in device.ok(args).lines() {
            assert!(unicode_width::UnicodeWidthStr::width(line) <= 100, "{line}");
            assert_eq!(line.trim_end(), line);
        }
    }
}
