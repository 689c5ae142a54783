//! Receipts outlive the keys that signed them.

use custodian_api::state::{Wiring, root_key};
use custodian_crypto::{SigningKey, SystemRandomness};
use serde_json::{Value, json};

use super::consent;
use super::receipts::verify;
use crate::notices::published;
use crate::support::{Org, own_instance};

#[tokio::test]
async fn a_receipt_verifies_after_the_key_that_signed_it_was_replaced() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let sales = org.sales_a().await;
    let customer = org.customer_of(&sales).await;
    let notice = published(&org.dpo().await, "offers", "name").await.id();
    let given =
        sales.post(&format!("/v1/customers/{customer}/consents"), &consent(&notice, json!({}))).await.shows(201);
    let receipt = sales.get(&format!("/v1/consents/{}/receipt", given.id())).await.shows(200);
    let before = service.stranger().get("/.well-known/jwks.json").await.shows(200);
    let old = before.text_at("/keys/0/kid");
    let (key, seed) = SigningKey::generate(&SystemRandomness);
    let (id, public) = (key.key_id(), key.public().to_vec());
    let root = root_key(&service.settings.root_key_file).unwrap();
    let wrapped = root.wrap("signing-key/1", &[id.as_bytes()], &seed, &SystemRandomness);
    let sql = org.sql().await;
    sql.execute("UPDATE signing_keys SET retired_at = now() WHERE purpose = 'token'", &[]).await.unwrap();
    let insert = "INSERT INTO signing_keys (key_id, purpose, public_key, wrapped_key, created_at) VALUES ($1, 'token', $2, $3, now())";
    sql.execute(insert, &[&id, &public, &wrapped]).await.unwrap();
    // The service as it comes up next.
    let settings = service.settings.clone();
    let jwks = service.run(async move { Wiring::new(&settings).open().await.unwrap().jwks() }).await;
    assert!(jwks.contains(&old) && jwks.contains(&id), "both keys are published: {jwks}");
    assert!(verify(receipt.text(), &jwks).0, "by the key that is retired");
    let mut alone: Value = serde_json::from_str(&jwks).unwrap();
    alone["keys"].as_array_mut().unwrap().retain(|key| key["kid"] == id);
    assert!(!verify(receipt.text(), &alone.to_string()).0, "the new key did not sign it");
}
