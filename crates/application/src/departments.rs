//! The tree of departments: read, made, moved without cycles, deleted when empty.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::departments::{self as stored, DepartmentRow};
use custodian_persistence::{Work, users};

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// Levels of the tree at most: deeper ones are a mistake, and every path is walked for each caller.
const DEEPEST: usize = 32;
/// Departments of an organisation at most.
const MOST: usize = 10_000;

/// A change: what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct DepartmentPatch {
    /// Its name.
    pub name: Option<String>,
    /// The department above; `Some(None)` makes it a root.
    pub parent: Option<Option<DepartmentId>>,
    /// Who heads it.
    pub head: Option<Option<UserId>>,
}

/// Every department, parents before children.
pub async fn list(app: &App, call: &Call) -> Result<Vec<DepartmentRow>, DomainError> {
    call.needs(Permission::DepartmentsRead)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::list(&work).await;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::DepartmentsRead)).await?;
    Ok(rows?)
}

/// One department.
pub async fn find(app: &App, call: &Call, id: DepartmentId) -> Result<DepartmentRow, DomainError> {
    call.needs(Permission::DepartmentsRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, draft(Action::DepartmentsRead, id)).await?;
    Ok(row)
}

/// Makes a department.
///
/// Errors: 422 `unknown_department`, `too_deep`, `unknown_user`.
pub async fn create(
    app: &App,
    call: &Call,
    work: &Work,
    name: String,
    parent: Option<DepartmentId>,
    head: Option<UserId>,
) -> Result<DepartmentRow, DomainError> {
    call.needs(Permission::DepartmentsManage)?;
    stored::fence(work).await?;
    let tree = stored::list(work).await?;
    if tree.len() >= MOST {
        return Err(DomainError::refused(RefusedAs::Conflict, "too_many_departments"));
    }
    let id = DepartmentId::from(app.new_id());
    let mut path = Vec::new();
    let mut faults = Vec::new();
    if let Some(parent) = parent {
        match tree.iter().find(|row| row.id == parent) {
            None => faults.push(Fault::new("/parent_id", "unknown_department")),
            Some(above) if above.path.len() >= DEEPEST => faults.push(too_deep()),
            Some(above) => path.clone_from(&above.path),
        }
    }
    check_head(work, head, &mut faults).await?;
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    path.push(id);
    let row = DepartmentRow { id, parent, name, path, created_at: app.now(), head, version: 1 };
    stored::insert(work, id, parent, &row.name, row.created_at).await?;
    let row = if head.is_some() { save(work, row).await? } else { row };
    app.record_change(work, call, draft(Action::DepartmentsCreate, id)).await?;
    Ok(row)
}

/// Renames, moves, or gives another head. Whoever it moves away from or under sees more or fewer customers within a second.
///
/// Errors: 412; 422 `unknown_department`, `department_cycle`, `too_deep`, `unknown_user`.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    id: DepartmentId,
    admits: impl Fn(i64) -> Result<(), DomainError>,
    patch: DepartmentPatch,
) -> Result<DepartmentRow, DomainError> {
    call.needs(Permission::DepartmentsManage)?;
    stored::fence(work).await?;
    let tree = stored::list(work).await?;
    let mut row = tree.iter().find(|row| row.id == id).cloned().ok_or(DomainError::NotFound)?;
    admits(i64::from(row.version))?;
    let mut faults = Vec::new();
    let mut changed = Vec::new();
    if let Some(name) = patch.name.filter(|name| *name != row.name) {
        row.name = name;
        changed.push("name".to_owned());
    }
    if let Some(parent) = patch.parent.filter(|parent| *parent != row.parent) {
        faults.extend(place_fault(&tree, &row, parent));
        row.parent = parent;
        changed.push("parent_id".to_owned());
    }
    if let Some(head) = patch.head.filter(|head| *head != row.head) {
        check_head(work, head, &mut faults).await?;
        row.head = head;
        changed.push("head_id".to_owned());
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    if changed.is_empty() {
        return Ok(row);
    }
    let row = save(work, row).await?;
    let draft = draft(Action::DepartmentsUpdate, id).with("changed", Detail::Codes(changed));
    app.record_change(work, call, draft).await?;
    Ok(row)
}

/// Deletes a department that nothing and nobody is in.
///
/// Errors: 409 `department_not_empty`, 412.
pub async fn delete(
    app: &App,
    call: &Call,
    work: &Work,
    id: DepartmentId,
    admits: impl Fn(i64) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    call.needs(Permission::DepartmentsManage)?;
    stored::fence(work).await?;
    let row = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    admits(i64::from(row.version))?;
    if !stored::is_empty(work, id).await? {
        return Err(DomainError::refused(RefusedAs::Conflict, "department_not_empty"));
    }
    stored::delete(work, id).await?;
    app.record_change(work, call, draft(Action::DepartmentsDelete, id)).await
}

/// Stores the row and reads it back, path and version as they now are.
async fn save(work: &Work, row: DepartmentRow) -> Result<DepartmentRow, DomainError> {
    stored::update(work, &row).await?;
    stored::find(work, row.id).await?.ok_or_else(|| DomainError::internal("a department is out of the tree"))
}

/// What speaks against putting a department there.
fn place_fault(tree: &[DepartmentRow], row: &DepartmentRow, parent: Option<DepartmentId>) -> Option<Fault> {
    let parent = parent?;
    let Some(above) = tree.iter().find(|one| one.id == parent) else {
        return Some(Fault::new("/parent_id", "unknown_department"));
    };
    if above.path.contains(&row.id) {
        return Some(Fault::new("/parent_id", "department_cycle"));
    }
    let beneath = tree.iter().filter(|one| one.path.contains(&row.id)).map(|one| one.path.len()).max().unwrap_or(0);
    let height = beneath + 1 - row.path.len();
    (above.path.len() + height > DEEPEST).then(too_deep)
}

fn too_deep() -> Fault {
    Fault::new("/parent_id", "tree_too_deep").with_arg(DEEPEST.to_string())
}

/// A head is an active colleague.
async fn check_head(work: &Work, head: Option<UserId>, faults: &mut Vec<Fault>) -> Result<(), DomainError> {
    if let Some(head) = head
        && !users::departments_of(work, &[head]).await?.iter().any(|(_, state, _)| state == "active")
    {
        faults.push(Fault::new("/head_id", "unknown_user"));
    }
    Ok(())
}

fn draft(action: Action, id: DepartmentId) -> Draft {
    Draft::of(action).with("department", Detail::Code(id.to_string()))
}
