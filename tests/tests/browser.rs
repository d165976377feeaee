//! The pages as people meet them: the real relay and the real devices as processes, in a real browser.

mod town;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::browser::{Browser, with_browser};

use town::Town;

/// Where pictures are put for people to look at.
fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../screenshots").join(format!("{name}.png"))
}

const PHONE: u32 = 360;
const DESK: u32 = 1_280;

/// What the other tests assert to be absent would be seen if it were there.
#[tokio::test]
async fn a_page_with_faults_is_caught() {
    with_browser("a_page_with_faults_is_caught", |browser| async move {
        browser.resize(PHONE, 700).await;
        browser.open("data:text/html,<body><p>calm</p>").await;
        assert_eq!(browser.text("p").await, "calm");
        assert!(browser.overflowing().await.is_empty());
        assert!(browser.console_errors().await.is_empty());
        let faulty = "data:text/html,<meta name=viewport content=width=device-width>\
                      <div style=width:900px>wide</div><script>nowhere()</script>";
        browser.open(faulty).await;
        assert!(browser.overflowing().await.iter().any(|element| element.contains("wide")));
        assert!(browser.console_errors().await.iter().any(|message| message.contains("nowhere")));
    })
    .await;
}

/// Widths people have, languages they read, and every page.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_stands_in_both_languages_on_a_phone_and_on_a_desk() {
    with_browser("every_page_stands_in_both_languages_on_a_phone_and_on_a_desk", |browser| async move {
        let town = Town::found();
        for lang in ["zh-CN", "en"] {
            for width in [PHONE, DESK] {
                browser.resize(width, 800).await;
                browser.open(&town.at(&format!("/preferences?lang={lang}&theme=light&next=/sign-in"))).await;
                inspect(&browser, width, &format!("{lang}-{width}-sign-in")).await;
                town.sign_in(&browser, &town.auditor).await;
                for (name, path) in town.pages() {
                    browser.open(&town.at(&path)).await;
                    assert_eq!(browser.script("return document.documentElement.lang").await, lang);
                    inspect(&browser, width, &format!("{lang}-{width}-{name}")).await;
                }
                town.sign_out(&browser).await;
            }
        }
        town.sign_in(&browser, &town.auditor).await;
        browser.resize(DESK, 800).await;
        for (name, path) in town.pages() {
            browser.open(&town.at(&format!("/preferences?theme=dark&next={path}"))).await;
            inspect(&browser, DESK, &format!("dark-{name}")).await;
        }
        browser.open(&town.at("/branches/nowhere")).await;
        assert!(browser.text("h1").await.contains("Not found"));
        let missing = browser.console_errors().await;
        assert!(missing.iter().all(|message| message.contains("404")), "{missing:?}");
    })
    .await;
}

