//! Every kind of record has a table, and no table is taken for another's.

use std::collections::BTreeSet;

use messages::Catalogue;
use proptest::prelude::*;
use proptest::sample::Index;
use records::{ALL_KINDS, Class, FORMS, Fields, Kind, Shape, Value};
use rust_xlsxwriter::Workbook;
use tables::{FileForm, Forms, Table, TableErrors};
use vocab::Lang;

/// The header of a kind's table.
fn header(kind: &Kind, lang: Lang) -> Vec<String> {
    let name = |column: &records::Column| match lang {
        Lang::ZhCn => Catalogue::of(lang).text(column.label, &[]),
        Lang::En => column.name.to_owned(),
    };
    kind.columns.iter().map(name).collect()
}

/// Something each field takes.
fn filled(kind: &'static Kind) -> Fields {
    let value = |field: &records::Field| match field.shape {
        Shape::Masked | Shape::Staff => "王*".into(),
        Shape::Enum(list) => list.codes[0].into(),
        Shape::Integer { min, .. } => Value::Integer(min.max(1)),
        Shape::Date => Value::Date("2026-10-05".parse().expect("a day")),
        Shape::Time => Value::Time("2026-10-05T01:30:00Z".parse().expect("a time")),
        Shape::Tags => Value::Tags(["夜间".to_owned()].into()),
        Shape::Reference(_) => format!("N-{}", field.name).into(),
        Shape::Notes => Value::Notes(vec![records::Note { text: "到场".to_owned(), by: None, at: None }]),
        Shape::Signature => Value::Signature(records::Signature { signer: "张*".to_owned(), at: None, what: None }),
        Shape::Flag => Value::Flag(true),
        Shape::Line(_) | Shape::Text(_) => format!("说明 {}", field.name).into(),
    };
    kind.fields.iter().map(|field| (field.name, value(field))).collect()
}

fn csv(cells: &[&[String]]) -> Result<Vec<Table>, TableErrors> {
    let text: Vec<String> = cells.iter().map(|row| row.join(",")).collect();
    tables::read_bytes(FileForm::Csv, text.join("\n").as_bytes())
}

#[test]
fn every_kind_but_the_policy_has_a_table_and_the_paper_forms_come_first() {
    let kinds: Vec<_> = tables::kinds().collect();
    assert_eq!(kinds.len(), ALL_KINDS.len() - 1);
    assert_eq!(kinds[..FORMS.len()], FORMS);
    assert!(kinds.iter().all(|kind| kind.class != Class::Policy));
    let titles: BTreeSet<_> = Lang::ALL
        .into_iter()
        .flat_map(|lang| kinds.iter().map(move |kind| (lang.tag(), Catalogue::of(lang).text(kind.form, &[]))))
        .collect();
    assert_eq!(titles.len(), 2 * kinds.len(), "sheets of one workbook have names of their own");
}

#[test]
fn what_a_kind_cannot_do_without_never_stands_whole_in_the_header_of_another() {
    for wanted in tables::kinds() {
        for other in ALL_KINDS.into_iter().filter(|other| *other != wanted) {
            for lang in Lang::ALL {
                // Both languages are understood in one header, so a label must not be another's name either.
                let given: BTreeSet<_> = header(other, lang).into_iter().collect();
                let lacks = wanted.columns.iter().any(|column| {
                    let needed = FORMS.contains(&wanted)
                        && !["grade", "tags", "mode", "signature"].contains(&column.name)
                        || column.name == wanted.id_field
                        || column.fields.iter().any(|name| wanted.field(name).is_some_and(|field| field.required));
                    needed
                        && !Lang::ALL.into_iter().any(|lang| {
                            let place = wanted.columns.iter().position(|own| own.name == column.name);
                            place.is_some_and(|place| given.contains(&header(wanted, lang)[place]))
                        })
                });
                assert!(lacks, "a table of {} could be taken for one of {}", other.code, wanted.code);
            }
        }
    }
}

