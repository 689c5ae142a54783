//! What the law has erased without being asked: proposed by the service, done by nobody but a person.

use custodian_application::erasures::propose_unasked;
use custodian_domain::kernel::OrganizationId;
use serde_json::{Value, json};

use crate::customers::path;
use crate::imports::finished;
use crate::support::{Org, Person, customer};

const PATH: &str = "/v1/erasure-batches";

async fn propose(org: &Org<'_>) -> usize {
    let (app, id) = (org.service().app.clone(), OrganizationId::from(org.id));
    org.service().run(async move { propose_unasked(&app, id).await }).await.unwrap()
}

/// Somebody who agreed to something, and the consent.
async fn agreed(org: &Org<'_>, sales: &Person, stage: &str) -> [String; 2] {
    let mut body = customer();
    body["stage"] = json!(stage);
    let id = sales.post("/v1/customers", &body).await.shows(201).id();
    let consent = crate::consents::agreed(sales, &org.dpo().await, &id).await;
    [id, consent]
}

async fn open(dpo: &Person) -> Vec<Value> {
    let listed = dpo.get(&format!("{PATH}?state=pending&origin=unasked")).await.shows(200);
    listed.at("/data").as_array().unwrap().clone()
}

#[tokio::test]
async fn who_took_their_consent_back_is_proposed_once_and_erased_only_by_a_persons_word() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let [gone, consent] = agreed(&org, &sales, "lead").await;
    let [stays, _] = agreed(&org, &sales, "lead").await;
    let [buys, bought] = agreed(&org, &sales, "customer").await;
    assert_eq!(propose(&org).await, 0, "everybody still agrees");
    for consent in [&consent, &bought] {
        sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    }
    assert_eq!((propose(&org).await, propose(&org).await), (1, 0));
    let tasks = open(&dpo).await;
    assert_eq!(
        (tasks.len(), &tasks[0]["ground"], &tasks[0]["requested_by"]),
        (1, &json!("consent_withdrawn"), &Value::Null)
    );
    let id = tasks[0]["id"].as_str().unwrap();
    let about = dpo.get(&format!("{PATH}/{id}/customers")).await.shows(200);
    assert_eq!((about.at("/data/0/customer_id"), about.at("/data/1")), (json!(gone), Value::Null));
    let inbox = dpo.get("/v1/inbox?kind=erasure_batch").await.shows(200);
    assert_eq!(inbox.at("/data/0/href"), format!("{PATH}/{id}"));
    for person in [&gone, &stays, &buys] {
        dpo.get(&path(person)).await.shows(200);
    }
    let allowed = dpo.post(&format!("{PATH}/{id}/approve"), &json!({"customers": 1})).await.shows(202);
    finished(&dpo, &allowed.sent("location")).await;
    dpo.get(&path(&gone)).await.refuses(410, "erased");
    for person in [&stays, &buys] {
        dpo.get(&path(person)).await.shows(200);
    }
    assert_eq!(propose(&org).await, 0);
}

#[tokio::test]
async fn a_purpose_that_is_done_and_a_time_that_is_over_make_tasks_too() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let [somebody, _] = agreed(&org, &sales, "lead").await;
    let sql = org.sql().await;
    let keep = "UPDATE purposes SET content = jsonb_set(content, '{retention_days}', '30') WHERE organization_id = $1 \
        AND code IN (SELECT purpose FROM consent_states WHERE organization_id = $1)";
    sql.execute(keep, &[&org.id]).await.unwrap();
    assert_eq!(propose(&org).await, 0, "not thirty days yet");
    sql.execute("UPDATE consent_states SET at = at - interval '40 days' WHERE organization_id = $1", &[&org.id])
        .await
        .unwrap();
    sql.execute(
        "UPDATE purposes SET consents_from = consents_from - interval '90 days' WHERE organization_id = $1",
        &[&org.id],
    )
    .await
    .unwrap();
    assert_eq!(propose(&org).await, 1);
    let task = open(&dpo).await.remove(0);
    assert_eq!(task["ground"], "retention_over");
    let deny = format!("{PATH}/{}/deny", task["id"].as_str().unwrap());
    dpo.post(&deny, &json!({"reason": "the contract is being drawn up"})).await.shows(200);
    assert_eq!(propose(&org).await, 0, "what was said no to is not proposed again");
    sql.execute(
        "UPDATE purposes SET state = 'retired', updated_at = clock_timestamp() WHERE organization_id = $1",
        &[&org.id],
    )
    .await
    .unwrap();
    assert_eq!(propose(&org).await, 1, "until something else ends");
    assert_eq!(open(&dpo).await[0]["ground"], "purpose_done");
    dpo.get(&path(&somebody)).await.shows(200);
}

#[tokio::test]
async fn a_contract_or_a_ticket_holds_somebody_without_any_consent() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let [held, consent] = agreed(&org, &sales, "lead").await;
    let ticket = json!({"subject": "Parcel is late", "status": "open"});
    crate::records::enter(&org.admin().await, &held, "ticket", ticket).await.shows(201);
    sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(propose(&org).await, 0);
}

#[tokio::test]
async fn who_stands_at_no_stage_is_proposed_like_anybody_else() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let mut body = customer();
    body.as_object_mut().unwrap().remove("stage");
    let made = sales.post("/v1/customers", &body).await.shows(201);
    assert!(made.at("/stage").is_null(), "{made}");
    let consent = crate::consents::agreed(&sales, &dpo, &made.id()).await;
    sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(propose(&org).await, 1);
    let task = open(&dpo).await.remove(0);
    let about = dpo.get(&format!("{PATH}/{}/customers", task["id"].as_str().unwrap())).await.shows(200);
    assert_eq!(about.at("/data/0/customer_id"), json!(made.id()));
}
