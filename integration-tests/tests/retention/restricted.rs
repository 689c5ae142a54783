//! Whoever has had processing restricted may need their data for a claim: no round meets them, or what hangs on them, before the restriction is lifted.

use serde_json::{Value, json};

use super::fields::{in_force, moved, packs, rule};
use super::policies::{PATH, forgotten, round};
use crate::customers::path;
use crate::privacy_requests::{lift, restrict};
use crate::records::enter;
use crate::support::{Org, Person};

async fn preview(dpo: &Person, rule: &Value) -> [Value; 3] {
    let told = dpo.post(&format!("{PATH}/preview"), rule).await.shows(200);
    ["/due", "/held", "/sample"].map(|member| told.at(member))
}

#[tokio::test]
async fn nobody_restricted_is_due_whatever_the_action_until_it_is_lifted() {
    for action in ["destroy", "anonymise", "archive", "warn"] {
        let org = Org::found().await;
        let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
        let (stays, due) = (forgotten(&org, &sales).await, forgotten(&org, &sales).await);
        let request = restrict(&dpo, &stays).await;
        let rule = json!({"stage": "lost", "since": "updated_at", "days": 30, "action": action});
        assert_eq!(preview(&dpo, &rule).await, [json!(1), json!(0), json!([due])], "{action}");
        in_force(&dpo, &admin, &rule, 1).await;
        assert_eq!((round(&org).await, round(&org).await), (1, 0), "{action}");
        dpo.get(&path(&stays)).await.shows(200);
        lift(&dpo, &request).await;
        assert_eq!(round(&org).await, 1, "{action}");
        match action {
            "warn" => dpo.get(&path(&stays)).await.shows(200),
            "archive" => dpo.get(&path(&stays)).await.refuses(404, "not_found"),
            _ => dpo.get(&path(&stays)).await.refuses(410, "erased"),
        };
    }
}

#[tokio::test]
async fn a_field_of_theirs_stays_until_it_is_lifted() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let (stays, due) = (moved(&org, &admin).await, moved(&org, &admin).await);
    let request = restrict(&dpo, &stays).await;
    assert_eq!(preview(&dpo, &rule(json!({}))).await, [json!(1), json!(0), json!([due])]);
    in_force(&dpo, &admin, &rule(json!({})), 1).await;
    assert_eq!((round(&org).await, packs(&org, "address").await), (1, 2), "theirs, now and before");
    lift(&dpo, &request).await;
    assert_eq!((round(&org).await, packs(&org, "address").await), (1, 0));
}

#[tokio::test]
async fn what_hangs_on_them_stays_until_it_is_lifted() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let (restricted, other) = (org.customer_of(&sales).await, org.customer_of(&sales).await);
    let mut tickets = Vec::new();
    for customer in [&restricted, &other] {
        let fields = json!({"subject": "Parcel is late", "status": "closed"});
        tickets.push(enter(&admin, customer, "ticket", fields).await.shows(201).id());
    }
    let age = "UPDATE records SET updated_at = updated_at - interval '1 year' WHERE organization_id = $1";
    org.sql().await.execute(age, &[&org.id]).await.unwrap();
    let request = restrict(&dpo, &restricted).await;
    let rule = json!({"record_type": "ticket", "record_state": "closed", "since": "updated_at", "days": 30, "action": "destroy"});
    assert_eq!(preview(&dpo, &rule).await, [json!(1), json!(0), json!([tickets[1]])]);
    in_force(&dpo, &admin, &rule, 1).await;
    assert_eq!((round(&org).await, round(&org).await), (1, 0));
    admin.get(&crate::records::path("ticket", &tickets[0])).await.shows(200);
    admin.get(&crate::records::path("ticket", &tickets[1])).await.refuses(404, "not_found");
    lift(&dpo, &request).await;
    assert_eq!(round(&org).await, 1);
    admin.get(&crate::records::path("ticket", &tickets[0])).await.refuses(404, "not_found");
}