#[test]
fn a_table_of_every_kind_is_told_by_its_header_in_both_languages_and_reads_back_what_was_written() {
    for kind in tables::kinds() {
        for lang in Lang::ALL {
            let mut forms = Forms::new(lang);
            forms.push(kind, &filled(kind));
            let csv = forms.csv(kind);
            let read =
                tables::read_bytes(FileForm::Csv, &csv).unwrap_or_else(|errors| panic!("{}: {errors}", kind.code));
            assert_eq!(read.len(), 1);
            assert_eq!((read[0].kind.code, read[0].rows.len()), (kind.code, 1), "{lang}");
            let workbook = forms.xlsx().unwrap();
            let sheets = tables::read_bytes(FileForm::Xlsx, &workbook).unwrap();
            let sheet = sheets.iter().find(|sheet| sheet.kind == kind).unwrap();
            assert_eq!(sheet.rows, read[0].rows, "{}", kind.code);

            let row = &read[0].rows[0];
            let told: BTreeSet<&str> = (row.parents.keys().chain(row.links.keys()).chain(row.fields.keys()))
                .chain(row.snapshot.keys())
                .copied()
                .chain([kind.id_field])
                .collect();
            let columns: BTreeSet<&str> = kind.columns.iter().flat_map(|column| column.fields).copied().collect();
            assert_eq!(told, columns, "{}: every column is read", kind.code);
            let stated = kind.event("imported").map(|event| event.data.iter().map(|datum| datum.name).collect());
            let stated: BTreeSet<&str> = stated.unwrap_or_default();
            assert!(row.snapshot.keys().all(|name| stated.contains(name)), "{}: {:?}", kind.code, row.snapshot);
        }
    }
}

#[test]
fn a_blank_workbook_has_every_table_and_an_export_only_those_in_use() {
    for lang in Lang::ALL {
        let blank = tables::read_bytes(FileForm::Xlsx, &Forms::blank(lang).xlsx().unwrap()).unwrap();
        let kinds: Vec<_> = blank.iter().map(|table| table.kind).collect();
        assert_eq!(kinds, tables::kinds().collect::<Vec<_>>());
        let mut forms = Forms::new(lang);
        forms.push(&records::TRAINING, &filled(&records::TRAINING));
        let used = tables::read_bytes(FileForm::Xlsx, &forms.xlsx().unwrap()).unwrap();
        let codes: Vec<_> = used.iter().map(|table| table.kind.code).collect();
        assert_eq!(codes, ["customer", "assessment", "task", "feedback", "training"]);
    }
}

#[test]
fn a_table_that_is_empty_now_does_not_bring_back_what_an_earlier_export_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut forms = Forms::new(Lang::ZhCn);
    forms.push(&records::RISK, &filled(&records::RISK));
    forms.write(folder.path(), FileForm::Csv).unwrap();
    Forms::new(Lang::ZhCn).write(folder.path(), FileForm::Csv).unwrap();
    let read = tables::read(folder.path()).unwrap();
    assert!(read.iter().all(|table| table.rows.is_empty()), "{read:?}");
    assert!(!folder.path().join("visit.csv").exists(), "what was never there is not made");
}

#[test]
fn a_policy_is_not_read_from_a_table() {
    let header = header(&records::POLICY, Lang::ZhCn);
    let errors = csv(&[&header]).unwrap_err();
    assert_eq!(errors.problems()[0].row, Some(1));
    assert!(errors.to_string().contains("policy"), "{errors}");
}

#[test]
fn a_table_of_ones_own_may_leave_out_what_it_does_not_need_but_not_under_a_misspelt_header() {
    let planned: Vec<String> = ["拜访ID", "客户ID", "拜访类型", "计划日期", "拜访人"].map(str::to_owned).into();
    let row: Vec<String> = ["V1", "C1", "回访", "2026-11-02", "王*"].map(str::to_owned).into();
    let read = csv(&[&planned, &row]).unwrap();
    assert_eq!((read[0].kind.code, read[0].rows[0].fields.len()), ("visit", 3));
    let mut misspelt = planned.clone();
    misspelt.push("拜访目得".to_owned());
    let errors = csv(&[&misspelt, &row]).unwrap_err().to_string();
    assert!(errors.contains("拜访目的"), "{errors}");
    let without_day: Vec<String> = planned.iter().filter(|name| *name != "计划日期").cloned().collect();
    assert!(csv(&[&without_day]).unwrap_err().to_string().contains("计划日期"));
}

