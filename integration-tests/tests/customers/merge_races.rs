//! Merges that meet: each other, and changes of the one that goes.

use serde_json::json;

use super::merge::{merge, twins};
use super::{ids, path};
use crate::support::Org;

#[tokio::test]
async fn of_two_merges_that_cross_one_happens() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    for _ in 0..5 {
        let (one, other) = twins(&asha).await;
        let (left, right) = tokio::join!(merge(&asha, &one, &other), merge(&asha, &other, &one));
        let mut statuses = [left.status, right.status];
        statuses.sort_unstable();
        // The later one finds that its own customer is the other by now, or that the other is none.
        assert!(statuses == [200, 308] || statuses == [200, 422], "{left} and {right}");
        let stays = if left.status == 200 { &one } else { &other };
        assert_eq!(ids(&asha.get("/v1/customers?q[mobile]=13812340001").await.shows(200).json()), [stays.as_str()]);
        let goes = if left.status == 200 { &other } else { &one };
        assert_eq!(asha.get(&path(goes)).await.shows(301).sent("location"), path(stays));
        org.admin().await.delete(&path(stays)).await.shows(204);
    }
}

#[tokio::test]
async fn a_change_of_the_one_that_goes_happens_before_or_is_sent_on() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    for round in 0..5 {
        let (one, other) = twins(&asha).await;
        let fields = json!({"fields": {"wechat": format!("wx_race_{round}")}});
        let patching = asha.patch(&path(&other), &fields);
        let (merged, patched) = tokio::join!(merge(&asha, &one, &other), async { patching.await });
        merged.shows(200);
        let seen = asha.get(&path(&one)).await.shows(200);
        match patched.status {
            200 => assert!(seen.at("/fields/wechat").is_string(), "what was accepted is not lost: {seen}"),
            308 => {
                assert!(seen.at("/fields/wechat").is_null());
                asha.patch(&patched.sent("location"), &fields).await.shows(200);
            }
            _ => panic!("{patched}"),
        }
        org.admin().await.delete(&path(&one)).await.shows(204);
    }
}
