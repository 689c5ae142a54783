//! Long work: its owner follows it, nobody else learns of it.

use serde_json::json;

use crate::customers::{NOBODY, encoded};
use crate::imports::Form;
use crate::support::Org;

fn form() -> Form {
    Form::csv(&json!({"name": "name"}), "name\n张三\n")
}

#[tokio::test]
async fn a_job_is_followed_from_its_location_to_its_end() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let queued = form().hand_in(&sales).await.shows(202);
    assert_eq!(queued.at("/state"), "queued");
    assert_eq!(queued.sent("location"), format!("/v1/jobs/{}", queued.id()));
    let job = crate::imports::finished(&sales, &queued.sent("location")).await;
    assert_eq!((&job["id"], &job["kind"], &job["state"]), (&json!(queued.id()), &json!("import"), &json!("succeeded")));
    assert_eq!((&job["created_by"], &job["failure"]), (&json!(sales.id), &json!(null)));
    assert!(
        job["created_at"].as_str() <= job["started_at"].as_str()
            && job["started_at"].as_str() <= job["finished_at"].as_str()
    );
    let read = sales.get(&queued.sent("location")).await.shows(200);
    sales.get(&queued.sent("location")).header("if-none-match", &read.sent("etag")).await.shows(304);
}

#[tokio::test]
async fn only_its_owner_and_who_watches_over_all_see_a_job() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let path = form().hand_in(&sales).await.shows(202).sent("location");
    crate::imports::finished(&sales, &path).await;
    let others = [org.sales_b().await, org.sales_c().await, org.manager().await, org.admin().await];
    for person in others.into_iter().chain([org.finance().await, org.marketing().await]) {
        let theirs = person.get(&path).await.refuses(404, "not_found");
        let nothing = person.get(&format!("/v1/jobs/{}", NOBODY)).await.refuses(404, "not_found");
        assert_eq!(theirs.timeless(), nothing.timeless());
        assert_eq!(person.get("/v1/jobs").await.shows(200).at("/data"), json!([]));
    }
    let dpo = org.dpo().await;
    assert_eq!(dpo.get(&path).await.shows(200).at("/created_by"), json!(sales.id));
    assert_eq!(dpo.get("/v1/jobs").await.shows(200).at("/data").as_array().unwrap().len(), 1);
    let refused = org.nobody().await.get(&path).await.refuses(403, "forbidden");
    assert!(refused.text().contains("jobs.read"));
    Org::found().await.dpo().await.get(&path).await.refuses(404, "not_found");
}

#[tokio::test]
async fn jobs_come_in_pages_newest_first() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(form().hand_in(&sales).await.shows(202).id());
    }
    made.reverse();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = sales.get(&format!("/v1/jobs?limit=2{cursor}")).await.shows(200);
        seen.extend(crate::customers::ids(&page.json()));
        match page.at("/next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    assert_eq!(seen, made);
}
