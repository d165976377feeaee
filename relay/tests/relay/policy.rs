//! A branch's policy: written by a command, held by every device.

use records::{Class, Dossier, LimitCode, Policies, Span};
use serde_json::Value;
use vocab::{BranchId, DocId, Role};

use crate::device::Device;
use crate::process::{Process, json, refusal, run};

const SET: [&str; 4] = ["policy", "edit", "--branch", "上海"];

fn edit(data: &std::path::Path, more: &[&str]) -> Value {
    json(data, &[&SET[..], more].concat())
}

#[test]
fn a_policy_is_shown_edited_and_listed_with_who_and_why() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path();
    json(data, &["branch", "add", "上海"]);
    let show = || json(data, &["policy", "show", "--branch", "上海"]);
    let defaults = show();
    assert_eq!((&defaults["version"], &defaults["policy"]["limits"]["L5"]["minutes"]), (&Value::Null, &30.into()));
    assert_eq!(json(data, &["policy", "versions", "--branch", "上海"]), Value::Array(vec![]));

    let first = edit(data, &["--reason", "任务较长", "--set", "limits.L5.minutes=45", "--set", "visits.potential=1"]);
    let places: Vec<_> =
        first["changed"].as_array().unwrap().iter().map(|one| one["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["limits.L5", "visits.potential"]);
    assert_eq!(first["changed"][0]["before"]["minutes"], 30);
    let shown = show();
    assert_eq!((&shown["version"], &shown["reason"]), (&first["version"], &"任务较长".into()));
    assert_eq!((&shown["by"], &shown["role"]), (&"管理员*".into(), &"administrator".into()));
    assert_eq!(shown["policy"]["limits"]["L5"]["minutes"], 45);

    let file = data.join("policy.json");
    let mut whole = shown["policy"].clone();
    whole["limits"]["L6"]["minutes"] = 120.into();
    std::fs::write(&file, whole.to_string()).unwrap();
    let path = file.to_str().unwrap();
    edit(data, &["--reason", "审核改为两小时", "--by", "赵*", path]);
    let versions = json(data, &["policy", "versions", "--branch", "上海"]);
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert_eq!((&versions[1]["by"], &versions[1]["changed"][0]["place"]), (&"赵*".into(), &"limits.L6".into()));
    let earlier = ["policy", "show", "--branch", "上海", "--id", first["version"].as_str().unwrap()];
    assert_eq!(json(data, &earlier)["policy"]["limits"]["L6"]["minutes"], 60);
    let text = String::from_utf8(run(data, &["policy", "versions", "--branch", "上海"]).stdout).unwrap();
    assert!(
        text.contains("任务较长") && text.contains("L5 status update while in progress: 30 min → 45 min"),
        "{text}"
    );
    let text = String::from_utf8(run(data, &["--lang", "zh-CN", "policy", "show", "--branch", "上海"]).stdout).unwrap();
    assert!(text.contains("L6 完成后审核: 2 小时") && text.contains("审核改为两小时"), "{text}");

    whole["limits"].as_object_mut().unwrap().remove("L9");
    std::fs::write(&file, whole.to_string()).unwrap();
    let overlap = r#"calendar=[{"from":"2026-10-01","to":"2026-10-07","working":false},{"from":"2026-10-07","to":"2026-10-08","working":true}]"#;
    for (given, place) in [
        (&["--reason", "x", path][..], "L9"),
        (&["--reason", "x", "--set", overlap], "2026-10-07"),
        (&["--reason", "x", "--set", "limits.L55.minutes=3"], "limits.L55"),
        (&["--reason", "x", "--set", "limits.L5.minutes=soon"], "limits.L5"),
        (&["--reason", "x", "--set", "limits.L6.minutes=120"], "already"),
        (&["--reason", " ", "--set", "limits.L5.minutes=50"], "Reason"),
    ] {
        let (code, said) = refusal(data, &[&SET[..], given].concat());
        assert!(code == Some(1) && said.contains(place), "{given:?}: {said}");
    }
    assert_eq!(
        refusal(data, &[&SET[..], &["--set", "limits.L5.minutes=50"]].concat()).0,
        Some(2),
        "a reason is needed"
    );
    assert_eq!(refusal(data, &[&SET[..], &["--reason", "x"]].concat()).0, Some(2), "something is to be changed");
    assert_eq!(json(data, &["policy", "versions", "--branch", "上海"]).as_array().unwrap().len(), 2);
}

/// The policies as a device holds them.
fn held(device: &Device, doc: DocId) -> Option<Policies> {
    let document = device.documents.get(&doc)?;
    Some(Policies::of(&Dossier::load(&document.save()).ok()?.read()))
}

fn minutes(policies: &Policies) -> Option<Span> {
    policies.versions().last()?.policy.span(LimitCode::L5)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_written_beside_a_serving_relay_reaches_connected_devices_and_later_ones() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path();
    let branch: BranchId = json(data, &["branch", "add", "上海"])["id"].as_str().unwrap().parse().unwrap();
    let doc = Class::Policy.document(branch).unwrap();
    let process = Process::start(data);
    let mut connected = Device::enrolled(1, &process, "上海").await;
    let mut round = 0;
    // Two versions: the document's first change and one that goes on from it.
    for wanted in [45, 50] {
        let mut asked = false;
        connected
            .follow(&process, |device| {
                if device.cursor_known() && !asked {
                    asked = true;
                    edit(data, &["--reason", "试行", "--set", &format!("limits.L5.minutes={wanted}")]);
                }
                held(device, doc).and_then(|policies| minutes(&policies)) == Some(Span::Minutes(wanted))
            })
            .await;
        round += 1;
        assert_eq!(held(&connected, doc).unwrap().versions().len(), round);
    }
    let mut later = Device::enrolled(2, &process, "上海").await;
    later.sync(&process).await;
    let policies = held(&later, doc).unwrap();
    assert_eq!(minutes(&policies), Some(Span::Minutes(50)));
    let written: Vec<_> = policies.versions().iter().map(|version| version.written.clone()).collect();
    assert_eq!(written[0].author.as_ref().unwrap().role, Role::Administrator);
    assert!(written[0].at < written[1].at && written[0].actor != written[1].actor, "no actor is used twice");
    assert_eq!(written[0].actor.as_bytes()[..8], written[1].actor.as_bytes()[..8], "both are the branch's");
    process.kill();
}
