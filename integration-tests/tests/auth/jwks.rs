//! The published keys: enough to verify a token without asking us, and nothing more.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use crate::support::{Org, shared};

#[tokio::test]
async fn a_token_verifies_offline_with_the_published_key() {
    let asha = Org::found().await.sales_a().await;
    let jwks = shared().stranger().get("/.well-known/jwks.json").await.shows(200);
    let parts: Vec<&str> = asha.access_token.split('.').collect();
    let json = |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let (header, claims) = (json(parts[0]), json(parts[1]));
    assert_eq!((&header["alg"], &header["typ"]), (&"EdDSA".into(), &"at+jwt".into()));
    let keys = jwks.at("/keys");
    let key = keys
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .expect("the key that signed is published");
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&"OKP".into(), &"Ed25519".into(), &"sig".into()));
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    UnparsedPublicKey::new(&ED25519, public)
        .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap())
        .unwrap();
    assert_eq!(claims["iss"], shared().base_url.as_str());
    assert_eq!(claims["aud"], "staff");
    assert_eq!(claims["sub"], asha.id.to_string());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 900);
    assert!(!claims.to_string().contains('@'), "a token names no address: {claims}");
}

#[tokio::test]
async fn no_private_half_is_published() {
    let jwks = shared().stranger().get("/.well-known/jwks.json").await.shows(200);
    for key in jwks.at("/keys").as_array().unwrap() {
        assert!(key.get("d").is_none() && key.get("k").is_none(), "{jwks}");
    }
}
