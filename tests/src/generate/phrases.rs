//! What people in the field write, in Chinese, never the same twice in a row.
//!
//! A small grammar: a topic has sentences, sentences have `{slots}`, slots have alternatives, which may have slots. Lengths
//! follow section 8 of the domain: half of the texts 5 to 15 characters, 40 % 20 to 80, the rest 100 to 600.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::dice::Dice;

/// What a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// 历史交易记录.
    History,
    /// 需求描述.
    Need,
    /// 方案建议.
    Plan,
    /// 问题记录.
    Note,
    /// 反馈内容 of a customer who is content.
    Praise,
    /// 反馈内容 of one who is not.
    Criticism,
    /// 改进措施.
    Measure,
}

impl Topic {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Topic::History => ("history-short", "history"),
            Topic::Need => ("need-short", "need"),
            Topic::Plan => ("plan-short", "plan"),
            Topic::Note => ("note-short", "note"),
            Topic::Praise => ("praise-short", "praise"),
            Topic::Criticism => ("criticism-short", "criticism"),
            Topic::Measure => ("measure-short", "measure"),
        }
    }
}

/// Shortest and longest of the three lengths, in characters, with its share in percent.
pub(super) const LENGTHS: [(u64, (usize, usize)); 3] = [(50, (5, 15)), (40, (20, 80)), (10, (100, 600))];

/// A text about `topic`, its length drawn by [`LENGTHS`].
pub(super) fn text(dice: &mut Dice, topic: Topic) -> String {
    let (low, high) = dice.weighted(&LENGTHS);
    if high == LENGTHS[0].1.1 {
        short(dice, topic.names().0, low, high)
    } else {
        long(dice, topic.names().1, low, high)
    }
}

/// A line of 5 to 15 characters: what is to be done.
pub(super) fn title(dice: &mut Dice) -> String {
    short(dice, "title", LENGTHS[0].1.0, LENGTHS[0].1.1)
}

/// How a customer wants to be served.
pub(super) fn preference(dice: &mut Dice) -> String {
    short(dice, "preference", LENGTHS[0].1.0, LENGTHS[0].1.1)
}

/// Why a task was given up.
pub(super) fn why_cancelled(dice: &mut Dice) -> String {
    short(dice, "cancelled", LENGTHS[0].1.0, LENGTHS[0].1.1)
}

fn short(dice: &mut Dice, name: &str, low: usize, high: usize) -> String {
    /// The alternatives are short; a longer draw is rare and cut after so many tries.
    const TRIES_MAX: usize = 20;
    let mut drawn = String::new();
    for _ in 0..TRIES_MAX {
        drawn = expand(dice, name);
        if (low..=high).contains(&drawn.chars().count()) {
            return drawn;
        }
    }
    drawn.chars().take(high).collect()
}

fn long(dice: &mut Dice, name: &str, low: usize, high: usize) -> String {
    let target = usize::try_from(dice.between(low as u64, high as u64)).unwrap_or(high);
    let mut text = String::new();
    let mut chars = 0;
    while chars < target {
        let sentence = expand(dice, if chars == 0 { name } else { "sentence" });
        let more = sentence.chars().count();
        if chars >= low && chars + more > high {
            break;
        }
        text.push_str(&sentence);
        chars += more;
    }
    text.chars().take(high).collect()
}

fn expand(dice: &mut Dice, name: &str) -> String {
    let alternatives = GRAMMAR.get(name).map_or(&[][..], Vec::as_slice);
    let mut shown = String::new();
    let mut rest = if alternatives.is_empty() { "" } else { dice.pick(alternatives) };
    while let Some((before, after)) = rest.split_once('{') {
        shown.push_str(before);
        let (slot, after) = after.split_once('}').unwrap_or((after, ""));
        match slot {
            "n" => shown.push_str(&dice.between(2, 48).to_string()),
            "hour" => shown.push_str(&dice.between(8, 19).to_string()),
            "day" => shown.push_str(&dice.between(1, 28).to_string()),
            "month" => shown.push_str(&dice.between(1, 12).to_string()),
            "year" => shown.push_str(&dice.between(2016, 2024).to_string()),
            "digits" => shown.push_str(&dice.between(100_000, 999_999).to_string()),
            "model" => {
                shown.push_str(&format!("{}{}", dice.pick(&["FX-", "KD", "T", "HM-", "QS"]), dice.between(10, 980)))
            }
            _ => shown.push_str(&expand(dice, slot)),
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// The alternatives of every topic and slot.
static GRAMMAR: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut grammar: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut name = "";
    for line in include_str!("phrases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(slot) => name = slot,
            None => grammar.entry(name).or_default().push(line),
        }
    }
    grammar
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const TOPICS: [Topic; 7] =
        [Topic::History, Topic::Need, Topic::Plan, Topic::Note, Topic::Praise, Topic::Criticism, Topic::Measure];

    #[test]
    fn every_slot_is_in_the_grammar_and_every_entry_is_used() {
        let own = ["n", "hour", "day", "month", "year", "digits", "model"];
        let mut used: BTreeSet<&str> = ["title", "preference", "cancelled", "sentence"].into();
        used.extend(TOPICS.iter().flat_map(|topic| [topic.names().0, topic.names().1]));
        for alternatives in GRAMMAR.values() {
            for alternative in alternatives {
                for slot in alternative.split('{').skip(1) {
                    used.insert(slot.split_once('}').expect("a closed slot").0);
                }
            }
        }
        let entries: BTreeSet<&str> = GRAMMAR.keys().copied().chain(own).collect();
        assert_eq!(used, entries);
    }

    #[test]
    fn lengths_have_the_shares_of_the_domain_and_texts_hardly_repeat() {
        let mut dice = Dice::new(1, 1);
        let texts: Vec<String> = (0..4_000).map(|n| text(&mut dice, TOPICS[n % TOPICS.len()])).collect();
        let mut counted = [0_usize; 3];
        for text in &texts {
            let chars = text.chars().count();
            let place = LENGTHS.iter().position(|(_, (low, high))| (*low..=*high).contains(&chars));
            counted[place.unwrap_or_else(|| panic!("{chars} characters: {text}"))] += 1;
        }
        for (count, share) in counted.iter().zip([2_000_usize, 1_600, 400]) {
            assert!(count.abs_diff(share) < 150, "{counted:?}");
        }
        let longer: Vec<_> = texts.iter().filter(|text| text.chars().count() > 15).collect();
        assert_eq!(longer.iter().collect::<BTreeSet<_>>().len(), longer.len(), "no two longer texts are alike");
        assert!(texts.iter().collect::<BTreeSet<_>>().len() > 3_000);
    }
}
