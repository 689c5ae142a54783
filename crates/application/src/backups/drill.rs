//! A backup put back beside, to try it: with everything that a restore does, and with somebody planted, so that the trial itself is tried.

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::backups::{self as stored, DrillRow};
use custodian_persistence::erasures::survivors;
use custodian_persistence::{Work, customers, organizations};
use uuid::Uuid;

use super::beside::Beside;
use super::manifest::Manifest;
use super::people::open_everybody;
use super::put_back::{PutBack, put_back};
use crate::App;
use crate::audit::{Detail, Draft, record_all};
use crate::detections::look_at_backups;

/// What a trial showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drilled {
    /// What was done in it.
    pub done: PutBack,
    /// Whom the ledger says were erased and who were not in the end; nobody.
    pub not_erased: Vec<Uuid>,
    /// Somebody who stays was planted as erased, and the key of another broken: both were noticed. None where there was nobody to plant.
    pub control: Option<bool>,
}

impl Drilled {
    /// `passed`, or why not.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self { done, .. } if !done.is_whole() => "lost",
            Self { not_erased, .. } if !not_erased.is_empty() => "not_erased",
            Self { control: Some(false), .. } => "control_failed",
            _ => "passed",
        }
    }
}

/// Puts a backup back in a database beside and looks at what came of it. `app` is that database's own, with a key store that nothing is written to.
pub async fn drill(app: &App, manifest: &Manifest, mut beside: Beside) -> Result<Drilled, DomainError> {
    let planted = plant(app, &mut beside).await?;
    let done = put_back(app, manifest, &beside).await?;
    let not_erased = still_there(app, &beside).await?;
    let control = match planted {
        Some(planted) if done.is_whole() => Some(planted.is_noticed(app, &not_erased).await?),
        _ => None,
    };
    Ok(Drilled { done, not_erased, control })
}

/// Somebody of the backup who stays, and of whom the ledger is made to say otherwise here.
struct Planted {
    work_of: custodian_domain::kernel::OrganizationId,
    erased: Uuid,
}

async fn plant(app: &App, beside: &mut Beside) -> Result<Option<Planted>, DomainError> {
    for (organization, _) in organizations::list(app.db()).await? {
        let work = app.begin(organization).await?;
        let page = survivors(&work, Uuid::nil(), 500).await;
        work.abandon().await;
        let gone = |id: Uuid| beside.ledger.erased(organization.uuid(), id);
        if let Some(one) = page?.iter().map(|one| one.id.uuid()).find(|id| !gone(*id)) {
            beside.ledger.plant(organization.uuid(), one, app.now());
            return Ok(Some(Planted { work_of: organization, erased: one }));
        }
    }
    Ok(None)
}

impl Planted {
    /// The planted one is gone, and a key that is broken now is found, which it was not before.
    async fn is_noticed(&self, app: &App, not_erased: &[Uuid]) -> Result<bool, DomainError> {
        if not_erased.contains(&self.erased) {
            return Ok(false);
        }
        let work = app.begin(self.work_of).await?;
        let first = survivors(&work, Uuid::nil(), 1).await?;
        // Nobody else is left in this organisation: there is no key to break.
        let Some(first) = first.first() else { return Ok(true) };
        let mut broken = first.wrapped_key.clone();
        if let Some(last) = broken.last_mut() {
            *last ^= 1;
        }
        let broken = custodian_persistence::erasures::WrappedKey {
            owner: first.id.uuid(),
            version: first.key_version,
            wrapped: broken,
        };
        custodian_persistence::erasures::rewrap(&work, &[broken]).await?;
        work.commit().await?;
        let opened = open_everybody(app, self.work_of).await?;
        Ok(opened.broken == [first.id.uuid()])
    }
}

/// Whom the ledger says were erased and who are no tombstone.
async fn still_there(app: &App, beside: &Beside) -> Result<Vec<Uuid>, DomainError> {
    let mut found = Vec::new();
    for (organization, _) in organizations::list(app.db()).await? {
        let work = app.begin(organization).await?;
        for id in beside.ledger.all_erased(organization.uuid()) {
            let row = customers::lock_any(&work, CustomerId::from(id)).await?;
            if row.is_some_and(|(row, erased)| !erased || !row.wrapped_key.is_empty()) {
                found.push(id);
            }
        }
        work.abandon().await;
    }
    Ok(found)
}

/// Notes how a trial ended, here and in every organisation's log. `drilled` is none where it came to no end; `outcome` says why.
pub async fn note_drilled(
    app: &App,
    backup: Uuid,
    seconds: i64,
    outcome: &str,
    drilled: Option<&Drilled>,
) -> Result<(), DomainError> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let done = drilled.map(|drilled| &drilled.done);
    let row = DrillRow {
        id: app.new_id(),
        backup,
        ended_at: app.now(),
        seconds,
        outcome: outcome.to_owned(),
        erased: count(done.map_or(0, |done| done.replayed.erased)),
        people: count(done.map_or(0, |done| done.people)),
        values: count(done.map_or(0, |done| done.values)),
        controlled: drilled.is_some_and(|drilled| drilled.control == Some(true)),
    };
    let work = Work::begin_global(app.db()).await?;
    stored::insert_drill(&work, &row).await?;
    work.commit().await?;
    let passed = outcome == "passed";
    for (organization, _) in organizations::list(app.db()).await? {
        let verdict = if passed { Verdict::Allowed } else { Verdict::Failed };
        let draft = Draft { verdict, ..Draft::of(Action::BackupsDrill) }
            .with("backup", Detail::Code(backup.to_string()))
            .with("outcome", Detail::Code(outcome.to_owned()));
        let work = app.begin(organization).await?;
        record_all(&work, &[&app.own_entry(organization, draft).await?]).await?;
        look_at_backups(app, &work).await?;
        work.commit().await?;
    }
    Ok(())
}
