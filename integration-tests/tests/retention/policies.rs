//! Retention policies over HTTP, and their rounds.

use custodian_application::retention::run;
use custodian_domain::kernel::OrganizationId;
use serde_json::{Value, json};

use super::hold;
use crate::customers::path;
use crate::support::{Answer, Org, Person, customer};

pub const PATH: &str = "/v1/retention-policies";

fn rule(action: &str) -> Value {
    json!({"stage": "lost", "since": "updated_at", "days": 30, "action": action})
}

/// A customer who was lost and whom nobody has touched for a year.
pub async fn forgotten(org: &Org<'_>, sales: &Person) -> String {
    let mut body = customer();
    body["stage"] = json!("lost");
    let id = sales.post("/v1/customers", &body).await.shows(201).id();
    let age = "UPDATE customers SET updated_at = updated_at - interval '1 year' WHERE id = $1::text::uuid";
    org.sql().await.execute(age, &[&id]).await.unwrap();
    id
}

async fn made(person: &Person, action: &str) -> String {
    let mut body = rule(action);
    body["name"] = json!("Lost leads");
    person.post(PATH, &body).await.shows(201).id()
}

pub async fn activate(person: &Person, policy: &str, due: i64) -> Answer {
    person.post(&format!("{PATH}/{policy}/activate"), &json!({"due": due})).await
}

pub async fn round(org: &Org<'_>) -> usize {
    let (app, id) = (org.service().app.clone(), OrganizationId::from(org.id));
    org.service().run(async move { run(&app, id).await }).await.unwrap()
}

#[tokio::test]
async fn a_preview_counts_and_shows_ids_and_changes_nothing() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (due, held) = (forgotten(&org, &sales).await, forgotten(&org, &sales).await);
    let fresh = org.customer_of(&sales).await;
    hold(&dpo, &held, json!({})).await;
    let preview = dpo.post(&format!("{PATH}/preview"), &rule("destroy")).await.shows(200);
    assert_eq!((preview.at("/due"), preview.at("/held"), preview.at("/sample")), (json!(1), json!(1), json!([due])));
    for id in [&due, &held, &fresh] {
        dpo.get(&path(id)).await.shows(200);
    }
    let mut unknown = rule("destroy");
    unknown["stage"] = json!("vanished");
    dpo.post(&format!("{PATH}/preview"), &unknown).await.refuses(422, "invalid_body");
    let mut nameless = rule("destroy");
    nameless["name"] = json!("  ");
    let nameless = dpo.post(PATH, &nameless).await.refuses(422, "invalid_body");
    assert_eq!(nameless.faults(), [("/name".to_owned(), "too_short".to_owned())]);
}

#[tokio::test]
async fn a_policy_is_made_by_one_put_in_force_by_another_and_never_blindly() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let due = forgotten(&org, &sales).await;
    let policy = made(&dpo, "destroy").await;
    assert_eq!(round(&org).await, 0, "a dry run destroys nothing");
    activate(&dpo, &policy, 1).await.refuses(403, "own_policy");
    activate(&admin, &policy, 7).await.refuses(409, "preview_outdated");
    assert_eq!(activate(&admin, &policy, 1).await.shows(200).at("/state"), "active");
    activate(&admin, &policy, 1).await.refuses(409, "wrong_policy_state");
    assert_eq!(dpo.act(&format!("{PATH}/{policy}/pause")).await.shows(200).at("/state"), "paused");
    assert_eq!(round(&org).await, 0, "a paused one neither");
    dpo.act(&format!("{PATH}/{policy}/pause")).await.refuses(409, "wrong_policy_state");
    dpo.get(&path(&due)).await.shows(200);
    for person in [&sales, &org.auditor().await] {
        person
            .post(PATH, &json!({"name": "x", "since": "updated_at", "days": 1, "action": "warn"}))
            .await
            .refuses(403, "forbidden");
    }
}

#[tokio::test]
async fn who_is_due_is_erased_with_a_certificate_and_whom_a_hold_keeps_stays() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let (due, held, fresh) =
        (forgotten(&org, &sales).await, forgotten(&org, &sales).await, org.customer_of(&sales).await);
    hold(&dpo, &held, json!({})).await;
    let policy = made(&dpo, "destroy").await;
    activate(&admin, &policy, 1).await.shows(200);
    assert_eq!(round(&org).await, 1);
    dpo.get(&path(&due)).await.refuses(410, "erased");
    for id in [&held, &fresh] {
        dpo.get(&path(id)).await.shows(200);
    }
    let runs = dpo.get(&format!("{PATH}/{policy}/runs")).await.shows(200);
    assert_eq!((runs.at("/data/0/customer_count"), runs.at("/data/0/action")), (json!(1), json!("destroy")));
    let erasure = runs.at("/data/0/erasure_ids/0");
    let told = dpo.get(&format!("/v1/erasures/{}", erasure.as_str().unwrap())).await.shows(200);
    assert_eq!((told.at("/ground"), told.at("/customer_id")), (json!("retention_over"), json!(due)));
    assert_eq!(round(&org).await, 0, "nobody is met twice");
}

