//! The job: reads, checks and seals on one thread while another stores, and commits its place together with the rows.

use std::sync::Arc;

use custodian_domain::catalog::Catalog;
use custodian_domain::kernel::{DomainError, Fault, UserId};
use custodian_persistence::Work;
use custodian_persistence::imports::{self as stored, ImportError, ImportRow};
use custodian_persistence::jobs::{self, Claim};
use serde_json::json;
use tokio::sync::mpsc;

use super::Mapping;
use super::accept::{Accepted, accept};
use super::file::{Pieces, each_record};
use super::store::{Counts, Store};
use crate::auth::identity_of_user;
use crate::customers::{SealedNew, TagSet, seal_new, tags_of};
use crate::events::{Event, EventType, Fact, publish};
use crate::keys::OrganizationKeys;
use crate::{App, Call};

/// The kind of these jobs.
pub const KIND: &str = "import";

/// Records in one transaction.
const BATCH: usize = 256;
const BATCH_RECORDS: i64 = 256;
/// The most batches that are written at the same time.
const TOGETHER: usize = 2;
/// How long a worker holds the job between two commits.
pub(super) const LEASE_SECONDS: f64 = 10.0;

/// Records that were read together: what passed, what did not, and how many records that makes.
pub(super) struct Batch {
    pub accepted: Vec<Prepared>,
    pub faults: Vec<ImportError>,
    pub records: i64,
}

/// A record with all that can be made of it without the database.
pub(super) struct Prepared {
    pub record: Accepted,
    pub tags: TagSet,
    /// Only where every record that is stored is a new customer.
    pub sealed: Option<SealedNew>,
}

/// Runs an import from where it stands to its end. Any worker may call it again after a crash.
///
/// `Err` means that it should be tried again later; an import that cannot succeed is ended as failed and answers `Ok`.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    let row = stored::find(&work, claim.job).await?;
    work.abandon().await;
    let Some(row) = row else {
        return end(app, claim, Err("import_missing")).await;
    };
    let Some(call) = importer(app, claim, &row).await? else {
        return end(app, claim, Err("importer_inactive")).await;
    };
    let (Some(wrapped), Ok(mapping)) = (&row.wrapped_key, Mapping::parse(call.customer(), &row.mapping)) else {
        return end(app, claim, Err("import_unreadable")).await;
    };
    let key = Arc::new(app.keys().unwrap_own(claim.organization, row.id.uuid(), row.key_version, wrapped)?);
    let keys = app.keys().organization(app.db(), claim.organization).await?;
    let (send, receive) = mpsc::channel::<Batch>(TOGETHER);
    let catalog = Arc::clone(&call.identity.catalog);
    let reader =
        Reader { app: app.clone(), row: row.clone(), mapping, key, keys, catalog, organization: claim.organization };
    let runtime = tokio::runtime::Handle::current();
    let reading = tokio::task::spawn_blocking(move || reader.read(runtime, &send));
    let stored_all = store_batches(app, &call, claim, &row, receive).await;
    let read_all = reading.await.map_err(|_| DomainError::internal("import reader ended early"))?;
    match (stored_all?, read_all) {
        (None, _) => Ok(()),
        (Some(counts), Ok(())) => end(app, claim, Ok(counts)).await,
        (Some(_), Err(DomainError::Invalid(faults))) => {
            name_columns(app, claim, &faults).await?;
            end(app, claim, Err(faults.first().map_or("import_unreadable", |f| f.code))).await
        }
        (Some(_), Err(DomainError::Integrity)) => end(app, claim, Err("integrity_error")).await,
        (Some(_), Err(error)) => Err(error),
    }
}

/// The importer as it is now: rights that ended since the upload are not used.
async fn importer(app: &App, claim: &Claim, row: &ImportRow) -> Result<Option<Call>, DomainError> {
    let identity = identity_of_user(app, claim.organization, row.owner, row.session).await?;
    Ok(identity
        .filter(|identity| identity.caller.holds(custodian_domain::roles::Permission::ImportsRun))
        .map(|identity| Call { identity: Arc::new(identity), request: format!("job-{}", claim.job), purpose: None }))
}

/// `None` when another worker has taken the job over.
async fn store_batches(
    app: &App,
    call: &Call,
    claim: &Claim,
    row: &ImportRow,
    mut batches: mpsc::Receiver<Batch>,
) -> Result<Option<Counts>, DomainError> {
    let mut store = Store::new(app, call, claim, row);
    let mut waiting = Vec::with_capacity(TOGETHER);
    while batches.recv_many(&mut waiting, TOGETHER).await > 0 {
        if !store.store(std::mem::take(&mut waiting)).await? {
            return Ok(None);
        }
    }
    Ok(Some(store.counts()))
}

