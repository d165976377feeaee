//! The API is what its own document says: every path is asked, every answer held against its schema.

use serde_json::{Value, json};

use crate::api::{get, signed_in};
use crate::derived::{settled, write_customer};
use crate::device::{Device, doc};
use crate::running::{Reachable, Running, relay_with_two_branches};

/// The document with `schema` as what is asked of an instance: references lead into the document itself.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let mut whole = json!({ "components": document["components"] });
    whole["allOf"] = json!([schema]);
    jsonschema::draft202012::new(&whole).unwrap()
}

fn faults(document: &Value, schema: &Value, answer: &Value) -> Vec<String> {
    validator(document, schema).iter_errors(answer).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

async fn world() -> (tempfile::TempDir, Running, String, String, String) {
    let (home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let (_, id) = write_customer(&mut device, doc(1), "*先生");
    device.sync(&relay).await;
    settled(&relay, "上海").await;
    let cookie = signed_in(&relay, "li", None).await;
    let branch = relay.admin().branch("上海").unwrap().id.to_string();
    (home, relay, cookie, branch, id.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_answers_as_the_document_says() {
    let (_home, relay, cookie, branch, id) = world().await;
    let (status, document) = get(&relay, "/openapi.json", "").await;
    assert_eq!((status, &document["openapi"]), (200, &"3.1.0".into()));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 20);
    for (path, operation) in paths {
        let schema = |code: &str| &operation["get"]["responses"][code]["content"]["application/json"]["schema"];
        let parameters = operation["get"]["parameters"].as_array().unwrap();
        let mut address = path.replace("{branch}", &branch).replace("{id}", &id);
        for parameter in parameters.iter().filter(|one| one["in"] == "query" && one["required"] == true) {
            address.push_str(&format!("?{}=customer", parameter["name"].as_str().unwrap()));
        }
        let (status, answer) = get(&relay, &address, &cookie).await;
        assert_eq!(status, 200, "{address}: {answer}");
        assert_eq!(faults(&document, schema("200"), &answer), Vec::<String>::new(), "{address}: {answer}");

        let (status, answer) = get(&relay, &address, "").await;
        assert_eq!((status, faults(&document, schema("401"), &answer)), (401, vec![]), "{address}");
        if path.contains("{branch}") {
            let (status, answer) = get(&relay, &address.replace(&branch, &"0".repeat(32)), &cookie).await;
            assert_eq!((status, faults(&document, schema("404"), &answer)), (404, vec![]), "{address}");
        }
        // What it says of its parameters is so: each is taken, and a wrong one is told by its name.
        let join = if address.contains('?') { '&' } else { '?' };
        for parameter in parameters.iter().filter(|one| one["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let format = &parameter["schema"];
            let wrong = match (format["format"].as_str(), format["type"].as_str(), name) {
                (Some("date-time"), ..) => "yesterday",
                (_, Some("integer"), _) => "many",
                (_, _, "month" | "role" | "states" | "kind" | "customer") => "boat%21",
                _ => continue,
            };
            let (status, answer) = get(&relay, &format!("{address}{join}{name}={wrong}"), &cookie).await;
            assert_eq!(status, 400, "{address} {name}: {answer}");
            assert!(faults(&document, schema("400"), &answer).is_empty());
            assert!(answer["help"].as_str().unwrap().contains(name) || path.ends_with("/records"), "{name}: {answer}");
        }
    }
}

/// What the test above relies on: an answer that is not as it should be is found.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_shape_is_found() {
    let (_home, relay, cookie, branch, _) = world().await;
    let (_, document) = get(&relay, "/openapi.json", "").await;
    let path = format!("/branches/{branch}/views/matrix");
    let (_, mut answer) = get(&relay, &path, &cookie).await;
    let schema = json!({ "$ref": "#/components/schemas/Matrix" });
    assert!(faults(&document, &schema, &answer).is_empty());
    answer["branches"][0]["steps"][0]["letter"] = "X".into();
    assert_eq!(faults(&document, &schema, &answer).len(), 1);
    answer["more"] = 1.into();
    assert_eq!(faults(&document, &schema, &answer).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_asked_of_any_instant_and_what_is_unknown_is_told() {
    let (_home, relay, cookie, branch, id) = world().await;
    let view = |rest: &str| format!("/branches/{branch}/views/{rest}");
    let (_, before) = get(&relay, &view("due?as_of=2023-01-01T00:00:00Z"), &cookie).await;
    assert_eq!(before["items"], Value::Array(vec![]), "nothing had begun");
    let (_, later) = get(&relay, &view("due?as_of=2023-11-16T00:00:00Z&states=overdue,missed"), &cookie).await;
    assert!(
        later["items"].as_array().unwrap().iter().any(|item| item["code"] == "L2" && item["record"] == id.as_str()),
        "{later}"
    );
    assert_eq!(get(&relay, &view("boats"), &cookie).await.0, 404);
    let (status, answer) = get(&relay, &view("due?colour=red"), &cookie).await;
    assert!(status == 400 && answer["help"].as_str().unwrap().contains("as_of"), "{answer}");
    let far = view("timeline?from=2023-01-01T00:00:00Z&until=2025-01-01T00:00:00Z");
    assert_eq!(get(&relay, &far, &cookie).await.0, 400);
    let (_, history) = get(&relay, &format!("/branches/{branch}/records/{id}/history"), &cookie).await;
    let entry = &history["entries"][0];
    assert_eq!(entry["device"], "01");
    let late = entry["late_ms"].as_i64().unwrap();
    assert!(late > 0 && entry["received_at"].is_string(), "authored in 2023, received now: {entry}");
    let (_, lateness) = get(&relay, &format!("/branches/{branch}/late"), &cookie).await;
    assert_eq!((&lateness["all"]["changes"], &lateness["devices"][0]["max_ms"]), (&1.into(), &late.into()));
}
