//! One's own account: what people change of it themselves, and what they do not.

use serde_json::{Value, json};

use crate::support::mailbox::letters;
use crate::support::{Org, Person, stopped};

async fn change(person: &Person, body: Value) -> crate::support::Answer {
    person.patch("/v1/me", &body).await
}

#[tokio::test]
async fn somebody_chooses_their_name_and_language() {
    let org = Org::found().await;
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let before = asha.get("/v1/me").await.shows(200);
    let after = change(&asha, json!({"name": "Asha R", "language": "zh-CN"})).await.shows(200);
    assert_eq!((after.at("/name"), after.at("/language")), (json!("Asha R"), json!("zh-CN")));
    assert_eq!(asha.get("/v1/me").await.shows(200).json(), after.json());
    assert_eq!(admin.get(&format!("/v1/users/{}", asha.id)).await.shows(200).json(), after.json());
    let stale = asha.patch("/v1/me", &json!({"name": "B"})).instead("if-match", &before.sent("etag"));
    stale.await.refuses(412, "precondition_failed");
    asha.patch("/v1/me", &json!({"name": "B"})).without("if-match").await.refuses(428, "precondition_required");
    // What stays as it is makes no version and no entry.
    let same = change(&asha, json!({"name": "Asha R"})).await.shows(200);
    assert_eq!(same.sent("etag"), after.sent("etag"));
    assert_eq!(change(&asha, json!({"language": null})).await.shows(200).at("/language"), Value::Null);
    let entries = org.auditor().await.get("/v1/audit/entries?action=me.update").await.shows(200);
    let changed: Vec<Value> =
        entries.at("/data").as_array().unwrap().iter().map(|entry| entry["details"]["changed"].clone()).collect();
    assert_eq!(changed, [json!(["language"]), json!(["name", "language"])]);
    assert!(!entries.text().contains("Asha"), "{entries}");
}

#[tokio::test]
async fn nobody_changes_their_own_place_address_or_rights() {
    let org = Org::found().await;
    let admin = org.admin().await;
    for member in ["email", "state", "department_id", "supervisor_id", "regions", "role_ids"] {
        change(&admin, json!({member: null})).await.refuses(422, "unknown_field");
    }
    for (body, place, code) in [
        (json!({"name": null}), "/name", "required"),
        (json!({"name": "  "}), "/name", "empty"),
        (json!({"language": "de"}), "/language", "not_a_choice"),
    ] {
        let refused = change(&admin, body).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [(place.to_owned(), code.to_owned())]);
    }
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.patch("/v1/me", &json!({"name": "x"})).await.refuses(403, "staff_only");
}

#[tokio::test]
async fn letters_are_in_the_language_that_was_chosen() {
    let service = stopped();
    let org = Org::found_on(&service).await;
    for (who, language, subject) in [
        ("sales_a", json!("en"), "set a new password"),
        ("sales_b", json!("zh-CN"), "重设密码"),
        ("sales_c", json!(null), "重设密码 / set a new password"),
    ] {
        let person = org.person(who).await;
        change(&person, json!({"language": language})).await.shows(200);
        service.stranger().post("/v1/auth/password/forgot", &json!({"email": person.email})).await.shows(202);
        let text = crate::support::mailbox::letter(&service, &person.email, 1).await;
        let letter = letters(&service.stranger(), &person.email).await.remove(0);
        assert!(letter["subject"].as_str().unwrap().ends_with(&format!(": {subject}")), "{letter}");
        assert_eq!(text.contains("Somebody asked"), language != "zh-CN", "{text}");
        assert_eq!(text.contains("申请"), language != "en", "{text}");
    }
}
