//! Policies that anonymise what hangs on people, and single fields: what is personal goes through all the past, and what is not stays.

use custodian_application::audit::fsck::{self, Cursor};
use serde_json::{Value, json};

use super::fields::{in_force, moved, packs, rule};
use super::hold;
use super::policies::{PATH, activate, round};
use crate::attachments::form;
use crate::catalog::made_in;
use crate::customers::merge::{merge, twins};
use crate::customers::path;
use crate::records::enter;
use crate::support::{Org, Person, own_instance};

/// What the catalog says is personal of a ticket, one field of the organisation's own among it.
const PERSONAL: [&str; 4] = ["subject", "description", "status", "caller_no"];

/// A closed ticket of a customer that was told twice and has a file; nobody has touched it for a year.
async fn ticket(org: &Org<'_>, admin: &Person, customer: &str, number: &str) -> String {
    let fields = json!({"ticket_no": number, "subject": "Parcel is late", "description": "It rained.", "status": "closed",
        "caller_no": format!("caller of {number}")});
    let id = enter(admin, customer, "ticket", fields).await.shows(201).id();
    let at = crate::records::path("ticket", &id);
    let change = json!({"fields": {"description": "It snowed."}});
    admin.request("PATCH", &at).json(&change).header("if-match", "*").await.shows(200);
    let head = format!("--edge\r\nContent-Disposition: form-data; name=\"record_id\"\r\n\r\n{id}\r\n");
    let (media, body) = form("letter.txt", b"about the parcel");
    let body = [head.as_bytes(), &body].concat();
    admin.request("POST", &format!("{}/attachments", path(customer))).body(&media, body).await.shows(201);
    let age = "UPDATE records SET updated_at = updated_at - interval '1 year' WHERE organization_id = $1";
    org.sql().await.execute(age, &[&org.id]).await.unwrap();
    id
}

