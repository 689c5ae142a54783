//! A row about nobody in each partner's answers: unlike nobody else there, seen by no other, and telling where a leak came from.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{disclosures, third_party};
use crate::consents::consent;
use crate::notices::published;
use crate::support::{Answer, Caller, Org, Partner, Person};

const FIELDS: [&str; 4] = ["customer_no", "name", "mobile", "email"];
const READS: [&str; 2] = ["customers.read", "consents.decide"];

/// An organisation with this many customers of one owner, whose ids are answered.
async fn peopled(count: usize) -> (Org<'static>, Person, Vec<String>) {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(org.customer_of(&asha).await);
    }
    (org, asha, ids)
}

async fn listed(caller: &Caller, query: &str) -> Vec<Value> {
    caller.get(&format!("/v1/customers?{query}")).await.shows(200).at("/data").as_array().unwrap().clone()
}

/// The rows whose numbers no operator gives out.
fn decoys(rows: &[Value]) -> Vec<Value> {
    let made_up = |row: &&Value| {
        let mobile = row["fields"]["mobile"].as_str().unwrap_or_default();
        ["+86163", "+86164", "+86168"].iter().any(|beginning| mobile.starts_with(beginning))
    };
    rows.iter().filter(made_up).cloned().collect()
}

/// The one row about nobody that a partner is shown.
async fn decoy_of(partner: &Partner) -> Value {
    let mut found = decoys(&listed(partner, "limit=200").await);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row["fields"][field].as_str().unwrap()
}

async fn trace(person: &Person, value: &str) -> Answer {
    person.post("/v1/leak-traces", &json!({"value": value})).await
}

