//! Workbooks as Excel and people make them: real dates, numbers, formulas, stray cells, damage.

use proptest::prelude::*;
use records::{FORMS, Fields, Value};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use tables::{FileForm, Forms, Table, TableErrors};
use vocab::Lang;

const TASK: [&str; 12] = [
    "执行ID",
    "需求ID",
    "执行任务",
    "服务方式",
    "责任人",
    "开始时间",
    "预计完成时间",
    "实际完成时间",
    "状态更新",
    "问题记录",
    "审核人",
    "客户签字",
];
const FEEDBACK: [&str; 9] =
    ["反馈ID", "客户ID", "服务ID", "满意度评分", "反馈内容", "反馈日期", "处理状态", "改进措施", "责任人"];

fn sheet(header: &[&str], cells: &[&str]) -> Worksheet {
    let mut sheet = Worksheet::new();
    for (column, (header, cell)) in (0..).zip(header.iter().zip(cells.iter().chain(std::iter::repeat(&"")))) {
        sheet.write_string(0, column, *header).expect("a cell in range");
        sheet.write_string(1, column, *cell).expect("a cell in range");
    }
    sheet
}

fn bytes(sheets: impl IntoIterator<Item = Worksheet>) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for sheet in sheets {
        workbook.push_worksheet(sheet);
    }
    workbook.save_to_buffer().expect("a small workbook")
}

fn read(sheets: impl IntoIterator<Item = Worksheet>) -> Result<Vec<Table>, TableErrors> {
    tables::read_bytes(FileForm::Xlsx, &bytes(sheets))
}

fn feedback() -> Worksheet {
    sheet(&FEEDBACK, &["FB1", "C1", "E1", "4", "好", "2024-05-03", "已处理", "", "客服*"])
}

#[test]
fn date_cells_and_number_cells_read_like_text() {
    let as_text = ["E1", "R1", "检修", "现场", "王*", "2024-05-02 09:00", "2024-05-03 00:00", "2024-05-02 10:30"];
    let plain = read([sheet(&TASK, &as_text)]).unwrap();
    let moment = Format::new().set_num_format("yyyy/m/d h:mm");
    let mut dated = sheet(&TASK, &as_text[..5]);
    for (column, day, hour, minute) in [(5, 2, 9, 0), (6, 3, 0, 0), (7, 2, 10, 30)] {
        let at = ExcelDateTime::from_ymd(2024, 5, day).unwrap().and_hms(hour, minute, 0).unwrap();
        dated.write_datetime_with_format(1, column, &at, &moment).unwrap();
    }
    assert_eq!(read([dated]).unwrap(), plain);

    let mut numbers = feedback();
    numbers.write_number(1, 3, 4).unwrap();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    numbers.write_datetime_with_format(1, 5, ExcelDateTime::from_ymd(2024, 5, 3).unwrap(), &day).unwrap();
    assert_eq!(read([numbers]).unwrap(), read([feedback()]).unwrap());
}

#[test]
fn half_a_point_and_a_time_of_day_where_a_day_belongs_are_refused() {
    let mut half = feedback();
    half.write_number(1, 3, 4.5).unwrap();
    let errors = read([half]).unwrap_err();
    assert_eq!(errors.problems()[0].column.as_deref(), Some("满意度评分"));
    assert!(errors.to_string().contains("4.5"), "{errors}");

    let mut timed = feedback();
    let at = ExcelDateTime::from_ymd(2024, 5, 3).unwrap().and_hms(8, 15, 0).unwrap();
    timed.write_datetime_with_format(1, 5, &at, &Format::new().set_num_format("yyyy-mm-dd")).unwrap();
    assert!(read([timed]).unwrap_err().to_string().contains("2024-05-03 08:15"));
}

