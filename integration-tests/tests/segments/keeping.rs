//! Keeping a filter, and what it comes to for whom.

use serde_json::json;

use super::{PATH, count, keep, listed, of_province, with_rule};
use crate::support::Org;

#[tokio::test]
async fn a_kept_filter_is_counted_and_listed_live_within_each_readers_reach() {
    let org = Org::found().await;
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let first = of_province(&asha, "上海", json!({})).await;
    of_province(&asha, "浙江", json!({})).await;
    let other = of_province(&org.sales_b().await, "上海", json!({})).await;
    let made = keep(&admin, json!({"shared": true})).await.shows(201);
    assert_eq!((made.at("/count"), made.sent("location")), (json!(2), format!("{PATH}/{}", made.id())));
    assert_eq!(count(&asha, &made.id()).await, json!(1), "one's own customers alone");
    assert_eq!(listed(&asha, &format!("segment={}", made.id())).await, vec![first.clone()]);
    let mut both = vec![first, other];
    both.sort();
    assert_eq!(listed(&admin, &format!("segment={}", made.id())).await, both);
    of_province(&asha, "上海", json!({})).await;
    assert_eq!(count(&admin, &made.id()).await, json!(3), "live");
    let narrow = keep(&admin, json!({"filter": {"stage": "customer"}})).await.shows(201);
    assert_eq!(narrow.at("/count"), json!(0));
    let entries = org.auditor().await.get("/v1/audit/entries?action=segments.create").await.shows(200);
    assert_eq!(entries.at("/data").as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_singles_out_a_person_and_what_is_no_filter_is_not_kept() {
    let org = Org::found().await;
    let manager = org.manager().await;
    let body = json!({"filter": {"stage": "bored", "region": "china"}, "q": {"mobile": "13800138000", "customer_no": "K1", "shoe_size": "44",
        "province_last4": "上海", "company_prefix": "way too long"}});
    let mut faults = keep(&manager, body).await.refuses(422, "invalid_body").faults();
    faults.sort();
    let expected = [
        ("/filter/region", "unknown_region"),
        ("/filter/stage", "not_a_choice"),
        ("/q/company_prefix", "too_long"),
        ("/q/customer_no", "singles_out"),
        ("/q/mobile", "singles_out"),
        ("/q/province_last4", "not_searchable"),
        ("/q/shoe_size", "unknown_field"),
    ];
    assert_eq!(faults, expected.map(|(at, code)| (at.to_owned(), code.to_owned())));
    let many = (0..6).map(|n| (format!("company{n}"), json!("x"))).collect::<serde_json::Map<_, _>>();
    let refused = keep(&manager, json!({"q": many})).await.refuses(422, "invalid_body");
    assert!(refused.faults().contains(&("/q".to_owned(), "too_many".to_owned())), "{refused}");
    keep(&manager, json!({"organization": "mine"})).await.refuses(422, "unknown_field");
    keep(&org.auditor().await, json!({})).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_field_that_one_may_not_read_counts_nobody_whoever_made_the_filter() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    of_province(&asha, "上海", json!({})).await;
    let made = keep(&org.manager().await, json!({"shared": true})).await.shows(201).id();
    let masked = json!({"on": "field:province", "view": "masked"});
    let masked = with_rule(&org, "support", masked, &[]).await;
    assert_eq!(count(&masked, &made).await, json!("field_hidden"));
    masked.get(&format!("/v1/customers?segment={made}")).await.refuses(403, "field_hidden");
    let hidden = json!({"on": "field:province", "view": "hidden"});
    let both = with_rule(&org, "sales_b", hidden, &["sales"]).await;
    assert_eq!(
        count(&both, &made).await,
        json!(0),
        "another's customers are counted by nobody whose role there hides the field"
    );
    of_province(&both, "上海", json!({})).await;
    assert_eq!(count(&both, &made).await, json!(1), "one's own are");
    keep(&masked, json!({})).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn nobody_is_counted_by_what_is_restricted() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = of_province(&asha, "上海", json!({})).await;
    let made = keep(&asha, json!({})).await.shows(201).id();
    assert_eq!(count(&asha, &made).await, json!(1));
    org.sql().await.execute("UPDATE customers SET restricted = true WHERE id = $1::text::uuid", &[&id]).await.unwrap();
    assert_eq!(count(&asha, &made).await, json!(0));
}

#[tokio::test]
async fn ones_own_are_ones_own_and_shared_ones_take_the_right_to_share() {
    let org = Org::found().await;
    let (asha, manager) = (org.sales_a().await, org.manager().await);
    keep(&asha, json!({"shared": true})).await.refuses(403, "forbidden");
    let own = keep(&asha, json!({})).await.shows(201).id();
    let path = format!("{PATH}/{own}");
    manager.get(&path).await.refuses(404, "not_found");
    manager.get(&format!("/v1/customers?segment={own}")).await.refuses(400, "invalid_query");
    manager.patch(&path, &json!({"name": "mine"})).await.refuses(404, "not_found");
    manager.delete(&path).await.refuses(404, "not_found");
    assert_eq!(manager.get(PATH).await.shows(200).at("/data"), json!([]));
    asha.patch(&path, &json!({"shared": true})).await.refuses(403, "forbidden");
    let shared = keep(&manager, json!({"shared": true})).await.shows(201);
    let path = format!("{PATH}/{}", shared.id());
    assert_eq!(asha.get(PATH).await.shows(200).at("/data").as_array().unwrap().len(), 2);
    asha.patch(&path, &json!({"name": "mine"})).await.refuses(403, "forbidden");
    asha.delete(&path).await.refuses(403, "forbidden");
    let stale = manager.request("PATCH", &path).json(&json!({"name": "x"}));
    stale.header("if-match", "\"9-stale\"").await.refuses(412, "precondition_failed");
    let renamed =
        manager.patch(&path, &json!({"name": "East", "q": {}, "filter": {"stage": "prospect"}})).await.shows(200);
    assert_eq!((renamed.at("/name"), renamed.at("/version"), renamed.at("/q")), (json!("East"), json!(2), json!({})));
    manager.delete(&path).await.shows(204);
    asha.get(&path).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_list_says_what_it_is_narrowed_to_once() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let made = keep(&asha, json!({"filter": {"stage": "customer"}})).await.shows(201).id();
    asha.get(&format!("/v1/customers?segment={made}&stage=customer")).await.shows(200);
    let refused = asha.get(&format!("/v1/customers?segment={made}&stage=prospect")).await.refuses(400, "invalid_query");
    assert_eq!(refused.faults(), [("/stage".to_owned(), "set_by_saved_filter".to_owned())]);
    let key = org.partner(&["name"], &[], &["customers.read"]).await;
    key.get(&format!("/v1/customers?segment={made}")).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_field_that_is_guarded_more_closely_by_now_makes_it_unusable() {
    let org = Org::found().await;
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let made = keep(&asha, json!({})).await.shows(201).id();
    admin.patch(&crate::catalog::of("province"), &json!({"classification": "sensitive"})).await.shows(200);
    assert_eq!(count(&asha, &made).await, json!("segment_unusable"));
    asha.get(&format!("/v1/customers?segment={made}")).await.refuses(409, "segment_unusable");
}
