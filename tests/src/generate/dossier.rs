//! One customer and a year of work for it.

use std::collections::BTreeMap;

use vocab::{Author, Role, Timestamp};

use super::branch::Branch;
use super::dice::Dice;
use super::entries::{assessment, customer, feedback, task};
use super::hours::{DAY_MINUTES, MINUTE_MS, YEAR_END, at_work, minutes_later, working_minute};

/// Values by field name, each in its canonical text.
pub type Texts = BTreeMap<&'static str, String>;

/// What a person wrote down: a record at the moment it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The id on paper: `CUST01000001`.
    pub legacy_id: String,
    /// When it was written.
    pub at: Timestamp,
    /// By whom.
    pub by: Author,
    /// The fields a person fills in.
    pub fields: Texts,
}

/// Something that happened to a record afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Author,
    /// What.
    pub act: Act,
}

/// What can happen to assessments, tasks and feedback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The assessment was approved.
    Approve,
    /// The task was given to a person.
    Assign(String),
    /// Work on the task began.
    Start,
    /// A note on the task.
    Note(String),
    /// The task will be late: the new estimate.
    Delay(Timestamp),
    /// Another person takes the task.
    Reassign(String),
    /// The work is done.
    Done,
    /// The customer signed for it, on site: the signer.
    Sign(String),
    /// The finished work was looked at.
    Review,
    /// The task was given up, and why.
    Cancel(String),
    /// The feedback was acted upon: the measure.
    Handle(String),
    /// The feedback was filed.
    Archive,
}

/// 客户信息记录表.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The record.
    pub entry: Entry,
    /// The legacy id of the customer this one repeats, typed in twice.
    pub duplicate_of: Option<String>,
}

/// 服务需求评估表.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The record.
    pub entry: Entry,
    /// Its approval, unless still waiting.
    pub steps: Vec<Step>,
}

/// 服务执行跟踪表.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The record.
    pub entry: Entry,
    /// Place of its assessment in the dossier.
    pub assessment: usize,
    /// In the order they happened.
    pub steps: Vec<Step>,
}

/// 客户反馈表.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The record.
    pub entry: Entry,
    /// Place of its task in the dossier.
    pub task: usize,
    /// Handled, archived.
    pub steps: Vec<Step>,
}

/// One customer and everything done for it in the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// The customer.
    pub customer: Customer,
    /// By the time they were raised.
    pub assessments: Vec<Assessment>,
    /// By assessment.
    pub tasks: Vec<Task>,
    /// By task.
    pub feedback: Vec<Feedback>,
}

/// Shares of the grades in percent, and the tasks a customer of that grade has in a year.
const GRADES: [(u64, (&str, u64)); 4] =
    [(5, ("vip", 40)), (15, ("core", 18)), (20, ("potential", 4)), (60, ("normal", 4))];

impl Dossier {
    pub(super) fn draw(branch: &Branch, index: u64) -> Dossier {
        let (mut dice, is_repeated) = begin(branch, index);
        if is_repeated {
            return Dossier::repeated(branch, index, &mut dice);
        }
        let (grade, tasks_mean) = dice.weighted(&GRADES);
        let customer = customer(branch, index, grade, &mut dice);
        let mut dossier = Dossier { customer, assessments: Vec::new(), tasks: Vec::new(), feedback: Vec::new() };
        dossier.draw_work(branch, index, tasks_of_year(&mut dice, tasks_mean), &mut dice);
        dossier
    }

    fn repeated(branch: &Branch, index: u64, dice: &mut Dice) -> Dossier {
        let mut original = dice.below(index);
        let mut first = begin(branch, original);
        while first.1 {
            original -= 1;
            first = begin(branch, original);
        }
        let mut first = first.0;
        let (grade, _) = first.weighted(&GRADES);
        let mut customer = customer(branch, original, grade, &mut first);
        let entry = &mut customer.entry;
        customer.duplicate_of = Some(std::mem::replace(&mut entry.legacy_id, legacy(branch, "CUST", index, None)));
        entry.at = working_minute(dice, entry.at, YEAR_END);
        entry.by = branch.anyone(dice, Role::Hotline);
        if let Some(history) = entry.fields.get_mut("history") {
            history.push_str(dice.pick(&["（重录）", "。", "等", "，已核对", ""]));
        }
        Dossier { customer, assessments: Vec::new(), tasks: Vec::new(), feedback: Vec::new() }
    }

