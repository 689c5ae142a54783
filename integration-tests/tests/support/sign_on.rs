//! A small OpenID provider: a real server with discovery, authorization, tokens and keys, that can be told to misbehave.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use custodian_application::{Clock, SystemClock};
use custodian_crypto::{Randomness, SystemRandomness, sha256};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaPair;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use ring::{hmac, rsa::PublicKeyComponents};
use serde_json::{Value, json};

const RSA_KEY: &[u8] = include_bytes!("rsa_key_of_tests.der");
/// What the provider knows us by.
pub const CLIENT: (&str, &str) = ("custodian", "secret of the client");

/// How ID tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    Rs256,
    Es256,
    EdDsa,
    /// No signature at all.
    None,
    /// HMAC, with what everybody knows of the RSA key.
    HmacOfThePublicKey,
    /// HMAC, with our own client secret.
    HmacOfTheSecret,
    /// By a key that is not published, under the name of one that is.
    Stranger,
}

type Tamper = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// What the provider does.
pub struct Conduct {
    /// Members of the next ID tokens beside the usual ones.
    pub person: Value,
    /// How they are signed.
    pub signing: Signing,
    /// The name of the key in force.
    pub kid: String,
    /// Changes the claims at the last moment.
    pub tamper: Tamper,
    /// The issuer that the discovery document names.
    pub names_itself: String,
    /// The `iss` that comes back with the code.
    pub answers_as: String,
    /// Bytes of white space before the keys.
    pub padding: usize,
    /// Times that the keys were fetched.
    pub fetched: usize,
    codes: HashMap<String, Value>,
    spent: HashSet<String>,
}

/// A running provider. It ends with the process.
pub struct SignOn {
    /// Its issuer.
    pub issuer: String,
    conduct: Arc<Mutex<Conduct>>,
    keys: Arc<Keys>,
}

struct Keys {
    rsa: RsaPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    strange: EcdsaKeyPair,
}

struct Inside {
    issuer: String,
    conduct: Arc<Mutex<Conduct>>,
    keys: Arc<Keys>,
}

impl SignOn {
    /// Starts one that vouches for nobody yet.
    pub fn start() -> Self {
        let (told, hear) = std::sync::mpsc::channel();
        let keys = Arc::new(Keys::new());
        let conduct = Arc::new(Mutex::new(Conduct::new()));
        let (own_keys, own_conduct) = (Arc::clone(&keys), Arc::clone(&conduct));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                let issuer = format!("http://{}", socket.local_addr().unwrap());
                let inside = Data::new(Inside { issuer: issuer.clone(), conduct: own_conduct, keys: own_keys });
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(inside.clone())
                        .route("/.well-known/openid-configuration", web::get().to(discovery))
                        .route("/authorize", web::get().to(authorize))
                        .route("/token", web::post().to(token))
                        .route("/jwks", web::get().to(jwks))
                });
                let running = server.workers(1).disable_signals().listen(socket).unwrap().run();
                told.send(issuer).unwrap();
                running.await.unwrap();
            });
        });
        let issuer = hear.recv().unwrap();
        let own = Self { issuer: issuer.clone(), conduct, keys };
        own.conduct().names_itself.clone_from(&issuer);
        own.conduct().answers_as.clone_from(&issuer);
        own
    }

    /// What it does, to be changed.
    pub fn conduct(&self) -> MutexGuard<'_, Conduct> {
        self.conduct.lock().unwrap()
    }

    /// Vouches for a person of this subject and verified address.
    pub fn vouch(&self, subject: &str, email: &str) {
        self.conduct().person = json!({"sub": subject, "email": email, "email_verified": true});
    }

    /// Changes the claims of the next ID tokens.
    pub fn tamper(&self, change: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.conduct().tamper = Arc::new(change);
    }

    /// Signs these claims as told.
    pub fn sign(&self, claims: &Value) -> String {
        let (signing, kid) = {
            let conduct = self.conduct();
            (conduct.signing, conduct.kid.clone())
        };
        self.keys.sign(signing, &kid, claims)
    }
}

impl Conduct {
    fn new() -> Self {
        Self {
            person: json!({"sub": "nobody"}),
            signing: Signing::Rs256,
            kid: "one".to_owned(),
            tamper: Arc::new(|_| {}),
            names_itself: String::new(),
            answers_as: String::new(),
            padding: 0,
            fetched: 0,
            codes: HashMap::new(),
            spent: HashSet::new(),
        }
    }
}

impl Keys {
    fn new() -> Self {
        let random = SystemRandom::new();
        let ec = || {
            let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
        };
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let ed = Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap();
        Self { rsa: RsaPair::from_pkcs8(RSA_KEY).unwrap(), ec: ec(), ed, strange: ec() }
    }

