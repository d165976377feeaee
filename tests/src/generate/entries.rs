//! One record of each kind and what happens to it.

use vocab::{Author, Role, Timestamp};

use super::branch::{Branch, YEAR_START, customer_name};
use super::dice::Dice;
use super::dossier::{Act, Assessment, Customer, Entry, Feedback, Step, Task, Texts, legacy};
use super::hours::{DAY_MINUTES, MINUTE_MS, YEAR_END, at_work, minutes_later, working_minute};
use super::phrases::{self, Topic};

pub(super) fn customer(branch: &Branch, index: u64, grade: &'static str, dice: &mut Dice) -> Customer {
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

pub(super) fn assessment(branch: &Branch, legacy_id: String, at: Timestamp, dice: &mut Dice) -> Assessment {
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
    let approved = at_work(minutes_later(at, dice, 30, 24 * 60));
    let approve = Step { at: approved, by: branch.person(Role::Supervisor, 0), act: Act::Approve };
    let steps = if approved < YEAR_END { vec![approve] } else { Vec::new() };
    Assessment { entry: Entry { legacy_id, at, by, fields }, steps }
}

pub(super) fn task(
    branch: &Branch,
    assessment: usize,
    customer: &str,
    legacy_id: String,
    at: Timestamp,
    dice: &mut Dice,
) -> Task {
    let supervisor = branch.person(Role::Supervisor, 0);
    let engineer = branch.anyone(dice, Role::Engineer);
    let start = at_work(minutes_later(at, dice, 30, 2 * 24 * 60));
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
    let done = if late {
        at_work(minutes_later(due.max(now), dice, 20, 2 * 24 * 60))
    } else {
        minutes_later(now, dice, 1, 10)
    };
    steps.push(Step { at: done, by: worker.clone(), act: Act::Done });
    if fields["mode"] == "onsite" {
        let at = minutes_later(done, dice, 0, 4);
        steps.push(Step { at, by: worker, act: Act::Sign(customer.to_owned()) });
    }
    steps.push(Step { at: minutes_later(done, dice, 5, 90), by: supervisor, act: Act::Review });
    Task { entry: Entry { legacy_id, at, by: assessor, fields }, assessment, steps }
}

pub(super) fn feedback(
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
        let handled = at_work(minutes_later(at, dice, 60, 48 * 60));
        steps.push(Step { at: handled, by: by.clone(), act: Act::Handle(phrases::text(dice, Topic::Measure)) });
        if dice.chance(600) {
            steps.push(Step {
                at: at_work(minutes_later(handled, dice, 30, 10 * 60)),
                by: by.clone(),
                act: Act::Archive,
            });
        }
    }
    steps.retain(|step| step.at < YEAR_END);
    Feedback { entry: Entry { legacy_id, at, by, fields }, task, steps }
}
