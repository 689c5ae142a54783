//! Duties that may not meet in one person.

use serde_json::{Value, json};

use super::{give, make, role};
use crate::support::Org;

const PATH: &str = "/v1/roles/separation-of-duties";

fn pair(first: &str, second: &str) -> Value {
    json!({"first": first, "second": second, "reason": "four eyes"})
}

#[tokio::test]
async fn whoever_runs_the_place_reads_no_log_of_it() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let listed = admin.get(PATH).await.shows(200).at("/data");
    let built_in = listed.as_array().unwrap();
    assert!(built_in.iter().all(|one| one["built_in"] == true) && built_in.len() == 2, "{listed}");
    for one in built_in {
        let path = format!("{PATH}/{}", one["id"].as_str().unwrap());
        assert_eq!(&admin.get(&path).await.shows(200).json(), one);
        admin.delete(&path).await.refuses(403, "role_built_in");
    }
}

#[tokio::test]
async fn two_duties_are_kept_apart_in_roles_and_people() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let (asks, decides) = ("permission:customers.assign", "permission:jobs.read");
    // Managers and administrators have both already.
    let refused = admin.post(PATH, &pair(asks, decides)).await.refuses(409, "separation_of_duties");
    assert_eq!(refused.faults(), [(String::new(), "duties_meet".to_owned())]);
    make(&admin, &role("payer", &json!([]))).await;
    let made = admin.post(PATH, &pair("role:support", "role:payer")).await.shows(201);
    assert_eq!(
        admin.post(PATH, &pair("role:payer", "role:support")).await.refuses(409, "duplicate_value").faults().len(),
        1
    );
    let payer = "/v1/roles/payer";
    give(&org, org.user_id("nobody"), "payer").await;
    admin.delete(payer).await.refuses(409, "role_in_use");
    admin.patch(payer, &json!({"data_scope": "own"})).await.shows(200);
    let path = made.sent("location");
    org.dpo().await.delete(&path).await.refuses(403, "forbidden");
    admin.request("DELETE", &path).await.refuses(428, "precondition_required");
    admin.delete(&path).await.shows(204);
    admin.get(&path).await.refuses(404, "not_found");
    for (action, count) in [("roles.duties_create", 1), ("roles.duties_delete", 1)] {
        let log = org.auditor().await.get(&format!("/v1/audit/entries?action={action}")).await.shows(200);
        assert_eq!(log.at("/data").as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn a_role_is_not_made_of_two_duties_nor_changed_into_them() {
    let org = Org::found().await;
    let admin = org.admin().await;
    make(&admin, &role("desk", &json!([]))).await;
    let apart = pair("role:desk", "permission:departments.read");
    admin.post(PATH, &apart).await.shows(201);
    let more = json!({"permissions": ["customers.read", "departments.read"]});
    let refused = admin.patch("/v1/roles/desk", &more).await.refuses(409, "separation_of_duties");
    assert!(refused.text().contains("role:desk"), "{refused}");
    let mut other = role("other", &json!([]));
    other["permissions"] = json!(["customers.read"]);
    make(&admin, &other).await;
    for code in ["desk", "other"] {
        give(&org, org.user_id("nobody"), code).await;
    }
    let refused = admin.patch("/v1/roles/other", &more).await.refuses(409, "separation_of_duties");
    assert!(refused.text().contains("departments.read"), "somebody holds both roles: {refused}");
}

#[tokio::test]
async fn a_pair_names_two_things_that_exist() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let faults = |answer: crate::support::Answer| answer.refuses(422, "invalid_body").faults();
    let unknown = faults(admin.post(PATH, &pair("role:nobody_has_it", "planet:mars")).await);
    assert_eq!(
        unknown,
        [("/first".to_owned(), "unknown_duty".to_owned()), ("/second".to_owned(), "unknown_duty".to_owned())]
    );
    let same = faults(admin.post(PATH, &pair("role:sales", "role:sales")).await);
    assert_eq!(same, [("/second".to_owned(), "not_unique".to_owned())]);
    org.dpo().await.post(PATH, &pair("role:sales", "role:finance")).await.refuses(403, "forbidden");
}
