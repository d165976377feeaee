//! What is decided on the relay's pages: forms filled in, rows at the relay, and the same on devices that hear of it later.

use serde_json::Value;
use tests::process::{DeviceHome, RelayProcess, json, run};
use tests::visitor::Visitor;

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// The ids of a list of records, sorted: lists have orders of their own.
fn ids(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    let mut ids: Vec<String> = list.iter().map(|one| text(one, "id")).collect();
    ids.sort();
    ids
}

/// A relay with one branch: the branch's id, the pages of a branch begin with its path.
fn branch(folder: &tempfile::TempDir) -> (RelayProcess, String) {
    let relay = RelayProcess::start(&folder.path().join("relay"));
    let branch = text(&json(relay.command().args(["branch", "add", "上海"])), "id");
    (relay, branch)
}

#[test]
fn customers_merged_and_separated_on_the_pages_are_so_on_every_device() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (relay, branch) = branch(&folder);
    let enrolled = |name: &str, role: &str, staff: &str| relay.enrolled(&folder.path().join(name), "上海", role, staff);
    let (chief, van) = (enrolled("chief", "supervisor", "甲*"), enrolled("van", "engineer", "乙*"));
    let twin = ["customer", "add", "--name", "*先生", "--channel", "phone", "--history", "2023年购买产品A，2024年续保"];
    let mut twins = [chief.record(&twin), van.record(&twin)];
    twins.sort();
    let [lead, other] = twins;
    for device in [&chief, &van, &chief] {
        device.json(&["sync"]);
    }

    let page = Visitor::sign_in(&relay, "lihua", "supervisor");
    page.follow(&branch);
    let duplicates = format!("/branches/{branch}/duplicates");
    let form = page.form(&duplicates, &duplicates, 0);
    let pair = [form.value("one"), form.value("other")];
    assert_eq!(pair, [Some(lead.as_str()), Some(other.as_str())]);

    // Whoever may only read finds no button, and a form of their own making changes nothing.
    let auditor = Visitor::sign_in(&relay, "shenji", "auditor");
    assert!(!auditor.page(&duplicates).contains("name=\"one\""));
    let own = auditor.form(&format!("/branches/{branch}"), "/sign-out", 0);
    let forged = own.with("one", &lead).with("other", &other);
    assert!(matches!(auditor.post(&duplicates, &forged).status, 403 | 404 | 409));
    let customers = |page: &Visitor| ids(&page.api(&format!("/branches/{branch}/records?kind=customer"))["records"]);
    assert_eq!(customers(&page), [lead.clone(), other.clone()]);

    assert_eq!(page.post(&duplicates, &form).status, 303);
    page.follow(&branch);
    assert_eq!(customers(&page), std::slice::from_ref(&lead), "one is listed");
    assert_eq!(page.api(&format!("/branches/{branch}/views/duplicates"))["pairs"], Value::Array(Vec::new()));
    assert_eq!(page.post(&duplicates, &form).status, 409, "an old page says what stands already");
    let both = |device: &DeviceHome| ids(&device.json(&["customer", "list"]));
    for device in [&chief, &van] {
        assert_eq!(both(device), [lead.clone(), other.clone()], "until it hears of it");
        device.json(&["sync"]);
        assert_eq!(both(device), std::slice::from_ref(&lead));
        assert_eq!(text(&device.json(&["customer", "show", &other]), "id"), lead);
        assert_eq!(device.json(&["view", "duplicates"])["pairs"], Value::Array(Vec::new()));
        let history = device.json(&["history", &lead]);
        let merged = history.as_array().and_then(|entries| entries.last().cloned()).expect("a history");
        assert_eq!(
            (&merged["event"], &merged["by"], &merged["role"]),
            (&"merged".into(), &"李*".into(), &"supervisor".into())
        );
    }
    // What is written under either id meanwhile goes to the one both lead to.
    van.record(&["customer", "edit", &other, "--preference", "每月一次电话"]);
    van.json(&["sync"]);
    page.follow(&branch);
    let dossier = format!("/branches/{branch}/customers/{lead}");
    assert!(page.page(&dossier).contains("每月一次电话"));

    let separate = page.form(&dossier, &duplicates, 0);
    assert_eq!(page.post(&duplicates, &separate.clone().with("reason", " ")).status, 409, "a reason is needed");
    assert_eq!(customers(&page), std::slice::from_ref(&lead));
    assert_eq!(page.post(&duplicates, &separate.with("reason", "父子两户")).status, 303);
    page.follow(&branch);
    assert_eq!(customers(&page), [lead.clone(), other.clone()]);
    for device in [&chief, &van] {
        device.json(&["sync"]);
        assert_eq!(both(device), [lead.clone(), other.clone()]);
        assert_eq!(text(&device.json(&["customer", "show", &other]), "id"), other);
        assert_eq!(text(&device.json(&["customer", "show", &lead]), "preference"), "每月一次电话");
    }
}

