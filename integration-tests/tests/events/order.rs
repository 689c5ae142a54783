//! The order of events: whoever goes on from one misses none, whatever happens at the same time.

use std::collections::BTreeSet;

use super::{all, told};
use crate::support::{Org, customer};

#[tokio::test]
async fn a_follower_misses_nothing_that_many_write_at_once() {
    const WRITERS: usize = 6;
    const EACH: usize = 8;
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    let writing = (0..WRITERS).map(|_| {
        let asha = asha.clone();
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..EACH {
                ids.push(asha.post("/v1/customers", &customer()).await.shows(201).id());
            }
            ids
        })
    });
    let writing: Vec<_> = writing.collect();
    let mut heard: Vec<String> = Vec::new();
    let mut after = String::new();
    while heard.len() < WRITERS * EACH {
        let page = manager.get(&format!("/v1/events?limit=7&type=customers.created{after}")).await.shows(200);
        for event in page.at("/data").as_array().unwrap() {
            heard.push(event["data"]["customer_id"].as_str().unwrap().to_owned());
            after = format!("&after={}", event["id"].as_str().unwrap());
        }
    }
    let mut written = BTreeSet::new();
    for writer in writing {
        written.extend(writer.await.unwrap());
    }
    assert_eq!(heard.len(), written.len(), "each is told once");
    assert_eq!(heard.iter().cloned().collect::<BTreeSet<_>>(), written);
    let again: Vec<_> = all(&manager, "type=customers.created").await;
    let again: Vec<_> = again.iter().map(|event| event["data"]["customer_id"].as_str().unwrap()).collect();
    assert_eq!(again, heard, "the order stays");
}

#[tokio::test]
async fn nothing_comes_after_the_last_and_what_is_no_event_is_refused() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    org.customer_of(&asha).await;
    let last = told(&asha, "").await["id"].as_str().unwrap().to_owned();
    assert_eq!(all(&asha, &format!("after={last}")).await.len(), 0);
    let missing = "/v1/events?after=0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    asha.get(missing).await.refuses(400, "unknown_event");
    asha.get("/v1/events?type=customers.created,customers.sold").await.refuses(400, "invalid_query");
    asha.get("/v1/events?cursor=AAAA").await.refuses(400, "invalid_cursor");
}
