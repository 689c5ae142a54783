//! Roles as people read them.

use custodian_domain::roles::built_in;
use serde_json::json;

use crate::support::Org;

#[tokio::test]
async fn every_built_in_role_is_told_with_what_it_opens() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let listed = dpo.get("/v1/roles").await.shows(200).at("/data");
    assert_eq!(listed.as_array().unwrap().len(), built_in().len());
    for (told, role) in listed.as_array().unwrap().iter().zip(built_in()) {
        let codes: Vec<&str> = role.permissions.iter().map(|permission| permission.code()).collect();
        assert_eq!((&told["code"], &told["label"]), (&json!(role.code), &json!(role.labels.en)));
        assert_eq!((&told["permissions"], &told["data_scope"]), (&json!(codes), &json!(role.data_scope.as_str())));
        assert_eq!(told["field_rules"].as_array().unwrap().len(), role.field_rules.len());
        let one = dpo.get(&format!("/v1/roles/{}", role.code)).await.shows(200);
        assert_eq!(&one.json(), told);
    }
    let chinese = dpo.get("/v1/roles/dpo").header("accept-language", "zh").await.shows(200);
    assert_eq!(chinese.at("/label"), "个人信息保护负责人");
    let rules = dpo.get("/v1/roles/finance").await.shows(200).at("/field_rules");
    assert!(
        rules
            .as_array()
            .unwrap()
            .contains(&json!({"on": "field:bank_card", "view": "reveal", "edit": null, "deny": false}))
    );
}

#[tokio::test]
async fn only_those_who_watch_over_rights_read_them() {
    let org = Org::found().await;
    for person in [org.admin().await, org.dpo().await, org.auditor().await] {
        person.get("/v1/roles").await.shows(200);
        person.get("/v1/roles/unheard-of").await.refuses(404, "not_found");
    }
    for person in [org.manager().await, org.sales_a().await, org.finance().await, org.nobody().await] {
        let refused = person.get("/v1/roles").await.refuses(403, "forbidden");
        assert!(refused.text().contains("roles.read"));
        let (known, unknown) = (person.get("/v1/roles/sales").await, person.get("/v1/roles/unheard-of").await);
        assert_eq!(known.refuses(403, "forbidden").timeless(), unknown.refuses(403, "forbidden").timeless());
    }
}
