//! Questions at a terminal, through a pseudo-terminal.

use rexpect::session::{PtySession, spawn_command};

use crate::environment::Environment;

/// How long an answer may take, in milliseconds: long enough for a machine under load.
const ANSWER_MS_MAX: u64 = 30_000;

fn at_a_terminal(device: &Environment, args: &[&str]) -> PtySession {
    let mut command = device.command(args);
    command.env("TERM", "xterm-256color").stdin(std::process::Stdio::inherit());
    spawn_command(command, Some(ANSWER_MS_MAX)).expect("a pseudo-terminal")
}

/// Waits until `text` is on the screen. The library takes every byte for a character, so the text has to be spelled that way.
#[track_caller]
fn sees(session: &mut PtySession, text: &str) {
    let spelled: String = text.bytes().map(char::from).collect();
    if let Err(error) = session.exp_string(&spelled) {
        panic!("`{text}` does not appear: {error}");
    }
}

#[test]
fn what_is_missing_is_asked_for_and_what_is_wrong_is_asked_again() {
    let device = Environment::new();
    let mut session = at_a_terminal(&device, &["customer", "add", "--lang", "zh-CN"]);
    sees(&mut session, "客户姓名");
    session.send_line("王先生").unwrap();
    sees(&mut session, "*");
    // The text typed stays for correction: the star goes to its end.
    session.send_line("*").unwrap();
    sees(&mut session, "联系方式");
    sees(&mut session, "在线客服");
    // Typing filters the choices.
    session.send_line("在线客服").unwrap();
    for label in ["历史交易记录", "服务偏好", "责任人", "客户类别", "标签"] {
        sees(&mut session, label);
        session.send_line("").unwrap();
    }
    sees(&mut session, "CUST-");
    session.exp_eof().unwrap();
    let made = &device.json(["customer", "list"])[0];
    assert_eq!((made["name"].as_str(), made["channel"].as_str()), (Some("王先生*"), Some("online_chat")));
}

#[test]
fn leaving_the_questions_writes_nothing() {
    let device = Environment::new();
    let mut session = at_a_terminal(&device, &["customer", "add"]);
    sees(&mut session, "Customer name");
    session.send_control('c').unwrap();
    sees(&mut session, "nothing was written");
    session.exp_eof().unwrap();
    assert_eq!(device.records(), 0);
}

#[test]
fn a_record_is_found_by_words_in_place_of_its_id() {
    let device = Environment::new();
    let customer = device.customer();
    let mut session = at_a_terminal(&device, &["assessment", "add", "--need", "产品退货处理"]);
    sees(&mut session, "customer");
    session.send_line("购买").unwrap();
    sees(&mut session, &customer);
    session.send_line("").unwrap();
    for label in ["Urgency", "Scope", "Minutes", "Staff", "Kind of staff", "Cost", "Assessor", "Plan"] {
        sees(&mut session, label);
        session.send_line("").unwrap();
    }
    sees(&mut session, "REQ-");
    session.exp_eof().unwrap();
    assert_eq!(device.json(["assessment", "list"])[0]["customer_id"], customer.as_str());
}

#[test]
fn with_json_nothing_is_asked_even_at_a_terminal() {
    let device = Environment::new();
    let mut session = at_a_terminal(&device, &["customer", "add", "--json"]);
    sees(&mut session, "--name is missing");
    session.exp_eof().unwrap();
}

#[test]
fn any_kind_asks_for_what_it_needs_and_takes_a_number_from_paper_for_a_record() {
    let device = Environment::new();
    let plan = ["emergency", "add", "--emergency-kind", "plan", "--title", "停电预案", "--legacy-id", "EMERG001"];
    let plan = device.make(plan);
    let mut session = at_a_terminal(&device, &["emergency", "add", "--title", "停电演练", "--lang", "zh-CN"]);
    sees(&mut session, "应急");
    session.send_line("演练").unwrap();
    sees(&mut session, "预案");
    session.send_line("EMERG001").unwrap();
    for _ in 0..4 {
        session.send_line("").unwrap();
    }
    sees(&mut session, "EMERG-");
    session.exp_eof().unwrap();
    let made = device.json(["emergency", "list"]);
    let drill = made.as_array().unwrap().iter().find(|record| record["title"] == "停电演练").unwrap();
    assert_eq!((drill["plan_id"].as_str(), drill["emergency_kind"].as_str()), (Some(plan.as_str()), Some("drill")));
}
