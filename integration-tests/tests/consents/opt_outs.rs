//! A signal of the browser lasts.

use serde_json::{Value, json};

use super::{Told, agreed, consent};
use crate::customers::merge::merge;
use crate::exports;
use crate::support::Caller;

#[tokio::test]
async fn an_opt_out_stands_when_the_signal_comes_no_more_until_the_person_agrees_later() {
    let mut told = Told::new().await;
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    told.agrees(json!({})).await.shows(201);
    let path = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    let opt_outs = format!("/v1/customers/{}/opt-outs", told.customer);
    let reason = async |more: &str| told.sales.get(&format!("{path}{more}")).await.shows(200).at("/reason");
    let before = told.sales.get(&path).await.shows(200);
    assert_eq!((before.at("/reason"), reason("").await), (json!("consent_in_force"), json!("consent_in_force")));
    told.sales.get(&path).header("sec-gpc", "true").await.shows(200);
    assert_eq!(told.sales.get(&opt_outs).await.shows(200).at("/data"), json!([]), "any other value is ignored");
    for _ in 0..3 {
        let answer = told.sales.get(&path).header("sec-gpc", "1").await.shows(200);
        assert_eq!(answer.at("/reason"), "opt_out_signal");
    }
    assert_eq!(reason("").await, "opt_out_signal", "its absence changes nothing");
    let listed = told.sales.get(&opt_outs).await.shows(200);
    assert_eq!((listed.at("/data/0/signal"), listed.at("/data/1")), (json!("gpc"), Value::Null), "recorded once");
    assert_eq!(
        reason(&format!("&as_of={}", before.text_at("/as_of"))).await,
        "consent_in_force",
        "then it was allowed"
    );
    let care = format!("/v1/consent-decisions?customer_id={}&purpose=care", told.customer);
    assert_eq!(told.sales.get(&care).await.shows(200).at("/reason"), "other_basis", "nothing is sold there");
    told.agrees(json!({})).await.refuses(409, "asked_after_opt_out");
    told.agrees(json!({"outcome": "refused"})).await.refuses(409, "asked_after_opt_out");
    let intake = json!({"consents": [{"customer_id": told.customer, "consent": consent(&told.notice, json!({}))}]});
    let row = told.sales.post("/v1/consents", &intake).await.shows(200);
    assert_eq!(row.at("/results/0/code"), "asked_after_opt_out");
    told.agrees(json!({"unasked": true})).await.shows(201);
    assert_eq!(reason("").await, "consent_in_force", "the person chose otherwise");
    told.agrees(json!({})).await.shows(201);
    let event = crate::events::told(&told.sales, "type=consents.opted_out").await;
    assert_eq!(event["data"], json!({"customer_id": told.customer, "signal": "gpc"}));
    told.org.sales_b().await.get(&opt_outs).await.refuses(404, "not_found");
}

#[tokio::test]
async fn who_opted_out_is_not_asked_again_for_twelve_months() {
    let mut told = Told::new().await;
    let path = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    told.agrees(json!({})).await.shows(201);
    told.sales.get(&path).header("sec-gpc", "1").await.shows(200);
    told.agrees(json!({})).await.shows(201);
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    told.sales.get(&path).header("sec-gpc", "1").await.shows(200);
    let rows = told.org.sql().await;
    let back = "UPDATE opt_outs SET at = clock_timestamp() - interval '12 months' + interval '1 minute'";
    rows.execute(back, &[]).await.unwrap();
    rows.execute("UPDATE consent_states SET at = at - interval '3 years'", &[]).await.unwrap();
    told.agrees(json!({})).await.refuses(409, "asked_after_opt_out");
    rows.execute("UPDATE opt_outs SET at = at - interval '2 minutes'", &[]).await.unwrap();
    told.agrees(json!({})).await.shows(201);
    assert_eq!(told.sales.get(&path).await.shows(200).at("/reason"), "consent_in_force");
}

