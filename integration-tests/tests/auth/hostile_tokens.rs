//! Tokens that are almost right. Each differs in one thing from one that works.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use custodian_crypto::{SigningKey, SystemRandomness};
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{Org, Person, Service, shared, stopped};

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token that works, taken apart, with the key to put it together again.
struct Mint {
    header: Value,
    claims: Value,
    key: SigningKey,
}

impl Mint {
    async fn of(service: &Service, person: &Person) -> Self {
        let parts: Vec<&str> = person.access_token.split('.').collect();
        Self { header: decode(parts[0]), claims: decode(parts[1]), key: service.signing_key().await }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes())))
    }

    /// Rightly signed, with another header member; null takes it away.
    fn with_header(&self, name: &str, value: Value) -> String {
        self.sign(&changed(&self.header, name, value), &self.claims)
    }

    /// Rightly signed, with another claim; null takes it away.
    fn with_claim(&self, name: &str, value: Value) -> String {
        self.sign(&self.header, &changed(&self.claims, name, value))
    }
}

fn changed(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    object
}

async fn is_refused(token: &str, what: &str) {
    let answer = shared().stranger().get("/v1/me").header("authorization", &format!("Bearer {token}")).await;
    assert_eq!(answer.status, 401, "{what}: {answer}");
    assert_eq!(answer.problem_faults(), Vec::<String>::new(), "{what}: {answer}");
}

async fn mint() -> Mint {
    let asha = Org::found().await.sales_a().await;
    let mint = Mint::of(shared(), &asha).await;
    let whole = mint.sign(&mint.header, &mint.claims);
    let answer = shared().stranger().get("/v1/me").header("authorization", &format!("Bearer {whole}")).await;
    assert_eq!(answer.shows(200).at("/id"), asha.id.to_string());
    mint
}

#[tokio::test]
async fn another_algorithm_is_refused() {
    let mint = mint().await;
    for alg in ["none", "None", "NONE", "nOnE", "HS256", "RS256", "ES256", "eddsa", "Ed25519", ""] {
        is_refused(&mint.with_header("alg", json!(alg)), alg).await;
        let unsigned = format!("{}.{}.", encode(&changed(&mint.header, "alg", json!(alg))), encode(&mint.claims));
        is_refused(&unsigned, alg).await;
    }
    is_refused(&mint.with_header("alg", Value::Null), "no alg").await;
    is_refused(&mint.with_header("alg", json!(["EdDSA"])), "a list of alg").await;
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let mint = mint().await;
    let jwks = shared().stranger().get("/.well-known/jwks.json").await.shows(200);
    let x = jwks.text_at("/keys/0/x");
    let raw = URL_SAFE_NO_PAD.decode(&x).unwrap();
    let der = [[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00].as_slice(), &raw].concat();
    let body = base64::engine::general_purpose::STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let key = jwks.at("/keys/0").to_string();
    for secret in [x.as_bytes(), &raw, &der, pem.as_bytes(), pem.trim().as_bytes(), key.as_bytes(), b""] {
        for alg in ["HS256", "EdDSA"] {
            let signed = format!("{}.{}", encode(&changed(&mint.header, "alg", json!(alg))), encode(&mint.claims));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
            is_refused(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)), alg).await;
        }
    }
}

#[tokio::test]
async fn a_signature_by_anybody_else_is_refused() {
    let mint = mint().await;
    let (other, _) = SigningKey::generate(&SystemRandomness);
    let signed = format!("{}.{}", encode(&mint.header), encode(&mint.claims));
    let foreign = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(other.sign(signed.as_bytes())));
    is_refused(&foreign, "our kid, their key").await;
    let stranger =
        Mint { header: changed(&mint.header, "kid", json!(other.key_id())), claims: mint.claims.clone(), key: other };
    is_refused(&stranger.sign(&stranger.header, &stranger.claims), "their kid, their key").await;
    let whole = mint.sign(&mint.header, &mint.claims);
    let (head, signature) = whole.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for at in [0, 31, 32, 63] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        is_refused(&format!("{head}.{}", URL_SAFE_NO_PAD.encode(changed)), "a flipped bit").await;
    }
    for odd in [
        format!("{head}."),
        head.to_owned(),
        format!("{whole}="),
        format!("{whole}.{signature}"),
        format!(".{whole}"),
        "..".to_owned(),
        "a.b.c".to_owned(),
    ] {
        is_refused(&odd, &odd).await;
    }
}

#[tokio::test]
async fn a_key_id_is_looked_up_and_nothing_else() {
    let mint = mint().await;
    let long = "k".repeat(10_000);
    for kid in ["../../dev/null", "' or 1=1--", "https://evil.example/jwks.json", "", "unknown", "\0", &long] {
        is_refused(&mint.with_header("kid", json!(kid)), "kid").await;
    }
    for kid in [Value::Null, json!(1), json!([mint.header["kid"]]), json!({"x": 1})] {
        is_refused(&mint.with_header("kid", kid), "kid").await;
    }
}

#[tokio::test]
async fn a_header_that_brings_its_own_key_is_refused() {
    let mint = mint().await;
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"});
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("jwk", jwk),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        is_refused(&mint.with_header(name, value), name).await;
    }
}

