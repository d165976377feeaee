//! The lists of a review: complaints, what is late, improvements, risks, visits.

use records::{COMPLAINT, CUSTOMER, IMPROVEMENT, Kind, RISK, VISIT};
use serde_json::Value;

use super::charts::Chart;
use super::page::{Book, Cell};
use super::{View, ratio, titled};
use crate::write::WriteError;

/// Probability and impact of a risk go from 1 to this.
const WEIGHT_MAX: u64 = 5;

impl View<'_> {
    /// A field of a record as it is shown.
    fn field(&self, kind: &'static Kind, name: &str, record: &Value) -> Cell {
        let Some(field) = kind.field(name) else { return Cell::Nothing };
        match &record[name] {
            Value::Null => Cell::Nothing,
            Value::Number(number) => Cell::json(&Value::Number(number.clone())),
            json => match field.from_json(json) {
                Ok(value) => Cell::Text(field.show(&value, self.texts.lang())),
                // What a later version wrote is shown as it stands.
                Err(_) => Cell::json(json),
            },
        }
    }

    fn label(&self, kind: &'static Kind, name: &str) -> String {
        kind.field(name).map_or_else(|| name.to_owned(), |field| self.texts.text(field.label, &[]))
    }

    fn state(&self, json: &Value) -> Cell {
        match json.as_str() {
            Some(state) => Cell::Text(self.texts.text(&format!("limit_state-{state}"), &[])),
            None => Cell::Nothing,
        }
    }

    pub(super) fn complaints(&self, book: &mut Book) -> Result<(), WriteError> {
        let mut page = book.page(&self.text("complaints"), &[18, 14, 16, 12, 14, 18, 14, 12])?;
        page.heading(&self.text("complaints"))?;
        page.line(&[Cell::text(self.text("until")), Cell::time(&self.review["until"])])?;
        page.skip();
        page.header(&[self.text("step"), self.text("count")])?;
        let first = page.row();
        let steps = self.list("/complaints/steps");
        for step in steps {
            let label = self.field(&COMPLAINT, "state", &serde_json::json!({ "state": step["step"] }));
            page.line(&[label, Cell::Number(ratio(step["count"].as_u64().unwrap_or_default(), 1))])?;
        }
        let chart = Chart::columns(self.text("chart-complaints")).axes(self.text("step"), self.text("count"));
        page.chart(2, 9, &chart.series(1, &self.text("count")), 0, first)?;
        page.skip();
        page.header(&[
            self.text("step"),
            self.text("record"),
            self.text("customer"),
            self.label(&COMPLAINT, "severity"),
            self.label(&COMPLAINT, "owner"),
            self.text("since"),
            self.text("age"),
            self.text("state"),
        ])?;
        for step in steps {
            for item in step["items"].as_array().into_iter().flatten() {
                page.line(&[
                    self.field(&COMPLAINT, "state", &serde_json::json!({ "state": step["step"] })),
                    Cell::json(&item["record"]),
                    Cell::json(&item["customer"]),
                    self.field(&COMPLAINT, "severity", item),
                    Cell::json(&item["owner"]),
                    Cell::time(&item["since"]),
                    Cell::json(&item["age_minutes"]),
                    self.state(&item["state"]),
                ])?;
            }
        }
        Ok(())
    }

    pub(super) fn late(&self, book: &mut Book) -> Result<(), WriteError> {
        let header = ["state", "code", "limit", "record", "customer", "person", "urgency", "from", "due", "ended"];
        let header = header.map(|key| self.text(key));
        let mut page = titled(book, &self.text("late"), &[12, 8, 30, 16, 16, 14, 10, 18, 18, 18], &header)?;
        for item in self.list("/late/items") {
            let code = item["code"].as_str().unwrap_or_default();
            page.line(&[
                self.state(&item["state"]),
                Cell::text(code),
                Cell::text(self.texts.text(&format!("limit-{code}"), &[])),
                Cell::json(&item["record"]),
                Cell::json(&item["customer"]),
                Cell::json(&item["staff"]),
                self.field(&records::ASSESSMENT, "urgency", item),
                Cell::time(&item["from"]),
                Cell::time(&item["due"]),
                Cell::time(&item["end"]),
            ])?;
        }
        let (shown, total) =
            (self.list("/late/items").len(), self.review["late"]["total"].as_u64().unwrap_or_default());
        let more = total.saturating_sub(shown as u64);
        if more > 0 {
            page.line(&[Cell::text(self.texts.text("review-more", &[("count", more.into())]))])?;
        }
        Ok(())
    }

    fn records(
        &self,
        book: &mut Book,
        title: &str,
        kind: &'static Kind,
        (names, widths): (&[&str], &[u32]),
        pointer: &str,
    ) -> Result<(), WriteError> {
        let header: Vec<String> = names.iter().map(|name| self.label(kind, name)).collect();
        let mut page = titled(book, title, widths, &header)?;
        for record in self.list(pointer) {
            let cells: Vec<Cell> = names
                .iter()
                .map(|name| match *name {
                    name if name == kind.id_field => Cell::json(&record["id"]),
                    name => self.field(kind, name, record),
                })
                .collect();
            page.line(&cells)?;
        }
        Ok(())
    }

    pub(super) fn improvements(&self, book: &mut Book) -> Result<(), WriteError> {
        let names = [
            "improvement_id",
            "title",
            "source",
            "source_id",
            "owner",
            "planned_on",
            "due_on",
            "state",
            "plan",
            "findings",
            "result",
            "done_on",
        ];
        let widths = [14, 28, 10, 14, 12, 12, 12, 10, 40, 30, 30, 12];
        self.records(book, &self.text("improvements"), &IMPROVEMENT, (&names, &widths), "/improvements")
    }

    pub(super) fn risks(&self, book: &mut Book) -> Result<(), WriteError> {
        let names = [
            "risk_id",
            "category",
            "title",
            "probability",
            "impact",
            "level",
            "response",
            "measures",
            "owner",
            "due_on",
            "state",
        ];
        let widths = [14, 12, 28, 10, 10, 10, 12, 36, 12, 12, 12];
        self.records(book, &self.text("risks"), &RISK, (&names, &widths), "/risks")?;
        let mut page = book.page(&self.text("matrix"), &[18, 10, 10, 10, 10, 10])?;
        page.heading(&self.text("matrix"))?;
        page.skip();
        let weight = |record: &Value, name: &str| record[name].as_u64();
        let mut header = vec![self.text("probability-impact")];
        header.extend((1..=WEIGHT_MAX).map(|impact| impact.to_string()));
        page.header(&header)?;
        let first = page.row();
        for probability in (1..=WEIGHT_MAX).rev() {
            let mut cells = vec![Cell::Number(ratio(probability, 1))];
            for impact in 1..=WEIGHT_MAX {
                let here = |risk: &&Value| {
                    weight(risk, "probability") == Some(probability) && weight(risk, "impact") == Some(impact)
                };
                let count = self.list("/risks").iter().filter(here).count();
                cells.push(Cell::Number(ratio(count as u64, 1)));
            }
            page.line(&cells)?;
        }
        let mut chart =
            Chart::stacked(self.text("chart-risks")).axes(self.label(&RISK, "probability"), self.text("count"));
        for (column, impact) in (1..).zip(1..=WEIGHT_MAX) {
            chart = chart.series(column, &format!("{} {impact}", self.label(&RISK, "impact")));
        }
        page.chart(2, 8, &chart, 0, first)?;
        let unrated = self.list("/risks").iter().filter(|risk| weight(risk, "level").is_none()).count();
        page.skip();
        page.line(&[Cell::text(self.texts.text("review-unrated", &[("count", unrated.into())]))])
    }

    pub(super) fn visits(&self, book: &mut Book) -> Result<(), WriteError> {
        let header = [
            self.text("customer"),
            self.label(&CUSTOMER, "grade"),
            self.label(&VISIT, "staff"),
            self.text("required"),
            self.text("done"),
            self.text("planned"),
            self.text("state"),
        ];
        let mut page = titled(book, &self.text("visits"), &[16, 14, 14, 10, 10, 10, 14], &header)?;
        for customer in self.list("/visits/customers").iter().filter(|customer| !customer["required"].is_null()) {
            let state = customer["state"].as_str().unwrap_or_default();
            page.line(&[
                Cell::json(&customer["customer"]),
                self.field(&CUSTOMER, "grade", customer),
                Cell::json(&customer["staff"]),
                Cell::json(&customer["required"]),
                Cell::json(&customer["done"]),
                Cell::json(&customer["planned"]),
                Cell::text(self.text(&format!("visits-{state}"))),
            ])?;
        }
        Ok(())
    }
}