#[tokio::test]
async fn nothing_is_shown_of_who_opted_out_until_they_agree_later() {
    let mut told = Told::new().await;
    let (dpo, manager, admin) = (told.org.dpo().await, told.org.manager().await, told.org.admin().await);
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    told.agrees(json!({})).await.shows(201);
    let other = told.org.customer_of(&told.sales).await;
    agreed(&told.sales, &dpo, &other).await;
    let marketing = told.sales.with("processing-purpose", "marketing");
    let partner = told.org.partner(&["name", "mobile"], &["marketing"], &["customers.read"]).await;
    let partner = partner.with("processing-purpose", "marketing");
    let (path, reveal) =
        (format!("/v1/customers/{}", told.customer), json!({"fields": ["mobile"], "reason": "an offer"}));
    let listed = async |caller: &Caller| {
        let page = caller.get("/v1/customers").await.shows(200);
        page.at("/data").as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    let before = listed(&partner).await;
    assert_eq!((listed(&marketing).await.len(), before.len()), (2, 2));
    let export = exports::ask(&manager, json!({"purpose": "marketing"})).await.shows(201).id();
    let decision = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    told.sales.get(&decision).header("sec-gpc", "1").await.shows(200);
    for answer in [marketing.get(&path).await, marketing.post(&format!("{path}/reveal"), &reveal).await] {
        let refused = answer.refuses(403, "no_consent");
        assert!(!refused.text().contains("Zhang"), "{refused}");
    }
    assert_eq!(listed(&marketing).await, [json!(other)]);
    let left = listed(&partner).await;
    assert_eq!(left.len(), 1);
    let gone = before.iter().find(|id| !left.contains(id)).and_then(Value::as_str).unwrap();
    partner.get(&format!("/v1/customers/{gone}")).await.refuses(403, "no_consent");
    admin.post(&format!("/v1/access-requests/{export}/approve"), &json!({})).await.shows(200);
    let file = exports::until(&manager, &export, "ready").await;
    assert_eq!((file.at("/rows"), file.at("/left_out")), (json!(1), json!({"no_consent": 1})));
    told.sales.with("processing-purpose", "care").get(&path).await.shows(200);
    told.agrees(json!({"unasked": true})).await.shows(201);
    marketing.get(&path).await.shows(200);
    marketing.post(&format!("{path}/reveal"), &reveal).await.shows(200);
    assert_eq!((listed(&marketing).await.len(), listed(&partner).await), (2, before));
}

/// Reasons by sms, by e-mail, and by whatever channel: asked one by one, and among many.
async fn reasons(told: &Told) -> [String; 3] {
    let mut all = [const { String::new() }; 3];
    for (place, channel) in [Some("sms"), Some("email"), None].into_iter().enumerate() {
        let more = channel.map(|channel| format!("&channel={channel}")).unwrap_or_default();
        all[place] = told.decision(&more).await.text_at("/reason");
        let mut many = json!({"purpose": "marketing", "customer_ids": [told.customer]});
        if let Some(channel) = channel {
            many["channel"] = json!(channel);
        }
        let many = told.sales.post("/v1/consent-decisions", &many).await.shows(200);
        assert_eq!(many.at("/data/0/reason"), json!(all[place]), "one and many are told alike");
    }
    all
}

/// Somebody who agreed to sms, opted out, and has come forward for e-mail since; and the id of that last yes.
async fn who_came_back_for_email() -> (Told, String) {
    let mut told = Told::new().await;
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    told.agrees(json!({"channel": "sms"})).await.shows(201);
    let path = format!("/v1/consent-decisions?customer_id={}&purpose=marketing", told.customer);
    told.sales.get(&path).header("sec-gpc", "1").await.shows(200);
    assert_eq!(reasons(&told).await, ["opt_out_signal", "no_consent", "opt_out_signal"]);
    let email = told.agrees(json!({"channel": "email", "unasked": true})).await.shows(201).id();
    (told, email)
}

/// Whether the person is read, and listed, for marketing.
async fn is_shown(told: &Told) -> (u16, usize) {
    let marketing = told.sales.with("processing-purpose", "marketing");
    let read = marketing.get(&format!("/v1/customers/{}", told.customer)).await.status;
    let page = marketing.get("/v1/customers").await.shows(200);
    (read, page.at("/data").as_array().unwrap().len())
}

#[tokio::test]
async fn who_comes_back_for_one_channel_has_not_come_back_for_another() {
    let (told, email) = who_came_back_for_email().await;
    assert_eq!(reasons(&told).await, ["opt_out_signal", "consent_in_force", "consent_in_force"]);
    assert_eq!(is_shown(&told).await, (200, 1));
    told.sales.post(&format!("/v1/consents/{email}/withdraw"), &json!({})).await.shows(200);
    assert_eq!(reasons(&told).await, ["opt_out_signal", "withdrawn", "opt_out_signal"]);
    assert_eq!(is_shown(&told).await, (403, 0), "the yes from before the opt-out does not come back");
    told.agrees(json!({"unasked": true})).await.shows(201);
    assert_eq!(reasons(&told).await, ["consent_in_force"; 3], "for every channel");
    assert_eq!(is_shown(&told).await, (200, 1));
}

#[tokio::test]
async fn who_comes_back_for_one_channel_is_not_asked_for_another() {
    let (told, _) = who_came_back_for_email().await;
    let refused = json!({"channel": "sms", "outcome": "refused"});
    for members in [json!({"channel": "sms"}), refused, json!({"channel": "ads"}), json!({})] {
        told.agrees(members).await.refuses(409, "asked_after_opt_out");
    }
    told.agrees(json!({"channel": "email"})).await.shows(201);
    let row = |members| json!({"customer_id": told.customer, "consent": consent(&told.notice, members)});
    let rows = [
        row(json!({"channel": "ads", "unasked": true})),
        row(json!({"channel": "ads"})),
        row(json!({"channel": "sms"})),
        row(json!({})),
    ];
    let many = told.sales.post("/v1/consents", &json!({"consents": rows})).await.shows(200);
    let codes: Vec<_> = many.at("/results").as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    let too_soon = json!("asked_after_opt_out");
    assert_eq!(codes, [Value::Null, Value::Null, too_soon.clone(), too_soon], "each channel for itself");
    assert_eq!(reasons(&told).await, ["opt_out_signal", "consent_in_force", "consent_in_force"]);
    told.agrees(json!({"unasked": true})).await.shows(201);
    told.agrees(json!({"channel": "sms"})).await.shows(201);
}

#[tokio::test]
async fn what_was_agreed_before_an_opt_out_does_not_come_back_when_the_later_yes_runs_out() {
    let (told, _) = who_came_back_for_email().await;
    let end = "UPDATE consent_states SET expires_at = clock_timestamp() WHERE channel = 'email'";
    told.org.sql().await.execute(end, &[]).await.unwrap();
    assert_eq!(reasons(&told).await, ["opt_out_signal", "expired", "opt_out_signal"]);
    assert_eq!(is_shown(&told).await, (403, 0));
}

#[tokio::test]
async fn a_merge_takes_over_what_was_agreed_since_an_opt_out_and_nothing_from_before() {
    let (mut told, _) = who_came_back_for_email().await;
    let stays = told.org.customer_of(&told.sales).await;
    merge(&told.sales, &stays, &told.customer).await.shows(200);
    told.customer = stays;
    assert_eq!(reasons(&told).await, ["no_consent", "consent_in_force", "consent_in_force"]);
    let opt_outs = told.sales.get(&format!("/v1/customers/{}/opt-outs", told.customer)).await.shows(200);
    assert_eq!(opt_outs.at("/data"), json!([]), "what the person overruled does not stand anew");
}

#[tokio::test]
async fn an_opt_out_that_stands_outlasts_a_merge_and_no_older_yes_overrules_it() {
    let mut told = Told::new().await;
    told.hears_of(&json!({"channels": ["sms", "email", "ads"], "consent_kind": "consent"})).await;
    let (stays, goes) = (told.org.customer_of(&told.sales).await, told.customer.clone());
    told.agrees(json!({"channel": "sms"})).await.shows(201);
    let path = |id: &str| format!("/v1/consent-decisions?customer_id={id}&purpose=marketing");
    told.sales.get(&path(&stays)).header("sec-gpc", "1").await.shows(200);
    merge(&told.sales, &stays, &goes).await.shows(200);
    told.customer = stays.clone();
    assert_eq!(reasons(&told).await, ["no_consent"; 3], "the yes is older than the opt-out");
    let last = told.org.customer_of(&told.sales).await;
    merge(&told.sales, &last, &stays).await.shows(200);
    let opt_outs = told.sales.get(&format!("/v1/customers/{last}/opt-outs")).await.shows(200);
    assert_eq!((opt_outs.at("/data/0/signal"), opt_outs.at("/data/1")), (json!("gpc"), Value::Null));
}
