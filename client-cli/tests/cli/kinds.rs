//! Every kind of record by commands only: made, taken through its life, refused where its state does not allow a step, listed on
//! 80 columns in both languages, exported.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::environment::Environment;

/// One kind: how a record of it is made and what becomes of it.
pub(crate) struct Life {
    pub(crate) name: &'static str,
    /// Whether it stands under a customer; else it stands on the board.
    pub(crate) is_customers: bool,
    pub(crate) add: &'static [&'static str],
    /// Each verb with its arguments, then a field and what it holds afterwards.
    pub(crate) steps: &'static [(&'static [&'static str], &'static str, &'static str)],
    /// What the last state refuses, and what the message must name.
    refused: Option<(&'static [&'static str], &'static [&'static str])>,
}

pub(crate) const LIVES: [Life; 14] = [
    Life {
        name: "inquiry",
        is_customers: true,
        add: &["--channel", "电话", "--category", "产品咨询", "--details", "能否加装遥控"],
        steps: &[
            (&["collect"], "state", "collect"),
            (&["transfer", "--department", "物流部"], "department", "物流部"),
            (&["answer", "--answer", "可以加装"], "state", "answered"),
            (&["adjust", "--adjustment", "改为上门加装"], "adjustment", "改为上门加装"),
            (&["confirm", "--score", "5"], "state", "confirmed"),
            (&["correct", "--score", "4", "--reason", "客户更正"], "score", "4"),
            (&["follow-up", "--follow-up", "一周后回访"], "state", "followed_up"),
        ],
        refused: Some((&["collect"], &["followed up", "inquiry correct|void"])),
    },
    Life {
        name: "complaint",
        is_customers: true,
        add: &["--channel", "投诉信箱", "--complainant", "*女士", "--content", "三次未修好", "--severity", "critical"],
        steps: &[
            (&["assign", "--owner", "李*"], "owner", "李*"),
            (&["investigate"], "state", "investigating"),
            (&["reply", "--text", "正在核实"], "state", "investigating"),
            (&["solve", "--solution", "更换整机"], "solution", "更换整机"),
            (&["execute", "--measures", "调货"], "state", "executing"),
            (&["follow-up"], "state", "follow_up"),
            (&["note", "客户表示满意"], "state", "follow_up"),
            (&["close", "--result", "客户接受"], "state", "closed"),
            (&["reopen", "--why", "又坏了"], "state", "investigating"),
        ],
        refused: Some((&["close", "--result", "x"], &["investigating", "complaint assign|reply|solve|note|void"])),
    },
    Life {
        name: "visit",
        is_customers: true,
        add: &["--visit-kind", "回访", "--planned-on", "2026-05-01", "--staff", "王*", "--purpose", "季度回访"],
        steps: &[
            (&["replan", "--planned-on", "2026-05-04"], "planned_on", "2026-05-04"),
            (&["done", "--done-on", "2026-05-04", "--findings", "运行正常"], "state", "done"),
            (&["report", "--suggestions", "加装过滤"], "suggestions", "加装过滤"),
            (&["check", "--checked", "已改正"], "checked", "已改正"),
        ],
        refused: Some((&["cancel", "--why", "x"], &["done", "visit report|check|void"])),
    },
    Life {
        name: "care",
        is_customers: true,
        add: &["--occasion", "生日", "--due-on", "2026-06-01", "--greeting", "生日快乐"],
        steps: &[(&["done", "--done-on", "2026-06-01", "--result", "已致电"], "state", "done")],
        refused: Some((&["done"], &["done", "care void"])),
    },
    Life {
        name: "points",
        is_customers: true,
        add: &["--amount", "-30", "--reason", "兑换滤芯"],
        steps: &[],
        refused: None,
    },
    Life {
        name: "order",
        is_customers: true,
        add: &["--model", "A-200", "--quantity", "2"],
        steps: &[
            (&["confirm"], "state", "confirmed"),
            (&["ship"], "state", "shipped"),
            (&["deliver"], "state", "delivered"),
            (&["install"], "state", "installed"),
        ],
        refused: Some((&["cancel", "--why", "x"], &["installed", "order void"])),
    },
    Life {
        name: "improvement",
        is_customers: false,
        add: &["--title", "加快备件调拨", "--source", "feedback", "--owner", "李*", "--due-on", "2099-01-31"],
        steps: &[
            (&["do"], "state", "do"),
            (&["check", "--findings", "平均快一天"], "state", "check"),
            (&["act", "--result", "写入流程"], "state", "act"),
            (&["plan", "--reason", "还可更快"], "state", "plan"),
            (&["do"], "state", "do"),
        ],
        refused: Some((&["close"], &["do", "improvement check|plan|void"])),
    },
    Life {
        name: "review",
        is_customers: false,
        add: &["--review-kind", "process", "--period-from", "2026-04-01", "--period-to", "2026-04-30"],
        steps: &[(&["edit", "--decisions", "增加热线一人"], "decisions", "增加热线一人")],
        refused: None,
    },
    Life {
        name: "daily-check",
        is_customers: false,
        add: &["--day", "2026-04-30", "--supervisor", "李*"],
        steps: &[(&["edit", "--remarks", "两项延迟已跟进"], "remarks", "两项延迟已跟进")],
        refused: None,
    },
    Life {
        name: "training",
        is_customers: false,
        add: &[
            "--training-kind",
            "skills",
            "--topic",
            "新型号",
            "--starts-at",
            "2026-05-08 09:00",
            "--place",
            "会议室",
        ],
        steps: &[
            (&["hold", "--result", "全部通过"], "state", "held"),
            (&["refresh", "--text", "补充故障码"], "state", "held"),
        ],
        refused: Some((&["cancel", "--why", "x"], &["held", "training refresh|void"])),
    },
    Life {
        name: "risk",
        is_customers: false,
        add: &["--category", "technical", "--title", "备件停产"],
        steps: &[
            (&["assess", "--probability", "3", "--impact", "4"], "level", "12"),
            (&["respond", "--response", "reduce", "--measures", "备两年用量"], "state", "responding"),
            (&["monitor"], "state", "monitored"),
            (&["note", "供应商来函"], "state", "monitored"),
            (&["close", "--result", "已换型"], "state", "closed"),
            (&["reopen", "--reason", "新型号也停产"], "state", "assessed"),
        ],
        refused: Some((&["monitor"], &["assessed", "risk assess|respond|note|void"])),
    },
    Life {
        name: "emergency",
        is_customers: false,
        add: &["--emergency-kind", "drill", "--title", "停电演练", "--planned-on", "2026-06-10"],
        steps: &[
            (&["approve"], "state", "approved"),
            (&["hold", "--held-on", "2026-06-10", "--result", "八分钟恢复"], "state", "held"),
        ],
        refused: Some((&["approve"], &["held", "emergency void"])),
    },
    Life {
        name: "roster",
        is_customers: false,
        add: &["--staff", "王*", "--starts-at", "2026-05-01 08:00", "--ends-at", "2026-05-01 16:00", "--backup", "孙*"],
        steps: &[
            (&["swap", "--staff", "赵*", "--reason", "病假"], "staff", "赵*"),
            (&["cancel", "--why", "合并"], "state", "cancelled"),
        ],
        refused: Some((&["swap", "--staff", "王*"], &["cancelled", "roster void"])),
    },
    Life {
        name: "group",
        is_customers: false,
        add: &["--department", "物流部", "--task", "当日调货", "--priority", "高", "--due-on", "2099-05-02"],
        steps: &[(&["start"], "state", "in_progress"), (&["done", "--result", "已调"], "state", "done")],
        refused: Some((&["start"], &["done", "group void"])),
    },
];