    fn draw_work(&mut self, branch: &Branch, index: u64, tasks: u64, dice: &mut Dice) {
        // Four assessments for five tasks: some needs take a second visit.
        let assessments = (tasks * 4).div_ceil(5);
        let mut raised: Vec<_> =
            (0..assessments).map(|_| working_minute(dice, self.customer.entry.at, YEAR_END)).collect();
        raised.sort_unstable();
        for (place, at) in raised.into_iter().enumerate() {
            let number = place as u64;
            let assessment = assessment(branch, legacy(branch, "REQ", index, Some(number)), at, dice);
            let approved = assessment.steps.first().map(|step| step.at);
            self.assessments.push(assessment);
            let first = number * tasks / assessments;
            let end = (number + 1) * tasks / assessments;
            for (task, number) in (first..end).enumerate() {
                let Some(approved) = approved else { continue };
                let after =
                    minutes_later(approved, dice, 10, 600).plus_millis(task as i64 * 3 * DAY_MINUTES * MINUTE_MS);
                let after = at_work(after);
                if after < YEAR_END {
                    self.draw_task(branch, place, legacy(branch, "EXEC", index, Some(number)), after, dice);
                }
            }
        }
    }

    fn draw_task(&mut self, branch: &Branch, assessment: usize, legacy_id: String, at: Timestamp, dice: &mut Dice) {
        let mut task = task(branch, assessment, &self.customer.entry.fields["name"], legacy_id.clone(), at, dice);
        task.steps.retain(|step| step.at < YEAR_END);
        let done = task.steps.iter().find(|step| step.act == Act::Done).cloned();
        self.tasks.push(task);
        // 30 % of all tasks; those not done by the end of the year have none, hence a little more of the others.
        if let Some(done) = done
            && dice.chance(312)
        {
            let received = at_work(minutes_later(done.at, dice, 60, 3 * 24 * 60));
            if received < YEAR_END {
                let legacy_id = legacy_id.replacen("EXEC", "FB", 1);
                self.feedback.push(feedback(branch, self.tasks.len() - 1, legacy_id, received, &done.by, dice));
            }
        }
    }
}

/// The stream of one dossier, and whether its customer is one typed in before: 1.5 % are, and no work follows for them.
fn begin(branch: &Branch, index: u64) -> (Dice, bool) {
    let mut dice = Dice::new(branch.seed, u64::from(branch.number) << 32 | index);
    let is_repeated = dice.chance(15) && index > 0;
    (dice, is_repeated)
}

pub(super) fn legacy(branch: &Branch, prefix: &str, index: u64, number: Option<u64>) -> String {
    let number = number.map(|number| format!("{:03}", number + 1)).unwrap_or_default();
    format!("{prefix}{:02}{:06}{number}", branch.number, index + 1)
}

