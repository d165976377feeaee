//! A disagreement settled on a supervisor's page, with real devices through a real relay: what the supervisor had seen stays
//! settled in whatever order it arrives anywhere, and what they had not seen opens it again.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;
use tests::process::{DeviceHome, RelayProcess, json};

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// Somebody's browser, without a browser: the cookie of a session.
struct Page {
    address: String,
    cookie: String,
}

impl Page {
    /// Status, head and body of an answer.
    fn request(&self, line: &str, body: &str) -> (u16, String, String) {
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
        (status, head.to_owned(), body.to_owned())
    }

    fn keep(&mut self, head: &str, name: &str) {
        let begin = format!("set-cookie: {name}=");
        let value = head.lines().find_map(|line| line.strip_prefix(&begin)?.split(';').next());
        self.cookie = format!("{name}={}", value.unwrap_or_else(|| panic!("no {name} in {head}")));
    }

    fn sign_in(relay: &RelayProcess, name: &str) -> Page {
        let user = json(relay.command().args(["user", "add", name, "--role", "supervisor", "--staff", "李*"]));
        let mut page = Page { address: relay.listen().to_owned(), cookie: String::new() };
        let (_, head, body) = page.request("GET /sign-in", "");
        page.keep(&head, "fieldbook_form");
        let form = field(&body, "form");
        let (status, head, _) =
            page.request("POST /sign-in", &format!("form={form}&name={name}&password={}", text(&user, "password")));
        assert_eq!(status, 303);
        page.keep(&head, "fieldbook_session");
        page
    }

    fn api(&self, path: &str) -> Value {
        let (status, _, body) = self.request(&format!("GET /api/v1{path}"), "");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("the API answers JSON")
    }

    /// The disagreements of a branch once the relay's rows have followed its feed.
    fn conflicts(&self, branch: &str) -> Vec<Value> {
        loop {
            let branches = self.api("/branches");
            let behind =
                branches.as_array().expect("a list").iter().find(|one| one["id"] == branch).map(|one| &one["behind"]);
            if behind == Some(&0.into()) {
                return self.api(&format!("/branches/{branch}/conflicts"))["conflicts"]
                    .as_array()
                    .expect("a list")
                    .clone();
            }
            std::thread::yield_now();
        }
    }

    /// Takes the candidate whose button stands at `place` on the page of a document; the status.
    fn settle(&self, branch: &str, form: &str) -> u16 {
        self.request(&format!("POST /branches/{branch}/conflicts"), form).0
    }

    /// What the button of the candidate at `place` sends.
    fn button(&self, branch: &str, doc: &str, place: usize) -> String {
        let (_, _, page) = self.request(&format!("GET /branches/{branch}/conflicts/{doc}"), "");
        let form = page
            .split("<form method=\"post\" action=\"/branches/")
            .nth(1 + place)
            .expect("there is a button")
            .to_owned();
        let named =
            ["form", "doc", "conflict", "seen", "take"].map(|name| format!("{name}={}", escaped(&field(&form, name))));
        named.join("&")
    }
}

