//! Wiring: the only file that knows every crate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use custodian_application::audit::{AuditLog, LogSettings};
use custodian_application::rights_protocols::{PartnerAuthorities, SigningCertificate};
use custodian_application::startup::{self, Unfit};
use custodian_application::{App, AppParts, Clock, Custody, FileRules, SystemClock, Tuning};
use custodian_crypto::{PasswordCost, RootKey, Secret32, SystemRandomness};
use custodian_domain::access::Allowance;
use custodian_domain::detections::Thresholds;
use custodian_outbound::{
    AnchorFile, DirectoryKeyStore, Fetch, FolderMail, KeyStore, KeyringFolder, Limits, Mail, ReadOnlyKeyStore, Scanner,
    SmtpMail, WitnessClient,
};
use custodian_persistence::{Database, DatabaseSettings};

use crate::config::{Settings, Unscanned};
use crate::http::{Edge, RateLimiter};
use crate::platform::{Jwks, Platform};

/// Version of root keys; a rotated one counts up.
const ROOT_KEY_VERSION: u32 = 1;

/// Reads a root key file: 32 bytes, raw or in hexadecimal, readable by this account alone.
pub fn root_key(path: &Path) -> Result<RootKey, Unfit> {
    use std::os::unix::fs::PermissionsExt;
    let say = |text: String| Unfit(format!("{}: {text}", path.display()));
    let meta = std::fs::metadata(path)
        .map_err(|error| say(format!("the root key file cannot be read ({}).", error.kind())))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(say("the root key file can be read by others. Set its mode to 0400.".into()));
    }
    let bytes = zeroize::Zeroizing::new(
        std::fs::read(path).map_err(|error| say(format!("the root key file cannot be read ({}).", error.kind())))?,
    );
    let raw: Option<[u8; 32]> = bytes.as_slice().try_into().ok().or_else(|| from_hex(&bytes));
    let raw = raw.ok_or_else(|| say("the root key must be 32 bytes, or 64 hexadecimal digits.".into()))?;
    Ok(RootKey::from_bytes(Secret32::from_bytes(raw), ROOT_KEY_VERSION))
}

fn from_hex(text: &[u8]) -> Option<[u8; 32]> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let mut out = [0_u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (place, pair) in out.iter_mut().zip(text.as_bytes().as_chunks::<2>().0) {
        *place = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

/// What an [`App`] is made of, apart from the clock.
pub struct Wiring<'a> {
    /// Settings of the service.
    pub settings: &'a Settings,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The folder that letters go to where no mail server is set; private instances alone have one.
    pub mailbox: Option<PathBuf>,
}

/// The database as the server's role.
pub fn database(settings: &Settings) -> Result<Database, Unfit> {
    open(settings.database_url.expose(), settings)
}

/// The database as the owner's role.
pub fn owner_database(settings: &Settings) -> Result<Database, Unfit> {
    let url = settings
        .owner_database_url
        .as_ref()
        .ok_or_else(|| Unfit("owner_database_url must be set for this command.".into()))?;
    open(url.expose(), settings)
}

/// A database at another address, with the certificate authority of the settings.
pub fn database_at(url: &str, settings: &Settings) -> Result<Database, Unfit> {
    open(url, settings)
}

/// What a PostgreSQL program needs in its environment to reach a database: no password stands on a command line.
pub fn database_environment(url: &str, settings: &Settings) -> Result<Vec<(&'static str, String)>, Unfit> {
    Ok(custodian_persistence::backups::environment(url, settings.database_ca_file.as_deref())?)
}

fn open(url: &str, settings: &Settings) -> Result<Database, Unfit> {
    let pool_size = settings.database_pool_size.size();
    Ok(Database::new(&DatabaseSettings { url: url.to_owned(), ca_file: settings.database_ca_file.clone(), pool_size })?)
}

impl<'a> Wiring<'a> {
    /// With the machine's clock.
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings, clock: Arc::new(SystemClock), mailbox: None }
    }

    /// Runs the start-up checks and starts the service's core.
    pub async fn start(self) -> Result<App, Unfit> {
        let app = self.open().await?;
        startup::check_log(&app).await?;
        Ok(app)
    }

    /// The same without holding the audit log against what was carried out of the database: for commands that tell what is wrong with it.
    pub async fn open(self) -> Result<App, Unfit> {
        let db = database(self.settings)?;
        let (key, store) = keys(self.settings)?;
        startup::check(&db, &key, &store, self.clock.now()).await?;
        self.assemble(db, key, Arc::new(store)).await
    }

    /// The core on a database that is being put back, as its owner: nothing is served from it.
    pub async fn open_put_back(self, owner: Database) -> Result<App, Unfit> {
        let (key, store) = keys(self.settings)?;
        startup::check_put_back(&owner, &key, &store, self.clock.now()).await?;
        self.assemble(owner, key, Arc::new(store)).await
    }

    /// The same beside a running service: nothing is written to the key store.
    pub async fn open_beside(self, owner: Database) -> Result<App, Unfit> {
        let (key, store) = keys(self.settings)?;
        startup::check_put_back(&owner, &key, &store, self.clock.now()).await?;
        self.assemble(owner, key, Arc::new(ReadOnlyKeyStore::over(store))).await
    }

    async fn assemble(self, db: Database, key: RootKey, key_store: Arc<dyn KeyStore>) -> Result<App, Unfit> {
        let rights_certificate = rights_certificate(self.settings)?;
        let rights_authorities = rights_authorities(self.settings)?;
        let tuning = Tuning { rights_certificate, ..tuning(self.settings, rights_authorities) };
        let log = log_settings(self.settings)?;
        let log = AuditLog::open(&db, &key, &SystemRandomness, self.clock.now(), &tuning.issuer, log).await?;
        let mail = mail(self.settings, self.mailbox.as_deref())?;
        let custody = custody(self.settings)?;
        // A private instance shows messages to telephones among its letters; elsewhere no way to send them is known yet.
        let sms = mail.clone().filter(|_| self.mailbox.is_some());
        let rng = Arc::new(SystemRandomness);
        let loopback = self.settings.outbound_allow_loopback.is_on();
        let fetch = Fetch::new(loopback).map_err(Unfit)?;
        let courier = Fetch::limited(loopback, Limits::of_webhooks()).map_err(Unfit)?;
        let clock = self.clock;
        let parts =
            AppParts { db, root_key: key, key_store, clock, rng, log, fetch, courier, tuning, mail, sms, custody };
        App::start(parts).await.map_err(|error| Unfit(format!("The service cannot start: {error}.")))
    }
}