/// A record of this kind, just made.
pub(crate) fn added(device: &Environment, life: &Life, customer: &str) -> Value {
    let parent = if life.is_customers { vec!["--customer", customer] } else { Vec::new() };
    device.json([life.name, "add"].into_iter().chain(parent).chain(life.add.iter().copied()))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn every_kind_lives_its_life_by_commands() {
    let device = Environment::new();
    let customer = device.customer();
    let mut lived: Vec<String> = Vec::new();
    for life in &LIVES {
        let made = added(&device, life, &customer);
        let id = text(&made["id"]);
        lived.push(text(&made["kind"]));
        assert_eq!(made["doc"] == device.json(["customer", "show", &customer])["doc"], life.is_customers, "{made}");
        for (step, field, expected) in life.steps {
            let args = [life.name, step[0], &id].into_iter().chain(step[1..].iter().copied());
            assert_eq!(text(&device.json(args)[*field]), *expected, "{} {step:?}", life.name);
        }
        if let Some((step, parts)) = life.refused {
            let args = [life.name, step[0], id.as_str()].into_iter().chain(step[1..].iter().copied());
            device.run(args).refused(1, parts);
        }
        let shown = device.json([life.name, "show", &id]);
        assert_eq!(device.json(["show", &id])["kind"], shown["kind"]);
        assert!(!device.json(["history", &id]).as_array().unwrap().is_empty());
        device.ok(["show", &id]);
    }
    // The paper forms have a story of their own, and a policy is the relay's.
    let others = records::ALL_KINDS.into_iter().filter(|kind| !records::FORMS.contains(kind));
    let others: Vec<&str> = others.map(|kind| kind.code).filter(|code| *code != "policy").collect();
    assert_eq!(lived, others, "a kind has no life here");
}

#[test]
fn lists_of_every_kind_fit_eighty_columns_in_both_languages() {
    let device = Environment::new();
    let customer = device.customer();
    for life in &LIVES {
        let id = text(&added(&device, life, &customer)["id"]);
        let listed = device.json([life.name, "list"]);
        assert_eq!(listed[0]["id"], id.as_str());
        for lang in ["en", "zh-CN"] {
            let list = device.narrow([life.name, "list", "--lang", lang]);
            assert!(list.contains(&id), "{list}");
            for line in list.lines() {
                assert!(line.width() <= 80, "{} columns: {line}", line.width());
            }
        }
    }
}

#[test]
fn every_kind_is_exported_found_and_void_only_by_who_may() {
    let device = Environment::new();
    let customer = device.customer();
    let ids: Vec<(&str, String)> =
        LIVES.iter().map(|life| (life.name, text(&added(&device, life, &customer)["id"]))).collect();
    let export = device.json(["export"]);
    let exported: Vec<&str> =
        export["records"].as_array().unwrap().iter().filter_map(|record| record["id"].as_str()).collect();
    for (name, id) in &ids {
        assert!(exported.contains(&id.as_str()), "{id}");
        let void = device.json([name, "void", id, "--why", "误录"]);
        assert_eq!(void["void"], true);
        assert!(device.json([name, "list"]).as_array().unwrap().is_empty(), "{name}");
        device.run([name, "void", id, "--why", "误录"]).refused(1, &[id]);
    }
    let status = device.json(["status"]);
    assert_eq!((status["dossiers"].as_i64(), status["records"].as_i64()), (Some(1), Some(15)), "a board is no dossier");
    device.ok(["doctor"]);
}

#[test]
fn what_stands_on_the_board_of_a_lone_device_is_in_one_document() {
    let device = Environment::new();
    let risk = device.json(["risk", "add", "--category", "market", "--title", "淡季"]);
    let drill = device.json(["emergency", "add", "--emergency-kind", "plan", "--title", "停电预案"]);
    assert_eq!(risk["doc"], drill["doc"]);
    let other = Environment::new().json(["risk", "add", "--category", "market", "--title", "淡季"]);
    assert_ne!(risk["doc"], other["doc"], "every lone device has a board of its own");
}

#[test]
fn a_record_is_named_by_its_paper_number_and_must_be_of_the_kind_and_there() {
    let device = Environment::new();
    let (customer, _, task) = device.task();
    device.ok(["task", "edit", &task, "--legacy-id", "EXEC001"]);
    let add = ["--channel", "电话", "--complainant", "*女士", "--content", "迟到", "--severity", "minor"];
    let complain = |of: &str, exec: &str| {
        device.run(["complaint", "add", "--customer", of, "--exec-id", exec, "--json"].into_iter().chain(add))
    };
    let made = complain(&customer, "EXEC001");
    assert_eq!(serde_json::from_str::<Value>(&made.out).unwrap()["exec_id"], task.as_str());
    let before = device.records();
    complain(&customer, "EXEC-07-99").refused(1, &["EXEC-07-99"]);
    complain(&customer, &customer).refused(1, &[&customer, "task"]);
    let other = device.customer();
    complain(&other, &task).refused(1, &[&task]);
    let plan = device.make(["emergency", "add", "--emergency-kind", "plan", "--title", "停电预案"]);
    device
        .run(["emergency", "add", "--emergency-kind", "drill", "--title", "演练", "--plan-id", &task])
        .refused(1, &[&task]);
    device.ok(["emergency", "add", "--emergency-kind", "drill", "--title", "演练", "--plan-id", &plan]);
    assert_eq!(device.records(), before + 3);
}

#[test]
fn private_data_days_out_of_order_and_figures_out_of_range_are_refused_and_nothing_is_written() {
    let device = Environment::new();
    let customer = device.customer();
    let mut records = device.records();
    let inquiry = ["inquiry", "add", "--customer", &customer, "--channel", "电话", "--category", "other", "--details"];
    let training = ["training", "add", "--training-kind", "skills", "--topic", "x", "--starts-at", "2026-05-08 10:00"];
    let cases: Vec<(Vec<&str>, &[&str])> = vec![
        ([&inquiry[..], &["请回电 13812345678 谢谢"]].concat(), &["phone number", "[13812345678]", "5"]),
        ([&inquiry[..], &["写信到 a.b@example.com"]].concat(), &["e-mail", "[a.b@example.com]"]),
        ([&inquiry[..], &["证号 11010519491231002X"]].concat(), &["identity number", "[11010519491231002X]"]),
        ([&training[..], &["--ends-at", "2026-05-08 09:00"]].concat(), &["2026-05-08 10:00", "2026-05-08 09:00"]),
        (
            vec![
                "review",
                "add",
                "--review-kind",
                "process",
                "--period-from",
                "2026-05-01",
                "--period-to",
                "2026-04-01",
            ],
            &["2026-05-01", "2026-04-01"],
        ),
        (vec!["order", "add", "--customer", &customer, "--model", "A", "--quantity", "0"], &["1 to"]),
        (
            vec![
                "roster",
                "add",
                "--staff",
                "王小明",
                "--starts-at",
                "2026-05-01 08:00",
                "--ends-at",
                "2026-05-01 09:00",
            ],
            &["王小明", "*"],
        ),
        (
            vec!["visit", "add", "--customer", &customer, "--visit-kind", "visit", "--planned-on", "2026-02-30"],
            &["2026-02-30"],
        ),
    ];
    for (args, parts) in cases {
        device.run(&args).refused(1, parts);
    }
    assert_eq!(device.records(), records);
    let risk = device.make(["risk", "add", "--category", "market", "--title", "淡季"]);
    let order = device.make(["order", "add", "--customer", &customer, "--model", "A", "--quantity", "1"]);
    records += 2;
    device.run(["risk", "assess", &risk, "--probability", "6", "--impact", "1"]).refused(1, &["1 to 5"]);
    device.run(["risk", "note", &risk, "联系 021-62345678"]).refused(1, &["phone number"]);
    device.run(["order", "confirm", &order, "--confirmed-at", "2001-01-01 00:00"]).refused(1, &["2001-01-01 00:00"]);
    assert_eq!(
        (device.records(), text(&device.json(["risk", "show", &risk])["state"])),
        (records, "identified".to_owned())
    );
}

#[test]
fn a_table_with_private_data_is_refused_by_its_place_and_nothing_of_it_is_taken() {
    let device = Environment::new();
    let customer = device.customer();
    let add = ["inquiry", "add", "--customer", &customer, "--channel", "电话", "--category", "other", "--details"];
    device.ok(add.into_iter().chain(["请尽快回电"]));
    device.ok(["risk", "add", "--category", "market", "--title", "淡季", "--legacy-id", "RISK001"]);
    device.ok(["export", "--format", "csv", "--out", "book"]);
    let folder = device.path().join("book");
    let other = Environment::new();
    let take = |folder: &std::path::Path| other.run(["import", folder.to_str().unwrap(), "--lang", "en"]);
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("请尽快回电")));
    let file = file.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("请尽快回电", "请回电 13812345678")).unwrap();
    take(&folder).refused(1, &["phone number", "[13812345678]", "2"]);
    assert_eq!(other.records(), 0, "not even the customers");
    std::fs::write(&file, text).unwrap();
    let taken = take(&folder);
    assert_eq!((taken.code, other.records()), (0, 3), "{}", taken.err);
    assert_eq!(other.json(["risk", "show", "RISK001"])["title"], "淡季");
}

