//! Somebody at the relay's pages and its API, without a browser: a cookie, forms filled in from what the pages hold.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::process::{RelayProcess, json};

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Visitor {
    address: String,
    cookie: String,
}

/// What the relay answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The first line and the headers.
    pub head: String,
    /// What follows.
    pub body: String,
}

impl Visitor {
    /// Makes an account of this name and role, over every branch, and signs in with it.
    ///
    /// # Panics
    /// When the relay refuses.
    #[must_use]
    pub fn sign_in(relay: &RelayProcess, name: &str, role: &str) -> Visitor {
        let user = json(relay.command().args(["user", "add", name, "--role", role, "--staff", "李*"]));
        let mut visitor = Visitor { address: relay.listen().to_owned(), cookie: String::new() };
        let answer = visitor.request("GET /sign-in", "");
        visitor.keep(&answer.head, "fieldbook_form");
        let password = user["password"].as_str().expect("a password is told");
        let form = hidden(&answer.body, "action=\"/sign-in\"", 0);
        let answer =
            visitor.post("/sign-in", &format!("{form}&{}", encoded(&[("name", name), ("password", password)])));
        assert_eq!(answer.status, 303, "{}", answer.body);
        visitor.keep(&answer.head, "fieldbook_session");
        visitor
    }

    /// The answer to `GET /…` or `POST /…` with a body.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn request(&self, line: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the relay listens");
        let head = format!(
            "{line} HTTP/1.0\r\nhost: {}\r\ncookie: {}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            self.address,
            self.cookie,
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).expect("the relay reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the relay answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Sends a form.
    ///
    /// # Panics
    /// Those of [`Visitor::request`].
    #[must_use]
    pub fn post(&self, path: &str, form: &str) -> Answer {
        self.request(&format!("POST {path}"), form)
    }

    /// A page.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        let answer = self.request(&format!("GET {path}"), "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// The hidden fields of the form at `place` among those on the page at `path` that are sent to `action`.
    ///
    /// # Panics
    /// When there is no such page or form.
    #[must_use]
    pub fn form(&self, path: &str, action: &str, place: usize) -> String {
        hidden(&self.page(path), &format!("action=\"{action}\""), place)
    }

    /// What the API answers, to the byte.
    ///
    /// # Panics
    /// When it refuses.
    #[must_use]
    pub fn api_text(&self, path: &str) -> String {
        self.page(&format!("/api/v1{path}"))
    }

    /// What the API answers.
    ///
    /// # Panics
    /// When it refuses.
    #[must_use]
    pub fn api(&self, path: &str) -> Value {
        serde_json::from_str(&self.api_text(path)).expect("the API answers JSON")
    }

    /// Returns once the relay's rows of a branch have followed its feed.
    ///
    /// # Panics
    /// When there is no such branch.
    pub fn follow(&self, branch: &str) {
        loop {
            let branches = self.api("/branches");
            let found = branches.as_array().expect("a list").iter().find(|one| one["id"] == branch);
            if found.expect("a branch of this id")["behind"] == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    fn keep(&mut self, head: &str, name: &str) {
        let begin = format!("set-cookie: {name}=");
        let value = head.lines().find_map(|line| line.strip_prefix(&begin)?.split(';').next());
        self.cookie = format!("{name}={}", value.unwrap_or_else(|| panic!("no {name} in {head}")));
    }
}

/// The hidden fields of a form, as they are sent.
fn hidden(page: &str, action: &str, place: usize) -> String {
    let form = page.split("<form").filter(|form| form.split('>').next().is_some_and(|tag| tag.contains(action)));
    let form = form.clone().nth(place).unwrap_or_else(|| panic!("no form {place} with {action}: {page}"));
    let form = form.split("</form>").next().unwrap_or_default();
    let of = |input: &str, name: &str| {
        let after = input.split(&format!("{name}=\"")).nth(1)?;
        after.split('"').next().map(str::to_owned)
    };
    let inputs = form.split("<input").filter(|input| of(input, "type").as_deref() == Some("hidden"));
    let fields: Vec<_> = inputs.filter_map(|input| Some((of(input, "name")?, of(input, "value")?))).collect();
    encoded(&fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
}

/// Fields as a form sends them.
#[must_use]
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        text.bytes()
            .map(
                |byte| {
                    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
                },
            )
            .collect::<String>()
    };
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    fields.join("&")
}
