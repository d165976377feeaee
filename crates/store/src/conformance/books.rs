//! Claims about reconciling.

use std::collections::{BTreeMap, BTreeSet};

use vocab::{Book, BranchId, ChangeHash, DocId, Position, RangeAnswer, RangeQuery, Sum};

use super::world::{
    Chance, add_branch, add_device, branch_id, doc, hash, ok, push, pushed, read_changes, saved_bytes, tombstone, whole,
};
use crate::{Answer, Ask, FeedForm, Materialized, RANGE_LIST_MAX, RANGE_PARTS, RelayStore};

const LOWEST: DocId = DocId::from_bytes([0; 16]);

/// Plays the device: asks until every difference is listed. Returns the documents that differ and how many rounds it took.
fn differences(store: &impl RelayStore, branch: BranchId, own: &Book) -> (BTreeSet<DocId>, usize) {
    let query = |lower, upper| {
        let (count, sum) = own.range(lower, upper);
        RangeQuery { lower, upper, count, sum }
    };
    let mut found = BTreeSet::new();
    let mut queries = vec![query(LOWEST, None)];
    let mut rounds = 0;
    while !queries.is_empty() {
        rounds += 1;
        assert!(rounds < 60, "ranges are split for ever");
        let answers = ok(store.ranges(branch, &queries));
        assert_eq!(answers.len(), queries.len());
        let mut next = Vec::new();
        for (asked, answer) in queries.iter().zip(answers) {
            match answer {
                RangeAnswer::Equal => {}
                RangeAnswer::List(listed) => {
                    assert!(listed.len() as u64 <= RANGE_LIST_MAX);
                    let here: BTreeMap<_, _> = listed.into_iter().collect();
                    let there: BTreeMap<_, _> = own.slice(asked.lower, asked.upper).iter().copied().collect();
                    found.extend(here.iter().filter(|(doc, sum)| there.get(doc) != Some(sum)).map(|(doc, _)| *doc));
                    found.extend(there.keys().filter(|doc| !here.contains_key(doc)));
                }
                RangeAnswer::Split(parts) => {
                    assert_eq!(parts.len(), RANGE_PARTS);
                    let mut lower = asked.lower;
                    for part in parts {
                        let own = query(lower, part.upper);
                        if (own.count, own.sum) != (part.count, part.sum) {
                            next.push(own);
                        }
                        lower = part.upper.unwrap_or(lower);
                    }
                }
            }
        }
        queries = next;
    }
    (found, rounds)
}

pub(super) fn equal_books_are_equal_at_once(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let all = RangeQuery { lower: LOWEST, upper: None, count: 0, sum: Sum::ZERO };
    assert_eq!(ok(store.ranges(branch, &[all, all])), [RangeAnswer::Equal, RangeAnswer::Equal]);
    assert_eq!(ok(store.ranges(branch_id(9), &[all])), [RangeAnswer::Equal], "no branch, no documents");
    push(store, branch, 1, (1..=300).map(|n| pushed(n, n, 1, 1, n, &[])).collect());
    let book = Book::new((1..=300).map(|n| (doc(n), Sum::of_change(doc(n), hash(n)))).collect());
    assert_eq!(differences(store, branch, &book), (BTreeSet::new(), 1));
    let halves = [(LOWEST, Some(doc(7))), (doc(7), None)].map(|(lower, upper)| {
        let (count, sum) = book.range(lower, upper);
        RangeQuery { lower, upper, count, sum }
    });
    assert_eq!(ok(store.ranges(branch, &halves)), [RangeAnswer::Equal, RangeAnswer::Equal]);
    // A range that ends before it starts holds nothing, whoever asks.
    let (low, high) = (doc(7).min(doc(8)), doc(7).max(doc(8)));
    let backwards = RangeQuery { lower: high, upper: Some(low), count: 0, sum: Sum::ZERO };
    let claimed = RangeQuery { count: 5, ..backwards };
    assert_eq!(ok(store.ranges(branch, &[backwards, claimed])), [RangeAnswer::Equal, RangeAnswer::List(Vec::new())]);
}

/// Whatever two books differ in is found, exactly, while the relay's goes on changing between the reconciles.
pub(super) fn ranges_find_what_differs(store: &mut impl RelayStore, seed: u64) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    let mut chance = Chance(seed);
    let mut here: BTreeMap<DocId, Sum> = BTreeMap::new();
    let mut erased = BTreeSet::new();
    let mut seqs: BTreeMap<u64, u64> = BTreeMap::new();
    let mut fresh = 0;
    let size = [3, 40, 1_500, 3_000][chance.below(4) as usize];
    for round in 0..4 {
        let writes = if round == 0 { size } else { 1 + chance.below(40) };
        for _ in 0..writes.div_ceil(200) {
            let mut changes = Vec::new();
            for _ in 0..writes.min(200) {
                let n = chance.below(size * 2);
                if erased.contains(&n) {
                    continue;
                }
                fresh += 1;
                let seq = seqs.entry(n).or_default();
                *seq += 1;
                changes.push(pushed(fresh, n, 1, *seq, fresh, &[]));
                *here.entry(doc(n)).or_default() += Sum::of_change(doc(n), hash(fresh));
            }
            push(store, branch, 1, changes);
        }
        let n = chance.below(size * 2);
        if here.contains_key(&doc(n)) {
            ok(store.erase(branch, &tombstone(doc(n), "asked for")));
            erased.insert(n);
            here.insert(doc(n), Sum::of_tombstone(doc(n)));
        }

        let mut there = here.clone();
        let mut differ = BTreeSet::new();
        for _ in 0..chance.below(12) {
            fresh += 1;
            let (known, new) = (doc(chance.below(size * 2)), doc(1_000_000 + fresh));
            match chance.below(3) {
                0 => there.remove(&known).map(|_| differ.insert(known)),
                1 => there.insert(new, Sum::of_change(new, hash(fresh))).is_none().then(|| differ.insert(new)),
                _ => there.get_mut(&known).map(|sum| {
                    *sum += Sum::of_change(known, hash(fresh));
                    differ.insert(known)
                }),
            };
        }
        let (found, rounds) = differences(store, branch, &Book::new(there.into_iter().collect()));
        assert_eq!(found, differ, "seed {seed}");
        assert!(rounds <= 6, "seed {seed}: {rounds} rounds");
    }
}

