//! Taking a file away: once, by the requester alone, with a token that was made for it.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_crypto::{Opaque, opaque};
use custodian_domain::audit::Action;
use custodian_domain::exports::{Format, Stage};
use custodian_domain::kernel::{DomainError, JobId, OrganizationId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests as requests;
use custodian_persistence::exports::{self as stored, ExportRow};
use custodian_persistence::{Work, jobs};
use uuid::Uuid;

use super::{KIND, entry, hex, news};
use crate::audit::Detail;
use crate::pieces::{Outgoing, Pieces};
use crate::{App, Call};

/// The label of the key under which digests of tokens are kept.
const PEPPER: &str = "export-link/1";
/// How long the pieces of a file that was taken away stay for a slow connection, in hours. Nobody else can open them.
const SLOW_HOURS: i64 = 1;

/// What a file is taken away with.
pub struct Link {
    /// 256 random bits; shown once.
    pub token: Opaque,
    /// Until then.
    pub expires_at: DateTime<Utc>,
}

fn not_ready() -> DomainError {
    DomainError::refused(RefusedAs::Conflict, "export_not_ready")
}

/// The file, if it is the caller's own and there to be taken away; held until the transaction ends.
async fn ready(call: &Call, work: &Work, id: Uuid) -> Result<ExportRow, DomainError> {
    call.needs(Permission::ExportsRequest)?;
    let own = |row: &ExportRow| Some(row.requester) == call.identity.user();
    let row = stored::lock(work, id).await?.filter(own).ok_or(DomainError::NotFound)?;
    match Stage::from_code(&row.stage) {
        Some(Stage::Ready) => Ok(row),
        Some(Stage::Waiting | Stage::Preparing) => Err(not_ready()),
        _ => Err(DomainError::refused(RefusedAs::Gone, "gone")),
    }
}

/// Makes a token for the file; one that was made before counts no more.
///
/// Errors: 404 for anybody else's; 409 `export_not_ready`; 410 `gone` once it was taken away or its time is over.
pub async fn link(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<Link, DomainError> {
    let row = ready(call, work, id).await?;
    let token = opaque::generate("cx_", app.rng());
    stored::set_token(work, id, &app.macs(PEPPER).digest(token.expose())).await?;
    app.record_change(work, call, entry(Action::ExportsLink, id)).await?;
    let expires_at = row.expires_at.ok_or_else(|| DomainError::internal("a ready file without an end"))?;
    Ok(Link { token, expires_at })
}

/// A file on its way out, piece by piece.
pub struct Download {
    /// What it is written as.
    pub format: Format,
    /// Its bytes.
    pub size: u64,
    app: App,
    organization: OrganizationId,
    id: Uuid,
    file: Outgoing,
}

/// Takes the file away: from here on it is gone for everybody, whatever becomes of the connection. The entry is durable before the first byte leaves.
///
/// Where somebody in it must not be in it any more, it does not leave but is prepared anew: 409 `export_not_ready`.
///
/// Errors: those of [`link`]; 404 for a token that is not this file's newest.
pub async fn download(app: &App, call: &Call, id: Uuid, token: &str) -> Result<Download, DomainError> {
    let work = app.begin(call.organization()).await?;
    let taken = take(app, call, &work, id, token).await;
    work.settle(taken).await?.ok_or_else(not_ready)
}

/// The file; nothing when it is prepared anew.
async fn take(app: &App, call: &Call, work: &Work, id: Uuid, token: &str) -> Result<Option<Download>, DomainError> {
    let row = ready(call, work, id).await?;
    let pepper = app.macs(PEPPER);
    if !row.token_digest.as_deref().is_some_and(|digest| pepper.verify(token.as_bytes(), digest)) {
        return Err(DomainError::NotFound);
    }
    if outdated(call, work, id).await? {
        prepare_anew(app, work, &row).await?;
        return Ok(None);
    }
    let missing = || DomainError::internal("a ready file lacks its parts");
    let (version, wrapped) = (row.key_version.ok_or_else(missing)?, row.wrapped_key.as_ref().ok_or_else(missing)?);
    let key = app.keys().unwrap_own(call.organization(), id, version, wrapped)?;
    let pieces = Pieces::new(call.organization(), "export", id, key);
    stored::take(work, id).await?;
    let now = work.database_time().await?;
    jobs::put_off(work, JobId::from(id), now + TimeDelta::hours(SLOW_HOURS)).await?;
    let rows = row.row_count.and_then(|rows| u32::try_from(rows).ok()).unwrap_or_default();
    let draft = entry(Action::ExportsDownload, id)
        .with("sha256", Detail::Code(hex(row.sha256.as_deref().unwrap_or_default())))
        .with("rows", Detail::Count(rows));
    app.record_change(work, call, draft).await?;
    news::downloaded(app, work, &row).await?;
    Ok(Some(Download {
        format: Format::from_code(&row.format).ok_or_else(missing)?,
        size: row.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        app: app.clone(),
        organization: call.organization(),
        id,
        file: Outgoing::new(app, pieces, row.chunks.unwrap_or_default()),
    }))
}

/// Whether somebody was deleted, restricted or has withdrawn since the file was written.
async fn outdated(call: &Call, work: &Work, id: Uuid) -> Result<bool, DomainError> {
    let request = requests::find(work, id).await?.ok_or(DomainError::NotFound)?;
    let purpose = request.purpose.as_deref().map(|code| call.identity.purpose(code));
    let restriction_counts = purpose.is_none_or(|purpose| !purpose.open_under_restriction);
    let consent_to = purpose.filter(|purpose| purpose.needs_consent).map(|purpose| purpose.code.as_str());
    let objection_to = purpose.filter(|purpose| purpose.may_object).map(|purpose| purpose.code.as_str());
    Ok(stored::outdated(work, id, restriction_counts, consent_to, objection_to).await?)
}

/// Has the file written anew; what there was of it is gone when the transaction ends.
pub(super) async fn prepare_anew(app: &App, work: &Work, row: &ExportRow) -> Result<(), DomainError> {
    let (job, now) = (JobId::from(app.new_id()), work.database_time().await?);
    stored::begin_anew(work, row.id, job.uuid()).await?;
    Ok(jobs::insert(work, job, KIND, row.requester.uuid(), now).await?)
}

impl Download {
    /// The next piece, opened; `None` behind the last, and then nothing of the file is left.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, DomainError> {
        let id = self.id;
        match self.file.next(async |work, at| stored::chunk(work, id, at).await).await {
            Ok(None) => {
                let work = self.app.begin(self.organization).await?;
                stored::end(&work, id, Stage::Downloaded.as_str()).await?;
                work.commit().await?;
                Ok(None)
            }
            Err(DomainError::Integrity) => {
                tracing::error!(alert = "critical", export = %id, "a sealed file does not open: it was changed outside the service");
                Err(DomainError::Integrity)
            }
            piece => piece,
        }
    }
}
