//! Customers entered twice: who is listed, who is not, and where a merge leads.

use crate::site::*;
use readmodel::views::{Certainty, DuplicatesAsk, Twin, Why, duplicates, likely_twins};
use readmodel::{CustomerFilter, Page};
use records::Fields;
use rusqlite::Connection;

const WHEN: &str = "2026-10-05 09:00";

/// `a b certainty why percent` of every pair.
fn pairs(conn: &Connection) -> Vec<String> {
    let found = duplicates(conn, &DuplicatesAsk::default()).unwrap();
    assert!(!found.more);
    let show = |pair: &readmodel::views::Duplicate| {
        let why: Vec<&str> = pair.why.iter().map(|why| why.code()).collect();
        let percent = pair.alike_percent.map_or("-".to_owned(), |percent| percent.to_string());
        format!("{} {} {} {} {percent}", pair.a, pair.b, pair.certainty.code(), why.join("+"))
    };
    found.pairs.iter().map(show).collect()
}

fn merge(branch: &mut Branch, place: usize, when: &str, own: usize, other: usize) {
    let with = format!("CUST-01-{other}");
    branch.step(place, when, "主管*", &format!("CUST-01-{own}"), "merged", fields([("with", &with)]));
}

fn customer(branch: &mut Branch, n: usize, channel: &str, history: &str, legacy: &str) -> usize {
    let mut more = fields([("channel", channel)]);
    if !history.is_empty() {
        more = and(more, "history", history);
    }
    if !legacy.is_empty() {
        more = and(more, "legacy_id", legacy);
    }
    branch.customer(WHEN, n, more)
}

#[test]
fn one_number_is_certain_alike_histories_are_probable_and_a_masked_name_alone_is_nothing() {
    let mut branch = Branch::default();
    customer(&mut branch, 1, "phone", "2023年购买产品A", "CUST001");
    customer(&mut branch, 2, "phone", "2023年购买了产品A", "");
    customer(&mut branch, 3, "email", "2023年购买产品A", "");
    customer(&mut branch, 4, "email", "2021年起租用打印机三台", "CUST001");
    // The same masked name, channel and nothing else; and a history that is half alike.
    customer(&mut branch, 5, "phone", "", "");
    customer(&mut branch, 6, "phone", "2024年购买产品B", "");
    customer(&mut branch, 7, "email", "2021年起租用打印机三台", "CUST002");
    assert_eq!(
        pairs(&branch.rows()),
        [
            "CUST-01-1 CUST-01-4 certain legacy_id -",
            "CUST-01-4 CUST-01-7 probable history 100",
            "CUST-01-1 CUST-01-2 probable history 72",
        ]
    );
    assert_eq!(
        json(&duplicates(&branch.rows(), &DuplicatesAsk { customer: Some(id("CUST-01-7")) }).unwrap()),
        r#"{"pairs":[{"a":"CUST-01-4","b":"CUST-01-7","certainty":"probable","why":["history"],"alike_percent":100}],"more":false}"#
    );
}

#[test]
fn void_customers_and_merged_pairs_are_not_listed_and_a_third_is_listed_with_the_lead() {
    let mut branch = Branch::default();
    for n in 1..=4 {
        customer(&mut branch, n, "phone", "租用打印机三台，每季保养", if n < 3 { "A-1" } else { "" });
    }
    assert_eq!(pairs(&branch.rows()).len(), 6, "every two of the four");
    branch.step(3, "2026-10-06 09:00", "主管*", "CUST-01-4", "void", fields([("why", "误录")]));
    merge(&mut branch, 1, "2026-10-06 09:00", 2, 1);
    assert_eq!(pairs(&branch.rows()), ["CUST-01-1 CUST-01-3 probable history 100"]);
    merge(&mut branch, 2, "2026-10-06 10:00", 3, 2);
    assert!(pairs(&branch.rows()).is_empty());
    let separated = and(fields([("with", "CUST-01-2")]), "reason", "两位不同客户");
    branch.step(2, "2026-10-06 11:00", "主管*", "CUST-01-3", "separated", separated);
    assert_eq!(pairs(&branch.rows()), ["CUST-01-1 CUST-01-3 probable history 100"]);
}

#[test]
fn of_many_customers_with_one_history_each_is_listed_with_the_first() {
    let mut branch = Branch::default();
    for n in 1..=30 {
        customer(&mut branch, n, "phone", "2023年购买产品A", "");
    }
    let listed = pairs(&branch.rows());
    assert_eq!(listed.len(), 29);
    assert!(listed.iter().all(|pair| pair.starts_with("CUST-01-1 ")), "{listed:?}");
}

