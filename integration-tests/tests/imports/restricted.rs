//! Lines about somebody who has had processing restricted: whose they are to be may be said, and nothing else.

use serde_json::json;

use super::{Form, counts, faults};
use crate::customers::path;
use crate::privacy_requests::{lift, restrict};
use crate::support::Org;

#[tokio::test]
async fn a_line_hands_them_over_and_changes_nothing_else() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let (mut made, mut requests) = (Vec::new(), Vec::new());
    for number in 1..=4 {
        let body = json!({"stage": "lead", "fields": {"name": "张三", "customer_no": format!("R-{number}")}});
        let id = admin.post("/v1/customers", &body).await.shows(201).id();
        made.push(admin.get(&path(&id)).await.shows(200));
        requests.push(restrict(&dpo, &id).await);
    }
    let mapping = json!({"no": "customer_no", "owner": "owner_email", "stage": "stage", "company": "company"});
    let to = org.email("sales_b");
    let lines = format!("r-1,{to},,\nR-2,{to},dormant,\nR-3,{to},,Harbour Ltd\nR-4,,,\n");
    let file = format!("no,owner,stage,company\n{lines}");
    let tried = Form::csv(&mapping, file.clone()).part("mode", "upsert").part("dry_run", "true").run(&admin).await;
    let job = Form::csv(&mapping, file).part("mode", "upsert").run(&admin).await;
    for job in [&tried, &job] {
        assert_eq!(counts(job), (0, 2, 2));
        assert_eq!(faults(job), [(3, "", "customer_restricted"), (4, "", "customer_restricted")]);
    }
    for request in &requests {
        lift(&dpo, request).await;
    }
    for (at, before) in made.iter().enumerate() {
        let seen = admin.get(&path(&before.id())).await.shows(200);
        let (owner, version) = if at == 0 { (json!(org.user_id("sales_b")), 2) } else { (before.at("/owner_id"), 1) };
        assert_eq!((seen.at("/owner_id"), seen.at("/version")), (owner, json!(version)));
        assert_eq!(seen.at("/stage"), "lead");
        assert_eq!(seen.at("/fields"), before.at("/fields"), "the number as well, whatever the line makes of it");
    }
}
