//! The picture for the README: how the cost of a reconnect grows with the number of documents.
//!
//! Two charts side by side, both axes logarithmic. Lines and letters are of a middle grey and three strong colours that can
//! be read on white and on black; nothing is filled behind them.

use std::fmt::Write as _;

use crate::cases::Case;
use crate::engine::Engine;
use crate::table::{Row, bytes};

/// The case that is drawn: a link was lost for a while, both sides edited, documents are in memory.
const CASE: Case = Case::EditedKept;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 340.0;
/// Where a chart's plane lies in its half.
const LEFT: f64 = 72.0;
const TOP: f64 = 62.0;
const PLANE_WIDTH: f64 = 262.0;
const PLANE_HEIGHT: f64 = 208.0;
/// Grey for axes and letters.
const INK: &str = "#7d8590";

/// One chart.
struct Chart<'a> {
    title: &'a str,
    x: f64,
    points: Vec<(Engine, Vec<(f64, f64)>)>,
    /// Where nothing was measured because it took longer than this.
    late: Vec<(Engine, f64, f64)>,
    sizes: Vec<f64>,
    unit: fn(f64) -> String,
}

/// The picture of the rows of [`CASE`].
pub(crate) fn draw(rows: &[Row]) -> String {
    let measured: Vec<&Row> = rows.iter().filter(|row| row.case == CASE).collect();
    let series = |value: fn(&Row) -> Option<f64>| -> Vec<(Engine, Vec<(f64, f64)>)> {
        let of = |engine| {
            let points = measured.iter().filter(|row| row.engine == engine);
            points.filter_map(|row| Some((f64::from(row.documents), value(row)?))).collect::<Vec<_>>()
        };
        Engine::ALL.into_iter().map(|engine| (engine, of(engine))).filter(|(_, points)| !points.is_empty()).collect()
    };
    let mut sizes: Vec<f64> = measured.iter().map(|row| f64::from(row.documents)).collect();
    sizes.dedup();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{INK}\" role=\"img\">\n\
         <title>Time and bytes of a reconnect by number of documents, for Fieldbook, samod and automerge-repo</title>\n"
    );
    let time = series(|row| Some(row.figures()?.sync_ms));
    let wire = series(|row| Some(bytes(row.figures()?)));
    // An exchange that was not tried does more than the one with no edits that took too long.
    let late = measured.iter().filter(|row| row.figures().is_none());
    let late =
        late.map(|row| (row.engine, f64::from(row.documents), crate::PATIENCE.as_secs_f64() * 1_000.0)).collect();
    let second = WIDTH / 2.0;
    Chart { title: "Reconnect: time", x: 0.0, points: time, late, sizes: sizes.clone(), unit: shown_ms }.draw(&mut svg);
    Chart {
        title: "Reconnect: bytes on the wire",
        x: second,
        points: wire,
        late: Vec::new(),
        sizes,
        unit: shown_bytes,
    }
    .draw(&mut svg);
    let caption =
        "100 documents edited on each side; documents in memory, both sides on one machine; logarithmic scales";
    text(&mut svg, WIDTH / 2.0, HEIGHT - 12.0, "middle", INK, caption);
    svg.push_str("</svg>\n");
    svg
}

impl Chart<'_> {
    fn draw(&self, svg: &mut String) {
        text(svg, self.x + LEFT, 26.0, "start", INK, self.title);
        let mut legend = self.x + LEFT;
        for (engine, _) in &self.points {
            let colour = colour(*engine);
            line(svg, (legend, 42.0), (legend + 16.0, 42.0), colour, 3.0);
            text(svg, legend + 21.0, 46.0, "start", colour, engine.name());
            legend += 34.0 + 7.2 * engine.name().len() as f64;
        }
        let values = self.points.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| *value));
        let values = values.chain(self.late.iter().map(|(_, _, value)| *value));
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return;
        }
        let (low, high) = (low.log10().floor(), high.log10().ceil().max(low.log10().floor() + 1.0));
        let y = |value: f64| TOP + PLANE_HEIGHT * (high - value.log10()) / (high - low);
        let mut decade = low;
        while decade <= high {
            let value = 10.0_f64.powf(decade);
            let at = y(value);
            line(svg, (self.x + LEFT, at), (self.x + LEFT + PLANE_WIDTH, at), "#7d859055", 1.0);
            text(svg, self.x + LEFT - 8.0, at + 4.0, "end", INK, &(self.unit)(value));
            decade += 1.0;
        }
        for size in &self.sizes {
            let at = self.place(*size);
            line(svg, (at, TOP + PLANE_HEIGHT), (at, TOP + PLANE_HEIGHT + 5.0), INK, 1.0);
            text(svg, at, TOP + PLANE_HEIGHT + 20.0, "middle", INK, &grouped(*size));
        }
        text(svg, self.x + LEFT + PLANE_WIDTH / 2.0, TOP + PLANE_HEIGHT + 38.0, "middle", INK, "documents");
        for (engine, points) in &self.points {
            let colour = colour(*engine);
            let places: Vec<String> =
                points.iter().map(|(size, value)| format!("{:.1},{:.1}", self.place(*size), y(*value))).collect();
            let places = places.join(" ");
            let _ =
                writeln!(svg, "<polyline points=\"{places}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>");
            for (size, value) in points {
                let (x, y) = (self.place(*size), y(*value));
                let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>");
                text(svg, x, y - 9.0, "middle", colour, &(self.unit)(*value));
            }
        }
        for (engine, size, value) in &self.late {
            let (colour, x, y) = (colour(*engine), self.place(*size), y(*value));
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
            );
            text(svg, x, y - 9.0, "middle", colour, &format!("&gt; {}", (self.unit)(*value)));
        }
    }

    /// Where a number of documents stands, with a margin so that letters at the ends stay in the plane.
    fn place(&self, size: f64) -> f64 {
        let (first, last) = (self.sizes.first().copied().unwrap_or(1.0), self.sizes.last().copied().unwrap_or(1.0));
        let span = (last / first).log10();
        let share = if span > 0.0 { (size / first).log10() / span } else { 0.5 };
        self.x + LEFT + 26.0 + (PLANE_WIDTH - 52.0) * share
    }
}

const fn colour(engine: Engine) -> &'static str {
    match engine {
        Engine::Fieldbook => "#2f9e62",
        Engine::Samod => "#d9730d",
        Engine::AutomergeRepo => "#8b6fd6",
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, colour: &str, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{words}</text>");
}

fn shown_ms(ms: f64) -> String {
    match ms {
        1_000.0.. => format!("{} s", short(ms / 1_000.0)),
        _ => format!("{} ms", short(ms)),
    }
}

fn shown_bytes(bytes: f64) -> String {
    match bytes {
        1_000_000.0.. => format!("{} MB", short(bytes / 1_000_000.0)),
        1_000.0.. => format!("{} kB", short(bytes / 1_000.0)),
        _ => format!("{} B", short(bytes)),
    }
}

/// Two figures that count, no more than one behind the point.
fn short(value: f64) -> String {
    if value >= 9.95 || (value - value.round()).abs() < 0.05 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// `10000` as `10,000`.
fn grouped(size: f64) -> String {
    let digits = format!("{size:.0}");
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    if head.is_empty() { digits } else { format!("{head},{tail}") }
}
