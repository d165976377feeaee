//! Which positions of the feed a device wrote itself in this session.

use std::collections::{BTreeMap, BTreeSet};

use vocab::Position;

/// How many separate stretches are remembered; what exceeds them is sent back to the device, which is harmless.
const STRETCHES_MAX: usize = 4_096;

/// How many positions are named to the store at a time; further ones are sent back likewise.
const NAMED_MAX: usize = 16_384;

/// Stretches of positions, merged where they meet.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// From the position before each stretch to its last.
    stretches: BTreeMap<Position, Position>,
}

impl Own {
    /// Adds the positions after `before`, up to `last`.
    pub(super) fn add(&mut self, before: Position, last: Position) {
        if last <= before {
            return;
        }
        let (mut before, mut last) = (before, last);
        // Those that begin within or where this one ends, and the one that reaches into it.
        while let Some((start, end)) = self.stretches.range(..=last).next_back().map(|(start, end)| (*start, *end))
            && end >= before
        {
            self.stretches.remove(&start);
            before = before.min(start);
            last = last.max(end);
        }
        if self.stretches.len() < STRETCHES_MAX {
            self.stretches.insert(before, last);
        }
    }

    pub(super) fn contains(&self, position: Position) -> bool {
        self.stretches.range(..position).next_back().is_some_and(|(_, last)| *last >= position)
    }

    /// Where the stretch that begins right after `position` ends; `position` itself when there is none.
    pub(super) fn after(&self, position: Position) -> Position {
        let reach = self.stretches.range(..=position).next_back().map(|(_, last)| *last);
        reach.unwrap_or(position).max(position)
    }

    /// Forgets everything at or before `position`.
    pub(super) fn forget(&mut self, position: Position) {
        let last = self.after(position);
        let later = self.stretches.split_off(&position);
        self.stretches = later;
        if last > position {
            self.stretches.insert(position, last);
        }
    }

    /// The first positions, to be named to the store.
    pub(super) fn named(&self) -> BTreeSet<Position> {
        let positions = self.stretches.iter().flat_map(|(before, last)| before.get() + 1..=last.get());
        positions.take(NAMED_MAX).map(Position::new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stretches_are_the_positions_that_were_added(
            added in prop::collection::vec((0_u64..60, 0_u64..8), 0..20),
            forgotten in 0_u64..60,
        ) {
            let mut own = Own::default();
            let mut model = BTreeSet::new();
            for (before, len) in added {
                own.add(Position::new(before), Position::new(before + len));
                model.extend((before + 1..=before + len).map(Position::new));
            }
            prop_assert_eq!(&own.named(), &model);
            own.forget(Position::new(forgotten));
            model = model.split_off(&Position::new(forgotten + 1));
            prop_assert_eq!(&own.named(), &model);
            let mut end = forgotten;
            while model.contains(&Position::new(end + 1)) {
                end += 1;
            }
            prop_assert_eq!(own.after(Position::new(forgotten)), Position::new(end));
            for position in 0..80 {
                let position = Position::new(position);
                prop_assert_eq!(own.contains(position), model.contains(&position));
            }
        }
    }
}
