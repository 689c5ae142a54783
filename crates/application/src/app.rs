//! What every use case is given: the database, the keys, the log, the clock and randomness.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_crypto::{MacKey, PasswordCost, Randomness, RootKey};
use custodian_domain::access::Allowance;
use custodian_domain::detections::Thresholds;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_outbound::{AnchorFile, Fetch, KeyStore, KeyringFolder, Mail, Scanner};
use custodian_persistence::access::Look;
use custodian_persistence::audit::{AuditWriter, NewEntry, Recorded};
use custodian_persistence::{Database, Work, organizations};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::Clock;
use crate::access::Counted;
use crate::audit::AuditLog;
use crate::auth::AuthState;
use crate::catalog::Catalogs;
use crate::keys::Keyring;
use crate::rights_protocols::{PartnerAuthorities, SigningCertificate};
use crate::sso_providers::Providers;

/// Figures that an operator may turn.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Issuer of tokens: the public base URL.
    pub issuer: String,
    /// Life of an access token.
    pub access_token: chrono::Duration,
    /// Life of a session, whatever is refreshed in it.
    pub session: chrono::Duration,
    /// Cost of a password hash.
    pub password_cost: PasswordCost,
    /// Failed log-ins from one address within a minute before it is made to wait.
    pub login_failures_per_minute: u32,
    /// From how many doors tried on an alarm is raised.
    pub thresholds: Thresholds,
    /// What a day allows somebody whose roles name no figure of their own.
    pub budget: Allowance,
    /// How long an invitation can be accepted.
    pub invitation: chrono::Duration,
    /// How long a forgotten password can be replaced with one letter.
    pub password_reset: chrono::Duration,
    /// What of files is taken in.
    pub files: FileRules,
    /// The hour of the day, by UTC, from which on people are written to about what is due.
    pub follow_up_hour: u32,
    /// How long a merge of two customers can be undone.
    pub merge_undo: chrono::Duration,
    /// Where the pages of a frontend stand that letters link to; without, letters name the call to make.
    pub account_url: Option<String>,
    /// What signs answers and callbacks of OpenDSR; without, the key that signs our documents does.
    pub rights_certificate: Option<Arc<SigningCertificate>>,
    /// Who must have issued a partner's certificate.
    pub rights_authorities: PartnerAuthorities,
}

/// What of files is taken in, and who looks through them before.
#[derive(Clone, Debug)]
pub struct FileRules {
    /// The most bytes of one.
    pub most_bytes: u64,
    /// Media types that are taken in, by what a file is.
    pub types: Vec<String>,
    /// The most bytes of all of one customer's.
    pub customer_bytes: u64,
    /// The most bytes of all of an organisation's.
    pub total_bytes: u64,
    /// The scanner; without one nobody looks.
    pub scanner: Option<Scanner>,
    /// Whether a file is taken in and held while the scanner does not answer; else it is refused.
    pub hold_unscanned: bool,
}

/// What lies outside the database so that an erasure holds in every copy of it.
#[derive(Clone, Debug)]
pub struct Custody {
    /// The security ledger.
    pub ledger: Option<Arc<AnchorFile>>,
    /// Where exports of wrapped keys go.
    pub keyrings: Option<KeyringFolder>,
    /// How long a key that was left is kept for those who are reading by it right now.
    pub grace: chrono::Duration,
    /// How often erasures are taken further.
    pub every: std::time::Duration,
}

/// What an [`App`] is made of.
pub struct AppParts {
    /// The database, as the server role.
    pub db: Database,
    /// The root key; wraps only.
    pub root_key: RootKey,
    /// Where bucket keys live.
    pub key_store: Arc<dyn KeyStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Randomness>,
    /// The log of all logs, opened.
    pub log: AuditLog,
    /// Calls other servers.
    pub fetch: Fetch,
    /// Tells webhooks.
    pub courier: Fetch,
    /// Settings.
    pub tuning: Tuning,
    /// Takes letters; none where mail is not set up.
    pub mail: Option<Arc<dyn Mail>>,
    /// Takes short messages to telephones; none where there is no such way.
    pub sms: Option<Arc<dyn Mail>>,
    /// What lies outside the database.
    pub custody: Custody,
}

/// One running service, shared by its doors. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Database,
    audit: AuditWriter,
    keys: Keyring,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Randomness>,
    cursor_key: MacKey,
    auth: AuthState,
    log: AuditLog,
    providers: Providers,
    courier: Fetch,
    counted: Counted,
    catalogs: Catalogs,
    tuning: Tuning,
    mail: Option<Arc<dyn Mail>>,
    sms: Option<Arc<dyn Mail>>,
    custody: Custody,
}

