//! Rows and label-value pairs that fit the terminal, counting East Asian characters as the two columns they take.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Row, Table, Width, presets};
use unicode_width::UnicodeWidthStr;

use crate::printer::{Paint, Tone};

/// Widest value column of a card, in columns: longer lines are hard to read.
const CARD_WIDTH_MAX: usize = 100;

/// Columns that `text` takes at a terminal.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` filled with spaces to `columns`.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut padded = text.to_owned();
    padded.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(text))));
    padded
}

/// `text` on one line of at most `columns`, ending in `…` where something was left off.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    let line = text.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if width(&line) <= columns {
        return line;
    }
    let mut kept = String::new();
    for character in line.chars() {
        let mut candidate = kept.clone();
        candidate.push(character);
        if width(&candidate) + 1 > columns {
            break;
        }
        kept = candidate;
    }
    kept.push('…');
    kept
}

/// A cell: its text and its tone.
pub(crate) type Toned = (String, Tone);

fn cell((text, tone): &Toned) -> Cell {
    let cell = Cell::new(text);
    match tone {
        Tone::Plain => cell,
        Tone::Strong => cell.add_attribute(Attribute::Bold),
        Tone::Faint => cell.add_attribute(Attribute::Dim),
        Tone::Good => cell.fg(Color::DarkGreen),
        Tone::Warn => cell.fg(Color::DarkYellow),
        Tone::Bad => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
    }
}

fn fitted(paint: Paint, columns: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(columns).unwrap_or(u16::MAX));
    if paint.is_coloured() {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    table
}

/// Comfy-table pads every line to the full width; a line copied from a terminal should not carry spaces.
fn lines(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// A table with a heading per column.
pub(crate) fn rows(paint: Paint, columns: usize, headings: &[&str], body: &[Vec<Toned>]) -> String {
    let mut table = fitted(paint, columns);
    table.set_header(Row::from(
        headings.iter().map(|text| cell(&((*text).to_owned(), Tone::Faint))).collect::<Vec<_>>(),
    ));
    for row in body {
        table.add_row(Row::from(row.iter().map(cell).collect::<Vec<_>>()));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(index > 0), 1));
    }
    if let Some(first) = table.column_mut(0) {
        // Ids are copied into the next command: never break one over two lines.
        first.set_constraint(ColumnConstraint::ContentWidth);
    }
    lines(&table)
}

/// Labels and values, one pair a line, values wrapped beside their label.
pub(crate) fn card(paint: Paint, columns: usize, pairs: &[(String, Toned)]) -> String {
    let mut table = fitted(paint, columns.min(CARD_WIDTH_MAX));
    for (label, value) in pairs {
        table.add_row(Row::from(vec![cell(&(label.clone(), Tone::Faint)), cell(value)]));
    }
    let labels = pairs.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
    if let Some(first) = table.column_mut(0) {
        first.set_padding((2, 2));
        first.set_constraint(ColumnConstraint::Absolute(Width::Fixed(u16::try_from(labels + 4).unwrap_or(u16::MAX))));
    }
    if let Some(second) = table.column_mut(1) {
        second.set_padding((0, 0));
    }
    lines(&table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_counts_two_columns() {
        assert_eq!(width("客户ID"), 6);
        assert_eq!(pad("客户", 6), "客户  ");
        assert_eq!(cut("服务响应快但细节需改进", 9), "服务响应…");
        assert_eq!(cut("two\nlines", 20), "two lines");
    }

    #[test]
    fn a_table_never_exceeds_its_width_and_never_breaks_an_id() {
        let body = vec![vec![
            ("CUST-X01234567-12".to_owned(), Tone::Strong),
            ("服务响应快但细节需改进".repeat(8), Tone::Plain),
        ]];
        let text = rows(Paint::new(false), 60, &["客户ID", "反馈内容"], &body);
        assert!(text.lines().all(|line| width(line) <= 60), "{text}");
        assert!(text.lines().count() > 2 && text.contains("CUST-X01234567-12"), "{text}");
    }

    #[test]
    fn a_card_wraps_values_beside_their_labels() {
        let pairs = vec![
            ("客户姓名".to_owned(), ("*先生".to_owned(), Tone::Plain)),
            ("历史".to_owned(), ("字".repeat(60), Tone::Plain)),
        ];
        let text = card(Paint::new(false), 60, &pairs);
        assert!(text.starts_with("  客户姓名  *先生\n"), "{text}");
        assert!(text.lines().skip(2).all(|line| line.starts_with("            字")), "{text}");
    }
}
