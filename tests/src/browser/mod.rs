//! A real Chromium without a window, driven through its WebDriver.
//!
//! Every session has an empty profile of its own. Where Chromium is not installed a test says so by name and ends; with
//! `FIELDBOOK_REQUIRE_BROWSER=1`, as in `.ci/run`, that is a failure.

mod command;
mod driver;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use command::{ConsoleLog, Devtools};
use driver::Driver;

/// How long something may take to appear on a page before a test gives up, with two cores shared by everything.
pub const APPEARS_WITHIN: Duration = Duration::from_secs(30);

/// The browser of one test.
#[derive(Debug, Clone)]
pub struct Browser {
    client: Client,
}

/// Runs `test` in a browser of its own, which is closed whatever happens.
///
/// # Panics
/// When the test does, or when there must be a browser and there is none.
pub async fn with_browser<F>(name: &str, test: impl FnOnce(Browser) -> F)
where
    F: Future<Output = ()>,
{
    let Some(driver) = Driver::start() else {
        let required = std::env::var_os("FIELDBOOK_REQUIRE_BROWSER").is_some_and(|value| value == "1");
        assert!(!required, "{name}: chromium and chromedriver are required and not installed");
        driver::say_skipped(name);
        return;
    };
    let client = ClientBuilder::new(driver.connector())
        .capabilities(driver.capabilities())
        .connect(driver.url())
        .await
        .expect("chromedriver opens a session");
    let browser = Browser { client: client.clone() };
    let result = AssertUnwindSafe(test(browser)).catch_unwind().await;
    let closed = client.close().await;
    drop(driver);
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
    closed.expect("the browser closes");
}

impl Browser {
    /// Opens an address and waits for the page.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Makes the window `width` by `height` CSS pixels; under 500 it becomes a phone, touch and all.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Prefers dark or light, as the system's setting would.
    pub async fn prefer_scheme(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// One command of the DevTools protocol.
    ///
    /// # Panics
    /// When the browser refuses it.
    pub async fn devtools(&self, method: &'static str, parameters: Value) -> Value {
        let command = Devtools { method, parameters };
        self.client.issue_cmd(command).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// What a script in the page returns.
    ///
    /// # Panics
    /// When it throws.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// The visible text of the first element that `css` selects.
    ///
    /// # Panics
    /// When there is none.
    pub async fn text(&self, css: &str) -> String {
        let element = self.client.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.text().await.expect("an element has a text")
    }

    /// How many elements `css` selects.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.map_or(0, |found| found.len())
    }

    /// Types into a field.
    ///
    /// # Panics
    /// When there is no such field.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.client.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"));
        field.clear().await.expect("a field can be emptied");
        field.send_keys(text).await.expect("a field takes text");
    }

    /// Clicks what leads to another page and waits until that page stands, be it the same address again.
    ///
    /// # Panics
    /// When there is nothing to click, or no other page within [`APPEARS_WITHIN`].
    pub async fn follow(&self, css: &str) {
        let target = self.client.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"));
        self.script("document.documentElement.dataset.left = 'yes'").await;
        target.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
        let arrived = async {
            let stands = "return document.readyState === 'complete' && !document.documentElement.dataset.left";
            // Between two pages there is no document to ask: that is an error and not an answer.
            while !matches!(self.client.execute(stands, Vec::new()).await, Ok(Value::Bool(true))) {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(APPEARS_WITHIN, arrived).await.is_ok(), "{css} led nowhere");
    }

    /// Waits until a script returns true.
    ///
    /// # Panics
    /// When it does not within [`APPEARS_WITHIN`].
    pub async fn wait_until(&self, condition: &str) {
        let script = format!(
            "const done = arguments[0]; const look = () => ({condition}) ? done(true) : requestAnimationFrame(look); look();"
        );
        let waiting = self.client.execute_async(&script, Vec::new());
        let met = tokio::time::timeout(APPEARS_WITHIN, waiting).await;
        assert!(matches!(met, Ok(Ok(Value::Bool(true)))), "never true: {condition} ({met:?})");
    }

    /// The path and query of the present page.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("a page has an address");
        url[url::Position::BeforePath..].to_owned()
    }

    /// Errors and warnings the page caused since this was last asked: scripts, refused styles, failed loads.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(ConsoleLog).await.expect("chromedriver keeps the console");
        let entries = entries.as_array().cloned().unwrap_or_default();
        let grave = |entry: &&Value| entry["level"] == "SEVERE" || entry["level"] == "WARNING";
        entries.iter().filter(grave).map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Elements that stick out of the page to the right, described; empty when nothing has to be scrolled sideways.
    pub async fn overflowing(&self) -> Vec<String> {
        let found = self.script(include_str!("overflow.js")).await;
        serde_json::from_value(found).expect("the script returns texts")
    }

    /// Writes a picture of the whole page, not only of what the window shows.
    pub async fn screenshot(&self, width: u32, path: &Path) {
        let height = self.script("return document.documentElement.scrollHeight").await;
        let height = u32::try_from(height.as_u64().unwrap_or(800)).unwrap_or(800).clamp(600, 6_000);
        self.resize(width, height).await;
        let picture = self.client.screenshot().await.expect("the browser draws the page");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("the folder of pictures can be made");
        }
        std::fs::write(path, picture).expect("the picture can be written");
    }

    /// The session's cookies with all their attributes.
    pub async fn cookies(&self) -> Vec<Value> {
        let answer = self.devtools("Network.getAllCookies", json!({})).await;
        answer["cookies"].as_array().cloned().unwrap_or_default()
    }

    /// Replaces the value of a cookie of the present page.
    pub async fn set_cookie(&self, name: &str, value: &str) {
        let url = self.client.current_url().await.expect("a page has an address").to_string();
        let cookie = json!({ "name": name, "value": value, "url": url, "httpOnly": true, "sameSite": "Strict" });
        self.devtools("Network.setCookie", cookie).await;
    }
}
