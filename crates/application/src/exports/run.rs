//! The job that prepares a file, from its beginning to its end. Killed anywhere it begins anew, and nothing of the attempt before is left.

use std::sync::Arc;

use custodian_crypto::DataKey;
use custodian_domain::access_requests::State;
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::exports::{Format, Stage};
use custodian_domain::kernel::{DomainError, JobId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::access_requests::{self as requests, RequestRow};
use custodian_persistence::exports::{self as stored, ExportRow};
use custodian_persistence::jobs::{self, Claim};

use super::copying::{Copying, count};
use super::decoy::{Decoy, decoy};
use super::maker::Maker;
use super::pieces::Pieces;
use super::sheet::Sheet;
use super::{entry, news};
use crate::access_requests::known_fields;
use crate::audit::{Detail, record_all};
use crate::auth::identity_of_user;
use crate::catalog::load;
use crate::keys::DATA_KEY_VERSION;
use crate::{App, Call};

/// The kind of these jobs.
pub const KIND: &str = "export";

pub(super) const LEASE_SECONDS: f64 = 30.0;
/// Failures of our own after which a file is given up, before the worker gives up its job.
const ATTEMPTS: i32 = 8;

/// Prepares a file from its beginning to its end.
///
/// `Err` means that it should be tried again later; one that cannot succeed is ended as failed and answers `Ok`.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    match prepare(app, claim).await {
        Err(DomainError::Integrity) => fail(app, claim, "integrity_error").await,
        Err(DomainError::Internal { log_as }) if claim.attempts >= ATTEMPTS => {
            tracing::error!(job = %claim.job, error = %log_as, "an export is given up");
            fail(app, claim, "internal_error").await
        }
        ended => ended,
    }
}

/// A file that is to be prepared, with all that this takes.
struct Begun {
    row: ExportRow,
    request: RequestRow,
    key: DataKey,
    fields: Vec<Field>,
    decoy: Decoy,
}

async fn prepare(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    let begun = begin(app, &work, claim).await;
    let Some(Begun { row, request, key, fields, mut decoy }) = settled(work, begun).await? else {
        return fail(app, claim, "export_missing").await;
    };
    let Some(call) = requester(app, claim, &row, &request).await? else {
        return fail(app, claim, "requester_inactive").await;
    };
    let format = Format::from_code(&row.format).ok_or_else(|| DomainError::internal("an export of unknown format"))?;
    let sheet = Sheet::begin(format, &fields, row.id, u64::try_from(row.members).unwrap_or(0))?;
    let rights = call.identity.rights;
    let copying = Copying::of(app, &row)?;
    if copying.is_some() {
        decoy.tags.clear();
    }
    let maker = Maker::new(app, call, row.id, fields, sheet, &decoy).copying(copying);
    let Some(maker) = count(app, claim, row.id, maker).await? else {
        return fail(app, claim, "below_k").await;
    };
    let mut pieces = Pieces::new(app, claim, &row, key, maker.call.clone(), &maker.fields);
    let Some(maker) = pieces.walk(maker).await? else { return Ok(()) };
    // Rights that were changed while the file was written count for all of it.
    match requester(app, claim, &row, &request).await? {
        None => fail(app, claim, "requester_inactive").await,
        Some(now) if now.identity.rights != rights => Err(DomainError::unavailable("the requester's rights changed")),
        Some(_) => pieces.finish(maker, decoy, &request).await,
    }
}

/// Commits what was begun, or leaves no trace of it.
async fn settled<T>(work: Work, begun: Result<Option<T>, DomainError>) -> Result<Option<T>, DomainError> {
    match begun {
        Ok(Some(begun)) => work.commit().await.map(|()| Some(begun)).map_err(DomainError::from),
        other => {
            work.abandon().await;
            other
        }
    }
}

async fn begin(app: &App, work: &Work, claim: &Claim) -> Result<Option<Begun>, DomainError> {
    if !jobs::hold(work, claim, LEASE_SECONDS).await? {
        return Err(DomainError::unavailable("another worker has the export"));
    }
    let Some(row) = stored::lock_by_job(work, claim.job.uuid()).await? else { return Ok(None) };
    let stage = Stage::from_code(&row.stage).filter(|stage| stage.may_become(Stage::Preparing));
    let request = requests::find(work, row.id).await?.filter(|one| one.state == State::Approved.as_str());
    let (Some(_), Some(request)) = (stage, request) else { return Ok(None) };
    let catalog = load(work).await?;
    let fields: Vec<Field> = known_fields(&catalog, &request.fields)?.into_iter().cloned().collect();
    let members = stored::members(work, row.id, 0).await?.unwrap_or_default();
    let key = DataKey::generate(DATA_KEY_VERSION, app.rng());
    let wrapped = app.keys().wrap_passing(app.db(), work, row.id, &key, app.rng(), app.now()).await?;
    stored::begin(work, row.id, i32::try_from(DATA_KEY_VERSION).unwrap_or(1), &wrapped).await?;
    let decoy = decoy(app, work, (&fields, &catalog.customer().fields), &members).await?;
    jobs::progress(work, claim.job, 0, Some(i64::from(row.members)), 0, app.now()).await?;
    Ok(Some(Begun { row, request, key, fields, decoy }))
}

/// The requester as they are now: rights that ended since are not used.
async fn requester(
    app: &App,
    claim: &Claim,
    row: &ExportRow,
    request: &RequestRow,
) -> Result<Option<Call>, DomainError> {
    let identity = identity_of_user(app, claim.organization, row.requester, row.session).await?;
    let holds = |permission| identity.as_ref().is_some_and(|one| one.caller.holds(permission));
    if !holds(Permission::ExportsRequest) || !holds(Permission::CustomersRead) {
        return Ok(None);
    }
    let (request_id, purpose) = (format!("job-{}", claim.job), request.purpose.clone());
    Ok(identity.map(|identity| Call { identity: Arc::new(identity), request: request_id, purpose }))
}

/// Ends a file that cannot be written, with nothing of it left.
async fn fail(app: &App, claim: &Claim, code: &'static str) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let row = stored::lock_by_job(&work, claim.job.uuid()).await?;
    let live = |row: &ExportRow| Stage::from_code(&row.stage).is_some_and(|stage| stage.may_become(Stage::Failed));
    if let Some(row) = row.filter(live) {
        stored::end(&work, row.id, Stage::Failed.as_str()).await?;
        let told = entry(Action::ExportsFail, row.id).with("code", Detail::Code(code.to_owned()));
        let entry = app.own_entry(claim.organization, told).await?;
        record_all(&work, &[&entry]).await?;
        news::ended(app, &work, &row, Stage::Failed).await?;
        let now = work.database_time().await?;
        jobs::put_off(&work, JobId::from(row.id), now).await?;
    }
    jobs::finish(&work, claim.job, Err(code), app.now()).await?;
    Ok(work.commit().await?)
}