/// How many files, pieces of files, and tags of records there are.
async fn around(org: &Org<'_>) -> (i64, i64, i64) {
    let sql = "SELECT (SELECT count(*) FROM attachments WHERE organization_id = $1), (SELECT count(*) FROM attachment_chunks WHERE organization_id = $1), \
         (SELECT count(*) FROM record_indexes WHERE organization_id = $1)";
    let row = org.sql().await.query_one(sql, &[&org.id]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

async fn packed(org: &Org<'_>) -> Vec<i64> {
    let mut held = Vec::new();
    for key in PERSONAL {
        held.push(packs(org, key).await);
    }
    held
}

fn of_tickets() -> Value {
    json!({"record_type": "ticket", "since": "updated_at", "days": 30, "action": "anonymise"})
}

#[tokio::test]
async fn everything_personal_of_what_hangs_on_people_goes_and_the_rest_and_the_people_stay() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    made_in(&admin, "ticket", "caller_no", "text", json!({"searchable": ["exact"], "category": "contact"})).await;
    let (customer, held) = (org.customer_of(&admin).await, org.customer_of(&admin).await);
    let (due, kept) = (ticket(&org, &admin, &customer, "T-1").await, ticket(&org, &admin, &held, "T-2").await);
    let hold = hold(&dpo, &held, json!({})).await.id();
    let preview = dpo.post(&format!("{PATH}/preview"), &of_tickets()).await.shows(200);
    assert_eq!((preview.at("/due"), preview.at("/held"), preview.at("/sample")), (json!(1), json!(1), json!([due])));
    let mut body = of_tickets();
    body["name"] = json!("Old tickets");
    let policy = dpo.post(PATH, &body).await.shows(201).id();
    assert_eq!(round(&org).await, 0, "a dry run takes nothing away");
    assert_eq!((packed(&org).await, around(&org).await), (vec![2, 4, 2, 2], (2, 2, 4)));
    activate(&dpo, &policy, 1).await.refuses(403, "own_policy");
    activate(&admin, &policy, 2).await.refuses(409, "preview_outdated");
    activate(&admin, &policy, 1).await.shows(200);
    assert_eq!((round(&org).await, round(&org).await), (1, 0), "nothing is met twice");
    assert_eq!((packed(&org).await, around(&org).await), (vec![1, 2, 1, 1], (1, 1, 3)), "a hold keeps the other");
    let at = crate::records::path("ticket", &due);
    let left = admin.get(&at).await.shows(200);
    assert_eq!((left.at("/fields/ticket_no"), left.at("/fields/subject")), (json!("T-1"), Value::Null));
    let history = admin.get(&format!("{at}/history")).await.shows(200);
    for word in ["Parcel", "rained", "snowed", "caller of"] {
        assert!(!left.text().contains(word) && !history.text().contains(word), "{word} in {history}");
    }
    let found = async |field: &str, value: &str| {
        let page = admin.get(&format!("/v1/records/ticket?q[{field}]={value}")).await.shows(200);
        page.at("/data").as_array().unwrap().len()
    };
    assert_eq!(found("ticket_no", "T-1").await, 1);
    assert_eq!((found("caller_no", "caller%20of%20T-1").await, found("caller_no", "caller%20of%20T-2").await), (0, 1));
    let clear = "SELECT state IS NULL AND due_at IS NULL FROM records WHERE id = $1::text::uuid";
    assert!(org.sql().await.query_one(clear, &[&due]).await.unwrap().get::<_, bool>(0), "nor in the clear");
    admin.get(&path(&customer)).await.shows(200);
    is_on_record(&org, &dpo, &policy, &due).await;
    // The record goes on, and so does time; what a hold kept goes when it has ended.
    let change = json!({"fields": {"subject": "Asked again"}});
    admin.request("PATCH", &at).json(&change).header("if-match", "*").await.shows(200);
    assert_eq!(round(&org).await, 0);
    let because = json!({"reason": "the case was settled"});
    dpo.post(&format!("/v1/legal-holds/{hold}/release"), &because).await.shows(200);
    assert_eq!((round(&org).await, around(&org).await), (1, (0, 0, 2)));
    let left = admin.get(&crate::records::path("ticket", &kept)).await.shows(200);
    assert_eq!((left.at("/fields/ticket_no"), left.at("/fields/description")), (json!("T-2"), Value::Null));
}

/// The entry, the line of the register and its certificate name keys and counts, and nobody.
async fn is_on_record(org: &Org<'_>, dpo: &Person, policy: &str, record: &str) {
    let told = org.auditor().await.get("/v1/audit/entries?action=records.update").await.shows(200);
    assert_eq!(told.at("/data/0/details/retention_policy"), policy);
    assert_eq!(told.at("/data/0/details/records"), json!([record]));
    let register = dpo.get("/v1/destruction-register").await.shows(200);
    let line = register.at("/data/0");
    assert_eq!(
        (&line["action"], &line["record_count"], &line["customer_count"], &line["certified"]),
        (&json!("anonymise"), &json!(1), &json!(1), &json!(true))
    );
    let certificate = format!("/v1/destruction-register/{}/certificate", register.text_at("/data/0/id"));
    let signed = dpo.get(&certificate).await.shows(200);
    let mut keys = PERSONAL.map(|key| json!(key));
    keys.sort_by_key(Value::to_string);
    assert_eq!(signed.at("/certificate/fields"), json!(keys));
    assert_eq!(signed.at("/certificate/rule/action"), "anonymise");
    assert!(!signed.text().contains(record), "nobody is named");
}

#[tokio::test]
async fn one_personal_field_goes_of_people_and_of_what_hangs_on_them_even_if_all_must_have_it() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    made_in(&admin, "ticket", "caller_no", "text", json!({"searchable": ["exact"], "category": "contact"})).await;
    let due = moved(&org, &admin).await;
    let kept = ticket(&org, &admin, &due, "T-3").await;
    let age = "UPDATE customers SET updated_at = now() - interval '1 year' WHERE id = $1::text::uuid";
    org.sql().await.execute(age, &[&due]).await.unwrap();
    in_force(&dpo, &admin, &rule(json!({"action": "anonymise"})), 1).await;
    assert_eq!((round(&org).await, round(&org).await, packs(&org, "address").await), (1, 0, 0));
    let left = admin.get(&path(&due)).await.shows(200);
    assert!(left.at("/fields/address").is_null() && left.at("/fields/name").is_string(), "{left}");
    let register = dpo.get("/v1/destruction-register").await.shows(200);
    let certificate = format!("/v1/destruction-register/{}/certificate", register.text_at("/data/0/id"));
    let signed = dpo.get(&certificate).await.shows(200);
    assert_eq!(
        (signed.at("/certificate/fields"), register.at("/data/0/action")),
        (json!(["address"]), json!("anonymise"))
    );
    let subjects = rule(json!({"record_type": "ticket", "field": "subject", "action": "anonymise"}));
    in_force(&dpo, &admin, &subjects, 1).await;
    assert_eq!((round(&org).await, round(&org).await), (1, 0));
    let left = admin.get(&crate::records::path("ticket", &kept)).await.shows(200);
    assert_eq!((left.at("/fields/subject"), left.at("/fields/description")), (Value::Null, json!("It snowed.")));
    assert_eq!(around(&org).await.0, 1, "a file is not a field");
}