/// The limit called `code` of a record, as a device's due list says it: when it began, until when, under which policy.
fn limit(device: &DeviceHome, record: &str, code: &str) -> Value {
    let due = device.json(&["due"]);
    let items = due["items"].as_array().expect("items").iter();
    let found: Vec<&Value> = items.filter(|item| item["record"] == record && item["code"] == code).collect();
    assert_eq!(found.len(), 1, "{record} {code}: {due}");
    let part = |name: &str| found[0][name].clone();
    serde_json::json!({ "from": part("from"), "due": part("due"), "policy": part("policy") })
}

fn minutes(limit: &Value) -> i64 {
    let at = |name: &str| text(limit, name).parse::<vocab::Timestamp>().expect("an instant").millis();
    (at("due") - at("from")) / 60_000
}

#[test]
fn a_record_keeps_the_policy_it_began_under_when_an_administrator_writes_another() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (relay, branch) = branch(&folder);
    let enrolled = |name: &str| relay.enrolled(&folder.path().join(name), "上海", "supervisor", "甲*");
    let (one, two) = (enrolled("one"), enrolled("two"));
    let customer = one.record(&["customer", "add", "--name", "*先生", "--channel", "phone"]);
    // Raised, and neither urgency nor scope nor resources said: L3.
    let need =
        |device: &DeviceHome| device.record(&["assessment", "add", "--customer", &customer, "--need", "更换设备"]);
    let old = need(&one);
    one.json(&["sync"]);
    two.json(&["sync"]);
    let before = limit(&one, &old, "L3");
    assert_eq!((minutes(&before), &before["policy"]), (30, &Value::Null), "the default");

    // On the page; to a supervisor the form does not exist.
    let policy = format!("/branches/{branch}/policy");
    let edit = format!("{policy}/edit");
    assert_eq!(Visitor::sign_in(&relay, "lihua", "supervisor").request(&format!("GET {edit}"), "").status, 404);
    let page = Visitor::sign_in(&relay, "guanli", "administrator");
    let form = page.form(&edit, &edit, 0);
    assert_eq!((form.value("limits.L3.n"), form.value("limits.L3.unit")), (Some("30"), Some("minutes")));
    let form = form.with("limits.L3.n", "2").with("limits.L3.unit", "hours").with("reason", "人手不足");
    let answer = page.post(&edit, &form);
    assert_eq!(answer.status, 303, "{}", answer.body);
    page.follow(&branch);
    let version = text(&page.api(&format!("{policy}/versions"))[0], "version");

    // A device that has not heard goes by what it knows, and afterwards by what held when the record began.
    let unaware = need(&two);
    assert_eq!(minutes(&limit(&two, &unaware, "L3")), 30);
    for device in [&one, &two, &one] {
        device.json(&["sync"]);
    }
    let new = need(&one);
    one.json(&["sync"]);
    two.json(&["sync"]);
    page.follow(&branch);
    for device in [&one, &two] {
        assert_eq!(limit(device, &old, "L3"), before, "an old record keeps its limits");
        for record in [&unaware, &new] {
            let limit = limit(device, record, "L3");
            assert_eq!((minutes(&limit), &limit["policy"]), (120, &Value::from(version.as_str())), "{record}");
        }
    }
    let as_of = text(&one.json(&["due"]), "as_of");
    let printed = run(&mut one.command(&["due", "--as-of", &as_of])).stdout;
    let answered = page.api_text(&format!("/branches/{branch}/views/due?as_of={as_of}"));
    assert_eq!(String::from_utf8(printed).expect("UTF-8"), answered, "the relay says the same");

    // What holds can be looked up where it is named.
    let shown = one.json(&["show", &version]);
    assert_eq!((&shown["kind"], &shown["reason"]), (&"policy".into(), &"人手不足".into()), "{shown}");
    assert!(shown["changes"].as_array().is_some_and(|changes| !changes.is_empty()), "{shown}");
    let card = one.shown(&["show", &version]);
    assert!(card.contains(&version) && card.contains("人手不足"), "{card}");
}
