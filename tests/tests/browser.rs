//! The pages as people meet them, in a real browser.

use tests::browser::with_browser;

/// What the other tests assert to be absent would be seen if it were there.
#[tokio::test]
async fn a_page_with_faults_is_caught() {
    with_browser("a_page_with_faults_is_caught", |browser| async move {
        browser.resize(360, 700).await;
        browser.open("data:text/html,<body><p>calm</p>").await;
        assert_eq!(browser.text("p").await, "calm");
        assert!(browser.overflowing().await.is_empty());
        assert!(browser.console_errors().await.is_empty());
        browser.open("data:text/html,<meta name=viewport content=width=device-width><div style=width:900px>wide</div><script>nowhere()</script>").await;
        assert!(browser.overflowing().await.iter().any(|element| element.contains("wide")));
        assert!(browser.console_errors().await.iter().any(|message| message.contains("nowhere")));
    })
    .await;
}
