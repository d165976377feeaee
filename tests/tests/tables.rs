//! The four forms as people have them: the golden chain, the broken files, and a generated year.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use messages::Catalogue;
use records::{ASSESSMENT, CUSTOMER, FEEDBACK, FORMS, Fields, Kind, TASK, Value};
use tables::{FileForm, Forms, Table, TableErrors, TableRow};
use tests::generate::{Scale, forms};
use vocab::Lang;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Everything a row says, as it would be written again.
fn fields(kind: &'static Kind, row: &TableRow) -> Fields {
    let ids = row.parents.iter().map(|(name, id)| (*name, Value::from(id.as_str())));
    let own = (kind.id_field, Value::from(row.id.as_str()));
    let rest = row.fields.iter().chain(&row.snapshot).map(|(name, value)| (*name, value.clone()));
    ids.chain([own]).chain(rest).collect()
}

fn written_again(tables: &[Table], lang: Lang) -> Forms {
    let mut forms = Forms::new(lang);
    for table in tables {
        table.rows.iter().for_each(|row| forms.push(table.kind, &fields(table.kind, row)));
    }
    forms
}

/// Rows by kind, without the names of files and sheets they came from.
fn rows(tables: &[Table]) -> BTreeMap<&'static str, Vec<TableRow>> {
    tables.iter().map(|table| (table.kind.code, table.rows.clone())).collect()
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_text).unwrap_or_default()
}

fn broken(name: &str) -> TableErrors {
    tables::read(&fixture("broken").join(name)).expect_err("the file is broken")
}

#[test]
fn the_golden_chain_is_read_with_its_values_and_links() {
    let tables = tables::read(&fixture("golden")).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(tables.iter().map(|table| table.kind).collect::<Vec<_>>(), FORMS);
    let [customer, assessment, task, feedback] = [0, 1, 2, 3].map(|place| &tables[place].rows[0]);

    assert_eq!((customer.row_number, customer.id.as_str()), (2, "CUST001"));
    assert_eq!(text(customer.fields.get("name")), "*先生");
    assert_eq!(text(customer.fields.get("channel")), "online_chat");
    assert_eq!(customer.fields["created_on"].to_json(), "2024-05-01");
    assert!(customer.parents.is_empty() && customer.snapshot.is_empty());

    assert_eq!(assessment.parents, BTreeMap::from([("customer_id", "CUST001".to_owned())]));
    assert_eq!(text(assessment.fields.get("urgency")), "high");
    assert_eq!(text(assessment.fields.get("scope")), "after_sales");
    assert_eq!(assessment.fields["minutes"], Value::Integer(120));
    assert_eq!(assessment.fields["staff"], Value::Integer(1));
    assert_eq!(assessment.snapshot["assessed_on"].to_json(), "2024-05-02");

    assert_eq!(task.parents, BTreeMap::from([("req_id", "REQ001".to_owned())]));
    assert_eq!(task.fields["due_at"].to_json(), "2024-05-02T03:00:00Z");
    assert_eq!(task.snapshot["started_at"].to_json(), "2024-05-02T01:00:00Z");
    assert_eq!(task.snapshot["done_at"].to_json(), "2024-05-02T02:30:00Z");
    assert_eq!(text(task.snapshot.get("status")), "done");
    assert_eq!(text(task.snapshot.get("assignee")), "客服*");

    let links = [("customer_id", "CUST001".to_owned()), ("exec_id", "EXEC001".to_owned())];
    assert_eq!(feedback.parents, BTreeMap::from(links));
    assert_eq!(feedback.fields["score"], Value::Integer(4));
    assert_eq!(text(feedback.snapshot.get("state")), "handled");
}

#[test]
fn the_golden_chain_is_written_back_byte_for_byte() {
    let forms = written_again(&tables::read(&fixture("golden")).unwrap(), Lang::ZhCn);
    for kind in FORMS {
        let golden = std::fs::read(fixture("golden").join(format!("{}.csv", kind.code))).unwrap();
        assert_eq!(String::from_utf8(forms.csv(kind)).unwrap(), String::from_utf8(golden).unwrap());
    }
    // The workbook is made by our own writer from the same rows. After a change of the writer, look at the difference and
    // run this test with FIELDBOOK_WRITE_FIXTURES=1.
    let workbook = forms.xlsx().unwrap();
    if std::env::var_os("FIELDBOOK_WRITE_FIXTURES").is_some() {
        std::fs::write(fixture("golden/chain.xlsx"), &workbook).unwrap();
    }
    assert!(
        workbook == std::fs::read(fixture("golden/chain.xlsx")).unwrap(),
        "chain.xlsx is not what the writer makes"
    );
}

#[test]
fn the_golden_workbook_holds_the_rows_of_the_golden_files() {
    let workbook = tables::read(&fixture("golden/chain.xlsx")).unwrap();
    assert_eq!(rows(&workbook), rows(&tables::read(&fixture("golden")).unwrap()));
    assert_eq!(workbook[0].sheet.as_deref(), Some("客户信息记录表"));
}

