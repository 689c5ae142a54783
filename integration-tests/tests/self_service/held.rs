//! Packages for access hold what was kept of the person before, and nobody else's cards.

use serde_json::{Value, json};

use super::package::{data, done, follows, unpack};
use super::{come_in, somebody};
use crate::support::{Answer, Org};

fn former<'a>(data: &'a Value, key: &str) -> Vec<(&'a str, bool)> {
    let all = data["former_values"].as_array().unwrap().iter().filter(|one| one["key"] == key);
    all.map(|one| (one["value"].as_str().unwrap(), one["from_merged_record"].as_bool().unwrap())).collect()
}

fn text(package: &Answer, name: &str) -> String {
    String::from_utf8(unpack(&package.bytes)[name].clone()).unwrap()
}

#[tokio::test]
async fn what_a_value_was_before_a_change_belongs_to_it() {
    let org = Org::found().await;
    let ((customer, address), (other, _)) = (somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    for fields in [
        json!({"address": "8 New Road", "notes": "ring his wife, 139-8765 4321", "id_number": "11010519491231002X"}),
        json!({"address": "9 Newer Road", "notes": "quiet", "id_number": null}),
    ] {
        admin.patch(&format!("/v1/customers/{customer}"), &json!({"fields": fields})).await.shows(200);
    }
    let theirs = json!({"fields": {"address": "1 Elsewhere"}});
    admin.patch(&format!("/v1/customers/{other}"), &theirs).await.shows(200);
    let me = come_in(&org, &address, 1).await;
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let held = data(&package);
    let schema: Value = serde_json::from_str(&text(&package, "schema.json")).unwrap();
    follows(&schema, &held, "");
    assert_eq!(former(&held, "address"), [("8 New Road", false), ("12 Harbour Street", false)], "the latest first");
    assert_eq!(former(&held, "notes"), [("ring his wife, ***", false)], "others are taken out as of the present");
    assert_eq!(former(&held, "id_number"), [("11010519491231002X", false)], "what was taken away was replaced, too");
    assert!(held["former_values"][0]["replaced_at"].is_string());
    let table = text(&package, "former_values.csv");
    assert!(table.contains("12 Harbour Street") && !table.contains("Elsewhere"), "{table}");
    assert!(text(&package, "summary.txt").contains("former_values.csv"));
    done(&org, &me, "access", "US-CA").await;
    let californian = data(&me.get("/v1/self/package").await.shows(200));
    assert_eq!(former(&californian, "id_number"), [], "numbers of identity stay, also former ones");
    done(&org, &me, "portability", "EU").await;
    let portable = me.get("/v1/self/package").await.shows(200);
    assert_eq!(data(&portable)["former_values"], json!([]), "it is not taken along");
    assert!(!text(&portable, "summary.txt").contains("former_values.csv"));
}

#[tokio::test]
async fn what_lost_in_a_merge_belongs_to_it_as_long_as_they_are_one() {
    let org = Org::found().await;
    let ((stays, kept), (goes, gone)) = (somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let moved = json!({"fields": {"address": "7 Old Lane", "id_number": "11010519491231002X"}});
    admin.patch(&format!("/v1/customers/{goes}"), &moved).await.shows(200);
    let noted = json!({"fields": {"notes": format!("wrote from {gone}")}});
    admin.patch(&format!("/v1/customers/{stays}"), &noted).await.shows(200);
    let merged = crate::customers::merge::merge(&admin, &stays, &goes).await.shows(200).id();
    let me = come_in(&org, &kept, 1).await;
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let held = data(&package);
    assert_eq!(former(&held, "email"), [(gone.as_str(), true)]);
    assert_eq!(former(&held, "address"), [("7 Old Lane", true), ("12 Harbour Street", true)]);
    assert!(text(&package, "data.csv").contains(&format!("wrote from {gone}")), "it is their own address");
    let undo = json!({"merge_id": merged, "reason": "Two brothers with one address"});
    admin.post(&format!("/v1/customers/{stays}/unmerge"), &undo).await.shows(200);
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let all = String::from_utf8_lossy(&package.bytes);
    assert!(!all.contains(&gone) && !all.contains("11010519491231002X"), "it is somebody else's again");
}

#[tokio::test]
async fn bank_cards_of_others_are_taken_out_of_notes_and_names_of_files() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let admin = org.admin().await;
    let notes =
        "card 6222021234567890128, also 6222 0212 3456 7890128; own 4111 1111 1111 1111; order 6222021234567890127";
    let fields = json!({"fields": {"bank_card": "4111111111111111", "notes": notes}});
    admin.patch(&format!("/v1/customers/{customer}"), &fields).await.shows(200);
    let scan = crate::attachments::document(100);
    crate::attachments::hang(&admin, &customer, "卡 6222-0212-3456-7890128.pdf", &scan).await.shows(201);
    let me = come_in(&org, &address, 1).await;
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let left = "card ***, also ***; own 4111 1111 1111 1111; order 6222021234567890127";
    for name in ["data.csv", "data.json", "summary.txt"] {
        assert!(text(&package, name).contains(left), "{}", text(&package, name));
    }
    assert!(text(&package, "attachments.csv").contains("卡 ***.pdf"));
    // Not the archive's own directory either.
    let all = String::from_utf8_lossy(&package.bytes);
    assert!(!all.contains("6222021234567890128") && !all.contains("7890128"), "somebody else's card");
}