    fn sign(&self, signing: Signing, kid: &str, claims: &Value) -> String {
        let (alg, key) = match signing {
            Signing::Rs256 => ("RS256", "rsa"),
            Signing::Es256 | Signing::Stranger => ("ES256", "ec"),
            Signing::EdDsa => ("EdDSA", "ed"),
            Signing::None => ("none", "rsa"),
            Signing::HmacOfThePublicKey | Signing::HmacOfTheSecret => ("HS256", "rsa"),
        };
        let header = json!({"typ": "JWT", "alg": alg, "kid": format!("{key}-{kid}")});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.signature(signing, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signature(&self, signing: Signing, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let hmac_of = |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec();
        match signing {
            Signing::Rs256 => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Signing::Es256 => self.ec.sign(&random, message).unwrap().as_ref().to_vec(),
            Signing::EdDsa => self.ed.sign(message).as_ref().to_vec(),
            Signing::Stranger => self.strange.sign(&random, message).unwrap().as_ref().to_vec(),
            Signing::None => Vec::new(),
            Signing::HmacOfThePublicKey => hmac_of(self.rsa.public().as_ref()),
            Signing::HmacOfTheSecret => hmac_of(CLIENT.1.as_bytes()),
        }
    }

    fn published(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let rsa: PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        let point = self.ec.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let key = |name: &str, rest: Value| {
            let mut key = json!({"use": "sig", "kid": format!("{name}-{kid}")});
            key.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            key
        };
        json!({"keys": [
            key("rsa", json!({"kty": "RSA", "alg": "RS256", "n": encode(&rsa.n), "e": encode(&rsa.e)})),
            key("ec", json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": encode(x), "y": encode(y)})),
            key("ed", json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": encode(self.ed.public_key().as_ref())})),
        ]})
    }
}

async fn discovery(inside: Data<Inside>) -> HttpResponse {
    let at = |path: &str| format!("{}/{path}", inside.issuer);
    let issuer = inside.conduct.lock().unwrap().names_itself.clone();
    HttpResponse::Ok().json(
        json!({"issuer": issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
        "jwks_uri": at("jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"]}),
    )
}

async fn jwks(inside: Data<Inside>) -> HttpResponse {
    let mut conduct = inside.conduct.lock().unwrap();
    conduct.fetched += 1;
    let keys = inside.keys.published(&conduct.kid);
    HttpResponse::Ok().content_type("application/json").body(format!("{}{keys}", " ".repeat(conduct.padding)))
}

/// Everybody who comes is logged in as the person that is vouched for.
async fn authorize(inside: Data<Inside>, asked: Query<HashMap<String, String>>) -> HttpResponse {
    let sound = asked.get("response_type").is_some_and(|kind| kind == "code")
        && asked.get("client_id").is_some_and(|id| id == CLIENT.0)
        && asked.get("code_challenge_method").is_some_and(|method| method == "S256")
        && asked.get("scope").is_some_and(|scope| scope.contains("openid"));
    if !sound {
        return HttpResponse::BadRequest().finish();
    }
    let mut random = [0; 16];
    SystemRandomness.fill(&mut random);
    let code = URL_SAFE_NO_PAD.encode(random);
    let mut conduct = inside.conduct.lock().unwrap();
    let place = format!(
        "{}?code={code}&state={}&iss={}&session_state=x",
        asked["redirect_uri"], asked["state"], conduct.answers_as
    );
    conduct.codes.insert(code, json!(asked.into_inner()));
    HttpResponse::Found().insert_header((LOCATION, place)).finish()
}

async fn token(inside: Data<Inside>, req: HttpRequest, form: Form<HashMap<String, String>>) -> HttpResponse {
    let refused = |error: &str| HttpResponse::BadRequest().json(json!({"error": error}));
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    // RFC 6749, 2.3.1: both are form-encoded before they are joined.
    let known = STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1.replace(' ', "+")));
    let sent = req.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if sent != format!("Basic {known}") {
        return refused("invalid_client");
    }
    let mut conduct = inside.conduct.lock().unwrap();
    let code = text("code");
    let Some(asked) = conduct.codes.get(&code).cloned().filter(|_| conduct.spent.insert(code)) else {
        return refused("invalid_grant");
    };
    let challenge = URL_SAFE_NO_PAD.encode(sha256(text("code_verifier").as_bytes()));
    if asked["code_challenge"] != challenge || asked["redirect_uri"] != text("redirect_uri") {
        return refused("invalid_grant");
    }
    let now = SystemClock.now().timestamp();
    let mut claims =
        json!({"iss": inside.issuer, "aud": CLIENT.0, "iat": now, "exp": now + 300, "nonce": asked["nonce"]});
    claims.as_object_mut().unwrap().extend(conduct.person.as_object().unwrap().clone());
    (conduct.tamper)(&mut claims);
    let token = inside.keys.sign(conduct.signing, &conduct.kid, &claims);
    HttpResponse::Ok()
        .json(json!({"access_token": "none of ours", "token_type": "Bearer", "expires_in": 300, "id_token": token}))
}
