//! The keys of tokens, one after another: each signs access tokens, links and documents, and with the root key makes the MAC keys of refresh tokens, letters
//! and codes. The newest in force makes; those before it are taken until they are retired.

use std::ops::Deref;
use std::sync::{Arc, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use custodian_crypto::{MacKey, Randomness, RootKey, SigningKey, opaque};
use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_persistence::keys::{self as stored, SigningKeyRow, TokenKeyRow};
use custodian_persistence::{Database, organizations};
use serde_json::json;

use crate::App;
use crate::audit::{Detail, Draft, record_all};

const PURPOSE: &str = "token";
/// The MAC keys of what letters and messages carry: invitations, new passwords, one-time codes.
pub(crate) const LETTER: &str = "one-time-token/1";
/// A new key is known for so long before it signs: each instance looks much oftener.
const KNOWN_BEFORE: Duration = Duration::seconds(10);

/// One key.
struct TokenKey {
    id: String,
    key: SigningKey,
    signs_from: DateTime<Utc>,
    retired_at: Option<DateTime<Utc>>,
    compromised: bool,
}

impl TokenKey {
    fn is_taken(&self, now: DateTime<Utc>) -> bool {
        self.retired_at.is_none_or(|end| end > now)
    }
}

/// Every key, oldest first; at least one.
pub(crate) struct TokenKeys(Vec<TokenKey>);

impl TokenKeys {
    /// Reads the keys; makes the first one of a new deployment.
    pub(super) async fn open(
        db: &Database,
        root: &RootKey,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<Self, DomainError> {
        if stored::token_keys(db).await?.is_empty() {
            stored::insert_first_signing_key(db, &made(root, rng, now)).await?;
        }
        Self::load(db, root).await
    }

    async fn load(db: &Database, root: &RootKey) -> Result<Self, DomainError> {
        let rows = stored::token_keys(db).await?;
        let keys = rows.into_iter().map(|row| opened(row, root)).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(DomainError::internal("no token key")) } else { Ok(Self(keys)) }
    }

    /// The place of the key that makes new tokens: the newest in force.
    fn present(&self, now: DateTime<Utc>) -> usize {
        let in_force = |key: &TokenKey| key.is_taken(now) && key.signs_from <= now;
        let newest = self.0.iter().rposition(in_force).or_else(|| self.0.iter().rposition(|key| key.is_taken(now)));
        newest.unwrap_or(self.0.len().saturating_sub(1))
    }

    /// The public half that a token of this key id is verified with; none for a key that is unknown or retired.
    pub(super) fn public(&self, id: &str, now: DateTime<Utc>) -> Option<[u8; 32]> {
        self.0.iter().find(|key| key.id == id && key.is_taken(now)).map(|key| key.key.public())
    }

    /// The payload of a document of this type that one of the keys has signed, retired or not.
    fn open_signed(&self, text: &str, typ: &str) -> Option<Vec<u8>> {
        let mut trusted = self.0.iter().filter(|key| !key.compromised);
        trusted.find_map(|key| custodian_crypto::jws::open(text, typ, &key.key.public()))
    }

    /// Every public half, retired ones as well, as a JWK set: what was signed with them still verifies.
    fn jwks(&self) -> String {
        let one = |key: &TokenKey| {
            let x = URL_SAFE_NO_PAD.encode(key.key.public());
            json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.id, "x": x})
        };
        json!({"keys": self.0.iter().map(one).collect::<Vec<_>>()}).to_string()
    }

    /// MAC keys of a label: the one of the present key first, then those of all others that are taken.
    fn macs(&self, root: &RootKey, label: &str, now: DateTime<Utc>) -> Macs {
        let present = self.present(now);
        let others = (0..self.0.len()).filter(|at| *at != present);
        let taken = |at: &usize| *at == present || self.0.get(*at).is_some_and(|key| key.is_taken(now));
        let of = |at: usize| {
            // Those of the first key are older than keys that follow one another, and name none.
            let id = self.0.get(at).filter(|_| at > 0).map(|key| key.id.as_bytes());
            MacKey::new(&root.derive(label, id.as_slice()))
        };
        Macs(std::iter::once(present).chain(others).filter(taken).map(of).collect())
    }
}

/// MAC keys of one label, those of the present key first.
pub(crate) struct Macs(Vec<MacKey>);

impl Macs {
    /// The MAC of the present key.
    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 32] {
        self.0.first().map_or([0; 32], |key| key.sign(text))
    }

    /// The MACs of every key that is taken.
    pub(crate) fn of<'k>(&'k self, text: &'k [u8]) -> impl Iterator<Item = [u8; 32]> + 'k {
        self.0.iter().map(|key| key.sign(text))
    }

    /// Whether this is the MAC of a key that is taken, in constant time for each.
    pub(crate) fn verify(&self, text: &[u8], mac: &[u8]) -> bool {
        self.0.iter().any(|key| key.verify(text, mac))
    }

    /// What is stored of a secret.
    pub(crate) fn digest(&self, secret: &str) -> [u8; 32] {
        self.0.first().map_or([0; 32], |key| opaque::digest(key, secret))
    }
}

