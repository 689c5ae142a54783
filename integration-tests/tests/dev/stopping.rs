//! `custodian serve`: told to stop, it finishes what it has begun.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::program::{Program, differing, free_port, settings_of, until};
use crate::support::{Caller, Org, shared};

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let settings = settings_of(shared());
    let address = format!("127.0.0.1:{}", free_port());
    // The tokens of the shared service are good here: the same keys, the same issuer.
    let issuer = shared().settings.public_base_url.as_str().to_owned();
    let other = [("CUSTODIAN_BIND", address.as_str()), ("CUSTODIAN_PUBLIC_BASE_URL", &issuer)];
    let mut program = Program::start(&["serve"], &differing(&settings, &other));
    until("the listener", || std::net::TcpStream::connect(&address).ok());
    // Each on a connection of its own, so that every worker has opened some to the database.
    let probes = (0..16).map(|_| {
        let stranger = Caller::new(&format!("http://{address}"), Vec::new());
        tokio::spawn(async move { stranger.get("/health/ready").await.shows(200) })
    });
    for probe in probes.collect::<Vec<_>>() {
        probe.await.unwrap();
    }
    let body = json!({"fields": {"name": "最后一位"}}).to_string();
    let head = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        sales.access_token,
        body.len()
    );
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // The word to go on shows that the request was taken up.
    let mut word = [0; 25];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"HTTP/1.1 100 Continue\r\n\r\n");
    program.signal("TERM");
    until("the end of listening", || std::net::TcpStream::connect(&address).is_err().then_some(()));
    assert!(program.runs(), "it waits for what is under way");
    let begun = Instant::now();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(program.ended().success(), "{}", program.said());
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(sales.get("/v1/customers?count=true").await.shows(200).at("/count"), 1);
}

#[tokio::test]
async fn nobody_waits_for_an_answer_that_has_no_end() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let settings = settings_of(shared());
    let address = format!("127.0.0.1:{}", free_port());
    let issuer = shared().settings.public_base_url.as_str().to_owned();
    let other = [("CUSTODIAN_BIND", address.as_str()), ("CUSTODIAN_PUBLIC_BASE_URL", &issuer)];
    let mut program = Program::start(&["serve"], &differing(&settings, &other));
    until("the listener", || std::net::TcpStream::connect(&address).ok());
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "GET /v1/events/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
        sales.access_token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("retry:") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "{}", String::from_utf8_lossy(&answer));
    }
    let begun = Instant::now();
    program.signal("TERM");
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).ends_with("0\r\n\r\n"), "it ends whole");
    assert!(program.ended().success(), "{}", program.said());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}
