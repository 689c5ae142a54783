//! Asking for a file, and following it.

use custodian_domain::access::RowScope;
use custodian_domain::access_requests::{Kind, State};
use custodian_domain::audit::Action;
use custodian_domain::datasets::Recipe;
use custodian_domain::exports::{Format, Stage};
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::access_requests as requests;
use custodian_persistence::customers::Filter;
use custodian_persistence::exports::{self as stored, ExportRow};
use serde_json::Value;
use uuid::Uuid;

use super::{PIECE, entry};
use crate::access_requests::{NewRequest, RequestView, Wanted, ask_for, concerns, views_by_ids};
use crate::audit::{Detail, Draft};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// A file to be asked for.
#[derive(Clone, Debug)]
pub struct NewExport {
    /// Whom it is about, of those in the caller's reach.
    pub filter: Filter,
    /// The same as it was sent.
    pub sent: Value,
    /// Keys of the fields.
    pub fields: Vec<String>,
    /// What it is written as.
    pub format: Format,
    /// Code of the purpose.
    pub purpose: String,
    /// Why.
    pub reason: String,
    /// The most rows.
    pub row_limit: u32,
    /// What is done to each field of a de-identified copy; `None` for a plain file.
    pub recipe: Option<Recipe>,
}

/// A file with the request that it hangs on.
#[derive(Clone, Debug)]
pub struct ExportView {
    /// As stored.
    pub row: ExportRow,
    /// The request.
    pub request: RequestView,
}

impl ExportView {
    /// Where it stands: as the request does until that is approved, then as the file does.
    pub fn state(&self) -> &str {
        match (self.request.row.state.as_str(), self.row.stage.as_str()) {
            (state, _) if state != State::Approved.as_str() => state,
            (state, stage) if stage == Stage::Waiting.as_str() => state,
            (_, stage) => stage,
        }
    }
}

/// Asks for a file. Whom it is about, its fields, format, purpose and the most rows are fixed now; who may still be in it is looked at anew when it is
/// prepared.
///
/// Errors: 422 for unknown fields and those that the purpose does not list, an unknown purpose, and a filter that matches nobody or more than the row
/// limit; 409 `no_approver`, `too_many_pending`.
pub async fn create(app: &App, call: &Call, work: &Work, new: NewExport) -> Result<ExportView, DomainError> {
    call.needs(Permission::ExportsRequest)?;
    let staff_only = || DomainError::refused(RefusedAs::Forbidden, "staff_only");
    let session = call.identity.session.ok_or_else(staff_only)?;
    let requester = call.identity.user().ok_or_else(staff_only)?;
    listed_by_purpose(call, &new)?;
    let scope = call.scope(Permission::CustomersRead, &[], app.now());
    let count = matching(work, &scope, &new).await?;
    let NewExport { filter, sent, fields, format, purpose, reason, row_limit, recipe } = new;
    let unreadable = |_| DomainError::internal("a recipe does not serialise");
    let recipe = recipe.map(serde_json::to_value).transpose().map_err(unreadable)?;
    let copy = recipe.is_some();
    let request = NewRequest {
        kind: Kind::Export,
        wanted: Wanted::Matching(filter.clone()),
        fields,
        purpose: Some(purpose),
        reason,
        duration_minutes: None,
    };
    let placed = ask_for(app, call, work, &request, count).await?;
    let row = stored::NewExport {
        id: placed.id,
        job: app.new_id(),
        requester,
        session,
        format: format.as_str(),
        row_limit: i32::try_from(row_limit).unwrap_or(i32::MAX),
        filter: sent,
        members: i32::try_from(count).unwrap_or(i32::MAX),
        created_at: placed.created_at,
        recipe,
    };
    stored::insert(work, &row).await?;
    let told = if copy { stored::Told::ByChance } else { stored::Told::OldestFirst };
    stored::insert_matching(work, row.id, (&scope, &filter), told, i64::from(count), PIECE).await?;
    let draft = entry(Action::ExportsCreate, row.id)
        .with("fields", Detail::Codes(request.fields))
        .with("format", Detail::Code(format.as_str().to_owned()))
        .with("customers", Detail::Count(count))
        .with("row_limit", Detail::Count(row_limit))
        .with("kind", Detail::Code(if copy { "dataset" } else { "plain" }.to_owned()))
        .with("purpose_code", Detail::Codes(request.purpose.into_iter().collect()));
    app.record_change(work, call, Draft { reason: Some(request.reason), ..draft }).await?;
    let row = stored::find(work, placed.id).await?.ok_or_else(|| DomainError::internal("an export was not stored"))?;
    one(app, work, row).await
}

