//! What a person sees of themselves, and of nobody else.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_crypto::merkle::verify_inclusion;
use serde_json::{Value, json};

use super::{come_in, somebody, somebody_in};
use crate::attachments::hang;
use crate::support::{Answer, Org};

#[tokio::test]
async fn a_person_sees_every_value_in_full_with_what_it_is_used_for() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    let data = me.get("/v1/self/data").await.shows(200);
    assert_eq!(data.at("/fields/email/value"), address.as_str());
    assert_eq!(data.at("/fields/address/value"), "12 Harbour Street");
    assert_eq!(data.at("/source"), "web_form");
    let used = data.at("/fields/name/purposes");
    assert!(used.as_array().is_some_and(|codes| !codes.is_empty()), "{data}");
    let known: Vec<Value> =
        data.at("/purposes").as_array().unwrap().iter().map(|purpose| purpose["code"].clone()).collect();
    assert!(used.as_array().unwrap().iter().all(|code| known.contains(code)), "{data}");
    assert!(data.at("/purposes/0/recipients").is_array() && data.at("/purposes/0/legal_basis").is_string());
    let sql = "UPDATE customers SET restricted = true WHERE id = $1::text::uuid";
    org.sql().await.execute(sql, &[&customer]).await.unwrap();
    let restricted = me.get("/v1/self/data").await.shows(200);
    assert_eq!(restricted.at("/restricted"), true);
    assert_eq!(restricted.at("/fields/address/value"), "12 Harbour Street", "a restriction binds others");
}

