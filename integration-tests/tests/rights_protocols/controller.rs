//! A controller that speaks OpenDSR 2.0, written from the specification's words: it signs the raw body with its own certificate's key, and believes an answer
//! only after the signature by the certificate that discovery names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Person, Request, Service};

/// The domain of the certificate below.
pub const DOMAIN: &str = "privacy.shop.example";
/// The certificate that the controller is known by.
pub const CERTIFICATE: &str = include_str!("../support/rights/controller.pem");
const KEY: &[u8] = include_bytes!("../support/rights/controller_key.der");

/// A controller with its token.
pub struct Controller {
    pub id: String,
    pub token: String,
    pub domain: String,
    caller: Caller,
}

impl Controller {
    /// One that was just added.
    pub fn of(service: &Service, made: &Answer) -> Self {
        let token = made.text_at("/token");
        let caller = service.stranger().with("authorization", &format!("Bearer {token}"));
        Self { id: made.id(), token, domain: made.text_at("/identifier"), caller }
    }

    /// Adds one with its certificate.
    pub async fn added(service: &Service, admin: &Person, members: Value) -> Self {
        let mut all = json!({"protocol": "opendsr", "identifier": DOMAIN, "certificate": CERTIFICATE});
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Self::of(service, &super::add(admin, &all).await.shows(201))
    }

    /// A request, signed under the names of the version.
    pub fn post(&self, path: &str, body: &[u8]) -> Request {
        let prefix = if path.starts_with("/v1/") { "X-OpenGDPR" } else { "X-OpenDSR" };
        self.unsigned(path, body)
            .header(&format!("{prefix}-Processor-Domain"), &self.domain)
            .header(&format!("{prefix}-Signature"), &signature(body))
    }

    /// The same without a signature.
    pub fn unsigned(&self, path: &str, body: &[u8]) -> Request {
        self.caller.request("POST", path).body("application/json", body)
    }

    /// Submits a request.
    pub async fn submit(&self, body: &Value) -> Answer {
        self.post("/v2/requests", body.to_string().as_bytes()).await
    }

    /// Asks where one stands.
    pub async fn status(&self, id: &str) -> Answer {
        self.caller.get(&format!("/v2/requests/{id}")).await
    }

    /// Cancels one.
    pub async fn cancel(&self, id: &str) -> Answer {
        self.caller.request("DELETE", &format!("/v2/requests/{id}")).await
    }
}

/// Base64 of the signature over the SHA-256 digest of the raw body.
pub fn signature(body: &[u8]) -> String {
    let pair = RsaKeyPair::from_pkcs8(KEY).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body, &mut signature).unwrap();
    STANDARD.encode(signature)
}

/// A request about an address.
pub fn request(id: &str, kind: &str, address: &str) -> Value {
    let submitted = (super::now() - chrono::Duration::hours(1)).to_rfc3339();
    json!({"regulation": "gdpr", "subject_request_id": id, "subject_request_type": kind, "submitted_time": submitted, "api_version": "2.0",
        "subject_identities": [{"identity_type": "email", "identity_value": address, "identity_format": "raw"}]})
}

/// A UUID of version 4, in lower case.
pub fn request_id() -> String {
    let mut bytes = [0_u8; 16];
    ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes).unwrap();
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// The processor's certificate, downloaded from where discovery says; its path, for it names the public address of the service.
pub async fn processor_key(service: &Service) -> Vec<u8> {
    let stranger = service.stranger();
    let place = stranger.get("/v2/discovery").await.shows(200).text_at("/processor_certificate");
    let path = place.strip_prefix(service.settings.public_base_url.as_str()).expect("on the domain of discovery");
    let pem = stranger.get(path).await.shows(200).text().to_owned();
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    public_key(&STANDARD.decode(lines).unwrap())
}

/// Whether the headers sign the body for this domain.
pub fn verifies(key: &[u8], headers: [&str; 2], body: &[u8]) -> bool {
    let [domain, signature] = headers;
    let signature = STANDARD.decode(signature).unwrap_or_default();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    domain == "opendsr.custodian.example" && key.verify(body, &signature).is_ok()
}

/// Whether an answer is signed under the names of version 2.
pub fn is_signed(key: &[u8], answer: &Answer) -> bool {
    let headers =
        ["x-opendsr-processor-domain", "x-opendsr-signature"].map(|name| answer.header(name).unwrap_or_default());
    verifies(key, headers, &answer.bytes)
}

/// The RSA key in a certificate: the seventh member of its body holds an algorithm and, as bits, the key (RFC 5280, 4.1).
fn public_key(certificate: &[u8]) -> Vec<u8> {
    let (_, certificate, _) = element(certificate);
    let (_, mut body, _) = element(certificate);
    for _ in 0..6 {
        body = element(body).2;
    }
    let (_, info, _) = element(body);
    let (tag, bits, _) = element(element(info).2);
    assert_eq!((tag, bits[0]), (3, 0), "a bit string without spare bits");
    bits[1..].to_vec()
}

/// Tag, content and rest of a DER element.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, at) = match der[1] {
        short @ 0..=127 => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            (der[2..2 + count].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + count)
        }
    };
    (der[0], &der[at..at + length], &der[at + length..])
}
