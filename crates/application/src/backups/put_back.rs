//! A database that was loaded from a backup, made fit to be served: the ledger again, the keys of now, nothing that was in use, everybody opened once.

use std::collections::BTreeMap;

use chrono::{Duration, SecondsFormat};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::audit::log;
use custodian_persistence::backups as stored;
use custodian_persistence::{Work, organizations};
use uuid::Uuid;

use super::beside::Beside;
use super::manifest::Manifest;
use super::people::{Opened, open_everybody};
use super::replay::{Replayed, replay};
use crate::App;
use crate::audit::sequencer::{AnchorLine, AnchoredLedger};
use crate::audit::{Detail, Draft, go_on_as, record_all, renamed};
use crate::auth::rotate_token_keys;
use crate::erasures::position;

/// What was done, and whether the database may be served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Done again as the ledger tells.
    pub replayed: Replayed,
    /// People whose key was taken from the keyring export.
    pub keys_exported: u64,
    /// People whose key opened as it was in the backup.
    pub keys_as_backed_up: u64,
    /// Sessions, tokens, codes, links, files and kept answers that were voided, by what they were.
    pub voided: BTreeMap<&'static str, u64>,
    /// People and values that were opened.
    pub people: u64,
    /// Their values.
    pub values: u64,
    /// People whom no key that exists opens although the ledger does not say that they were erased.
    pub lost: Vec<Uuid>,
    /// The name that the audit log goes on under.
    pub origin: String,
}

impl PutBack {
    /// Nobody who stays is lost: the database may be served.
    pub fn is_whole(&self) -> bool {
        self.lost.is_empty()
    }

    fn add(&mut self, opened: Opened) {
        self.people += opened.people;
        self.values += opened.values;
        self.lost.extend(opened.broken);
    }
}

/// Does everything that stands between a loaded backup and serving it. Ended in the middle, it is called again and goes on: each step does what is left.
///
/// The log keeps its name where somebody is lost: then nothing may be served, and it is called again once the missing key is there.
pub async fn put_back(app: &App, manifest: &Manifest, beside: &Beside) -> Result<PutBack, DomainError> {
    let mut done = PutBack { origin: app.log().origin().to_owned(), ..PutBack::default() };
    let all = organizations::list(app.db()).await?;
    for (organization, _) in &all {
        let exported = beside.keyrings.get(organization).map_or(&[][..], |exported| &exported.keys);
        void(app, *organization, &mut done).await?;
        let keys = app.keys().put_back(app, *organization, exported).await?;
        done.keys_exported += keys.exported;
        done.keys_as_backed_up += keys.as_backed_up;
    }
    done.replayed = replay(app, &beside.ledger, manifest.ledger.sequence).await?;
    for (organization, _) in &all {
        let work = app.begin(*organization).await?;
        stored::wait_anew(&work).await?;
        work.commit().await?;
        done.add(open_everybody(app, *organization).await?);
    }
    if !done.is_whole() {
        return Ok(done);
    }
    rotate_token_keys(app, Some(Duration::zero())).await?;
    done.origin = renamed(app.log().origin(), app.now());
    for (organization, _) in &all {
        tell(app, *organization, manifest, &done).await?;
    }
    go_on_as(app, &done.origin).await?;
    Ok(done)
}

/// The first line of the anchor file that the log is carried out to from here on; none where it has no checkpoint yet.
pub async fn first_anchor_line(app: &App) -> Result<Option<String>, DomainError> {
    let work = Work::begin_global(app.db()).await?;
    let head = log::head(&work).await;
    work.abandon().await;
    let head = head?;
    if head.size == 0 {
        return Ok(None);
    }
    let ledger = app.custody().ledger.as_ref().map(|file| position(file)).transpose();
    let ledger = ledger.map_err(|error| DomainError::unavailable(format!("the security ledger: {}", error.kind())))?;
    let ledger = ledger.flatten().map(|at| AnchoredLedger { sequence: at.sequence, sha256: at.sha256 });
    let time = app.now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let line = serde_json::to_string(&AnchorLine { ledger, note: head.note, time, v: 1 });
    line.map(Some).map_err(|_| DomainError::internal("an anchor line does not serialise"))
}

async fn void(app: &App, organization: OrganizationId, done: &mut PutBack) -> Result<(), DomainError> {
    let work = app.begin(organization).await?;
    stored::patiently(&work).await?;
    for (what, rows) in stored::void(&work).await? {
        *done.voided.entry(what).or_default() += rows;
    }
    Ok(work.commit().await?)
}

/// The entry that says where this log was put back: what was carried out of it later under its old name is not in it.
async fn tell(app: &App, organization: OrganizationId, manifest: &Manifest, done: &PutBack) -> Result<(), DomainError> {
    let count = |count: u64| Detail::Count(u32::try_from(count).unwrap_or(u32::MAX));
    let draft = Draft::of(Action::BackupsRestore)
        .with("backup", Detail::Code(manifest.id.to_string()))
        .with("taken_at", Detail::Code(manifest.taken_at.to_rfc3339()))
        .with("log_before", Detail::Code(app.log().origin().to_owned()))
        .with("log_from_here", Detail::Code(done.origin.clone()))
        .with("heads_at_backup", count(manifest.checkpoint.size))
        .with("erased_again", count(done.replayed.erased))
        .with("people_opened", count(done.people));
    let entry = app.own_entry(organization, draft).await?;
    let work = app.begin(organization).await?;
    record_all(&work, &[&entry]).await?;
    Ok(work.commit().await?)
}
