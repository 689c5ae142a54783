//! The sums of opportunities that the database keeps: whatever happens to an opportunity or to its customer, they say what the rows say.

use serde_json::{Value, json};

use super::funnel::opportunity;
use super::{path, someone};
use crate::customers::merge::merge;
use crate::support::{Org, Person};

/// Where kept sums and rows differ, in whichever direction.
const DIFFERENCES: &str = "WITH kept AS (SELECT month, state, currency, seen_to_by, owner_id, department_id, region, sum(counted)::bigint AS counted, sum(amount) AS amount \
        FROM opportunity_sums GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(counted) <> 0 OR sum(amount) <> 0), \
    there AS (SELECT date_trunc('month', r.created_at AT TIME ZONE 'UTC')::date AS month, r.state, r.currency, coalesce(r.owner_id, c.owner_id), c.owner_id, c.department_id, c.region, \
        count(*), coalesce(sum(r.amount), 0) FROM records r JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id \
        WHERE r.record_type = 'opportunity' AND r.archived_at IS NULL AND r.state IS NOT NULL AND c.archived_at IS NULL AND NOT c.restricted GROUP BY 1, 2, 3, 4, 5, 6, 7) \
    SELECT count(*) FROM ((TABLE kept EXCEPT ALL TABLE there) UNION ALL (TABLE there EXCEPT ALL TABLE kept)) AS d";

/// How many opportunities the sums count, which is what the rows say.
async fn counted(org: &Org<'_>) -> i64 {
    let sql = org.sql().await;
    let differences: i64 = sql.query_one(DIFFERENCES, &[]).await.unwrap().get(0);
    assert_eq!(differences, 0, "the sums say what the rows say");
    sql.query_one("SELECT coalesce(sum(counted), 0)::bigint FROM opportunity_sums", &[]).await.unwrap().get(0)
}

/// The only opportunity of a customer.
async fn only(person: &Person, customer: &str) -> String {
    let listed = person.get(&format!("/v1/customers/{customer}/records/opportunity")).await.shows(200);
    path("opportunity", listed.at("/data/0/id").as_str().unwrap())
}

#[tokio::test]
async fn whatever_happens_to_an_opportunity_is_in_the_sums() {
    let org = Org::found().await;
    let (sales, manager, admin) = (org.sales_a().await, org.manager().await, org.admin().await);
    let customer = someone(&sales).await;
    opportunity(&sales, &customer, "lead", "10.00").await;
    let at = only(&sales, &customer).await;
    assert_eq!(counted(&org).await, 1);
    sales.patch(&at, &json!({"fields": {"stage": "won"}})).await.shows(200);
    sales.patch(&at, &json!({"fields": {"amount": {"amount": "12.50", "currency": "EUR"}}})).await.shows(200);
    sales.patch(&at, &json!({"fields": {"stage": "lost", "amount": null}})).await.shows(200);
    assert_eq!(counted(&org).await, 1);
    manager.patch(&at, &json!({"owner_id": org.user_id("sales_b")})).await.shows(200);
    assert_eq!(counted(&org).await, 1);
    admin.delete(&at).await.shows(204);
    assert_eq!(counted(&org).await, 0);
}

#[tokio::test]
async fn whatever_happens_to_its_customer_is_in_the_sums() {
    let org = Org::found().await;
    let (sales, manager, admin, dpo) = (org.sales_a().await, org.manager().await, org.admin().await, org.dpo().await);
    let (moved, stays, goes) = (someone(&sales).await, someone(&sales).await, someone(&sales).await);
    for customer in [&moved, &stays, &goes] {
        opportunity(&sales, customer, "lead", "10.00").await;
        opportunity(&sales, customer, "won", "20.00").await;
    }
    assert_eq!(counted(&org).await, 6);
    let to = |member: &str, value: Value| json!({ member: value });
    manager.patch(&format!("/v1/customers/{moved}"), &to("owner_id", json!(org.user_id("sales_b")))).await.shows(200);
    manager.patch(&format!("/v1/customers/{moved}"), &to("region", json!("CN-GD"))).await.shows(200);
    let east = json!({"owner_id": org.user_id("sales_c"), "department_id": org.department_id("Sales East")});
    admin.patch(&format!("/v1/customers/{moved}"), &east).await.shows(200);
    assert_eq!(counted(&org).await, 6);
    merge(&sales, &stays, &goes).await.shows(200);
    assert_eq!(counted(&org).await, 6);
    let merges = sales.get(&format!("/v1/customers/{stays}/merges")).await.shows(200);
    let undo = json!({"merge_id": merges.at("/data/0/id"), "reason": "Two people"});
    sales.post(&format!("/v1/customers/{stays}/unmerge"), &undo).await.shows(200);
    assert_eq!(counted(&org).await, 6);
    org.sql()
        .await
        .execute("UPDATE customers SET restricted = true WHERE id = $1::text::uuid", &[&moved])
        .await
        .unwrap();
    assert_eq!(counted(&org).await, 4);
    admin.delete(&format!("/v1/customers/{goes}")).await.shows(204);
    assert_eq!(counted(&org).await, 2);
    dpo.post(&format!("/v1/customers/{stays}/erase"), &json!({"ground": "subject_request"})).await.shows(202);
    assert_eq!(counted(&org).await, 0);
}