#[tokio::test]
async fn who_is_warned_of_is_told_once_and_who_is_archived_is_out_of_use() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let due = forgotten(&org, &sales).await;
    let warning = made(&dpo, "warn").await;
    activate(&admin, &warning, 1).await.shows(200);
    assert_eq!((round(&org).await, round(&org).await), (1, 0));
    dpo.get(&path(&due)).await.shows(200);
    let archiving = made(&dpo, "archive").await;
    activate(&admin, &archiving, 1).await.shows(200);
    assert_eq!(round(&org).await, 1);
    dpo.get(&path(&due)).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_clock_that_jumps_destroys_nothing_without_a_persons_word() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let due = forgotten(&org, &sales).await;
    let policy = made(&dpo, "destroy").await;
    activate(&admin, &policy, 1).await.shows(200);
    let confirm = format!("{PATH}/confirm-clock");
    admin.act(&confirm).await.refuses(409, "clock_not_stopped");
    // The clock is where it was, and the look before lies far behind: to the service it has jumped.
    let jump = "UPDATE retention_clocks SET seen_at = seen_at - interval '400 days'";
    org.sql().await.execute(jump, &[]).await.unwrap();
    assert_eq!((round(&org).await, round(&org).await), (0, 0));
    dpo.get(&path(&due)).await.shows(200);
    sales.act(&confirm).await.refuses(403, "forbidden");
    admin.act(&confirm).await.shows(204);
    assert_eq!(round(&org).await, 1);
    dpo.get(&path(&due)).await.refuses(410, "erased");
}

#[tokio::test]
async fn the_time_in_the_archive_counts_for_those_who_lie_in_it_alone() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (archived, in_use) = (forgotten(&org, &sales).await, forgotten(&org, &sales).await);
    let into = format!("{}/archive", path(&archived));
    sales.post(&into, &json!({"reason": "lost for good"})).await.shows(200);
    let rule = json!({"since": "archived_at", "days": 30, "action": "destroy"});
    let due = async || dpo.post(&format!("{PATH}/preview"), &rule).await.shows(200).at("/due");
    assert_eq!(due().await, 0);
    let age = "UPDATE customers SET shelved_at = shelved_at - interval '1 year' WHERE id = $1::text::uuid";
    org.sql().await.execute(age, &[&archived]).await.unwrap();
    assert_eq!(due().await, 1);
    sales.post(&format!("{}/restore", path(&archived)), &json!({"reason": "came back"})).await.shows(200);
    assert_eq!(due().await, 0, "whoever is back in use is not meant");
    sales.get(&path(&in_use)).await.shows(200);
}

#[tokio::test]
async fn who_is_anonymised_is_nobody_and_still_counted() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let due = forgotten(&org, &sales).await;
    let policy = made(&dpo, "anonymise").await;
    activate(&admin, &policy, 1).await.shows(200);
    assert_eq!(round(&org).await, 1);
    dpo.get(&path(&due)).await.refuses(410, "erased");
    let left =
        "SELECT stage, length(wrapped_key) + length(fields) + length(tags) FROM customers WHERE id = $1::text::uuid";
    let row = org.sql().await.query_one(left, &[&due]).await.unwrap();
    assert_eq!(
        (row.get::<_, Option<String>>(0), row.get::<_, i32>(1)),
        (Some("lost".to_owned()), 0),
        "counts stay, values go"
    );
    let register = dpo.get("/v1/destruction-register").await.shows(200);
    assert_eq!((register.at("/data/0/action"), register.at("/data/0/policy_id")), (json!("anonymise"), json!(policy)));
    let erasure = register.text_at("/data/0/erasure_ids/0");
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    let kept = told.at("/kept");
    assert!(kept.as_array().unwrap().iter().any(|one| one["what"] == "aggregates"), "{told}");
    sales.get("/v1/destruction-register").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn what_hangs_on_people_goes_by_its_type_and_state_and_the_people_stay() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let (customer, held) = (org.customer_of(&sales).await, org.customer_of(&sales).await);
    let ticket = |status: &str| json!({"subject": "Parcel is late", "status": status});
    let mut ids = Vec::new();
    for (of, status) in [(&customer, "closed"), (&customer, "open"), (&held, "closed")] {
        ids.push(crate::records::enter(&admin, of, "ticket", ticket(status)).await.shows(201).id());
    }
    let age = "UPDATE records SET updated_at = updated_at - interval '1 year' WHERE organization_id = $1";
    org.sql().await.execute(age, &[&org.id]).await.unwrap();
    hold(&dpo, &held, json!({})).await;
    let rule = json!({"record_type": "ticket", "record_state": "closed", "since": "updated_at", "days": 30, "action": "destroy"});
    let preview = dpo.post(&format!("{PATH}/preview"), &rule).await.shows(200);
    assert_eq!((preview.at("/due"), preview.at("/held"), preview.at("/sample")), (json!(1), json!(1), json!([ids[0]])));
    let mut body = rule.clone();
    body["name"] = json!("Closed tickets");
    let policy = dpo.post(PATH, &body).await.shows(201).id();
    activate(&admin, &policy, 1).await.shows(200);
    assert_eq!(round(&org).await, 1);
    admin.get(&crate::records::path("ticket", &ids[0])).await.refuses(404, "not_found");
    for id in &ids[1..] {
        admin.get(&crate::records::path("ticket", id)).await.shows(200);
    }
    dpo.get(&path(&customer)).await.shows(200);
    let runs = dpo.get(&format!("{PATH}/{policy}/runs")).await.shows(200);
    assert_eq!((runs.at("/data/0/record_count"), runs.at("/data/0/customer_count")), (json!(1), json!(1)));
    for (member, value, pointer) in [
        ("record_type", json!("customer"), "/record_type"),
        ("stage", json!("lost"), "/stage"),
        ("purpose", json!("nothing_of_ours"), "/purpose"),
    ] {
        let mut wrong = rule.clone();
        wrong[member] = value;
        let refused = dpo.post(&format!("{PATH}/preview"), &wrong).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults()[0].0, pointer);
    }
}