/// The root key, and the key store that it opens.
fn keys(settings: &Settings) -> Result<(RootKey, DirectoryKeyStore), Unfit> {
    let store = DirectoryKeyStore::open(&settings.key_store_dir, root_key(&settings.root_key_file)?)?;
    Ok((root_key(&settings.root_key_file)?, store))
}

/// What lies outside the database so that an erasure holds in every copy of it.
pub fn custody(settings: &Settings) -> Result<Custody, Unfit> {
    let cannot = |path: &Path, error: std::io::Error| {
        Unfit(format!("{}: it cannot be opened ({}).", path.display(), error.kind()))
    };
    let ledger = |path: &PathBuf| AnchorFile::open(path).map(Arc::new).map_err(|error| cannot(path, error));
    let keyrings = |path: &PathBuf| KeyringFolder::open(path).map_err(|error| cannot(path, error));
    Ok(Custody {
        ledger: settings.security_ledger_file.as_ref().map(ledger).transpose()?,
        keyrings: settings.keyring_export_dir.as_ref().map(keyrings).transpose()?,
        grace: chrono::Duration::seconds(i64::from(settings.erasure_grace_seconds.get())),
        every: std::time::Duration::from_secs(u64::from(settings.erasure_round_seconds.get())),
    })
}

/// The anchor file, where one is set.
pub fn anchor(settings: &Settings) -> Result<Option<Arc<AnchorFile>>, Unfit> {
    let open = |path: &PathBuf| {
        AnchorFile::open(path)
            .map(Arc::new)
            .map_err(|error| Unfit(format!("{}: the anchor file cannot be opened ({}).", path.display(), error.kind())))
    };
    settings.audit_anchor_file.as_ref().map(open).transpose()
}

/// The audit log's share of the settings.
fn log_settings(settings: &Settings) -> Result<LogSettings, Unfit> {
    let anchor = anchor(settings)?;
    let check_every = Some(std::time::Duration::from_secs(u64::from(settings.audit_check_seconds.get())));
    let witnesses = settings.audit_witnesses.iter().map(|setting| setting.0.clone()).collect();
    let client =
        WitnessClient::new(&[], std::time::Duration::from_secs(10)).map_err(|error| Unfit(error.to_string()))?;
    Ok(LogSettings { anchor, witnesses, witness_client: Some(client), check_every })
}

/// The mail server of the settings, else the folder of a private instance, else none.
fn mail(settings: &Settings, mailbox: Option<&Path>) -> Result<Option<Arc<dyn Mail>>, Unfit> {
    if let (Some(url), Some(from)) = (&settings.smtp_url, &settings.mail_from) {
        let smtp = SmtpMail::new(url.expose(), from.as_str()).map_err(Unfit)?;
        return Ok(Some(Arc::new(smtp)));
    }
    let Some(folder) = mailbox else { return Ok(None) };
    let mail = FolderMail::open(folder)
        .map_err(|error| Unfit(format!("{}: the mailbox cannot be made ({}).", folder.display(), error.kind())))?;
    Ok(Some(Arc::new(mail)))
}

