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

/// Narrowest column that text is cut to, in columns of the terminal.
const CUT_WIDTH_MIN: usize = 8;
/// Space between two columns.
const GAP: usize = 2;

/// A table of one line a row, for lists: where the page is too narrow, the widest columns are cut, never those that are
/// `whole` (ids are copied into the next command); what still does not fit is left out from the right.
pub(crate) fn one_line_rows(paint: Paint, columns: usize, headings: &[(&str, bool)], body: &[Vec<Toned>]) -> String {
    let mut widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(index, (heading, _))| {
            let cells = body.iter().filter_map(|row| row.get(index)).map(|(text, _)| width(text));
            cells.chain([width(heading)]).max().unwrap_or(0)
        })
        .collect();
    let total = |widths: &[usize]| widths.iter().sum::<usize>() + widths.len().saturating_sub(1) * GAP;
    while total(&widths) > columns && widths.len() > 1 {
        let elastic = (0..widths.len()).filter(|index| !headings[*index].1 && widths[*index] > CUT_WIDTH_MIN);
        match elastic.max_by_key(|index| widths[*index]) {
            Some(widest) => widths[widest] -= 1,
            None => drop(widths.pop()),
        }
    }
    let cut_row = |row: &[Toned]| -> Vec<Toned> {
        row.iter().zip(&widths).map(|((text, tone), columns)| (cut(text, *columns), *tone)).collect()
    };
    let head: Vec<Toned> = headings.iter().map(|(text, _)| ((*text).to_owned(), Tone::Faint)).collect();
    let line = |row: &[Toned]| {
        let last = row.iter().rposition(|(text, _)| !text.is_empty()).unwrap_or(0);
        let cells = row.iter().zip(&widths).take(last + 1).enumerate().map(|(index, ((text, tone), columns))| {
            let space = if index == last { 0 } else { columns + GAP - width(text) };
            format!("{}{}", paint.tone(*tone, text), " ".repeat(space))
        });
        cells.collect::<String>() + "\n"
    };
    std::iter::once(&head).chain(body).map(|row| line(&cut_row(row))).collect()
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
    fn a_list_has_one_line_a_row_whatever_the_width() {
        let id = "CUST-X01234567-12";
        let row = |text: &str| {
            vec![(id.to_owned(), Tone::Strong), (text.repeat(9), Tone::Plain), (id.to_owned(), Tone::Plain)]
        };
        let body = [row("服务响应快"), row("x")];
        let headings = [("客户ID", true), ("反馈内容", false), ("客户ID", true)];
        for columns in [40, 50, 60, 200] {
            let text = one_line_rows(Paint::new(false), columns, &headings, &body);
            assert_eq!(text.lines().count(), 3, "{text}");
            assert!(text.lines().all(|line| width(line) <= columns && line.trim_end() == line), "{columns}: {text}");
            assert_eq!(text.matches(id).count(), if columns < 46 { 2 } else { 4 }, "{columns}: {text}");
        }
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