/// Half to one and a half times the mean; one customer in a hundred has five times that, which the mean already counts.
fn tasks_of_year(dice: &mut Dice, mean: u64) -> u64 {
    let often = if dice.chance(10) { 5 } else { 1 };
    let thousandths = mean * often * dice.between(500, 1_500) * 1_000 / 1_040;
    thousandths / 1_000 + u64::from(dice.chance(thousandths % 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Operation, YEAR_MS, YEAR_START};

    fn year() -> Vec<Dossier> {
        Branch::of_customers(42, 6_000).dossiers().collect()
    }

    fn share(count: usize, of: usize) -> f64 {
        count as f64 / of as f64
    }

    #[test]
    fn a_dossier_is_the_same_whether_drawn_alone_or_with_the_others() {
        let branch = Branch::of_customers(3, 50);
        let all: Vec<_> = branch.dossiers().collect();
        assert_eq!(branch.dossier(37), all[37]);
        assert_ne!(Branch::of_customers(4, 50).dossier(37), all[37]);
        assert_ne!(Branch { number: 2, ..branch }.dossier(37), all[37]);
    }

    #[test]
    fn the_year_has_the_shares_of_the_domain() {
        let year = year();
        let within = |what: &str, found: f64, low: f64, high: f64| {
            assert!((low..=high).contains(&found), "{what}: {found:.4} is not in {low}..={high}");
        };
        for (percent, (grade, mean)) in GRADES {
            let of: Vec<_> = year.iter().filter(|dossier| dossier.customer.entry.fields["grade"] == grade).collect();
            within(grade, share(of.len() * 100, year.len()), percent as f64 * 0.85, percent as f64 * 1.15);
            let tasks: usize = of.iter().map(|dossier| dossier.tasks.len()).sum();
            within(grade, share(tasks, of.len()), mean as f64 * 0.85, mean as f64 * 1.1);
        }
        let repeated = year.iter().filter(|dossier| dossier.customer.duplicate_of.is_some()).count();
        within("duplicates", share(repeated, year.len()), 0.010, 0.020);

        let tasks: Vec<_> = year.iter().flat_map(|dossier| &dossier.tasks).collect();
        let assessments: usize = year.iter().map(|dossier| dossier.assessments.len()).sum();
        let feedback: Vec<_> = year.iter().flat_map(|dossier| &dossier.feedback).collect();
        within("assessments a task", share(assessments, tasks.len()), 0.78, 0.90);
        within("feedback a task", share(feedback.len(), tasks.len()), 0.28, 0.32);
        let with =
            |is: fn(&Act) -> bool| tasks.iter().filter(|task| task.steps.iter().any(|step| is(&step.act))).count();
        within("delayed", share(with(|act| matches!(act, Act::Delay(_))), tasks.len()), 0.105, 0.13);
        within("reassigned", share(with(|act| matches!(act, Act::Reassign(_))), tasks.len()), 0.035, 0.045);
        within("cancelled", share(with(|act| matches!(act, Act::Cancel(_))), tasks.len()), 0.025, 0.035);
        let events: usize = tasks.iter().map(|task| task.steps.len()).sum();
        within("events a task", share(events, tasks.len()), 6.5, 7.5);
        for (score, percent) in [("1", 3.0), ("2", 5.0), ("3", 17.0), ("4", 45.0), ("5", 30.0)] {
            let of = feedback.iter().filter(|feedback| feedback.entry.fields["score"] == score).count();
            within(score, share(of * 100, feedback.len()), percent * 0.85, percent * 1.15);
        }
        let often = year.iter().filter(|dossier| dossier.tasks.len() > 60).count();
        assert!(often > 0, "some customers call five times as often");
    }

    #[test]
    fn a_duplicate_repeats_a_customer_that_exists() {
        let year = year();
        for customer in year.iter().map(|dossier| &dossier.customer) {
            let Some(original) = &customer.duplicate_of else { continue };
            let original = &year.iter().find(|dossier| dossier.customer.entry.legacy_id == *original).unwrap().customer;
            assert_eq!(original.duplicate_of, None);
            for field in ["name", "channel", "preference", "grade"] {
                assert_eq!(customer.entry.fields[field], original.entry.fields[field]);
            }
            assert!(customer.entry.fields["history"].starts_with(&original.entry.fields["history"]));
            assert_ne!(customer.entry.legacy_id, original.entry.legacy_id);
        }
    }

    #[test]
    fn operations_are_in_order_within_the_year_and_never_touch_what_is_not_there_yet() {
        for dossier in Branch::of_customers(5, 500).dossiers() {
            let mut made = std::collections::BTreeSet::new();
            let mut last = YEAR_START;
            for operation in dossier.operations() {
                assert!(last <= operation.at() && operation.at() < YEAR_END, "{operation:?}");
                last = operation.at();
                match operation {
                    Operation::Create { subject, parent, .. } => {
                        assert!(parent.is_none_or(|parent| made.contains(&parent)));
                        assert!(made.insert(subject));
                    }
                    Operation::Step { subject, .. } => assert!(made.contains(&subject)),
                }
            }
        }
    }

    #[test]
    fn work_is_spread_over_the_year() {
        let mut months = [0_usize; 13];
        for dossier in Branch::of_customers(6, 1_000).dossiers() {
            for operation in dossier.operations() {
                months[usize::try_from((operation.at().millis() - YEAR_START.millis()) / (YEAR_MS / 12)).unwrap()] += 1;
            }
        }
        let all: usize = months.iter().sum();
        assert!(months[..12].iter().all(|month| (0.03..0.14).contains(&share(*month, all))), "{months:?}");
    }
}
