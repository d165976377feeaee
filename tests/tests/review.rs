//! The workbook of a monthly review: what stands in it, read back by others than those who wrote it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use calamine::{Data, Range, Reader, Xlsx};
use messages::Catalogue;
use readmodel::views::{ReviewAsk, review};
use records::{
    ASSESSMENT, COMPLAINT, CUSTOMER, Dossier, Edit, FEEDBACK, Fields, IMPROVEMENT, Invalid, Kind, RISK, TASK,
};
use rusqlite::Connection;
use vocab::{Actor, Author, DeviceCode, DocId, EventId, Lang, RecordId, Timestamp};

/// What spreadsheets would run if they took it for a formula.
const HOSTILE: [&str; 3] = ["=HYPERLINK(\"http://x\";\"y\")", "@SUM(1+1)", "-2+3+cmd|' /C calc'!A0"];

fn at(time: &str) -> Timestamp {
    let field = TASK.field("due_at").expect("a time");
    field.parse(time).expect("a time").as_time().expect("a time")
}

fn fields(kind: &'static Kind, step: Option<&str>, given: &[(&'static str, &str)]) -> Fields {
    let value = |name: &str, text: &str| {
        let datum = step.and_then(|step| kind.event(step)?.data.iter().find(|datum| datum.name == name));
        datum.or_else(|| kind.field(name)).expect("a field").parse(text).expect("a value")
    };
    given.iter().map(|(name, text)| (*name, value(name, text))).collect()
}

/// A document, its number and what was done in it.
struct Book {
    number: u8,
    dossier: Dossier,
    events: u64,
}

impl Book {
    fn new(number: u8) -> Book {
        Book { number, dossier: Dossier::create(), events: 0 }
    }

    fn id(&self, kind: &Kind) -> RecordId {
        RecordId::new(kind.prefix, &DeviceCode::enrolled(1), u64::from(self.number))
    }

    fn edit(&mut self, time: &str, author: &str, work: impl FnOnce(&mut Edit<'_>) -> Result<(), Invalid>) {
        let author: Author = author.parse().expect("an author");
        let actor = Actor::from_bytes([self.number; 16]);
        self.dossier.edit(&author, at(time), &actor, work).unwrap_or_else(|error| panic!("{error}"));
    }

    fn make(&mut self, time: &str, kind: &'static Kind, parent: Option<&Kind>, given: &[(&'static str, &str)]) {
        let (id, parent) = (self.id(kind), parent.map(|parent| self.id(parent)));
        let fields = fields(kind, None, given);
        self.edit(time, "supervisor:主管*", |edit| edit.create(kind, &id, parent.as_ref(), fields));
    }

    fn step(&mut self, time: &str, author: &str, kind: &'static Kind, step: &str, given: &[(&'static str, &str)]) {
        self.events += 1;
        let event = EventId::new(&DeviceCode::enrolled(1), u64::from(self.number) * 100 + self.events);
        let (id, data) = (self.id(kind), fields(kind, Some(step), given));
        self.edit(time, author, |edit| edit.step(&event, &id, step, data));
    }

    /// A service on a day, due at noon, done at this hour by 李*, and its score.
    fn service(&mut self, day: &str, done: &str, score: &str) {
        let hour = |hour: &str| format!("{day} {hour}");
        self.make(
            &hour("08:00"),
            &CUSTOMER,
            None,
            &[("name", "王*"), ("channel", "phone"), ("grade", "vip"), ("owner", "王*")],
        );
        let need = [("need", "检修"), ("urgency", "high"), ("scope", "sales"), ("minutes", "60")];
        self.make(&hour("08:10"), &ASSESSMENT, Some(&CUSTOMER), &need);
        self.step(&hour("08:20"), "supervisor:主管*", &ASSESSMENT, "approved", &[]);
        let due = hour("12:00");
        self.make(&hour("08:30"), &TASK, Some(&ASSESSMENT), &[("title", "检修"), ("mode", "onsite"), ("due_at", &due)]);
        self.step(&hour("08:40"), "supervisor:主管*", &TASK, "assigned", &[("assignee", "李*")]);
        self.step(&hour("09:00"), "engineer:李*", &TASK, "started", &[]);
        self.step(&hour(done), "engineer:李*", &TASK, "done", &[]);
        self.make(&hour("18:00"), &FEEDBACK, Some(&TASK), &[("score", score), ("text", "好")]);
    }
}

