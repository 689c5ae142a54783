//! What a running service knows of the log of all logs: its name, the keys that sign, the anchor file, and who is told of checkpoints.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use custodian_crypto::{Randomness, RootKey};
use custodian_domain::kernel::OrganizationId;
use custodian_outbound::{AnchorFile, WitnessClient};
use custodian_persistence::audit::log as stored;
use custodian_persistence::{Database, Work};

use super::LogKeys;
use super::finding::Told;
use super::sequencer::Witness;
use crate::App;
use crate::startup::Unfit;

/// What an operator may set.
#[derive(Clone, Default)]
pub struct LogSettings {
    /// Where checkpoints are kept outside the database.
    pub anchor: Option<Arc<AnchorFile>>,
    /// Who is asked to cosign them.
    pub witnesses: Vec<Witness>,
    /// How they are reached; without it they are not asked.
    pub witness_client: Option<WitnessClient>,
    /// How often the log is checked while the service runs; never without.
    pub check_every: Option<Duration>,
}

/// See the module.
pub struct AuditLog {
    origin: String,
    keys: RwLock<Arc<LogKeys>>,
    settings: LogSettings,
    pub(super) told: Told,
}

impl AuditLog {
    /// Opens the signing keys and finds out under which name the log was begun; a new deployment gets both here.
    ///
    /// Refused with a sentence when the log has leaves and its key is gone or foreign.
    pub async fn open(
        db: &Database,
        root: &RootKey,
        rng: &dyn Randomness,
        now: DateTime<Utc>,
        issuer: &str,
        settings: LogSettings,
    ) -> Result<Self, Unfit> {
        let work = Work::begin_global(db).await?;
        let head = stored::head(&work).await;
        work.abandon().await;
        if head?.size == 0 {
            LogKeys::begin(db, root, rng, now).await.map_err(|error| Unfit(format!("{error}.")))?;
        }
        let keys = LogKeys::load(db, root).await.map_err(Unfit)?;
        let origin = stored::name(db, &origin_at(issuer)).await?;
        Ok(Self { origin, keys: RwLock::new(Arc::new(keys)), settings, told: Told::default() })
    }

    /// Name of the log of all logs: `<host>/audit`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Name of an organisation's log: `<host>/audit/<id>`.
    pub fn origin_of(&self, organization: OrganizationId) -> String {
        format!("{}/{organization}", self.origin)
    }

    /// The keys that sign checkpoints.
    pub fn keys(&self) -> Arc<LogKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the operator has set.
    pub fn settings(&self) -> &LogSettings {
        &self.settings
    }
}

/// Adds a key to those that sign checkpoints and takes it up; see [`LogKeys::rotate`].
pub async fn rotate_key(app: &App) -> Result<(), Unfit> {
    let rotated = LogKeys::rotate(app.db(), app.keys().root(), app.rng(), app.now()).await;
    rotated.map_err(|error| Unfit(format!("{error}.")))?;
    app.reload_log_keys().await.map_err(Unfit)
}

impl App {
    /// Reads the signing keys again; another instance may have added one. What is wrong with them is a sentence.
    pub(crate) async fn reload_log_keys(&self) -> Result<(), String> {
        let keys = LogKeys::load(self.db(), self.keys().root()).await?;
        *self.log().keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }
}

/// The name of a log that is begun at this address.
fn origin_at(issuer: &str) -> String {
    let host = issuer.split_once("://").map_or(issuer, |(_, host)| host);
    format!("{}/audit", host.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_named_after_where_it_was_begun() {
        assert_eq!(origin_at("https://custodian.example.com"), "custodian.example.com/audit");
        assert_eq!(origin_at("http://127.0.0.1:8080"), "127.0.0.1:8080/audit");
        assert_eq!(origin_at("https://example.com/customers/"), "example.com/customers/audit");
    }
}
