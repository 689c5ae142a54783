//! One's own account: read by everybody, and changed as far as it is nobody else's business.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Language, RefusedAs};
use custodian_persistence::{Work, users as stored};

use super::{UserView, find_row, view};
use crate::audit::{Detail, Draft};
use crate::keys::{own_place, seal_own};
use crate::{App, Call};

/// A change of one's own account: what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct MePatch {
    /// What people call this person.
    pub name: Option<String>,
    /// What the person reads; letters are in it, or in every language where none was chosen.
    pub language: Option<Option<Language>>,
    /// Whether to be written to about what is due.
    pub follow_up_letters: Option<bool>,
}

/// The caller's own account.
pub async fn me(app: &App, call: &Call) -> Result<UserView, DomainError> {
    let id = call.identity.user().ok_or(DomainError::NotFound)?;
    let found = find_row(app, call, id).await?;
    app.record_read(call, Draft::of(Action::MeRead)).await?;
    Ok(found)
}

/// Changes the caller's own account. A change that changes nothing makes no version. `admits` says whether this version may be changed.
///
/// Errors: 403 `staff_only`; 412.
pub async fn patch_me(
    app: &App,
    call: &Call,
    work: &Work,
    admits: impl FnOnce(i64) -> Result<(), DomainError>,
    patch: MePatch,
) -> Result<UserView, DomainError> {
    let id = call.identity.user().ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    admits(i64::from(row.version))?;
    let keys = app.keys().open_organization(work).await?;
    let shown = view(&keys, work.organization(), row.clone())?;
    let MePatch { name, language, follow_up_letters } = patch;
    let mut changed = Vec::new();
    if let Some(name) = name.filter(|name| *name != shown.name) {
        row.sealed_name =
            seal_own(&keys, &own_place(work.organization(), "user", id.uuid(), "name", 1), &name, app.rng());
        changed.push("name".to_owned());
    }
    if let Some(language) = language.filter(|language| *language != row.language) {
        row.language = language;
        changed.push("language".to_owned());
    }
    if let Some(wanted) = follow_up_letters.filter(|wanted| *wanted != row.follow_up_letters) {
        row.follow_up_letters = wanted;
        changed.push("follow_up_letters".to_owned());
    }
    if changed.is_empty() {
        return Ok(shown);
    }
    stored::update(work, &row).await?;
    app.record_change(work, call, Draft::of(Action::MeUpdate).with("changed", Detail::Codes(changed))).await?;
    row.version += 1;
    view(&keys, work.organization(), row)
}

/// Records that a caller looked at its own rights.
pub async fn read_own_permissions(app: &App, call: &Call) -> Result<(), DomainError> {
    app.record_read(call, Draft::of(Action::MeRead)).await
}