/// A branch in September and October 2026.
fn branch() -> Connection {
    let mut books = vec![Book::new(1), Book::new(2), Book::new(3), Book::new(4)];
    books[0].service("2026-10-05", "11:00", "5");
    books[1].service("2026-10-06", "15:00", "2");
    books[2].service("2026-09-08", "11:30", "4");
    let complaint = [("channel", "phone"), ("complainant", "王*"), ("content", "迟到"), ("severity", "critical")];
    books[1].make("2026-10-07 09:00", &COMPLAINT, Some(&CUSTOMER), &complaint);
    books[1].step("2026-10-07 10:00", "supervisor:主管*", &COMPLAINT, "investigating", &[("owner", "=赵*")]);
    let board = &mut books[3];
    board.make(
        "2026-10-10 09:00",
        &IMPROVEMENT,
        None,
        &[("title", HOSTILE[0]), ("source", "complaint"), ("owner", "主管*"), ("plan", HOSTILE[2])],
    );
    board.make("2026-10-10 09:30", &RISK, None, &[("title", HOSTILE[1]), ("category", "operational")]);
    board.step("2026-10-10 10:00", "supervisor:主管*", &RISK, "assessed", &[("probability", "3"), ("impact", "4")]);
    let rows = Connection::open_in_memory().expect("rows in memory");
    readmodel::prepare(&rows).expect("tables");
    for book in &books {
        readmodel::apply(&rows, DocId::from_random([book.number; 16]), &book.dossier.read()).expect("rows");
    }
    readmodel::completed(&rows).expect("tables");
    rows
}

fn view(rows: &Connection) -> serde_json::Value {
    let month = "2026-10".parse().expect("a month");
    let review = review(rows, &ReviewAsk::of(month, at("2026-11-03 09:00"))).expect("a review");
    serde_json::to_value(review).expect("JSON")
}

fn sheets(bytes: &[u8]) -> BTreeMap<String, Range<Data>> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
    workbook.worksheets().into_iter().collect()
}

/// The row that begins with `label`: what stands to the right of it.
fn row(sheet: &Range<Data>, label: &str) -> Vec<Data> {
    let found = sheet.rows().find(|row| row.first().is_some_and(|cell| *cell == Data::String(label.to_owned())));
    found.unwrap_or_else(|| panic!("no row `{label}`")).iter().skip(1).cloned().collect()
}

fn numbers(cells: &[Data]) -> Vec<Option<f64>> {
    cells.iter().map(|cell| if let Data::Float(number) = cell { Some(*number) } else { None }).collect()
}

/// The parts of the file whose names begin so.
fn parts(bytes: &[u8], prefix: &str) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut parts = BTreeMap::new();
    for place in 0..archive.len() {
        let mut file = archive.by_index(place).expect("a part");
        let name = file.name().expect("a name").into_owned();
        if name.starts_with(prefix) && name.ends_with(".xml") {
            let mut text = String::new();
            file.read_to_string(&mut text).expect("a part is text");
            parts.insert(name, text);
        }
    }
    parts
}

