//! What goes out of a book as tables comes into another as equal records, and brings nothing new a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use device::TableFormat;
use serde_json::Value;
use vocab::Lang;

use crate::book::fill;
use crate::{Home, told};

/// What the paper forms have no column for, and no other table needs: it goes out as JSON only.
const NOT_IN_TABLES: &[(&str, &str)] = &[
    ("customer", "merged_with"),
    // Whoever imports an approved row answers for it.
    ("assessment", "approved_by"),
    // The form names whose task it was, not who reported it.
    ("task", "done_by"),
    ("task", "result"),
    ("task", "cancelled_why"),
    ("task", "more_signatures"),
    ("feedback", "duplicate_of"),
];

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (name(&path), fs::read(&path).unwrap()))
        .collect()
}

/// Every record by its kind and the number that people know it by, with references told by those numbers, and notes without
/// the person who typed them.
fn known(records: &[Value]) -> BTreeMap<(String, String), BTreeMap<String, Value>> {
    let number = |record: &Value| record["legacy_id"].as_str().or(record["id"].as_str()).unwrap().to_owned();
    let numbers: BTreeMap<&str, String> =
        records.iter().map(|record| (record["id"].as_str().unwrap(), number(record))).collect();
    let mut all = BTreeMap::new();
    for record in records {
        let kind = records::kind(record["kind"].as_str().unwrap()).unwrap();
        let mut fields = BTreeMap::new();
        for field in kind.fields.iter().filter(|field| field.name != "legacy_id" && field.name != kind.id_field) {
            if NOT_IN_TABLES.contains(&(kind.code, field.name)) {
                continue;
            }
            let value = match &record[field.name] {
                Value::String(id) if numbers.contains_key(id.as_str()) => numbers[id.as_str()].as_str().into(),
                Value::Array(notes) if notes.iter().any(Value::is_object) => {
                    notes.iter().map(|note| note["text"].clone()).collect()
                }
                Value::String(text) if text.is_empty() => Value::Null,
                Value::Array(empty) if empty.is_empty() => Value::Null,
                value => value.clone(),
            };
            fields.insert(field.name.to_owned(), value);
        }
        all.insert((kind.code.to_owned(), number(record)), fields);
    }
    assert_eq!(all.len(), records.len(), "no number names two records of a kind");
    all
}

#[test]
fn every_kind_comes_back_equal_from_csv_and_xlsx_in_both_languages() {
    let mut home = Home::new();
    fill(&mut home);
    let before = known(&home.records());
    let kinds: BTreeSet<&str> = before.keys().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, tables::kinds().map(|kind| kind.code).collect(), "the book has every kind");
    let tables_of = |home: &mut Home, lang: Lang| {
        let folder = home.path().join(format!("out-{lang}"));
        let written = home.device.export_tables(TableFormat::Csv, &folder, lang).unwrap();
        (folder, written)
    };
    for lang in Lang::ALL {
        let (folder, written) = tables_of(&mut home, lang);
        assert_eq!(written as usize, before.len());
        let workbook = home.path().join(format!("{lang}.xlsx"));
        assert_eq!(home.device.export_tables(TableFormat::Xlsx, &workbook, lang).unwrap(), written);
        for file in [&folder, &workbook] {
            let mut other = Home::new();
            let tried = other.device.import(file, true).unwrap_or_else(|error| panic!("{}", told(&error)));
            assert_eq!(other.records().len(), 0, "a trial writes nothing");
            let report = other.device.import(file, false).unwrap();
            assert_eq!(report.kinds, tried.kinds);
            assert_eq!(report.kinds.values().map(|counts| counts.created).sum::<u64>(), written);
            let after = known(&other.records());
            for (name, fields) in &before {
                assert_eq!(Some(fields), after.get(name), "{name:?} from {}", file.display());
            }
            assert_eq!(before.len(), after.len());
            let (again, _) = tables_of(&mut other, lang);
            assert_eq!(files(&folder), files(&again), "what goes out again is the same to the byte");

            let bytes = other.exported();
            let report = other.device.import(file, false).unwrap();
            assert_eq!(report.kinds.values().map(|counts| counts.unchanged).sum::<u64>(), written, "{report:?}");
            assert_eq!(other.exported(), bytes, "importing twice changes nothing");
            assert_eq!(report.notes, []);
        }
        let bytes = home.exported();
        home.device.import(&workbook, false).unwrap();
        assert_eq!(home.exported(), bytes, "a book knows its own export");
    }
}