/// A broken file, where its fault is, and what the text in either language must say of it.
struct Expected {
    name: &'static str,
    row: Option<usize>,
    column: Option<&'static str>,
    zh: &'static [&'static str],
    en: &'static [&'static str],
}

const BROKEN: &[Expected] = &[
    Expected {
        name: "missing_column.csv",
        row: Some(1),
        column: None,
        zh: &["紧急程度", "补上"],
        en: &["紧急程度", "urgency", "add"],
    },
    Expected { name: "empty.csv", row: None, column: None, zh: &["空", "表头"], en: &["empty", "header"] },
    Expected {
        name: "wrong_enum.csv",
        row: Some(2),
        column: Some("紧急程度"),
        zh: &["特急", "高", "低"],
        en: &["特急", "high", "low"],
    },
    Expected {
        name: "score_6.csv",
        row: Some(2),
        column: Some("满意度评分"),
        zh: &["6", "1", "5"],
        en: &["6", "1", "5"],
    },
    Expected {
        name: "no_such_day.csv",
        row: Some(3),
        column: Some("初始日期"),
        zh: &["2023-02-30", "2024-05-01"],
        en: &["2023-02-30", "2024-05-01"],
    },
    Expected {
        name: "name_without_mask.csv",
        row: Some(2),
        column: Some("客户姓名"),
        zh: &["王建国", "*"],
        en: &["王建国", "*"],
    },
    Expected {
        name: "not_utf8.csv",
        row: None,
        column: None,
        zh: &["第 2 行", "CSV UTF-8"],
        en: &["Line 2", "CSV UTF-8"],
    },
];

#[test]
fn every_broken_file_is_refused_with_place_value_and_fix() {
    for Expected { name, row, column, zh, en } in BROKEN {
        let errors = broken(name);
        assert_eq!(errors.problems().len(), 1, "{name}: {errors}");
        let problem = &errors.problems()[0];
        assert_eq!((problem.row, problem.column.as_deref()), (*row, *column), "{name}");
        for (lang, words) in [(Lang::ZhCn, zh), (Lang::En, en)] {
            let shown = problem.render(Catalogue::of(lang));
            let place = row.map(|row| row.to_string()).into_iter().chain(column.map(str::to_owned));
            for word in place.chain(words.iter().map(|word| (*word).to_owned())) {
                assert!(shown.contains(&word), "{name} in {lang}: `{shown}` does not say `{word}`");
            }
        }
    }
    // Positive control: the same files without the fault are read by the golden tests above.
}

#[test]
fn all_problems_of_a_file_are_collected_and_their_number_is_bounded() {
    let header = "反馈ID,客户ID,服务ID,满意度评分,反馈内容,反馈日期,处理状态,改进措施,责任人\n";
    let row = |n: usize| format!("FB{n},CUST1,EXEC1,6,好,2024-13-01,已处理,,客服*\n");
    let text: String = std::iter::once(header.to_owned()).chain((0..100).map(row)).collect();
    let errors = tables::read_bytes(FileForm::Csv, text.as_bytes()).unwrap_err();
    assert_eq!(errors.problems().len(), tables::PROBLEMS_SHOWN_MAX);
    assert_eq!(errors.problems().len() + errors.more(), 200);
    assert_eq!(errors.problems()[1].column.as_deref(), Some("反馈日期"));
    assert_eq!(
        errors.render(Catalogue::of(Lang::En)).last().unwrap(),
        "150 more problems: correct the ones above first, then try again."
    );
}