#[tokio::test]
async fn a_token_of_another_kind_is_refused() {
    let mint = mint().await;
    for typ in ["JWT", "jwt", "id_token", "logout+jwt", "AT+JWT", "application/at+jwt", ""] {
        is_refused(&mint.with_header("typ", json!(typ)), typ).await;
    }
    is_refused(&mint.with_header("typ", Value::Null), "no typ").await;
}

#[tokio::test]
async fn a_token_for_others_is_refused() {
    let mint = mint().await;
    let base = &shared().base_url;
    for aud in [
        json!("subject"),
        json!("Staff"),
        json!(["staff", "other"]),
        json!(["staff"]),
        json!(""),
        json!(1),
        Value::Null,
    ] {
        is_refused(&mint.with_claim("aud", aud.clone()), &format!("aud {aud}")).await;
    }
    for iss in [
        json!(format!("{base}/")),
        json!(base.to_uppercase()),
        json!("https://evil.example"),
        json!([base]),
        Value::Null,
    ] {
        is_refused(&mint.with_claim("iss", iss.clone()), &format!("iss {iss}")).await;
    }
}

#[tokio::test]
async fn a_time_that_is_no_whole_second_is_refused() {
    let mint = mint().await;
    let (now, exp) = (mint.claims["iat"].as_i64().unwrap(), mint.claims["exp"].as_i64().unwrap());
    for exp in [
        json!(exp.to_string()),
        json!(1e30),
        json!(-1),
        json!(0),
        json!(now - 1),
        json!("never"),
        json!([exp]),
        json!(exp as f64 + 0.5),
        Value::Null,
    ] {
        is_refused(&mint.with_claim("exp", exp.clone()), &format!("exp {exp}")).await;
    }
    for nbf in [json!((now + 3600).to_string()), json!(now + 3600), json!("x"), Value::Null] {
        is_refused(&mint.with_claim("nbf", nbf.clone()), &format!("nbf {nbf}")).await;
    }
}

#[tokio::test]
async fn who_a_token_speaks_for_must_fit_its_session() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (asha, ben, theirs) = (org.sales_a().await, org.sales_b().await, other.admin().await);
    let mint = Mint::of(shared(), &asha).await;
    let bens = Mint::of(shared(), &ben).await;
    for (name, value) in [
        ("sub", json!(ben.id)),
        ("sub", json!(theirs.id)),
        ("sub", json!("admin")),
        ("org", json!(other.id)),
        ("org", json!(uuid::Uuid::nil())),
        ("sid", bens.claims["sid"].clone()),
        ("sid", json!(uuid::Uuid::nil())),
        ("sid", Value::Null),
        ("org", Value::Null),
        ("sub", Value::Null),
    ] {
        is_refused(&mint.with_claim(name, value.clone()), &format!("{name} {value}")).await;
    }
}

#[tokio::test]
async fn a_token_of_another_organisation_opens_nothing_here() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (asha, theirs) = (org.sales_a().await, other.admin().await);
    let customer = org.customer_of(&asha).await;
    // Before anything of ours is asked for: what they ask for themselves stands in their own log.
    let audit = other.auditor().await.get("/v1/audit/entries?limit=200").await.shows(200);
    assert!(!audit.text().contains(&customer) && !audit.text().contains(&asha.id.to_string()), "{audit}");
    theirs.get(&format!("/v1/customers/{customer}")).await.refuses(404, "not_found");
    theirs.get(&format!("/v1/users/{}", asha.id)).await.refuses(404, "not_found");
    for list in ["/v1/customers", "/v1/users", "/v1/departments", "/v1/api-keys"] {
        let answer = theirs.get(list).await.shows(200);
        for ours in [customer.as_str(), &asha.id.to_string(), &asha.email, &org.department_id("Sales").to_string()] {
            assert!(!answer.text().contains(ours), "{answer}");
        }
    }
}

#[tokio::test]
async fn an_address_inside_a_token_is_never_called() {
    let mint = mint().await;
    let listening = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listening.set_nonblocking(true).unwrap();
    let address = json!(format!("http://{}/keys.json", listening.local_addr().unwrap()));
    for name in ["jku", "x5u", "kid"] {
        is_refused(&mint.with_header(name, address.clone()), name).await;
    }
    for name in ["iss", "aud", "sub"] {
        is_refused(&mint.with_claim(name, address.clone()), name).await;
    }
    // Whoever had called would stand in the queue.
    assert_eq!(listening.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_token_of_another_installation_opens_nothing_here() {
    let elsewhere = stopped();
    let theirs = Org::found_on(&elsewhere).await.admin().await;
    theirs.get("/v1/me").await.shows(200);
    is_refused(&theirs.access_token, "another installation").await;
    // Also where it claims to be ours, and comes with our own key's name.
    let (ours, mut forged) = (mint().await, Mint::of(&elsewhere, &theirs).await);
    forged.header = ours.header.clone();
    forged.claims = ours.claims.clone();
    is_refused(&forged.sign(&forged.header, &forged.claims), "our words, their key").await;
    let ours = Org::found().await.admin().await;
    let request = elsewhere.stranger().get("/v1/me").header("authorization", &format!("Bearer {}", ours.access_token));
    request.await.refuses(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token() {
    let asha = Org::found().await.sales_a().await;
    is_refused(&asha.refresh_token, "a refresh token").await;
    asha.get("/v1/me").await.shows(200);
}
