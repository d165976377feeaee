//! `/api/v1` answers whoever is signed in, about what they may see.

use serde_json::Value;
use vocab::Role;

use crate::derived::{settled, write_customer};
use crate::device::{Device, doc};
use crate::running::{Reachable, Running, relay_with_two_branches};

fn cookie(head: &str, name: &str) -> String {
    let begin = format!("set-cookie: {name}=");
    let value = head.lines().find_map(|line| line.strip_prefix(&begin)?.split(';').next());
    format!("{name}={}", value.unwrap_or_else(|| panic!("no {name} in {head}")))
}

/// Signs somebody in through the form, as a browser does; the cookie of the session.
pub(crate) async fn signed_in(relay: &Running, name: &str, branch: Option<&str>) -> String {
    let user = relay.admin().add_user(name, Role::Supervisor, branch, None).unwrap();
    let (_, head, page) = relay.request("GET /sign-in", &[], "").await;
    let form = page.split("name=\"form\"").nth(1).unwrap().split("value=\"").nth(1).unwrap();
    let body = format!("form={}&name={name}&password={}", form.split('"').next().unwrap(), user.password);
    let headers =
        [("cookie", cookie(&head, "fieldbook_form")), ("content-type", "application/x-www-form-urlencoded".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (status, head, _) = relay.request("POST /sign-in", &headers, &body).await;
    assert_eq!(status, 303, "{head}");
    cookie(&head, "fieldbook_session")
}

pub(crate) async fn get(relay: &Running, path: &str, cookie: &str) -> (u16, Value) {
    let (status, _, body) = relay.request(&format!("GET /api/v1{path}"), &[("cookie", cookie)], "").await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_listed_and_shown_to_whoever_is_signed_in() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    let (_, id) = write_customer(&mut device, doc(1), "*先生");
    device.sync(&relay).await;
    settled(&relay, "上海").await;
    let cookie = signed_in(&relay, "li", None).await;
    let (_, branches) = get(&relay, "/branches", &cookie).await;
    assert_eq!(branches.as_array().unwrap().len(), 2);
    assert_eq!((&branches[0]["name"], &branches[0]["dossiers"]), (&"上海".into(), &1.into()));
    let branch = branches[0]["id"].as_str().unwrap();
    let (_, listed) = get(&relay, &format!("/branches/{branch}/records?kind=customer"), &cookie).await;
    assert_eq!((&listed["total"], &listed["records"][0]["name"]), (&1.into(), &"*先生".into()));
    let (_, shown) = get(&relay, &format!("/branches/{branch}/records/{id}"), &cookie).await;
    assert_eq!((&shown["id"], &shown["conflicts"]), (&id.as_str().into(), &Value::Array(vec![])));
    let (_, devices) = get(&relay, &format!("/branches/{branch}/devices"), &cookie).await;
    assert_eq!(devices[0]["code"], "01");
    assert_eq!((&devices[0]["marks"]["brought_back"], &devices[0]["marks"]["reconciling"]), (&0.into(), &0.into()));
    assert_eq!(get(&relay, &format!("/branches/{branch}/records?kind=boat"), &cookie).await.0, 400);
    assert_eq!(get(&relay, &format!("/branches/{branch}/records/CUST-09-1"), &cookie).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_another_branch_and_strangers_see_nothing() {
    let (_home, relay) = relay_with_two_branches().await;
    let (shanghai, beijing) = (relay.admin().branch("上海").unwrap().id, relay.admin().branch("北京").unwrap().id);
    let cookie = signed_in(&relay, "li", Some("上海")).await;
    let (_, branches) = get(&relay, "/branches", &cookie).await;
    assert_eq!(branches.as_array().unwrap().len(), 1);
    assert_eq!(get(&relay, &format!("/branches/{shanghai}/devices"), &cookie).await.0, 200);
    assert_eq!(get(&relay, &format!("/branches/{beijing}/devices"), &cookie).await.0, 404);
    for path in ["/branches".to_owned(), format!("/branches/{shanghai}/devices")] {
        for cookie in ["", "fieldbook_session=00"] {
            let (status, answer) = get(&relay, &path, cookie).await;
            assert_eq!((status, &answer["error"]), (401, &"signed_out".into()));
        }
    }
    assert_eq!(get(&relay, "/nothing", &cookie).await.0, 404);
}
