//! Checking values, reading what people type or a spreadsheet holds, and writing it back.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use messages::Catalogue;
use vocab::{Day, Lang, RecordId, Staff, Timestamp};

use crate::invalid::{Invalid, Problem};
use crate::schema::{Field, NOTES_MAX, Shape, Source, TAG_CHARS_MAX, TAGS_MAX, TEXT_CHARS_MAX};
use crate::value::{Note, Signature, Value};

impl Field {
    /// Reads what a person typed or a table holds: codes and the labels of both languages (`high`, 高, High), days
    /// (`2024-05-01`, `2024/5/1`, `2024年5月1日`), times (RFC 3339, `2024-05-02 09:00`, the branch's time unless an offset follows).
    ///
    /// # Errors
    /// [`Invalid::Value`], which names the field and the fix.
    pub fn parse(&self, text: &str) -> Result<Value, Invalid> {
        let text = text.trim();
        if text.is_empty() && !self.required && self.source == Source::Person {
            return Ok(Value::Text(String::new()));
        }
        let wrong = |problem| Invalid::value(self, text, problem);
        let value = match self.shape {
            Shape::Masked | Shape::Staff | Shape::Line(_) | Shape::Text(_) | Shape::Reference(_) => text.into(),
            Shape::Enum(list) => code_of(list, text).ok_or_else(|| wrong(Problem::NotACode(self.shape.choices())))?,
            Shape::Integer { .. } => Value::Integer(text.parse().map_err(|_| wrong(Problem::NotAnInteger))?),
            Shape::Date => Value::Date(parse_day(text).ok_or_else(|| wrong(Problem::NotADay))?),
            Shape::Time => Value::Time(parse_time(text).ok_or_else(|| wrong(Problem::NotATime))?),
            Shape::Tags => Value::Tags(
                text.split(['，', ',', '、', ';', '；'])
                    .map(str::trim)
                    .filter(|tag| !tag.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            Shape::Notes => Value::Notes(
                text.lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(|line| Note { text: line.to_owned(), by: None, at: None })
                    .collect(),
            ),
            Shape::Signature => parse_signature(text).ok_or_else(|| wrong(Problem::NotASignature))?,
            Shape::Flag => match text {
                "true" | "yes" | "是" => Value::Flag(true),
                "false" | "no" | "否" => Value::Flag(false),
                _ => return Err(wrong(Problem::NotAFlag)),
            },
        };
        self.check(value)
    }

    /// The value as a table or a page of `lang` shows it; [`Field::parse`] reads it back.
    #[must_use]
    pub fn show(&self, value: &Value, lang: Lang) -> String {
        match value {
            Value::Text(text) => match self.shape {
                // A value that was taken away; among candidates it stands beside others.
                Shape::Enum(_) if text.is_empty() => String::new(),
                Shape::Enum(list) => Catalogue::of(lang).text(&list.label(text), &[]),
                _ => text.clone(),
            },
            Value::Integer(number) => number.to_string(),
            Value::Date(day) => day.to_string(),
            Value::Time(time) => show_time(*time),
            Value::Tags(tags) => tags.iter().map(String::as_str).collect::<Vec<_>>().join(","),
            Value::Flag(true) => if lang == Lang::ZhCn { "是" } else { "yes" }.to_owned(),
            Value::Flag(false) => if lang == Lang::ZhCn { "否" } else { "no" }.to_owned(),
            Value::Notes(notes) => notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join("\n"),
            Value::Signature(signature) => {
                let mut parts = vec![signature.signer.clone()];
                parts.extend(signature.at.map(show_time));
                parts.extend(signature.what.clone());
                parts.join(",")
            }
        }
    }

    /// Checks a value against the field's shape and bounds, with space at either end of a text removed. An empty text is no
    /// value: it clears a field that is not required.
    ///
    /// # Errors
    /// [`Invalid::Value`], which names the field and the fix.
    pub fn check(&self, value: Value) -> Result<Value, Invalid> {
        match (self.shape, value) {
            // An empty text takes a value away that need not be there.
            (shape, Value::Text(text))
                if text.trim().is_empty() && !self.required && shape != Shape::Tags && shape != Shape::Notes =>
            {
                Ok(Value::Text(String::new()))
            }
            (Shape::Text(chars_max), Value::Text(text)) => {
                let text = self.checked(&text.replace("\r\n", "\n"), chars_max, |c| c == '\n' || c == '\t')?;
                if text.is_empty() && self.required { Err(self.wrong(&text, Problem::Empty)) } else { Ok(text.into()) }
            }
            (Shape::Line(chars_max), Value::Text(text)) => {
                // A customer's verbatim words may span lines; a title may not.
                let many_lines = chars_max >= TEXT_CHARS_MAX;
                let text = self.checked(&text.replace("\r\n", "\n"), chars_max, |c| many_lines && c == '\n')?;
                if text.is_empty() && self.required { Err(self.wrong(&text, Problem::Empty)) } else { Ok(text.into()) }
            }
            (Shape::Masked, Value::Text(text)) => {
                let text = self.checked(&text, Staff::CHARS_MAX, |_| false)?;
                match text.contains('*') {
                    true => Ok(text.into()),
                    false if text.is_empty() => Err(self.wrong(&text, Problem::Empty)),
                    false => Err(self.wrong(&text, Problem::NotMasked)),
                }
            }
            (Shape::Staff, Value::Text(text)) => {
                let text = self.checked(&text, Staff::CHARS_MAX, |_| false)?;
                let staff = is_masked_or_number(&text) && text.parse::<Staff>().is_ok();
                if staff { Ok(text.into()) } else { Err(self.wrong(&text, Problem::NotStaff)) }
            }
            (Shape::Enum(list), Value::Text(text)) => {
                if list.codes.contains(&text.as_str()) {
                    Ok(text.into())
                } else {
                    Err(self.wrong(&text, Problem::NotACode(self.shape.choices())))
                }
            }
            (Shape::Reference(_), Value::Text(text)) => match text.parse::<RecordId>() {
                Ok(_) => Ok(text.into()),
                Err(_) => Err(self.wrong(&text, Problem::NotAnId)),
            },
            (Shape::Integer { min, max }, Value::Integer(number)) => {
                if (min..=max).contains(&number) {
                    Ok(Value::Integer(number))
                } else {
                    Err(self.wrong(&number.to_string(), Problem::OutOfRange(min, max)))
                }
            }
            (Shape::Tags, Value::Tags(tags)) => {
                if tags.len() > TAGS_MAX {
                    return Err(self.wrong("", Problem::TooMany(TAGS_MAX)));
                }
                let tags: Result<BTreeSet<_>, _> =
                    tags.iter().map(|tag| self.checked(tag, TAG_CHARS_MAX, |_| false)).collect();
                Ok(Value::Tags(tags?.into_iter().filter(|tag| !tag.is_empty()).collect()))
            }
            (Shape::Notes, Value::Notes(notes)) => {
                if notes.len() > NOTES_MAX {
                    return Err(self.wrong("", Problem::TooMany(NOTES_MAX)));
                }
                for note in &notes {
                    self.checked(&note.text, TEXT_CHARS_MAX, |c| c == '\n')?;
                }
                Ok(Value::Notes(notes))
            }
            (Shape::Signature, Value::Signature(signature)) => {
                self.checked(&signature.signer, Staff::CHARS_MAX, |_| false)?;
                self.checked(signature.what.as_deref().unwrap_or_default(), crate::schema::LINE_CHARS_MAX, |_| false)?;
                if signature.signer.contains('*') {
                    Ok(Value::Signature(signature))
                } else {
                    Err(self.wrong(&signature.signer, Problem::NotMasked))
                }
            }
            (Shape::Date, value @ Value::Date(_))
            | (Shape::Time, value @ Value::Time(_))
            | (Shape::Flag, value @ Value::Flag(_)) => Ok(value),
            (_, value) => Err(self.wrong(&value.to_json().to_string(), Problem::WrongType)),
        }
    }

    /// Reads the value back from its JSON, as it stands in an event.
    ///
    /// # Errors
    /// [`Invalid::Value`] when the field does not take it.
    pub fn from_json(&self, json: &serde_json::Value) -> Result<Value, Invalid> {
        use serde_json::Value as Json;
        let wrong = |problem| Invalid::value(self, &json.to_string(), problem);
        let value = match (self.shape, json) {
            (Shape::Integer { .. }, Json::Number(number)) => {
                Value::Integer(number.as_i64().ok_or_else(|| wrong(Problem::NotAnInteger))?)
            }
            (Shape::Date, Json::String(text)) => Value::Date(text.parse().map_err(|_| wrong(Problem::NotADay))?),
            (Shape::Time, Json::String(text)) => Value::Time(text.parse().map_err(|_| wrong(Problem::NotATime))?),
            (Shape::Flag, Json::Bool(flag)) => Value::Flag(*flag),
            (Shape::Tags, Json::Array(tags)) => {
                Value::Tags(tags.iter().filter_map(|tag| tag.as_str()).map(str::to_owned).collect())
            }
            (Shape::Notes, Json::Array(notes)) => Value::Notes(notes.iter().filter_map(note_of_json).collect()),
            (Shape::Signature, Json::Object(object)) => Value::Signature(Signature {
                signer: object.get("signer").and_then(Json::as_str).unwrap_or_default().to_owned(),
                at: object.get("at").and_then(Json::as_str).and_then(|at| at.parse().ok()),
                what: object.get("what").and_then(Json::as_str).map(str::to_owned),
            }),
            (_, Json::String(text)) => text.as_str().into(),
            _ => return Err(wrong(Problem::WrongType)),
        };
        self.check(value)
    }

    fn wrong(&self, value: &str, problem: Problem) -> Invalid {
        Invalid::value(self, value, problem)
    }

    fn checked(&self, text: &str, chars_max: usize, may: impl Fn(char) -> bool) -> Result<String, Invalid> {
        let text = text.trim();
        if text.chars().count() > chars_max {
            return Err(self.wrong(text, Problem::TooLong(chars_max)));
        }
        if text.chars().any(|c| c.is_control() && !may(c)) {
            return Err(self.wrong(text, Problem::ControlCharacter));
        }
        Ok(text.to_owned())
    }
}

fn note_of_json(json: &serde_json::Value) -> Option<Note> {
    let text = json.get("text").and_then(serde_json::Value::as_str)?;
    let part = |name| json.get(name).and_then(serde_json::Value::as_str);
    Some(Note {
        text: text.to_owned(),
        by: part("by").and_then(|by| by.parse().ok()),
        at: part("at").and_then(|at| at.parse().ok()),
    })
}

/// Masked, or a staff number: letters and digits with at least one digit.
fn is_masked_or_number(text: &str) -> bool {
    let number =
        text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && text.contains(|c: char| c.is_ascii_digit());
    text.contains('*') || number
}

fn code_of(list: &crate::schema::Enumeration, text: &str) -> Option<Value> {
    if list.codes.contains(&text) {
        return Some(text.into());
    }
    let lower = text.to_lowercase();
    list.codes
        .iter()
        .find(|code| {
            let label = list.label(code);
            Lang::ALL.into_iter().any(|lang| Catalogue::of(lang).text(&label, &[]).to_lowercase() == lower)
        })
        .map(|code| Value::from(*code))
}

fn parse_day(text: &str) -> Option<Day> {
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let text = text.strip_suffix('日').unwrap_or(text);
    let mut parts = text.split(['/', '-', '.', '年', '月']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    date.to_string().parse().ok()
}

fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let text = text.replace(['/', '年', '月'], "-").replace(['日', 'T'], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for form in ["%Y-%m-%d %H:%M:%S%.f%:z", "%Y-%m-%d %H:%M%:z", "%Y-%m-%d %H:%M:%S%.f %:z", "%Y-%m-%d %H:%M %:z"] {
        if let Ok(time) = DateTime::<FixedOffset>::parse_from_str(&text, form) {
            return in_range(time.timestamp_millis());
        }
    }
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
        .and_then(Timestamp::from_local)
}

fn in_range(millis: i64) -> Option<Timestamp> {
    (0..=Timestamp::MAX.millis()).contains(&millis).then(|| Timestamp::from_millis(millis))
}

/// `2024-05-02 09:00` on the branch's clocks; seconds and milliseconds only when there are any.
fn show_time(time: Timestamp) -> String {
    let form = match time.millis() {
        millis if millis % 60_000 == 0 => "%Y-%m-%d %H:%M",
        millis if millis % 1_000 == 0 => "%Y-%m-%d %H:%M:%S",
        _ => "%Y-%m-%d %H:%M:%S%.3f",
    };
    time.local().format(form).to_string()
}

/// `张*`, `张*,2024-05-02 10:30` or `张*,2024-05-02 10:30,服务单`; the time may be left out.
fn parse_signature(text: &str) -> Option<Value> {
    let text = text.replacen('，', ",", 2);
    let (signer, rest) =
        text.split_once(',').map_or((text.as_str(), ""), |(signer, rest)| (signer.trim(), rest.trim()));
    let (time, what) = rest.split_once(',').map_or((rest, ""), |(time, what)| (time.trim(), what.trim()));
    let (at, what) = match parse_time(time) {
        Some(at) => (Some(at), what),
        None => (None, rest),
    };
    let what = (!what.is_empty()).then(|| what.to_owned());
    (!signer.is_empty()).then(|| Value::Signature(Signature { signer: signer.to_owned(), at, what }))
}