#[test]
fn a_review_keeps_the_figures_it_looked_at() {
    let device = Environment::new();
    let (_, _, task) = device.task();
    device.ok(["task", "start", &task, "--started-at", "2024-05-02 09:00"]);
    device.ok(["task", "done", &task, "--done-at", "2024-05-02 10:00"]);
    let add = ["review", "add", "--review-kind", "process", "--period-from", "2024-05-01", "--period-to", "2024-05-31"];
    let review = device.json(add);
    let figures = review["figures"].as_str().unwrap();
    assert!(figures.starts_with("2024-05 ") && figures.contains("on_time=1/1"), "{figures}");
    let own = device.json(add.into_iter().chain(["--figures", "见附表"]));
    assert_eq!(own["figures"], "见附表");
}

#[test]
fn words_find_records_of_every_kind() {
    let device = Environment::new();
    let customer = device.customer();
    let id = |value: &Value| text(&value["id"]);
    let risk = id(&device.json(["risk", "add", "--category", "technical", "--title", "压缩机停产"]));
    let order = id(&device.json(["order", "add", "--customer", &customer, "--model", "压缩机A200", "--quantity", "1"]));
    let found = device.json(["search", "压缩机"]);
    let found: Vec<String> = found.as_array().unwrap().iter().map(id).collect();
    assert!(found.contains(&risk) && found.contains(&order), "{found:?}");
}

