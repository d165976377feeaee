//! What the read model answers, and that it is nothing but what documents say.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests do: by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use readmodel::{CustomerFilter, CustomerRow, Filter, Order, Page, Prepared, Voided};
use records::{ASSESSMENT, CUSTOMER, Dossier, FEEDBACK, Fields, TASK, Value};
use rusqlite::Connection;
use vocab::{Actor, Author, DeviceCode, DocId, EventId, RecordId, Role, Timestamp};

fn tables() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    assert_eq!(readmodel::prepare(&conn).unwrap(), Prepared::Incomplete);
    readmodel::completed(&conn).unwrap();
    conn
}

fn supervisor() -> Author {
    Author { staff: "主管*".parse().unwrap(), role: Role::Supervisor }
}

fn fields<const N: usize>(fields: [(&'static str, Value); N]) -> Fields {
    fields.into_iter().collect()
}

/// A book written on one device.
struct Book {
    code: DeviceCode,
    time: i64,
    numbers: BTreeMap<&'static str, u64>,
    dossiers: Vec<(DocId, Dossier)>,
}

impl Book {
    fn new() -> Self {
        Book { code: DeviceCode::enrolled(7), time: 1_714_521_600_000, numbers: BTreeMap::new(), dossiers: Vec::new() }
    }

    fn id(&mut self, prefix: &'static str) -> RecordId {
        let number = self.numbers.entry(prefix).or_default();
        *number += 1;
        RecordId::new(prefix, &self.code, *number)
    }

    fn event(&mut self) -> EventId {
        let number = self.numbers.entry("event").or_default();
        *number += 1;
        EventId::new(&self.code, *number)
    }

    fn edit(&mut self, which: usize, work: impl FnOnce(&mut records::Edit<'_>) -> Result<(), records::Invalid>) {
        self.time += 1_000;
        let actor = Actor::from_bytes([9; 16]);
        let stamp = Timestamp::from_millis(self.time);
        self.dossiers[which].1.edit(&supervisor(), stamp, &actor, work).unwrap();
    }

    fn step(&mut self, which: usize, id: &RecordId, code: &str, data: Fields) {
        let event = self.event();
        self.edit(which, |edit| edit.step(&event, id, code, data));
    }

    /// A customer, an assessment, a task and a feedback; returns their ids.
    fn chain(&mut self, name: &str, need: &str, urgency: &str, title: &str) -> [RecordId; 4] {
        let [customer, assessment, task, feedback] = ["CUST", "REQ", "EXEC", "FB"].map(|prefix| self.id(prefix));
        let which = self.dossiers.len();
        let mut random = [0; 16];
        random[..8].copy_from_slice(&(which as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        self.dossiers.push((DocId::from_random(random), Dossier::create()));
        let due = Timestamp::from_millis(self.time + 7_200_000);
        self.edit(which, |edit| {
            let legacy = format!("OLD-{which}");
            let channel = Value::from("online_chat");
            let customer_fields =
                [("name", name.into()), ("channel", channel), ("grade", "vip".into()), ("legacy_id", legacy.into())];
            edit.create(&CUSTOMER, &customer, None, fields(customer_fields))?;
            let assessment_fields = [("need", need.into()), ("urgency", urgency.into())];
            edit.create(&ASSESSMENT, &assessment, Some(&customer), fields(assessment_fields))?;
            edit.create(&TASK, &task, Some(&assessment), fields([("title", title.into()), ("due_at", due.into())]))?;
            let feedback_fields = [("score", Value::from(4)), ("text", "服务响应快".into())];
            edit.create(&FEEDBACK, &feedback, Some(&task), fields(feedback_fields))
        });
        [customer, assessment, task, feedback]
    }

    fn apply(&self, conn: &Connection) {
        for (doc, dossier) in &self.dossiers {
            readmodel::apply(conn, *doc, &dossier.read()).unwrap();
        }
    }
}

fn exported(conn: &Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    readmodel::export(conn, "上海网点", &mut bytes).unwrap();
    bytes
}

/// Everything the tables hold, row numbers aside.
fn dump(conn: &Connection) -> Vec<String> {
    let mut lines = Vec::new();
    for query in [
        "SELECT quote(doc), customer, unknown, damaged, changed_at_ms, began_at_ms FROM view_document ORDER BY doc",
        "SELECT id, quote(doc), kind, customer, parent, state, person, urgency, grade, due_at_ms, legacy_id, updated_at_ms,
                void, json, created_at_ms FROM view_record ORDER BY id, doc",
        "SELECT id, quote(doc), record, severity, since_ms, json FROM view_conflict ORDER BY doc, id",
        "SELECT kind, state, void, n FROM view_count WHERE n > 0",
        // What belongs to no record must not be left behind: it has no id here.
        "SELECT id, fact, at_ms, (SELECT id FROM view_record AS owner WHERE owner.n = own), view_fact.person, value, ok
         FROM view_fact LEFT JOIN view_record USING (n)
         ORDER BY id, doc, fact, at_ms",
        "SELECT id, raised_ms, assessed_ms, executed_ms, fed_back_ms, improved_ms
         FROM view_need LEFT JOIN view_record USING (n) ORDER BY id, doc",
        "SELECT id, from_ms, until_ms, planned_from_ms, planned_until_ms, began_ms, ended_ms, estimates
         FROM view_bar LEFT JOIN view_record USING (n) ORDER BY id, doc",
        "SELECT id, other FROM view_merge LEFT JOIN view_record USING (n) ORDER BY id, doc, other",
        "SELECT id, channel, size, pairs FROM view_history LEFT JOIN view_record USING (n) ORDER BY id, doc",
        "SELECT quote(doc), record, customer, code, part, from_ms, soon_ms, due_ms, end_ms, roles, staff, urgency, policy
         FROM view_limit ORDER BY doc, record, code, part, from_ms, end_ms",
        "SELECT quote(doc), record, customer, what, from_ms, end_ms, staff FROM view_moment
         ORDER BY doc, record, what, from_ms, end_ms",
    ] {
        let mut statement = conn.prepare(query).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column)).collect::<Result<Vec<_>, _>>()
        });
        lines.extend(rows.unwrap().map(|row| format!("{:?}", row.unwrap())));
    }
    lines
}

fn ids(rows: &[readmodel::Row]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

fn found(conn: &Connection, text: &str) -> Vec<String> {
    let mut ids: Vec<_> = readmodel::search(conn, text, 100).unwrap().iter().map(|row| row.id.to_string()).collect();
    ids.sort();
    ids
}

#[test]
fn words_of_one_two_and_more_characters_are_found_inside_sentences() {
    let mut book = Book::new();
    book.chain("*先生", "设备无法开机，电源灯不亮", "high", "处理退货申请");
    book.chain("*女士", "产品Ａ型退货处理", "low", "上门检查 Router X200");
    let conn = tables();
    book.apply(&conn);
    let cases: [(&str, &[&str]); 20] = [
        ("设备", &["REQ-07-1"]),
        ("备无", &["REQ-07-1"]),
        ("开机", &["REQ-07-1"]),
        ("不亮", &["REQ-07-1"]),
        ("亮", &["REQ-07-1"]),
        ("退货", &["EXEC-07-1", "REQ-07-2"]),
        ("退", &["EXEC-07-1", "REQ-07-2"]),
        ("无法开机", &["REQ-07-1"]),
        ("机电", &[]),
        ("无法电源", &[]),
        ("电源 设备", &["REQ-07-1"]),
        ("设备 退货", &[]),
        ("产品A型", &["REQ-07-2"]),
        ("品a", &["REQ-07-2"]),
        ("router", &["EXEC-07-2"]),
        ("rout x20", &["EXEC-07-2"]),
        ("先生", &["CUST-07-1"]),
        ("OLD-1", &["CUST-07-2"]),
        ("CUST-07-2", &["CUST-07-2"]),
        ("\" OR 1 *", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(found(&conn, text), expected, "{text}");
    }
    assert!(found(&conn, "").is_empty() && found(&conn, " ，* ").is_empty());
}

#[test]
fn customers_come_with_what_their_dossiers_add_up_to() {
    let mut book = Book::new();
    let first = book.chain("*先生", "设备无法开机", "low", "一");
    let second = book.chain("*女士", "退货", "high", "二");
    let third = book.chain("*工", "咨询", "medium", "三");
    // Cut off from the device above, another one changed the same field.
    let mut apart = book.dossiers[0].1.clone();
    let later = Timestamp::from_millis(book.time + 500_000);
    let set = |name: &'static str| fields([("preference", name.into())]);
    book.edit(0, |edit| edit.set(&first[0], set("电话")));
    let change = apart.edit(&supervisor(), later, &Actor::from_bytes([8; 16]), |edit| edit.set(&first[0], set("邮件")));
    book.dossiers[0].1.apply(&[&change.unwrap().unwrap()]).unwrap();
    book.step(1, &second[2], "cancelled", fields([("why", "客户取消".into())]));
    book.step(2, &third[0], "void", fields([("why", "重复".into())]));
    let conn = tables();
    book.apply(&conn);
    let list = |filter: CustomerFilter, page| {
        let found = readmodel::customers(&conn, &filter, page).unwrap();
        let line = |found: &CustomerRow| (found.row.id.to_string(), found.open_tasks, found.conflicts);
        (found.rows.iter().map(line).collect::<Vec<_>>(), found.total)
    };
    let (one, two) = ((first[0].to_string(), 1, 1), (second[0].to_string(), 0, 0));
    let every = CustomerFilter::default;
    assert_eq!(list(every(), Page::default()), (vec![one.clone(), two.clone()], 2), "void ones are left out");
    assert_eq!(list(every(), Page { offset: 1, limit: 1 }), (vec![two.clone()], 2));
    assert_eq!(list(CustomerFilter { text: Some("退货".into()), ..every() }, Page::default()), (vec![two], 1));
    assert_eq!(list(CustomerFilter { text: Some("开机".into()), ..every() }, Page::default()), (vec![one], 1));
    assert_eq!(list(CustomerFilter { text: Some("，".into()), ..every() }, Page::default()), (vec![], 0));
    for (grade, channel, total) in [("vip", "online_chat", 2), ("vip", "phone", 0), ("core", "online_chat", 0)] {
        let filter = CustomerFilter { grade: Some(grade.into()), channel: Some(channel.into()), text: None };
        assert_eq!(list(filter, Page::default()).1, total, "{grade} {channel}");
    }
    assert_eq!(readmodel::customers(&conn, &every(), Page::default()).unwrap().rows[0].changed_at, later);
}

#[test]
fn lists_are_filtered_sorted_and_paged() {
    let mut book = Book::new();
    let first = book.chain("*先生", "设备无法开机", "low", "一");
    let second = book.chain("*女士", "退货", "high", "二");
    let third = book.chain("*工", "咨询", "medium", "三");
    book.step(0, &first[2], "assigned", fields([("assignee", "工程师*".into())]));
    book.step(0, &first[2], "started", Fields::new());
    book.step(2, &third[0], "void", fields([("why", "重复".into())]));
    let conn = tables();
    book.apply(&conn);
    let list = |kind, filter: Filter, order| {
        let listing = readmodel::list(&conn, kind, &filter, order, Page::default()).unwrap();
        assert_eq!(listing.total, listing.rows.len() as u64);
        listing.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let all = Filter::default;
    let [a, b, c] = [&first, &second, &third].map(|chain| chain[2].clone());
    let only = |id: &RecordId| vec![id.clone()];
    assert_eq!(list(&TASK, all(), Order::Id), [a.clone(), b.clone(), c.clone()]);
    assert_eq!(list(&TASK, all(), Order::Urgency), [b.clone(), c.clone(), a.clone()]);
    assert_eq!(list(&TASK, all(), Order::Due), [a.clone(), b.clone(), c.clone()]);
    assert_eq!(list(&TASK, all(), Order::Updated), [a.clone(), c.clone(), b.clone()]);
    assert_eq!(list(&TASK, Filter { state: Some("in_progress".into()), ..all() }, Order::Id), only(&a));
    assert_eq!(list(&TASK, Filter { assignee: Some("工程师*".into()), ..all() }, Order::Id), only(&a));
    assert_eq!(list(&TASK, Filter { urgency: Some("high".into()), ..all() }, Order::Id), only(&b));
    assert_eq!(list(&TASK, Filter { customer: Some(third[0].clone()), ..all() }, Order::Id), only(&c));
    assert_eq!(list(&TASK, Filter { parent: Some(second[1].clone()), ..all() }, Order::Id), only(&b));
    assert_eq!(list(&TASK, Filter { text: Some("二".into()), ..all() }, Order::Id), only(&b));
    assert!(list(&TASK, Filter { text: Some("*".into()), ..all() }, Order::Id).is_empty());
    assert_eq!(list(&CUSTOMER, Filter { grade: Some("vip".into()), ..all() }, Order::Id).len(), 2);
    assert_eq!(list(&CUSTOMER, Filter { voided: Voided::Shown, ..all() }, Order::Id).len(), 3);

    let page = Page { offset: 1, limit: 1 };
    let listing = readmodel::list(&conn, &TASK, &all(), Order::Id, page).unwrap();
    assert_eq!((ids(&listing.rows), listing.total), (vec![second[2].as_str()], 3));

    let counts = readmodel::counts(&conn).unwrap();
    assert_eq!((counts.dossiers, counts.records, counts.damaged), (3, 12, 0));
    let shown: Vec<_> = counts
        .states
        .iter()
        .map(|one| (one.kind.code, one.state.as_deref().unwrap_or("-"), one.void, one.records))
        .collect();
    assert_eq!(
        shown,
        [
            ("customer", "-", false, 2),
            ("customer", "-", true, 1),
            ("assessment", "draft", false, 3),
            ("task", "assigned", false, 2),
            ("task", "in_progress", false, 1),
            ("feedback", "pending", false, 3),
        ]
    );
}

#[test]
fn a_record_is_found_by_its_id_its_old_id_and_its_dossier() {
    let mut book = Book::new();
    let first = book.chain("*先生", "设备无法开机", "low", "一");
    let second = book.chain("*女士", "退货", "high", "二");
    let conn = tables();
    book.apply(&conn);
    let row = readmodel::record(&conn, &second[2]).unwrap().unwrap();
    assert_eq!((row.kind.code, &row.customer, row.doc), ("task", &second[0], book.dossiers[1].0));
    let value = row.value().unwrap();
    assert_eq!((value["title"].as_str(), value["id"].as_str()), (Some("二"), Some(second[2].as_str())));
    assert_eq!(value["doc"].as_str(), Some(row.doc.to_string().as_str()));
    let absent = "EXEC-07-99".parse().unwrap();
    assert_eq!(readmodel::record(&conn, &absent).unwrap(), None);
    assert_eq!(ids(&readmodel::by_legacy(&conn, &CUSTOMER, "OLD-0").unwrap()), [first[0].as_str()]);
    assert!(readmodel::by_legacy(&conn, &TASK, "OLD-0").unwrap().is_empty());
    let dossier = readmodel::dossier(&conn, row.doc).unwrap();
    let mut expected: Vec<_> = second.iter().map(RecordId::as_str).collect();
    expected.sort_unstable();
    assert_eq!(ids(&dossier), expected);
}

#[test]
fn an_edit_moves_counts_words_and_rows_and_removal_leaves_nothing() {
    let mut book = Book::new();
    let first = book.chain("*先生", "设备无法开机", "low", "旧标题");
    let second = book.chain("*女士", "退货", "high", "二");
    let conn = tables();
    book.apply(&conn);
    book.edit(0, |edit| edit.set(&first[2], fields([("title", "新名称".into())])));
    book.edit(0, |edit| edit.set(&first[1], fields([("urgency", "high".into())])));
    book.apply(&conn);
    assert!(found(&conn, "旧标题").is_empty());
    assert_eq!(found(&conn, "新名"), [first[2].as_str()]);
    let urgent = Filter { urgency: Some("high".into()), ..Filter::default() };
    let listing = readmodel::list(&conn, &TASK, &urgent, Order::Id, Page::default()).unwrap();
    assert_eq!(listing.total, 2, "a task follows its assessment, though its own fields did not change");

    let rows_written = conn.total_changes();
    book.apply(&conn);
    assert_eq!(conn.total_changes(), rows_written, "what is the same is not written again");

    readmodel::remove(&conn, book.dossiers[0].0).unwrap();
    assert!(found(&conn, "新名").is_empty() && readmodel::record(&conn, &first[0]).unwrap().is_none());
    assert_eq!(found(&conn, "退货"), [second[1].as_str()]);
    let only = tables();
    let (doc, dossier) = &book.dossiers[1];
    readmodel::apply(&only, *doc, &dossier.read()).unwrap();
    assert_eq!(dump(&conn), dump(&only));
    readmodel::remove(&conn, *doc).unwrap();
    assert!(dump(&conn).is_empty());
}

#[test]
fn disagreements_are_listed_by_weight() {
    let mut book = Book::new();
    let first = book.chain("*先生", "设备无法开机", "low", "一");
    let mut other = book.dossiers[0].1.clone();
    let prefer = |dossier: &mut Dossier, actor: u8, time: i64, words: &str| {
        let actor = Actor::from_bytes([actor; 16]);
        let fields = fields([("preference", words.into())]);
        let stamp = Timestamp::from_millis(time);
        dossier.edit(&supervisor(), stamp, &actor, |edit| edit.set(&first[0], fields)).unwrap().unwrap()
    };
    let time = book.time;
    prefer(&mut book.dossiers[0].1, 9, time + 1_000, "每周一次");
    let theirs = prefer(&mut other, 8, time + 2_000, "每月一次");
    book.dossiers[0].1.apply(&[&theirs]).unwrap();
    let conn = tables();
    book.apply(&conn);
    let listed = readmodel::conflicts(&conn, 10).unwrap();
    assert_eq!(listed.iter().map(|one| &one.record).collect::<Vec<_>>(), [&first[0]]);
    let json: serde_json::Value = serde_json::from_str(&listed[0].json).unwrap();
    assert_eq!(json["candidates"][0]["value"].as_str(), Some("每月一次"));
    assert_eq!(json["doc"].as_str(), Some(book.dossiers[0].0.to_string().as_str()));
    assert_eq!(readmodel::conflict(&conn, &listed[0].id).unwrap(), listed);
    assert_eq!(readmodel::conflicts_of(&conn, book.dossiers[0].0).unwrap(), listed);
    assert_eq!(readmodel::counts(&conn).unwrap().conflicts, 1);
    assert!(readmodel::conflict(&conn, "nothing").unwrap().is_empty());
    prefer(&mut book.dossiers[0].1, 9, time + 3_000, "每周一次");
    book.apply(&conn);
    assert!(readmodel::conflicts(&conn, 10).unwrap().is_empty(), "the control: settled by a later edit");
}

#[test]
fn the_export_is_one_json_object_sorted_by_id() {
    let mut book = Book::new();
    for n in 0..12 {
        book.chain("*先生", "设备无法开机", "low", &format!("第\"{n}\"项"));
    }
    let conn = tables();
    assert_eq!(exported(&conn), "{\"branch\":\"上海网点\",\"records\":[]}\n".as_bytes());
    book.apply(&conn);
    let bytes = exported(&conn);
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let ids: Vec<_> = value["records"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 48);
    assert!(ids.is_sorted());
    let again = format!("{value}\n");
    assert_eq!(again.as_bytes(), bytes, "keys are sorted and nothing is padded");
}

#[test]
fn tables_of_another_version_are_made_anew() {
    let mut book = Book::new();
    book.chain("*先生", "设备无法开机", "low", "一");
    let conn = tables();
    book.apply(&conn);
    assert_eq!(readmodel::prepare(&conn).unwrap(), Prepared::Complete);
    let before = dump(&conn);
    conn.execute("UPDATE view_meta SET version = version + 1", []).unwrap();
    assert_eq!(readmodel::prepare(&conn).unwrap(), Prepared::Incomplete);
    assert!(dump(&conn).is_empty());
    assert_eq!(readmodel::prepare(&conn).unwrap(), Prepared::Incomplete, "a rebuild that was cut off starts again");
    book.apply(&conn);
    readmodel::completed(&conn).unwrap();
    assert_eq!(readmodel::prepare(&conn).unwrap(), Prepared::Complete);
    assert_eq!(dump(&conn), before);
}

#[test]
fn two_documents_with_one_id_are_shown_the_same_in_either_order() {
    let mut one = Book::new();
    one.chain("*先生", "甲", "low", "一");
    let mut two = Book::new();
    two.chain("*女士", "乙", "high", "二");
    two.dossiers[0].0 = DocId::from_random([0xff; 16]);
    let (forth, back) = (tables(), tables());
    one.apply(&forth);
    two.apply(&forth);
    two.apply(&back);
    one.apply(&back);
    assert_eq!((exported(&forth), dump(&forth)), (exported(&back), dump(&back)));
    let id = "CUST-07-1".parse().unwrap();
    assert_eq!(readmodel::record(&forth, &id).unwrap(), readmodel::record(&back, &id).unwrap());

    // Both are shown, the second under the id with the first characters of its document's name, and so is what refers to it.
    let second = two.dossiers[0].0;
    let mark = &second.to_string()["automerge:".len()..][..4];
    let tasks = readmodel::list(&forth, &TASK, &Filter::default(), Order::Id, Page { offset: 0, limit: 10 }).unwrap();
    assert_eq!(ids(&tasks.rows), ["EXEC-07-1".to_owned(), format!("EXEC-07-1~{mark}")]);
    let row = readmodel::record(&forth, &format!("EXEC-07-1~{mark}").parse().unwrap()).unwrap().unwrap();
    assert_eq!((row.doc, row.inner.as_str()), (second, "EXEC-07-1"));
    assert_eq!(row.value().unwrap()["req_id"], format!("REQ-07-1~{mark}"));
    assert_eq!(row.customer.as_str(), format!("CUST-07-1~{mark}"));
    assert_eq!(readmodel::bearers(&forth, &"EXEC-07-1".parse().unwrap()).unwrap().len(), 2);
    assert_eq!(readmodel::bearers(&forth, &row.id).unwrap(), [row]);

    // When the first is gone the second is the only one of its name.
    readmodel::remove(&forth, one.dossiers[0].0).unwrap();
    let alone = tables();
    two.apply(&alone);
    assert_eq!(dump(&forth), dump(&alone));
    one.apply(&forth);
    assert_eq!(dump(&forth), dump(&back));
}

#[test]
fn no_word_of_a_removed_document_is_left_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.sqlite");
    let mut book = Book::new();
    book.chain("*先生", "zebrafish", "low", "一");
    book.chain("*先生", "marmoset", "low", "二");
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "secure_delete", true).unwrap();
    readmodel::prepare(&conn).unwrap();
    book.apply(&conn);
    readmodel::remove(&conn, book.dossiers[0].0).unwrap();
    readmodel::forget_words(&conn).unwrap();
    conn.execute_batch("VACUUM").unwrap();
    drop(conn);
    let bytes = std::fs::read(&path).unwrap();
    let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(holds("marmoset"));
    assert!(!holds("zebrafish"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// I8 and I2: whatever was applied, removed and applied again in whatever order, the tables hold what a rebuild holds.
    #[test]
    fn rows_are_a_function_of_documents(
        steps in prop::collection::vec((0..5_usize, 0..6_u8, "[设备退货 ab]{0,6}"), 1..40),
        // A store that was restored from a copy counts anew from there.
        restored in prop::collection::vec(any::<bool>(), 5),
    ) {
        let mut book = Book::new();
        let chains: Vec<_> = restored
            .iter()
            .map(|restored| {
                if *restored {
                    book.numbers.clear();
                }
                book.chain("*先生", "设备无法开机", "low", "一")
            })
            .collect();
        book.numbers.insert("event", 100);
        let lived = tables();
        book.apply(&lived);
        for (which, action, text) in steps {
            let [customer, assessment, task, _] = chains[which].clone();
            let title = Value::from(format!("题{text}末"));
            let due = Value::from(Timestamp::from_millis(book.time + 60_000));
            match action {
                0 => book.edit(which, |edit| edit.set(&task, fields([("title", title)]))),
                1 => book.edit(which, |edit| edit.set(&assessment, fields([("need", title)]))),
                2 => book.step(which, &task, "delayed", fields([("due_at", due)])),
                3 => book.step(which, &task, "note", fields([("text", title)])),
                4 => book.edit(which, |edit| edit.set(&customer, fields([("grade", "core".into())]))),
                _ => readmodel::remove(&lived, book.dossiers[which].0).unwrap(),
            }
            if action < 5 {
                let (doc, dossier) = &book.dossiers[which];
                readmodel::apply(&lived, *doc, &dossier.read()).unwrap();
            }
        }
        book.apply(&lived);
        let rebuilt = tables();
        for (doc, dossier) in book.dossiers.iter().rev() {
            readmodel::apply(&rebuilt, *doc, &dossier.read()).unwrap();
        }
        prop_assert_eq!(dump(&lived), dump(&rebuilt));
        prop_assert_eq!(exported(&lived), exported(&rebuilt));
        for text in ["设备", "退", "a", "题"] {
            let rows = |conn| readmodel::search(conn, text, 100).unwrap();
            prop_assert_eq!(rows(&lived), rows(&rebuilt));
        }
    }
}

/// What `search` is to answer: every row that holds the word, sorted outright.
fn sorted_outright(conn: &Connection, word: &str) -> Vec<String> {
    let mut statement =
        conn.prepare("SELECT id, json FROM view_record WHERE void = 0 ORDER BY updated_at_ms DESC, id, doc").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    rows.map(Result::unwrap).filter(|(_, json)| json.contains(word)).map(|(id, _)| id).collect()
}

/// A book in which a word stands in nearly every dossier, another one in those that were not changed since, and some records
/// are void.
fn frequent(dossiers: usize) -> (Connection, Book) {
    let mut book = Book::new();
    for which in 0..dossiers {
        let old = if which < dossiers / 2 { "设备很旧" } else { "设备很新" };
        let ids = book.chain("王*", old, "low", "设备检修");
        if which % 10 == 3 {
            book.step(which, &ids[2], "void", fields([("why", "重复".into())]));
        }
    }
    let conn = tables();
    book.apply(&conn);
    (conn, book)
}

#[test]
fn a_frequent_word_gives_what_sorting_every_match_would_give() {
    let (conn, _) = frequent(600);
    for word in ["设备", "很旧", "很新", "检修"] {
        let expected = sorted_outright(&conn, word);
        assert!(expected.len() > 250, "{word} is frequent: {}", expected.len());
        for limit in [0, 1, 2, 3, 5, 20, 100, 1_000] {
            let rows = readmodel::search(&conn, word, limit).unwrap();
            assert_eq!(ids(&rows), expected[..expected.len().min(limit as usize)], "{word}, {limit} at most");
        }
    }
}

#[test]
fn a_frequent_word_costs_no_look_up_of_every_match() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    let (mut conn, _) = frequent(600);
    let steps = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&steps);
    let counted = move || {
        count.fetch_add(1, Ordering::Relaxed);
        false
    };
    conn.progress_handler(1, Some(counted)).unwrap();
    let taken = |work: &dyn Fn()| {
        steps.store(0, Ordering::Relaxed);
        work();
        steps.load(Ordering::Relaxed)
    };
    let matches = sorted_outright(&conn, "设备").len() as u64;
    let found = taken(&|| assert_eq!(readmodel::search(&conn, "设备", 20).unwrap().len(), 20));
    let sorted = taken(&|| {
        let filter = Filter { text: Some("设备".to_owned()), ..Filter::default() };
        readmodel::list(&conn, &TASK, &filter, Order::Updated, Page { offset: 0, limit: 20 }).unwrap();
    });
    assert!(found < 6 * matches, "{found} steps for {matches} matches");
    assert!(sorted > 10 * matches, "what looks up every match is seen: {sorted} steps for {matches}");
}
