//! Who may speak for somebody else.

use serde_json::json;

use super::{PATH, act, file, somebody};
use crate::support::{Org, customer};

#[tokio::test]
async fn relatives_are_heard_unless_the_person_arranged_otherwise() {
    let org = Org::found().await;
    let (dpo, (gone, _)) = (org.dpo().await, somebody(&org).await);
    let requester =
        json!({"kind": "relative", "name": "Li Mei", "relationship": "daughter", "interest": "inheritance"});
    let members = json!({"customer_id": gone, "requester": requester});
    let id = file(&dpo, &members).await.shows(201).id();
    act(&dpo, &id, "verify", &json!({"method": "code"})).await.refuses(422, "invalid_body");
    let read = dpo.get(&format!("{PATH}/{id}")).await.shows(200);
    assert_eq!(read.at("/details/relationship"), "daughter");
    dpo.post(&format!("{PATH}/arrangements"), &json!({"customer_id": gone})).await.shows(204);
    dpo.post(&format!("{PATH}/arrangements"), &json!({"customer_id": gone})).await.shows(204);
    act(&dpo, &id, "verify", &json!({"method": "document"})).await.refuses(409, "arranged_otherwise");
    let reject = json!({"ground": "arranged_otherwise", "explanation": "A will is on file."});
    act(&dpo, &id, "reject", &reject).await.refuses(422, "invalid_body");
    let members =
        json!({"customer_id": gone, "jurisdiction": "CN", "requester": requester, "received_at": super::SEPTEMBER});
    let under_pipl = file(&dpo, &members).await.shows(201).id();
    let rejected = act(&dpo, &under_pipl, "reject", &reject).await.shows(200);
    assert_eq!((rejected.at("/state"), rejected.at("/article")), (json!("rejected"), json!("49")));
}

#[tokio::test]
async fn guardians_speak_for_minors_alone() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let born = async |day: &str| {
        let mut body = customer();
        body["fields"]["birthday"] = json!(day);
        org.admin().await.post("/v1/customers", &body).await.shows(201).id()
    };
    let requester = json!({"kind": "guardian", "relationship": "father"});
    for (day, minor) in [("1990-05-01", false), ("2015-05-01", true)] {
        let person = born(day).await;
        let id = file(&dpo, &json!({"customer_id": person, "requester": requester})).await.shows(201).id();
        let answer = act(&dpo, &id, "verify", &json!({"method": "in_person"})).await;
        if minor {
            answer.shows(200)
        } else {
            answer.refuses(409, "not_a_minor")
        };
    }
    let agent = json!({"customer_id": born("1990-05-01").await, "requester": {"kind": "agent", "name": "Ms Wu"}});
    let refused = file(&dpo, &agent).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/requester/authorization".to_owned(), "required".to_owned())]);
}