fn prefix(hash: ChangeHash) -> [u8; 16] {
    let mut prefix = [0; 16];
    prefix.copy_from_slice(&hash.as_bytes()[..16]);
    prefix
}

fn ask_for(doc_n: u64, hashes: &[u64]) -> Ask {
    Ask { doc: doc(doc_n), held: hashes.iter().map(|n| prefix(hash(*n))).collect() }
}

fn given(answer: &Answer) -> Vec<ChangeHash> {
    match &answer.item {
        None => Vec::new(),
        Some(FeedForm::Changes(changes)) => changes.iter().flat_map(|(_, bytes)| read_changes(bytes)).collect(),
        Some(other) => panic!("{other:?}"),
    }
}

pub(super) fn a_comparison_says_what_each_side_lacks(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, (1..=6).map(|n| pushed(n, 1, 1, n, n, &[])).collect());
    push(store, branch, 1, vec![pushed(7, 2, 1, 1, 20, &[]), pushed(8, 3, 1, 1, 30, &[])]);
    ok(store.erase(branch, &tombstone(doc(3), "asked for")));
    let asks = [ask_for(1, &[1, 77, 3, 6, 78]), ask_for(2, &[20]), ask_for(3, &[30, 31]), ask_for(4, &[40, 41])];
    let answers = ok(store.compare(branch, &asks, 10_000));
    assert_eq!(given(&answers[0]), [hash(2), hash(4), hash(5)]);
    assert_eq!((answers[0].complete, &answers[0].wants[..]), (true, &[1, 4][..]));
    assert_eq!(answers[1], Answer { complete: true, item: None, wants: vec![] });
    let erased = FeedForm::Erased(tombstone(doc(3), "asked for"));
    assert_eq!(answers[2], Answer { complete: true, item: Some(erased), wants: vec![] });
    assert_eq!(answers[3], Answer { complete: true, item: None, wants: vec![0, 1] });
    let nowhere = ok(store.compare(branch_id(9), &asks[..1], 10_000));
    assert_eq!(nowhere, [Answer { complete: true, item: None, wants: vec![0, 1, 2, 3, 4] }]);
    assert!(ok(store.compare(branch, &[], 10_000)).is_empty());
}

pub(super) fn a_comparison_goes_on_where_it_was_cut(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, (1..=9).map(|n| pushed(n, 1, 1, n, n, &[])).collect());
    push(store, branch, 1, vec![pushed(20, 2, 1, 1, 20, &[])]);
    for bytes_max in [0, 150, 210, 1_000] {
        let mut held = vec![4, 99];
        let mut rounds = 0;
        loop {
            let answers = ok(store.compare(branch, &[ask_for(1, &held), ask_for(2, &[])], bytes_max));
            let got = given(&answers[0]);
            assert!(!got.is_empty() && got.len() * 97 <= bytes_max.max(97));
            held.extend((1..=9).filter(|n| got.contains(&hash(*n))));
            rounds += 1;
            if answers[0].complete {
                assert_eq!(answers[0].wants, [1]);
                break;
            }
            assert_eq!((answers.len(), &answers[0].wants[..]), (1, &[][..]), "nothing follows what is not complete");
        }
        let mut sorted = held.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 2, 3, 4, 5, 6, 7, 8, 9, 99], "each change once");
        assert_eq!(rounds, if bytes_max == 1_000 { 1 } else { 8_usize.div_ceil((bytes_max / 97).max(1)) });
    }
}

pub(super) fn a_comparison_gives_the_saved_form_to_who_has_nothing(store: &mut impl RelayStore) {
    let branch = add_branch(store, 1);
    add_device(store, 1, branch);
    push(store, branch, 1, (1..=9).map(|n| pushed(n, 1, 1, n, n, &[])).collect());
    let behind = ok(store.behind(branch, 1));
    let bytes = saved_bytes(&read_changes(whole(&behind[0])).into_iter().collect());
    ok(store.put_materialized(branch, &[Materialized { doc: doc(1), through: behind[0].last, heads: vec![], bytes }]));
    push(store, branch, 1, vec![pushed(10, 1, 1, 10, 10, &[])]);
    let item = |held: &[u64], bytes_max| {
        let answer = ok(store.compare(branch, &[ask_for(1, held)], bytes_max)).remove(0);
        (answer.complete, answer.item)
    };
    match item(&[], 1_000) {
        (true, Some(FeedForm::Saved(bytes))) => assert_eq!(read_changes(&bytes).len(), 10),
        other => panic!("{other:?}"),
    }
    assert!(matches!(item(&[], 200), (false, Some(FeedForm::Changes(_)))), "it would not fit");
    assert!(matches!(item(&[3], 10_000), (true, Some(FeedForm::Changes(_)))), "it is held in part");
    let position = |form: Option<FeedForm>| match form {
        Some(FeedForm::Changes(changes)) => changes[0].0,
        other => panic!("{other:?}"),
    };
    assert_eq!(position(item(&[1, 2, 3, 4, 5, 6, 7, 8, 9], 1_000).1), Position::new(10));
}
