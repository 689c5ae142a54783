//! Callers who crawl or stand still are cut off. These tests wait for the server's own timers.

use std::time::Duration;

use crate::support::{Conversation, Org, shared};

const LOGIN: &str =
    "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";

/// Sends a byte now and then until the server has had enough.
async fn dribble(conversation: &mut Conversation) {
    for _ in 0..200 {
        if !conversation.send("a").await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        if conversation.is_closed().await {
            return;
        }
    }
}

#[track_caller]
fn within(open: Duration, seconds: u64) {
    assert!(open < Duration::from_secs(seconds), "open for {open:?}");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_cut_off() {
    let (mut silent, mut slow) = (Conversation::open(shared()).await, Conversation::open(shared()).await);
    silent.send("GET /health/live HTTP/1.1\r\nHost:").await;
    slow.send("GET /health/live HTTP/1.1\r\nX: ").await;
    let (silent, ()) = tokio::join!(silent.until_closed(), dribble(&mut slow));
    within(silent.1, 12);
    within(slow.until_closed().await.1, 12);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408() {
    let (mut silent, mut slow) = (Conversation::open(shared()).await, Conversation::open(shared()).await);
    silent.send(LOGIN).await;
    slow.send(LOGIN).await;
    let (silent, ()) = tokio::join!(silent.until_closed(), dribble(&mut slow));
    let slow = slow.until_closed().await;
    for (bytes, open) in [silent, slow] {
        within(open, 20);
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.is_empty() || (text.starts_with("HTTP/1.1 408") && text.contains("request_timeout")), "{text}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_also_after_a_request() {
    let (mut fresh, mut used, mut dribbling) =
        (Conversation::open(shared()).await, Conversation::open(shared()).await, Conversation::open(shared()).await);
    for conversation in [&mut used, &mut dribbling] {
        conversation.send(LIVE).await;
        assert!(conversation.next().await.starts_with(b"HTTP/1.1 200"));
    }
    dribbling.send("GET /health/live HTTP/1.1\r\nX: ").await;
    let (fresh, used, ()) = tokio::join!(fresh.until_closed(), used.until_closed(), dribble(&mut dribbling));
    within(fresh.1, 12);
    within(used.1, 12);
    within(dribbling.until_closed().await.1, 15);
}

#[tokio::test]
async fn the_service_answers_others_while_many_crawl() {
    let mut crawling = Vec::new();
    for _ in 0..200 {
        let mut conversation = Conversation::open(shared()).await;
        conversation.send(LOGIN).await;
        crawling.push(conversation);
    }
    let asha = Org::found().await.sales_a().await;
    asha.get("/v1/customers").await.shows(200);
}
