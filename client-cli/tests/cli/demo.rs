//! The demonstration, from beginning to end, in both languages.

use crate::environment::Environment;

#[test]
fn the_demo_proves_that_every_branch_converges_and_leaves_nothing_behind() {
    let device = Environment::empty();
    let temporary = device.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let output = device.command(["demo", "--exit", "--json"]).env("TMPDIR", &temporary).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    assert_eq!(told["equal"], true);
    let branches = told["branches"].as_array().unwrap();
    assert_eq!(branches.len(), 2);
    for branch in branches {
        let exports = branch["exports"].as_array().unwrap();
        assert_eq!(exports.len(), 3, "two devices and the relay");
        assert!(exports.iter().all(|export| export["sha256"] == exports[0]["sha256"]));
        assert!(branch["records"].as_i64().unwrap() > 40);
    }
    let conflicts = told["conflicts"].as_array().unwrap();
    let about = |field: &str| conflicts.iter().any(|conflict| conflict["field"] == field);
    for field in ["preference", "need", "state", "grade", "assignee"] {
        assert!(about(field), "{field}");
    }
    assert!(conflicts.iter().any(|conflict| conflict["kind"] == "parallel"));
    for exchange in told["exchanges"]["evening"].as_array().unwrap() {
        assert_eq!((exchange["outbox"].as_i64(), exchange["refused"].as_i64()), (Some(0), Some(0)));
    }
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "the temporary directory is gone");
    assert!(!device.home().exists(), "the demo touches no home of the person");
}

#[test]
fn the_demo_tells_its_day_in_the_chosen_language() {
    let device = Environment::empty();
    let told = device.ok(["demo", "--exit", "--lang", "zh-CN"]);
    for part in ["逐字节相同", "CUST001", "批准失效", "中继已停止"] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    assert!(!told.contains("cli-"), "{told}");
}