#[test]
fn roles_may_do_what_the_domain_gives_them_and_are_told_who_may() {
    let engineer = Environment::empty();
    engineer.ok(["init", "--staff", "王*", "--role", "engineer"]);
    let customer = engineer.customer();
    for life in &LIVES {
        let parent = if life.is_customers { vec!["--customer", &customer] } else { Vec::new() };
        let ended = engineer.run([life.name, "add"].into_iter().chain(parent).chain(life.add.iter().copied()));
        if life.is_customers {
            assert_eq!(ended.code, 0, "{}: {}", life.name, ended.err);
            engineer
                .run([life.name, "void", ended.out.trim(), "--why", "误录"])
                .refused(1, &["engineer", "supervisor"]);
        } else {
            ended.refused(1, &["engineer", "supervisor"]);
        }
    }
    engineer.run(["customer", "merge", &customer, &engineer.customer()]).refused(1, &["engineer", "supervisor"]);
    let assessor = Environment::empty();
    assessor.ok(["init", "--staff", "周*", "--role", "assessor"]);
    assessor.assessment();
    assessor.run(["risk", "add", "--category", "market", "--title", "x"]).refused(1, &["process manager"]);
}

#[test]
fn two_customers_are_merged_once_and_separated_by_who_changed_their_mind() {
    let device = Environment::new();
    let (first, second, third) = (device.customer(), device.customer(), device.customer());
    let merged = device.json(["customer", "merge", &second, &first]);
    assert_eq!(merged["id"], first.as_str(), "the smaller id leads");
    assert_eq!(merged["merged_with"][0], second.as_str());
    let again = device.run(["customer", "merge", &first, &second]);
    assert!(again.code == 0 && again.err.contains("Nothing was changed"), "{}", again.err);
    device.run(["customer", "merge", &first, &first]).refused(1, &[&first]);
    device.run(["customer", "merge", &first, "CUST-07-99"]).refused(1, &["CUST-07-99"]);
    device.run(["customer", "merge", &first]).refused(2, &["ID"]);
    device.run(["customer", "separate", &first, &third, "--reason", "x"]).refused(1, &[&third, "not merged"]);
    let separate = device.json(["customer", "separate", &second, &first, "--reason", "两户"]);
    assert!(separate["merged_with"].as_array().is_none_or(Vec::is_empty), "{separate}");
}

