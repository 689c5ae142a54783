//! A backup being taken: what is noted before the dump begins, and what is written once it is whole.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::backups::LedgerAt;
use custodian_domain::kernel::DomainError;
use custodian_persistence::audit::log as stored;
use custodian_persistence::backups::{self, BackupRow};
use custodian_persistence::{Work, migrations, organizations};
use uuid::Uuid;

use super::manifest::{AtCheckpoint, DumpFile, Manifest};
use crate::App;
use crate::audit::{Detail, Draft, record_all};
use crate::detections::look_at_backups;
use crate::erasures::{export_keyring, position, tell_others};

/// What is noted before the dump begins: everything that the ledger tells of up to there is in the dump.
#[derive(Clone, Debug)]
pub struct Begun {
    id: Uuid,
    at: DateTime<Utc>,
    ledger: LedgerAt,
    checkpoint: AtCheckpoint,
}

fn away(error: std::io::Error) -> DomainError {
    DomainError::unavailable(format!("the security ledger: {}", error.kind()))
}

/// Notes how far the ledger and the log are.
///
/// Errors: `unavailable` where no ledger, or no folder for keyring exports, is set up: a backup could not be put back without them.
pub async fn begin(app: &App) -> Result<Begun, DomainError> {
    let (Some(file), Some(_)) = (app.custody().ledger.clone(), &app.custody().keyrings) else {
        return Err(DomainError::unavailable("security_ledger_file and keyring_export_dir must be set"));
    };
    for (organization, _) in organizations::list(app.db()).await? {
        tell_others(app, organization).await?;
    }
    let position = tokio::task::spawn_blocking(move || position(&file).map_err(away)).await;
    let position = position.map_err(|_| DomainError::internal("the reader of the ledger ended"))??;
    let work = Work::begin_global(app.db()).await?;
    let head = stored::head(&work).await;
    work.abandon().await;
    let head = head?;
    let checkpoint = AtCheckpoint {
        origin: app.log().origin().to_owned(),
        note: head.note,
        size: u64::try_from(head.size).unwrap_or(0),
    };
    let ledger = position.unwrap_or(LedgerAt { sequence: 0, sha256: String::new() });
    Ok(Begun { id: app.new_id(), at: app.now(), ledger, checkpoint })
}

/// Exports every organisation's wrapped keys, so that all that the dump holds can be opened by what lies beside it.
pub async fn finish(app: &App, begun: Begun, dump: DumpFile) -> Result<Manifest, DomainError> {
    let all = organizations::list(app.db()).await?;
    for (organization, _) in &all {
        export_keyring(app, *organization, app.now()).await?;
    }
    let Begun { id, at, ledger, checkpoint } = begun;
    let manifest = Manifest {
        checkpoint,
        dump,
        id,
        ledger: ledger.into(),
        organizations: u64::try_from(all.len()).unwrap_or(u64::MAX),
        schema: migrations::newest(app.db()).await?,
        taken_at: at,
        v: 1,
    };
    crate::audit::sequencer::anchor_ledger(app).await?;
    Ok(manifest)
}

/// Tells every log of a backup that is in its place, and notes it.
pub async fn note_taken(app: &App, manifest: &Manifest) -> Result<(), DomainError> {
    let all = organizations::list(app.db()).await?;
    let work = Work::begin_global(app.db()).await?;
    backups::insert(&work, &row(manifest)).await?;
    work.commit().await?;
    for (organization, _) in &all {
        let draft = Draft::of(Action::BackupsTake)
            .with("backup", Detail::Code(manifest.id.to_string()))
            .with("sha256", Detail::Code(manifest.dump.sha256.clone()))
            .with("ledger", Detail::Code(manifest.ledger.sequence.to_string()));
        let work = app.begin(*organization).await?;
        record_all(&work, &[&app.own_entry(*organization, draft).await?]).await?;
        look_at_backups(app, &work).await?;
        work.commit().await?;
    }
    Ok(())
}

fn row(manifest: &Manifest) -> BackupRow {
    BackupRow {
        id: manifest.id,
        taken_at: manifest.taken_at,
        bytes: i64::try_from(manifest.dump.bytes).unwrap_or(i64::MAX),
        sha256: manifest.dump.sha256.clone(),
        ledger_sequence: i64::try_from(manifest.ledger.sequence).unwrap_or(i64::MAX),
        schema: manifest.schema.clone(),
        drill: None,
    }
}