#[tokio::test]
async fn what_is_entered_while_its_customer_changes_hands_is_counted_where_the_customer_is() {
    let org = Org::found().await;
    let (sales, manager) = (org.manager().await, org.manager().await);
    let customer = someone(&sales).await;
    let entering = async {
        for _ in 0..12 {
            opportunity(&sales, &customer, "lead", "1.00").await;
        }
    };
    let handing_over = async {
        for nth in 0..12 {
            let to = org.user_id(if nth % 2 == 0 { "sales_b" } else { "sales_a" });
            manager.patch(&format!("/v1/customers/{customer}"), &json!({"owner_id": to})).await.shows(200);
        }
    };
    tokio::join!(entering, handing_over);
    assert_eq!(counted(&org).await, 12);
}

#[tokio::test]
async fn a_hand_over_waits_for_what_is_being_entered() {
    let org = Org::found().await;
    let (sales, manager) = (org.sales_a().await, org.manager().await);
    let customer = someone(&sales).await;
    opportunity(&sales, &customer, "lead", "1.00").await;
    let entering = org.sql().await;
    entering
        .batch_execute(
            "BEGIN; CREATE TEMPORARY TABLE another ON COMMIT DROP AS SELECT * FROM records; \
             UPDATE another SET id = gen_random_uuid(); INSERT INTO records SELECT * FROM another",
        )
        .await
        .unwrap();
    let path = format!("/v1/customers/{customer}");
    let handed = json!({"owner_id": org.user_id("sales_b")});
    let handing_over = manager.patch(&path, &handed).into_future();
    tokio::pin!(handing_over);
    tokio::select! {
        answer = &mut handing_over => panic!("the new owner would have missed the opportunity: {answer}"),
        () = org.waited_for(&entering) => {}
    }
    entering.batch_execute("COMMIT").await.unwrap();
    handing_over.await.shows(200);
    assert_eq!(counted(&org).await, 2);
}

#[tokio::test]
async fn what_somebody_works_on_beside_its_owner_is_counted_once() {
    let org = Org::found().await;
    let (sales, other) = (org.sales_a().await, org.sales_b().await);
    let (theirs, own) = (someone(&sales).await, someone(&other).await);
    opportunity(&sales, &theirs, "won", "1.00").await;
    opportunity(&other, &own, "won", "2.00").await;
    let counts = async |person: &Person| {
        let told = person.get("/v1/reports/funnel").await.shows(200).json();
        told["groups"][0]["stages"][4]["count"].clone()
    };
    assert_eq!((counts(&sales).await, counts(&other).await), (json!(1), json!(1)));
    let body = json!({"collaborators": [{"user_id": other.id}]});
    for (customer, status) in [(&theirs, 200), (&own, 422)] {
        let path = format!("/v1/customers/{customer}/collaborators");
        org.admin().await.request("PUT", &path).header("if-match", "*").json(&body).await.shows(status);
    }
    assert_eq!((counts(&sales).await, counts(&other).await), (json!(1), json!(2)));
}

#[tokio::test]
async fn a_report_of_any_time_says_what_the_rows_say() {
    let org = Org::found().await;
    let (sales, manager) = (org.sales_a().await, org.manager().await);
    let customer = someone(&sales).await;
    for amount in 1..=9 {
        opportunity(&sales, &customer, "won", &format!("{amount}.00")).await;
    }
    let spread = "UPDATE records r SET created_at = timestamptz '2026-01-20 12:00:00+00' + n.nth * interval '11 days' \
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM records) n WHERE n.id = r.id";
    org.sql().await.execute(spread, &[]).await.unwrap();
    assert_eq!(counted(&org).await, 9);
    for (from, until, expected) in [
        (None, None, 9),
        (Some("2026-02-01T00:00:00Z"), Some("2026-04-01T00:00:00Z"), 5),
        (Some("2026-02-11T12:00:00Z"), Some("2026-04-07T12:00:00Z"), 5),
        (Some("2026-02-11T12:00:01Z"), Some("2026-04-07T12:00:01Z"), 5),
        (Some("2026-03-01T00:00:00%2B08:00"), None, 6),
        (None, Some("2026-02-11T12:00:00Z"), 1),
        (Some("2026-03-02T00:00:00Z"), Some("2026-03-20T00:00:00Z"), 2),
    ] {
        let bounds = [("from", from), ("until", until)].map(|(name, at)| at.map(|at| format!("{name}={at}")));
        let query = bounds.into_iter().flatten().collect::<Vec<_>>().join("&");
        for caller in [&manager, &sales] {
            let told = caller.get(&format!("/v1/reports/funnel?by=period&{query}")).await.shows(200).json();
            let won: i64 = told["groups"]
                .as_array()
                .unwrap()
                .iter()
                .map(|group| group["stages"][4]["count"].as_i64().unwrap())
                .sum();
            assert_eq!(won, expected, "{query}: {told}");
        }
    }
}
