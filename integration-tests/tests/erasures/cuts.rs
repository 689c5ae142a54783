//! Power cuts in the middle of erasures: no survivor loses anything, and whoever was to go goes.

use std::time::Duration;

use serde_json::json;

use crate::customers::path;
use crate::support::{Person, Process, customer};

/// How often the power goes, each time a little later after the wish.
const CUTS: u64 = 8;

async fn erasure_of(dpo: &Person, id: &str) -> serde_json::Value {
    dpo.get(&format!("/v1/erasures?customer_id={id}")).await.shows(200).at("/data/0")
}

#[tokio::test]
async fn cut_at_any_step_nobody_who_stays_is_lost_and_everybody_who_goes_is_gone() {
    let mut process = Process::start(&["erasure_round_seconds=1", "erasure_grace_seconds=0"]).await;
    let (mut stay, mut gone) = (Vec::new(), Vec::new());
    for cut in 0..CUTS {
        let (sales, dpo) = (process.person("sales_a").await, process.person("dpo").await);
        for _ in 0..3 {
            stay.push(sales.post("/v1/customers", &customer()).await.shows(201).id());
        }
        let id = sales.post("/v1/customers", &customer()).await.shows(201).id();
        dpo.post(&format!("/v1/customers/{id}/erase"), &json!({"ground": "subject_request"})).await.shows(202);
        gone.push(id);
        // A round begins at some moment of the next second; each cut meets another moment of it.
        tokio::time::sleep(Duration::from_millis(cut * 150)).await;
        process.kill();
        process.again().await;
    }
    let (sales, dpo) = (process.person("sales_a").await, process.person("dpo").await);
    for id in &stay {
        sales.get(&path(id)).await.shows(200);
    }
    for id in &gone {
        dpo.get(&path(id)).await.refuses(410, "erased");
        let begun = std::time::Instant::now();
        while !ended(&erasure_of(&dpo, id).await) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the rounds do not end it: {}",
                erasure_of(&dpo, id).await
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    for id in &stay {
        sales.get(&path(id)).await.shows(200);
    }
}

fn ended(erasure: &serde_json::Value) -> bool {
    erasure["state"] == "erased" && erasure["destroyed_at"].is_string()
}