#[test]
fn figures_stand_with_what_they_were_counted_from_beside_the_month_before() {
    let view = view(&branch());
    for lang in Lang::ALL {
        let text = |key: &str| Catalogue::of(lang).text(&format!("review-{key}"), &[]);
        let sheets = sheets(&tables::review("城东分站", &view, lang).unwrap());
        let summary = &sheets[&text("summary")];
        assert_eq!(row(summary, &text("branch"))[0], Data::String("城东分站".to_owned()));
        assert_eq!(row(summary, &text("until"))[0], Data::String("2026-10-31 23:59".to_owned()));
        let figure = |name: &str| numbers(&row(summary, &text(&format!("figure-{name}")))[..6]);
        assert_eq!(figure("on_time"), [Some(0.5), Some(1.0), Some(2.0), Some(1.0), Some(1.0), Some(1.0)]);
        assert_eq!(figure("mean_score"), [Some(3.5), None, Some(2.0), Some(4.0), None, Some(1.0)]);
        assert_eq!(figure("good_scores"), [Some(0.5), Some(1.0), Some(2.0), Some(1.0), Some(1.0), Some(1.0)]);
        assert_eq!(figure("complaints"), [Some(0.5), Some(1.0), Some(2.0), Some(0.0), Some(0.0), Some(1.0)]);
        assert_eq!(figure("repeat_purchase")[0], None, "a share of nothing is empty and not zero");
        let scores: Vec<_> = (1..=5)
            .map(|score| {
                let is = |row: &&[Data]| row.first() == Some(&Data::Float(f64::from(score)));
                summary.rows().find(is).map(|row| row[1].clone())
            })
            .collect();
        assert_eq!(scores, [0.0, 1.0, 0.0, 0.0, 1.0].map(|count| Some(Data::Float(count))));

        let trend = &sheets[&text("trend")];
        assert_eq!(numbers(&row(trend, "2026-09"))[..2], [Some(1.0), Some(1.0)]);
        assert_eq!(numbers(&row(trend, "2026-10"))[..2], [Some(0.5), Some(2.0)]);
        assert_eq!(
            trend.rows().filter(|row| matches!(&row[0], Data::String(text) if text.starts_with("2026-"))).count(),
            6
        );
        assert_eq!(numbers(&row(&sheets[&text("people")], "李*"))[..3], [Some(2.0), Some(3.5), Some(2.0)]);
        let funnel = row(&sheets[&text("funnel")], &text("step-execute"));
        assert_eq!(numbers(&funnel)[..2], [Some(2.0), Some(1.0)]);
        let limit =
            sheets[&text("limits")].rows().find(|row| row[0] == Data::String("L6".to_owned())).unwrap().to_vec();
        assert_eq!(numbers(&limit)[2..5], [Some(0.0), Some(0.0), Some(2.0)], "nothing was reviewed within the hour");
        let risks = &sheets[&text("matrix")];
        let three = risks.rows().find(|row| row.first() == Some(&Data::Float(3.0))).unwrap();
        assert_eq!(three[4], Data::Float(1.0));
        assert!(sheets[&text("late")].rows().any(|row| row[1] == Data::String("L6".to_owned())));
        let open = Catalogue::of(lang).text("enum-complaint_state-investigating", &[]);
        assert_eq!(numbers(&row(&sheets[&text("complaints")], &open))[0], Some(1.0));
    }
}

#[test]
fn nothing_anybody_typed_can_be_taken_for_a_formula() {
    let view = view(&branch());
    let bytes = tables::review("=cmd()", &view, Lang::ZhCn).unwrap();
    for (name, xml) in parts(&bytes, "xl/worksheets/") {
        assert!(!xml.contains("<f>") && !xml.contains("<f "), "{name} holds a formula");
        assert!(!xml.contains("t=\"str\""), "{name} holds the result of a formula");
    }
    // Positive control: a formula would be seen.
    let mut workbook = rust_xlsxwriter::Workbook::new();
    workbook.add_worksheet().write_formula(0, 0, "=1+1").unwrap();
    let control = workbook.save_to_buffer().unwrap();
    assert!(parts(&control, "xl/worksheets/").values().any(|xml| xml.contains("<f>")));
    let all = sheets(&bytes);
    let texts: Vec<String> = all
        .values()
        .flat_map(|sheet| sheet.rows().flatten())
        .filter_map(|cell| if let Data::String(text) = cell { Some(text.clone()) } else { None })
        .collect();
    for hostile in HOSTILE.into_iter().chain(["=cmd()", "=赵*"]) {
        assert!(texts.iter().any(|text| text == hostile), "`{hostile}` stands as it was typed");
    }
}

