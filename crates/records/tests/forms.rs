//! Every cell of the paper forms' example chain is read and written back as it stands, and wrong cells are refused with the fix.

use messages::Catalogue;
use proptest::prelude::*;
use records::{ALL_KINDS, ASSESSMENT, CUSTOMER, FEEDBACK, Invalid, Kind, Problem, Resources, Shape, TASK, Value};
use vocab::Lang;

fn round_trip(kind: &Kind, column: &str, cell: &str) -> Result<String, Invalid> {
    let column = kind.columns.iter().find(|known| known.name == column).expect("the column exists");
    Ok(column.show(kind, &column.parse(kind, cell)?, Lang::ZhCn))
}

#[test]
fn the_example_chain_of_the_forms_is_written_back_as_it_stands() {
    for (kind, column, cell) in [
        (&CUSTOMER, "name", "*先生"),
        (&CUSTOMER, "channel", "在线客服"),
        (&CUSTOMER, "history", "2023年购买产品A"),
        (&CUSTOMER, "preference", "每周一次邮件更新"),
        (&CUSTOMER, "created_on", "2024-05-01"),
        (&CUSTOMER, "owner", "服务团队*"),
        (&CUSTOMER, "grade", "VIP客户"),
        (&CUSTOMER, "tags", "A,医院"),
        (&ASSESSMENT, "urgency", "高"),
        (&ASSESSMENT, "scope", "售后服务"),
        (&ASSESSMENT, "resources", "2小时,1名客服"),
        (&ASSESSMENT, "assessor", "分析师*"),
        (&TASK, "assignee", "客服*"),
        (&TASK, "started_at", "2024-05-02 09:00"),
        (&TASK, "status", "已完成"),
        (&TASK, "issues", "无问题"),
        (&TASK, "signature", "张*,2024-05-02 10:30,设备已修复"),
        (&FEEDBACK, "score", "4"),
        (&FEEDBACK, "text", "服务响应快但细节需改进"),
        (&FEEDBACK, "state", "已处理"),
    ] {
        assert_eq!(round_trip(kind, column, cell).unwrap(), cell, "{column}");
    }
}

#[test]
fn codes_and_labels_of_both_languages_mean_the_same() {
    let urgency = ASSESSMENT.field("urgency").unwrap();
    for text in ["high", "高", " High "] {
        assert_eq!(urgency.parse(text).unwrap(), Value::from("high"));
    }
}

#[test]
fn days_and_times_are_read_in_the_forms_people_write() {
    let due = TASK.field("due_at").unwrap();
    for text in [
        "2024-05-02 09:00",
        "2024-05-02T01:00:00Z",
        "2024/5/2 9:00",
        "2024年5月2日 09:00",
        "2024-05-02 10:00 +09:00",
        "2024-05-02T09:00:00+08:00",
    ] {
        assert_eq!(due.show(&due.parse(text).unwrap(), Lang::ZhCn), "2024-05-02 09:00", "{text}");
    }
    let created = CUSTOMER.field("created_on").unwrap();
    for text in ["2024-05-01", "2024/5/1", "2024.05.01", "2024年5月1日"] {
        assert_eq!(created.parse(text).unwrap(), created.parse("2024-05-01").unwrap(), "{text}");
    }
}

#[test]
fn wrong_cells_are_refused_by_field_and_fix() {
    let problem = |kind: &'static Kind, field: &str, text: &str| match kind.field(field).unwrap().parse(text) {
        Err(Invalid::Value { problem, .. }) => problem,
        other => panic!("{field} {text:?} gave {other:?}"),
    };
    assert_eq!(problem(&CUSTOMER, "name", "王先生"), Problem::NotMasked);
    assert_eq!(problem(&CUSTOMER, "name", ""), Problem::Empty);
    assert_eq!(problem(&CUSTOMER, "owner", "王先生"), Problem::NotStaff);
    assert_eq!(problem(&FEEDBACK, "score", "6"), Problem::OutOfRange(1, 5));
    assert_eq!(problem(&FEEDBACK, "score", "好"), Problem::NotAnInteger);
    assert_eq!(problem(&CUSTOMER, "created_on", "2024-02-30"), Problem::NotADay);
    assert_eq!(problem(&CUSTOMER, "created_on", "2023年2月29日"), Problem::NotADay);
    assert_eq!(problem(&TASK, "due_at", "tomorrow"), Problem::NotATime);
    assert_eq!(problem(&TASK, "title", "一\u{7}二"), Problem::ControlCharacter);
    assert_eq!(problem(&TASK, "title", &"长".repeat(201)), Problem::TooLong(200));
    assert!(matches!(problem(&ASSESSMENT, "urgency", "特急"), Problem::NotACode(labels) if labels.len() == 3));
    assert!(CUSTOMER.field("owner").unwrap().parse("S012").is_ok());
}

