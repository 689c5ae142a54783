//! Reading while somebody withdraws: what is asked after the withdrawal was answered shows nothing, whoever is on the way.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::json;

use super::Told;

/// A thousand withdrawals, eight people's side by side.
#[tokio::test]
async fn after_a_withdrawal_no_answer_is_given_for_its_purpose() {
    join_all((0..8).map(|_| withdrawals(125))).await;
}

/// So many withdrawals of one person, each with others on the way.
async fn withdrawals(count: usize) {
    let told = Told::new().await;
    let path = format!("/v1/customers/{}", told.customer);
    let marketing = told.sales.with("processing-purpose", "marketing");
    let reveal = json!({"fields": ["mobile"], "reason": "to tell of an offer"});
    for round in 0..count {
        let id = told.agrees(json!({})).await.shows(201).id();
        let gone = AtomicBool::new(false);
        let reads = async |kind: usize| {
            let (mut before, mut late) = (0, 0);
            while late < 2 {
                let asked_after = gone.load(Ordering::SeqCst);
                let answer = match kind {
                    0 => marketing.get(&path).await,
                    1 => marketing.post(&format!("{path}/reveal"), &reveal).await,
                    _ => told.decision("").await,
                };
                let shown = answer.status == 200 && answer.at("/allowed") != false;
                assert!(!(asked_after && shown), "round {round}: asked after the withdrawal: {answer}");
                before += usize::from(!asked_after);
                late += usize::from(asked_after);
            }
            before
        };
        let withdraw = async {
            told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
            gone.store(true, Ordering::SeqCst);
        };
        tokio::join!(reads(0), reads(1), reads(2), withdraw);
    }
}

#[tokio::test]
async fn two_who_give_and_withdraw_at_once_leave_one_history() {
    let told = Told::new().await;
    for _ in 0..10 {
        let id = told.agrees(json!({})).await.shows(201).id();
        let withdraw = told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({}));
        let (gone, given) = tokio::join!(withdraw, told.agrees(json!({})));
        gone.shows(200);
        given.shows(201);
        let now = told.decision("").await;
        let then = told.decision(&format!("&as_of={}", now.text_at("/as_of"))).await;
        assert_eq!(now.json(), then.json());
    }
}