#[test]
fn formulas_count_by_their_result_and_broken_ones_are_named() {
    let mut right = feedback();
    right.write_formula(1, 3, Formula::new("=2+2").set_result("4")).unwrap();
    assert_eq!(read([right]).unwrap(), read([feedback()]).unwrap());
    let mut wrong = feedback();
    wrong.write_formula(1, 3, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    let errors = read([wrong]).unwrap_err();
    assert_eq!((errors.problems()[0].row, errors.problems()[0].column.as_deref()), (Some(2), Some("满意度评分")));
    assert!(errors.to_string().contains("#DIV/0!"), "{errors}");
}

#[test]
fn several_sheets_are_read_parents_first_and_empty_ones_are_passed_over() {
    let mut task = sheet(&TASK, &["E1", "R1", "检修"]);
    task.set_name("任务").unwrap();
    let tables = read([Worksheet::new(), feedback(), task]).unwrap();
    assert_eq!(tables.iter().map(|table| table.kind.code).collect::<Vec<_>>(), ["task", "feedback"]);
    assert_eq!(tables[0].sheet.as_deref(), Some("任务"));
}

#[test]
fn a_sheet_that_is_no_form_is_named_and_nothing_is_read_in_part() {
    let mut notes = Worksheet::new();
    notes.set_name("说明").unwrap().write_string(0, 0, "本表由客服填写").unwrap();
    let errors = read([feedback(), notes]).unwrap_err();
    assert_eq!(errors.problems()[0].sheet.as_deref(), Some("说明"));
    assert!(errors.to_string().contains("本表由客服填写"), "{errors}");
}

#[test]
fn an_id_that_stands_twice_is_found_across_sheets() {
    let errors = read([feedback(), feedback()]).unwrap_err();
    assert_eq!(errors.problems().len(), 1);
    assert!(errors.to_string().contains("FB1") && errors.to_string().contains("Sheet1 2"), "{errors}");
}

#[test]
fn one_stray_cell_at_the_far_end_costs_nothing() {
    let mut stray = feedback();
    stray.write_string(1_048_575, 200, "x").unwrap();
    let errors = read([stray]).unwrap_err();
    assert_eq!(errors.problems()[0].row, Some(1_048_576));
    let mut outside = feedback();
    outside.write_string(5, 16_383, "x").unwrap();
    assert!(read([outside]).unwrap_err().to_string().contains("too large"));
}

#[test]
fn a_file_that_is_no_workbook_is_refused() {
    for wrong in [&b"PK\x03\x04garbage"[..], b"customer_id,name", b"\xd0\xcf\x11\xe0"] {
        let errors = tables::read_bytes(FileForm::Xlsx, wrong).unwrap_err();
        assert!(errors.to_string().contains("damaged"), "{errors}");
    }
    assert!(tables::read_bytes(FileForm::Xlsx, b"").unwrap_err().to_string().contains("empty"));
    assert!(tables::read_bytes(FileForm::Xlsx, &bytes([Worksheet::new()])).unwrap_err().to_string().contains("empty"));
}

/// Customers with whatever texts people type.
fn forms(texts: &[(String, String)]) -> Forms {
    let mut forms = Forms::new(Lang::ZhCn);
    for (number, (name, history)) in texts.iter().enumerate() {
        let fields = Fields::from([
            ("customer_id", Value::Text(format!("C{number}"))),
            ("name", Value::Text(format!("{name}*"))),
            ("channel", Value::from("phone")),
            ("history", Value::from(history.as_str())),
        ]);
        forms.push(FORMS[0], &fields);
    }
    forms
}

#[test]
fn what_looks_like_an_escape_of_the_file_format_is_text() {
    let text = "_x000D_ &amp; <b> _x005F_";
    let forms = forms(&[("王".to_owned(), text.to_owned())]);
    let tables = tables::read_bytes(FileForm::Xlsx, &forms.xlsx().unwrap()).unwrap();
    assert_eq!(tables[0].rows[0].fields["history"], Value::from(text));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_comes_back_equal_from_both_forms(
        texts in prop::collection::vec(("[-=+@'a王]{0,4}", "[-=+@'\",;|\n\ta-c_x0D客服。]{0,30}"), 1..6)
    ) {
        let forms = forms(&texts);
        let csv = tables::read_bytes(FileForm::Csv, &forms.csv(FORMS[0])).unwrap();
        let xlsx = tables::read_bytes(FileForm::Xlsx, &forms.xlsx().unwrap()).unwrap();
        let xlsx: Vec<_> = xlsx.iter().find(|table| table.kind == FORMS[0]).unwrap().rows.clone();
        prop_assert_eq!(&csv[0].rows, &xlsx);
        for (row, (name, history)) in csv[0].rows.iter().zip(&texts) {
            let name = format!("{name}*");
            prop_assert_eq!(row.fields["name"].as_text().unwrap(), name.trim());
            prop_assert_eq!(row.fields.get("history").and_then(Value::as_text).unwrap_or_default(), history.trim());
        }
    }

    #[test]
    fn damage_anywhere_is_an_answer_and_not_a_panic(place in 0_usize..8_000, byte: u8, cut: bool) {
        let mut bytes = bytes([feedback()]);
        let place = place % bytes.len();
        if cut { bytes.truncate(place) } else { bytes[place] = byte }
        let _ = tables::read_bytes(FileForm::Xlsx, &bytes);
    }
}
