//! The limit of requests per caller and minute.

use crate::support::{Org, own_instance};

#[tokio::test]
async fn a_caller_is_told_what_is_left_and_stopped_when_nothing_is() {
    let service = own_instance(&[("rate_limit_per_minute", "5")]);
    let org = Org::found_on(&service).await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let mut left = Vec::new();
    for _ in 0..5 {
        let answer = asha.get("/v1/customers").await.shows(200);
        assert_eq!(answer.sent("ratelimit-policy"), "\"default\";q=5;w=60");
        left.push(answer.sent("ratelimit").split(';').nth(1).unwrap().to_owned());
    }
    // The window is the server's own minute; this test may stand across its end once.
    assert!(left == ["r=4", "r=3", "r=2", "r=1", "r=0"] || left.contains(&"r=4".to_owned()), "{left:?}");
    let mut refused = asha.get("/v1/customers").await;
    for _ in 0..5 {
        if refused.status == 429 {
            break;
        }
        refused = asha.get("/v1/customers").await;
    }
    let refused = refused.refuses(429, "rate_limited");
    let wait: u32 = refused.sent("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{refused}");
    assert_eq!(refused.sent("ratelimit"), format!("\"default\";r=0;t={wait}"));
    asha.post("/v1/customers", &crate::support::customer()).await.refuses(429, "rate_limited");
    ben.get("/v1/customers").await.shows(200);
    service.stranger().get("/v1/customers").await.refuses(401, "unauthenticated");
    service.stranger().get("/health/live").await.shows(200);
}