/// Structure, width and silence of one page, and its picture.
async fn inspect(browser: &Browser, width: u32, name: &str) {
    assert_eq!(browser.overflowing().await, Vec::<String>::new(), "{name} has to be scrolled sideways");
    assert_eq!(browser.console_errors().await, Vec::<String>::new(), "{name}");
    for landmark in ["main", "header", "footer", "h1"] {
        assert_eq!(
            browser
                .count(&format!("body > {landmark}, main {landmark}:not(main section header, main article header)"))
                .await,
            1,
            "{name}: {landmark}"
        );
    }
    let unnamed = browser.script(include_str!("unnamed.js")).await;
    assert_eq!(unnamed, Value::Array(Vec::new()), "{name}: controls without a name");
    let faint = browser.script(include_str!("contrast.js")).await;
    assert_eq!(faint, Value::Array(Vec::new()), "{name}: text with too little contrast");
    let body = browser.text("body").await;
    assert!(!body.contains("pages-"), "{name} shows the key of a text that is missing: {body}");
    browser.screenshot(width, &picture(name)).await;
    browser.resize(width, 800).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_arrives_updates_the_open_page_without_a_reload() {
    with_browser("a_change_that_arrives_updates_the_open_page_without_a_reload", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.supervisor).await;
        browser.resize(DESK, 600).await;
        browser.open(&town.at(&town.dossier())).await;
        browser.wait_until("document.getElementById('live-state').dataset.state === 'on'").await;
        browser.script("window.untouched = true; scrollTo(0, 300); document.querySelector('.history a').focus()").await;
        let focused = browser.script("return document.activeElement.textContent").await;
        let scrolled = browser.script("return scrollY").await;

        town.engineer.json(&["task", "note", &town.task, "客户确认下午在家"]);
        town.engineer.json(&["sync"]);

        browser.wait_until("document.getElementById('main').innerText.includes('客户确认下午在家')").await;
        assert_eq!(browser.script("return window.untouched").await, true, "the page was not loaded again");
        assert_eq!(browser.script("return document.activeElement.textContent").await, focused);
        assert_eq!(browser.script("return scrollY").await, scrolled);
        assert_ne!(
            browser.script("return document.getElementById('announce').textContent").await,
            "",
            "it is announced"
        );

        browser.open(&town.at(&format!("{}/customers", town.shanghai()))).await;
        browser.wait_until("document.getElementById('live-state').dataset.state === 'on'").await;
        browser.fill("#q", "half typed").await;
        town.engineer.record(&["customer", "add", "--name", "孙*", "--channel", "phone"]);
        town.engineer.json(&["sync"]);
        browser.wait_until("document.getElementById('main').innerText.includes('孙*')").await;
        assert_eq!(browser.script("return document.getElementById('q').value").await, "half typed");
        assert_eq!(browser.console_errors().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_found_by_two_characters_and_filtered_by_grade() {
    with_browser("customers_are_found_by_two_characters_and_filtered_by_grade", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.supervisor).await;
        browser.open(&town.at(&format!("{}/customers", town.shanghai()))).await;
        assert_eq!(browser.count("tbody tr").await, 3);
        browser.fill("#q", "退货").await;
        browser.follow(".filters button").await;
        browser
            .wait_until("location.search.includes('q=') && document.querySelectorAll('tbody tr').length === 1")
            .await;
        assert!(browser.text("tbody tr").await.contains("*先生"));
        browser.open(&town.at(&format!("{}/customers?grade=vip", town.shanghai()))).await;
        assert_eq!(browser.count("tbody tr").await, 1);
        browser.open(&town.at(&format!("{}/customers?grade=core", town.shanghai()))).await;
        assert_eq!(browser.count("tbody tr").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_value_that_lost_is_shown_with_who_when_and_on_which_device() {
    with_browser("the_value_that_lost_is_shown_with_who_when_and_on_which_device", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.supervisor).await;
        browser.open(&town.at(&town.dossier())).await;
        let conflict = browser.text("#conflicts").await;
        for shown in ["每周一次邮件更新", "每月一次电话", "王*", "李*"] {
            assert!(conflict.contains(shown), "{shown} is missing: {conflict}");
        }
        assert_eq!(browser.count("#conflicts time[datetime]").await, 3);
        browser.open(&town.at(&format!("{}/conflicts", town.shanghai()))).await;
        assert_eq!(browser.count("tbody tr").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_settles_a_disagreement_and_the_devices_get_the_decision() {
    with_browser("a_supervisor_settles_a_disagreement_and_the_devices_get_the_decision", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.auditor).await;
        browser.open(&town.at(&town.dossier())).await;
        assert_eq!(browser.count("#conflicts button").await, 0, "who may not decide has nothing to decide with");
        town.sign_out(&browser).await;
        town.sign_in(&browser, &town.supervisor).await;
        browser.open(&town.at(&format!("{}/conflicts", town.shanghai()))).await;
        browser.follow("tbody th a").await;
        assert_eq!(browser.count(".candidates button").await, 2);
        let both = browser.text(".candidates").await;
        let lost = if both.find("每周").unwrap() < both.find("每月").unwrap() {
            "每月一次电话"
        } else {
            "每周一次邮件更新"
        };
        browser.screenshot(DESK, &picture("settle")).await;
        browser.follow(".candidates li:last-child button").await;
        assert!(browser.path().await.contains("/conflicts?settled=CUST"), "{}", browser.path().await);
        assert_eq!(browser.count("tbody tr").await, 0);
        browser.open(&town.at(&town.dossier())).await;
        assert_eq!(browser.count("#conflicts").await, 0);
        assert!(browser.text("[data-key=preference]").await.contains(lost));
        assert!(browser.text(".history").await.contains("李*"));
        town.engineer.json(&["sync"]);
        let shown = town.engineer.json(&["customer", "show", town.customer()]);
        assert_eq!(shown["preference"], lost, "{shown}");
        assert_eq!(town.engineer.json(&["conflicts", "list"]), Value::Array(Vec::new()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_writes_a_version_of_the_policy_and_nobody_else_can() {
    with_browser("an_administrator_writes_a_version_of_the_policy_and_nobody_else_can", |browser| async move {
        let town = Town::found();
        let edit = format!("{}/policy/edit", town.shanghai());
        browser.open(&town.at("/preferences?lang=zh-CN&next=/sign-in")).await;
        town.sign_in(&browser, &town.supervisor).await;
        assert_eq!(town.status(&browser, &edit).await, 404);
        browser.console_errors().await;
        town.sign_out(&browser).await;
        town.sign_in(&browser, &town.administrator).await;
        browser.resize(DESK, 900).await;
        browser.open(&town.at(&format!("{}/policy", town.shanghai()))).await;
        browser.follow(".title a.button").await;
        inspect(&browser, DESK, "edit-policy-desk").await;
        browser.resize(PHONE, 800).await;
        inspect(&browser, PHONE, "edit-policy-phone").await;
        browser.fill("[name='limits.L5.n']", "45").await;
        browser.fill("#calendar", "2026-10-01..2026-10-07 off 国庆节\n2026-10-07 work").await;
        browser.fill("#reason", "任务较长").await;
        browser.follow("button.main").await;
        assert!(browser.text("[role=alert]").await.contains("2026-10-07"), "what is wrong is said with its place");
        assert_eq!(
            browser.script("return document.getElementById('reason').value").await,
            "任务较长",
            "what was typed stays"
        );
        browser.console_errors().await;
        browser.fill("#calendar", "2026-10-01..2026-10-07 off 国庆节").await;
        browser.follow("button.main").await;
        assert!(browser.path().await.contains("/policy?written=POLICY-"));
        let versions = browser.text("main").await;
        for shown in ["任务较长", "L5", "30 分钟", "45 分钟", "国庆节", "g*"] {
            assert!(versions.contains(shown), "{shown} is missing: {versions}");
        }
        inspect(&browser, PHONE, "versions-of-policy-phone").await;
        // Somebody who looked at what was before is told that it has changed.
        browser.open(&town.at(&edit)).await;
        town.relay_command(&[
            "policy",
            "edit",
            "--branch",
            town::SHANGHAI,
            "--reason",
            "别处",
            "--set",
            "limits.L6.minutes=90",
        ]);
        browser.fill("[name='limits.L5.n']", "50").await;
        browser.fill("#reason", "再改").await;
        browser.follow("button.main").await;
        assert!(browser.text("[role=alert]").await.contains("其间"));
        assert_eq!(browser.console_errors().await.iter().filter(|error| !error.contains("409")).count(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_signs_the_daily_check_once() {
    with_browser("a_supervisor_signs_the_daily_check_once", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.supervisor).await;
        let daily = format!("{}/daily", town.shanghai());
        browser.open(&town.at(&format!("/preferences?lang=zh-CN&next={daily}"))).await;
        assert_eq!(browser.count("form.sign").await, 1);
        browser.fill("#remarks", "一项延迟，已联系客户").await;
        browser.follow("form.sign button").await;
        assert_eq!(browser.path().await, daily);
        assert_eq!(browser.count("form.sign").await, 0);
        let signed = browser.text("main").await;
        assert!(signed.contains("已签字") && signed.contains("李*") && signed.contains("CHECK-"), "{signed}");
        inspect(&browser, DESK, "daily-signed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_tells_by_letters_what_is_late() {
    with_browser("the_matrix_tells_by_letters_what_is_late", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.auditor).await;
        browser.open(&town.at("/")).await;
        assert_eq!(browser.count("table.matrix tbody tr").await, 2, "a row for each branch");
        assert_eq!(browser.count("table.matrix td .letter").await, 10);
        let letters = browser
            .script("return [...document.querySelectorAll('table.matrix td .letter')].every((l) => /^[RAG-]$/.test(l.textContent))")
            .await;
        assert_eq!(letters, true);
        browser.follow("table.matrix tbody tr:first-child th a").await;
        assert_eq!(browser.count("table.matrix tbody tr").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_of_one_branch_is_told_of_no_other() {
    with_browser("somebody_of_one_branch_is_told_of_no_other", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.supervisor).await;
        browser.open(&town.at("/")).await;
        assert_eq!(browser.count("section:first-of-type tbody tr").await, 1);
        assert_eq!(browser.count("table.matrix tbody tr").await, 1);
        assert!(!browser.text("body").await.contains(town::BEIJING));
        for path in ["", "/customers", "/conflicts", "/devices", "/policy", "/due", "/daily", "/matrix", "/figures"] {
            assert_eq!(town.status(&browser, &format!("{}{path}", town.beijing())).await, 404, "{path}");
            assert_eq!(town.status(&browser, &format!("{}{path}", town.shanghai())).await, 200, "{path}");
        }
        let live = town.beijing().replace("/branches/", "/live?branch=");
        assert_eq!(town.status(&browser, &live).await, 404);
        town.sign_out(&browser).await;
        town.sign_in(&browser, &town.auditor).await;
        assert_eq!(town.status(&browser, &town.beijing()).await, 200, "the auditor reads every branch");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_every_page_leads_to_the_sign_in_and_back() {
    with_browser("without_a_session_every_page_leads_to_the_sign_in_and_back", |browser| async move {
        let town = Town::found();
        for path in [town.dossier(), format!("{}/devices", town.shanghai())] {
            browser.open(&town.at(&path)).await;
            assert!(browser.path().await.starts_with("/sign-in?next="), "{path}");
        }
        town.fill_sign_in(&browser, &town.supervisor).await;
        assert_eq!(browser.path().await, format!("{}/devices", town.shanghai()));

        let cookies = browser.cookies().await;
        let session = cookies.iter().find(|cookie| cookie["name"] == "fieldbook_session").expect("there is a session");
        assert_eq!(session["httpOnly"], true);
        assert_eq!(session["sameSite"], "Strict");
        let token = session["value"].as_str().expect("a cookie is a text").to_owned();

        // A session that was ended is worth nothing to whoever kept a copy of its cookie.
        town.sign_out(&browser).await;
        browser.set_cookie("fieldbook_session", &token).await;
        assert_eq!(town.status(&browser, "/live").await, 401);
        browser.open(&town.at("/")).await;
        assert_eq!(browser.path().await, "/sign-in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_without_the_sessions_token_change_nothing() {
    with_browser("forms_without_the_sessions_token_change_nothing", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.supervisor).await;
        let post = |path: &str, body: &str| {
            format!(
                "return fetch('{path}', {{ method: 'POST', redirect: 'manual', body: new URLSearchParams('{body}') }})\
                 .then((answer) => answer.type === 'opaqueredirect' ? 303 : answer.status)"
            )
        };
        let wrong = "0".repeat(64);
        assert_eq!(browser.script(&post("/sign-out", &format!("form={wrong}"))).await, 403);
        assert_eq!(browser.script(&post("/sign-out", "")).await, 400);
        assert_eq!(town.status(&browser, "/").await, 200, "still signed in");
        let right = browser.script("return document.querySelector('input[name=form]').value").await;
        let right = right.as_str().expect("every form has a token").to_owned();
        assert_eq!(browser.script(&post("/sign-out", &format!("form={right}"))).await, 303);
        browser.open(&town.at("/")).await;
        assert_eq!(browser.path().await, "/sign-in");

        let credentials = format!("form={wrong}&name={}&password=whatever", town.supervisor.name);
        assert_eq!(
            browser.script(&post("/sign-in", &credentials)).await,
            403,
            "nor can somebody be signed in unawares"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_wrong_password_are_one_answer_and_many_have_to_wait() {
    with_browser("a_wrong_name_and_a_wrong_password_are_one_answer_and_many_have_to_wait", |browser| async move {
        let town = Town::found();
        let mut said = Vec::new();
        for name in [town.supervisor.name.as_str(), "nobody"] {
            browser.open(&town.at("/sign-in")).await;
            town.fill_sign_in(&browser, &town::SignIn { name: name.to_owned(), password: "not the password".into() })
                .await;
            said.push(browser.text("[role=alert]").await);
        }
        assert_eq!(said[0], said[1]);
        for _ in 0..4 {
            browser.open(&town.at("/sign-in")).await;
            town.fill_sign_in(&browser, &town::SignIn { name: "nobody".into(), password: "not the password".into() })
                .await;
        }
        browser.open(&town.at("/sign-in")).await;
        town.fill_sign_in(&browser, &town::SignIn { name: "nobody".into(), password: "not the password".into() }).await;
        assert!(browser.text("main").await.contains("429"));
        browser.open(&town.at("/sign-in")).await;
        town.fill_sign_in(&browser, &town.supervisor).await;
        assert_eq!(browser.path().await, "/", "others are not kept out");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_the_browser_what_a_page_may_do() {
    with_browser("every_answer_tells_the_browser_what_a_page_may_do", |browser| async move {
        let town = Town::found();
        town.sign_in(&browser, &town.supervisor).await;
        for path in ["/", "/nowhere", "/sign-in"] {
            let script = format!(
                "return fetch('{path}', {{ redirect: 'follow' }}).then((answer) => Object.fromEntries(answer.headers))"
            );
            let headers = browser.script(&script).await;
            let policy = headers["content-security-policy"].as_str().unwrap_or_default();
            for directive in ["default-src 'none'", "frame-ancestors 'none'", "script-src 'self'"] {
                assert!(policy.contains(directive), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["referrer-policy"], "same-origin");
            assert_eq!(headers["cache-control"], "no-store");
        }
        let inline = "const tag = document.createElement('script'); tag.textContent = 'window.ran = true';\
                      document.body.append(tag); return window.ran === undefined";
        assert_eq!(browser.script(inline).await, true, "scripts written into a page do not run");
    })
    .await;
}
