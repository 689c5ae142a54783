//! The stream: what happens arrives as it happens, goes on where it broke off, and ends with the right to it.

use std::time::Duration;

use reqwest::{Client, Response};

use super::told;
use crate::support::{Org, Person, customer};

/// A stream that is open.
struct Listening {
    response: Response,
    text: String,
}

async fn open(org: &Org<'_>, person: &Person, query: &str, last: Option<&str>) -> Response {
    let url = format!("{}/v1/events/stream{query}", org.service().base_url);
    let request = Client::new().get(url).header("authorization", format!("Bearer {}", person.access_token));
    let request = match last {
        Some(id) => request.header("last-event-id", id),
        None => request,
    };
    request.send().await.unwrap()
}

impl Listening {
    async fn begin(org: &Org<'_>, person: &Person, query: &str, last: Option<&str>) -> Self {
        let response = open(org, person, query, last).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut listening = Self { response, text: String::new() };
        listening.until("retry:").await;
        listening
    }

    /// Reads on until this has come; false when the stream has ended before.
    async fn until(&mut self, wanted: &str) -> bool {
        while !self.text.contains(wanted) {
            let next = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
            match next.expect("something comes, be it a comment") {
                Ok(Some(bytes)) => self.text.push_str(std::str::from_utf8(&bytes).unwrap()),
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }
}

#[tokio::test]
async fn what_happens_arrives_as_it_happens_to_whom_it_concerns() {
    let org = Org::found().await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let before = org.customer_of(&asha).await;
    told(&asha, &format!("customer_id={before}")).await;
    let mut hers = Listening::begin(&org, &asha, "", None).await;
    let mut his = Listening::begin(&org, &ben, "?type=customers.created", None).await;
    let (one, other) = (org.customer_of(&asha).await, org.customer_of(&ben).await);
    assert!(hers.until(&one).await && his.until(&other).await);
    assert!(hers.text.contains("event: customers.created\n") && hers.text.contains("\nid: "), "{}", hers.text);
    assert!(!hers.text.contains(&other) && !his.text.contains(&one), "out of scope");
    assert!(!hers.text.contains(&before), "it begins with the present");
}

#[tokio::test]
async fn who_comes_back_with_the_last_id_has_missed_nothing() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let first = org.customer_of(&asha).await;
    let last = told(&asha, &format!("customer_id={first}")).await["id"].as_str().unwrap().to_owned();
    let mut missed = Vec::new();
    for _ in 0..3 {
        missed.push(org.customer_of(&asha).await);
    }
    let mut again = Listening::begin(&org, &asha, "", Some(&last)).await;
    assert!(again.until(&missed[2]).await);
    let places: Vec<_> = missed.iter().map(|id| again.text.find(id.as_str()).unwrap()).collect();
    assert!(places.is_sorted() && !again.text.contains(&first), "{}", again.text);
    for wrong in ["0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "1", ""] {
        assert_eq!(open(&org, &asha, "", Some(wrong)).await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_session_and_shows_nothing_more() {
    let org = Org::found().await;
    let (asha, again) = (org.sales_a().await, org.sales_a().await);
    let mut listening = Listening::begin(&org, &asha, "", None).await;
    asha.act("/v1/auth/logout").await;
    let after = again.post("/v1/customers", &customer()).await.shows(201).id();
    assert!(!listening.until(&after).await, "{}", listening.text);
    let nobody = org.nobody().await;
    assert_eq!(open(&org, &nobody, "", None).await.status(), 403);
}

#[tokio::test]
async fn nobody_opens_streams_without_end() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(Listening::begin(&org, &asha, "", None).await);
    }
    assert_eq!(open(&org, &asha, "", None).await.status(), 429);
    assert_eq!(open(&org, &org.sales_b().await, "", None).await.status(), 200, "others are not concerned");
}
