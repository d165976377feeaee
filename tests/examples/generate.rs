//! Writes the four forms of a generated branch: `cargo run -p tests --example generate -- FOLDER [CUSTOMERS] [SEED]`.
//!
//! FOLDER gets `customer.csv`, `assessment.csv`, `task.csv`, `feedback.csv` and `book.xlsx`, ready for `fieldbook import`.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use records::FORMS;
use tables::FileForm;
use tests::generate::{Branch, forms};
use vocab::Lang;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give a folder to write to")?);
    let customers = arguments.next().map_or(Ok(400), |number| number.parse())?;
    let seed = arguments.next().map_or(Ok(1), |number| number.parse())?;
    let forms = forms(Branch::of_customers(seed, customers).dossiers(), Lang::ZhCn);
    forms.write(&folder, FileForm::Csv)?;
    forms.write(&folder.join("book.xlsx"), FileForm::Xlsx)?;
    let mut out = std::io::stdout().lock();
    for kind in FORMS {
        writeln!(out, "{} {}", forms.rows(kind), kind.code)?;
    }
    Ok(())
}
