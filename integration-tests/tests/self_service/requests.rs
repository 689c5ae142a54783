//! A person's own requests.

use serde_json::json;

use super::{come_in, somebody};
use crate::support::Org;

const PATH: &str = "/v1/self/privacy-requests";

#[tokio::test]
async fn what_a_person_asks_at_their_own_door_is_in_progress_at_once() {
    let org = Org::found().await;
    let ((customer, address), (other, _)) = (somebody(&org).await, somebody(&org).await);
    let dpo = org.dpo().await;
    let stranger = json!({"right": "access", "jurisdiction": "EU", "channel": "phone", "customer_id": customer});
    let stranger = dpo.post("/v1/privacy-requests", &stranger).await.shows(201).id();
    let me = come_in(&org, &address, 1).await;
    let made = me.post(PATH, &json!({"right": "access", "jurisdiction": "EU", "words": "What do you hold?"})).await;
    let made = made.shows(201);
    assert_eq!((made.at("/state"), made.at("/duplicate_of")), (json!("in_progress"), json!(null)));
    let displaced = dpo.get(&format!("/v1/privacy-requests/{stranger}")).await.shows(200);
    assert_eq!(displaced.at("/duplicate_of"), json!(made.id()), "what is proved stands");
    let theirs = json!({"right": "access", "jurisdiction": "EU", "channel": "phone", "customer_id": other});
    let theirs = dpo.post("/v1/privacy-requests", &theirs).await.shows(201).id();
    for foreign in [&theirs, &stranger] {
        me.get(&format!("{PATH}/{foreign}")).await.refuses(404, "not_found");
        me.act(&format!("{PATH}/{foreign}/cancel")).await.refuses(404, "not_found");
    }
    let listed = me.get(PATH).await.shows(200);
    assert_eq!(listed.at("/data").as_array().unwrap().len(), 1, "{listed}");
    let read = dpo.get(&format!("/v1/privacy-requests/{}", made.id())).await.shows(200);
    assert_eq!((read.at("/channel"), read.at("/proof")), (json!("self_service"), json!("code")));
    assert_eq!(read.at("/customer_id"), customer.as_str());
    me.act(&format!("{PATH}/{}/cancel", made.id())).await.shows(200);
    me.act(&format!("{PATH}/{}/cancel", made.id())).await.refuses(409, "request_closed");
}

#[tokio::test]
async fn a_correction_names_fields_and_values_that_can_be() {
    let org = Org::found().await;
    let (_, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    let ask = |right: &str, corrections: serde_json::Value| {
        me.post(PATH, &json!({"right": right, "jurisdiction": "EU", "corrections": corrections}))
    };
    let made = ask("rectification", json!({"address": "2 Harbour Street"})).await.shows(201);
    assert_eq!(made.at("/corrections/address"), "2 Harbour Street");
    let wrong = ask("rectification", json!({"email": "no address", "shoe_size": "44"})).await;
    let mut pointers: Vec<String> =
        wrong.refuses(422, "invalid_body").faults().into_iter().map(|(pointer, _)| pointer).collect();
    pointers.sort();
    assert_eq!(pointers, ["/corrections/email", "/corrections/shoe_size"]);
    ask("erasure", json!({"address": "2 Harbour Street"})).await.refuses(422, "invalid_body");
    let nameless = ask("rectification", json!({"name": null})).await.refuses(422, "invalid_body");
    assert_eq!(nameless.faults(), [("/corrections/name".to_owned(), "required".to_owned())]);
    let number = ask("rectification", json!({"address": 2})).await.refuses(422, "invalid_body");
    assert_eq!(number.faults(), [("/corrections/address".to_owned(), "wrong_type".to_owned())]);
    let away = ask("rectification", json!({"address": null})).await.shows(201);
    assert_eq!(away.at("/corrections"), json!({"address": null}));
    let read = org.dpo().await.get(&format!("/v1/privacy-requests/{}", made.id())).await.shows(200);
    assert_eq!(read.at("/details/corrections/address"), "2 Harbour Street");
}
