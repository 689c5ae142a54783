//! The golden matrix of the roles, cell by cell, over HTTP.

use serde_json::{Value, json};

use super::{mask, path, values, whole};
use crate::support::Org;

const MATRIX: &str = include_str!("../../../crates/domain/src/roles/matrix.txt");

/// The cells of one table: row name, then one cell per role.
fn table(title: &str) -> (Vec<String>, Vec<(String, Vec<String>)>) {
    let mut lines = MATRIX.lines().skip_while(|line| !line.starts_with(title)).skip(1);
    let columns = |line: &str| {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let roles = columns(lines.by_ref().find(|line| line.trim_start().starts_with("admin ")).unwrap());
    let rows = lines.take_while(|line| !line.trim().is_empty()).map(|line| {
        let mut cells = columns(line);
        let name = cells.remove(0).split(' ').next().unwrap().to_owned();
        (name, cells)
    });
    (roles, rows.collect())
}

/// Who has a role here.
fn holder(role: &str) -> &str {
    if role == "sales" { "sales_a" } else { role }
}

#[tokio::test]
async fn every_role_sees_of_every_field_what_the_matrix_says() {
    let org = Org::found().await;
    let id = org.sales_a().await.post("/v1/customers", &whole(3)).await.shows(201).id();
    let (roles, rows) = table("Fields of a customer");
    assert_eq!((roles.len(), rows.len()), (8, 13));
    for (at, role) in roles.iter().enumerate() {
        let read = org.person(holder(role)).await.get(&path(&id)).await.shows(200);
        let listed = org.person(holder(role)).await.get("/v1/customers").await.shows(200).at("/data/0");
        assert_eq!(listed, read.json(), "{role}: a list shows what a read shows");
        for (key, cells) in &rows {
            let (view, edit) =
                cells[at].split_once(", ").map_or((cells[at].as_str(), false), |(view, edit)| (view, edit == "edit"));
            let value = values(3).into_iter().find(|(known, _)| known == key).unwrap().1;
            let (expected, access) = match view {
                "read" => (json!(value), json!({"view": "read", "edit": edit})),
                "masked" | "reveal" => (json!(mask(key, &value)), json!({"view": view, "edit": edit})),
                _ => (Value::Null, Value::Null),
            };
            assert_eq!(read.at(&format!("/fields/{key}")), expected, "{role} on {key}");
            assert_eq!(read.at(&format!("/field_access/{key}")), access, "{role} on {key}");
            let hidden = expected.is_null()
                && read.at("/fields").get(key).is_none()
                && read.at("/field_access").get(key).is_none();
            assert!(hidden || !expected.is_null(), "{role} must not learn that {key} exists");
        }
    }
}

#[tokio::test]
async fn every_role_reveals_and_edits_what_the_matrix_says() {
    let org = Org::found().await;
    let id = org.sales_a().await.post("/v1/customers", &whole(4)).await.shows(201).id();
    let (roles, rows) = table("Fields of a customer");
    let (_, permissions) = table("Permissions");
    let holds =
        |permission: &str, at: usize| permissions.iter().any(|(name, cells)| name == permission && cells[at] == "yes");
    for (at, role) in roles.iter().enumerate() {
        let person = org.person(holder(role)).await;
        for (key, cells) in &rows {
            let view = cells[at].split(", ").next().unwrap();
            let shown =
                person.post(&format!("{}/reveal", path(&id)), &json!({"fields": [key], "reason": "check"})).await;
            match view {
                _ if !holds("customers.reveal", at) => drop(shown.refuses(403, "forbidden")),
                "read" | "reveal" => assert_eq!(shown.status, 200, "{role} on {key}: {shown}"),
                "masked" => drop(shown.refuses(403, "field_not_revealable")),
                _ => drop(shown.refuses(403, "field_hidden")),
            }
            let value = whole(4)["fields"][key].clone();
            let changed = person.patch(&path(&id), &json!({"fields": {key: value}})).await;
            match cells[at].contains("edit") {
                _ if !holds("customers.write", at) => drop(changed.refuses(403, "forbidden")),
                true => assert_eq!(changed.status, 200, "{role} on {key}: {changed}"),
                false => drop(changed.refuses(403, "field_not_editable")),
            }
        }
    }
}

#[tokio::test]
async fn every_role_holds_the_permissions_of_the_matrix() {
    let org = Org::found().await;
    let (roles, rows) = table("Permissions");
    let scopes: Vec<&str> =
        MATRIX.lines().skip_while(|line| !line.starts_with("Customers that")).skip(2).take(8).collect();
    for (at, role) in roles.iter().enumerate() {
        let answer = org.person(holder(role)).await.get("/v1/me/permissions").await.shows(200);
        let held = answer.at("/permissions");
        let held = held.as_array().unwrap();
        let mut names: Vec<&str> = held.iter().map(|p| p["permission"].as_str().unwrap()).collect();
        let mut expected: Vec<&str> =
            rows.iter().filter(|(_, cells)| cells[at] == "yes").map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{role}");
        let scope = scopes
            .iter()
            .find(|line| line.split_whitespace().next() == Some(role))
            .and_then(|line| line.split_whitespace().last());
        assert!(held.iter().all(|p| p["scopes"] == json!([scope.unwrap()])), "{role}: {answer}");
    }
}
