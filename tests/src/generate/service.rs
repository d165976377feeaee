//! What the four forms do not hold: inquiries, complaints, visits, care, orders and points of a customer, and the board of a
//! branch.
//!
//! Drawn from streams of their own, so that the forms of a seed stay what they are. Complaints and duplicates follow section 8 of
//! the domain, visits what the grades ask for (limits L16, L18 and L19). Of the others the domain gives no rates; ours: three
//! inquiries for ten tasks, an order for five with points for it, two greetings a year for VIP and core customers.

use records::{Fields, Value};
use vocab::{Author, DeviceCode, RecordId, Role, Timestamp};

use super::branch::{Branch, YEAR_START};
use super::dice::Dice;
use super::dossier::{Dossier, legacy};
use super::hours::{DAY_MINUTES, MINUTE_MS, YEAR_END, at_work, minutes_later, working_minute};
use super::operations::{Operation, Subject};
use super::phrases::{self, Topic};

const DAY_MS: i64 = DAY_MINUTES * MINUTE_MS;
const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

/// Tells these streams from those of the forms, which use the lower half of the numbers.
const STREAMS: u64 = 1 << 62;

impl Branch {
    /// The code of the device that writes dossier number `index`, counted from 0: each has one of its own, so that dossiers can be
    /// written in any order.
    #[must_use]
    pub fn device(&self, index: u64) -> DeviceCode {
        let number = u64::from(self.number) * 100_000 + index + 1;
        DeviceCode::enrolled(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// The customer of dossier number `index`, when it is written by its own device.
    #[must_use]
    pub fn customer(&self, index: u64) -> RecordId {
        RecordId::new("CUST", &self.device(index), 1)
    }

    /// Everything done for the customer of dossier number `index`, by authored time: the forms and the rest.
    #[must_use]
    pub fn operations(&self, index: u64) -> Vec<Operation> {
        let dossier = self.dossier(index);
        let mut operations = dossier.operations();
        let dice = Dice::new(self.seed, STREAMS | u64::from(self.number) << 32 | index);
        let mut drawn =
            Drawn { branch: self, index, dice, dossier: &dossier, operations: Vec::new(), made: Vec::new() };
        drawn.service();
        operations.append(&mut drawn.operations);
        operations.retain(|operation| operation.at() < YEAR_END);
        // Stable: what one person did in one minute stays in order.
        operations.sort_by_key(Operation::at);
        operations
    }

    /// The board of the branch: a daily check on nine working days of ten, cleaning and review each month, training refreshed
    /// each quarter, an improvement a month.
    #[must_use]
    pub fn board(&self) -> Vec<Operation> {
        let mut dice = Dice::new(self.seed, STREAMS | u64::from(self.number) << 32 | 0xffff_ffff);
        let (supervisor, manager) = (self.person(Role::Supervisor, 0), self.person(Role::ProcessManager, 0));
        let mut operations = Vec::new();
        let mut create = |kind: &'static str, place: usize, at: Timestamp, by: &Author, fields: Fields| {
            let legacy_id = format!("{}{:02}{:06}", kind.to_uppercase(), self.number, place + 1);
            let (subject, by) = (Subject { kind, place }, by.clone());
            operations.push(Operation::Create { subject, parent: None, legacy_id, fields, at, by });
        };
        // The year begins on a Wednesday, at eight in the morning on the branch's clocks; checks are signed at five.
        for day in (0..365).filter(|day| (day + 2) % 7 < 5) {
            let at = YEAR_START.plus_millis(day * DAY_MS + 9 * 60 * MINUTE_MS);
            if dice.chance(900) {
                let place = usize::try_from(day).unwrap_or_default();
                create("daily_check", place, at, &supervisor, Fields::from([("day", Value::Date(at.day()))]));
            }
        }
        for month in 0..12 {
            let at = at_work(YEAR_START.plus_millis((month * 30 + 20) * DAY_MS + 3 * 60 * MINUTE_MS));
            let place = usize::try_from(month).unwrap_or_default();
            for (number, review_kind, by) in [(0, "cleaning", &supervisor), (1, "process", &manager)] {
                let from = at.plus_millis(-20 * DAY_MS).day();
                let fields = [
                    ("review_kind", Value::from(review_kind)),
                    ("period_from", from.into()),
                    ("period_to", at.day().into()),
                ];
                create("review", place * 2 + number, at, by, Fields::from(fields));
            }
            let title = ("title", Value::from(phrases::title(&mut dice)));
            let fields = Fields::from([title, ("source", "feedback".into()), ("owner", (&manager.staff).into())]);
            create("improvement", place, at, &manager, fields);
            if month % 3 == 0 {
                let topic = ("topic", Value::from(phrases::title(&mut dice)));
                let times = [("starts_at", at.into()), ("ends_at", at.plus_millis(120 * MINUTE_MS).into())];
                let fields =
                    Fields::from([("training_kind", "skills".into()), topic, times[0].clone(), times[1].clone()]);
                create("training", place, at.plus_millis(-5 * DAY_MS), &manager, fields);
            }
        }
        operations.sort_by_key(Operation::at);
        operations
    }
}

struct Drawn<'a> {
    branch: &'a Branch,
    index: u64,
    dice: Dice,
    dossier: &'a Dossier,
    operations: Vec<Operation>,
    /// How many records of each kind there are.
    made: Vec<&'static str>,
}