/// The key that signs now.
pub(crate) struct Signing(Arc<TokenKeys>, usize);

impl Deref for Signing {
    type Target = SigningKey;

    #[expect(clippy::indexing_slicing, reason = "the place was found in this very list, which has at least one key")]
    fn deref(&self) -> &SigningKey {
        &self.0.0[self.1].key
    }
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new key.
    pub key_id: String,
    /// New tokens are made with it from then on.
    pub signs_from: DateTime<Utc>,
    /// What older keys made is taken until then.
    pub taken_until: DateTime<Utc>,
    /// How many older keys that concerns.
    pub older: u64,
}

impl App {
    fn token_keys(&self) -> Arc<TokenKeys> {
        Arc::clone(&self.auth().tokens.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key that signs tokens and, under a type of their own, documents that must verify offline.
    pub(crate) fn signing_key(&self) -> Signing {
        let keys = self.token_keys();
        let present = keys.present(self.now());
        Signing(keys, present)
    }

    /// The public half that a token of this key id is verified with.
    pub(crate) fn token_public(&self, id: &str) -> Option<[u8; 32]> {
        self.token_keys().public(id, self.now())
    }

    /// The payload of a document or link of this type that one of the token keys has signed.
    pub(crate) fn open_signed(&self, text: &str, typ: &str) -> Option<Vec<u8>> {
        self.token_keys().open_signed(text, typ)
    }

    /// The MAC keys of a label, which change with the token keys.
    pub(crate) fn macs(&self, label: &str) -> Macs {
        self.token_keys().macs(self.keys().root(), label, self.now())
    }

    /// The public halves of the token keys, as a JWK set (RFC 7517).
    pub fn jwks(&self) -> String {
        self.token_keys().jwks()
    }

    /// Reads the token keys again; another instance, or a command, may have added one.
    pub async fn follow_token_keys(&self) -> Result<(), DomainError> {
        let keys = TokenKeys::load(self.db(), self.keys().root()).await?;
        *self.auth().tokens.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    /// The longest that anything made with a token key lives, apart from links: those are taken until their own end.
    pub fn longest_token(&self) -> Duration {
        let tuning = self.tuning();
        [tuning.access_token, tuning.session, tuning.invitation, tuning.password_reset, Duration::days(1)]
            .into_iter()
            .fold(Duration::zero(), Duration::max)
    }
}

/// Adds a key that makes every new token as soon as all instances know it; older ones are taken for `overlap` after that. With none at once, and
/// `compromised`, nothing that older keys made is taken from here on: sessions, letters and links end. On record in every organisation's log.
pub async fn rotate_token_keys(app: &App, overlap: Option<Duration>) -> Result<Rotation, DomainError> {
    let now = app.now();
    let signs_from = if overlap.is_some() { now + KNOWN_BEFORE } else { now };
    let taken_until = signs_from + overlap.unwrap_or_else(Duration::zero);
    let row = made(app.keys().root(), app.rng(), now);
    let key_id = row.key_id.clone();
    let older = stored::rotate_token_key(app.db(), &row, signs_from, taken_until, overlap.is_none()).await?;
    app.follow_token_keys().await?;
    for (organization, _) in organizations::list(app.db()).await? {
        let work = app.begin(organization).await?;
        let draft = Draft::of(Action::KeysRotateTokens)
            .with("key", Detail::Code(key_id.clone()))
            .with("taken_until", Detail::Code(taken_until.to_rfc3339()));
        let entry = app.own_entry(organization, draft).await?;
        record_all(&work, &[&entry]).await?;
        work.commit().await?;
    }
    Ok(Rotation { key_id, signs_from, taken_until, older })
}

fn opened(row: TokenKeyRow, root: &RootKey) -> Result<TokenKey, DomainError> {
    let TokenKeyRow { row, signs_from, retired_at, compromised } = row;
    let seed =
        root.unwrap("signing-key/1", &[row.key_id.as_bytes()], &row.wrapped_key).map_err(|_| DomainError::Integrity)?;
    let key = SigningKey::from_secret(&seed).map_err(|_| DomainError::Integrity)?;
    Ok(TokenKey { id: row.key_id, key, signs_from, retired_at, compromised })
}

/// Makes a token key, wrapped by the root key.
fn made(root: &RootKey, rng: &dyn Randomness, now: DateTime<Utc>) -> SigningKeyRow {
    let (key, seed) = SigningKey::generate(rng);
    let key_id = key.key_id();
    let wrapped_key = root.wrap("signing-key/1", &[key_id.as_bytes()], &seed, rng);
    SigningKeyRow { wrapped_key, key_id, purpose: PURPOSE.into(), public_key: key.public().to_vec(), created_at: now }
}

#[cfg(test)]
#[path = "token_keys_tests.rs"]
mod tests;
