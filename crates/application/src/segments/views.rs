//! Views: how somebody likes to see their list. Everybody's own; nobody else's business.

use custodian_domain::access::{View, widest_field_access};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::segments::{self as stored, ViewRow};
use serde_json::json;
use uuid::Uuid;

use super::saved::{Saved, SavedFilter, Terms};
use super::{MOST_VIEWS, user};
use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// A view as it was sent; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ViewDraft {
    /// What its owner calls it.
    pub name: Option<String>,
    /// Keys of the fields, in order; none for all.
    pub columns: Option<Vec<String>>,
    /// As in the list's `sort`.
    pub sort: Option<String>,
    /// What stands beside the fields, replaced whole.
    pub filter: Option<SavedFilter>,
    /// Values looked for, replaced whole.
    pub terms: Option<Terms>,
}

/// A view as it is read.
#[derive(Clone, Debug)]
pub struct ViewView {
    /// As stored.
    pub row: ViewRow,
    /// What it looks for.
    pub saved: Saved,
    /// Those of its columns of which the owner sees nothing now.
    pub closed: Vec<String>,
    /// The code of why it cannot be used now.
    pub unusable: Option<&'static str>,
}

fn view(call: &Call, row: ViewRow) -> Result<ViewView, DomainError> {
    let saved = Saved::read(&row.filter, &row.terms)?;
    let unusable = match saved.usable(call) {
        Ok(()) => None,
        Err(DomainError::Refused { code, .. }) => Some(code),
        Err(other) => return Err(other),
    };
    let open = |key: &String| {
        call.customer().field(key).is_some_and(|field| {
            widest_field_access(&call.identity.caller, Permission::CustomersRead, field).view > View::Hidden
        })
    };
    let closed = row.columns.iter().filter(|key| !open(key)).cloned().collect();
    Ok(ViewView { row, saved, closed, unusable })
}

fn entry(action: Action, id: Uuid) -> Draft {
    Draft::of(action).with("view", Detail::Code(id.to_string()))
}

/// Every view of the caller, oldest first.
pub async fn list_views(app: &App, call: &Call) -> Result<Vec<ViewView>, DomainError> {
    call.needs(Permission::SegmentsRead)?;
    let owner = user(call)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::views_of(&work, owner).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::ViewsRead)).await?;
    rows?.into_iter().map(|row| view(call, row)).collect()
}

/// One view of the caller.
pub async fn find_view(app: &App, call: &Call, id: Uuid) -> Result<ViewView, DomainError> {
    call.needs(Permission::SegmentsRead)?;
    let owner = user(call)?;
    let row = app
        .reading(call.organization(), async |work| stored::lock_view(work, owner, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::ViewsRead, id)).await?;
    view(call, row)
}

/// Makes a view.
///
/// Errors: 403 `field_hidden`; 409 `too_many_saved`; 422 with every fault.
pub async fn create_view(app: &App, call: &Call, work: &Work, draft: ViewDraft) -> Result<ViewView, DomainError> {
    call.needs(Permission::SegmentsWrite)?;
    let (owner, now) = (user(call)?, app.now());
    if stored::views_of(work, owner).await?.len() >= MOST_VIEWS {
        return Err(DomainError::refused(RefusedAs::Conflict, "too_many_saved"));
    }
    let base = ViewRow {
        id: app.new_id(),
        owner,
        name: String::new(),
        columns: Vec::new(),
        sort: "-created_at".to_owned(),
        filter: json!({}),
        terms: json!({}),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let row = onto(call, base, draft)?;
    stored::put_view(work, &row).await?;
    app.record_change(work, call, entry(Action::ViewsCreate, row.id)).await?;
    view(call, row)
}

/// Changes a view.
///
/// Errors: 412 unless `admits` the version, and those of [`create_view`].
pub async fn patch_view(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    draft: ViewDraft,
) -> Result<ViewView, DomainError> {
    call.needs(Permission::SegmentsWrite)?;
    let before = stored::lock_view(work, user(call)?, id).await?.ok_or(DomainError::NotFound)?;
    admits(before.version)?;
    let row = ViewRow { version: before.version + 1, updated_at: app.now(), ..onto(call, before, draft)? };
    stored::put_view(work, &row).await?;
    app.record_change(work, call, entry(Action::ViewsUpdate, id)).await?;
    view(call, row)
}

/// Takes a view away.
pub async fn delete_view(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    call.needs(Permission::SegmentsWrite)?;
    let row = stored::lock_view(work, user(call)?, id).await?.ok_or(DomainError::NotFound)?;
    admits(row.version)?;
    stored::delete_view(work, id).await?;
    app.record_change(work, call, entry(Action::ViewsDelete, id)).await
}

fn onto(call: &Call, mut row: ViewRow, draft: ViewDraft) -> Result<ViewRow, DomainError> {
    let ViewDraft { name, columns, sort, filter, terms } = draft;
    let mut faults: Vec<Fault> = Vec::new();
    let mut saved = Saved::read(&row.filter, &row.terms)?;
    saved.filter = filter.unwrap_or(saved.filter);
    saved.terms = terms.unwrap_or(saved.terms);
    if let Some(columns) = &columns {
        for (at, key) in columns.iter().enumerate() {
            let pointer = format!("/columns/{at}");
            match call.customer().field(key) {
                None => faults.push(Fault::new(pointer, "unknown_field")),
                Some(_) if columns.iter().take(at).any(|other| other == key) => {
                    faults.push(Fault::new(pointer, "repeated"))
                }
                Some(_) => {}
            }
        }
    }
    saved.check(call, &mut faults)?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    row.name = name.unwrap_or(row.name);
    row.columns = columns.unwrap_or(row.columns);
    row.sort = sort.unwrap_or(row.sort);
    (row.filter, row.terms) = saved.to_json()?;
    Ok(row)
}
