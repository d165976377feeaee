//! What goes into dossiers from the four forms comes out of them again, to the byte.

use std::collections::BTreeMap;
use std::path::Path;

use records::{Dossier, FORMS};
use tables::{FileForm, Forms, Table};
use tests::generate::{Branch, forms};
use vocab::{Actor, Author, DeviceCode, DocId, EventId, Lang, RecordId, Timestamp};

/// Makes every row a record of its customer's dossier, and shows all records as an export does.
fn imported(tables: &[Table]) -> Vec<serde_json::Value> {
    let code = DeviceCode::enrolled(7);
    let actor = Actor::from_bytes([7; 16]);
    let supervisor: Author = "supervisor:主管*".parse().expect("an author");
    let mut dossiers: Vec<Dossier> = Vec::new();
    let mut known: BTreeMap<(&str, &str), (usize, RecordId)> = BTreeMap::new();
    let mut count = 0;
    for table in tables {
        for row in &table.rows {
            count += 1;
            let id = RecordId::new(table.kind.prefix, &code, count);
            let parent = table.kind.parent.as_ref().map(|parent| {
                known.get(&(parent.kind, row.parents[parent.field].as_str())).expect("the parent stands above").clone()
            });
            let (place, parent) = match parent {
                Some((place, parent)) => (place, Some(parent)),
                None => {
                    dossiers.push(Dossier::create());
                    (dossiers.len() - 1, None)
                }
            };
            let mut fields: records::Fields =
                row.fields.iter().chain(&row.snapshot).map(|(name, value)| (*name, value.clone())).collect();
            fields.insert("legacy_id", row.id.as_str().into());
            let stamp = Timestamp::from_millis(1_800_000_000_000 + i64::try_from(count).expect("few rows"));
            let event = EventId::new(&code, count);
            dossiers[place]
                .edit(&supervisor, stamp, &actor, |edit| {
                    edit.import(table.kind, &id, parent.as_ref(), &event, fields).map(drop)
                })
                .unwrap_or_else(|invalid| panic!("row {} of {}: {invalid}", row.row_number, table.kind.code));
            known.insert((table.kind.code, &row.id), (place, id));
        }
    }
    let doc = DocId::from_random([7; 16]);
    let views = dossiers.iter().map(Dossier::read);
    let shown = views.flat_map(|view| view.records.iter().map(|record| record.to_json(doc)).collect::<Vec<_>>());
    shown.collect()
}

fn assert_same(kind: &str, found: Vec<u8>, expected: Vec<u8>) {
    let [found, expected] = [found, expected].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected, "{kind}");
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "{kind}");
}

#[test]
fn the_golden_chain_comes_out_of_its_dossier_byte_for_byte() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden");
    for source in [golden.clone(), golden.join("chain.xlsx")] {
        let records = imported(&tables::read(&source).unwrap());
        assert_eq!(records.len(), 4);
        let exported = Forms::of_json(records.iter(), Lang::ZhCn);
        for kind in FORMS {
            let expected = std::fs::read(golden.join(format!("{}.csv", kind.code))).unwrap();
            assert_same(kind.code, exported.csv(kind), expected);
        }
        assert!(exported.xlsx().unwrap() == std::fs::read(golden.join("chain.xlsx")).unwrap());
    }
}

#[test]
fn a_generated_year_comes_out_of_its_dossiers_as_it_went_in() {
    let made = forms(Branch::of_customers(21, 40).dossiers(), Lang::ZhCn);
    let tables = tables::read_bytes(FileForm::Xlsx, &made.xlsx().unwrap()).unwrap();
    let exported = Forms::of_json(imported(&tables).iter(), Lang::ZhCn);
    for kind in FORMS {
        assert!(made.rows(kind) >= 40, "{}", kind.code);
        assert_same(kind.code, exported.csv(kind), made.csv(kind));
    }
}
