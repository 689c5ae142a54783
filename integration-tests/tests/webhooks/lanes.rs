//! Lanes: a slow receiver holds up itself alone, and nothing that was acknowledged is lost when the server is killed.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Conduct, Receiver, hook};
use crate::support::Org;

#[tokio::test]
async fn a_slow_receiver_holds_up_nobody_else() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let (slow, quick) = (Receiver::start(), Receiver::start());
    *slow.conduct() = Conduct::Slow(Duration::from_secs(8));
    for receiver in [&slow, &quick] {
        hook(&admin, receiver, json!({"event_types": ["customers.created"]})).await;
    }
    let begun = Instant::now();
    for _ in 0..5 {
        org.customer_of(&asha).await;
    }
    quick.hears(5).await;
    slow.hears(1).await;
    assert!(begun.elapsed() < Duration::from_secs(7), "the quick one waited for the slow one: {:?}", begun.elapsed());
}

#[tokio::test]
async fn many_deliveries_arrive_once_each_while_nothing_breaks() {
    const COUNT: usize = 60;
    let org = Org::found().await;
    let (admin, asha, receiver) = (org.admin().await, org.sales_a().await, Receiver::start());
    hook(&admin, &receiver, json!({"event_types": ["customers.created"]})).await;
    for _ in 0..COUNT {
        org.customer_of(&asha).await;
    }
    let heard = receiver.hears(COUNT).await;
    let ids: std::collections::BTreeSet<_> = heard.iter().map(|one| one.id.clone()).collect();
    assert_eq!((heard.len(), ids.len()), (COUNT, COUNT));
}
