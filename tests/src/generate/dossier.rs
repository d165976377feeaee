//! One customer and a year of work for it.

use std::collections::BTreeMap;

use vocab::{Author, Role, Timestamp};

use super::branch::{Branch, YEAR_MS, YEAR_START, customer_name};
use super::dice::Dice;
use super::phrases::{self, Topic};

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

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
const YEAR_END: Timestamp = YEAR_START.plus_millis(YEAR_MS);

/// Shares of the grades in percent, and the tasks a customer of that grade has in a year.
const GRADES: [(u64, (&str, u64)); 4] =
    [(5, ("vip", 40)), (15, ("core", 18)), (20, ("potential", 4)), (60, ("normal", 4))];

fn minutes_later(at: Timestamp, dice: &mut Dice, low: u64, high: u64) -> Timestamp {
    at.plus_millis(i64::try_from(dice.between(low, high)).unwrap_or_default() * MINUTE_MS)
}

/// A minute of working time (08:30 to 17:30 in China, which is 00:30 to 09:30 UTC) between two instants.
fn working_minute(dice: &mut Dice, from: Timestamp, until: Timestamp) -> Timestamp {
    let first = (from.millis() - YEAR_START.millis()) / (DAY_MINUTES * MINUTE_MS);
    let last = ((until.millis() - YEAR_START.millis()) / (DAY_MINUTES * MINUTE_MS)).clamp(first + 1, 365);
    let mut day = first + i64::try_from(dice.below(u64::try_from(last - first).unwrap_or(1))).unwrap_or_default();
    // The year starts on a Wednesday; work found on a weekend was done on the Friday before, or the Monday after.
    let weekday = (day + 2) % 7;
    if weekday == 5 && day > first {
        day -= 1;
    } else if weekday >= 5 {
        day += 7 - weekday;
    }
    let minute = 30 + i64::try_from(dice.below(9 * 60)).unwrap_or_default();
    let drawn = YEAR_START.plus_millis((day * DAY_MINUTES + minute) * MINUTE_MS);
    drawn.max(from)
}

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
            let received = minutes_later(done.at, dice, 60, 3 * 24 * 60);
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

fn legacy(branch: &Branch, prefix: &str, index: u64, number: Option<u64>) -> String {
    let number = number.map(|number| format!("{:03}", number + 1)).unwrap_or_default();
    format!("{prefix}{:02}{:06}{number}", branch.number, index + 1)
}

/// Half to one and a half times the mean; one customer in a hundred has five times that, which the mean already counts.
fn tasks_of_year(dice: &mut Dice, mean: u64) -> u64 {
    let often = if dice.chance(10) { 5 } else { 1 };
    let thousandths = mean * often * dice.between(500, 1_500) * 1_000 / 1_040;
    thousandths / 1_000 + u64::from(dice.chance(thousandths % 1_000))
}

fn customer(branch: &Branch, index: u64, grade: &'static str, dice: &mut Dice) -> Customer {
    // Most customers come in the first weeks, since the year of work counted here follows.
    let weeks = if dice.chance(900) { 4 } else { 40 };
    let at = working_minute(dice, YEAR_START, YEAR_START.plus_millis(weeks * 7 * DAY_MINUTES * MINUTE_MS));
    let channels = [
        (45, "phone"),
        (15, "email"),
        (15, "online_chat"),
        (12, "face_to_face"),
        (8, "web_form"),
        (4, "social_media"),
        (1, "complaint_box"),
    ];
    let mut tags = vec![
        dice.weighted(&[(20, "A"), (30, "B"), (50, "C")]),
        dice.weighted(&[(30, "医院"), (20, "药店"), (20, "批发"), (30, "终端用户")]),
    ];
    if dice.chance(500) {
        tags.push(dice.pick(&["初期", "成长", "衰退"]));
    }
    if dice.chance(400) {
        tags.push(dice.weighted(&[(60, "普通"), (25, "银卡"), (12, "金卡"), (3, "钻石")]));
    }
    let role = if dice.chance(600) { Role::Hotline } else { Role::Engineer };
    let by = branch.anyone(dice, role);
    let fields = Texts::from([
        ("name", customer_name(dice)),
        ("channel", dice.weighted(&channels).to_owned()),
        ("history", phrases::text(dice, Topic::History)),
        ("preference", phrases::preference(dice)),
        ("owner", if grade == "vip" || grade == "core" { by.staff.to_string() } else { "服务团队*".to_owned() }),
        ("grade", grade.to_owned()),
        ("tags", tags.join("、")),
    ]);
    Customer { entry: Entry { legacy_id: legacy(branch, "CUST", index, None), at, by, fields }, duplicate_of: None }
}

