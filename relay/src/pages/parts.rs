//! Small pieces that several pages share: marks of a state, bars, table cells, pagers.

use maud::{Markup, html};
use readmodel::Page;

use super::words::{Words, grouped};

/// How a mark looks beside its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Quiet,
    Info,
    Ok,
    Accent,
    Warn,
    Danger,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Tone::Quiet => "",
            Tone::Info => "info",
            Tone::Ok => "ok",
            Tone::Accent => "accent",
            Tone::Warn => "warn",
            Tone::Danger => "danger",
        }
    }
}

/// A shape that tells states apart where colours cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Ring,
    Half,
    Full,
    Triangle,
    Check,
    Cross,
    Diamond,
    None,
}

fn sign(sign: Sign) -> Markup {
    let (lines, filled) = match sign {
        Sign::Ring => ("M6 1.5a4.5 4.5 0 1 0 .01 0z", ""),
        Sign::Half => ("M6 1.5a4.5 4.5 0 1 0 .01 0z", "M6 1.5v9a4.5 4.5 0 0 1 0-9z"),
        Sign::Full => ("", "M6 1a5 5 0 1 0 .01 0z"),
        Sign::Triangle => ("", "M6 1 11.5 11H.5z"),
        Sign::Check => ("M1.5 6.5 4.5 9.5 10.5 2.5", ""),
        Sign::Cross => ("M2 2 10 10M10 2 2 10", ""),
        Sign::Diamond => ("", "M6 .5 11.5 6 6 11.5.5 6z"),
        Sign::None => return html! {},
    };
    html! {
        svg.sign viewBox="0 0 12 12" aria-hidden="true" {
            @if !filled.is_empty() { path d=(filled) fill="currentColor" {} }
            @if !lines.is_empty() { path d=(lines) fill="none" stroke="currentColor" stroke-width="2" {} }
        }
    }
}

/// A word with a shape and a colour.
pub(super) fn mark(text: &str, tone: Tone, shape: Sign) -> Markup {
    html! { span class=(format!("mark {}", tone.class()).trim_end()) { (sign(shape)) (text) } }
}

/// The mark of a state, an approval, an urgency or a grade; a code this version does not know is shown plainly.
pub(super) fn state(words: &Words, family: &str, code: &str) -> Markup {
    let (tone, shape) = match code {
        "assigned" | "sent" | "draft" => (Tone::Quiet, Sign::Ring),
        "in_progress" | "pending" => (Tone::Info, Sign::Half),
        "delayed" | "stale" => (Tone::Warn, Sign::Triangle),
        "done" | "handled" => (Tone::Ok, Sign::Full),
        "reviewed" | "archived" | "approved" => (Tone::Accent, Sign::Check),
        "cancelled" => (Tone::Quiet, Sign::Cross),
        "high" => (Tone::Danger, Sign::Triangle),
        "vip" => (Tone::Accent, Sign::Diamond),
        "core" => (Tone::Info, Sign::Diamond),
        _ => (Tone::Quiet, Sign::None),
    };
    mark(&words.code(&format!("enum-{family}"), code), tone, shape)
}

/// One bar of several shares, in the order given. Decoration: the numbers stand beside it.
pub(super) fn bar(shares: &[(&str, u64)]) -> Markup {
    const WIDTH: u64 = 1_000;
    let total: u64 = shares.iter().map(|(_, count)| count).sum();
    let mut before = 0;
    let pieces = shares.iter().filter(|(_, count)| *count > 0 && total > 0).map(|(code, count)| {
        let (from, to) = (before * WIDTH / total, (before + count) * WIDTH / total);
        before += count;
        (code, from, to - from)
    });
    html! {
        svg.bar viewBox=(format!("0 0 {WIDTH} 8")) preserveAspectRatio="none" aria-hidden="true" {
            @for (code, from, width) in pieces {
                rect class=(format!("s-{code}")) x=(from) y="0" width=(width) height="8" {}
            }
        }
    }
}

/// A list of codes with their counts and bars against the largest total.
pub(super) fn shares(words: &Words, family: &str, counts: &[(&str, u64)]) -> Markup {
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    html! {
        ul.shares {
            @for (code, count) in counts {
                li data-key=(code) {
                    span { (state(words, family, code)) }
                    (bar(&[(code, *count), ("rest", total - count)]))
                    span.number { (grouped(*count)) }
                }
            }
        }
    }
}

