//! Somebody at the relay's pages and its API, without a browser: a cookie, forms filled in from what the pages hold.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
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
        let form = Form::of(&answer.body, "/sign-in", 0).with("name", name).with("password", password);
        let answer = visitor.post("/sign-in", &form);
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
        let mut stream = self.ask(line, body);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the relay answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status");
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn ask(&self, line: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("the relay listens");
        let head = format!(
            "{line} HTTP/1.0\r\nhost: {}\r\ncookie: {}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            self.address,
            self.cookie,
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).expect("the relay reads");
        stream
    }

    /// Sends a form.
    ///
    /// # Panics
    /// Those of [`Visitor::request`].
    #[must_use]
    pub fn post(&self, path: &str, form: &Form) -> Answer {
        self.request(&format!("POST {path}"), &form.to_string())
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

    /// The form at `place` among those on the page at `path` that are sent to `action`.
    ///
    /// # Panics
    /// When there is no such page or form.
    #[must_use]
    pub fn form(&self, path: &str, action: &str, place: usize) -> Form {
        Form::of(&self.page(path), action, place)
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
        // Listening before looking: what changes in between is heard of.
        let mut changes = BufReader::new(self.ask(&format!("GET /live?branch={branch}"), "")).lines();
        let mut heard = |wanted: &dyn Fn(&str) -> bool| {
            let line = changes.by_ref().find(|line| line.as_ref().is_ok_and(|line| wanted(line)));
            assert!(line.is_some(), "the relay tells of changes");
        };
        heard(&str::is_empty);
        while !self.has_followed(branch) {
            heard(&|line| line.starts_with("event:"));
        }
    }

    fn has_followed(&self, branch: &str) -> bool {
        let branches = self.api("/branches");
        let found = branches.as_array().expect("a list").iter().find(|one| one["id"] == branch);
        found.expect("a branch of this id")["behind"] == 0
    }

    fn keep(&mut self, head: &str, name: &str) {
        let begin = format!("set-cookie: {name}=");
        let value = head.lines().find_map(|line| line.strip_prefix(&begin)?.split(';').next());
        self.cookie = format!("{name}={}", value.unwrap_or_else(|| panic!("no {name} in {head}")));
    }
}

/// A form of a page as it is filled in: what a browser would send.
#[derive(Debug, Clone)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The form at `place` among those of a page that are sent to `action`.
    fn of(page: &str, action: &str, place: usize) -> Form {
        let begin = format!("action=\"{action}\"");
        let mut forms = page.split("<form").skip(1).filter(|form| tag(form).contains(&begin));
        let form = forms.nth(place).unwrap_or_else(|| panic!("no form {place} with {begin}: {page}"));
        let form = form.split("</form>").next().unwrap_or_default();
        let mut fields = Vec::new();
        let mut select = None;
        for piece in form.split('<').skip(1) {
            let (tag, rest) = piece.split_once('>').unwrap_or((piece, ""));
            let name = attribute(tag, "name");
            match tag.split(' ').next().unwrap_or_default() {
                "input" => {
                    let is_off = attribute(tag, "type").as_deref() == Some("checkbox") && !tag.ends_with(" checked");
                    let field = name.zip(Some(attribute(tag, "value").unwrap_or_default()));
                    fields.extend(field.filter(|_| !is_off));
                }
                "textarea" => fields.extend(name.zip(Some(plain(rest)))),
                "select" => select = name,
                "option" if tag.ends_with(" selected") => fields.extend(select.clone().zip(attribute(tag, "value"))),
                _ => {}
            }
        }
        Form(fields)
    }

    /// The same with `value` in the field called `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Form {
        match self.0.iter_mut().find(|(field, _)| field == name) {
            Some((_, held)) => value.clone_into(held),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// What is in the field called `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{}={}", if place > 0 { "&" } else { "" }, escaped(name), escaped(value))?;
        }
        Ok(())
    }
}

fn tag(piece: &str) -> &str {
    piece.split('>').next().unwrap_or_default()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let after = tag.split(&format!(" {name}=\"")).nth(1)?;
    after.split('"').next().map(plain)
}

/// Text as it is meant, without the escapes of HTML.
fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(escape).collect()
}