impl Drawn<'_> {
    fn service(&mut self) {
        if self.dossier.customer.duplicate_of.is_some() {
            return self.merge();
        }
        let tasks = self.dossier.tasks.len() as u64;
        let important = matches!(self.dossier.customer.entry.fields["grade"].as_str(), "vip" | "core");
        for _ in 0..self.about(tasks * 300) {
            self.inquiry();
        }
        for _ in 0..self.about(tasks * 20) {
            self.complaint();
        }
        for _ in 0..self.about(tasks * 200) {
            self.order();
        }
        let visits: &[(u64, &str)] = match self.dossier.customer.entry.fields["grade"].as_str() {
            "vip" | "core" => &[(4, "visit"), (12, "return_visit"), (4, "deep_contact")],
            "normal" => &[(2, "visit")],
            _ => &[(1, "visit")],
        };
        for (count, visit_kind) in visits {
            for number in 0..*count {
                self.visit(visit_kind, number, *count);
            }
        }
        if important {
            self.care("birthday");
            self.care("holiday");
        }
    }

    /// So many thousandths as a whole number, by chance one more.
    fn about(&mut self, thousandths: u64) -> u64 {
        thousandths / 1_000 + u64::from(self.dice.chance(thousandths % 1_000))
    }

    /// Half of the customers that were typed in twice have been found and merged.
    fn merge(&mut self) {
        let original =
            self.dossier.customer.duplicate_of.as_deref().and_then(|legacy| legacy.get(6..)?.parse::<u64>().ok());
        let Some(original) = original.filter(|_| self.dice.chance(500)) else { return };
        let with = self.branch.customer(original - 1).to_string();
        let at = working_minute(&mut self.dice, self.dossier.customer.entry.at, YEAR_END);
        let by = self.branch.person(Role::Supervisor, 0);
        let subject = Subject { kind: "customer", place: 0 };
        self.step(subject, "merged", at, &by, [("with", with.into())]);
    }

    fn when(&mut self) -> Timestamp {
        working_minute(&mut self.dice, self.dossier.customer.entry.at, YEAR_END)
    }

    fn front(&mut self) -> Author {
        let role = if self.dice.chance(600) { Role::Hotline } else { Role::Engineer };
        self.branch.anyone(&mut self.dice, role)
    }

    fn create<const N: usize>(
        &mut self,
        kind: &'static str,
        at: Timestamp,
        by: &Author,
        fields: [(&'static str, Value); N],
    ) -> Subject {
        let place = self.made.iter().filter(|made| **made == kind).count();
        self.made.push(kind);
        let subject = Subject { kind, place };
        let prefix = records::kind(kind).map_or("", |kind| kind.prefix);
        self.operations.push(Operation::Create {
            subject,
            parent: Some(Subject { kind: "customer", place: 0 }),
            legacy_id: legacy(self.branch, prefix, self.index, Some(place as u64)),
            fields: Fields::from(fields),
            at,
            by: by.clone(),
        });
        subject
    }

    fn step<const N: usize>(
        &mut self,
        subject: Subject,
        code: &'static str,
        at: Timestamp,
        by: &Author,
        data: [(&'static str, Value); N],
    ) {
        self.operations.push(Operation::Step { subject, code, data: Fields::from(data), at, by: by.clone() });
    }

    fn channel(&mut self) -> Value {
        self.dice.weighted(&[(60, "phone"), (25, "online_chat"), (15, "email")]).into()
    }

    fn inquiry(&mut self) {
        let (at, by) = (self.when(), self.front());
        let category = self.dice.weighted(&[(40, "product"), (35, "after_sales"), (15, "logistics"), (10, "other")]);
        let details = phrases::text(&mut self.dice, Topic::Need).into();
        let (channel, owner) = (self.channel(), (&by.staff).into());
        let fields = [("channel", channel), ("category", category.into()), ("details", details), ("owner", owner)];
        let inquiry = self.create("inquiry", at, &by, fields);
        let mut now = at;
        if self.dice.chance(150) {
            now = minutes_later(now, &mut self.dice, 5, 60);
            self.step(inquiry, "transferred", now, &by, [("department", "技术部".into())]);
        }
        // Some wait for longer than a day, a few for ever.
        let (low, high) =
            self.dice.weighted(&[(85, (10, 20 * HOUR)), (12, (DAY, 3 * DAY)), (3, (400 * DAY, 400 * DAY))]);
        now = at_work(minutes_later(now, &mut self.dice, low, high));
        let answer = phrases::text(&mut self.dice, Topic::Plan).chars().take(200).collect::<String>();
        self.step(inquiry, "answered", now, &by, [("answer", answer.into())]);
        if self.dice.chance(600) {
            now = at_work(minutes_later(now, &mut self.dice, 30, 2 * DAY));
            let score = self.dice.weighted(&[(3, 1_i64), (5, 2), (17, 3), (45, 4), (30, 5)]);
            self.step(inquiry, "confirmed", now, &by, [("score", score.into())]);
        }
    }

    fn complaint(&mut self) {
        let (at, by) = (self.when(), self.front());
        let severity = self.dice.weighted(&[(10, "critical"), (40, "major"), (50, "minor")]);
        let content = phrases::text(&mut self.dice, Topic::Criticism).into();
        let (channel, complainant) = (self.channel(), self.dossier.customer.entry.fields["name"].as_str().into());
        let fields =
            [("channel", channel), ("complainant", complainant), ("content", content), ("severity", severity.into())];
        let complaint = self.create("complaint", at, &by, fields);
        let owner = self.front();
        let staff: Value = (&owner.staff).into();
        let prose =
            |dice: &mut Dice| Value::from(phrases::text(dice, Topic::Measure).chars().take(200).collect::<String>());
        let mut now = at;
        for (code, longest) in [
            ("investigating", 3 * HOUR),
            ("solution", DAY),
            ("executing", DAY),
            ("follow_up", 3 * DAY),
            ("closed", 3 * DAY),
        ] {
            // Nine of ten steps are taken in good time; the others last, and some complaints are still open at the year's end.
            let times = if self.dice.chance(900) { 1 } else { 6 };
            now = at_work(minutes_later(now, &mut self.dice, 20, longest * times));
            match code {
                "solution" => {
                    let solution = prose(&mut self.dice);
                    self.step(complaint, code, now, &owner, [("solution", solution), ("owner", staff.clone())]);
                }
                "closed" => {
                    let result = prose(&mut self.dice);
                    self.step(complaint, code, now, &owner, [("result", result)]);
                }
                _ => self.step(complaint, code, now, &owner, [("owner", staff.clone())]),
            }
        }
    }

    fn order(&mut self) {
        let (at, by) = (self.when(), self.front());
        let (model, quantity) = (format!("型号{}", self.dice.between(1, 400)), i64::try_from(self.dice.between(1, 5)));
        let quantity = quantity.unwrap_or(1);
        let fields = [("model", model.into()), ("quantity", quantity.into()), ("owner", (&by.staff).into())];
        let order = self.create("order", at, &by, fields);
        let mut now = at;
        for code in ["confirmed", "shipped", "delivered", "installed"] {
            now = at_work(minutes_later(now, &mut self.dice, HOUR, 4 * DAY));
            self.step(order, code, now, &by, []);
        }
        self.create("points", now, &by, [("amount", (quantity * 100).into()), ("reason", "购买".into())]);
    }

    /// The `number`th of `count` visits a year, planned three weeks ahead; most are made.
    fn visit(&mut self, visit_kind: &'static str, number: u64, count: u64) {
        let part = i64::try_from(365 / count).unwrap_or(365);
        let day = part * i64::try_from(number).unwrap_or_default()
            + i64::try_from(self.dice.below(365 / count)).unwrap_or_default();
        let planned = at_work(YEAR_START.plus_millis(day * DAY_MS + 4 * 60 * MINUTE_MS));
        let entered = planned.plus_millis(-21 * DAY_MS).max(self.dossier.customer.entry.at);
        if planned <= entered || planned >= YEAR_END {
            return;
        }
        let by = self.front();
        let fields = [
            ("visit_kind", Value::from(visit_kind)),
            ("planned_on", planned.day().into()),
            ("staff", (&by.staff).into()),
            ("purpose", "了解使用情况".into()),
        ];
        let visit = self.create("visit", at_work(entered), &by, fields);
        if !self.dice.chance(850) {
            return;
        }
        let follow_ups = self.dice.chance(200);
        let findings = phrases::text(&mut self.dice, Topic::Note).into();
        let made = planned.plus_millis(30 * MINUTE_MS);
        if follow_ups {
            let open = ("follow_ups", Value::from("更换配件"));
            self.step(visit, "done", made, &by, [("findings", findings), open]);
        } else {
            self.step(visit, "done", made, &by, [("findings", findings)]);
        }
        let longest = if self.dice.chance(900) { 4 * HOUR } else { 3 * DAY };
        let reported = minutes_later(made, &mut self.dice, 5, longest);
        self.step(visit, "reported", reported, &by, []);
        if follow_ups && self.dice.chance(700) {
            let checked = at_work(minutes_later(made, &mut self.dice, 10 * DAY, 40 * DAY));
            self.step(visit, "checked", checked, &by, [("checked", "已更换".into())]);
        }
    }

    fn care(&mut self, occasion: &'static str) {
        let (at, by) = (self.when(), self.front());
        let due = at.plus_millis(10 * DAY_MS).day();
        let care = self.create("care", at, &by, [("occasion", occasion.into()), ("due_on", due.into())]);
        if self.dice.chance(900) {
            let done = at_work(minutes_later(at, &mut self.dice, 9 * DAY, 11 * DAY));
            self.step(care, "done", done, &by, []);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Pen;
    use std::collections::BTreeMap;
    use vocab::Actor;

    #[test]
    fn every_operation_is_accepted_and_takes_effect() {
        let branch = Branch::of_customers(12, 60);
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        let mut write = |operations: Vec<Operation>, code: DeviceCode| {
            let mut pen = Pen::new(Actor::from_bytes([7; 16]), code);
            let (document, _) = pen.document(operations).unwrap_or_else(|invalid| panic!("{invalid}"));
            let view = document.read();
            assert_eq!((view.conflicts.as_slice(), view.unknown), (&[][..], 0));
            view.records.iter().for_each(|record| *kinds.entry(record.kind.code).or_default() += 1);
        };
        (0..60).for_each(|index| write(branch.operations(index), branch.device(index)));
        write(branch.board(), DeviceCode::enrolled(1));
        for kind in ["customer", "assessment", "task", "feedback", "inquiry", "visit", "care", "points", "order"] {
            assert!(kinds.get(kind).is_some_and(|count| *count > 5), "{kind}: {kinds:?}");
        }
        for kind in ["daily_check", "review", "improvement", "training"] {
            assert!(kinds.get(kind).is_some_and(|count| *count > 3), "{kind}: {kinds:?}");
        }
    }

    #[test]
    fn complaints_are_two_in_a_hundred_tasks() {
        let branch = Branch::of_customers(13, 2_000);
        let (mut tasks, mut complaints) = (0, 0);
        for operation in (0..2_000).flat_map(|index| branch.operations(index)) {
            match operation {
                Operation::Create { subject: Subject { kind: "task", .. }, .. } => tasks += 1,
                Operation::Create { subject: Subject { kind: "complaint", .. }, .. } => complaints += 1,
                _ => {}
            }
        }
        let per_mille = complaints * 1_000 / tasks;
        assert!((15..=25).contains(&per_mille), "{complaints} complaints for {tasks} tasks");
    }
}
