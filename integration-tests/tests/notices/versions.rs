//! One version after another: what changed, and what a change leaves uncovered.

use serde_json::json;

use super::{notice, published, reworded, text};
use crate::support::Org;

#[tokio::test]
async fn a_difference_is_told_line_by_line() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let first = published(&officer, "offers", "name").await.id();
    let second = published(&officer, "offers", "name and birthday").await;
    assert_eq!((second.at("/version"), second.at("/material")), (json!(2), json!(true)));
    let sales = org.sales_a().await;
    let path = format!("/v1/notices/{}/differences?language=en", second.id());
    let lines = sales.get(&path).await.shows(200);
    let changed: Vec<_> =
        lines.at("/data").as_array().unwrap().iter().filter(|line| line["change"] != "same").cloned().collect();
    assert_eq!(
        changed,
        [
            json!({"part": "text", "change": "removed", "text": "name"}),
            json!({"part": "text", "change": "added", "text": "name and birthday"})
        ]
    );
    assert_eq!(sales.get(&format!("{path}&from={first}")).await.shows(200).json(), lines.json());
    sales.get(&format!("/v1/notices/{}/differences?language=fr", second.id())).await.refuses(400, "invalid_query");
    let other = published(&officer, "cookies", "name").await.id();
    sales.get(&format!("{path}&from={other}")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn another_title_is_a_difference_too() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    published(&officer, "offers", "name").await;
    let mut next = notice("offers", "name");
    next["texts"]["en"]["title"] = json!("Offers by telephone");
    let draft = officer.post("/v1/notices", &next).await.shows(201).id();
    let lines = officer.get(&format!("/v1/notices/{draft}/differences?language=en&limit=3")).await.shows(200);
    assert_eq!(lines.at("/data/0"), json!({"part": "title", "change": "removed", "text": "Offers"}));
    assert_eq!(lines.at("/data/1"), json!({"part": "title", "change": "added", "text": "Offers by telephone"}));
    assert_eq!((lines.at("/data/2/part"), lines.at("/data/2/change")), (json!("text"), json!("same")));
}

#[tokio::test]
async fn a_difference_needs_no_language_named_where_there_is_but_one() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    let both = async |kinds: &str| {
        let mut body = notice("offers", kinds);
        body["texts"]["zh-CN"] = text("", kinds);
        body["texts"]["zh-CN"]["title"] = json!("优惠");
        let draft = officer.post("/v1/notices", &body).await.shows(201).id();
        officer.post(&format!("/v1/notices/{draft}/publish"), &json!({})).await.shows(200).id()
    };
    published(&officer, "offers", "name").await;
    let second = both("name and birthday").await;
    let path = format!("/v1/notices/{second}/differences");
    let only = officer.get(&path).await.shows(200);
    assert_eq!(only.json(), officer.get(&format!("{path}?language=en")).await.shows(200).json());
    let third = both("name and address").await;
    let path = format!("/v1/notices/{third}/differences");
    officer.get(&path).header("accept-language", "fr").await.refuses(400, "invalid_query");
    let chinese = officer.get(&path).header("accept-language", "zh").await.shows(200);
    assert_eq!(chinese.at("/data/0/text"), "优惠");
}

#[tokio::test]
async fn what_a_draft_would_leave_uncovered_is_told_before() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    published(&officer, "offers", "name").await;
    let mut next = notice("offers", "name");
    next["purposes"] = json!(["care"]);
    next["texts"] = json!({"zh-CN": next["texts"]["en"]});
    let draft = officer.post("/v1/notices", &next).await.shows(201).id();
    let impact = officer.get(&format!("/v1/notices/{draft}/impact")).await.shows(200);
    assert_eq!(
        (impact.at("/purposes_dropped"), impact.at("/languages_dropped")),
        (json!(["marketing"]), json!(["en"]))
    );
    assert_eq!(impact.at("/uncovered"), json!(["marketing"]));
    published(&officer, "letters", "name").await;
    let impact = officer.get(&format!("/v1/notices/{draft}/impact")).await.shows(200);
    assert_eq!(impact.at("/uncovered"), json!([]), "another notice tells of it");
}

#[tokio::test]
async fn a_purpose_that_has_become_another_is_uncovered_until_a_notice_tells_of_it() {
    let org = Org::found().await;
    let officer = org.dpo().await;
    published(&officer, "letters", "name").await;
    let mut care = notice("service", "name");
    care["purposes"] = json!(["care"]);
    let other = officer.post("/v1/notices", &care).await.shows(201).id();
    let uncovered =
        async |draft: &str| officer.get(&format!("/v1/notices/{draft}/impact")).await.shows(200).at("/uncovered");
    assert_eq!(uncovered(&other).await, json!([]));
    let change = json!({"description": "Tells partners of people."});
    officer.patch("/v1/purposes/marketing", &change).await.shows(200);
    assert_eq!(uncovered(&other).await, json!(["marketing"]), "the letters tell of what it was");
    let next = officer.post("/v1/notices", &notice("letters", "name")).await.shows(201).id();
    assert_eq!(uncovered(&next).await, json!(["marketing"]), "the same words tell of nothing");
    officer.post(&format!("/v1/notices/{next}/publish"), &json!({})).await.shows(200);
    assert_eq!(uncovered(&other).await, json!(["marketing"]), "published or not");
    let anew = reworded(notice("letters", "name"));
    let draft = officer.post("/v1/notices", &anew).await.shows(201).id();
    assert_eq!(uncovered(&draft).await, json!([]));
    officer.post(&format!("/v1/notices/{draft}/publish"), &json!({})).await.shows(200);
    assert_eq!(uncovered(&other).await, json!([]));
    officer.patch("/v1/purposes/marketing", &json!({"cool_down_days": 31})).await.shows(200);
    assert_eq!(uncovered(&other).await, json!([]), "nobody has to be told of that");
}

#[tokio::test]
async fn a_code_has_one_draft_and_two_who_draft_at_once_get_one() {
    let org = Org::found().await;
    let (officer, admin) = (org.dpo().await, org.admin().await);
    let body = notice("offers", "name");
    let (first, second) = tokio::join!(officer.post("/v1/notices", &body), admin.post("/v1/notices", &body));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    officer.post("/v1/notices", &body).await.refuses(409, "draft_exists");
    let draft = officer.get("/v1/notices?state=draft").await.shows(200).text_at("/data/0/id");
    let publish = format!("/v1/notices/{draft}/publish");
    let (first, second) = tokio::join!(officer.post(&publish, &json!({})), admin.post(&publish, &json!({})));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}
