//! What authentication keeps in memory: token keys, callers verified a moment ago, sessions that just ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use custodian_crypto::{MacKey, PasswordCost, Randomness, RootKey};
use custodian_domain::kernel::DomainError;
use custodian_persistence::Database;
use moka::sync::Cache;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::quota::Drawn;
use super::throttle::Throttle;
use super::token_keys::TokenKeys;
use super::turns::Turns;
use crate::{Identity, Tuning};

/// How long a verified caller is believed before the database is asked again. Every credential is dead this long after its end at the latest, on
/// every instance; on the instance that ended it, at once. People at their own door are asked about each time.
const BELIEVED: Duration = Duration::from_millis(500);
/// Longer than any load that began before an end can take.
const REMEMBERED: Duration = Duration::from_secs(30);

/// How long a password waits for its turn to be hashed; after as long again a try is worth it.
const TURN: Duration = Duration::from_secs(5);

/// See the module.
pub struct AuthState {
    pub(super) tokens: RwLock<Arc<TokenKeys>>,
    pub(super) identities: Cache<[u8; 32], Arc<Identity>>,
    pub(super) turns: Turns,
    doubts: AtomicU64,
    pub(super) ended: Cache<Uuid, ()>,
    pub(super) key_pepper: MacKey,
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
        let tokens = TokenKeys::open(db, root, rng, now).await?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            tokens: RwLock::new(Arc::new(tokens)),
            identities: Cache::builder().max_capacity(50_000).time_to_live(BELIEVED).build(),
            turns: Turns::default(),
            doubts: AtomicU64::new(0),
            ended: Cache::builder().max_capacity(100_000).time_to_live(REMEMBERED).build(),
            key_pepper: MacKey::new(&root.derive("api-key-pepper/1", &[])),
            throttle: Throttle::default(),
            forgotten: Throttle::default(),
            visits: Throttle::default(),
            drawn: Drawn::default(),
            hashing: Arc::new(Semaphore::new(cores)),
            dummy_hash: custodian_crypto::password::dummy_hash(tuning.password_cost),
        })
    }

    /// Slows down who asks for codes.
    pub(crate) fn visits(&self) -> &Throttle {
        &self.visits
    }

    /// Forgets a session or key at once on this instance.
    pub(crate) fn forget(&self, credential: Uuid) {
        self.ended.insert(credential, ());
    }

    /// Asks the database anew about every secret of a key that was believed a moment ago: one of them may have ended.
    pub(crate) fn doubt(&self, key: Uuid) {
        self.doubts.fetch_add(1, Ordering::SeqCst);
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
        self.doubts.fetch_add(1, Ordering::SeqCst);
        self.identities.invalidate_all();
    }

    /// How often callers had to be asked about anew. An answer that was asked for before the last time is nobody's but the asker's.
    pub(super) fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::SeqCst)
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

/// Hashes a password at the configured cost. Blocking: tens of milliseconds.
pub(super) fn hash(password: &str, cost: PasswordCost, rng: &dyn Randomness) -> String {
    custodian_crypto::password::hash(password, cost, rng)
}