/// The value of the hidden field called `name`.
fn field(page: &str, name: &str) -> String {
    let after = page.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_else(|| panic!("no field {name}: {page}"));
    after.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a field has a value").to_owned()
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn device(relay: &RelayProcess, folder: &Path, name: &str, role: &str, staff: &str) -> DeviceHome {
    let invite = json(relay.command().args(["invite", "--branch", "上海", "--role", role, "--staff", staff]));
    let device = DeviceHome::new(folder.join(name));
    device.json(&["enrol", "--relay", relay.url(), "--invite", &text(&invite, "code"), "--name", name]);
    device
}

#[test]
fn what_a_supervisor_settled_stays_settled_and_opens_again_for_what_they_had_not_seen() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let relay = RelayProcess::start(&folder.path().join("relay"));
    let branch = text(&json(relay.command().args(["branch", "add", "上海"])), "id");
    let new = |name: &str, role: &str, staff: &str| device(&relay, folder.path(), name, role, staff);
    let (one, two, three) =
        (new("one", "supervisor", "甲*"), new("two", "supervisor", "乙*"), new("three", "supervisor", "丙*"));
    let (half, late) = (new("half", "engineer", "丁*"), new("late", "engineer", "戊*"));
    let customer = one.record(&["customer", "add", "--name", "*先生", "--channel", "phone"]);
    let assessment = one.record(&[
        "assessment",
        "add",
        "--customer",
        &customer,
        "--need",
        "更换设备",
        "--urgency",
        "high",
        "--scope",
        "sales",
        "--minutes",
        "60",
        "--staff",
        "1",
    ]);
    one.record(&["assessment", "approve", &assessment]);
    let task = one.record(&[
        "task",
        "add",
        "--assessment",
        &assessment,
        "--title",
        "更换",
        "--mode",
        "onsite",
        "--to",
        "丁*",
        "--due",
        "2030-05-02T11:00:00Z",
    ]);
    let everybody = [&one, &two, &three, &half, &late];
    everybody.iter().for_each(|device| drop(device.json(&["sync"])));

    // Two people hand the task on, neither knowing of the other; a third does the same and stays out of reach.
    one.record(&["task", "reassign", &task, "--to", "甲*"]);
    two.record(&["task", "reassign", &task, "--to", "乙*"]);
    three.record(&["task", "reassign", &task, "--to", "丙*"]);
    one.json(&["sync"]);
    half.json(&["sync"]);
    two.json(&["sync"]);

    let page = Page::sign_in(&relay, "lihua");
    let open = page.conflicts(&branch);
    assert_eq!(open.len(), 1, "{open:?}");
    let doc = text(&open[0], "doc");
    assert_eq!(open[0]["candidates"].as_array().expect("candidates").len(), 2);
    let lost = text(&open[0]["candidates"][1], "value");
    let (stale, button) = (page.button(&branch, &doc, 0), page.button(&branch, &doc, 1));
    assert_eq!(page.settle(&branch, &button), 303);
    assert_eq!(page.conflicts(&branch), Vec::<Value>::new());
    assert_eq!(page.settle(&branch, &stale), 409, "it is settled, and who looks at an old page is told so");

    // One device had half of it, one nothing: both end where the supervisor did.
    for device in [&half, &late, &one, &two] {
        device.json(&["sync"]);
        assert_eq!(device.json(&["conflicts", "list"]), Value::Array(Vec::new()));
        assert_eq!(text(&device.json(&["task", "show", &task]), "assignee"), lost);
    }

    // What the supervisor had not seen arrives: it is for them to decide again.
    three.json(&["sync"]);
    let open = page.conflicts(&branch);
    assert_eq!(open.len(), 1, "{open:?}");
    let values: Vec<String> =
        open[0]["candidates"].as_array().expect("candidates").iter().map(|one| text(one, "value")).collect();
    assert!(values.contains(&lost) && values.contains(&"丙*".to_owned()), "{values:?}");
    for device in [&late, &three] {
        device.json(&["sync"]);
        assert_eq!(device.json(&["conflicts", "list"]).as_array().map(Vec::len), Some(1));
    }
    let button = page.button(&branch, &doc, usize::from(values[0] != "丙*"));
    assert_eq!(page.settle(&branch, &button), 303);
    for device in everybody {
        device.json(&["sync"]);
        assert_eq!(device.json(&["conflicts", "list"]), Value::Array(Vec::new()));
        assert_eq!(text(&device.json(&["task", "show", &task]), "assignee"), "丙*");
    }
    let history = page.api(&format!("/branches/{branch}/records/{task}/history"));
    let settled: Vec<&Value> =
        history["entries"].as_array().expect("entries").iter().filter(|entry| entry["event"] == "resolved").collect();
    assert_eq!(settled.len(), 2);
    assert!(
        settled.iter().all(|entry| entry["by"] == "李*" && entry["role"] == "supervisor" && entry["device"] == "relay")
    );
}
