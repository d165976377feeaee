//! Wrong input: a message that names the field and the fix, the right exit code, nothing written in part.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::environment::Environment;

#[test]
fn values_that_will_not_do_name_the_field_and_the_fix() {
    let device = Environment::new();
    let (customer, assessment, task) = device.task();
    let before = device.records();
    let feedback = ["feedback", "add", "--task", task.as_str(), "--text", "好"];
    let cases: Vec<(Vec<&str>, &[&str])> = vec![
        (vec!["customer", "add", "--name", "王先生", "--channel", "phone"], &["Customer name", "*"]),
        (vec!["customer", "add", "--name", "王*", "--channel", "telegram"], &["Channel", "telegram", "online chat"]),
        (vec!["customer", "edit", &customer, "--grade", "gold"], &["Grade", "gold", "VIP"]),
        (vec!["assessment", "edit", &assessment, "--minutes", "-5"], &["Minutes", "0"]),
        (vec!["assessment", "edit", &assessment, "--need", " "], &["Need", "empty"]),
        ([&feedback[..], &["--score", "6"]].concat(), &["Score", "1", "5"]),
        (vec!["task", "delay", &task, "--due", "2024-02-30 10:00"], &["due at", "2024-02-30", "2024-05-02"]),
        (vec!["history", &customer, "--as-of", "yesterday"], &["yesterday"]),
    ];
    for (args, parts) in cases {
        device.run(&args).refused(1, parts);
    }
    assert_eq!(device.records(), before);
    device.ok([&feedback[..], &["--score", "5"]].concat());
}

#[test]
fn everything_wrong_is_told_at_once() {
    let device = Environment::new();
    let ended = device.run(["customer", "add", "--name", "王", "--channel", "x", "--grade", "y"]);
    ended.refused(1, &["Customer name", "Channel", "Grade"]);
    assert_eq!(ended.err.matches("error:").count(), 3);
}

#[test]
fn unknown_ids_say_where_to_look() {
    let device = Environment::new();
    for args in [
        &["show", "CUST-07-9"][..],
        &["customer", "show", "nobody"],
        &["task", "start", "EXEC-07-1"],
        &["assessment", "add", "--customer", "CUST999", "--need", "x"],
        &["history", "CUST-07-9"],
    ] {
        device.run(args).refused(
            1,
            &[
                args.iter().find(|arg| arg.contains("-07-") || arg.contains("999") || arg.contains("nobody")).unwrap(),
                "fieldbook search",
            ],
        );
    }
    device.run(["conflicts", "show", "CUST-07-9/name"]).refused(1, &["CUST-07-9/name", "conflicts list"]);
}

#[test]
fn a_record_of_another_kind_is_refused_with_the_right_command() {
    let device = Environment::new();
    let customer = device.customer();
    device.run(["task", "show", &customer]).refused(1, &[&customer, &format!("fieldbook customer show {customer}")]);
    device.run(["task", "add", "--assessment", &customer, "--title", "x"]).refused(1, &[&customer]);
}

#[test]
fn missing_flags_are_wrong_usage_when_nobody_can_be_asked() {
    let device = Environment::new();
    device
        .run(["customer", "add"])
        .refused(2, &["--name", "Customer name", "--channel", "fieldbook customer add --help"]);
    device.run(["assessment", "add", "--need", "x"]).refused(2, &["--customer"]);
    device.run(["customer", "edit", &device.customer()]).refused(2, &["fieldbook customer edit --help"]);
    let (_, _, task) = device.task();
    device.run(["task", "delay", &task]).refused(2, &["--due"]);
    device.run(["task", "note", &task]).refused(2, &["TEXT"]);
}

#[test]
fn wrong_usage_is_told_with_a_way_out() {
    let device = Environment::empty();
    device.run(["custmer", "list"]).refused(2, &["custmer", "did you mean customer?"]);
    device.run(["customer", "add", "--nme", "x"]).refused(2, &["--nme", "--name", "fieldbook customer add --help"]);
    device.run(["customer"]).refused(2, &["fieldbook customer --help"]);
    device.run(["status", "--lang", "de"]).refused(2, &["--lang", "de", "zh-CN"]);
    device.run(["conflicts", "resolve", "1", "--take", "x"]).refused(2, &["--take", "x"]);
}

#[test]
fn a_broken_argument_is_named() {
    let device = Environment::new();
    let broken = OsStr::from_bytes(b"\xff\xfe");
    let name = OsStr::new("--name");
    let args = ["customer", "add", "--channel", "phone"].map(OsStr::new).into_iter().chain([name, broken]);
    device.run(args).refused(1, &["--name", "UTF-8"]);
    device.run([OsStr::new("search"), broken]).refused(1, &["TEXT", "UTF-8"]);
    assert_eq!(device.records(), 0);
}

#[test]
fn with_json_an_error_is_one_value_too() {
    let device = Environment::new();
    for (args, exit, code) in [
        (&["customer", "add", "--name", "王", "--channel", "phone", "--json"][..], 1, "refused"),
        (&["customer", "add", "--json"], 2, "usage"),
        (&["--json", "custmer"], 2, "usage"),
    ] {
        let ended = device.run(args);
        assert_eq!(ended.code, exit, "{}", ended.err);
        let value: serde_json::Value = serde_json::from_str(&ended.out).expect("one JSON value");
        assert_eq!(
            (value["error"]["exit"].as_i64(), value["error"]["code"].as_str()),
            (Some(i64::from(exit)), Some(code))
        );
        assert!(!value["error"]["message"].as_str().unwrap().is_empty());
    }
}
