//! Records that other records name. People name them by their own id or by the number they have on paper; a record holds the id.
//!
//! Within a dossier the `records` crate checks that the record is there. What a board or a merge names stands in another
//! document, so that is looked up here, in the whole book.

use records::{ANY_KIND, Field, Fields, Shape, Value};
use store::ReadTx;
use vocab::DocId;

use crate::error::WorkError;
use crate::{DeviceError, rows};

/// The values with every record named by its id. `field` says what is known of a name; `doc` is the document written to.
pub(crate) fn named(
    tx: &ReadTx<'_>,
    doc: DocId,
    mut fields: Fields,
    field: impl Fn(&str) -> Option<&'static Field>,
) -> Result<Fields, WorkError> {
    for (name, value) in &mut fields {
        let (Some(Shape::Reference(target)), Value::Text(text)) = (field(name).map(|field| field.shape), &value) else {
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        let row = rows::row(tx, text)?;
        if target != ANY_KIND && row.kind.code != target {
            return Err(
                DeviceError::WrongKind { id: text.clone(), wanted: target, found: row.kind.code.to_owned() }.into()
            );
        }
        // A record of this document as it stands in it, another's as it is shown.
        let id = if row.doc == doc { row.inner } else { row.id };
        *value = id.as_str().into();
    }
    Ok(fields)
}