/// How many changes this device has made.
fn changes(device: &Environment) -> i64 {
    device.json(["status"])["outbox"].as_i64().expect("a count")
}

#[test]
fn no_field_and_no_step_of_any_kind_takes_private_data_or_an_unmasked_name() {
    use records::{Shape, Source};
    let device = Environment::new();
    let customer = device.customer();
    let mut tried = 0;
    for life in &LIVES {
        let made = added(&device, life, &customer);
        let id = text(&made["id"]);
        let kind = records::kind(made["kind"].as_str().unwrap_or_default()).expect("a kind");
        for field in kind.fields.iter().filter(|field| field.source == Source::Person) {
            let flag = format!("--{}", field.name.replace('_', "-"));
            let before = changes(&device);
            let edit = |value: &str| device.run([life.name, "edit", &id, &flag, value]);
            match field.shape {
                Shape::Line(_) | Shape::Text(_) => {
                    for (data, named) in [
                        ("13812345678", "a phone number (character 3)"),
                        ("li@example.com", "an e-mail address (character 3)"),
                        ("11010519491231002X", "an identity number (character 3)"),
                    ] {
                        edit(&format!("电 {data}")).refused(1, &[named, &format!("[{data}]")]);
                    }
                }
                Shape::Masked | Shape::Staff => edit("王小明").refused(1, &["王小明", "*"]),
                _ => continue,
            }
            assert_eq!(changes(&device), before, "{} {flag}", life.name);
            tried += 1;
        }
        for (step, ..) in life.steps {
            let command = |step: &[&str]| -> Vec<String> {
                [life.name, step[0], &id].iter().chain(&step[1..]).map(|word| (*word).to_owned()).collect()
            };
            for place in (1..step.len()).filter(|place| !step[*place].is_ascii()) {
                let mut wrong = step.to_vec();
                let words = format!("{} 13812345678", step[place]);
                wrong[place] = &words;
                let before = changes(&device);
                let ended = device.run(command(&wrong));
                // A name is refused for what else stands in it, before anybody looks for numbers.
                assert!(ended.code == 1 && ended.err.contains("13812345678"), "{wrong:?}: {}{}", ended.out, ended.err);
                assert_eq!(changes(&device), before, "{wrong:?}");
                tried += 1;
            }
            device.ok(command(step));
        }
    }
    assert!(tried > 60, "{tried} were tried");
}
