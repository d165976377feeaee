//! Cells of the paper forms: usually one field, for resources four.

use vocab::Lang;

use crate::invalid::{Invalid, Problem};
use crate::schema::{Column, Kind, Shape};
use crate::value::{Fields, Value};

impl Column {
    /// Reads one cell into the fields it holds; an empty cell holds none. A cell that names a record, by its id or by a number
    /// from paper, is the importer's to look up and yields its text as it stands.
    ///
    /// # Errors
    /// [`Invalid::Value`] or, for a required field, [`Invalid::Missing`].
    pub fn parse(&self, kind: &Kind, cell: &str) -> Result<Fields, Invalid> {
        let cell = cell.trim();
        let Some(field) = self.fields.first().and_then(|name| kind.field(name)) else {
            return Err(Invalid::unknown_field(kind.label, self.name));
        };
        if cell.is_empty() {
            return if field.required { Err(Invalid::missing(kind.label, field)) } else { Ok(Fields::new()) };
        }
        if self.fields.len() > 1 {
            let wrong = Invalid::Value {
                field: self.label,
                value: cell.chars().take(Invalid::VALUE_CHARS_MAX).collect(),
                problem: Problem::NotResources,
            };
            let resources = Resources::parse(cell).ok_or(wrong)?;
            let mut fields = Fields::new();
            for (name, value) in resources.into_fields() {
                if let Some(field) = kind.field(name) {
                    fields.insert(field.name, field.check(value)?);
                }
            }
            return Ok(fields);
        }
        let value = if matches!(field.shape, Shape::Reference(_)) { Value::from(cell) } else { field.parse(cell)? };
        Ok(Fields::from([(field.name, value)]))
    }

    /// The cell for `fields` in `lang`; [`Column::parse`] reads it back. Empty when there is nothing to show.
    #[must_use]
    pub fn show(&self, kind: &Kind, fields: &Fields, lang: Lang) -> String {
        if self.fields.len() > 1 {
            return Resources::of(fields).show(lang);
        }
        self.fields.first().and_then(|name| Some(kind.field(name)?.show(fields.get(name)?, lang))).unwrap_or_default()
    }
}

/// 资源需求: `2小时,1名客服`, optionally with a cost: `2小时30分钟,1名客服,50元`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Working time, in minutes.
    pub minutes: Option<i64>,
    /// How many people.
    pub staff: Option<i64>,
    /// What kind of people: 客服.
    pub staff_kind: Option<String>,
    /// Cost, in 分.
    pub cost: Option<i64>,
}

impl Resources {
    /// Reads the one-cell form, in either language; nothing when any part of it is not understood.
    #[must_use]
    pub fn parse(text: &str) -> Option<Resources> {
        let mut resources = Resources::default();
        for part in text.split([',', '，', '、', ';', '；']).map(str::trim).filter(|part| !part.is_empty()) {
            if resources.cost.is_none()
                && let Some(cost) = cost_of(part)
            {
                resources.cost = Some(cost);
            } else if resources.minutes.is_none()
                && let Some(minutes) = minutes_of(part)
            {
                resources.minutes = Some(minutes);
            } else if resources.staff.is_none()
                && let Some((staff, kind)) = staff_of(part)
            {
                (resources.staff, resources.staff_kind) = (Some(staff), kind);
            } else {
                return None;
            }
        }
        (resources != Resources::default()).then_some(resources)
    }

    /// The resources among an assessment's fields.
    #[must_use]
    pub fn of(fields: &Fields) -> Resources {
        let integer = |name| fields.get(name).and_then(Value::as_integer);
        Resources {
            minutes: integer("minutes"),
            staff: integer("staff"),
            staff_kind: fields
                .get("staff_kind")
                .and_then(Value::as_text)
                .filter(|kind| !kind.is_empty())
                .map(str::to_owned),
            cost: integer("cost"),
        }
    }

    fn into_fields(self) -> impl Iterator<Item = (&'static str, Value)> {
        [
            ("minutes", self.minutes.map(Value::Integer)),
            ("staff", self.staff.map(Value::Integer)),
            ("staff_kind", self.staff_kind.map(Value::Text)),
            ("cost", self.cost.map(Value::Integer)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    /// The one-cell form.
    #[must_use]
    pub fn show(&self, lang: Lang) -> String {
        let zh = lang == Lang::ZhCn;
        let mut parts = Vec::new();
        if let Some(minutes) = self.minutes {
            let (hours, rest) = (minutes / 60, minutes % 60);
            let (hour, minute) = if zh { ("小时", "分钟") } else { ("h", "min") };
            parts.push(match (hours, rest) {
                (0, rest) => format!("{rest}{minute}"),
                (hours, 0) => format!("{hours}{hour}"),
                (hours, rest) => format!("{hours}{hour}{rest}{minute}"),
            });
        }
        if let Some(staff) = self.staff {
            parts.push(match (&self.staff_kind, zh) {
                (Some(kind), true) => format!("{staff}名{kind}"),
                (None, true) => format!("{staff}人"),
                (Some(kind), false) => format!("{staff} {kind}"),
                (None, false) => format!("{staff} staff"),
            });
        }
        if let Some(cost) = self.cost {
            let (yuan, fen) = (cost / 100, cost % 100);
            let amount = if fen == 0 { yuan.to_string() } else { format!("{yuan}.{fen:02}") };
            parts.push(format!("{amount}{}", if zh { "元" } else { " yuan" }));
        }
        parts.join(",")
    }
}

/// A number at the front (with at most two decimals, as hundredths) and what follows it.
fn leading_hundredths(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let decimals: i64 = match decimals.len() {
        0 => 0,
        1 => decimals.parse::<i64>().ok()?.checked_mul(10)?,
        2 => decimals.parse().ok()?,
        _ => return None,
    };
    Some((whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(decimals)?, rest.trim_start()))
}

fn cost_of(part: &str) -> Option<i64> {
    let (hundredths, unit) = leading_hundredths(part)?;
    match unit {
        "元" | "yuan" | "CNY" | "RMB" => Some(hundredths),
        "分" | "fen" => (hundredths % 100 == 0).then_some(hundredths / 100),
        _ => None,
    }
}

fn minutes_of(part: &str) -> Option<i64> {
    let mut minutes: i64 = 0;
    let mut rest = part;
    while !rest.is_empty() {
        let (hundredths, after) = leading_hundredths(rest)?;
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let per_unit = match unit.trim() {
            "小时" | "个小时" | "h" | "hour" | "hours" => 60,
            "分钟" | "min" | "minute" | "minutes" => 1,
            _ => return None,
        };
        let product = hundredths.checked_mul(per_unit)?;
        if product % 100 != 0 {
            return None;
        }
        minutes = minutes.checked_add(product / 100)?;
        rest = next;
    }
    Some(minutes)
}

fn staff_of(part: &str) -> Option<(i64, Option<String>)> {
    let (hundredths, rest) = leading_hundredths(part)?;
    let kind = rest.strip_prefix('名').or_else(|| rest.strip_prefix('位')).unwrap_or(rest).trim();
    let kind = match kind {
        "" if rest.is_empty() => return None,
        "" | "人" | "staff" | "people" | "person" => None,
        kind => Some(kind.to_owned()),
    };
    (hundredths % 100 == 0).then_some((hundredths / 100, kind))
}
