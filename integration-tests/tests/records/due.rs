//! What is due: mine, my team's, overdue and to come.

use custodian_application::records::remind;
use custodian_application::{Clock, SystemClock};
use custodian_domain::kernel::OrganizationId;
use serde_json::{Value, json};

use super::{enter, path, someone};
use crate::support::mailbox::{letter, letters};
use crate::support::{Org, Person};

fn due(page: &Value) -> Vec<(String, bool)> {
    let all = page["data"].as_array().unwrap();
    all.iter()
        .map(|one| (one["record"]["id"].as_str().unwrap().to_owned(), one["overdue"].as_bool().unwrap()))
        .collect()
}

#[tokio::test]
async fn overdue_follow_ups_come_first_and_only_ones_own() {
    let org = Org::found().await;
    let (sales, other, manager) = (org.sales_a().await, org.sales_b().await, org.manager().await);
    let (ours, theirs) = (someone(&sales).await, someone(&other).await);
    let call =
        |next: Value| json!({"channel": "phone", "occurred_at": "2020-01-01T08:00:00Z", "next_follow_up_at": next});
    let late = enter(&sales, &ours, "interaction", call(json!("2020-02-01T08:00:00Z"))).await.shows(201).id();
    let soon = enter(&sales, &ours, "interaction", call(json!("2999-02-01T08:00:00Z"))).await.shows(201).id();
    enter(&sales, &ours, "interaction", call(Value::Null)).await.shows(201);
    let ticket = json!({"subject": "Broken", "status": "open", "due_at": "2020-01-05T08:00:00Z"});
    let ticket = enter(&sales, &ours, "ticket", ticket).await.shows(201).id();
    let foreign = enter(&other, &theirs, "interaction", call(json!("2020-01-20T08:00:00Z"))).await.shows(201).id();
    let mine = sales.get("/v1/follow-ups").await.shows(200).json();
    assert_eq!(due(&mine), [(ticket.clone(), true), (late.clone(), true)]);
    let all = sales.get("/v1/follow-ups?due_before=2999-12-31T00:00:00Z").await.shows(200).json();
    assert_eq!(due(&all), [(ticket.clone(), true), (late.clone(), true), (soon, false)]);
    let team = manager.get("/v1/follow-ups?whose=team").await.shows(200).json();
    assert_eq!(due(&team), [(ticket.clone(), true), (foreign, true), (late.clone(), true)]);
    assert_eq!(due(&manager.get("/v1/follow-ups").await.shows(200).json()), []);
    sales.patch(&path("ticket", &ticket), &json!({"fields": {"status": "solved"}})).await.shows(200);
    assert_eq!(
        due(&sales.get("/v1/follow-ups").await.shows(200).json()),
        [(late, true)],
        "what is ended is due no more"
    );
    sales.get("/v1/follow-ups?whose=everybody").await.refuses(400, "invalid_query");
}

/// A round of reminders, as the service goes by itself every minute.
async fn round(org: &Org<'_>) {
    let (app, id) = (org.service().app.clone(), OrganizationId::from(org.id));
    org.service().run(async move { remind(&app, id).await }).await.unwrap();
}

fn in_hours(hours: i64) -> Value {
    json!((SystemClock.now() + chrono::Duration::hours(hours)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

fn call_due(hours: i64) -> Value {
    json!({"channel": "phone", "occurred_at": "2020-01-01T08:00:00Z", "summary": "wants it blue", "next_follow_up_at": in_hours(hours)})
}

/// The records that events of a kind are about, once there is any if one is waited for.
async fn told(person: &Person, kind: &str, waited: bool) -> Vec<String> {
    if waited {
        crate::events::told(person, &format!("type={kind}")).await;
    }
    let all = crate::events::all(person, &format!("type={kind}")).await;
    all.iter().map(|event| event["data"]["record_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_due_is_told_once_as_coming_and_once_as_late() {
    let org = Org::found().await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let id = someone(&asha).await;
    let late = enter(&asha, &id, "interaction", call_due(-2)).await.shows(201).id();
    let soon = enter(&asha, &id, "interaction", call_due(5)).await.shows(201).id();
    for hours in [-24 * 8, 48] {
        enter(&asha, &id, "interaction", call_due(hours)).await.shows(201);
    }
    futures_util::future::join(round(&org), round(&org)).await;
    round(&org).await;
    assert_eq!(told(&asha, "records.due", true).await, [soon.as_str()]);
    assert_eq!(told(&asha, "records.overdue", true).await, [late.as_str()]);
    assert_eq!(told(&ben, "records.overdue", false).await, Vec::<String>::new(), "it is nobody else's");
    let put_off = json!({"fields": {"next_follow_up_at": in_hours(-1)}});
    asha.patch(&path("interaction", &soon), &put_off).await.shows(200);
    round(&org).await;
    let mut after = Vec::new();
    for _ in 0..400 {
        after = told(&asha, "records.overdue", true).await;
        if after.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(after, [late, soon], "another moment is told of anew");
}

#[tokio::test]
async fn who_sees_to_something_has_one_letter_a_day_without_a_word_about_anybody() {
    let org = Org::found().await;
    let (asha, ben) = (org.sales_a().await, org.sales_b().await);
    let (ours, theirs) = (someone(&asha).await, someone(&ben).await);
    let late = enter(&asha, &ours, "interaction", call_due(-2)).await.shows(201).id();
    let soon = enter(&asha, &ours, "interaction", call_due(5)).await.shows(201).id();
    let other = enter(&ben, &theirs, "interaction", call_due(5)).await.shows(201).id();
    let me = ben.get("/v1/me").await.shows(200);
    assert_eq!(me.at("/follow_up_letters"), true);
    assert_eq!(
        ben.patch("/v1/me", &json!({"follow_up_letters": false})).await.shows(200).at("/follow_up_letters"),
        false
    );
    ben.patch("/v1/me", &json!({"follow_up_letters": null})).await.refuses(422, "invalid_body");
    futures_util::future::join(round(&org), round(&org)).await;
    round(&org).await;
    let text = letter(org.service(), &org.email("sales_a"), 1).await;
    for id in [&late, &soon] {
        assert!(text.contains(&format!("GET /v1/records/interaction/{id}")), "{text}");
    }
    assert!(text.contains("Overdue: 1") && text.contains("Due within a day: 1") && !text.contains(&other), "{text}");
    for word in ["blue", "Zhang", "138", &ours] {
        assert!(!text.contains(word), "{word} stands in {text}");
    }
    let stranger = org.service().stranger();
    for nobody in ["sales_b", "manager"] {
        let all = letters(&stranger, &org.email(nobody)).await;
        assert!(all.is_empty(), "{nobody}: {all:?}");
    }
}
