//! A disagreement settled on a supervisor's page, with real devices through a real relay: what the supervisor had seen stays
//! settled in whatever order it arrives anywhere, and what they had not seen opens it again.

use serde_json::Value;
use tests::process::{RelayProcess, json};
use tests::visitor::{Form, Visitor};

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// The disagreements of a branch once the relay's rows have followed its feed.
fn conflicts(page: &Visitor, branch: &str) -> Vec<Value> {
    page.follow(branch);
    page.api(&format!("/branches/{branch}/conflicts"))["conflicts"].as_array().expect("a list").clone()
}

/// What the button of the candidate at `place` sends.
fn button_at(page: &Visitor, branch: &str, doc: &str, place: usize) -> Form {
    let conflicts = format!("/branches/{branch}/conflicts");
    page.form(&format!("{conflicts}/{doc}"), &conflicts, place)
}

/// Takes the candidate of a button; the status.
fn settle(page: &Visitor, branch: &str, button: &Form) -> u16 {
    page.post(&format!("/branches/{branch}/conflicts"), button).status
}

#[test]
fn what_a_supervisor_settled_stays_settled_and_opens_again_for_what_they_had_not_seen() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let relay = RelayProcess::start(&folder.path().join("relay"));
    let branch = text(&json(relay.command().args(["branch", "add", "上海"])), "id");
    let new = |name: &str, role: &str, staff: &str| relay.enrolled(&folder.path().join(name), "上海", role, staff);
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

    let page = Visitor::sign_in(&relay, "lihua", "supervisor");
    let open = conflicts(&page, &branch);
    assert_eq!(open.len(), 1, "{open:?}");
    let doc = text(&open[0], "doc");
    assert_eq!(open[0]["candidates"].as_array().expect("candidates").len(), 2);
    let lost = text(&open[0]["candidates"][1], "value");
    let (stale, button) = (button_at(&page, &branch, &doc, 0), button_at(&page, &branch, &doc, 1));
    assert_eq!(settle(&page, &branch, &button), 303);
    assert_eq!(conflicts(&page, &branch), Vec::<Value>::new());
    assert_eq!(settle(&page, &branch, &stale), 409, "it is settled, and who looks at an old page is told so");

    // One device had half of it, one nothing: both end where the supervisor did.
    for device in [&half, &late, &one, &two] {
        device.json(&["sync"]);
        assert_eq!(device.json(&["conflicts", "list"]), Value::Array(Vec::new()));
        assert_eq!(text(&device.json(&["task", "show", &task]), "assignee"), lost);
    }

    // What the supervisor had not seen arrives: it is for them to decide again.
    three.json(&["sync"]);
    let open = conflicts(&page, &branch);
    assert_eq!(open.len(), 1, "{open:?}");
    let values: Vec<String> =
        open[0]["candidates"].as_array().expect("candidates").iter().map(|one| text(one, "value")).collect();
    assert!(values.contains(&lost) && values.contains(&"丙*".to_owned()), "{values:?}");
    for device in [&late, &three] {
        device.json(&["sync"]);
        assert_eq!(device.json(&["conflicts", "list"]).as_array().map(Vec::len), Some(1));
    }
    let button = button_at(&page, &branch, &doc, usize::from(values[0] != "丙*"));
    assert_eq!(settle(&page, &branch, &button), 303);
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
