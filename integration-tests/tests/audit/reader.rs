//! Somebody outside who trusts nobody: has the verifier keys, and recomputes what is answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::{Hash, verify_inclusion};
use custodian_crypto::note::{KeyKind, Note, VerifierKey};
use serde_json::Value;

use super::scene::until;
use crate::support::{Answer, Caller, Service};

/// The keys that the service publishes, fetched without a credential.
pub async fn keys(service: &Service) -> Vec<VerifierKey> {
    let answer = service.stranger().get("/.well-known/custodian-audit-keys").await.shows(200);
    let keys: Vec<_> = answer.text().lines().map(|line| VerifierKey::parse(line).unwrap()).collect();
    assert!(!keys.is_empty());
    keys
}

/// A checkpoint, if one of the keys has signed it: those of the log of all logs sign for the logs of organisations too.
pub fn opened(keys: &[VerifierKey], note: &str) -> Checkpoint {
    let note = Note::parse(note).unwrap();
    let origin = note.text().lines().next().unwrap().to_owned();
    let own = |key: &VerifierKey| VerifierKey::new(KeyKind::Ed25519, &origin, *key.public()).unwrap();
    Checkpoint::open(&note, &keys.iter().map(own).collect::<Vec<_>>()).unwrap()
}

/// A hash as the contract writes it.
pub fn hash(text: &Value) -> Hash {
    STANDARD.decode(text.as_str().unwrap()).unwrap().try_into().unwrap()
}

/// Several.
pub fn hashes(texts: &Value) -> Vec<Hash> {
    texts.as_array().unwrap().iter().map(hash).collect()
}

/// Asks until the answer is no longer that it is too early.
pub async fn settled(caller: &Caller, path: &str) -> Answer {
    until(path, async || {
        let answer = caller.get(path).await;
        if answer.status == 409 {
            answer.refuses(409, "not_yet_placed");
            return None;
        }
        Some(answer)
    })
    .await
}

/// The proof of an entry.
pub fn inclusion(entry: &str) -> String {
    format!("/v1/audit/proofs/inclusion?entry_id={entry}")
}

/// Stops the test unless an answer proves this leaf under a checkpoint of these keys; answers the checkpoint.
#[track_caller]
pub fn proves(keys: &[VerifierKey], proof: &Answer, leaf: &Hash) -> Checkpoint {
    let checkpoint = opened(keys, &proof.text_at("/checkpoint"));
    assert_eq!((proof.at("/tree_size"), hash(&proof.at("/root"))), (Value::from(checkpoint.size), checkpoint.root));
    assert_eq!(hash(&proof.at("/leaf_hash")), *leaf);
    let (place, hashes) = (proof.at("/place").as_u64().unwrap(), hashes(&proof.at("/hashes")));
    verify_inclusion(place, checkpoint.size, leaf, &hashes, &checkpoint.root).unwrap();
    checkpoint
}
