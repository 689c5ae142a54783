//! Tests of access tokens: every known way to forge, confuse or bend a JWT is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::mac::{MacKey, sha256};
use crate::rng::SeededRandomness;
use crate::secret::Secret32;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::cell::RefCell;

const NOW: i64 = 1_800_000_000;
const EXPECT: Expect<'static> =
    Expect { iss: "https://id.example", aud: "custodian", typ: "at+jwt", now: NOW, leeway: 5 };

fn key() -> SigningKey {
    SigningKey::generate(&SeededRandomness::new(1)).0
}

fn claims() -> Claims {
    Claims {
        iss: EXPECT.iss.into(),
        aud: EXPECT.aud.into(),
        sub: Uuid::from_u128(1),
        org: Uuid::from_u128(2),
        sid: Uuid::from_u128(3),
        iat: NOW - 10,
        nbf: NOW - 10,
        exp: NOW + 300,
        jti: Uuid::from_u128(4),
    }
}

fn plain_header() -> Value {
    json!({"typ": "at+jwt", "alg": "EdDSA", "kid": key().key_id()})
}

/// A token signed with the right key over whatever header and claims a test wants.
fn signed(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(key().sign(message.as_bytes())))
}

fn with_header(change: Value) -> String {
    let mut header = plain_header();
    for (name, value) in change.as_object().unwrap() {
        header[name] = value.clone();
    }
    signed(&header.to_string(), &json!(claims()).to_string())
}

fn with_claims(change: Value) -> String {
    let mut body = json!(claims());
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    signed(&plain_header().to_string(), &body.to_string())
}

fn read(token: &str) -> Result<Claims, TokenError> {
    let known = key();
    verify(token, &|kid| (kid == known.key_id()).then(|| known.public()), &EXPECT)
}

#[test]
fn reads_what_it_issued() {
    let token = issue(&key(), "at+jwt", &claims()).unwrap();
    assert_eq!(read(&token), Ok(claims()));
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap(), plain_header());
    // The forging helper makes good tokens too, so what the other tests refuse is refused for the change they make.
    assert_eq!(read(&with_header(json!({}))), Ok(claims()));
    assert_eq!(read(&with_claims(json!({}))), Ok(claims()));
}

#[test]
fn other_algorithms_are_refused() {
    for alg in ["none", "None", "NONE", "", "HS256", "HS512", "ES256", "RS256", "PS256", "eddsa", "Ed25519"] {
        assert!(read(&with_header(json!({"alg": alg}))).is_err(), "{alg}");
    }
    let none = with_header(json!({"alg": "none"}));
    let (unsigned, _) = none.rsplit_once('.').unwrap();
    assert!(read(&format!("{unsigned}.")).is_err());
    assert!(read(unsigned).is_err());
}

#[test]
fn hmac_with_the_public_key_is_refused() {
    let mut header = plain_header();
    header["alg"] = json!("HS256");
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(json!(claims()).to_string())
    );
    let mac = MacKey::new(&Secret32::from_bytes(key().public())).sign(message.as_bytes());
    assert_eq!(read(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))), Err(TokenError::Header));
}

#[test]
fn missing_and_foreign_types_are_refused() {
    for typ in [json!("JWT"), json!("at+JWT"), json!("rt+jwt"), json!(""), json!(null), json!(1), json!(["at+jwt"])] {
        assert!(read(&with_header(json!({"typ": typ}))).is_err(), "{typ}");
    }
    let mut header = plain_header();
    header.as_object_mut().unwrap().remove("typ");
    assert_eq!(read(&signed(&header.to_string(), &json!(claims()).to_string())), Err(TokenError::Header));
    assert_eq!(read(&issue(&key(), "download+jwt", &claims()).unwrap()), Err(TokenError::Header));
}

#[test]
fn keys_named_inside_the_token_are_refused() {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key().public())});
    for extra in [
        json!({"jwk": jwk}),
        json!({"jku": "https://evil.example/jwks.json"}),
        json!({"x5u": "https://evil.example/cert.pem"}),
        json!({"x5c": [STANDARD.encode(b"certificate")]}),
        json!({"x5t": "abc"}),
        json!({"crit": ["exp"]}),
        json!({"b64": false}),
        json!({"zip": "DEF"}),
        json!({"cty": "JWT"}),
        json!({"unknown": 1}),
    ] {
        assert_eq!(read(&with_header(extra.clone())), Err(TokenError::Header), "{extra}");
    }
}

#[test]
fn hostile_key_ids_never_reach_the_look_up() {
    let long = "a".repeat(65);
    for kid in ["", "../../etc/passwd", "' OR 1=1 --", "a b", "a\u{0}", "\u{ff41}", "a.b", "a=b", long.as_str()] {
        let asked = RefCell::new(0);
        let look_up = |_: &str| {
            *asked.borrow_mut() += 1;
            Some(key().public())
        };
        assert_eq!(verify(&with_header(json!({"kid": kid})), &look_up, &EXPECT), Err(TokenError::Header), "{kid}");
        assert_eq!(asked.into_inner(), 0, "{kid}");
    }
    for kid in [json!(null), json!(1), json!(["a"])] {
        assert!(read(&with_header(json!({"kid": kid}))).is_err(), "{kid}");
    }
    assert_eq!(read(&with_header(json!({"kid": "unknown"}))), Err(TokenError::UnknownKey));
}

#[test]
fn another_key_under_the_same_id_is_refused() {
    let other = SigningKey::generate(&SeededRandomness::new(2)).0;
    let token = issue(&key(), "at+jwt", &claims()).unwrap();
    assert_eq!(verify(&token, &|_| Some(other.public()), &EXPECT), Err(TokenError::Invalid));
    assert_eq!(verify(&token, &|_| Some([0; 32]), &EXPECT), Err(TokenError::Invalid));
}

