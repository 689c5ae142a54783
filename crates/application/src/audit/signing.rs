//! The keys that sign checkpoints: Ed25519, wrapped by the root key, never the token keys. The newest signs, all verify.

use chrono::{DateTime, Utc};
use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::Hash;
use custodian_crypto::note::{KeyKind, Note, VerifierKey};
use custodian_crypto::{Randomness, RootKey, SigningKey};
use custodian_domain::kernel::DomainError;
use custodian_persistence::Database;
use custodian_persistence::keys::{self as stored, SigningKeyRow};

const PURPOSE: &str = "audit";

/// The keys of the log, oldest first; at least one.
pub struct LogKeys(Vec<SigningKey>);

impl LogKeys {
    /// Opens every key that the database has. A sentence for the operator when there is none, or when one was put there by somebody else:
    /// only the holder of the root key can make one that opens.
    pub async fn load(db: &Database, root: &RootKey) -> Result<Self, String> {
        let rows = stored::all_signing_keys(db, PURPOSE).await.map_err(|error| error.to_string())?;
        let keys = rows.iter().map(|row| open(row, root)).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err("The key that signs the audit log is gone from the database.".to_owned());
        }
        Ok(Self(keys))
    }

    /// Makes the first key of a new deployment; does nothing when there is one.
    pub async fn begin(
        db: &Database,
        root: &RootKey,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<(), DomainError> {
        Ok(stored::insert_first_signing_key(db, &made(root, rng, now)).await?)
    }

    /// Adds a key that signs from here on; what the keys before it have signed stays verifiable. A running service takes it up with its next
    /// check of the log.
    pub async fn rotate(
        db: &Database,
        root: &RootKey,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
    ) -> Result<(), DomainError> {
        Ok(stored::insert_signing_key(db, &made(root, rng, now)).await?)
    }

    /// A checkpoint of the log of that name, signed by the newest key.
    pub fn sign(&self, origin: &str, size: u64, root: Hash) -> Result<String, DomainError> {
        let key = self.0.last().ok_or_else(|| DomainError::internal("no audit key"))?;
        let checkpoint = Checkpoint { origin: origin.to_owned(), size, root };
        let note = checkpoint.sign(key).map_err(|error| DomainError::internal(format!("checkpoint: {error}")))?;
        Ok(note.to_string())
    }

    /// The checkpoint of a note that one of the keys has signed for the log of that name.
    pub fn open(&self, origin: &str, note: &str) -> Option<Checkpoint> {
        let note = Note::parse(note).ok()?;
        Checkpoint::open(&note, &self.verifiers(origin)).ok().filter(|checkpoint| checkpoint.origin == origin)
    }

    /// The public halves for the log of that name, oldest first.
    pub fn verifiers(&self, origin: &str) -> Vec<VerifierKey> {
        self.0.iter().filter_map(|key| VerifierKey::new(KeyKind::Ed25519, origin, key.public()).ok()).collect()
    }
}

fn made(root: &RootKey, rng: &dyn Randomness, now: DateTime<Utc>) -> SigningKeyRow {
    let (key, seed) = SigningKey::generate(rng);
    let key_id = key.key_id();
    let wrapped_key = root.wrap("signing-key/1", &[key_id.as_bytes()], &seed, rng);
    SigningKeyRow {
        public_key: key.public().to_vec(),
        purpose: PURPOSE.to_owned(),
        key_id,
        wrapped_key,
        created_at: now,
    }
}

/// The public key and the id stand in the open beside what is wrapped: they count only if they belong to it.
fn open(row: &SigningKeyRow, root: &RootKey) -> Result<SigningKey, String> {
    let foreign = || format!("The audit key {} in the database was not made by this service.", row.key_id);
    let seed = root.unwrap("signing-key/1", &[row.key_id.as_bytes()], &row.wrapped_key).map_err(|_| foreign())?;
    let key = SigningKey::from_secret(&seed).map_err(|_| foreign())?;
    if key.key_id() == row.key_id && key.public().as_slice() == row.public_key { Ok(key) } else { Err(foreign()) }
}