#[test]
fn a_new_customer_is_compared_with_those_who_are_there() {
    let mut branch = Branch::default();
    customer(&mut branch, 1, "phone", "2023年购买产品A", "CUST001");
    customer(&mut branch, 2, "phone", "2023年购买了产品A", "");
    customer(&mut branch, 3, "phone", "租用打印机三台", "");
    merge(&mut branch, 0, "2026-10-06 09:00", 1, 2);
    let conn = branch.rows();
    let twins = |fields: Fields| likely_twins(&conn, &fields).unwrap();
    let probable = |percent| Twin {
        customer: id("CUST-01-1"),
        certainty: Certainty::Probable,
        why: vec![Why::History],
        alike_percent: Some(percent),
    };
    let new = fields([("name", "*先生"), ("channel", "phone"), ("history", "２０２３年，购买了产品Ａ")]);
    assert_eq!(twins(new.clone()), [probable(100)], "the second leads to the first");
    assert!(twins(and(new.clone(), "channel", "email")).is_empty());
    assert!(twins(fields([("name", "*先生"), ("channel", "phone")])).is_empty(), "a masked name alone");
    let certain = Twin { certainty: Certainty::Certain, why: vec![Why::LegacyId, Why::History], ..probable(100) };
    assert_eq!(twins(and(new, "legacy_id", "CUST001")), [certain]);
}

#[test]
fn every_id_of_a_customer_leads_to_the_smallest_that_stands() {
    let mut branch = Branch::default();
    let places: Vec<usize> = [2, 9, 10].into_iter().map(|n| branch.customer(WHEN, n, Fields::new())).collect();
    let lead = |branch: &Branch, n: usize| {
        let conn = branch.rows();
        let own = id(&format!("CUST-01-{n}"));
        let found = readmodel::lead(&conn, &own).unwrap();
        assert_eq!(readmodel::leads(&conn).unwrap().lead(&found), &found, "one step leads to the end");
        found.to_string()
    };
    assert_eq!(lead(&branch, 10), "CUST-01-10");
    // One says it of the other, and the other of the third, which no dossier here is.
    merge(&mut branch, places[2], "2026-10-06 09:00", 10, 9);
    merge(&mut branch, places[1], "2026-10-06 09:00", 9, 1);
    assert_eq!([lead(&branch, 10), lead(&branch, 9), lead(&branch, 1)], ["CUST-01-9"; 3].map(str::to_owned));
    merge(&mut branch, places[0], "2026-10-06 10:00", 2, 10);
    assert_eq!([lead(&branch, 10), lead(&branch, 9), lead(&branch, 2)], ["CUST-01-2"; 3].map(str::to_owned));
    assert_eq!(
        readmodel::leads(&branch.rows()).unwrap().group(&id("CUST-01-10")),
        [id("CUST-01-2"), id("CUST-01-9"), id("CUST-01-10")]
    );
    branch.step(places[0], "2026-10-06 11:00", "主管*", "CUST-01-2", "void", fields([("why", "误录")]));
    assert_eq!(lead(&branch, 10), "CUST-01-9", "nobody is led to a void customer");
}

#[test]
fn the_list_of_customers_shows_merged_ones_once_with_what_waits_in_all_their_dossiers() {
    let mut branch = Branch::default();
    for n in 1..=3 {
        let place = branch.customer(WHEN, n, Fields::new());
        branch.need(place, WHEN, n);
        branch.task(place, WHEN, n, n, "王*", fields([("title", ["换主板", "换电源", "换风扇"][n - 1])]));
    }
    let listed = |branch: &Branch, text: Option<&str>| {
        let filter = CustomerFilter { text: text.map(str::to_owned), ..CustomerFilter::default() };
        let found = readmodel::customers(&branch.rows(), &filter, Page::default()).unwrap();
        let mut rows: Vec<_> = found.rows.iter().map(|row| (row.row.id.to_string(), row.open_tasks)).collect();
        rows.sort();
        assert_eq!(found.total, rows.len() as u64);
        rows
    };
    let row = |n: usize, tasks: u64| (format!("CUST-01-{n}"), tasks);
    assert_eq!(listed(&branch, None), [row(1, 1), row(2, 1), row(3, 1)]);
    merge(&mut branch, 1, "2026-10-06 09:00", 2, 1);
    assert_eq!(listed(&branch, None), [row(1, 2), row(3, 1)]);
    assert_eq!(listed(&branch, Some("换电源")), [row(1, 2)], "found by what stands in the other dossier");
    assert_eq!(listed(&branch, Some("换主板")), [row(1, 2)]);
    assert_eq!(listed(&branch, Some("换风扇")), [row(3, 1)]);
}
