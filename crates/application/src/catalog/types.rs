//! Making, naming and retiring record types.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{LONGEST_KEY, RecordType, built_in_type, is_record_type_code};
use custodian_domain::kernel::{DomainError, Fault};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::catalog::{self as stored, TypeRow, TypeVersionRow};

use super::load;
use super::write::conflict;
use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// The most record types that an organisation keeps beside the built-in ones, retired ones among them: each is walked by whoever
/// looks one up.
const MOST_TYPES: usize = 100;

/// A record type as an administrator sees it.
#[derive(Clone, Debug)]
pub struct TypeView {
    /// The type with its fields.
    pub record_type: RecordType,
    /// Counts changes; 1 for a built-in type that was never named anew.
    pub version: i32,
    /// Part of the product.
    pub built_in: bool,
    /// When the organisation made or first changed it.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

impl TypeView {
    /// Another number whenever something else is told of the type: its names, its state, how many fields it has.
    pub fn revision(&self) -> i64 {
        i64::from(self.version) * 1_000 + i64::try_from(self.record_type.fields.len()).unwrap_or(999)
    }

    fn of(record_type: &RecordType, row: Option<&TypeRow>) -> Self {
        Self {
            built_in: built_in_type(record_type.code).is_some(),
            record_type: record_type.clone(),
            version: row.map_or(1, |row| row.version),
            created_at: row.map(|row| row.created_at),
            updated_at: row.map(|row| row.updated_at),
        }
    }
}

pub(super) async fn all(work: &Work) -> Result<Vec<TypeView>, DomainError> {
    let (catalog, rows) = (load(work).await?, stored::types(work).await?);
    let view = |one: &RecordType| TypeView::of(one, rows.iter().find(|row| row.code == one.code));
    Ok(catalog.types().iter().map(view).collect())
}

async fn one(work: &Work, code: &str) -> Result<TypeView, DomainError> {
    all(work).await?.into_iter().find(|view| view.record_type.code == code).ok_or(DomainError::NotFound)
}

/// The record types in the order in which they are shown, those in use or those that were retired.
pub async fn record_types(app: &App, call: &Call, retired: bool) -> Result<Vec<TypeView>, DomainError> {
    call.needs(Permission::CatalogRead)?;
    let mut views = app.reading(call.organization(), async |work| all(work).await).await?;
    views.retain(|view| view.record_type.in_use != retired);
    app.record_read(call, Draft::of(Action::CatalogRead)).await?;
    Ok(views)
}

/// One record type, in use or retired.
pub async fn record_type(app: &App, call: &Call, code: &str) -> Result<TypeView, DomainError> {
    call.needs(Permission::CatalogRead)?;
    let view = app.reading(call.organization(), async |work| one(work, code).await).await?;
    app.record_read(call, entry(Action::CatalogRead, &view)).await?;
    Ok(view)
}

/// The versions of a record type since the organisation made or first changed it, newest first.
pub async fn type_versions(app: &App, call: &Call, code: &str) -> Result<Vec<TypeVersionRow>, DomainError> {
    call.needs(Permission::CatalogRead)?;
    let ask =
        async |work: &Work| Ok::<_, DomainError>((one(work, code).await?, stored::type_versions(work, code).await?));
    let (view, versions) = app.reading(call.organization(), ask).await?;
    app.record_read(call, entry(Action::CatalogRead, &view)).await?;
    Ok(versions)
}

fn entry(action: Action, view: &TypeView) -> Draft {
    Draft::of(action)
        .with("record_type", Detail::Code(view.record_type.code.to_owned()))
        .with("version", Detail::Count(u32::try_from(view.version).unwrap_or_default()))
}

/// Makes a record type without fields; they are made as those of any other. Records of it can be entered within a second.
///
/// Errors: 422 for a code that cannot be one; 409 `duplicate_value` for one that is or was in use, `too_many_record_types`.
pub async fn create_type(
    app: &App,
    call: &Call,
    work: &Work,
    code: &str,
    (en, zh): (String, String),
) -> Result<TypeView, DomainError> {
    call.needs(Permission::CatalogManage)?;
    if !is_record_type_code(code) {
        let form = format!("[a-z][a-z0-9_]{{1,{}}}", LONGEST_KEY - 1);
        return Err(DomainError::Invalid(vec![Fault::new("/code", "invalid_format").with_arg(form)]));
    }
    stored::begin_change(work).await?;
    let known = all(work).await?;
    if known.iter().any(|view| view.record_type.code == code) {
        return Err(DomainError::Taken(vec![Fault::new("/code", "duplicate_value")]));
    }
    let own = known.iter().filter(|view| !view.built_in).count();
    if own >= MOST_TYPES {
        return Err(conflict("too_many_record_types"));
    }
    let (now, by) = (work.database_time().await?, call.identity.actor_id());
    let row = TypeRow {
        code: code.to_owned(),
        place: i32::try_from(own).unwrap_or(i32::MAX),
        version: 1,
        state: "active".to_owned(),
        label_en: en,
        label_zh: zh,
        created_at: now,
        created_by: by,
        updated_at: now,
        updated_by: by,
    };
    keep(app, call, work, row, (Action::CatalogCreateType, &[])).await
}

async fn keep(
    app: &App,
    call: &Call,
    work: &Work,
    row: TypeRow,
    (action, changed): (Action, &[&str]),
) -> Result<TypeView, DomainError> {
    stored::store_type(work, &row).await?;
    let changed: Vec<String> = changed.iter().map(|one| (*one).to_owned()).collect();
    stored::store_type_version(work, &row, &changed).await?;
    let view = one(work, &row.code).await?;
    app.record_change(work, call, entry(action, &view)).await?;
    Ok(view)
}

/// The type, the catalog held against other changes, and its row; a built-in one has none before it is first named anew.
async fn held(
    call: &Call,
    work: &Work,
    code: &str,
    admits: impl FnOnce(&TypeView) -> Result<(), DomainError>,
) -> Result<(TypeView, TypeRow), DomainError> {
    stored::begin_change(work).await?;
    let view = one(work, code).await?;
    admits(&view)?;
    if !view.record_type.in_use {
        return Err(conflict("record_type_retired"));
    }
    let (now, by) = (work.database_time().await?, call.identity.actor_id());
    let kept = stored::types(work).await?.into_iter().find(|row| row.code == code);
    if let Some(before) = &kept {
        // One that was kept before its versions were.
        stored::store_type_version(work, before, &[]).await?;
    }
    let row = kept.unwrap_or_else(|| TypeRow {
        code: code.to_owned(),
        place: -1,
        version: 1,
        state: "active".to_owned(),
        label_en: view.record_type.labels.en.clone(),
        label_zh: view.record_type.labels.zh.clone(),
        created_at: now,
        created_by: by,
        updated_at: now,
        updated_by: by,
    });
    let version = row.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?;
    Ok((view, TypeRow { version, updated_at: now, updated_by: by, ..row }))
}

/// Names a record type anew, a built-in one too. A change that changes nothing makes no version.
///
/// Errors: 409 `record_type_retired`.
pub async fn patch_type(
    app: &App,
    call: &Call,
    work: &Work,
    code: &str,
    admits: impl FnOnce(&TypeView) -> Result<(), DomainError>,
    labels: Option<(String, String)>,
) -> Result<TypeView, DomainError> {
    call.needs(Permission::CatalogManage)?;
    let (view, row) = held(call, work, code, admits).await?;
    match labels {
        Some((en, zh)) if en != row.label_en || zh != row.label_zh => {
            let row = TypeRow { label_en: en, label_zh: zh, ..row };
            keep(app, call, work, row, (Action::CatalogUpdateType, &["labels"])).await
        }
        _ => Ok(view),
    }
}

/// Takes a record type of the organisation's own out of use for good: nothing is entered or changed any more. What there is stays readable
/// and can be deleted, and goes with its customers.
///
/// Errors: 409 `record_type_retired`, `record_type_built_in`.
pub async fn retire_type(app: &App, call: &Call, work: &Work, code: &str) -> Result<TypeView, DomainError> {
    call.needs(Permission::CatalogManage)?;
    let (view, row) = held(call, work, code, |_| Ok(())).await?;
    if view.built_in {
        return Err(conflict("record_type_built_in"));
    }
    let row = TypeRow { state: "retired".to_owned(), ..row };
    keep(app, call, work, row, (Action::CatalogRetireType, &["state"])).await
}