#[tokio::test]
async fn a_record_that_is_destroyed_takes_its_files_along() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    made_in(&admin, "ticket", "caller_no", "text", json!({"searchable": ["exact"], "category": "contact"})).await;
    let customer = org.customer_of(&admin).await;
    ticket(&org, &admin, &customer, "T-4").await;
    crate::attachments::hung(&admin, &customer).await;
    let mut rule = of_tickets();
    rule["action"] = json!("destroy");
    in_force(&dpo, &admin, &rule, 1).await;
    assert_eq!((round(&org).await, around(&org).await), (1, (1, 1, 0)), "what hangs on the customer stays");
}

#[tokio::test]
async fn what_holds_nothing_personal_or_what_every_customer_must_have_is_not_anonymised() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let of = |members: Value| {
        let mut rule = of_tickets();
        for (name, value) in members.as_object().unwrap() {
            rule[name] = value.clone();
        }
        rule
    };
    for (wrong, pointer) in [
        (of(json!({"record_type": "payment"})), "/action"),
        (of(json!({"field": "ticket_no"})), "/field"),
        (of(json!({"field": "shoe_size"})), "/field"),
        (of(json!({"record_type": null, "field": "company"})), "/field"),
        (of(json!({"record_type": null, "field": "name"})), "/field"),
        (of(json!({"field": "subject", "action": "destroy"})), "/field"),
        (of(json!({"field": "subject", "action": "archive"})), "/action"),
        (of(json!({"record_type": "customer"})), "/record_type"),
    ] {
        let refused = dpo.post(&format!("{PATH}/preview"), &wrong).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults()[0].0, pointer, "{wrong}: {refused}");
        let mut named = wrong.clone();
        named["name"] = json!("Wrong");
        dpo.post(PATH, &named).await.refuses(422, "invalid_body");
    }
    let mut named = of_tickets();
    named["name"] = json!("Not mine to say");
    sales.post(PATH, &named).await.refuses(403, "forbidden");
    sales.post(&format!("{PATH}/preview"), &of_tickets()).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn the_check_of_the_log_finds_nothing_after_a_field_went_of_somebody_and_of_whom_they_were_one_with() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    made_in(&admin, "ticket", "caller_no", "text", json!({"searchable": ["exact"], "category": "contact"})).await;
    let due = moved(&org, &admin).await;
    ticket(&org, &admin, &due, "T-5").await;
    let (stays, goes) = twins(&admin).await;
    for (id, street) in [(&stays, "1 Quay Road"), (&goes, "2 Quay Road")] {
        let address = json!({"fields": {"address": street}});
        admin.request("PATCH", &path(id)).json(&address).header("if-match", "*").await.shows(200);
    }
    merge(&admin, &stays, &goes).await.shows(200);
    let age = "UPDATE customers SET updated_at = now() - interval '1 year' WHERE organization_id = $1";
    org.sql().await.execute(age, &[&org.id]).await.unwrap();
    in_force(&dpo, &admin, &rule(json!({"action": "anonymise"})), 2).await;
    assert_eq!((round(&org).await, packs(&org, "address").await), (2, 0));
    let subjects = rule(json!({"record_type": "ticket", "field": "subject", "action": "anonymise"}));
    in_force(&dpo, &admin, &subjects, 1).await;
    assert_eq!(round(&org).await, 1);
    let app = service.app.clone();
    let found = service.run(async move { fsck::round(&app, &mut Cursor::default()).await.unwrap() }).await;
    let customers: Vec<_> = found.iter().filter(|finding| finding.code == "customer").collect();
    assert!(customers.is_empty(), "what the service itself did is no forgery: {customers:#?}");
}