/// A cell of a table that becomes a card on a phone, where its label stands beside it.
pub(super) fn cell(label: &str, class: &str, body: Markup) -> Markup {
    html! { td role="cell" data-label=(label) class=[(!class.is_empty()).then_some(class)] { div { (body) } } }
}

/// The head of such a table.
pub(super) fn head(columns: &[(&str, &str)]) -> Markup {
    html! {
        thead role="rowgroup" { tr role="row" {
            @for (label, class) in columns {
                th role="columnheader" scope="col" class=[(!class.is_empty()).then_some(*class)] { (label) }
            }
        } }
    }
}

/// What stands where nothing is.
pub(super) fn none(words: &Words) -> Markup {
    html! { span.muted { span aria-hidden="true" { "—" } span.visually-hidden { (words.text("pages-none")) } } }
}

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    page: u32,
    size: u32,
}

impl Paging {
    /// Furthest page: with 50 rows each, a branch of half a million.
    const PAGE_MAX: u32 = 10_000;

    /// The page as an address names it; anything but a number is the first.
    pub(super) fn of(asked: &str, size: u32) -> Paging {
        Paging { page: asked.parse().unwrap_or(1).clamp(1, Self::PAGE_MAX), size }
    }

    /// The rows to ask for.
    pub(super) const fn rows(self) -> Page {
        Page { offset: (self.page - 1) * self.size, limit: self.size }
    }

    /// "21 to 40 of 60", with links to the pages before and after; `address` makes the address of a page.
    pub(super) fn links(self, words: &Words, total: u64, address: impl Fn(u32) -> String) -> Markup {
        let rows = self.rows();
        let first = u64::from(rows.offset) + 1;
        let last = u64::from(rows.offset + rows.limit).min(total);
        if total == 0 {
            return html! {};
        }
        let range = [
            ("first", grouped(first.min(total)).into()),
            ("last", grouped(last).into()),
            ("total", grouped(total).into()),
        ];
        html! {
            nav.pager aria-label=(words.text("pages-pager")) {
                span.muted.number { (words.with("pages-pager-range", &range)) }
                @if first > 1 || last < total {
                    span.marks {
                        @if first > 1 { a.button rel="prev" href=(address(self.page - 1)) { (words.text("pages-pager-previous")) } }
                        @if last < total { a.button rel="next" href=(address(self.page + 1)) { (words.text("pages-pager-next")) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocab::Lang;

    #[test]
    fn the_pieces_of_a_bar_fill_it_exactly() {
        let drawn = bar(&[("assigned", 1), ("done", 1), ("reviewed", 1)]).into_string();
        assert!(drawn.contains(r#"x="0" y="0" width="333""#), "{drawn}");
        assert!(drawn.contains(r#"x="666" y="0" width="334""#), "{drawn}");
        assert!(!bar(&[("assigned", 0)]).into_string().contains("rect"));
    }

    #[test]
    fn a_state_is_never_told_by_colour_alone() {
        let words = Words::of(Lang::ZhCn);
        for code in ["assigned", "in_progress", "delayed", "done", "reviewed", "cancelled"] {
            let drawn = state(&words, "status", code).into_string();
            assert!(drawn.contains("<svg") && drawn.contains(&words.code("enum-status", code)), "{drawn}");
        }
        assert!(state(&words, "status", "<b>").into_string().contains("&lt;b&gt;"));
    }

    #[test]
    fn a_pager_leads_to_its_neighbours() {
        let words = Words::of(Lang::En);
        let drawn = Paging::of("2", 20).links(&words, 60, |page| format!("?page={page}")).into_string();
        assert!(drawn.contains("?page=1") && drawn.contains("?page=3") && drawn.contains("21"), "{drawn}");
        let only = Paging::of("1", 20).links(&words, 20, |page| format!("?page={page}")).into_string();
        assert!(!only.contains("href"), "{only}");
        for odd in ["", "0", "-1", "x", "99999999999999999999"] {
            assert_eq!(Paging::of(odd, 20).rows().offset, 0, "{odd}");
        }
    }
}
