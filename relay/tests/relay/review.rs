//! The workbook of a monthly review, for whoever may read a branch.

use crate::api::signed_in;
use crate::derived::{settled, write_customer};
use crate::device::{Device, doc};
use crate::running::{Reachable, Running, relay_with_two_branches};

async fn get(relay: &Running, path: &str, cookie: &str) -> (u16, String, String) {
    relay.request(&format!("GET {path}"), &[("cookie", cookie)], "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_linked_to_and_downloaded_by_whoever_may_read_the_branch() {
    let (_home, relay) = relay_with_two_branches().await;
    let mut device = Device::enrolled(1, &relay, "上海").await;
    write_customer(&mut device, doc(1), "*先生");
    device.sync(&relay).await;
    settled(&relay, "上海").await;
    let (shanghai, beijing) = (relay.admin().branch("上海").unwrap().id, relay.admin().branch("北京").unwrap().id);
    let cookie = signed_in(&relay, "li", Some("上海")).await;
    let (status, _, page) = get(&relay, &format!("/branches/{shanghai}"), &cookie).await;
    let link = format!("/branches/{shanghai}/review.xlsx?month=");
    assert_eq!((status, page.matches(&link).count()), (200, 2), "of this month and of the one before");

    let path = format!("{link}2026-10");
    let (status, head, body) = get(&relay, &path, &cookie).await;
    assert_eq!(status, 200, "{head}");
    assert!(head.contains("spreadsheetml.sheet") && head.contains("fieldbook-review-2026-10.xlsx"), "{head}");
    assert!(head.to_lowercase().contains("cache-control: no-store"), "{head}");
    assert!(body.starts_with("PK") && body.contains("xl/charts/chart1.xml"), "a workbook with charts");
    assert_eq!(get(&relay, &path, &cookie).await.2, body, "equal rows give equal bytes");

    assert_eq!(get(&relay, &format!("{link}10/2026"), &cookie).await.0, 400);
    assert_eq!(get(&relay, &format!("/branches/{beijing}/review.xlsx"), &cookie).await.0, 404);
    let (status, head, _) = get(&relay, &path, "").await;
    assert!(status == 303 && head.contains("/sign-in"), "{head}");
}
