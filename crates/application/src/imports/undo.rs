//! Undoing a whole import: what it made goes, what it changed gets back what it was, and what somebody changed since stays and is told.

use custodian_domain::audit::Action;
use custodian_domain::catalog::{CUSTOMER, RecordType};
use custodian_domain::kernel::{CustomerId, DomainError, JobId, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers as people;
use custodian_persistence::imports::{self as stored, ChangeRow, ImportRow};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::records as hung;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

use super::run::{KIND, LEASE_SECONDS};
use crate::audit::{Detail, Draft};
use crate::auth::identity_of_user;
use crate::customers::{decide_row, refuse, unrestricted};
use crate::{App, Call, customers, records};

/// The kind of these jobs.
pub const UNDO: &str = "import_undo";
/// For how many days an import can be undone.
pub const UNDO_DAYS: i64 = 7;
/// Customers or records in one transaction.
const BATCH: i64 = 100;

fn conflict(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Conflict, code)
}

/// Queues the undoing of an import of one's own, or of anybody's for who may delete what it made. The job is answered.
///
/// Errors: 404 for an import that the caller may not know of; 409 `import_running`, `nothing_to_undo`, `undo_too_late`, `already_undone`.
pub async fn undo(app: &App, call: &Call, work: &Work, id: JobId) -> Result<JobId, DomainError> {
    call.needs(Permission::ImportsRun)?;
    let (Some(user), Some(session)) = (call.identity.user(), call.identity.session) else {
        return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
    };
    let job = jobs::find(work, id).await?.filter(|job| job.kind == KIND).ok_or(DomainError::NotFound)?;
    let row = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.owner != user && !call.identity.caller.holds(deletion(&row.record_type)) {
        return Err(DomainError::NotFound);
    }
    if !matches!(job.state.as_str(), "succeeded" | "failed") {
        return Err(conflict("import_running"));
    }
    if row.dry_run || row.created + row.updated == 0 {
        return Err(conflict("nothing_to_undo"));
    }
    let now = work.database_time().await?;
    if row.created_at + chrono::Duration::days(UNDO_DAYS) < now {
        return Err(conflict("undo_too_late"));
    }
    let undoing = JobId::from(app.new_id());
    jobs::insert(work, undoing, UNDO, user.uuid(), app.now()).await?;
    if !stored::begin_undo(work, id, undoing, session).await? {
        return Err(conflict("already_undone"));
    }
    let draft = Draft::of(Action::ImportsUndo).with("job", Detail::Code(id.to_string()));
    app.record_change(work, call, draft.with("undo_job", Detail::Code(undoing.to_string()))).await?;
    Ok(undoing)
}

fn deletion(record_type: &str) -> Permission {
    if record_type == CUSTOMER { Permission::CustomersDelete } else { Permission::RecordsDelete }
}

/// A page of what an undoing left as it is, in order of id, after this one.
///
/// Errors: 404 for an import that the caller may not know of.
pub async fn kept(app: &App, call: &Call, id: JobId, after: Uuid, limit: usize) -> Result<Vec<ChangeRow>, DomainError> {
    call.needs(Permission::JobsRead)?;
    let ask = async |work: &Work| {
        let row = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
        let own = call.identity.user() == Some(row.owner);
        if !own
            && !call.identity.caller.holds(Permission::AuditRead)
            && !call.identity.caller.holds(deletion(&row.record_type))
        {
            return Err(DomainError::NotFound);
        }
        Ok(stored::kept(work, id, after, i64::try_from(limit).unwrap_or(200)).await?)
    };
    let rows = app.reading(call.organization(), ask).await?;
    app.record_read(call, Draft::of(Action::ImportsKept).with("job", Detail::Code(id.to_string()))).await?;
    Ok(rows)
}

