//! Records that name each other in a circle: an improvement that came of an improvement that came of the first.

use std::collections::BTreeMap;

use messages::Message;
use records::{Shape, Source};
use store::WriteTx;
use tables::Problem;
use vocab::RecordId;

use super::matching::{Matched, Target};
use crate::error::WorkError;
use crate::rows;

/// A record on the way, and those it names that are not looked at yet.
struct Step {
    at: Target,
    ahead: Vec<Target>,
}

/// Every circle that the rows close among themselves or through the book: the rows in it, and what to say of it.
pub(super) fn find(tx: &WriteTx<'_>, matched: &[Matched<'_>]) -> Result<Vec<(Vec<usize>, Problem)>, WorkError> {
    let rows_of: BTreeMap<Target, usize> = matched
        .iter()
        .enumerate()
        .filter_map(|(place, row)| row.known.clone().map(|(id, doc)| (Target::Stored(id, doc), place)))
        .collect();
    // A record that a row is about, as that row.
    let row = |target: &Target| rows_of.get(target).map_or_else(|| target.clone(), |place| Target::Row(*place));
    // Whether it is on the way that is being followed, or done with.
    let mut seen: BTreeMap<Target, bool> = BTreeMap::new();
    let mut circles = Vec::new();
    for (place, _) in matched.iter().enumerate().filter(|(_, row)| !row.links.is_empty()) {
        if seen.contains_key(&Target::Row(place)) {
            continue;
        }
        let mut way = vec![Step { at: Target::Row(place), ahead: named(tx, matched, &Target::Row(place))? }];
        seen.insert(Target::Row(place), true);
        while let Some(step) = way.last_mut() {
            let Some(next) = step.ahead.pop().map(|next| row(&next)) else {
                seen.insert(step.at.clone(), false);
                way.pop();
                continue;
            };
            match seen.get(&next) {
                Some(true) => {
                    let from = way.iter().position(|step| step.at == next).unwrap_or_default();
                    let circle: Vec<&Target> = way[from..].iter().map(|step| &step.at).collect();
                    circles.extend(told(tx, matched, &circle)?);
                }
                Some(false) => {}
                None => {
                    seen.insert(next.clone(), true);
                    let ahead = named(tx, matched, &next)?;
                    way.push(Step { at: next, ahead });
                }
            }
        }
    }
    Ok(circles)
}

/// The records that a record will name once the file is imported.
fn named(tx: &WriteTx<'_>, matched: &[Matched<'_>], at: &Target) -> Result<Vec<Target>, WorkError> {
    let (id, doc, given) = match at {
        Target::Row(place) => {
            let row = &matched[*place];
            match &row.known {
                Some((id, doc)) => (id, *doc, Some(&row.links)),
                None => return Ok(row.links.values().cloned().collect()),
            }
        }
        Target::Stored(id, doc) => (id, *doc, None),
    };
    let mut ahead: Vec<Target> = given.into_iter().flat_map(|links| links.values().cloned()).collect();
    let Some(kind) = records::kind_of_prefix(id.prefix()) else { return Ok(ahead) };
    let names = kind.fields.iter().filter(|field| {
        matches!(field.shape, Shape::Reference(_))
            && matches!(field.source, Source::Person | Source::Once)
            && given.is_none_or(|links| !links.contains_key(field.name))
    });
    let json = rows::record(tx, doc, id)?;
    for other in names.filter_map(|field| json[field.name].as_str()?.parse::<RecordId>().ok()) {
        let found = readmodel::record(tx.connection(), &other)?;
        ahead.extend(found.map(|row| Target::Stored(row.inner, row.doc)));
    }
    Ok(ahead)
}

/// The rows of a circle, and the problem at the first of them; nothing where it is all in the book.
fn told(
    tx: &WriteTx<'_>,
    matched: &[Matched<'_>],
    circle: &[&Target],
) -> Result<Option<(Vec<usize>, Problem)>, WorkError> {
    let mut places: Vec<usize> = Vec::new();
    let mut names = Vec::new();
    for target in circle.iter().chain(circle.first()) {
        names.push(match target {
            Target::Row(place) => {
                places.push(*place);
                let row = &matched[*place];
                let sheet = row.table.sheet.as_deref().map(|sheet| format!("{sheet} ")).unwrap_or_default();
                format!("{sheet}{} ({})", row.row.row_number, row.row.id)
            }
            Target::Stored(id, doc) => rows::shown(tx, *doc, id)?,
        });
    }
    places.sort_unstable();
    places.dedup();
    let Some(row) = places.first().map(|place| &matched[*place]) else { return Ok(None) };
    let field = row.links.keys().next().copied();
    let problem = row.problem(field, Message::new("device-import-cycle").with("rows", names.join(" → ")));
    Ok(Some((places, problem)))
}