/// Refuses fields that the purpose closes: their columns would be empty.
fn listed_by_purpose(call: &Call, new: &NewExport) -> Result<(), DomainError> {
    let Some(facts) = call.identity.purposes.get(&new.purpose) else {
        return Err(DomainError::invalid("/purpose", "unknown_purpose"));
    };
    let closed = |key: &String| facts.fields.as_ref().is_some_and(|listed| !listed.contains(key));
    let named = new.fields.iter().enumerate().filter(|(_, key)| closed(key));
    let faults: Vec<Fault> =
        named.map(|(at, _)| Fault::new(format!("/fields/{at}"), "purpose_excludes_field")).collect();
    if faults.is_empty() { Ok(()) } else { Err(DomainError::Invalid(faults)) }
}

/// How many in the caller's reach match now.
async fn matching(work: &Work, scope: &RowScope, new: &NewExport) -> Result<u32, DomainError> {
    let count = stored::count_matching(work, scope, &new.filter, i64::from(new.row_limit) + 1).await?;
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if count > new.row_limit {
        let fault = Fault::new("/row_limit", "matches_more").with_arg(new.row_limit.to_string());
        return Err(DomainError::Invalid(vec![fault]));
    }
    if count > 0 { Ok(count) } else { Err(DomainError::invalid("/filter", "matches_nobody")) }
}

/// Each file with its request, in their order.
async fn seen(app: &App, work: &Work, rows: Vec<ExportRow>) -> Result<Vec<ExportView>, DomainError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut known = views_by_ids(app, work, &ids).await?;
    let missing = || DomainError::internal("an export without its request");
    rows.into_iter()
        .map(|row| known.remove(&row.id).map(|request| ExportView { row, request }).ok_or_else(missing))
        .collect()
}

pub(super) async fn one(app: &App, work: &Work, row: ExportRow) -> Result<ExportView, DomainError> {
    let view = seen(app, work, vec![row]).await?.pop();
    view.ok_or_else(|| DomainError::internal("an export was not read"))
}

/// Whether the caller sees everybody's files: who traces leaks, and who reads the log.
fn sees_all(call: &Call) -> bool {
    call.identity.caller.holds(Permission::LeakTracesRun) || call.identity.caller.holds(Permission::AuditRead)
}

/// A page of files, newest first: one's own, or everybody's for who traces leaks or reads the log.
pub async fn list(
    app: &App,
    call: &Call,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<ExportView>, Option<Uuid>), DomainError> {
    call.needs(Permission::ExportsRead)?;
    let requester = if sees_all(call) { None } else { Some(call.identity.actor_id()) };
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list(&work, requester, before, one_more(limit)).await?;
    let next = cut(&mut rows, limit, |row| row.id);
    let views = seen(app, &work, rows).await;
    work.abandon().await;
    let views = views?;
    app.record_read(call, Draft::of(Action::ExportsRead)).await?;
    Ok((views, next))
}

/// One file: for who asked for it, who is or was asked about it, who traces leaks and who reads the log.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<ExportView, DomainError> {
    call.needs(Permission::ExportsRead)?;
    let work = app.begin(call.organization()).await?;
    let found = match (stored::find(&work, id).await?, requests::find(&work, id).await?) {
        (Some(row), Some(request)) if sees_all(call) || concerns(call, &work, &request).await? => {
            Some(one(app, &work, row).await?)
        }
        _ => None,
    };
    work.abandon().await;
    let found = found.ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::ExportsRead, id)).await?;
    Ok(found)
}