#[tokio::test]
async fn a_person_is_told_which_files_there_are_of_them_and_of_nobody_else() {
    let org = Org::found().await;
    let ((customer, address), (other, _)) = (somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let me = come_in(&org, &address, 1).await;
    assert_eq!(me.get("/v1/self/data").await.shows(200).at("/attachments"), json!([]));
    let first = hang(&admin, &customer, "contract.txt", b"what was agreed").await.shows(201);
    let second = hang(&admin, &customer, "minutes.txt", b"what was said").await.shows(201);
    hang(&admin, &other, "foreign.txt", b"of somebody else").await.shows(201);
    let data = me.get("/v1/self/data").await.shows(200);
    let told = |file: &Answer, name: &str, size: i64| json!({"id": file.id(), "record_id": null, "name": name, "media_type": "text/plain", "size": size, "at": file.at("/created_at")});
    let expected = [told(&second, "minutes.txt", 13), told(&first, "contract.txt", 15)];
    assert_eq!(data.at("/attachments"), json!(expected));
    assert!(!data.text().contains("foreign") && !data.at("/attachments").to_string().contains(&admin.id.to_string()));
    let hold_back = "UPDATE attachments SET state = 'held' WHERE id = $1::text::uuid";
    org.sql().await.execute(hold_back, &[&first.id()]).await.unwrap();
    me.get("/v1/self/data").await.refuses(500, "integrity_error");
    admin.request("DELETE", &first.sent("location")).header("if-match", "*").await.shows(204);
    assert_eq!(me.get("/v1/self/data").await.shows(200).at("/attachments"), json!([told(&second, "minutes.txt", 13)]));
}

#[tokio::test]
async fn a_person_sees_who_looked_with_a_proof_and_nobody_else_in_it() {
    let org = Org::found().await;
    let ((customer, address), (other, _)) = (somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    admin.get(&format!("/v1/customers/{customer}")).await.shows(200);
    admin.get("/v1/customers").await.shows(200);
    let reveal = json!({"fields": ["mobile"], "reason": "called back about Ms Other"});
    admin.post(&format!("/v1/customers/{customer}/reveal"), &reveal).await.shows(200);
    let me = come_in(&org, &address, 1).await;
    let log = me.get("/v1/self/access-log?limit=200").await.shows(200);
    let entries = log.at("/data");
    let find = |action: &str| entries.as_array().unwrap().iter().find(|entry| entry["action"] == action).cloned();
    let revealed = find("customers.reveal").unwrap();
    assert_eq!(revealed["actor"], json!({"kind": "staff", "id": admin.id}));
    assert_eq!(revealed["fields"]["revealed"], json!(["mobile"]));
    assert!(revealed["entry"].is_string() && revealed["intact"] == true, "{revealed}");
    let listed = find("customers.list").unwrap();
    assert!(listed["entry"].is_null(), "it names others: {listed}");
    assert!(!log.text().contains(&other) && !log.text().contains("Ms Other"), "{log}");
    let place = placed(&me, revealed["id"].as_str().unwrap()).await;
    let proof =
        org.auditor().await.get(&format!("/v1/audit/proofs/inclusion?entry_id={}", revealed["id"].as_str().unwrap()));
    assert_eq!(proof.await.shows(200).at("/place"), place);
    let own = format!("/v1/self/access-log/{}/proof", revealed["id"].as_str().unwrap());
    let proven = me.get(&own).await.shows(200);
    assert_eq!((proven.at("/place"), proven.at("/leaf_hash")), (place, revealed["leaf_hash"].clone()));
    holds(&proven);
    let stranger = somebody_in(&org).await;
    stranger.get(&own).await.refuses(404, "not_found");
    let list = me.get(&format!("/v1/self/access-log/{}/proof", listed["id"].as_str().unwrap())).await.shows(200);
    assert!(!list.text().contains(&other), "hashes name nobody");
}

/// The hashes lead from the leaf to the root that the signed checkpoint names.
fn holds(proof: &Answer) {
    let hash = |text: &Value| -> [u8; 32] { STANDARD.decode(text.as_str().unwrap()).unwrap().try_into().unwrap() };
    let hashes: Vec<[u8; 32]> = proof.at("/hashes").as_array().unwrap().iter().map(hash).collect();
    let (place, size) = (proof.at("/place").as_u64().unwrap(), proof.at("/tree_size").as_u64().unwrap());
    let root = proof.text_at("/root");
    verify_inclusion(place, size, &hash(&proof.at("/leaf_hash")), &hashes, &hash(&json!(root))).unwrap();
    assert!(proof.text_at("/checkpoint").contains(&root), "{proof}");
}

/// Waits until an entry has its place in the log.
async fn placed(me: &crate::support::Caller, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let log = me.get("/v1/self/access-log?limit=200").await.shows(200).at("/data");
        let entry = log.as_array().unwrap().iter().find(|entry| entry["id"] == id).cloned().unwrap();
        if entry["place"].is_u64() {
            return entry["place"].clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{entry}");
    }
}

#[tokio::test]
async fn a_person_withdraws_what_they_agreed_to_and_nobody_else_s() {
    let org = Org::found().await;
    let ((customer, address), (other, _)) = (somebody(&org).await, somebody(&org).await);
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let mine = crate::consents::agreed(&dpo, &admin, &customer).await;
    let theirs = crate::consents::agreed(&dpo, &admin, &other).await;
    let me = come_in(&org, &address, 1).await;
    let listed = me.get("/v1/self/consents").await.shows(200);
    assert_eq!(listed.at("/data").as_array().unwrap().len(), 1, "{listed}");
    assert_eq!((listed.at("/data/0/id"), listed.at("/data/0/state")), (json!(mine), json!("given")));
    me.act(&format!("/v1/self/consents/{theirs}/withdraw")).await.refuses(404, "not_found");
    let key = ("idempotency-key", "stop");
    let stop = format!("/v1/self/consents/{mine}/withdraw");
    let stopped = me.act(&stop).header(key.0, key.1).await.shows(200);
    assert_eq!(stopped.at("/state"), "withdrawn");
    assert_eq!(me.act(&stop).header(key.0, key.1).await.shows(200).sent("idempotent-replayed"), "true");
    assert_eq!(dpo.get(&format!("/v1/consents/{theirs}")).await.shows(200).at("/state"), "given");
    let log = org.auditor().await.get("/v1/audit/entries?action=consents.withdraw").await.shows(200);
    assert_eq!(log.at("/data/0/actor/kind"), "subject");
}

#[tokio::test]
async fn a_person_says_which_language_they_read() {
    let org = Org::found().await;
    let (_, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    let path = "/v1/self/preferences";
    let before = me.get(path).await.shows(200);
    assert_eq!(before.at("/language"), "zh-CN");
    let english = json!({"language": "en"});
    me.request("PUT", path).json(&english).await.refuses(428, "precondition_required");
    let tag = before.sent("etag");
    me.request("PUT", path).json(&english).header("if-match", &tag).await.shows(200);
    me.request("PUT", path).json(&english).header("if-match", &tag).await.refuses(412, "precondition_failed");
    assert_eq!(me.get(path).await.shows(200).at("/language"), "en");
    me.request("PUT", path).json(&json!({"language": "de"})).header("if-match", "*").await.refuses(422, "invalid_body");
}
