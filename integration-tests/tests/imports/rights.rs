//! Whose file it is: nobody imports what they could not enter, nor after their rights have ended.

use serde_json::{Value, json};

use super::{Form, counts, faults, finished, nothing_is_left, total};
use crate::support::Org;

#[tokio::test]
async fn a_salesperson_imports_onto_nobody_else() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let file = format!("name,owner\n张三,{}\n李四,{}\n王五,\n", org.email("sales_b"), org.email("sales_a"));
    let job = Form::csv(&json!({"name": "name", "owner": "owner_email"}), file).run(&sales).await;
    assert_eq!((counts(&job), faults(&job)), ((2, 0, 1), vec![(2, "", "outside_scope")]));
    assert_eq!(total(&*org.sales_b().await).await, 0);
}

#[tokio::test]
async fn a_customer_is_not_given_away_by_a_file() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let made = sales.post("/v1/customers", &json!({"fields": {"name": "张三", "customer_no": "G1"}})).await.shows(201);
    let file = format!("no,owner\nG1,{}\n", org.email("manager"));
    let job =
        Form::csv(&json!({"no": "customer_no", "owner": "owner_email"}), file).part("mode", "upsert").run(&sales).await;
    // By hand a salesperson may hand over, so a file may too: the department follows as it does there.
    assert_eq!(counts(&job), (0, 1, 0));
    let given = org.manager().await.get(&format!("/v1/customers/{}", made.id())).await.shows(200);
    assert_eq!(given.at("/department_id"), org.department_id("Sales").to_string());
}

#[tokio::test]
async fn who_may_not_import_does_not() {
    let org = Org::found().await;
    let form = Form::csv(&json!({"name": "name"}), "name\n张三\n");
    for person in
        [org.dpo().await, org.finance().await, org.support().await, org.marketing().await, org.auditor().await]
    {
        let refused = form.hand_in(&person).await.refuses(403, "forbidden");
        assert!(refused.text().contains("imports.run"));
    }
    form.hand_in(&org.service().stranger()).await.refuses(401, "unauthenticated");
    nothing_is_left(&org).await;
    assert_eq!(total(&*org.admin().await).await, 0);
}

#[tokio::test]
async fn a_file_of_somebody_suspended_meanwhile_is_not_imported() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let sql = org.sql().await;
    // Keeps every worker from this organisation's jobs until it is dropped: an update that the trigger answers with
    // nothing claims nothing.
    let name = format!("hold_{}", org.id.simple());
    let hold = format!(
        "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
         CREATE TRIGGER {name} BEFORE UPDATE ON job_queue FOR EACH ROW WHEN (OLD.organization_id = '{}') EXECUTE FUNCTION {name}()",
        org.id
    );
    sql.batch_execute(&hold).await.unwrap();
    let form = Form::csv(&json!({"name": "name"}), "name\n张三\n");
    let job = form.hand_in(&sales).await.shows(202).sent("location");
    let suspend = "UPDATE users SET state = 'suspended' WHERE organization_id = $1 AND id = $2";
    sql.execute(suspend, &[&org.id, &org.user_id("sales_a")]).await.unwrap();
    sql.batch_execute(&format!("DROP TRIGGER {name} ON job_queue; DROP FUNCTION {name}()")).await.unwrap();
    let ended = finished(&*org.dpo().await, &job).await;
    assert_eq!(
        (&ended["state"], &ended["failure"], &ended["result"]),
        (&json!("failed"), &json!("importer_inactive"), &Value::Null)
    );
    assert_eq!(total(&*org.admin().await).await, 0);
    nothing_is_left(&org).await;
}
