//! How each step of the closed loop stands in a branch.

use std::collections::BTreeSet;

use records::LimitCode;
use rusqlite::Connection;
use serde::Serialize;
use store::StoreError;
use vocab::{DocId, Timestamp};

use crate::views::open::Around;
use crate::views::turn::next_turn;

/// What is asked of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixAsk {
    /// The instant.
    pub as_of: Timestamp,
    /// What the branch is called.
    pub branch: String,
    /// On a device, the documents with changes that no relay has.
    pub unshared: BTreeSet<DocId>,
}

/// A step of the closed loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 客户信息收集.
    Collect,
    /// 需求评估.
    Assess,
    /// 服务执行与监控.
    Execute,
    /// 客户反馈.
    Feedback,
    /// 持续改进.
    Improve,
}

impl Stage {
    /// Every step, in order.
    pub const ALL: [Stage; 5] = [Stage::Collect, Stage::Assess, Stage::Execute, Stage::Feedback, Stage::Improve];

    /// The code in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Stage::Collect => "collect",
            Stage::Assess => "assess",
            Stage::Execute => "execute",
            Stage::Feedback => "feedback",
            Stage::Improve => "improve",
        }
    }

    /// The step that a limit belongs to.
    #[must_use]
    pub const fn of(code: LimitCode) -> Stage {
        use LimitCode::*;
        match code {
            L1 | L2 => Stage::Collect,
            L3 | L4 => Stage::Assess,
            L5 | L6 | L13 | L14 | L15 => Stage::Execute,
            L8 | L9 | L12 | L20 => Stage::Feedback,
            L7 | L10 | L11 | L16 | L17 | L18 | L19 => Stage::Improve,
        }
    }
}

/// How a step is doing, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Something of high urgency is overdue, or a tenth of what is open.
    Red,
    /// Something is overdue or soon will be.
    Amber,
    /// Something is open.
    Green,
    /// Nothing is open.
    Grey,
}

impl Colour {
    /// The letter that says the same without colour.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Colour::Red => "R",
            Colour::Amber => "A",
            Colour::Green => "G",
            Colour::Grey => "-",
        }
    }
}

/// Branches and their steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// The instant.
    pub as_of: Timestamp,
    /// One branch as [`matrix`] makes it; the relay puts the branches of several together.
    pub branches: Vec<MatrixBranch>,
}

/// A branch and its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixBranch {
    /// What the branch is called.
    pub branch: String,
    /// Its steps, in the order of the loop.
    pub steps: Vec<MatrixStep>,
}

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixStep {
    /// Which.
    pub step: Stage,
    /// What is open and not soon due.
    pub open: u64,
    /// What is soon due.
    pub soon: u64,
    /// What is overdue.
    pub overdue: u64,
    /// What is overdue and of high urgency.
    pub high_overdue: u64,
    /// How that looks.
    pub colour: Colour,
    /// The same as a letter: colour never stands alone.
    pub letter: &'static str,
}

impl MatrixStep {
    /// A step of which so much is open, soon due, overdue, and overdue with high urgency.
    #[must_use]
    pub const fn new(step: Stage, open: u64, soon: u64, overdue: u64, high_overdue: u64) -> Self {
        let all = open + soon + overdue;
        let colour = if all == 0 {
            Colour::Grey
        } else if high_overdue > 0 || (overdue > 0 && overdue * 10 >= all) {
            Colour::Red
        } else if overdue > 0 || soon > 0 {
            Colour::Amber
        } else {
            Colour::Green
        };
        MatrixStep { step, open, soon, overdue, high_overdue, colour, letter: colour.letter() }
    }
}

/// The steps of one branch at an instant.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn matrix(conn: &Connection, ask: &MatrixAsk) -> Result<Matrix, StoreError> {
    counted(&Around::new(conn, ask.as_of, &ask.unshared)?, ask)
}

/// The steps of one branch at an instant, and until when they hold while no row changes: from that instant on and before this one
/// they are the same. Nothing where that would take long to find, as of an instant of the past, or where documents wait to be
/// shared.
///
/// # Errors
/// Any [`StoreError`] of reading.
pub fn matrix_until(conn: &Connection, ask: &MatrixAsk) -> Result<(Matrix, Option<Timestamp>), StoreError> {
    let around = Around::new(conn, ask.as_of, &ask.unshared)?;
    let matrix = counted(&around, ask)?;
    let until = if ask.unshared.is_empty() { next_turn(conn, &around, ask.as_of)? } else { None };
    Ok((matrix, until))
}

fn counted(around: &Around<'_>, ask: &MatrixAsk) -> Result<Matrix, StoreError> {
    let mut counts = around.counts()?;
    around.tally_recurring(&mut counts)?;
    let steps = Stage::ALL.map(|stage| {
        let mut of_stage = [0; 4];
        for (_, of_code) in counts.iter().filter(|(code, _)| Stage::of(**code) == stage) {
            of_stage.iter_mut().zip(of_code).for_each(|(sum, count)| *sum += count);
        }
        let [open, soon, overdue, high_overdue] = of_stage;
        MatrixStep::new(stage, open, soon, overdue, high_overdue)
    });
    let branch = MatrixBranch { branch: ask.branch.clone(), steps: steps.into() };
    Ok(Matrix { as_of: ask.as_of, branches: vec![branch] })
}
