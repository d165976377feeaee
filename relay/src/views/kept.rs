//! Answers that hold for a while, kept: the steps of each branch, of which an organisation's matrix is made.
//!
//! An answer is kept with what tells the rows it was made of from any others ([`views::mark`](crate::views::mark)), and with the
//! instants between which those rows give it. Whoever asks reads that mark in the same snapshot as the rows, so an answer that
//! is given is the one that would be worked out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use readmodel::views::{Matrix, MatrixAsk, MatrixBranch, MatrixStep, matrix_until};
use rusqlite::Connection;
use store::StoreError;
use vocab::{BranchId, Timestamp};

use crate::views::mark;

/// The steps of each branch as they were worked out last: one answer for each.
#[derive(Default)]
pub(crate) struct Kept(Mutex<BTreeMap<BranchId, Steps>>);

struct Steps {
    mark: Vec<u8>,
    from: Timestamp,
    until: Timestamp,
    steps: Vec<MatrixStep>,
}

impl Kept {
    /// What [`readmodel::views::matrix`] answers, from the rows of `branch`.
    ///
    /// # Errors
    /// Any [`StoreError`] of reading.
    pub(crate) fn matrix(&self, branch: BranchId, rows: &Connection, ask: &MatrixAsk) -> Result<Matrix, StoreError> {
        let snapshot = rows.unchecked_transaction()?;
        let mark = mark(&snapshot)?;
        if let Some(steps) = self.steps(branch, &mark, ask) {
            let branches = vec![MatrixBranch { branch: ask.branch.clone(), steps }];
            return Ok(Matrix { as_of: ask.as_of, branches });
        }
        let (matrix, until) = matrix_until(&snapshot, ask)?;
        if let (Some(until), [of_branch]) = (until, &matrix.branches[..]) {
            let steps = Steps { mark, from: ask.as_of, until, steps: of_branch.steps.clone() };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(branch, steps);
        }
        Ok(matrix)
    }

    fn steps(&self, branch: BranchId, mark: &[u8], ask: &MatrixAsk) -> Option<Vec<MatrixStep>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |kept: &&Steps| {
            kept.mark == mark && (kept.from..kept.until).contains(&ask.as_of) && ask.unshared.is_empty()
        };
        kept.get(&branch).filter(held).map(|kept| kept.steps.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use readmodel::views::matrix;
    use records::{COMPLAINT, CUSTOMER, Dossier, Fields, Value, View};
    use vocab::{Actor, Author, DeviceCode, DocId, Epoch, Position, RecordId, Role};

    use crate::Settings;
    use crate::views::{Rows, Views};

    const BRANCH: BranchId = BranchId::from_bytes([1; 16]);
    const HOUR_MS: i64 = 3_600_000;

    fn start() -> Timestamp {
        "2026-03-02T01:00:00Z".parse().unwrap()
    }

    /// A customer with a complaint.
    fn dossier(number: u8) -> (DocId, View) {
        let id = |prefix| RecordId::new(prefix, &DeviceCode::enrolled(1), u64::from(number));
        let author = Author { staff: "王*".parse().unwrap(), role: Role::Supervisor };
        let fields = |entries: &[(&'static str, &str)]| -> Fields {
            entries.iter().map(|(name, value)| (*name, Value::from(*value))).collect()
        };
        let mut dossier = Dossier::create();
        dossier
            .edit(&author, start(), &Actor::from_bytes([7; 16]), |edit| {
                let customer = fields(&[("name", "*先生"), ("channel", "phone"), ("grade", "vip")]);
                edit.create(&CUSTOMER, &id("CUST"), None, customer)?;
                let content =
                    [("channel", "phone"), ("complainant", "张*"), ("content", "等候"), ("severity", "critical")];
                edit.create(&COMPLAINT, &id("COMP"), None, fields(&content))
            })
            .unwrap();
        (DocId::from_random([number; 16]), dossier.read())
    }

    fn put(rows: &mut Rows, number: u8) {
        let (doc, view) = dossier(number);
        rows.put(std::iter::once((doc, &view)), Position::new(u64::from(number))).unwrap();
    }

    fn ask(as_of: Timestamp) -> MatrixAsk {
        MatrixAsk { as_of, branch: "上海网点".to_owned(), unshared: BTreeSet::new() }
    }

    struct Site {
        _dir: tempfile::TempDir,
        settings: Settings,
        rows: Rows,
        reader: Connection,
        kept: Kept,
    }

    impl Site {
        fn new() -> Site {
            let dir = tempfile::tempdir().unwrap();
            let settings = Settings::new(dir.path());
            let views = Views::new(settings.clone());
            let rows = views.rows(BRANCH, Epoch::from_bytes([2; 16]), Position::new(9)).unwrap();
            let reader = Connection::open(views.path(BRANCH)).unwrap();
            Site { _dir: dir, settings, rows, reader, kept: Kept::default() }
        }

        /// Whether the answer at an instant was kept; it is the one that is worked out anew.
        fn asked(&self, as_of: Timestamp) -> bool {
            let was_kept = self.kept.steps(BRANCH, &mark(&self.reader).unwrap(), &ask(as_of)).is_some();
            let answer = self.kept.matrix(BRANCH, &self.reader, &ask(as_of)).unwrap();
            assert_eq!(answer, matrix(&self.reader, &ask(as_of)).unwrap(), "at {as_of}, kept: {was_kept}");
            was_kept
        }
    }

    #[test]
    fn an_answer_is_kept_until_something_is_due_and_is_the_one_that_is_worked_out() {
        let mut site = Site::new();
        put(&mut site.rows, 1);
        let quarters = (0..4 * 24 * 10).map(|quarter| start().plus_millis(quarter * HOUR_MS / 4));
        let kept: Vec<bool> = quarters.map(|as_of| site.asked(as_of)).collect();
        let count = kept.iter().filter(|kept| **kept).count();
        assert!(count > kept.len() / 2 && count < kept.len() - 10, "{count} of {} were kept", kept.len());
        assert!(!site.asked(start()), "of an instant before those it was worked out for nothing is kept");
    }

    #[test]
    fn what_is_written_is_in_the_next_answer() {
        let mut site = Site::new();
        let now = start().plus_millis(HOUR_MS);
        assert!(!site.asked(now) && site.asked(now), "the control: nothing is written in between");
        for number in 1..4 {
            put(&mut site.rows, number);
            assert!(!site.asked(now) && site.asked(now));
        }
        site.rows.remove(std::iter::once(dossier(2).0)).unwrap();
        assert!(!site.asked(now) && site.asked(now));
        // As a command does that erases while the relay serves.
        let elsewhere = Views::new(site.settings.clone());
        elsewhere.erase(BRANCH, dossier(1).0, Epoch::from_bytes([2; 16]), Position::new(9)).unwrap();
        assert!(!site.asked(now) && site.asked(now));
    }
}
