//! Two commands of chromedriver that the WebDriver standard does not have.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

fn of_session(base: &Url, session: Option<&str>, rest: &str) -> Result<Url, ParseError> {
    base.join(&format!("session/{}/{rest}", session.unwrap_or_default()))
}

/// One command of the DevTools protocol.
#[derive(Debug)]
pub(super) struct Devtools {
    pub(super) method: &'static str,
    pub(super) parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        of_session(base, session, "goog/cdp/execute")
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.method, "params": self.parameters }).to_string()))
    }
}

/// The console since it was last asked for.
#[derive(Debug)]
pub(super) struct ConsoleLog;

impl WebDriverCompatibleCommand for ConsoleLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        of_session(base, session, "se/log")
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
