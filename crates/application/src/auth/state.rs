//! What authentication keeps in memory: token keys, callers verified a moment ago, sessions that just ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use custodian_crypto::{MacKey, PasswordCost, Randomness, RootKey, SigningKey};
use custodian_domain::kernel::DomainError;
use custodian_persistence::Database;
use custodian_persistence::keys::{self as stored, SigningKeyRow};
use moka::sync::Cache;
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::quota::Drawn;
use super::throttle::Throttle;
use crate::{Identity, Tuning};

/// How long a verified caller is believed before the database is asked again. Every credential is dead this long after its end at the latest, on
/// every instance; on the instance that ended it, at once.
const BELIEVED: Duration = Duration::from_millis(500);
/// Longer than any load that began before an end can take.
const REMEMBERED: Duration = Duration::from_secs(30);

/// How long a password waits for its turn to be hashed; after as long again a try is worth it.
const TURN: Duration = Duration::from_secs(5);

/// See the module.
pub struct AuthState {
    pub(super) signing: SigningKey,
    pub(super) public_keys: HashMap<String, [u8; 32]>,
    /// Those and the retired ones: what was signed with them still verifies, though no token of theirs is taken.
    pub(super) published: Vec<(String, [u8; 32])>,
    pub(super) identities: Cache<[u8; 32], Arc<Identity>>,
    pub(super) ended: Cache<Uuid, ()>,
    pub(super) refresh_pepper: MacKey,
    pub(super) key_pepper: MacKey,
    pub(super) one_time_pepper: MacKey,
    pub(super) throttle: Throttle,
    pub(super) forgotten: Throttle,
    pub(super) visits: Throttle,
    pub(super) drawn: Drawn,
    pub(super) hashing: Arc<Semaphore>,
    pub(super) dummy_hash: String,
}

