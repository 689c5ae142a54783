//! Tickets: a browser's `EventSource` follows with one, comes back by itself, and nobody gets anything else for it.

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::browser::{Cutting, EventSource};
use crate::support::{Org, Person, own_instance};

const TICKETS: &str = "/v1/events/stream-tickets";

async fn ticket(person: &Person) -> String {
    person.act(TICKETS).await.shows(200).text_at("/ticket")
}

async fn open(org: &Org<'_>, ticket: &str, headers: &[(&str, &str)]) -> Response {
    let url = format!("{}/v1/events/stream?ticket={ticket}", org.service().base_url);
    let request = headers.iter().fold(Client::new().get(url), |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

async fn refused(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_event_source_comes_back_by_itself_and_has_missed_nothing() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let given = asha.act(TICKETS).await.shows(200);
    assert!(given.text_at("/url").ends_with(&given.text_at("/ticket")) && given.at("/expires_at").is_string());
    assert_eq!(given.sent("cache-control"), "no-store");
    let wire = Cutting::before(org.service().address()).await;
    let mut source = EventSource::open(&format!("{}{}", wire.base_url, given.text_at("/url")));
    source.opened().await;
    wire.cut();
    let first = org.customer_of(&asha).await;
    assert_eq!(
        source.next().await["data"]["customer_id"],
        json!(first),
        "nothing had been heard: it goes on from its beginning"
    );
    for _ in 0..3 {
        let heard = org.customer_of(&asha).await;
        assert_eq!(source.next().await["data"]["customer_id"], json!(heard));
        wire.cut();
        let missed = [org.customer_of(&asha).await, org.customer_of(&asha).await];
        for id in missed {
            assert_eq!(source.next().await["data"]["customer_id"], json!(id), "each once, in order");
        }
    }
}

#[tokio::test]
async fn a_ticket_opens_one_stream_and_nothing_else() {
    let org = Org::found().await;
    let (asha, text) = (org.sales_a().await, ticket(&org.sales_a().await).await);
    let stranger = org.service().stranger();
    for path in ["/v1/events", "/v1/customers", "/v1/me"] {
        stranger.get(&format!("{path}?ticket={text}")).await.refuses(401, "unauthenticated");
    }
    stranger.with("authorization", &format!("Bearer {text}")).get("/v1/events").await.refuses(401, "invalid_token");
    stranger.with("x-api-key", &text).get("/v1/events").await.refuses(401, "invalid_api_key");
    let bearer = format!("Bearer {}", asha.access_token);
    let beside = open(&org, &text, &[("authorization", &bearer)]).await;
    assert_eq!(refused(beside).await.1, "two_credentials");
    let mut changed = text.clone().into_bytes();
    changed[20] = if changed[20] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for wrong in [changed.as_str(), "est_", "", &text[..30], &asha.access_token] {
        assert_eq!(refused(open(&org, wrong, &[]).await).await, (401, "invalid_ticket".to_owned()), "{wrong}");
    }
    org.nobody().await.act(TICKETS).await.refuses(403, "forbidden");
    org.partner(&["name"], &[], &["events.read"]).await.act(TICKETS).await.refuses(403, "staff_only");
    stranger.act(TICKETS).await.refuses(401, "unauthenticated");
    let mut older = open(&org, &text, &[]).await;
    assert_eq!(older.status(), 200);
    let newer = open(&org, &text, &[]).await;
    assert_eq!(newer.status(), 200);
    let ended = async { while older.chunk().await.unwrap_or_default().is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the newer connection ends the older one");
    let kept = "SELECT count(*) FROM audit_entries WHERE action = 'events.issue_ticket'";
    assert_eq!(org.sql().await.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_ticket_ends_with_its_time_and_with_its_session() {
    let org = Org::found().await;
    let (asha, rows) = (org.sales_a().await, org.sql().await);
    let late = (401, "invalid_ticket".to_owned());
    let unused = ticket(&asha).await;
    rows.execute("UPDATE event_tickets SET issued_at = issued_at - interval '61 s'", &[]).await.unwrap();
    assert_eq!(refused(open(&org, &unused, &[]).await).await, late, "it waits a minute");
    let broken = ticket(&asha).await;
    drop(open(&org, &broken, &[]).await.error_for_status().unwrap());
    rows.execute("UPDATE event_tickets SET seen_at = seen_at - interval '61 s', openings = openings + 1", &[])
        .await
        .unwrap();
    assert_eq!(refused(open(&org, &broken, &[]).await).await, late, "who breaks off comes back within a minute");
    let text = ticket(&asha).await;
    let mut stream = open(&org, &text, &[]).await.error_for_status().unwrap();
    asha.act("/v1/auth/logout").await;
    let ended = async { while stream.chunk().await.unwrap_or_default().is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the stream ends with the session");
    assert_eq!(refused(open(&org, &text, &[]).await).await, (401, "session_ended".to_owned()));
}

#[tokio::test]
async fn a_ticket_is_for_the_place_that_opened_it_and_for_the_purpose_that_it_was_given_for() {
    let service = own_instance(&[("trusted_proxies", "127.0.0.1")]);
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let text = ticket(&asha).await;
    let (here, elsewhere) = ([("x-forwarded-for", "203.0.113.7")], [("x-forwarded-for", "203.0.113.8")]);
    drop(open(&org, &text, &here).await.error_for_status().unwrap());
    assert_eq!(refused(open(&org, &text, &elsewhere).await).await, (401, "invalid_ticket".to_owned()));
    assert_eq!(open(&org, &text, &here).await.status(), 200);
    asha.with("processing-purpose", "no_such_purpose").act(TICKETS).await.refuses(403, "unknown_purpose");
    let care = asha.with("processing-purpose", "care").act(TICKETS).await.shows(200).text_at("/ticket");
    assert_eq!(open(&org, &care, &[]).await.status(), 200);
    let purposes = "SELECT purpose FROM event_tickets ORDER BY issued_at";
    let rows = org.sql().await.query(purposes, &[]).await.unwrap();
    let kept: Vec<Option<String>> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(kept, [None, Some("care".to_owned())]);
}
