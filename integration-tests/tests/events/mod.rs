//! Events: what happened, told once it is true, to whom it may be told.

mod browser;
mod kinds;
mod order;
mod scope;
mod stream;
mod tickets;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Caller;

/// How long an event may take to be told of.
const SOON: Duration = Duration::from_secs(10);

/// The first event of this query (`type=...`) that is there, within a while.
pub async fn told(caller: &Caller, query: &str) -> Value {
    let begun = Instant::now();
    loop {
        let found = all(caller, query).await;
        if let Some(first) = found.into_iter().next() {
            return first;
        }
        assert!(begun.elapsed() < SOON, "nobody tells of {query}");
        tokio::task::yield_now().await;
    }
}

/// Everything of this query, page by page.
pub async fn all(caller: &Caller, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = caller.get(&format!("/v1/events?limit=200&{query}{cursor}")).await.shows(200);
        found.extend(page.at("/data").as_array().unwrap().clone());
        match page.at("/next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}