#[tokio::test]
async fn each_key_is_shown_one_of_its_own_in_its_place_and_nobody_else_is() {
    let (org, asha, ids) = peopled(24).await;
    let (one, two) = (org.partner(&FIELDS, &[], &READS).await, org.partner(&FIELDS, &[], &READS).await);
    let rows = listed(&one, "limit=200").await;
    let (mine, theirs) = (decoy_of(&one).await, decoy_of(&two).await);
    assert_eq!(rows.len(), 25);
    for field in ["name", "mobile"] {
        assert_ne!(text(&mine, field), text(&theirs, field));
    }
    for sort in ["-created_at", "created_at"] {
        let all = listed(&one, &format!("limit=200&sort={sort}")).await;
        for limit in [1, 6, 24, 25] {
            let (mut paged, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/v1/customers?sort={sort}&limit={limit}{cursor}");
                let page = one.get(&path).await.shows(200);
                paged.extend(page.at("/data").as_array().unwrap().clone());
                let Some(next) = page.at("/next_cursor").as_str().map(str::to_owned) else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(paged, all, "{sort} by {limit}");
        }
    }
    let keys = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert!(rows.iter().all(|row| keys(row) == keys(&mine) && row["field_access"] == mine["field_access"]), "{mine}");
    assert!(text(&mine, "customer_no").starts_with("C-0"), "{mine}");
    let own = format!("/v1/customers/{}", mine["id"].as_str().unwrap());
    assert_eq!(one.get(&own).await.shows(200).json(), mine);
    two.get(&own).await.refuses(404, "not_found");
    asha.get(&own).await.refuses(404, "not_found");
    let search = format!("q[mobile]={}", text(&mine, "mobile").replace('+', "%2B"));
    assert_eq!(listed(&one, &search).await.as_slice(), std::slice::from_ref(&mine));
    assert_eq!(listed(&one, "q[mobile_last4]=0000&q[name]=nobody").await, Vec::<Value>::new());
    for other in [&*two, &*asha] {
        assert_eq!(listed(other, &search).await, Vec::<Value>::new());
    }
    let staff = asha.get("/v1/customers?limit=200&count=true").await.shows(200);
    let known: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let data = staff.at("/data");
    assert!(data.as_array().unwrap().iter().all(|row| known.contains(row["id"].as_str().unwrap())));
    assert_eq!((staff.at("/count"), data.as_array().unwrap().len()), (json!(24), 24));
    assert_eq!(one.get("/v1/customers?count=true").await.shows(200).at("/count"), 25);
    let party = third_party(&org.admin().await, &one).await;
    let told = disclosures(&org.dpo().await, &party, "limit=200").await.shows(200);
    assert!(told.at("/data").as_array().unwrap().iter().all(|line| line["customer_count"].as_i64().unwrap() <= 24));
}

#[tokio::test]
async fn what_turns_up_names_the_company_and_the_key() {
    let (org, _, ids) = peopled(21).await;
    let (one, two) = (org.partner(&FIELDS, &[], &READS).await, org.partner(&FIELDS, &[], &READS).await);
    let (mine, theirs, dpo) = (decoy_of(&one).await, decoy_of(&two).await, org.dpo().await);
    let party = third_party(&org.admin().await, &one).await;
    let mobile = text(&mine, "mobile").trim_start_matches("+86");
    let typed = [format!("{} {}", &mobile[..3], &mobile[3..]), format!("0086-{mobile}")];
    let found = [text(&mine, "mobile"), text(&mine, "name"), mine["id"].as_str().unwrap()];
    for value in found.into_iter().chain(typed.iter().map(String::as_str)) {
        let traced = trace(&dpo, value).await.shows(200);
        assert_eq!((traced.at("/source"), traced.at("/export")), (json!("partner"), Value::Null), "{value}");
        let expected = (json!(party), json!(one.key_id), json!(true), Value::Null);
        let named =
            ["third_party_id", "api_key_id", "active", "shown_until"].map(|at| traced.at(&format!("/partner/{at}")));
        assert_eq!(named, <[Value; 4]>::from(expected), "{value}");
    }
    assert_eq!(trace(&dpo, text(&theirs, "mobile")).await.shows(200).at("/partner/api_key_id"), json!(two.key_id));
    trace(&dpo, &ids[0]).await.refuses(404, "not_found");
    trace(&Org::found().await.dpo().await, mobile).await.refuses(404, "not_found");
    org.admin().await.act(&format!("/v1/api-keys/{}/revoke", one.key_id)).await.shows(200);
    let later = trace(&dpo, mobile).await.shows(200);
    assert_eq!((later.at("/partner/api_key_id"), later.at("/partner/active")), (json!(one.key_id), json!(false)));
}

#[tokio::test]
async fn it_may_be_written_to_as_anybody_who_agreed() {
    let (org, asha, ids) = peopled(20).await;
    let partner = org.partner(&FIELDS, &["marketing", "care"], &READS).await;
    let (offers, care) = (partner.with("processing-purpose", "marketing"), partner.with("processing-purpose", "care"));
    assert_eq!(listed(&offers, "").await, Vec::<Value>::new(), "nobody was asked yet");
    let notice = published(&org.dpo().await, "offers", "name").await.id();
    asha.post(&format!("/v1/customers/{}/consents", ids[0]), &consent(&notice, json!({}))).await.shows(201);
    let rows = listed(&offers, "").await;
    let decoy = decoys(&listed(&care, "limit=200").await).remove(0);
    assert!(rows.len() == 2 && rows.iter().any(|row| row["id"] == decoy["id"]), "{rows:?}");
    let (id, mobile) = (decoy["id"].as_str().unwrap(), text(&decoy, "mobile").to_owned());
    let ask = format!("/v1/consent-decisions?customer_id={id}");
    let marketing = partner.get(&format!("{ask}&purpose=marketing&channel=sms")).await.shows(200);
    assert_eq!((marketing.at("/reason"), marketing.at("/notice_version")), (json!("consent_in_force"), json!(notice)));
    let again = partner.get(&format!("{ask}&purpose=marketing")).await.shows(200);
    assert_eq!(marketing.at("/consent_id"), again.at("/consent_id"), "it stays");
    assert_eq!(partner.get(&format!("{ask}&purpose=care")).await.shows(200).at("/reason"), "other_basis");
    let many = json!({"purpose": "marketing", "contact_points": [{"type": "mobile", "value": mobile}, {"type": "mobile", "value": "16100000000"}]});
    let decided = partner.post("/v1/consent-decisions", &many).await.shows(200);
    assert_eq!(
        (decided.at("/data/0/reason"), decided.at("/data/1/reason")),
        (json!("consent_in_force"), json!("unknown_person"))
    );
    let theirs = asha.post("/v1/consent-decisions", &many).await.shows(200);
    assert_eq!(theirs.at("/data/0/reason"), "unknown_person", "to others it is nobody");
    let past = partner.get(&format!("{ask}&purpose=marketing&as_of=2020-01-01T00:00:00Z")).await.shows(200);
    assert_eq!(past.at("/allowed"), false);
}

#[tokio::test]
async fn a_partner_that_reads_its_consents_sees_somebody_who_agreed() {
    let (org, asha, ids) = peopled(20).await;
    let notice = published(&org.dpo().await, "offers", "name").await.id();
    asha.post(&format!("/v1/customers/{}/consents", ids[0]), &consent(&notice, json!({}))).await.shows(201);
    let permissions = ["customers.read", "consents.decide", "consents.read", "consents.withdraw"];
    let partner = org.partner(&FIELDS, &["marketing", "care"], &permissions).await;
    let care = partner.with("processing-purpose", "care");
    let rows = listed(&care, "limit=200").await;
    let decoy = decoys(&rows).remove(0);
    let path = format!("/v1/customers/{}", decoy["id"].as_str().unwrap());
    let read = care.get(&format!("{path}/consents")).await.shows(200);
    let records = read.at("/data").as_array().unwrap().clone();
    assert_eq!(records.len(), 1, "care needs no consent: {records:?}");
    let record = &records[0];
    let said = ["purpose", "notice_version", "state", "customer_id"].map(|member| record[member].clone());
    assert_eq!(said, [json!("marketing"), json!(notice), json!("given"), decoy["id"].clone()]);
    let mut alike = 0;
    for row in &rows {
        let answer = care.get(&format!("/v1/customers/{}/consents", row["id"].as_str().unwrap())).await.shows(200);
        for theirs in answer.at("/data").as_array().unwrap() {
            let keys = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(theirs), keys(record));
            assert_eq!(theirs["recorded_by_kind"], record["recorded_by_kind"]);
            alike += 1;
        }
    }
    assert_eq!(alike, 2, "theirs, and that of the one who agreed");
    let id = record["id"].as_str().unwrap();
    assert_eq!(care.get(&format!("/v1/consents/{id}")).await.shows(200).json(), *record);
    care.get(&format!("/v1/consents/{id}/receipt")).await.shows(200);
    assert_eq!(care.get(&format!("{path}/opt-outs")).await.shows(200).at("/data"), json!([]));
    let ask = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", decoy["id"].as_str().unwrap());
    let decided = partner.get(&ask).await.shows(200);
    assert_eq!((decided.at("/reason"), decided.at("/consent_id")), (json!("consent_in_force"), json!(id)));
    assert_eq!(decoys(&listed(&care, "limit=200").await), [decoy], "it is shown as before");
    asha.get(&format!("/v1/consents/{id}")).await.refuses(404, "not_found");
    asha.get(&format!("{path}/consents")).await.refuses(404, "not_found");
    care.post(&format!("/v1/consents/{id}/withdraw"), &json!({})).await.refuses(404, "not_found");
    care.get(&path).await.refuses(410, "erased");
}

