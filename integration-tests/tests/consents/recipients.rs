//! A withdrawal stays open until every recipient has acknowledged it.

use serde_json::json;

use super::{Told, consent};

const PERMISSIONS: [&str; 5] =
    ["customers.read", "consents.decide", "consents.read", "consents.withdraw", "withdrawals.acknowledge"];

#[tokio::test]
async fn every_recipient_hears_of_it_and_acknowledges() {
    let told = Told::new().await;
    let partner = told.org.partner(&["name"], &["marketing"], &PERMISSIONS).await;
    let other = told.org.partner(&["name"], &["care"], &PERMISSIONS).await;
    let id = told.agrees(json!({})).await.shows(201).id();
    let recipients = format!("/v1/consents/{id}/recipients");
    assert_eq!(told.sales.get(&recipients).await.shows(200).at("/data"), json!([]));
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let listed = told.sales.get(&recipients).await.shows(200);
    assert_eq!(listed.at("/data").as_array().unwrap().len(), 1, "{listed}");
    assert_eq!((listed.at("/data/0/state"), listed.at("/data/0/purpose")), (json!("notified"), json!("marketing")));
    assert_eq!(other.get("/v1/withdrawals").await.shows(200).at("/data"), json!([]));
    let open = partner.get("/v1/withdrawals?open=true").await.shows(200);
    let case = open.text_at("/data/0/withdrawal_id");
    assert_ne!(open.at("/data/0/customer_id"), json!(told.customer), "under ids of its own");
    let path = format!("/v1/withdrawals/{case}/acknowledge");
    other.act(&path).await.refuses(404, "not_found");
    told.org.admin().await.act(&path).await.refuses(403, "partner_only");
    let done = partner.act(&path).await.shows(200);
    assert_eq!(partner.act(&path).await.shows(200).at("/acknowledged_at"), done.at("/acknowledged_at"));
    assert_eq!(told.sales.get(&recipients).await.shows(200).at("/data/0/state"), "acknowledged");
    assert_eq!(partner.get("/v1/withdrawals?open=true").await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn who_is_named_and_has_no_key_is_not_forgotten() {
    let told = Told::new().await;
    let id = told.agrees(json!({})).await.shows(201).id();
    let named = json!({"consent_kind": "separate", "recipients": [{"name": "Post Office", "country": "CN"}]});
    told.org.admin().await.patch("/v1/purposes/marketing", &named).await.shows(200);
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let listed = told.sales.get(&format!("/v1/consents/{id}/recipients")).await.shows(200);
    assert_eq!(
        (listed.at("/data/0/third_party"), listed.at("/data/1")),
        (json!("Post Office"), json!(null)),
        "{listed}"
    );
    assert_eq!((listed.at("/data/0/state"), listed.at("/data/0/notified_at")), (json!("pending"), json!(null)));
}

#[tokio::test]
async fn who_gets_a_key_later_counts_as_notified_from_then_on_and_as_long_as_it_is_live() {
    let told = Told::new().await;
    let admin = told.org.admin().await;
    let id = told.agrees(json!({})).await.shows(201).id();
    let named = json!({"consent_kind": "separate", "recipients": [{"name": "Post Office", "country": "CN"}]});
    admin.patch("/v1/purposes/marketing", &named).await.shows(200);
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let case = async || told.sales.get(&format!("/v1/consents/{id}/recipients")).await.shows(200).at("/data/0");
    let key = async |purposes: &[&str], permissions: &[&str]| {
        let members = json!({"third_party": "Post Office", "purposes": purposes, "permissions": permissions});
        told.org.partner_with(members).await
    };
    key(&["care"], &PERMISSIONS).await;
    key(&["marketing"], &["customers.read"]).await;
    assert_eq!(case().await["state"], "pending", "none of its keys is made to read of marketing");
    let reading = key(&[], &["events.read"]).await;
    let since = admin.get(&format!("/v1/api-keys/{}", reading.key_id)).await.shows(200).at("/created_at");
    key(&["marketing"], &["withdrawals.acknowledge"]).await;
    let heard = case().await;
    assert_eq!((&heard["state"], &heard["notified_at"]), (&json!("notified"), &since), "the first one counts");
    admin.act(&format!("/v1/api-keys/{}/revoke", reading.key_id)).await.shows(200);
    assert_eq!(case().await["state"], "notified", "by the other");
}

#[tokio::test]
async fn who_owes_an_acknowledgement_gives_it_with_any_key() {
    let told = Told::new().await;
    let partner = told.org.partner(&["name"], &[], &["customers.read"]).await;
    let other = told.org.partner(&["name"], &["care"], &["customers.read"]).await;
    let id = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let sql = told.org.sql().await;
    sql.execute("UPDATE withdrawal_recipients SET due_at = now() - interval '1 second'", &[]).await.unwrap();
    let list = || partner.get("/v1/customers").header("processing-purpose", "marketing");
    list().await.refuses(403, "withdrawal_unacknowledged");
    let case = partner.get("/v1/withdrawals?open=true").await.shows(200).text_at("/data/0/withdrawal_id");
    let path = format!("/v1/withdrawals/{case}/acknowledge");
    assert_eq!(other.get("/v1/withdrawals").await.shows(200).at("/data"), json!([]), "its own alone");
    other.act(&path).await.refuses(404, "not_found");
    told.sales.get("/v1/withdrawals").await.refuses(403, "forbidden");
    told.sales.act(&path).await.refuses(403, "forbidden");
    partner.get("/v1/privacy-notifications").await.refuses(403, "forbidden");
    partner.act(&path).await.shows(200);
    list().await.shows(200);
    assert_eq!(partner.get("/v1/withdrawals?open=true").await.shows(200).at("/data"), json!([]));
}

#[tokio::test]
async fn who_is_late_may_still_say_that_somebody_says_stop() {
    let told = Told::new().await;
    let permissions = ["customers.read", "consents.read", "consents.withdraw"];
    let partner = told.org.partner(&["name"], &["marketing", "care"], &permissions).await;
    let other = told.org.customer_of(&told.sales).await;
    let given = consent(&told.notice, json!({}));
    let given = told.sales.post(&format!("/v1/customers/{other}/consents"), &given).await.shows(201).id();
    told.agrees(json!({})).await.shows(201);
    told.sales.post(&format!("/v1/consents/{given}/withdraw"), &json!({})).await.shows(200);
    let sql = told.org.sql().await;
    sql.execute("UPDATE withdrawal_recipients SET due_at = now() - interval '1 second'", &[]).await.unwrap();
    let (marketing, care) =
        (partner.with("processing-purpose", "marketing"), partner.with("processing-purpose", "care"));
    marketing.get("/v1/customers").await.refuses(403, "withdrawal_unacknowledged");
    // Newest first: the one who has not said stop yet was there before.
    let known = care.get("/v1/customers").await.shows(200).text_at("/data/1/id");
    let theirs = care.get(&format!("/v1/customers/{known}/consents")).await.shows(200).text_at("/data/0/id");
    marketing.post(&format!("/v1/consents/{theirs}/withdraw"), &json!({})).await.shows(200);
    let standing = told.sales.get(&format!("/v1/customers/{}/consents", told.customer)).await.shows(200);
    assert_eq!(standing.at("/data/0/state"), "withdrawn", "{standing}");
}

#[tokio::test]
async fn who_is_late_loses_the_purpose_until_it_acknowledges() {
    let told = Told::new().await;
    let purposes = ["marketing", "care"];
    let partner = told.org.partner(&["name"], &purposes, &PERMISSIONS).await;
    let id = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let sql = told.org.sql().await;
    sql.execute("UPDATE withdrawal_recipients SET due_at = now() - interval '1 second'", &[]).await.unwrap();
    let state = told.sales.get(&format!("/v1/consents/{id}/recipients")).await.shows(200);
    assert_eq!(state.at("/data/0/state"), "overdue");
    let list = |purpose: &'static str| partner.get("/v1/customers").header("processing-purpose", purpose);
    list("marketing").await.refuses(403, "withdrawal_unacknowledged");
    list("care").await.shows(200);
    let asked = "/v1/consent-decisions?customer_id=0190a1b2-c3d4-8e5f-8a9b-0c1d2e3f4a5b&purpose=marketing";
    partner.get(asked).await.refuses(403, "withdrawal_unacknowledged");
    // Whoever names the purpose in every call gets out of it as well as whoever does not.
    let named = partner.with("processing-purpose", "marketing");
    let case = named.get("/v1/withdrawals?open=true").await.shows(200).text_at("/data/0/withdrawal_id");
    named.act(&format!("/v1/withdrawals/{case}/acknowledge")).await.shows(200);
    list("marketing").await.shows(200);
}

#[tokio::test]
async fn who_may_read_for_any_purpose_hears_of_a_withdrawal_from_each() {
    let told = Told::new().await;
    let anything = told.org.partner(&["name"], &[], &PERMISSIONS).await;
    let nobody = told.org.partner(&["name"], &[], &["catalog.read", "withdrawals.acknowledge"]).await;
    let gone = told.org.partner(&["name"], &[], &PERMISSIONS).await;
    told.org.admin().await.act(&format!("/v1/api-keys/{}/revoke", gone.key_id)).await.shows(200);
    let id = told.agrees(json!({})).await.shows(201).id();
    told.sales.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.shows(200);
    let listed = told.sales.get(&format!("/v1/consents/{id}/recipients")).await.shows(200);
    assert_eq!(listed.at("/data").as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(nobody.get("/v1/withdrawals").await.shows(200).at("/data"), json!([]), "it sees nobody");
    let sql = told.org.sql().await;
    sql.execute("UPDATE withdrawal_recipients SET due_at = now() - interval '1 second'", &[]).await.unwrap();
    let list = |purpose: &'static str| anything.get("/v1/customers").header("processing-purpose", purpose);
    list("marketing").await.refuses(403, "withdrawal_unacknowledged");
    list("care").await.shows(200);
    let case = anything.get("/v1/withdrawals?open=true").await.shows(200).text_at("/data/0/withdrawal_id");
    anything.act(&format!("/v1/withdrawals/{case}/acknowledge")).await.shows(200);
    list("marketing").await.shows(200);
}