#[test]
fn audience_and_issuer_are_one_exact_text() {
    for aud in [json!("custodian2"), json!("Custodian"), json!("")] {
        assert_eq!(read(&with_claims(json!({"aud": aud}))), Err(TokenError::Audience), "{aud}");
    }
    for aud in [json!(["custodian"]), json!(["custodian", "other"]), json!([]), json!(null), json!({"a": "custodian"})]
    {
        assert_eq!(read(&with_claims(json!({"aud": aud}))), Err(TokenError::Invalid), "{aud}");
    }
    assert_eq!(read(&with_claims(json!({"iss": "https://id.example/"}))), Err(TokenError::Audience));
    assert_eq!(read(&with_claims(json!({"iss": ["https://id.example"]}))), Err(TokenError::Invalid));
}

#[test]
fn times_are_whole_numbers_or_nothing() {
    for name in ["exp", "nbf", "iat"] {
        let good = json!(claims())[name].as_i64().unwrap();
        for odd in
            [json!(good.to_string()), json!(good as f64), json!(null), json!([good]), json!(true), json!(u64::MAX)]
        {
            assert_eq!(read(&with_claims(json!({name: odd}))), Err(TokenError::Invalid), "{name} {odd}");
        }
        let spelled = json!(claims()).to_string().replace(&format!("\"{name}\":{good}"), &format!("\"{name}\":18e8"));
        assert!(spelled.contains("18e8"));
        assert_eq!(read(&signed(&plain_header().to_string(), &spelled)), Err(TokenError::Invalid));
    }
}

#[test]
fn every_claim_is_required() {
    for name in ["iss", "aud", "sub", "org", "sid", "iat", "nbf", "exp", "jti"] {
        let mut body = json!(claims());
        assert!(body.as_object_mut().unwrap().remove(name).is_some());
        assert_eq!(read(&signed(&plain_header().to_string(), &body.to_string())), Err(TokenError::Invalid), "{name}");
    }
}

#[test]
fn repeated_members_are_refused() {
    let body = json!(claims()).to_string().replacen('{', "{\"sub\":\"00000000-0000-0000-0000-000000000009\",", 1);
    assert_eq!(read(&signed(&plain_header().to_string(), &body)), Err(TokenError::Invalid));
    let header = plain_header().to_string().replacen('{', "{\"alg\":\"EdDSA\",", 1);
    assert_eq!(read(&signed(&header, &json!(claims()).to_string())), Err(TokenError::Malformed));
}

#[test]
fn time_bounds_hold_to_the_second() {
    let at = |now: i64| {
        let token = issue(&key(), "at+jwt", &claims()).unwrap();
        verify(&token, &|_| Some(key().public()), &Expect { now, ..EXPECT })
    };
    assert_eq!(at(NOW + 304), Ok(claims()));
    assert_eq!(at(NOW + 305), Err(TokenError::Expired));
    assert_eq!(at(NOW - 15), Ok(claims()));
    assert_eq!(at(NOW - 16), Err(TokenError::NotYetValid));
    assert_eq!(at(i64::MAX), Err(TokenError::Expired));
    assert_eq!(at(i64::MIN), Err(TokenError::NotYetValid));
    assert_eq!(read(&with_claims(json!({"iat": NOW + 6}))), Err(TokenError::NotYetValid));
    assert_eq!(read(&with_claims(json!({"exp": i64::MIN}))), Err(TokenError::Expired));
}

#[test]
fn tokens_longer_than_4_kib_are_refused() {
    // An unknown claim is passed over, so that only the length decides.
    let padded = |length: usize| with_claims(json!({"x": "a".repeat(length)}));
    assert!(padded(2000).len() < MAX_TOKEN);
    assert_eq!(read(&padded(2000)), Ok(claims()));
    assert!(padded(3000).len() > MAX_TOKEN);
    assert_eq!(read(&padded(3000)), Err(TokenError::Malformed));
}

#[test]
fn every_altered_character_is_refused() {
    let token = issue(&key(), "at+jwt", &claims()).unwrap();
    for at in 0..token.len() {
        let mut altered = token.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        assert!(read(std::str::from_utf8(&altered).unwrap()).is_err(), "character {at}");
        assert!(read(&token[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn second_spellings_of_a_token_are_refused() {
    let token = issue(&key(), "at+jwt", &claims()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    // 64 bytes end in a character of which four bits are spare: setting one must not give a second valid token.
    let last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let spelled = last.find(signature.chars().last().unwrap()).unwrap();
    let respelled = format!("{message}.{}{}", &signature[..85], &last[spelled + 1..spelled + 2]);
    for other in [
        respelled,
        format!("{token}=="),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}.{signature}"),
        format!(".{token}"),
        token.replace('.', ".."),
        message.to_owned(),
        String::new(),
        "..".into(),
        ".".repeat(4096),
    ] {
        assert!(read(&other).is_err(), "{other}");
    }
}

#[test]
fn provider_computes_nothing_but_eddsa() {
    install_provider();
    install_provider();
    let secret = sha256(b"secret");
    assert!(
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(&secret)).is_err()
    );
    assert!(verifier_factory(&Algorithm::HS256, &DecodingKey::from_secret(&secret)).is_err());
    assert!(verifier_factory(&Algorithm::EdDSA, &DecodingKey::from_secret(&secret)).is_err());
    assert!(signer_factory(&Algorithm::EdDSA, &EncodingKey::from_ed_der(b"short")).is_err());
}
