//! The job: reads, checks and seals on one thread while another stores, and commits its place together with the rows.

use std::sync::Arc;

use custodian_domain::catalog::{CUSTOMER, Catalog, RecordType};
use custodian_domain::kernel::{DomainError, Fault, UserId};
use custodian_persistence::Work;
use custodian_persistence::imports::{self as stored, ImportError, ImportRow};
use custodian_persistence::jobs::{self, Claim};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Mapping;
use super::accept::{Accepted, By, accept};
use super::file::each_record;
use super::lanes::store_all;
use super::pieces::Pieces;
use super::reached::Counts;
use super::records::RecordStore;
use super::sample::{Sampled, sample};
use super::store::Store;
use crate::auth::identity_of_user;
use crate::customers::{SealedNew, TagSet, seal_new, tags_of};
use crate::events::{Event, EventType, Fact, publish};
use crate::keys::OrganizationKeys;
use crate::records::tags;
use crate::{App, Call};

/// The kind of these jobs.
pub const KIND: &str = "import";

/// Records in one transaction.
const BATCH: usize = 256;
const BATCH_RECORDS: i64 = 256;
/// Batches that are read ahead of those that are written.
const AHEAD: usize = 2;
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
    /// The tag of the number that a record names its customer by.
    pub join: Option<[u8; 16]>,
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
    let of = call.catalog().record_type(&row.record_type).filter(|of| of.in_use);
    let mapping = of.map(|of| Mapping::stored(of, &row.mapping));
    let (Some(wrapped), Some(Ok(mapping))) = (&row.wrapped_key, mapping) else {
        return end(app, claim, Err("import_unreadable")).await;
    };
    let key = Arc::new(app.keys().unwrap_own(claim.organization, row.id.uuid(), row.key_version, wrapped)?);
    let keys = app.keys().organization(app.db(), claim.organization).await?;
    let pieces = Pieces::new(app.db().clone(), claim.organization, &row, key, tokio::runtime::Handle::current());
    let catalog = Arc::clone(&call.identity.catalog);
    let reader =
        Reader { app: app.clone(), row: row.clone(), mapping, pieces, keys, catalog, organization: claim.organization };
    let (reader, proposed) = match looked_at(reader).await? {
        Ok(found) => found,
        Err(faults) => return refuse(app, claim, &faults).await,
    };
    let (send, receive) = mpsc::channel::<Batch>(AHEAD);
    let reading = tokio::task::spawn_blocking(move || reader.read(&send));
    let stored_all = store_batches(app, &call, claim, &row, receive).await;
    let read_all = reading.await.map_err(|_| DomainError::internal("import reader ended early"))?;
    match (stored_all?, read_all) {
        (None, _) => Ok(()),
        (Some(counts), Ok(())) => end(app, claim, Ok((counts, proposed))).await,
        (Some(_), Err(DomainError::Invalid(faults))) => refuse(app, claim, &faults).await,
        (Some(_), Err(DomainError::Integrity)) => end(app, claim, Err("integrity_error")).await,
        (Some(_), Err(error)) => Err(error),
    }
}

/// What a dry run proposes beside its check; none for any other.
type Proposed = Option<Value>;

/// Of a dry run, the reader by the mapping that it is to check by, and what it proposes; or what is wrong with the file as a whole.
async fn looked_at(reader: Reader) -> Result<Result<(Reader, Proposed), Vec<Fault>>, DomainError> {
    if !reader.row.dry_run {
        return Ok(Ok((reader, None)));
    }
    let looking = tokio::task::spawn_blocking(move || {
        let Reader { app, row, mapping, pieces, catalog, .. } = &reader;
        let Sampled { mapping, proposals } = sample(pieces, row, catalog, mapping, app.now().date_naive())?;
        let told = json!({ "mapping": mapping.to_json(), "proposals": proposals });
        Ok((Reader { mapping, ..reader }, Some(told)))
    });
    match looking.await.map_err(|_| DomainError::internal("import reader ended early"))? {
        Ok(found) => Ok(Ok(found)),
        Err(DomainError::Invalid(faults)) => Ok(Err(faults)),
        Err(error) => Err(error),
    }
}

/// Ends an import whose file cannot be read as it was said to be.
async fn refuse(app: &App, claim: &Claim, faults: &[Fault]) -> Result<(), DomainError> {
    name_columns(app, claim, faults).await?;
    end(app, claim, Err(faults.first().map_or("import_unreadable", |f| f.code))).await
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
    if row.record_type == CUSTOMER {
        return store_all(&Store::new(app, call, claim, row), batches).await;
    }
    let mut store = RecordStore::new(app, call, claim, row)?;
    while let Some(batch) = batches.recv().await {
        if !store.store(batch).await? {
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

async fn end(app: &App, claim: &Claim, outcome: Result<(Counts, Proposed), &'static str>) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    if let Ok((counts, _)) = &outcome {
        jobs::progress(&work, claim.job, counts.done, Some(counts.done), counts.rejected, app.now()).await?;
    }
    let result = outcome.as_ref().map(|(Counts { done, created, updated, rejected }, proposed)| {
        let mut told = json!({ "records": done, "created": created, "updated": updated, "rejected": rejected,
            "errors_url": format!("/v1/imports/{}/errors", claim.job) });
        if let (Some(told), Some(Value::Object(proposed))) = (told.as_object_mut(), proposed) {
            told.extend(proposed.clone());
        }
        told
    });
    jobs::finish(&work, claim.job, result.map_err(|code| *code), app.now()).await?;
    stored::forget_file(&work, claim.job).await?;
    tell(app, &work, claim, outcome.ok().map(|(counts, _)| counts)).await?;
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
    pieces: Pieces,
    keys: Arc<OrganizationKeys>,
    catalog: Arc<Catalog>,
    organization: custodian_domain::kernel::OrganizationId,
}

impl Reader {
    fn prepare(&self, of: &RecordType, record: Accepted) -> Prepared {
        let pairs = record.pairs(of);
        if of.code != CUSTOMER {
            let tags = TagSet(tags(&self.keys, of, pairs.iter().copied()));
            let join = record.customer_no.as_deref().and_then(|number| self.join(number));
            return Prepared { record, tags, join, sealed: None };
        }
        let tags = tags_of(&self.keys, pairs.iter().copied());
        let all_new = self.row.mode == "create" && !self.row.dry_run;
        let sealed = all_new.then(|| seal_new(&self.app, self.organization, &pairs, &tags, self.app.now()));
        Prepared { record, tags, join: None, sealed }
    }

    fn join(&self, number: &str) -> Option<[u8; 16]> {
        let field = self.catalog.customer().field("customer_no")?;
        tags_of(&self.keys, std::iter::once((field, number))).unique().next()
    }

    /// Blocking: reads the file, skips what was done, hands on batches.
    fn read(&self, batches: &mpsc::Sender<Batch>) -> Result<(), DomainError> {
        let of = self.catalog.record_type(&self.row.record_type).ok_or(DomainError::NotFound)?;
        let columns: Vec<String> = self.mapping.0.iter().map(|(column, _)| column.clone()).collect();
        let (customer, utc_offset) = (self.catalog.customer(), self.row.utc_offset.as_str());
        let by = By { customer, utc_offset, today: self.app.now().date_naive() };
        let mut skip = self.row.rows_done;
        let mut batch = empty();
        each_record(self.pieces.clone(), &self.row, &columns, &mut |record| {
            if skip > 0 {
                skip -= 1;
                return true;
            }
            batch.records += 1;
            match accept(of, record, &self.mapping, &by) {
                Ok(accepted) => batch.accepted.push(self.prepare(of, accepted)),
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
