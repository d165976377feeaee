//! What people see, in zh-CN and English, from one catalogue.
//!
//! The texts are Fluent files under `locales/<language>/`, one file per area, embedded in the binary. Errors and reports
//! are data ([`Message`]): a key and its arguments. Only the edge that prints them chooses a language.
//!
//! Keys are spelled `kind-customer`, `customer-name` (the exact column header of the paper form), `enum-urgency-high`;
//! everything else begins with its area. Both languages hold the same keys with the same variables, which a test
//! proves. A catalogue is parsed once per process and language, on first use, in well under a millisecond.
//!
//! ```
//! use messages::{Arg, Catalogue};
//! use vocab::Lang;
//!
//! assert_eq!(Catalogue::of(Lang::ZhCn).text("customer-name", &[]), "客户姓名");
//! assert_eq!(Catalogue::of(Lang::En).text("enum-urgency-high", &[]), "high");
//! ```

mod catalogue;
mod message;

pub use catalogue::Catalogue;
pub use message::{Arg, Message};
