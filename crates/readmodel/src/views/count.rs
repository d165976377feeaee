//! Figures as they are counted: whole numbers, each with how many it was counted from.

use serde::Serialize;
use vocab::Month;

/// Most months that one question looks back over: three years.
pub const MONTHS_BACK_MAX: u32 = 36;

/// Months that figures and the funnel show before the one asked about, unless asked otherwise: a quarter together. Devices and the
/// relay take the same, so that the same question gets the same answer.
pub const MONTHS_BACK_DEFAULT: u32 = 2;

const MINUTE_MS: i64 = 60_000;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// How many.
    pub n: u64,
    /// Of how many.
    pub of: u64,
}

/// A mean, as what it is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Mean {
    /// How many values.
    pub n: u64,
    /// What they add up to.
    pub sum: i64,
}

/// A median.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Median {
    /// How many values.
    pub n: u64,
    /// The one in the middle, of an even number the mean of the two in the middle, rounded down; nothing without any.
    pub median: Option<i64>,
}

impl Rate {
    /// Counts one more of those looked at, and whether it is one of those looked for.
    pub(crate) fn count(&mut self, is_one: bool) {
        self.n += u64::from(is_one);
        self.of += 1;
    }

    pub(crate) fn add(&mut self, n: u64, of: u64) {
        self.n += n;
        self.of += of;
    }
}

impl Mean {
    pub(crate) fn count(&mut self, value: i64) {
        self.n += 1;
        self.sum += value;
    }
}

/// The median of durations in milliseconds, in whole minutes rounded down.
pub(crate) fn median_minutes(mut durations: Vec<i64>) -> Option<i64> {
    durations.sort_unstable();
    let upper = *durations.get(durations.len() / 2)?;
    let lower = durations[(durations.len() - 1) / 2];
    Some((lower + upper) / 2 / MINUTE_MS)
}

/// The months from so many before `last` up to it, oldest first.
pub(crate) fn months(last: Month, back: u32) -> impl Iterator<Item = Month> {
    (0..=back.min(MONTHS_BACK_MAX)).rev().map(move |back| last.back(back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_is_the_mean_of_two() {
        let minutes = |minutes: &[i64]| median_minutes(minutes.iter().map(|minute| minute * MINUTE_MS).collect());
        assert_eq!(minutes(&[]), None);
        assert_eq!(minutes(&[7]), Some(7));
        assert_eq!(minutes(&[9, 1, 3]), Some(3));
        assert_eq!(minutes(&[4, 1, 9, 3]), Some(3), "three and a half, rounded down");
    }

    #[test]
    fn months_are_told_oldest_first_and_not_without_end() {
        let last: Month = "2026-02".parse().unwrap();
        let told: Vec<String> = months(last, 2).map(|month| month.to_string()).collect();
        assert_eq!(told, ["2025-12", "2026-01", "2026-02"]);
        assert_eq!(months(last, u32::MAX).count(), MONTHS_BACK_MAX as usize + 1);
    }
}