impl AuthState {
    pub(crate) async fn open(
        db: &Database,
        root: &RootKey,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
        tuning: &Tuning,
    ) -> Result<Self, DomainError> {
        let mut rows = stored::signing_keys(db, "token").await?;
        if rows.is_empty() {
            stored::insert_signing_key(db, &new_key(root, rng, now)).await?;
            rows = stored::signing_keys(db, "token").await?;
        }
        let newest = rows.last().ok_or_else(|| DomainError::internal("no token key"))?;
        let seed = root
            .unwrap("signing-key/1", &[newest.key_id.as_bytes()], &newest.wrapped_key)
            .map_err(|_| DomainError::Integrity)?;
        let signing = SigningKey::from_secret(&seed).map_err(|_| DomainError::Integrity)?;
        let public_keys = rows
            .iter()
            .filter_map(|row| Some((row.key_id.clone(), row.public_key.as_slice().try_into().ok()?)))
            .collect();
        let published = stored::all_signing_keys(db, "token").await?;
        let published = published
            .into_iter()
            .filter_map(|row| Some((row.key_id, row.public_key.as_slice().try_into().ok()?)))
            .collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            signing,
            public_keys,
            published,
            identities: Cache::builder().max_capacity(50_000).time_to_live(BELIEVED).build(),
            ended: Cache::builder().max_capacity(100_000).time_to_live(REMEMBERED).build(),
            refresh_pepper: MacKey::new(&root.derive("refresh-pepper/1", &[])),
            key_pepper: MacKey::new(&root.derive("api-key-pepper/1", &[])),
            one_time_pepper: MacKey::new(&root.derive("one-time-token/1", &[])),
            throttle: Throttle::default(),
            forgotten: Throttle::default(),
            visits: Throttle::default(),
            drawn: Drawn::default(),
            hashing: Arc::new(Semaphore::new(cores)),
            dummy_hash: custodian_crypto::password::dummy_hash(tuning.password_cost),
        })
    }

    /// The key that signs tokens and, under a type of their own, documents that must verify offline.
    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// The payload of a document of this type that one of the token keys has signed.
    pub(crate) fn open_signed(&self, text: &str, typ: &str) -> Option<Vec<u8>> {
        self.published.iter().find_map(|(_, public)| custodian_crypto::jws::open(text, typ, public))
    }

    /// Slows down who asks for codes.
    pub(crate) fn visits(&self) -> &Throttle {
        &self.visits
    }

    /// A MAC that makes the name of a visit one of ours.
    pub(crate) fn sign_challenge(&self, named: &[u8]) -> [u8; 32] {
        self.one_time_pepper.sign(&[b"challenge/".as_slice(), named].concat())
    }

    /// Whether this is that MAC, in constant time.
    pub(crate) fn is_challenge(&self, named: &[u8], mac: &[u8]) -> bool {
        self.one_time_pepper.verify(&[b"challenge/".as_slice(), named].concat(), mac)
    }

    /// A MAC that makes the name of a ticket for a stream one of ours.
    pub(crate) fn sign_ticket(&self, named: &[u8]) -> [u8; 32] {
        self.one_time_pepper.sign(&[b"stream-ticket/".as_slice(), named].concat())
    }

    /// Whether this is that MAC, in constant time.
    pub(crate) fn is_ticket(&self, named: &[u8], mac: &[u8]) -> bool {
        self.one_time_pepper.verify(&[b"stream-ticket/".as_slice(), named].concat(), mac)
    }

    /// Forgets a session or key at once on this instance.
    pub(crate) fn forget(&self, credential: Uuid) {
        self.ended.insert(credential, ());
    }

    /// Asks the database anew about every secret of a key that was believed a moment ago: one of them may have ended.
    pub(crate) fn doubt(&self, key: Uuid) {
        let believed = self.identities.iter().filter(|(_, identity)| identity.actor_id() == key);
        let digests: Vec<_> = believed.map(|(digest, _)| *digest).collect();
        digests.iter().for_each(|digest| self.identities.invalidate(digest));
    }

    /// The same for several sessions. Before the commit on purpose: an end that then fails has cost a log-in, the other order could let a request through.
    pub(crate) fn forget_all(&self, sessions: &[custodian_domain::kernel::SessionId]) {
        sessions.iter().for_each(|session| self.forget(session.uuid()));
    }

    /// Asks the database anew about every caller of this instance: what their sessions may do has changed.
    pub(crate) fn believe_nobody(&self) {
        self.identities.invalidate_all();
    }

    pub(crate) fn jwks(&self) -> String {
        let keys: Vec<_> = self
            .published
            .iter()
            .map(|(kid, public)| json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": URL_SAFE_NO_PAD.encode(public)}))
            .collect();
        json!({ "keys": keys }).to_string()
    }

    /// Is this the key of that stored digest? Compared in constant time.
    pub(crate) fn is_key(&self, secret: &str, digest: &[u8]) -> bool {
        self.key_pepper.verify(secret.as_bytes(), digest)
    }

    /// What is stored of an API key.
    pub(crate) fn digest_key(&self, secret: &str) -> [u8; 32] {
        custodian_crypto::opaque::digest(&self.key_pepper, secret)
    }

    /// Runs a password hash off the event loop, no more at once than there are cores: each holds tens of MiB.
    pub(super) async fn hashing<T: Send + 'static>(
        &self,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, DomainError> {
        let turn = Arc::clone(&self.hashing).acquire_owned();
        let Ok(Ok(_permit)) = tokio::time::timeout(TURN, turn).await else {
            return Err(DomainError::wait("too_many_attempts", TURN.as_secs().cast_signed()));
        };
        tokio::task::spawn_blocking(run).await.map_err(|_| DomainError::internal("password hashing ended early"))
    }
}

/// Makes a token key, wrapped by the root key.
fn new_key(root: &RootKey, rng: &dyn Randomness, now: DateTime<Utc>) -> SigningKeyRow {
    let (key, seed) = SigningKey::generate(rng);
    let key_id = key.key_id();
    let wrapped_key = root.wrap("signing-key/1", &[key_id.as_bytes()], &seed, rng);
    SigningKeyRow { wrapped_key, key_id, purpose: "token".into(), public_key: key.public().to_vec(), created_at: now }
}

/// Hashes a password at the configured cost. Blocking: tens of milliseconds.
pub(super) fn hash(password: &str, cost: PasswordCost, rng: &dyn Randomness) -> String {
    custodian_crypto::password::hash(password, cost, rng)
}