fn tuning(settings: &Settings, rights_authorities: PartnerAuthorities) -> Tuning {
    Tuning {
        issuer: settings.public_base_url.as_str().to_owned(),
        access_token: chrono::Duration::minutes(i64::from(settings.access_token_minutes.get())),
        session: chrono::Duration::hours(i64::from(settings.session_hours.get())),
        password_cost: PasswordCost {
            memory_kib: settings.argon2_memory_kib.get(),
            iterations: settings.argon2_iterations.get(),
            parallelism: settings.argon2_parallelism.get(),
        },
        login_failures_per_minute: settings.login_failures_per_minute.get(),
        thresholds: Thresholds {
            window: chrono::Duration::minutes(i64::from(settings.alarm_window_minutes.get())),
            accounts: settings.alarm_failed_accounts.get(),
            accounts_together: settings.alarm_failed_accounts_together.get(),
            refusals: settings.alarm_refused_customers.get(),
            searches: settings.alarm_vain_searches.get(),
            backup_hours: settings.alarm_backup_hours.get(),
            drill_days: settings.alarm_backup_drill_days.get(),
        },
        budget: Allowance {
            reveals: settings.reveal_budget_per_day.get(),
            last4_searches: settings.last4_searches_per_day.get(),
        },
        invitation: chrono::Duration::hours(i64::from(settings.invitation_hours.get())),
        password_reset: chrono::Duration::minutes(i64::from(settings.password_reset_minutes.get())),
        files: FileRules {
            most_bytes: u64::from(settings.attachment_max_bytes.get()),
            types: settings.attachment_types.iter().map(|one| one.0.clone()).collect(),
            customer_bytes: u64::from(settings.attachment_customer_mib.get()) << 20,
            total_bytes: u64::from(settings.attachment_total_mib.get()) << 20,
            scanner: settings.attachment_scanner.as_ref().map(|one| Scanner::at(&one.0)),
            hold_unscanned: settings.attachment_unscanned == Unscanned::Hold,
        },
        follow_up_hour: settings.follow_up_hour.get(),
        merge_undo: chrono::Duration::days(i64::from(settings.merge_undo_days.get())),
        account_url: settings.account_url.as_ref().map(|url| url.as_str().to_owned()),
        rights_certificate: None,
        rights_authorities,
    }
}

/// Who must have issued a partner's certificate.
fn rights_authorities(settings: &Settings) -> Result<PartnerAuthorities, Unfit> {
    let Some(path) = &settings.opendsr_authorities_file else {
        return PartnerAuthorities::load(None).map_err(|error| Unfit(error.to_string()));
    };
    let cannot = |why: String| Unfit(format!("{}: it names no authority ({why}).", path.display()));
    let text = std::fs::read(path).map_err(|error| cannot(error.kind().to_string()))?;
    PartnerAuthorities::load(Some(&text)).map_err(|error| cannot(error.to_string()))
}

/// What signs answers and callbacks of OpenDSR.
fn rights_certificate(settings: &Settings) -> Result<Option<Arc<SigningCertificate>>, Unfit> {
    let (Some(certificate), Some(key)) = (&settings.opendsr_certificate_file, &settings.opendsr_key_file) else {
        return Ok(None);
    };
    let cannot = |path: &Path, why: String| Unfit(format!("{}: it cannot be used ({why}).", path.display()));
    let text = std::fs::read_to_string(certificate).map_err(|error| cannot(certificate, error.kind().to_string()))?;
    let secret = std::fs::read(key).map_err(|error| cannot(key, error.kind().to_string()))?;
    let loaded = SigningCertificate::load(&text, &zeroize::Zeroizing::new(secret));
    loaded.map(|loaded| Some(Arc::new(loaded))).map_err(|error| cannot(certificate, error.to_string()))
}

/// The transport's share of the settings.
pub fn edge(settings: &Settings) -> Edge {
    let timeout = std::time::Duration::from_secs(u64::from(settings.request_timeout_seconds.get()));
    let mut edge = Edge::new(settings.public_base_url.as_str(), settings.body_limit_bytes.size(), timeout);
    edge.tls |= settings.tls_certificate_file.is_some();
    edge.trusted_proxies = settings.trusted_proxies.to_vec();
    edge.cors_origins = settings.cors_origins.iter().map(|origin| origin.as_str().to_owned()).collect();
    edge.rate = RateLimiter::new(settings.rate_limit_per_minute.get());
    edge
}

/// What the service tells about itself.
pub fn platform(app: &App, settings: &Settings, mailbox: Option<PathBuf>) -> Platform {
    let app = app.clone();
    let jwks = Jwks::by(move || app.jwks());
    Platform { jwks, security_contact: settings.security_contact.as_str().into(), mailbox }
}