/// Runs an undoing from where it stands to its end. Any worker may call it again after a crash.
pub async fn run_undo(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let Some((row, call)) = begun(app, claim).await? else { return end(app, claim, Err("importer_inactive")).await };
    let Some(of) = call.catalog().record_type(&row.record_type) else {
        return end(app, claim, Err("import_missing")).await;
    };
    let undoing = Undoing { app, claim, call: &call, row: &row, of };
    loop {
        match undoing.step(BATCH).await {
            Ok(Some(true)) => {}
            Ok(Some(false)) => return end(app, claim, Ok(())).await,
            Ok(None) => return Ok(()),
            // Of many, one has a value that somebody else has by now: one at a time finds it.
            Err(DomainError::Taken(_)) => {
                for _ in 0..BATCH {
                    if undoing.single().await?.is_none() {
                        return Ok(());
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// The import, and who undoes it as they are now.
async fn begun(app: &App, claim: &Claim) -> Result<Option<(ImportRow, Call)>, DomainError> {
    let ask = async |work: &Work| {
        let Some(undo) = stored::undo_of(work, claim.job).await? else { return Ok(None) };
        let job = jobs::find(work, claim.job).await?.ok_or(DomainError::NotFound)?;
        Ok::<_, DomainError>(stored::find(work, undo.import).await?.map(|row| (row, undo.session, job.created_by)))
    };
    let Some((row, session, user)) = app.reading(claim.organization, ask).await? else { return Ok(None) };
    let identity = identity_of_user(app, claim.organization, UserId::from(user), session).await?;
    let identity = identity.filter(|identity| identity.caller.holds(Permission::ImportsRun));
    let call = |identity| Call { identity: Arc::new(identity), request: format!("job-{}", claim.job), purpose: None };
    Ok(identity.map(|identity| (row, call(identity))))
}

async fn end(app: &App, claim: &Claim, outcome: Result<(), &'static str>) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let job = jobs::find(&work, claim.job).await?;
    let (done, kept) = job.map_or((0, 0), |job| (job.done, job.error_count));
    let import = stored::undo_of(&work, claim.job).await?.map(|undo| undo.import.to_string()).unwrap_or_default();
    let told = json!({ "import_id": import, "undone": done - kept, "kept": kept, "kept_url": format!("/v1/imports/{import}/kept") });
    jobs::finish(&work, claim.job, outcome.map(|()| told), app.now()).await?;
    Ok(work.commit().await?)
}

struct Undoing<'a> {
    app: &'a App,
    claim: &'a Claim,
    call: &'a Call,
    row: &'a ImportRow,
    of: &'a RecordType,
}

impl Undoing<'_> {
    /// A batch in a transaction of its own. `Some(false)` when there is nothing more, `None` when another worker holds the job now.
    async fn step(&self, most: i64) -> Result<Option<bool>, DomainError> {
        let work = self.app.begin(self.claim.organization).await?;
        let undone = self.batch(&work, most).await;
        match undone {
            Ok(Some(true)) => {
                work.commit().await?;
                Ok(Some(true))
            }
            other => {
                work.abandon().await;
                other
            }
        }
    }

    async fn batch(&self, work: &Work, most: i64) -> Result<Option<bool>, DomainError> {
        if !jobs::hold(work, self.claim, LEASE_SECONDS).await? {
            return Ok(None);
        }
        let changes = stored::changes(work, self.row.id, most).await?;
        if changes.is_empty() {
            return Ok(Some(false));
        }
        let mut kept: Vec<(Uuid, &str)> = Vec::new();
        if self.of.code == CUSTOMER {
            self.customers(work, &changes, &mut kept).await?;
        } else {
            for change in &changes {
                kept.extend(self.record(work, change).await?.map(|why| (change.thing, why)));
            }
        }
        self.note(work, &changes, &kept).await?;
        Ok(Some(true))
    }

    /// Notes what was done with a batch.
    async fn note(&self, work: &Work, changes: &[ChangeRow], kept: &[(Uuid, &str)]) -> Result<(), DomainError> {
        let stays = |change: &&ChangeRow| kept.iter().any(|(id, _)| *id == change.thing);
        let gone: Vec<Uuid> = changes.iter().filter(|change| !stays(change)).map(|change| change.thing).collect();
        stored::done_with(work, self.row.id, &gone).await?;
        stored::keep(work, self.row.id, kept).await?;
        let job = jobs::find(work, self.claim.job).await?;
        let (done, errors) = job.map_or((0, 0), |job| (job.done, job.error_count));
        let count = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
        let (done, errors) = (done + count(changes.len()), errors + count(kept.len()));
        let total = self.row.created + self.row.updated;
        Ok(jobs::progress(work, self.claim.job, done, Some(total.max(done)), errors, self.app.now()).await?)
    }

    /// One thing in a transaction of its own; where its value is somebody else's by now, it stays as it is.
    async fn single(&self) -> Result<Option<bool>, DomainError> {
        match self.step(1).await {
            Err(DomainError::Taken(_)) => {
                let work = self.app.begin(self.claim.organization).await?;
                if !jobs::hold(&work, self.claim, LEASE_SECONDS).await? {
                    work.abandon().await;
                    return Ok(None);
                }
                let changes = stored::changes(&work, self.row.id, 1).await?;
                let kept: Vec<(Uuid, &str)> = changes.iter().map(|change| (change.thing, "value_taken")).collect();
                self.note(&work, &changes, &kept).await?;
                work.commit().await?;
                Ok(Some(true))
            }
            other => other,
        }
    }

    async fn customers(
        &self,
        work: &Work,
        changes: &[ChangeRow],
        kept: &mut Vec<(Uuid, &'static str)>,
    ) -> Result<(), DomainError> {
        let ids: Vec<CustomerId> = changes.iter().map(|change| CustomerId::from(change.thing)).collect();
        let rows = people::lock_many(work, &ids).await?;
        let things: Vec<Uuid> = changes.iter().filter(|change| change.made).map(|change| change.thing).collect();
        let hanging: HashSet<Uuid> = hung::hanging_on(work, &things).await?.into_iter().collect();
        let mut rows: std::collections::HashMap<Uuid, _> = rows.into_iter().map(|row| (row.id.uuid(), row)).collect();
        for change in changes {
            let why = match rows.remove(&change.thing) {
                None => Some("gone"),
                Some(row) if row.version != change.version => Some("changed_since"),
                Some(_) if hanging.contains(&change.thing) => Some("has_records"),
                Some(row) if !self.may(&row) => Some("outside_scope"),
                Some(row) if unrestricted(self.call, &row).is_err() => Some("customer_restricted"),
                Some(row) if change.made => {
                    customers::take_out(self.app, self.call, work, &row).await?;
                    None
                }
                Some(row) => {
                    customers::put_back(self.app, self.call, work, row).await?;
                    None
                }
            };
            kept.extend(why.map(|why| (change.thing, why)));
        }
        Ok(())
    }

    /// Importers undo what is still as they left it; others what they may delete.
    fn may(&self, row: &people::CustomerRow) -> bool {
        let permission = deletion(self.of.code);
        self.call.identity.user() == Some(self.row.owner)
            || refuse(decide_row(self.app, self.call, row, permission).outcome, permission).is_ok()
    }

    /// Why a record stays as it is; `None` when it was undone.
    async fn record(&self, work: &Work, change: &ChangeRow) -> Result<Option<&'static str>, DomainError> {
        let Some(found) = records::held(work, self.of, change.thing).await? else { return Ok(Some("gone")) };
        if found.record.version != change.version {
            return Ok(Some("changed_since"));
        }
        if !self.may(&found.customer) {
            return Ok(Some("outside_scope"));
        }
        if unrestricted(self.call, &found.customer).is_err() {
            return Ok(Some("customer_restricted"));
        }
        if change.made {
            records::archive(self.app, self.call, work, &found).await?;
        } else {
            records::put_back(self.app, self.call, work, self.of, found).await?;
        }
        Ok(None)
    }
}
