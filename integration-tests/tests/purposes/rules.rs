//! The legal rules, for anybody to check.

use serde_json::json;

use crate::support::Org;

#[tokio::test]
async fn every_rule_says_its_article_its_source_and_whether_it_was_checked() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let listed = sales.get("/v1/rules?limit=200").await.shows(200);
    let rules = listed.at("/data").as_array().unwrap().clone();
    assert!(rules.len() > 40, "{}", rules.len());
    for rule in &rules {
        for member in ["code", "law", "article", "source", "effective_from"] {
            assert!(rule[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {rule}");
        }
        assert_eq!(rule["verified"], rule["evidence"] == "text", "{rule}");
        assert!(rule["checked_by"].is_null(), "no lawyer has checked it: {rule}");
    }
    let grounds: Vec<_> = rules.iter().filter(|one| one["law"] == "pipl" && one["kind"] == "legal_basis").collect();
    assert_eq!(grounds.len(), 8);
    assert!(grounds.iter().all(|one| !one["code"].as_str().unwrap().contains("interest")));
    let gdpr = sales.get("/v1/rules?law=gdpr&limit=200").await.shows(200).at("/data");
    assert!(gdpr.as_array().unwrap().iter().all(|one| one["law"] == "gdpr"));
    let articles: Vec<_> = gdpr.as_array().unwrap().iter().map(|one| one["article"].clone()).collect();
    assert!(articles.contains(&json!("6(1)(f)")) && articles.contains(&json!("9(2)(a)")));
    for code in ["request_deadline_gdpr", "request_extension_gdpr"] {
        let rule = gdpr.as_array().unwrap().iter().find(|one| one["code"] == code);
        assert!(rule.is_some_and(|rule| rule["article"] == "12(3)"), "{code}");
    }
    org.nobody().await.get("/v1/rules").await.refuses(403, "forbidden");
}
