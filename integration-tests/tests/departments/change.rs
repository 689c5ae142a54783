//! Departments are made, renamed, moved without cycles, and deleted when nobody and nothing is in them.

use serde_json::{Value, json};

use crate::support::{Answer, Org, Person};

async fn make(admin: &Person, name: &str, parent: Option<&str>) -> String {
    admin.post("/v1/departments", &json!({"name": name, "parent_id": parent})).await.shows(201).id()
}

async fn read(person: &Person, id: &str) -> Answer {
    person.get(&format!("/v1/departments/{id}")).await.shows(200)
}

async fn move_to(admin: &Person, id: &str, parent: Option<&str>) -> Answer {
    admin.patch(&format!("/v1/departments/{id}"), &json!({"parent_id": parent})).await
}

fn faults(answer: &Answer) -> Vec<(String, String)> {
    answer.faults()
}

#[tokio::test]
async fn a_department_is_made_read_and_renamed() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let head = org.user_id("manager");
    let body = json!({"name": "Sales North", "parent_id": org.department_id("Sales"), "head_id": head});
    let made = admin.post("/v1/departments", &body).await.shows(201);
    let path = made.sent("location");
    assert_eq!(path, format!("/v1/departments/{}", made.id()));
    assert_eq!(made.at("/head_id"), json!(head));
    let expected = json!([org.department_id("Headquarters"), org.department_id("Sales"), made.id()]);
    assert_eq!(made.at("/path"), expected);
    let seen = dpo.get(&path).await.shows(200);
    assert_eq!(seen.json(), made.json());
    dpo.get(&path).header("if-none-match", &seen.sent("etag")).await.shows(304);
    let renamed = admin.patch(&path, &json!({"name": "Sales Far North", "head_id": null})).await.shows(200);
    assert_eq!((renamed.at("/name"), renamed.at("/head_id")), (json!("Sales Far North"), Value::Null));
    let stale = admin.patch(&path, &json!({"name": "x"})).instead("if-match", &seen.sent("etag"));
    stale.await.refuses(412, "precondition_failed");
    admin.patch(&path, &json!({"name": "x"})).without("if-match").await.refuses(428, "precondition_required");
    let entries = org.auditor().await.get("/v1/audit/entries?action=departments.update").await.shows(200);
    assert_eq!(entries.at("/data/0/details/department"), made.at("/id"), "{entries}");
}

#[tokio::test]
async fn faults_of_a_department_are_all_named() {
    let (org, other) = (Org::found().await, Org::found().await);
    let admin = org.admin().await;
    let theirs = json!({"name": "x", "parent_id": other.department_id("Sales"), "head_id": other.user_id("manager")});
    let refused = admin.post("/v1/departments", &theirs).await.refuses(422, "invalid_body");
    let expected =
        [("/head_id", "unknown_user"), ("/parent_id", "unknown_department")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(faults(&refused), expected);
    admin.post("/v1/departments", &json!({"name": "  "})).await.refuses(422, "invalid_body");
    admin.post("/v1/departments", &json!({"name": "x", "colour": "red"})).await.refuses(422, "unknown_field");
    admin
        .patch(&format!("/v1/departments/{}", org.department_id("Sales")), &json!({"name": null}))
        .await
        .refuses(422, "invalid_body");
    let mut above = make(&admin, "Level", None).await;
    for _ in 1..32 {
        above = make(&admin, "Level", Some(&above)).await;
    }
    let body = json!({"name": "Level", "parent_id": above});
    let refused = admin.post("/v1/departments", &body).await.refuses(422, "invalid_body");
    assert_eq!(faults(&refused), [("/parent_id".to_owned(), "tree_too_deep".to_owned())]);
}

#[tokio::test]
async fn a_department_moves_with_everything_beneath_it_and_never_beneath_itself() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let top = make(&admin, "Top", None).await;
    let middle = make(&admin, "Middle", Some(&top)).await;
    let low = make(&admin, "Low", Some(&middle)).await;
    for beneath in [&top, &middle, &low] {
        let refused = move_to(&admin, &top, Some(beneath)).await.refuses(422, "invalid_body");
        assert_eq!(faults(&refused), [("/parent_id".to_owned(), "department_cycle".to_owned())]);
    }
    let before = read(&admin, &low).await.sent("etag");
    let headquarters = org.department_id("Headquarters").to_string();
    move_to(&admin, &middle, Some(&headquarters)).await.shows(200);
    let moved = read(&admin, &low).await;
    assert_eq!(moved.at("/path"), json!([headquarters, middle, low]));
    // Its path is another, so that what was read of it before is stale.
    assert_ne!(moved.sent("etag"), before);
    move_to(&admin, &middle, None).await.shows(200);
    assert_eq!(read(&admin, &low).await.at("/path"), json!([middle, low]));
}

