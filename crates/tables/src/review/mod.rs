//! The monthly review as a workbook to be sent on: figures with what they were counted from, lists, and Excel's own charts.
//!
//! It is made from the JSON of the read model's view `review`, the same at a device and at the relay, so that both give the same
//! bytes. Texts are text cells, whatever people typed: the workbook holds no formula. Numbers are numbers, so that whoever gets
//! it can go on counting; a share without a basis is an empty cell and not a zero.

mod charts;
mod lists;
mod page;

use messages::{Arg, Catalogue};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};
use serde_json::Value;
use vocab::Lang;

use self::charts::Chart;
use self::page::{Book, Cell, Page};
use crate::write::WriteError;

/// The key figures, in the order of the summary.
const FIGURES: [&str; 11] = [
    "mean_score",
    "good_scores",
    "first_reply",
    "first_reply_minutes",
    "resolved",
    "complaints",
    "on_time",
    "first_visit_fix",
    "retention",
    "repeat_purchase",
    "visits",
];

/// The steps of the funnel.
const FUNNEL: [&str; 5] = ["collect", "assess", "execute", "feedback", "improve"];

/// The review of a month as a workbook. `review` is the JSON of the read model's view; a part that it lacks is an empty table.
/// Equal reviews give equal bytes.
///
/// # Errors
/// [`WriteError::CellTooLong`], [`WriteError::Workbook`].
pub fn review(branch: &str, review: &Value, lang: Lang) -> Result<Vec<u8>, WriteError> {
    let texts = Catalogue::of(lang);
    let mut book = Book::new();
    let view = View { branch, texts, review };
    view.summary(&mut book)?;
    view.trend(&mut book)?;
    view.people(&mut book)?;
    view.limits(&mut book)?;
    view.funnel(&mut book)?;
    view.complaints(&mut book)?;
    view.late(&mut book)?;
    view.improvements(&mut book)?;
    view.risks(&mut book)?;
    view.visits(&mut book)?;
    let mut workbook = Workbook::new();
    let written_at = ExcelDateTime::from_ymd(2024, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_title(view.title()).set_creation_datetime(&written_at));
    book.into_sheets().into_iter().for_each(|sheet| {
        workbook.push_worksheet(sheet);
    });
    Ok(workbook.save_to_buffer()?)
}

/// A figure as it is shown: its value, and what it was counted from.
struct Measure {
    value: Option<f64>,
    /// How many, for a share.
    count: Option<u64>,
    /// Of how many.
    basis: u64,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Share,
    Mean,
    Minutes,
}

impl Measure {
    fn of(json: &Value) -> Option<Measure> {
        let number = |name: &str| json.get(name).and_then(Value::as_u64);
        if let Some(basis) = number("of") {
            let count = number("n").unwrap_or_default();
            let value = (basis > 0).then(|| ratio(count, basis));
            return Some(Measure { value, count: Some(count), basis, form: Form::Share });
        }
        let basis = number("n")?;
        if let Some(sum) = number("sum") {
            let value = (basis > 0).then(|| ratio(sum, basis));
            return Some(Measure { value, count: None, basis, form: Form::Mean });
        }
        let value = number("median").map(|minutes| ratio(minutes, 1));
        Some(Measure { value, count: None, basis, form: Form::Minutes })
    }

    fn cell(&self) -> Cell {
        match (self.value, self.form) {
            (None, _) => Cell::Nothing,
            (Some(value), Form::Share) => Cell::Share(value),
            (Some(value), Form::Mean) => Cell::Mean(value),
            (Some(value), Form::Minutes) => Cell::Number(value),
        }
    }

    /// The value, the count and the basis.
    fn cells(measure: Option<&Measure>) -> [Cell; 3] {
        let Some(measure) = measure else { return [Cell::Nothing, Cell::Nothing, Cell::Nothing] };
        let whole = |number: u64| Cell::Number(ratio(number, 1));
        [measure.cell(), measure.count.map_or(Cell::Nothing, whole), whole(measure.basis)]
    }
}

/// Counts of a branch are far below what a double holds exactly.
fn ratio(count: u64, of: u64) -> f64 {
    let exact = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    exact(count) / exact(of)
}

/// The review, and how to speak of it.
struct View<'a> {
    branch: &'a str,
    texts: &'static Catalogue,
    review: &'a Value,
}

impl<'a> View<'a> {
    fn text(&self, key: &str) -> String {
        self.texts.text(&format!("review-{key}"), &[])
    }