#[test]
fn an_error_reads_as_a_sentence_in_both_languages() {
    let error = ASSESSMENT.field("urgency").unwrap().parse("特急").unwrap_err();
    assert_eq!(
        Catalogue::of(Lang::ZhCn).render(&error.message()),
        "“紧急程度”的值“特急”不对：请从所列各项中选择。可选：高、中、低"
    );
    assert_eq!(
        error.to_string(),
        "`特急` is not right for `Urgency`: choose one of the listed values. One of: high, medium, low"
    );
}

#[test]
fn every_kind_field_code_and_step_has_a_text() {
    let catalogue = Catalogue::of(Lang::ZhCn);
    for kind in ALL_KINDS {
        let fields = kind.fields.iter().chain(kind.events.iter().flat_map(|event| event.data));
        let mut keys: Vec<String> = vec![kind.label.to_owned(), kind.form.to_owned()];
        keys.extend(kind.columns.iter().map(|column| column.label.to_owned()));
        keys.extend(kind.events.iter().map(|event| event.label.to_owned()));
        for field in fields {
            keys.push(field.label.to_owned());
            if let Shape::Enum(list) = field.shape {
                keys.extend(list.codes.iter().map(|code| list.label(code)));
            }
        }
        for key in keys {
            assert!(catalogue.has(&key), "{key}");
        }
        for column in kind.columns {
            assert!(column.fields.iter().all(|name| kind.field(name).is_some()), "{}", column.name);
        }
    }
}

#[test]
fn every_refusal_flag_and_conflict_has_a_text() {
    let sources = [
        include_str!("../src/invalid.rs"),
        include_str!("../src/edit.rs"),
        include_str!("../src/read.rs"),
        include_str!("../src/log.rs"),
        include_str!("../src/dossier.rs"),
        include_str!("../src/duplicates.rs"),
        include_str!("../src/points.rs"),
        include_str!("../src/privacy.rs"),
        include_str!("../src/policy/check.rs"),
        include_str!("../src/read/dispute.rs"),
        include_str!("../src/life/customer.rs"),
        include_str!("../src/life/flow.rs"),
        include_str!("../src/life/task.rs"),
        include_str!("../src/life/assessment.rs"),
        include_str!("../src/life/feedback.rs"),
    ];
    let prefixes = ["policy-", "private-", "invalid-", "fix-", "flag-", "conflict-", "corrupt-"];
    let words = sources.iter().flat_map(|source| source.split('"'));
    let keys: Vec<_> =
        words.filter(|word| prefixes.iter().any(|start| word.starts_with(start) && word != start)).collect();
    assert!(keys.len() > 50, "{}", keys.len());
    for key in keys {
        assert!(Catalogue::of(Lang::En).has(key), "{key}");
    }
}

#[test]
fn resources_are_read_in_both_languages() {
    let expected =
        Resources { minutes: Some(150), staff: Some(1), staff_kind: Some("客服".into()), cost: Some(5_050) };
    for text in ["2小时30分钟,1名客服,50.5元", "2.5小时，1名客服，50.50元", "2h30min, 1 客服, 50.50 yuan"]
    {
        assert_eq!(Resources::parse(text), Some(expected.clone()), "{text}");
    }
    for text in ["", "很多", "2小时,", "1名客服,1名客服", "99999999999999999999小时", "0.001小时"] {
        assert_eq!(Resources::parse(text).is_some(), text == "2小时,", "{text}");
    }
}

proptest! {
    #[test]
    fn resources_read_back_what_they_show(
        minutes in proptest::option::of(0..100_000_i64),
        staff in proptest::option::of(0..1_000_i64),
        cost in proptest::option::of(0..10_000_000_i64),
        named: bool,
    ) {
        let staff_kind = (named && staff.is_some()).then(|| "客服".to_owned());
        let resources = Resources { minutes, staff, staff_kind, cost };
        prop_assume!(resources != Resources::default());
        for lang in Lang::ALL {
            prop_assert_eq!(Resources::parse(&resources.show(lang)), Some(resources.clone()));
        }
    }

    #[test]
    fn no_text_makes_the_search_for_private_data_panic_and_what_it_finds_is_there(text in "[0-9xX０-９ ()@.a-z电-]{0,60}") {
        if let Some((_, place)) = records::find_private(&text) {
            prop_assert!(place.start < place.end && place.end <= text.chars().count());
        }
        // Whatever stands around it, a number set apart is found.
        let around = [text.as_str(), "，电话：13800138000。"].concat();
        prop_assert!(records::find_private(&around).is_some());
    }

    #[test]
    fn no_text_makes_reading_a_cell_panic(text in "\\PC{0,40}") {
        for kind in ALL_KINDS {
            for column in kind.columns {
                let _ = column.parse(kind, &text);
            }
        }
    }
}
