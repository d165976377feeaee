//! How texts are cut into words for the index, and what people type into a query over it.
//!
//! Chinese is written without spaces, and SQLite's own tokenizers do not find a word of two characters inside a sentence.
//! So every run of CJK characters is indexed as its overlapping pairs and its last character alone: 设备无法 becomes
//! `设备 备无 无法 法`. Each character begins exactly one of these words, so a query of one character is a prefix, of two is a
//! word, of more is a phrase. Everything else is left to SQLite's `unicode61`, which folds case and accents.

use std::fmt::Write;

/// A word that no text contains: stands between texts so that no phrase reaches from one into the next.
const BETWEEN: char = '\u{e000}';

/// How much of a query is looked at, in characters.
pub const QUERY_CHARS_MAX: usize = 200;

/// Words of the query that are looked for; the rest is ignored.
pub const QUERY_WORDS_MAX: usize = 16;

fn is_cjk(letter: char) -> bool {
    matches!(u32::from(letter),
        0x3040..=0x30ff // kana
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff // ideographs
        | 0xac00..=0xd7af) // hangul
}

/// Letters of double width, as Chinese input methods write them, count as the letters they are.
fn narrow(letter: char) -> char {
    match u32::from(letter) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xff01 + 0x21).unwrap_or(letter),
        _ => letter,
    }
}

/// A run of letters of one sort.
enum Run {
    Cjk(Vec<char>),
    Other(String),
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut is_open = false;
    for letter in text.chars().map(narrow) {
        if !letter.is_alphanumeric() {
            is_open = false;
            continue;
        }
        match (runs.last_mut(), is_cjk(letter)) {
            (Some(Run::Cjk(run)), true) if is_open => run.push(letter),
            (Some(Run::Other(run)), false) if is_open => run.push(letter),
            (_, true) => runs.push(Run::Cjk(vec![letter])),
            (_, false) => runs.push(Run::Other(letter.to_string())),
        }
        is_open = true;
    }
    runs
}

fn push_pairs(words: &mut Vec<String>, run: &[char]) {
    words.extend(run.windows(2).map(|pair| pair.iter().collect()));
}

/// What the index stores for some texts.
pub(crate) fn indexed<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for text in texts {
        // The CJK letter before, if the run goes on; whether a word of other letters does.
        let (mut last, mut in_word) = (None, false);
        for letter in text.chars().map(narrow).chain([' ']) {
            let is_word = letter.is_alphanumeric();
            let is_pair = is_word && is_cjk(letter);
            if let Some(before) = last.take() {
                line.push(before);
                if is_pair {
                    line.push(letter);
                }
                line.push(' ');
            }
            let goes_on = is_word && !is_pair;
            if in_word && !goes_on {
                line.push(' ');
            }
            if goes_on {
                line.push(letter);
            }
            (last, in_word) = (is_pair.then_some(letter), goes_on);
        }
        line.push(BETWEEN);
        line.push(' ');
    }
    line
}

/// What to match for a query: each of its words, parted by spaces, must occur, the last letters of each may go on. `None`
/// when it holds no letter and no digit.
pub(crate) fn query(typed: &str) -> Option<String> {
    let typed: String = typed.chars().take(QUERY_CHARS_MAX).collect();
    let mut matched = String::new();
    for part in typed.split_whitespace().take(QUERY_WORDS_MAX) {
        let runs = runs(part);
        let mut words = Vec::new();
        let mut goes_on = true;
        for (place, run) in runs.iter().enumerate() {
            let is_last = place + 1 == runs.len();
            match run {
                Run::Cjk(run) => {
                    push_pairs(&mut words, run);
                    // Only where the run ends in the text too does its last character stand alone there.
                    if !is_last || run.len() == 1 {
                        words.extend(run.last().map(char::to_string));
                    }
                    goes_on = run.len() == 1;
                }
                Run::Other(run) => {
                    words.push(run.clone());
                    goes_on = true;
                }
            }
        }
        if words.is_empty() {
            continue;
        }
        let separator = if matched.is_empty() { "" } else { " AND " };
        let star = if goes_on { " *" } else { "" };
        // Only letters and digits get here, so nothing in the phrase needs quoting. Writing to a String cannot fail.
        let _infallible = write!(matched, "{separator}\"{}\"{star}", words.join(" "));
    }
    (!matched.is_empty()).then_some(matched)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chinese_is_indexed_as_pairs_and_a_last_character() {
        assert_eq!(indexed(["设备无法，A机"]), "设备 备无 无法 法 A 机 \u{e000} ");
        assert_eq!(indexed(["王*", "ＡＢ－１"]), "王 \u{e000} AB 1 \u{e000} ");
        assert_eq!(indexed([]), "");
    }

    /// As it follows from the runs of letters that a query is cut into too.
    fn by_runs(text: &str) -> String {
        let mut words = Vec::new();
        for run in runs(text) {
            match run {
                Run::Cjk(run) => {
                    push_pairs(&mut words, &run);
                    words.extend(run.last().map(char::to_string));
                }
                Run::Other(run) => words.push(run),
            }
        }
        words.push(BETWEEN.to_string());
        words.join(" ") + " "
    }

    proptest! {
        #[test]
        fn texts_are_cut_as_queries_are(text in "[设备无A1Ｂ１，。é가 ~-]{0,24}") {
            prop_assert_eq!(indexed([text.as_str()]), by_runs(&text));
        }
    }

    #[test]
    fn a_query_is_a_prefix_a_word_or_a_phrase() {
        let cases = [
            ("设", Some("\"设\" *")),
            ("设备", Some("\"设备\"")),
            ("设备无法", Some("\"设备 备无 无法\"")),
            ("设备 CUST-07-1", Some("\"设备\" AND \"CUST 07 1\" *")),
            ("产品A", Some("\"产品 品 A\" *")),
            ("A产品", Some("\"A 产品\"")),
            ("\" OR * NEAR(", Some("\"OR\" * AND \"NEAR\" *")),
            (" *，\" ", None),
            ("", None),
        ];
        for (typed, matched) in cases {
            assert_eq!(query(typed).as_deref(), matched, "{typed}");
        }
    }

    #[test]
    fn a_query_has_a_bound() {
        assert!(query(&"设备 ".repeat(5_000)).unwrap().len() < 400);
        assert!(query(&"长".repeat(5_000)).unwrap().len() < 2_000);
    }
}
