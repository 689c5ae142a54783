//! Rounds that meet a change: what was touched while the round waited for it is not due any more.

use serde_json::json;

use super::fields::in_force;
use super::policies::{forgotten, round};
use crate::customers::path;
use crate::support::Org;

/// A round that has chosen what is due when this change of it, made by somebody else, is committed. How many it met.
async fn round_beside(org: &Org<'_>, change: &str) -> usize {
    let holder = org.sql().await;
    holder.batch_execute(&format!("BEGIN; {change}")).await.unwrap();
    let going = round(org);
    tokio::pin!(going);
    tokio::select! {
        met = &mut going => panic!("it waited for nobody and met {met}"),
        () = org.waited_for(&holder) => {}
    }
    holder.batch_execute("COMMIT").await.unwrap();
    going.await
}

#[tokio::test]
async fn whoever_is_touched_while_a_round_waits_for_them_stays() {
    for action in ["destroy", "anonymise", "archive", "warn"] {
        let org = Org::found().await;
        let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
        let (touched, due) = (forgotten(&org, &sales).await, forgotten(&org, &sales).await);
        let rule = json!({"stage": "lost", "since": "updated_at", "days": 30, "action": action});
        let policy = in_force(&dpo, &admin, &rule, 2).await;
        let change = format!("UPDATE customers SET updated_at = now() WHERE id = '{touched}'");
        assert_eq!(round_beside(&org, &change).await, 1, "{action}: the other alone");
        dpo.get(&path(&touched)).await.shows(200);
        match action {
            "warn" => dpo.get(&path(&due)).await.shows(200),
            "archive" => dpo.get(&path(&due)).await.refuses(404, "not_found"),
            _ => dpo.get(&path(&due)).await.refuses(410, "erased"),
        };
        let runs = dpo.get(&format!("/v1/retention-policies/{policy}/runs")).await.shows(200);
        assert_eq!(runs.at("/data/0/customer_count"), 1);
        assert_eq!(round(&org).await, 0, "{action}: nobody else is due");
    }
}

#[tokio::test]
async fn whoever_has_processing_restricted_while_a_round_waits_for_them_stays_with_all_that_hangs_on_them() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let (stays, due) = (forgotten(&org, &sales).await, forgotten(&org, &sales).await);
    let rule = json!({"stage": "lost", "since": "updated_at", "days": 30, "action": "destroy"});
    in_force(&dpo, &admin, &rule, 2).await;
    let restricts = |customer: &str| format!("UPDATE customers SET restricted = true WHERE id = '{customer}'");
    assert_eq!(round_beside(&org, &restricts(&stays)).await, 1, "the other alone");
    dpo.get(&path(&stays)).await.shows(200);
    dpo.get(&path(&due)).await.refuses(410, "erased");
    let customer = org.customer_of(&sales).await;
    let fields = json!({"subject": "Parcel is late", "status": "closed"});
    let ticket = crate::records::enter(&admin, &customer, "ticket", fields).await.shows(201).id();
    let age = "UPDATE records SET updated_at = updated_at - interval '1 year' WHERE organization_id = $1";
    org.sql().await.execute(age, &[&org.id]).await.unwrap();
    let rule = json!({"record_type": "ticket", "since": "updated_at", "days": 30, "action": "destroy"});
    in_force(&dpo, &admin, &rule, 1).await;
    assert_eq!(round_beside(&org, &restricts(&customer)).await, 0);
    admin.get(&crate::records::path("ticket", &ticket)).await.shows(200);
}

#[tokio::test]
async fn whoever_has_left_the_stage_while_a_round_waits_for_them_keeps_the_field() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let moved = super::fields::moved(&org, &admin).await;
    let stage = format!("UPDATE customers SET stage = 'lost' WHERE id = '{moved}'");
    org.sql().await.batch_execute(&stage).await.unwrap();
    let rule = json!({"stage": "lost", "field": "address", "since": "updated_at", "days": 30, "action": "destroy"});
    in_force(&dpo, &admin, &rule, 1).await;
    let held = super::fields::packs(&org, "address").await;
    let change = format!("UPDATE customers SET stage = 'customer' WHERE id = '{moved}'");
    assert_eq!(round_beside(&org, &change).await, 0);
    assert_eq!(super::fields::packs(&org, "address").await, held, "now and before");
    assert_eq!(dpo.get("/v1/destruction-register").await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn a_record_that_is_touched_while_a_round_waits_for_it_stays() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let customer = org.customer_of(&sales).await;
    let mut tickets = Vec::new();
    for _ in 0..2 {
        let fields = json!({"subject": "Parcel is late", "status": "closed"});
        tickets.push(crate::records::enter(&admin, &customer, "ticket", fields).await.shows(201).id());
    }
    let age = "UPDATE records SET updated_at = updated_at - interval '1 year' WHERE organization_id = $1";
    org.sql().await.execute(age, &[&org.id]).await.unwrap();
    let rule = json!({"record_type": "ticket", "record_state": "closed", "since": "updated_at", "days": 30, "action": "destroy"});
    in_force(&dpo, &admin, &rule, 2).await;
    // As a change over HTTP: the customer is held first.
    let change = format!(
        "SELECT FROM customers WHERE id = '{customer}' FOR UPDATE; UPDATE records SET updated_at = now() WHERE id = '{}'",
        tickets[0]
    );
    assert_eq!(round_beside(&org, &change).await, 1, "the other alone");
    admin.get(&crate::records::path("ticket", &tickets[0])).await.shows(200);
    admin.get(&crate::records::path("ticket", &tickets[1])).await.refuses(404, "not_found");
    let told = org.auditor().await.get("/v1/audit/entries?action=records.delete").await.shows(200);
    assert_eq!(told.at("/data/0/details/records"), json!([tickets[1]]), "the log names what went, and nothing else");
}