#[test]
fn everything_wrong_with_a_row_is_told_at_once_each_in_its_column() {
    let kind = &records::RISK;
    let mut fields = filled(kind);
    fields.insert("owner", "王*".into());
    fields.insert("level", Value::Integer(1));
    let mut forms = Forms::new(Lang::ZhCn);
    forms.push(kind, &fields);
    let right = String::from_utf8(forms.csv(kind)).unwrap();
    assert!(tables::read_bytes(FileForm::Csv, right.as_bytes()).is_ok());
    let header: Vec<&str> = right.lines().next().unwrap().trim_start_matches('\u{feff}').split(',').collect();
    let mut cells: Vec<&str> = right.lines().nth(1).unwrap().split(',').collect();
    for (column, wrong) in [
        ("风险类别", "天气"),
        ("风险描述", "客户电话13800138000"),
        ("识别日期", "2026-02-30"),
        ("发生概率", "60%"),
        ("影响程度", "6"),
        ("责任人", "王建国"),
    ] {
        cells[header.iter().position(|name| *name == column).unwrap()] = wrong;
    }
    let text = format!("{}\n{}\n", header.join(","), cells.join(","));
    let errors = tables::read_bytes(FileForm::Csv, text.as_bytes()).unwrap_err();
    let columns: Vec<_> = errors.problems().iter().map(|problem| problem.column.clone().unwrap()).collect();
    assert_eq!(columns, ["风险类别", "识别日期", "发生概率", "影响程度", "责任人"]);
    // What no record takes is told of rows whose cells can be read.
    let text = right.replace("说明 description", "客户电话13800138000").replace(",1,1,1,", ",2,3,5,");
    let text = text.replace("2026-10-05", "2026-10-06").replacen("2026-10-06", "2026-10-07", 1);
    let errors = tables::read_bytes(FileForm::Csv, text.as_bytes()).unwrap_err();
    let mut columns: Vec<_> = errors.problems().iter().map(|problem| problem.column.clone().unwrap()).collect();
    columns.sort();
    assert_eq!(columns, ["完成期限", "风险描述", "风险等级"]);
    assert!(errors.problems().iter().all(|problem| problem.row == Some(2)));
}

#[test]
fn a_number_that_is_somebodys_telephone_is_refused() {
    let mut fields = filled(&records::CUSTOMER);
    fields.insert("customer_id", "13800138000".into());
    let mut forms = Forms::new(Lang::ZhCn);
    forms.push(&records::CUSTOMER, &fields);
    let errors = tables::read_bytes(FileForm::Csv, &forms.csv(&records::CUSTOMER)).unwrap_err();
    assert_eq!(errors.problems()[0].column.as_deref(), Some("客户ID"));
}

#[test]
fn percentages_and_real_dates_in_cells_are_read_for_what_they_are() {
    let kind = &records::RISK;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in (0..).zip(header(kind, Lang::ZhCn)) {
        sheet.write_string(0, column, name).unwrap();
    }
    let percent = rust_xlsxwriter::Format::new().set_num_format("0%");
    for (column, text) in [(0, "R1"), (1, "操作"), (2, "备件短缺")] {
        sheet.write_string(1, column, text).unwrap();
    }
    sheet.write_number_with_format(1, 5, 0.6, &percent).unwrap();
    let errors = tables::read_bytes(FileForm::Xlsx, &workbook.save_to_buffer().unwrap()).unwrap_err();
    assert!(errors.problems().iter().any(|problem| problem.column.as_deref() == Some("发生概率")), "{errors}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever of a header is lost, put elsewhere or added: it is the same kind's table or none.
    #[test]
    fn what_is_left_of_a_header_is_never_another_kinds(
        kind in any::<Index>(),
        english: bool,
        lost in prop::collection::vec(any::<Index>(), 0..8),
        swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 0..6),
        extra in prop::option::of("[a-z备注]{1,6}"),
    ) {
        let kinds: Vec<_> = tables::kinds().collect();
        let kind = kinds[kind.index(kinds.len())];
        let mut cells = header(kind, if english { Lang::En } else { Lang::ZhCn });
        for lost in lost.iter().take(cells.len().saturating_sub(1)) {
            cells.remove(lost.index(cells.len()));
        }
        for (one, other) in swaps {
            let (one, other) = (one.index(cells.len()), other.index(cells.len()));
            cells.swap(one, other);
        }
        cells.extend(extra);
        if let Ok(read) = csv(&[&cells]) {
            prop_assert_eq!(read[0].kind.code, kind.code, "{:?}", cells);
        }
    }
}
