//! What a session wants done, with commits that follow each other at once made one.
//!
//! A commit costs the disk the same however little is in it, and a link that has not shown yet what it bears brings little at a
//! time. So a driver that has several commits before it performs them as one transaction, and gives the session all their
//! answers. Whoever drives an [`Engine`](crate::Engine) takes effects from here; a crash loses them with the session.

use sync::{DeviceEffect, DeviceSession};

/// The effects of a session, in its order.
#[derive(Debug, Default)]
pub struct Effects {
    /// Polled to see whether it is a commit too.
    next: Option<DeviceEffect>,
}

/// An effect to be performed, and how many of the session's own it stands for.
#[derive(Debug, PartialEq)]
pub struct Together {
    /// What to do.
    pub effect: DeviceEffect,
    /// How many answers the session waits for.
    pub count: u32,
}

impl From<DeviceEffect> for Together {
    fn from(effect: DeviceEffect) -> Together {
        Together { effect, count: 1 }
    }
}

impl Effects {
    /// The next effect by itself.
    pub fn next(&mut self, session: &mut DeviceSession) -> Option<DeviceEffect> {
        self.next.take().or_else(|| session.poll_effect())
    }

    /// The next effect; a commit with those that follow it at once: small frames of a link that has not shown yet what it bears,
    /// or those that came while the last commit was written.
    pub fn next_together(&mut self, session: &mut DeviceSession) -> Option<Together> {
        let first = self.next(session)?;
        Some(self.join(first, || session.poll_effect()))
    }

    fn join(&mut self, first: DeviceEffect, mut poll: impl FnMut() -> Option<DeviceEffect>) -> Together {
        let DeviceEffect::Commit { mut arrivals, mut cursor, mut owed, mut ahead } = first else {
            return first.into();
        };
        let mut count = 1;
        while let Some(effect) = poll() {
            let DeviceEffect::Commit { arrivals: more, cursor: later, owed: instead, ahead: highest } = effect else {
                self.next = Some(effect);
                break;
            };
            count += 1;
            arrivals.extend(more);
            cursor = later.or(cursor);
            owed = instead.or(owed);
            ahead = highest;
        }
        Together { effect: DeviceEffect::Commit { arrivals, cursor, owed, ahead }, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync::{Arrival, Form};
    use vocab::{Cursor, DocId, Position};

    fn commit(number: u8, cursor: Option<Cursor>) -> DeviceEffect {
        let arrival = Arrival { doc: DocId::from_bytes([number; 16]), form: Form::Changes(Vec::new()) };
        let ahead = Position::new(u64::from(number));
        DeviceEffect::Commit { arrivals: vec![arrival], cursor, owed: None, ahead }
    }

    #[test]
    fn commits_that_follow_each_other_are_one_and_what_follows_them_waits() {
        let at = |position| Some(Cursor::at(Position::new(position)));
        let mut later = vec![DeviceEffect::ReadBook, commit(3, None), commit(2, at(2))];
        let mut effects = Effects::default();
        let all = effects.join(commit(1, at(1)), || later.pop());
        assert_eq!((all.count, effects.next, later.len()), (3, Some(DeviceEffect::ReadBook), 0));
        let DeviceEffect::Commit { arrivals, cursor, owed, ahead } = all.effect else { panic!("a commit") };
        let docs: Vec<u8> = arrivals.iter().map(|arrival| arrival.doc.as_bytes()[0]).collect();
        assert_eq!((docs, cursor, owed, ahead), (vec![1, 2, 3], at(2), None, Position::new(3)));
    }

    #[test]
    fn anything_else_stands_alone() {
        let mut effects = Effects::default();
        let read = effects.join(DeviceEffect::ReadBook, || panic!("nothing is polled beyond it"));
        assert_eq!(read, DeviceEffect::ReadBook.into());
    }
}