impl App {
    /// Starts the audit writer and opens the signing keys; see [`crate::startup`] for the checks that come before serving.
    pub async fn start(parts: AppParts) -> Result<Self, DomainError> {
        let AppParts { db, root_key, key_store, clock, rng, log, fetch, courier, tuning, mail, sms, custody } = parts;
        let audit = AuditWriter::start(db.clone())?;
        let cursor_key = MacKey::new(&root_key.derive("cursor/1", &[]));
        let auth = AuthState::open(&db, &root_key, &*rng, clock.now(), &tuning).await?;
        let keys = Keyring::new(root_key, key_store);
        let providers = Providers::new(fetch);
        let counted = Counted::default();
        Ok(Self(Arc::new(Inner {
            db,
            audit,
            keys,
            clock,
            rng,
            cursor_key,
            auth,
            log,
            counted,
            catalogs: Catalogs::default(),
            providers,
            courier,
            tuning,
            mail,
            sms,
            custody,
        })))
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// A new UUIDv7 of this moment.
    pub fn new_id(&self) -> Uuid {
        new_id(self.now(), self.rng())
    }

    /// Randomness.
    pub fn rng(&self) -> &dyn Randomness {
        &*self.0.rng
    }

    /// The database, as the server role.
    pub fn db(&self) -> &Database {
        &self.0.db
    }

    /// The keys.
    pub fn keys(&self) -> &Keyring {
        &self.0.keys
    }

    /// Binds paging cursors.
    pub fn cursor_key(&self) -> &MacKey {
        &self.0.cursor_key
    }

    /// The writer of entries that no transaction carries.
    pub fn audit_writer(&self) -> &AuditWriter {
        &self.0.audit
    }

    /// Takes letters, if mail is set up.
    pub fn mail(&self) -> Option<&Arc<dyn Mail>> {
        self.0.mail.as_ref()
    }

    /// Takes short messages to telephones, if there is a way.
    pub fn sms(&self) -> Option<&Arc<dyn Mail>> {
        self.0.sms.as_ref()
    }

    /// Settings.
    pub fn tuning(&self) -> &Tuning {
        &self.0.tuning
    }

    /// What lies outside the database.
    pub fn custody(&self) -> &Custody {
        &self.0.custody
    }

    /// The log of all logs: name, signing keys, anchor file.
    pub fn log(&self) -> &AuditLog {
        &self.0.log
    }

    /// Whom the database has counted today already.
    pub(crate) fn counted(&self) -> &Counted {
        &self.0.counted
    }

    /// The catalogs of organisations that are in use.
    pub(crate) fn catalogs(&self) -> &Catalogs {
        &self.0.catalogs
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// Tells webhooks.
    pub(crate) fn courier(&self) -> &Fetch {
        &self.0.courier
    }

    pub(crate) fn auth(&self) -> &AuthState {
        &self.0.auth
    }

    /// Opens a transaction for an organisation.
    pub async fn begin(&self, organization: OrganizationId) -> Result<Work, DomainError> {
        Ok(Work::begin(&self.0.db, organization).await?)
    }

    /// Asks the database in a transaction of its own, of which nothing is left, and gives the connection back whatever the answer is.
    pub(crate) async fn reading<T, E>(
        &self,
        organization: OrganizationId,
        ask: impl AsyncFnOnce(&Work) -> Result<T, E>,
    ) -> Result<T, DomainError>
    where
        DomainError: From<E>,
    {
        let work = self.begin(organization).await?;
        let answer = ask(&work).await;
        work.abandon().await;
        Ok(answer?)
    }

    /// Does something in every organisation, in a transaction for each, one after the other. The first that fails ends it; those before it are done.
    pub(crate) async fn in_each<T, E>(
        &self,
        act: impl Fn(&Work) -> BoxFuture<'_, Result<T, E>>,
    ) -> Result<(), DomainError>
    where
        DomainError: From<E>,
    {
        for (organization, _) in organizations::list(self.db()).await? {
            let work = self.begin(organization).await?;
            act(&work).await?;
            work.commit().await?;
        }
        Ok(())
    }

    /// Begins a transaction if a connection is free at once.
    pub(crate) async fn begin_if_free(&self, organization: OrganizationId) -> Result<Option<Work>, DomainError> {
        Ok(Work::begin_if_free(&self.0.db, organization).await?)
    }

    /// Returns when the entries are durable; nothing may be shown before.
    pub async fn record(&self, entries: Vec<NewEntry>) -> Result<(), DomainError> {
        self.0.audit.record(entries, None).await.map(drop).map_err(|_| DomainError::AuditUnavailable)
    }

    /// The same with the close look that they tell of, which is counted with them.
    pub(crate) async fn record_looking(&self, entries: Vec<NewEntry>, look: Look) -> Result<Recorded, DomainError> {
        self.0.audit.record(entries, Some(look)).await.map_err(|_| DomainError::AuditUnavailable)
    }
}

/// A UUIDv7 (RFC 9562) of this time.
pub fn new_id(now: DateTime<Utc>, rng: &dyn Randomness) -> Uuid {
    let mut random = [0_u8; 10];
    rng.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.timestamp_millis()).unwrap_or(0), &random).into_uuid()
}