#[test]
fn the_charts_are_excels_own_and_draw_the_cells_of_their_sheets() {
    let view = view(&branch());
    for lang in Lang::ALL {
        let text = |key: &str| Catalogue::of(lang).text(&format!("review-{key}"), &[]);
        let bytes = tables::review("城东", &view, lang).unwrap();
        let charts = parts(&bytes, "xl/charts/chart");
        let wanted = [
            ("chart-scores", "summary", "<c:barChart>"),
            ("chart-on_time", "trend", "<c:lineChart>"),
            ("chart-work", "trend", "<c:barChart>"),
            ("chart-people", "people", "<c:barChart>"),
            ("chart-limits", "limits", "<c:barChart>"),
            ("chart-funnel", "funnel", "<c:barChart>"),
            ("chart-complaints", "complaints", "<c:barChart>"),
            ("chart-risks", "matrix", "<c:barChart>"),
        ];
        assert_eq!(charts.len(), wanted.len());
        for (title, sheet, form) in wanted {
            let xml = charts.values().find(|xml| xml.contains(&format!("<a:t>{}</a:t>", text(title))));
            let xml = xml.unwrap_or_else(|| panic!("no chart `{}`", text(title)));
            assert!(xml.contains(form), "{title}: {xml}");
            let refers =
                xml.contains(&format!("<c:f>{}!$", text(sheet))) || xml.contains(&format!("<c:f>'{}'!$", text(sheet)));
            assert!(refers, "{title} draws its own sheet: {xml}");
        }
        let scores = charts.values().find(|xml| xml.contains(&text("chart-scores"))).unwrap();
        let drawn: Vec<&str> = scores.split("<c:v>").skip(1).filter_map(|rest| rest.split("</c:v>").next()).collect();
        assert!(drawn.ends_with(&["0", "1", "0", "0", "1"]), "{drawn:?}");
    }
}

#[test]
fn equal_reviews_give_equal_bytes_and_an_empty_branch_gives_a_workbook_too() {
    let rows = branch();
    let view = view(&rows);
    for lang in Lang::ALL {
        let bytes = tables::review("城东", &view, lang).unwrap();
        assert!(bytes == tables::review("城东", &self::view(&branch()), lang).unwrap());
        for empty in [serde_json::json!({}), self::view(&Connection::open_in_memory().map(prepared).unwrap())] {
            let sheets = sheets(&tables::review("", &empty, lang).unwrap());
            assert_eq!(sheets.len(), 11);
        }
    }
}

fn prepared(rows: Connection) -> Connection {
    readmodel::prepare(&rows).expect("tables");
    readmodel::completed(&rows).expect("tables");
    rows
}

#[test]
fn what_was_open_stands_as_it_was_when_the_month_ended() {
    let mut book = Book::new(1);
    book.service("2026-10-05", "11:00", "5");
    let complaint = [("channel", "phone"), ("complainant", "王*"), ("content", "迟到"), ("severity", "minor")];
    book.make("2026-11-02 09:00", &COMPLAINT, Some(&CUSTOMER), &complaint);
    let rows = prepared(Connection::open_in_memory().expect("rows in memory"));
    readmodel::apply(&rows, DocId::from_random([1; 16]), &book.dossier.read()).expect("rows");
    let ask = |month: &str| ReviewAsk::of(month.parse().unwrap(), at("2026-11-03 09:00"));
    let october = review(&rows, &ask("2026-10")).unwrap();
    assert_eq!(october.complaints.steps[0].count, 0);
    assert_eq!(october.until, at("2026-11-01 00:00").plus_millis(-1));
    let november = review(&rows, &ask("2026-11")).unwrap();
    assert_eq!((november.complaints.steps[0].count, november.until), (1, at("2026-11-03 09:00")));
    assert!(november.late.items.iter().all(|item| item.due <= november.until));
    assert_eq!(november.scores.iter().map(|month| month.counts[4]).collect::<Vec<_>>(), [0, 0, 0, 0, 1, 0]);
}