#[tokio::test]
async fn a_state_that_no_record_of_the_type_can_be_in_is_refused_and_those_that_there_are_named() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let own = json!({"code": "visit_report", "labels": {"en": "Visit report", "zh": "拜访报告"}});
    admin.post("/v1/record-types", &own).await.shows(201);
    let of = |record_type: Value, state: &str| {
        json!({"name": "Old ones", "record_type": record_type, "record_state": state, "since": "updated_at", "days": 30,
            "action": "destroy"})
    };
    for (wrong, code, named) in [
        (of(json!("ticket"), "Closed"), "not_a_choice", "open, pending, solved, closed"),
        (of(json!("opportunity"), "closed"), "not_a_choice", "lead, qualified, proposal, negotiation, won, lost"),
        (of(json!("visit_report"), "done"), "not_allowed", ""),
        (of(Value::Null, "closed"), "not_allowed", ""),
    ] {
        let mut rule = wrong.clone();
        rule.as_object_mut().unwrap().remove("name");
        for refused in [dpo.post(&format!("{PATH}/preview"), &rule).await, dpo.post(PATH, &wrong).await] {
            let refused = refused.refuses(422, "invalid_body");
            assert_eq!(refused.faults(), [("/record_state".to_owned(), code.to_owned())], "{wrong}");
            assert!(refused.text().contains(named), "{refused}");
        }
    }
    assert_eq!(dpo.get(PATH).await.shows(200).at("/data"), json!([]), "nothing was made");
    for (record_type, state) in [("ticket", "closed"), ("opportunity", "lost"), ("interaction", "phone")] {
        dpo.post(PATH, &of(json!(record_type), state)).await.shows(201);
    }
}

#[tokio::test]
async fn a_policy_may_be_about_those_of_one_purpose() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let (asked, _) = (forgotten(&org, &sales).await, forgotten(&org, &sales).await);
    crate::consents::agreed(&sales, &dpo, &asked).await;
    let purpose = "SELECT purpose FROM consent_states WHERE customer_id = $1::text::uuid";
    let purpose: String = org.sql().await.query_one(purpose, &[&asked]).await.unwrap().get(0);
    let mut rule = rule("destroy");
    rule["purpose"] = json!(purpose);
    let preview = dpo.post(&format!("{PATH}/preview"), &rule).await.shows(200);
    assert_eq!((preview.at("/due"), preview.at("/sample")), (json!(1), json!([asked])));
}

#[tokio::test]
async fn who_has_a_ticket_that_was_entered_or_changed_of_late_was_touched() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let (due, busy) = (forgotten(&org, &sales).await, forgotten(&org, &sales).await);
    let fields = json!({"subject": "Parcel is late", "status": "open"});
    let ticket = crate::records::enter(&admin, &busy, "ticket", fields).await.shows(201).id();
    let preview = async || {
        let told = dpo.post(&format!("{PATH}/preview"), &rule("destroy")).await.shows(200);
        (told.at("/due"), told.at("/sample"))
    };
    assert_eq!(preview().await, (json!(1), json!([due])));
    let policy = made(&dpo, "destroy").await;
    activate(&admin, &policy, 1).await.shows(200);
    assert_eq!((round(&org).await, round(&org).await), (1, 0));
    dpo.get(&path(&due)).await.refuses(410, "erased");
    dpo.get(&path(&busy)).await.shows(200);
    let age = "UPDATE records SET updated_at = updated_at - interval '1 year' WHERE organization_id = $1";
    org.sql().await.execute(age, &[&org.id]).await.unwrap();
    assert_eq!(preview().await, (json!(1), json!([busy])), "an old ticket keeps nobody");
    let change = json!({"fields": {"subject": "Parcel is lost"}});
    let at = crate::records::path("ticket", &ticket);
    admin.request("PATCH", &at).json(&change).header("if-match", "*").await.shows(200);
    assert_eq!((preview().await, round(&org).await), ((json!(0), json!([])), 0));
    dpo.get(&path(&busy)).await.shows(200);
}