fn assessment(branch: &Branch, legacy_id: String, at: Timestamp, dice: &mut Dice) -> Assessment {
    let by = branch.anyone(dice, Role::Assessor);
    let minutes = dice.between(1, 16) * 30;
    let staff = dice.weighted(&[(70, 1_u64), (25, 2), (5, 3)]);
    let cost = if dice.chance(400) { dice.between(1, 400) * 500 } else { 0 };
    let scopes = [(15, "sales"), (40, "technical_support"), (30, "after_sales"), (10, "logistics"), (5, "other")];
    let fields = Texts::from([
        ("need", phrases::text(dice, Topic::Need)),
        ("urgency", dice.weighted(&[(20, "high"), (50, "medium"), (30, "low")]).to_owned()),
        ("scope", dice.weighted(&scopes).to_owned()),
        ("minutes", minutes.to_string()),
        ("staff", staff.to_string()),
        ("cost", cost.to_string()),
        ("assessor", by.staff.to_string()),
        ("plan", phrases::text(dice, Topic::Plan)),
    ]);
    let approved = minutes_later(at, dice, 30, 40 * 60);
    let approve = Step { at: approved, by: branch.person(Role::Supervisor, 0), act: Act::Approve };
    let steps = if approved < YEAR_END { vec![approve] } else { Vec::new() };
    Assessment { entry: Entry { legacy_id, at, by, fields }, steps }
}

fn task(branch: &Branch, assessment: usize, customer: &str, legacy_id: String, at: Timestamp, dice: &mut Dice) -> Task {
    let supervisor = branch.person(Role::Supervisor, 0);
    let engineer = branch.anyone(dice, Role::Engineer);
    let start = minutes_later(at, dice, 30, 2 * 24 * 60);
    let planned_minutes = dice.between(2, 12) * 30;
    let due = start.plus_millis(i64::try_from(planned_minutes).unwrap_or_default() * MINUTE_MS);
    let modes = [(25, "hotline"), (25, "remote"), (45, "onsite"), (5, "headquarters")];
    let fields = Texts::from([
        ("title", phrases::title(dice)),
        ("mode", dice.weighted(&modes).to_owned()),
        ("due_at", due.to_string()),
    ]);
    let assessor = branch.anyone(dice, Role::Assessor);
    let mut steps = vec![Step { at, by: assessor.clone(), act: Act::Assign(engineer.staff.to_string()) }];
    let mut worker = engineer;
    if dice.chance(40) {
        worker = branch.anyone(dice, Role::Engineer);
        let act = Act::Reassign(worker.staff.to_string());
        steps.push(Step { at: minutes_later(at, dice, 5, 25), by: supervisor.clone(), act });
    }
    if dice.chance(30) {
        let act = Act::Cancel(phrases::why_cancelled(dice));
        steps.push(Step { at: minutes_later(at, dice, 26, 2 * 24 * 60), by: supervisor, act });
        return Task { entry: Entry { legacy_id, at, by: assessor, fields }, assessment, steps };
    }
    steps.push(Step { at: start, by: worker.clone(), act: Act::Start });
    let notes = dice.between(1, 4);
    let late = dice.chance(120);
    let mut now = start;
    for note in 0..notes {
        now = minutes_later(now, dice, 5, (planned_minutes / (notes + 1)).max(6));
        steps.push(Step { at: now, by: worker.clone(), act: Act::Note(phrases::text(dice, Topic::Note)) });
        if late && note == 0 {
            now = minutes_later(now, dice, 1, 5);
            let estimate = minutes_later(due, dice, 60, 3 * 24 * 60);
            steps.push(Step { at: now, by: worker.clone(), act: Act::Delay(estimate) });
        }
    }
    let done = if late { minutes_later(due.max(now), dice, 20, 2 * 24 * 60) } else { minutes_later(now, dice, 1, 10) };
    steps.push(Step { at: done, by: worker.clone(), act: Act::Done });
    if fields["mode"] == "onsite" {
        let at = minutes_later(done, dice, 0, 4);
        steps.push(Step { at, by: worker, act: Act::Sign(customer.to_owned()) });
    }
    steps.push(Step { at: minutes_later(done, dice, 5, 90), by: supervisor, act: Act::Review });
    Task { entry: Entry { legacy_id, at, by: assessor, fields }, assessment, steps }
}

fn feedback(
    branch: &Branch,
    task: usize,
    legacy_id: String,
    at: Timestamp,
    worker: &Author,
    dice: &mut Dice,
) -> Feedback {
    let score = dice.weighted(&[(3, 1_u8), (5, 2), (17, 3), (45, 4), (30, 5)]);
    let content = phrases::text(dice, if score >= 4 { Topic::Praise } else { Topic::Criticism });
    let by = branch.anyone(dice, Role::Hotline);
    let fields = Texts::from([
        ("score", score.to_string()),
        ("text", content),
        ("owner", if dice.chance(500) { worker.staff.to_string() } else { by.staff.to_string() }),
    ]);
    let mut steps = Vec::new();
    if dice.chance(900) {
        let handled = minutes_later(at, dice, 60, 60 * 60);
        steps.push(Step { at: handled, by: by.clone(), act: Act::Handle(phrases::text(dice, Topic::Measure)) });
        if dice.chance(600) {
            steps.push(Step { at: minutes_later(handled, dice, 30, 10 * 60), by: by.clone(), act: Act::Archive });
        }
    }
    steps.retain(|step| step.at < YEAR_END);
    Feedback { entry: Entry { legacy_id, at, by, fields }, task, steps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Operation;

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