    fn month(&self) -> &'a str {
        self.review["figures"]["month"].as_str().unwrap_or_default()
    }

    fn title(&self) -> String {
        self.texts.text("review-title", &[("month", Arg::from(self.month()))])
    }

    /// The months, oldest first, the one reviewed last; each with its figures.
    fn months(&self) -> Vec<&'a Value> {
        let figures = &self.review["figures"];
        figures["months"].as_array().into_iter().flatten().chain([figures]).collect()
    }

    /// The month before the one reviewed.
    fn before(&self) -> Option<&'a Value> {
        self.months().into_iter().rev().nth(1)
    }

    fn list(&self, pointer: &str) -> &'a [Value] {
        self.review.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn figure(&self, name: &str) -> String {
        self.text(&format!("figure-{name}"))
    }

    /// What a column says of a month: the month's name, then what it was counted from.
    fn measure_headers(&self, of: String) -> [String; 3] {
        [of, self.text("count"), self.text("basis")]
    }

    fn summary(&self, book: &mut Book) -> Result<(), WriteError> {
        let mut page = book.page(&self.text("summary"), &[34, 14, 10, 10, 14, 10, 10])?;
        page.heading(&self.title())?;
        page.line(&[Cell::text(self.text("branch")), Cell::text(self.branch)])?;
        page.line(&[Cell::text(self.text("as_of")), Cell::time(&self.review["as_of"])])?;
        page.line(&[Cell::text(self.text("until")), Cell::time(&self.review["until"])])?;
        page.skip();
        let before = self.before().and_then(|before| before["month"].as_str()).map(str::to_owned);
        let mut header = vec![self.text("figure")];
        header.extend(self.measure_headers(self.month().to_owned()));
        header.extend(self.measure_headers(before.unwrap_or_else(|| self.text("before"))));
        page.header(&header)?;
        for name in FIGURES {
            let now = Measure::of(&self.review["figures"]["branch"][name]);
            let before = self.before().and_then(|before| Measure::of(&before["branch"][name]));
            let mut cells = vec![Cell::text(self.figure(name))];
            cells.extend(Measure::cells(now.as_ref()));
            cells.extend(Measure::cells(before.as_ref()));
            page.line(&cells)?;
        }
        page.skip();
        page.line(&[Cell::text(self.text("figures-note"))])?;
        page.skip();
        page.header(&[self.text("score"), self.month().to_owned(), self.text("share")])?;
        let counts: Vec<u64> = match self.list("/scores").last() {
            Some(month) => month["counts"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect(),
            None => Vec::new(),
        };
        let all: u64 = counts.iter().sum();
        let first = page.row();
        for (score, count) in (1_u32..).zip(&counts) {
            let share = if all > 0 { Cell::Share(ratio(*count, all)) } else { Cell::Nothing };
            page.line(&[Cell::Number(f64::from(score)), Cell::Number(ratio(*count, 1)), share])?;
        }
        let chart = Chart::columns(self.text("chart-scores")).axes(self.text("score"), self.text("count"));
        page.chart(5, 8, &chart.series(1, self.month()), 0, first)?;
        Ok(())
    }

    fn trend(&self, book: &mut Book) -> Result<(), WriteError> {
        let mut page = book.page(&self.text("trend"), &[12, 14, 10, 14, 10, 14, 10, 14, 10, 12, 12])?;
        page.heading(&self.text("trend"))?;
        page.skip();
        let shares = ["on_time", "good_scores", "first_reply", "resolved"];
        let mut header = vec![self.text("month")];
        for name in shares {
            header.extend([self.figure(name), self.text("basis")]);
        }
        header.extend([self.text("tasks"), self.text("complaints-received")]);
        page.header(&header)?;
        let first = page.row();
        for month in self.months() {
            let mut cells = vec![Cell::text(month["month"].as_str().unwrap_or_default())];
            for name in shares {
                let [value, _, basis] = Measure::cells(Measure::of(&month["branch"][name]).as_ref());
                cells.extend([value, basis]);
            }
            let [_, complaints, tasks] = Measure::cells(Measure::of(&month["branch"]["complaints"]).as_ref());
            cells.extend([tasks, complaints]);
            page.line(&cells)?;
        }
        let lines = Chart::lines(self.text("chart-on_time")).axes(self.text("month"), self.text("share")).percent();
        let lines = lines.series(1, &self.figure("on_time")).series(3, &self.figure("good_scores"));
        page.chart(first + 14, 0, &lines, 0, first)?;
        let columns = Chart::columns(self.text("chart-work")).axes(self.text("month"), self.text("count"));
        let columns = columns.series(9, &self.text("tasks")).series(10, &self.text("complaints-received"));
        page.chart(first + 14, 7, &columns, 0, first)?;
        Ok(())
    }

    fn people(&self, book: &mut Book) -> Result<(), WriteError> {
        let shares = ["on_time", "good_scores", "first_reply", "resolved", "first_visit_fix", "visits"];
        let mut page =
            book.page(&self.text("people"), &[16, 10, 10, 10, 14, 10, 14, 10, 14, 10, 14, 10, 14, 10, 14, 10])?;
        page.heading(&self.text("people"))?;
        page.skip();
        let mut header = vec![self.text("person"), self.text("tasks"), self.figure("mean_score"), self.text("basis")];
        for name in shares {
            header.extend([self.figure(name), self.text("basis")]);
        }
        page.header(&header)?;
        let first = page.row();
        for person in self.list("/figures/people") {
            let mut cells = vec![Cell::text(person["person"].as_str().unwrap_or_default())];
            let [_, _, tasks] = Measure::cells(Measure::of(&person["complaints"]).as_ref());
            let [score, _, scores] = Measure::cells(Measure::of(&person["mean_score"]).as_ref());
            cells.extend([tasks, score, scores]);
            for name in shares {
                let [value, _, basis] = Measure::cells(Measure::of(&person[name]).as_ref());
                cells.extend([value, basis]);
            }
            page.line(&cells)?;
        }
        let chart = Chart::bars(self.text("chart-people")).axes(self.text("person"), self.text("share")).percent();
        page.chart(2, 17, &chart.series(4, &self.figure("on_time")), 0, first)?;
        Ok(())
    }

    fn limits(&self, book: &mut Book) -> Result<(), WriteError> {
        let mut page = book.page(&self.text("limits"), &[8, 34, 14, 10, 10, 14, 10, 10])?;
        page.heading(&self.text("limits"))?;
        page.skip();
        let mut header = vec![self.text("code"), self.text("limit")];
        header.extend(self.measure_headers(self.month().to_owned()));
        let before = self.before().and_then(|before| before["month"].as_str()).map(str::to_owned);
        header.extend(self.measure_headers(before.unwrap_or_else(|| self.text("before"))));
        page.header(&header)?;
        let first = page.row();
        for code in (1..=20).map(|number| format!("L{number}")) {
            let now = Measure::of(&self.review["figures"]["branch"]["limits"][&code]);
            let before = self.before().and_then(|before| Measure::of(&before["branch"]["limits"][&code]));
            if now.is_none() && before.is_none() {
                continue;
            }
            let mut cells = vec![Cell::text(code.as_str()), Cell::text(self.texts.text(&format!("limit-{code}"), &[]))];
            cells.extend(Measure::cells(now.as_ref()));
            cells.extend(Measure::cells(before.as_ref()));
            page.line(&cells)?;
        }
        let chart = Chart::bars(self.text("chart-limits")).axes(self.text("limit"), self.text("share")).percent();
        page.chart(2, 9, &chart.series(2, self.month()), 0, first)?;
        Ok(())
    }

    fn funnel(&self, book: &mut Book) -> Result<(), WriteError> {
        let mut page = book.page(&self.text("funnel"), &[16, 12, 14, 18])?;
        page.heading(&self.text("funnel"))?;
        page.skip();
        let months = self.list("/funnel/months");
        let last = months.last().unwrap_or(&Value::Null);
        page.header(&[self.text("step"), self.month().to_owned(), self.text("conversion"), self.text("median")])?;
        let first = page.row();
        let mut before = None;
        for step in FUNNEL {
            let count = last[step].as_u64().unwrap_or_default();
            let share = match before {
                Some(before) if before > 0 => Cell::Share(ratio(count, before)),
                _ => Cell::Nothing,
            };
            let minutes =
                last["median_minutes"][step].as_u64().map_or(Cell::Nothing, |minutes| Cell::Number(ratio(minutes, 1)));
            page.line(&[
                Cell::text(self.text(&format!("step-{step}"))),
                Cell::Number(ratio(count, 1)),
                share,
                minutes,
            ])?;
            before = Some(count);
        }
        let chart = Chart::bars(self.text("chart-funnel")).axes(self.text("step"), self.text("count"));
        page.chart(2, 7, &chart.series(1, self.month()), 0, first)?;
        page.skip();
        let mut header = vec![self.text("month")];
        header.extend(FUNNEL.map(|step| self.text(&format!("step-{step}"))));
        page.header(&header)?;
        for month in months {
            let mut cells = vec![Cell::text(month["month"].as_str().unwrap_or_default())];
            cells.extend(FUNNEL.map(|step| Cell::Number(ratio(month[step].as_u64().unwrap_or_default(), 1))));
            page.line(&cells)?;
        }
        Ok(())
    }
}

/// A page under a heading with a header, frozen there.
fn titled<'b>(book: &'b mut Book, title: &str, widths: &[u32], header: &[String]) -> Result<Page<'b>, WriteError> {
    let mut page = book.page(title, widths)?;
    page.heading(title)?;
    page.skip();
    page.header(header)?;
    page.freeze()?;
    Ok(page)
}
