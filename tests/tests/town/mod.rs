//! A small organisation with two branches, made by the real programs: what the browser is shown.

use serde_json::Value;
use tempfile::TempDir;
use tests::browser::Browser;
use tests::process::{DeviceHome, RelayProcess, json};

pub(crate) const SHANGHAI: &str = "上海网点";
pub(crate) const BEIJING: &str = "北京网点";

/// How somebody signs in.
pub(crate) struct SignIn {
    pub(crate) name: String,
    pub(crate) password: String,
}

pub(crate) struct Town {
    relay: RelayProcess,
    pub(crate) engineer: DeviceHome,
    pub(crate) supervisor: SignIn,
    pub(crate) auditor: SignIn,
    pub(crate) administrator: SignIn,
    shanghai: String,
    beijing: String,
    customer: String,
    pub(crate) task: String,
    _folder: TempDir,
}

impl Town {
    /// Two branches; three devices of one, of which one was never connected again; the golden customer with work in every
    /// state, and a value that two of them wrote while cut off.
    pub(crate) fn found() -> Town {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let relay = RelayProcess::start(&folder.path().join("relay"));
        let branch = |name: &str| text(&json(relay.command().args(["branch", "add", name])), "id");
        let (shanghai, beijing) = (branch(SHANGHAI), branch(BEIJING));
        let user = |name: &str, more: &[&str]| {
            let added = json(relay.command().args(["user", "add", name]).args(more));
            SignIn { name: text(&added, "name"), password: text(&added, "password") }
        };
        let supervisor = user("lihua", &["--role", "supervisor", "--branch", SHANGHAI, "--staff", "李*"]);
        let auditor = user("shenji", &["--role", "auditor"]);
        let administrator = user("guanli", &["--role", "administrator"]);
        let device = |folder_name: &str, branch: &str, role: &str, staff: &str, name: &str| {
            let invite = json(relay.command().args(["invite", "--branch", branch, "--role", role, "--staff", staff]));
            let device = DeviceHome::new(folder.path().join(folder_name));
            device.json(&["enrol", "--relay", relay.url(), "--invite", &text(&invite, "code"), "--name", name]);
            device
        };
        let chief = device("chief", SHANGHAI, "supervisor", "李*", "主管办公室");
        let engineer = device("engineer", SHANGHAI, "engineer", "王*", "工程师手机");
        let hotline = device("hotline", BEIJING, "hotline", "赵*", "热线台");

        let customer = chief.record(&[
            "customer",
            "add",
            "--name",
            "*先生",
            "--channel",
            "online_chat",
            "--grade",
            "vip",
            "--owner",
            "服务团队*",
            "--history",
            "2023年购买产品A；2024年3月更换电源模块，现场处理。",
            "--tags",
            "A类,成长",
        ]);
        let assessment = chief.record(&[
            "assessment",
            "add",
            "--customer",
            &customer,
            "--need",
            "产品退货处理",
            "--urgency",
            "high",
            "--scope",
            "after_sales",
            "--minutes",
            "120",
            "--staff",
            "1",
            "--plan",
            "快速退款流程",
        ]);
        chief.record(&["assessment", "approve", &assessment]);
        let task = |title: &str| {
            chief.record(&[
                "task",
                "add",
                "--assessment",
                &assessment,
                "--title",
                title,
                "--mode",
                "onsite",
                "--to",
                "王*",
                "--due",
                "2030-05-02T11:00:00Z",
            ])
        };
        let (first, second) = (task("处理退货申请"), task("更换设备并带回旧件"));
        for name in ["刘*", "陈女士*"] {
            chief.record(&["customer", "add", "--name", name, "--channel", "phone", "--grade", "normal"]);
        }
        chief.json(&["sync"]);
        engineer.json(&["sync"]);
        engineer.record(&["task", "start", &first]);
        engineer.record(&["task", "note", &first, "旧件已封存"]);
        engineer.record(&["task", "done", &first]);
        engineer.record(&["task", "start", &second]);
        engineer.record(&["task", "delay", &second, "--due", "2030-05-03T11:00:00Z"]);
        engineer.record(&["feedback", "add", "--task", &first, "--score", "4", "--text", "服务响应快但细节需改进"]);
        engineer.json(&["sync"]);
        chief.json(&["sync"]);
        chief.record(&["task", "review", &first]);
        // Cut off from each other, both write down what the customer prefers.
        chief.record(&["customer", "edit", &customer, "--preference", "每周一次邮件更新"]);
        engineer.record(&["customer", "edit", &customer, "--preference", "每月一次电话"]);
        chief.json(&["sync"]);
        engineer.json(&["sync"]);
        hotline.record(&["customer", "add", "--name", "周*", "--channel", "email"]);
        hotline.json(&["sync"]);
        Town {
            relay,
            engineer,
            supervisor,
            auditor,
            administrator,
            shanghai,
            beijing,
            customer,
            task: second,
            _folder: folder,
        }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.relay.url())
    }

    pub(crate) fn shanghai(&self) -> String {
        format!("/branches/{}", self.shanghai)
    }

    pub(crate) fn beijing(&self) -> String {
        format!("/branches/{}", self.beijing)
    }

    pub(crate) fn customer(&self) -> &str {
        &self.customer
    }

    /// A command beside the serving relay.
    pub(crate) fn relay_command(&self, arguments: &[&str]) -> Value {
        json(self.relay.command().args(arguments))
    }

    pub(crate) fn dossier(&self) -> String {
        format!("{}/customers/{}", self.shanghai(), self.customer)
    }

    /// Every page behind the sign-in, by name.
    pub(crate) fn pages(&self) -> Vec<(&'static str, String)> {
        let branch = self.shanghai();
        vec![
            ("branches", "/".to_owned()),
            ("branch", branch.clone()),
            ("customers", format!("{branch}/customers")),
            ("customers-none", format!("{branch}/customers?q=zzz")),
            ("dossier", self.dossier()),
            ("conflicts", format!("{branch}/conflicts")),
            ("due", format!("{branch}/due?missed=yes")),
            ("daily", format!("{branch}/daily")),
            ("matrix", format!("{branch}/matrix")),
            ("timeline", format!("{branch}/timeline")),
            ("funnel", format!("{branch}/funnel")),
            ("complaints", format!("{branch}/complaints")),
            ("figures", format!("{branch}/figures")),
            ("visits", format!("{branch}/visits")),
            ("duplicates", format!("{branch}/duplicates")),
            ("policy", format!("{branch}/policy")),
            ("devices", format!("{branch}/devices")),
            ("devices-elsewhere", format!("{}/devices", self.beijing())),
        ]
    }

    pub(crate) async fn sign_in(&self, browser: &Browser, who: &SignIn) {
        browser.open(&self.at("/sign-in")).await;
        self.fill_sign_in(browser, who).await;
        assert_eq!(browser.path().await, "/", "signed in");
    }

    /// Fills in the form that is open and sends it.
    pub(crate) async fn fill_sign_in(&self, browser: &Browser, who: &SignIn) {
        browser.fill("#name", &who.name).await;
        browser.fill("#password", &who.password).await;
        browser.follow("main button[type=submit]").await;
    }

    pub(crate) async fn sign_out(&self, browser: &Browser) {
        browser.open(&self.at("/")).await;
        browser.follow("form[action='/sign-out'] button").await;
        assert_eq!(browser.path().await, "/sign-in?ended=1");
    }

    /// The status of an answer to the signed-in browser.
    pub(crate) async fn status(&self, browser: &Browser, path: &str) -> Value {
        let script = format!(
            "const stop = new AbortController(); return fetch('{path}', {{ redirect: 'manual', signal: stop.signal }})\
             .then((answer) => {{ stop.abort(); return answer.status; }})"
        );
        browser.script(&script).await
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}