#[test]
fn what_people_did_since_an_import_is_not_undone_by_importing_again() {
    let mut home = Home::new();
    let risks = "风险ID,风险类别,风险名称,发生概率,影响程度,状态\nR1,操作,备件短缺,3,4,已评估\n";
    let state = records::RISK.field("state").unwrap().show(&"assessed".into(), Lang::ZhCn);
    let risks = risks.replace("已评估", &state);
    home.import(&[("risk", &risks)]);
    let data = records::Fields::from([("probability", 5.into()), ("impact", 5.into())]);
    home.device.step("R1", "assessed", data).unwrap();
    assert_eq!(home.import(&[("risk", &risks)]).kinds["risk"].unchanged, 1);
    assert_eq!(home.device.record("R1").unwrap()["level"], 25);
    // What the table says anew is news.
    let report = home.import(&[("risk", &risks.replace(",3,4,", ",4,4,"))]);
    assert_eq!((report.kinds["risk"].updated, &home.device.record("R1").unwrap()["level"]), (1, &16.into()));
}

#[test]
fn what_is_filled_in_once_stays_and_the_table_that_differs_is_told_so() {
    let mut home = Home::new();
    let customers = "客户ID,客户姓名,联系方式,历史交易记录,服务偏好,初始日期,责任人\nC1,王*,电话,,,,\n";
    let points = "积分ID,客户ID,积分,原因\nJ1,C1,50,消费\n";
    assert!(home.import(&[("a", customers), ("b", points)]).notes.is_empty());
    let report = home.import(&[("a", customers), ("b", &points.replace(",50,", ",80,"))]);
    assert_eq!(report.kinds["points"].unchanged, 1);
    assert_eq!(report.notes.len(), 1, "{:?}", report.notes);
    assert_eq!((report.notes[0].row, report.notes[0].column.as_deref()), (Some(2), Some("积分")));
    assert!(report.notes[0].to_string().contains("80"), "{}", report.notes[0]);
    assert_eq!(home.device.record("J1").unwrap()["amount"], 50);
    assert!(home.import(&[("a", customers), ("b", points)]).notes.is_empty());
}

#[test]
fn what_is_void_stays_out_with_what_belongs_to_it_and_nothing_refers_to_it() {
    let mut home = Home::new();
    fill(&mut home);
    let all = home.records();
    let id = |kind: &str| all.iter().find(|record| record["kind"] == kind).unwrap()["id"].as_str().unwrap().to_owned();
    let why = || records::Fields::from([("why", "录入错误".into())]);
    home.device.step(&id("task"), "void", why()).unwrap();
    let folder = home.path().join("out");
    home.device.export_tables(TableFormat::Csv, &folder, Lang::ZhCn).unwrap();
    let mut other = Home::new();
    let report = other.device.import(&folder, false).unwrap_or_else(|error| panic!("{}", told(&error)));
    assert_eq!(report.kinds.get("feedback"), None, "{report:?}");
    let complaint = other.records().into_iter().find(|record| record["kind"] == "complaint").unwrap();
    assert!(complaint["exec_id"].is_null() && complaint["inquiry_id"].is_string(), "{complaint}");
}

#[test]
fn rows_and_sheets_in_any_order_make_the_same_records() {
    let mut home = Home::new();
    fill(&mut home);
    let before = known(&home.records());
    let folder = home.path().join("out");
    home.device.export_tables(TableFormat::Csv, &folder, Lang::ZhCn).unwrap();
    for turn in 1..4_usize {
        let mixed = home.path().join(format!("mixed-{turn}"));
        fs::create_dir(&mixed).unwrap();
        for (place, (_, bytes)) in files(&folder).into_iter().enumerate() {
            let text = String::from_utf8(bytes).unwrap();
            // Only tables without line breaks in their cells can be taken apart by lines.
            let (header, rows) = text.split_once('\n').unwrap();
            let mut rows: Vec<&str> = if text.contains('"') { vec![rows.trim_end()] } else { rows.lines().collect() };
            if !rows.is_empty() {
                let by = turn % rows.len();
                rows.rotate_left(by);
                rows.reverse();
            }
            let name = format!("{}.csv", (place * 7 + turn * 5) % 19);
            fs::write(mixed.join(name), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        }
        assert_eq!(files(&mixed).len(), files(&folder).len());
        let mut other = Home::new();
        other.device.import(&mixed, false).unwrap_or_else(|error| panic!("{}", told(&error)));
        let after = known(&other.records());
        for (name, fields) in &before {
            assert_eq!(Some(fields), after.get(name), "{name:?}");
        }
        assert_eq!(before.len(), after.len());
    }
}
