//! The catalog: which record types and fields there are, kept in memory and changed over HTTP.

mod classify;
mod current;
mod draft;
mod export;
mod rebuild;
mod types;
mod view;
mod write;

use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::{Work, catalog as stored};

pub use classify::{SampleColumn, classify};
pub(crate) use current::{Catalogs, Current, load};
pub use draft::FieldDraft;
pub use export::{Dictionary, FieldLine, TypeLine, UsedBy, export};
pub use rebuild::{KIND, give_up, run};
pub use types::{TypeView, create_type, patch_type, record_type, record_types, retire_type, type_versions};
pub use view::{FieldVersion, FieldView};
pub use write::{create, patch, retire};

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// The fields of a record type in the order in which they are shown, those in use or those that were retired.
pub async fn fields(app: &App, call: &Call, code: &str, retired: bool) -> Result<Vec<FieldView>, DomainError> {
    call.needs(Permission::CatalogRead)?;
    let views = app.reading(call.organization(), async |work| view::all(work, code, retired).await).await?;
    app.record_read(call, Draft::of(Action::CatalogRead)).await?;
    Ok(views)
}

/// One field, in use or retired.
pub async fn field(app: &App, call: &Call, code: &str, key: &str) -> Result<FieldView, DomainError> {
    call.needs(Permission::CatalogRead)?;
    let view = app.reading(call.organization(), async |work| view::one(work, code, key).await).await?;
    app.record_read(call, entry(Action::CatalogRead, &view)).await?;
    Ok(view)
}

/// The versions of a field since the organisation made or first changed it, newest first.
pub async fn versions(app: &App, call: &Call, code: &str, key: &str) -> Result<Vec<FieldVersion>, DomainError> {
    call.needs(Permission::CatalogRead)?;
    let ask = async |work: &Work| {
        let view = view::one(work, code, key).await?;
        Ok::<_, DomainError>((view, stored::versions(work, code, key).await?))
    };
    let (view, rows) = app.reading(call.organization(), ask).await?;
    app.record_read(call, entry(Action::CatalogRead, &view)).await?;
    rows.into_iter().map(|row| FieldVersion::of(code, key, row)).collect()
}

/// Has callers of this instance looked up anew: to be called when a change of a catalog is committed. Others follow within a second.
pub fn note_change(app: &App) {
    app.catalogs().changed();
}

fn entry(action: Action, view: &FieldView) -> Draft {
    Draft::of(action)
        .with("field", Detail::Code(format!("{}.{}", view.record_type, view.field.key)))
        .with("version", Detail::Count(u32::try_from(view.version).unwrap_or_default()))
}