#[test]
fn columns_come_in_any_order_under_a_title_in_either_language() {
    let golden = tables::read(&fixture("golden/customer.csv")).unwrap();
    let read =
        |text: &str| tables::read_bytes(FileForm::Csv, text.as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
    let shuffled = read(
        "客户信息记录表\n\n责任人,初始日期,服务偏好, 客户ID ,客户姓名,历史交易记录,联系方式\n\
         服务团队*,2024/5/1,每周一次邮件更新,CUST001,*先生,2023年购买产品A,在线客服\n",
    );
    assert_eq!(shuffled[0].rows[0].fields, golden[0].rows[0].fields);
    assert_eq!(shuffled[0].rows[0].row_number, 4);
    let english = read(
        "customer_id,name,channel,history,preference,created_on,owner,grade,tags\n\
         CUST001,*先生,online_chat,2023年购买产品A,每周一次邮件更新,2024-05-01,服务团队*,,\n",
    );
    assert_eq!(rows(&english), rows(&golden));
    let resources = read(
        "req_id,customer_id,need,urgency,scope,minutes,staff,cost,assessed_on,assessor,plan\n\
         REQ001,CUST001,退货,High,after_sales,120,1,5000,,,\n",
    );
    assert_eq!(resources[0].rows[0].fields["cost"], Value::Integer(5_000));
}

#[test]
fn columns_nobody_knows_are_told_and_values_without_a_header_are_refused() {
    let text = "客户ID,客户姓名,联系方式,历史交易记录,服务偏好,初始日期,责任人,备注\nC1,王*,电话,,,,,喜欢喝茶\n";
    let tables = tables::read_bytes(FileForm::Csv, text.as_bytes()).unwrap();
    assert_eq!(tables[0].notes.len(), 1);
    assert!(tables[0].notes[0].render(Catalogue::of(Lang::ZhCn)).contains("备注"));
    let errors = tables::read_bytes(FileForm::Csv, text.replace("备注", "").as_bytes()).unwrap_err();
    assert_eq!((errors.problems()[0].row, errors.problems()[0].column.as_deref()), (Some(2), Some("H")));
}

#[test]
fn an_id_that_stands_twice_or_is_missing_is_refused() {
    let header = "客户ID,客户姓名,联系方式,历史交易记录,服务偏好,初始日期,责任人\n";
    let twice = format!("{header}C1,王*,电话,,,,\nC2,李*,电话,,,,\nC1,王*,电话,,,,\n");
    let errors = tables::read_bytes(FileForm::Csv, twice.as_bytes()).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "row 4, column `客户ID`: The id `C1` stands in row 2 already: correct one of them, or delete a row."
    );
    let missing = format!("{header},王*,电话,,,,\n");
    let errors = tables::read_bytes(FileForm::Csv, missing.as_bytes()).unwrap_err();
    assert_eq!(errors.problems()[0].column.as_deref(), Some("客户ID"));
    assert!(tables::read_bytes(FileForm::Csv, format!("{header}C1,王*,电话,,,,\n").as_bytes()).is_ok());
}

#[test]
fn a_generated_year_reads_back_equal_from_csv_and_xlsx_in_both_languages() {
    let [branch] = Scale::S.branches(1)[..] else { panic!("scale S is one branch") };
    for lang in Lang::ALL {
        let made = forms(branch.dossiers(), lang);
        let folder = tempfile::tempdir().unwrap();
        made.write(folder.path(), FileForm::Csv).unwrap();
        let workbook = folder.path().join("book.xlsx");
        made.write(&workbook, FileForm::Xlsx).unwrap();

        let from_files = tables::read(folder.path()).unwrap_or_else(|errors| panic!("{errors}"));
        let from_workbook = tables::read(&workbook).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(rows(&from_files) == rows(&from_workbook), "csv and xlsx differ");
        assert_eq!(from_files[0].rows.len(), 400);
        assert!(from_files[2].rows.len() > 2_500);
        let again = written_again(&from_files, lang);
        for kind in FORMS {
            assert!(again.csv(kind) == made.csv(kind), "{} in {lang} differs", kind.code);
        }
        assert!(again.xlsx().unwrap() == made.xlsx().unwrap());
    }
}

#[test]
fn an_export_shows_the_ids_people_know() {
    let golden = tables::read(&fixture("golden")).unwrap();
    let ids = [(&CUSTOMER, "CUST-07-1"), (&ASSESSMENT, "REQ-07-1"), (&TASK, "EXEC-07-1"), (&FEEDBACK, "FB-07-1")];
    let own: BTreeMap<&str, &str> =
        golden.iter().zip(ids).map(|(table, (_, id))| (table.rows[0].id.as_str(), id)).collect();
    let mut records = Vec::new();
    for (table, (kind, id)) in golden.iter().zip(ids) {
        let mut record = serde_json::Map::new();
        for (name, value) in fields(kind, &table.rows[0]) {
            let value = if matches!(kind.field(name).unwrap().shape, records::Shape::Reference(_)) {
                own[value.as_text().unwrap()].into()
            } else {
                value.to_json()
            };
            record.insert(name.to_owned(), value);
        }
        record.insert("kind".to_owned(), kind.code.into());
        record.insert("id".to_owned(), id.into());
        record.insert("legacy_id".to_owned(), table.rows[0].id.as_str().into());
        records.push(serde_json::Value::Object(record));
    }
    let exported = Forms::of_json(records.iter(), Lang::ZhCn);
    for kind in FORMS {
        let golden = std::fs::read(fixture("golden").join(format!("{}.csv", kind.code))).unwrap();
        assert_eq!(String::from_utf8(exported.csv(kind)).unwrap(), String::from_utf8(golden).unwrap());
    }

    records.iter_mut().for_each(|record| record["legacy_id"] = serde_json::Value::Null);
    let exported = Forms::of_json(records.iter(), Lang::ZhCn);
    let text = String::from_utf8(exported.csv(&FEEDBACK)).unwrap();
    assert!(text.contains("FB-07-1,CUST-07-1,EXEC-07-1,"), "{text}");
    records[3]["void"] = true.into();
    assert_eq!(Forms::of_json(records.iter(), Lang::ZhCn).rows(&FEEDBACK), 0);
}
