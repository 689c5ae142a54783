//! Requests that two parsers would read differently are read by none.

use crate::support::{Conversation, exchange, shared};

#[tokio::test]
async fn ambiguous_lengths_are_refused_and_the_connection_closed() {
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding : chunked",
    ] {
        let request = format!(
            "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n\r\n0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        let answer = exchange(shared(), request).await;
        assert_eq!(answer.status, 400, "{headers}: {answer}");
        assert!(
            !String::from_utf8_lossy(&answer.bytes).contains("HTTP/1.1 200"),
            "{headers}: the rest was read as a request: {answer}"
        );
    }
}

#[tokio::test]
async fn broken_heads_are_refused() {
    for request in [
        "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
    ] {
        let mut conversation = Conversation::open(shared()).await;
        conversation.send(request).await;
        let (bytes, _) = conversation.until_closed().await;
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 400") || text.starts_with("HTTP/1.0 400"),
            "{request:?}: {text}"
        );
    }
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let long = "a".repeat(200_000);
    for request in [
        format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
    ] {
        let mut conversation = Conversation::open(shared()).await;
        conversation.send(&request).await;
        let (bytes, _) = conversation.until_closed().await;
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            text.is_empty()
                || ["400", "414", "431"].iter().any(|status| text.starts_with(&format!("HTTP/1.1 {status}"))),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let mut conversation = Conversation::open(shared()).await;
    for _ in 0..3 {
        conversation.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let answer = conversation.next().await;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
}