#[tokio::test]
async fn two_moves_at_once_make_no_cycle() {
    let org = Org::found().await;
    let admin = org.admin().await;
    for _ in 0..10 {
        let (one, other) = (make(&admin, "One", None).await, make(&admin, "Other", None).await);
        let (ahead, behind) = (move_to(&admin, &one, Some(&other)), move_to(&admin, &other, Some(&one)));
        let (first, second) = futures_util::future::join(ahead, behind).await;
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422], "{first} {second}");
        // Both are still in the tree: what stands in a cycle would be found from no root.
        read(&admin, &one).await;
        read(&admin, &other).await;
    }
}

#[tokio::test]
async fn moving_a_department_opens_and_closes_its_customers_within_a_second() {
    let org = Org::found().await;
    let (admin, manager, asha) = (org.admin().await, org.manager().await, org.sales_a().await);
    let path = format!("/v1/customers/{}", org.customer_of(&asha).await);
    manager.get(&path).await.shows(200);
    let east = org.department_id("Sales East").to_string();
    move_to(&admin, &east, Some(&org.department_id("Services").to_string())).await.shows(200);
    let written = std::time::Instant::now();
    while manager.get(&path).await.status == 200 {
        assert!(written.elapsed() <= std::time::Duration::from_secs(1), "still let in");
    }
    manager.get(&path).await.refuses(404, "not_found");
    asha.get(&path).await.shows(200);
}

#[tokio::test]
async fn only_an_empty_department_is_deleted() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let at = |id: &str| format!("/v1/departments/{id}");
    for full in ["Headquarters", "Sales", "Sales East"] {
        let path = at(&org.department_id(full).to_string());
        admin.delete(&path).await.refuses(409, "department_not_empty");
    }
    let customers = make(&admin, "Customers", None).await;
    let body = json!({"stage": "lead", "fields": {"name": "Zhang"}, "department_id": customers});
    let customer = loop {
        // A new department is known to everybody within half a second.
        let answer = asha.post("/v1/customers", &body).await;
        if answer.status != 422 {
            break answer.shows(201).id();
        }
    };
    admin.delete(&at(&customers)).await.refuses(409, "department_not_empty");
    admin.delete(&format!("/v1/customers/{customer}")).await.shows(204);
    admin.delete(&at(&customers)).await.shows(204);
    admin.get(&at(&customers)).await.refuses(404, "not_found");
    admin.delete(&at(&customers)).await.refuses(404, "not_found");
}

#[tokio::test]
async fn only_who_manages_departments_changes_them() {
    let org = Org::found().await;
    let path = format!("/v1/departments/{}", org.department_id("Services"));
    for who in ["dpo", "manager", "sales_a", "auditor", "nobody"] {
        let person = org.person(who).await;
        for request in [
            person.post("/v1/departments", &json!({"name": "x"})),
            person.patch(&path, &json!({"name": "x"})),
            person.delete(&path),
        ] {
            let refused = request.await.refuses(403, "forbidden");
            assert!(refused.text_at("/detail").contains("departments.manage"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_retry_makes_no_second_department() {
    let org = Org::found().await;
    let admin = org.admin().await.with("idempotency-key", "department-1");
    let body = json!({"name": "Once"});
    let made = admin.post("/v1/departments", &body).await.shows(201);
    let again = admin.post("/v1/departments", &body).await.shows(201);
    assert_eq!((again.id(), again.sent("idempotent-replayed").as_str()), (made.id(), "true"));
}