/// Says in the import's faults which columns the file lacks; names of columns are no personal data.
async fn name_columns(app: &App, claim: &Claim, faults: &[Fault]) -> Result<(), DomainError> {
    let named = |fault: &Fault| ImportError { line: 1, field: fault.pointer.clone(), code: fault.code.to_owned() };
    let errors: Vec<ImportError> = faults.iter().map(named).collect();
    let work = app.begin(claim.organization).await?;
    stored::insert_errors(&work, claim.job, &errors).await?;
    let count = i64::try_from(errors.len()).unwrap_or(i64::MAX);
    jobs::progress(&work, claim.job, 0, None, count, app.now()).await?;
    Ok(work.commit().await?)
}

async fn end(app: &App, claim: &Claim, outcome: Result<Counts, &'static str>) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    if let Ok(counts) = &outcome {
        jobs::progress(&work, claim.job, counts.done, Some(counts.done), counts.rejected, app.now()).await?;
    }
    let result = outcome.as_ref().map(|Counts { done, created, updated, rejected }| {
        json!({ "records": done, "created": created, "updated": updated, "rejected": rejected, "errors_url": format!("/v1/imports/{}/errors", claim.job) })
    });
    jobs::finish(&work, claim.job, result.map_err(|code| *code), app.now()).await?;
    stored::forget_file(&work, claim.job).await?;
    tell(app, &work, claim, outcome.ok()).await?;
    Ok(work.commit().await?)
}

async fn tell(app: &App, work: &Work, claim: &Claim, counts: Option<Counts>) -> Result<(), DomainError> {
    let owner = jobs::find(work, claim.job).await?.map(|job| UserId::from(job.created_by));
    let state = if counts.is_some() { "succeeded" } else { "failed" };
    let counts = counts.unwrap_or_default();
    let event = Event::of(EventType::ImportsFinished)
        .concerning(owner)
        .with("job_id", Fact::Id(claim.job.uuid()))
        .with("state", Fact::Code(state.to_owned()))
        .with("created", Fact::Count(counts.created))
        .with("updated", Fact::Count(counts.updated))
        .with("rejected", Fact::Count(counts.rejected));
    publish(app, work, event).await
}

struct Reader {
    app: App,
    row: ImportRow,
    mapping: Mapping,
    key: Arc<custodian_crypto::DataKey>,
    keys: Arc<OrganizationKeys>,
    catalog: Arc<Catalog>,
    organization: custodian_domain::kernel::OrganizationId,
}

impl Reader {
    fn prepare(&self, record: Accepted) -> Prepared {
        let pairs = record.pairs(self.catalog.customer());
        let tags = tags_of(&self.keys, pairs.iter().copied());
        let all_new = self.row.mode == "create" && !self.row.dry_run;
        let sealed = all_new.then(|| seal_new(&self.app, self.organization, &pairs, &tags, self.app.now()));
        Prepared { record, tags, sealed }
    }

    /// Blocking: reads the file, skips what was done, hands on batches.
    fn read(&self, runtime: tokio::runtime::Handle, batches: &mpsc::Sender<Batch>) -> Result<(), DomainError> {
        let pieces = Pieces::new(self.app.db().clone(), self.organization, &self.row, Arc::clone(&self.key), runtime);
        let columns: Vec<String> = self.mapping.0.iter().map(|(column, _)| column.clone()).collect();
        let today = self.app.now().date_naive();
        let mut skip = self.row.rows_done;
        let mut batch = empty();
        each_record(pieces, &self.row, &columns, &mut |record| {
            if skip > 0 {
                skip -= 1;
                return true;
            }
            batch.records += 1;
            match accept(self.catalog.customer(), record, &self.mapping, today) {
                Ok(accepted) => batch.accepted.push(self.prepare(accepted)),
                Err(faults) => batch.faults.extend(faults),
            }
            batch.records < BATCH_RECORDS || batches.blocking_send(std::mem::replace(&mut batch, empty())).is_ok()
        })?;
        if batch.records > 0 {
            // A receiver that is gone has given its reason itself.
            let _ = batches.blocking_send(batch);
        }
        Ok(())
    }
}

fn empty() -> Batch {
    Batch { accepted: Vec::with_capacity(BATCH), faults: Vec::new(), records: 0 }
}
