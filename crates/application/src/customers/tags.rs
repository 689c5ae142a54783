//! Tags: made by an organisation, and put on its customers.

use custodian_domain::audit::Action;
use custodian_domain::customers::{MOST_TAGS, MOST_TAGS_EACH};
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as stored, TagRow};
use custodian_persistence::{DbError, Work};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// A tag to be made; code and name were checked.
#[derive(Clone, Debug)]
pub struct NewTag {
    /// Its code.
    pub code: String,
    /// What people call it.
    pub name: String,
}

/// A change: what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct TagPatch {
    /// What people call it.
    pub name: Option<String>,
    /// Whether it is out of use.
    pub retired: Option<bool>,
}

/// Every tag, in order of code, those out of use included.
pub async fn list_tags(app: &App, call: &Call) -> Result<Vec<TagRow>, DomainError> {
    call.needs(Permission::CustomersRead)?;
    staff_only(call)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::list_tags(&work).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::TagsRead)).await?;
    Ok(rows?)
}

/// One tag.
pub async fn find_tag(app: &App, call: &Call, id: Uuid) -> Result<TagRow, DomainError> {
    call.needs(Permission::CustomersRead)?;
    staff_only(call)?;
    let row = app
        .reading(call.organization(), async |work| stored::find_tag(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::TagsRead, &row)).await?;
    Ok(row)
}

/// Makes a tag.
///
/// Errors: 409 `duplicate_value` for a code that is taken, `too_many_tags`.
pub async fn create_tag(app: &App, call: &Call, work: &Work, new: NewTag) -> Result<TagRow, DomainError> {
    call.needs(Permission::TagsManage)?;
    if stored::list_tags(work).await?.len() >= MOST_TAGS {
        return Err(DomainError::refused(RefusedAs::Conflict, "too_many_tags"));
    }
    let NewTag { code, name } = new;
    let (id, created_at, created_by) = (app.new_id(), app.now(), call.identity.actor_id());
    let row = TagRow { id, code, name, version: 1, created_at, created_by, retired_at: None };
    stored::insert_tag(work, &row).await.map_err(|error| match error {
        DbError::Conflict(constraint) if constraint == "tags_code" => {
            DomainError::Taken(vec![Fault::new("/code", "duplicate_value")])
        }
        other => other.into(),
    })?;
    app.record_change(work, call, entry(Action::TagsCreate, &row)).await?;
    Ok(row)
}

/// Renames a tag, takes it out of use, or into use again. Who carries it keeps it.
///
/// Errors: 404; 412.
pub async fn patch_tag(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl Fn(i64) -> Result<(), DomainError>,
    patch: TagPatch,
) -> Result<TagRow, DomainError> {
    call.needs(Permission::TagsManage)?;
    let mut row = stored::lock_tag(work, id).await?.ok_or(DomainError::NotFound)?;
    admits(i64::from(row.version))?;
    let mut changed = Vec::new();
    if let Some(name) = patch.name.filter(|name| *name != row.name) {
        row.name = name;
        changed.push("name".to_owned());
    }
    if let Some(retired) = patch.retired.filter(|retired| *retired != row.retired_at.is_some()) {
        row.retired_at = retired.then(|| app.now());
        changed.push("retired".to_owned());
    }
    if !changed.is_empty() {
        row.version += 1;
        stored::update_tag(work, &row).await?;
    }
    app.record_change(work, call, entry(Action::TagsUpdate, &row).with("changed", Detail::Codes(changed))).await?;
    Ok(row)
}

fn staff_only(call: &Call) -> Result<(), DomainError> {
    match call.identity.user() {
        Some(_) => Ok(()),
        None => Err(DomainError::refused(RefusedAs::Forbidden, "staff_only")),
    }
}

fn entry(action: Action, row: &TagRow) -> Draft {
    Draft::of(action).with("tag", Detail::Code(row.code.clone()))
}

/// Codes as they are kept: in order, none twice.
pub(super) fn in_order(mut codes: Vec<String>) -> Vec<String> {
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Those of these codes that may be put on customers; asks nothing where there are none.
pub(super) async fn usable_codes(work: &Work, codes: &[String]) -> Result<Vec<String>, DomainError> {
    if codes.is_empty() { Ok(Vec::new()) } else { Ok(stored::usable_tags(work, codes).await?) }
}

/// What is wrong with the tags of a customer; `known` are those that may be put on it. A partner knows of none.
pub(super) fn code_faults(call: &Call, codes: &[String], known: &[String], faults: &mut Vec<Fault>) {
    if codes.len() > MOST_TAGS_EACH {
        faults.push(Fault::new("/tags", "too_many").with_arg(MOST_TAGS_EACH.to_string()));
    }
    let is_known = |code: &String| call.identity.user().is_some() && known.contains(code);
    if !codes.iter().all(is_known) {
        faults.push(Fault::new("/tags", "unknown_tag"));
    }
}

/// The same where a customer carries some already: those may stay, in use or not.
pub(super) async fn checked_codes(
    work: &Work,
    call: &Call,
    codes: &[String],
    carried: &[String],
    faults: &mut Vec<Fault>,
) -> Result<(), DomainError> {
    let mut known = usable_codes(work, codes).await?;
    known.extend_from_slice(carried);
    code_faults(call, codes, &known, faults);
    Ok(())
}
