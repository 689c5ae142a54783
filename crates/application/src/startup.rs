//! What must be true before the first request is answered (data.md). Each failure is a sentence for the operator.

use chrono::{DateTime, Utc};
use custodian_crypto::RootKey;
use custodian_domain::kernel::DomainError;
use custodian_outbound::KeyStore;
use custodian_persistence::{Database, audit, backups, checks, keys, migrations, organizations};

use crate::audit::fsck;

/// Why the server does not serve, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

impl From<custodian_persistence::DbError> for Unfit {
    fn from(error: custodian_persistence::DbError) -> Self {
        Self(format!("The database cannot be used: {error}."))
    }
}

impl From<custodian_outbound::KeyStoreError> for Unfit {
    fn from(error: custodian_outbound::KeyStoreError) -> Self {
        Self(format!("{error}."))
    }
}

/// How far the clock may be behind the last audit entry: two machines are never quite together.
const CLOCK_TOLERANCE: i64 = 60;

/// Checks migrations, settings of Postgres, rights of our role, the root key and the clock. Binds a new deployment to its root key.
pub async fn check(db: &Database, root_key: &RootKey, store: &dyn KeyStore, now: DateTime<Utc>) -> Result<(), Unfit> {
    if backups::is_unfinished(db).await? {
        return Err(Unfit(
            "A restore into this database is not finished: people who were erased could be readable in it. Run `custodian restore` again with the same \
             --from and --database; it goes on where it ended."
                .into(),
        ));
    }
    let pending = migrations::pending(db).await?;
    if let Some(first) = pending.first() {
        return Err(Unfit(format!(
            "The database lacks {} migration(s), the first is {first}. Run `custodian migrate` as the owner.",
            pending.len()
        )));
    }
    let facts = checks::server_facts(db).await?;
    if facts.version < 150_000 {
        return Err(Unfit(format!("PostgreSQL 15 or newer is needed; this server says {}.", facts.version)));
    }
    if !facts.unsafe_settings.is_empty() {
        return Err(Unfit(format!(
            "Postgres is set to lose acknowledged writes ({}). Set these to on.",
            facts.unsafe_settings.join(", ")
        )));
    }
    if !facts.excess_rights.is_empty() {
        return Err(Unfit(format!(
            "The server's database role {}. Give it a role that may not.",
            facts.excess_rights.join(" and ")
        )));
    }
    check_root_key(db, root_key, store, now).await?;
    for (organization, _) in organizations::list(db).await? {
        if let Some(latest) = audit::latest_time(db, organization).await?
            && (latest - now).num_seconds() > CLOCK_TOLERANCE
        {
            return Err(Unfit(format!(
                "The clock says {now}, which is before the last audit entry ({latest}). Set the clock right."
            )));
        }
    }
    Ok(())
}

/// The same for a database that is being put back: it is not served yet, and its owner asks. It must belong to the root key and the key store, and the clock
/// must be right.
pub async fn check_put_back(
    db: &Database,
    root_key: &RootKey,
    store: &dyn KeyStore,
    now: DateTime<Utc>,
) -> Result<(), Unfit> {
    if store.check_value()?.is_none() {
        return Err(Unfit(
            "The key store is empty. Mount the one that belongs to this backup: nobody can be opened without.".into(),
        ));
    }
    check_root_key(db, root_key, store, now).await
}

/// The database, the key store and the root key must belong together.
async fn check_root_key(
    db: &Database,
    root_key: &RootKey,
    store: &dyn KeyStore,
    now: DateTime<Utc>,
) -> Result<(), Unfit> {
    let ours = root_key.check_value();
    let version = i32::try_from(root_key.version()).unwrap_or(i32::MAX);
    let (in_database, in_store) = (keys::deployment(db).await?, store.check_value()?);
    if in_database.as_ref().is_some_and(|(value, _)| value != &ours) {
        return Err(Unfit("The root key is not the one that this database was made with. Nothing was written.".into()));
    }
    if in_store.as_ref().is_some_and(|value| value != &ours) {
        return Err(Unfit(
            "The root key is not the one that this key store was made with. Nothing was written.".into(),
        ));
    }
    match (&in_database, &in_store) {
        (Some(_), None) => Err(Unfit(
            "The key store is empty although the database is not new. Mount the key store that belongs to it.".into(),
        )),
        (None, Some(_)) if !organizations::list(db).await?.is_empty() => Err(Unfit(
            "The database has organisations but no key check value. It is not the one that belongs to this key store."
                .into(),
        )),
        _ => {
            if in_store.is_none() {
                store.bind(&ours)?;
            }
            keys::bind_deployment(db, &ours, version, now).await?;
            Ok(())
        }
    }
}

/// The log in the database must be at least what was signed and carried out of it: otherwise an older copy was put back, or another one put there.
pub async fn check_log(app: &crate::App) -> Result<(), Unfit> {
    let mut findings = Vec::new();
    let work = custodian_persistence::Work::begin_global(app.db()).await?;
    let (_, size) = fsck::head(app, &work, &mut findings).await?;
    let compared = fsck::newest_anchors(app, &work, size, &mut findings).await;
    work.abandon().await;
    compared.map_err(|error| Unfit(format!("The audit log cannot be checked: {error}.")))?;
    match findings.first() {
        None => Ok(()),
        Some(finding) => {
            tracing::error!(alert = "critical", code = finding.code, %finding, "the audit log is not as it was left");
            Err(Unfit(format!("{} Nothing is served.", finding.says)))
        }
    }
}

/// For the readiness probe: the database answers and the log can be written.
pub async fn ready(app: &crate::App) -> Result<(), DomainError> {
    checks::ping(app.db()).await?;
    if app.audit_writer().status().failing() { Err(DomainError::AuditUnavailable) } else { Ok(()) }
}