#[tokio::test]
async fn whatever_else_is_done_to_it_is_answered_as_about_somebody_erased_and_another_takes_its_place() {
    let (org, ..) = peopled(22).await;
    let permissions = ["customers.read", "customers.write", "consents.record"];
    for act in 0..2 {
        let partner = org.partner(&FIELDS, &[], &permissions).await;
        let decoy = decoy_of(&partner).await;
        let path = format!("/v1/customers/{}", decoy["id"].as_str().unwrap());
        match act {
            0 => partner.patch(&path, &json!({"stage": "lost"})).await,
            _ => partner.post(&format!("{path}/consents"), &consent(partner.key_id.as_str(), json!({}))).await,
        }
        .refuses(410, "erased");
        partner.get(&path).await.refuses(410, "erased");
        let next = decoy_of(&partner).await;
        assert!(next["id"] != decoy["id"] && text(&next, "mobile") != text(&decoy, "mobile"));
        let traced = trace(&org.dpo().await, text(&decoy, "mobile")).await.shows(200);
        assert!(
            traced.at("/partner/api_key_id") == json!(partner.key_id) && traced.at("/partner/shown_until").is_string()
        );
    }
}

#[tokio::test]
async fn among_few_there_is_none_and_of_many_first_calls_one_makes_it() {
    let (org, asha, _) = peopled(19).await;
    let partner = org.partner(&FIELDS, &[], &READS).await;
    assert_eq!(listed(&partner, "limit=200").await.len(), 19);
    org.customer_of(&asha).await;
    let all = join_all((0..10).map(|_| listed(&partner, "limit=200"))).await;
    let seen: BTreeSet<String> = all.iter().map(|rows| decoys(rows)[0]["id"].to_string()).collect();
    assert_eq!(seen.len(), 1, "{seen:?}");
    let kept = "SELECT sealed FROM disclosure_decoys";
    let row = org.sql().await.query_one(kept, &[]).await.unwrap();
    let (sealed, decoy) = (row.get::<_, Vec<u8>>(0), decoy_of(&partner).await);
    let digits = text(&decoy, "mobile").trim_start_matches('+').as_bytes();
    assert!(!sealed.windows(digits.len()).any(|window| window == digits), "it lies sealed");
}
