//! The tree of departments.

mod change;

use serde_json::json;

use crate::support::Org;

#[tokio::test]
async fn the_tree_comes_whole_and_parents_first() {
    let (org, _other) = (Org::found().await, Org::found().await);
    let listed = org.manager().await.get("/v1/departments").await.shows(200);
    let tree = listed.at("/data");
    let tree = tree.as_array().unwrap();
    assert_eq!((tree.len(), listed.at("/next_cursor")), (5, json!(null)));
    let at = |name: &str| tree.iter().position(|one| one["name"] == name).unwrap();
    for (name, parent) in
        [("Sales", "Headquarters"), ("Sales East", "Sales"), ("Sales West", "Sales"), ("Services", "Headquarters")]
    {
        let (one, above) = (&tree[at(name)], &tree[at(parent)]);
        assert!(at(parent) < at(name));
        assert_eq!((&one["parent_id"], &one["id"]), (&above["id"], &json!(org.department_id(name))));
        let mut path = above["path"].as_array().unwrap().clone();
        path.push(one["id"].clone());
        assert_eq!(one["path"], json!(path));
    }
    assert_eq!(tree[at("Headquarters")]["parent_id"], json!(null));
}

#[tokio::test]
async fn it_is_for_those_who_hand_customers_on() {
    let org = Org::found().await;
    for person in [org.admin().await, org.dpo().await, org.auditor().await] {
        person.get("/v1/departments").await.shows(200);
    }
    for person in
        [org.sales_a().await, org.finance().await, org.support().await, org.marketing().await, org.nobody().await]
    {
        assert!(person.get("/v1/departments").await.refuses(403, "forbidden").text().contains("departments.read"));
    }
}
