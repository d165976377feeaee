//! Shifts of the hotline rota in a table: judged by the rules that a command keeps to.

use crate::Home;

const HEADER: &str = "轮岗ID,值班人,开始时间,结束时间,备班人,状态,取消原因\n";

fn table(rows: &[&str]) -> String {
    rows.iter().fold(HEADER.to_owned(), |table, row| format!("{table}{row}\n"))
}

#[test]
fn shifts_that_no_command_takes_are_refused_by_row_and_nothing_is_written() {
    let mut home = Home::new();
    let standing = table(&["R1,王*,2026-05-01 08:00,2026-05-01 16:00,,,"]);
    assert_eq!(home.import(&[("rota", &standing)]).kinds["roster"].created, 1);
    let id = home.records()[0]["id"].as_str().unwrap().to_owned();

    let wrong = table(&[
        // At the same time as what stands in the book.
        "R2,王*,2026-05-01 12:00,2026-05-01 18:00,,,",
        // Too long.
        "R3,孙*,2026-05-01 08:00,2026-05-01 20:30,,,",
        // Nothing is wrong with these two, and with these two together: six hours of rest.
        "R4,赵*,2026-05-02 08:00,2026-05-02 16:00,,,",
        "R5,赵*,2026-05-02 22:00,2026-05-03 04:00,,,",
        // A shift that does not take place is in nobody's way.
        "R6,赵*,2026-05-02 10:00,2026-05-02 12:00,,已取消,节假日",
    ]);
    let refused = home.refused(&[("rota", &wrong)]);
    let rows: Vec<&str> = refused.iter().map(|line| line.split(':').next().unwrap_or_default().trim()).collect();
    assert_eq!(rows, ["rota 2", "rota 3", "rota 4", "rota 5"], "{refused:#?}");
    // A shift of the book is called by its id, one of the file by its number.
    assert!(refused[0].contains(&id) && refused[0].contains("240"), "{}", refused[0]);
    assert!(refused[1].contains("750") && refused[1].contains("720"), "{}", refused[1]);
    assert!(refused[2].contains("R5") && refused[2].contains("360") && refused[3].contains("R4"), "{refused:#?}");
    assert_eq!(home.records().len(), 1);

    // The control: the same without what was wrong.
    let right = table(&[
        "R2,李*,2026-05-01 12:00,2026-05-01 18:00,,,",
        "R3,孙*,2026-05-01 08:00,2026-05-01 20:00,,,",
        "R4,赵*,2026-05-02 08:00,2026-05-02 14:00,,,",
        "R5,赵*,2026-05-02 22:00,2026-05-03 04:00,,,",
    ]);
    assert_eq!(home.import(&[("rota", &right)]).kinds["roster"].created, 4);
}

#[test]
fn two_shifts_may_trade_their_times_and_what_stands_is_not_judged_again() {
    let mut home = Home::new();
    let shifts = |first: &str, second: &str| table(&[&format!("R1,王*,{first},,,"), &format!("R2,王*,{second},,,")]);
    let (day, next) = ("2026-05-01 08:00,2026-05-01 16:00", "2026-05-02 08:00,2026-05-02 16:00");
    home.import(&[("rota", &shifts(day, next))]);
    let report = home.import(&[("rota", &shifts(next, day))]);
    assert_eq!(report.kinds["roster"].updated, 2);
    // Too close to the other, and only one of the two was written: only that one is told.
    let close = shifts(next, "2026-05-02 18:00,2026-05-03 02:00");
    let refused = home.refused(&[("rota", &close)]);
    assert!(refused.len() == 1 && refused[0].starts_with("rota 3"), "{refused:#?}");
    assert_eq!(home.import(&[("rota", &shifts(next, day))]).kinds["roster"].unchanged, 2);
}
