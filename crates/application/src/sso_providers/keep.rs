//! Keeping the list of providers.

use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::sso_providers::{self as stored, ProviderRow};
use custodian_persistence::{Work, users};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::keys::{own_place, seal_own};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// A provider to be made.
pub struct NewProvider {
    /// What people call it.
    pub name: String,
    /// Its issuer, word for word.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: Option<String>,
    /// Whether its word that a second factor was shown counts as one.
    pub trusts_mfa: bool,
}

/// What may be changed of a provider; `None` leaves a thing as it is.
#[derive(Default)]
pub struct Change {
    /// What people call it.
    pub name: Option<String>,
    /// Our client id there.
    pub client_id: Option<String>,
    /// Our secret there; `Some(None)` takes it away.
    pub client_secret: Option<Option<String>>,
    /// Whether its word that a second factor was shown counts as one.
    pub trusts_mfa: Option<bool>,
    /// Whether people may log in by it.
    pub enabled: Option<bool>,
}

/// Where a provider sends people back to; to be registered there.
pub fn callback_url(app: &App, provider: Uuid) -> String {
    format!("{}/v1/auth/sso/{provider}/callback", app.tuning().issuer.trim_end_matches('/'))
}

async fn seal_secret(app: &App, work: &Work, provider: Uuid, secret: &str) -> Result<Vec<u8>, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let place = own_place(work.organization(), "sso_provider", provider, "client_secret", 1);
    Ok(seal_own(&keys, &place, secret, app.rng()))
}

fn entry(action: Action, provider: Uuid) -> Draft {
    Draft::of(action).with("provider", Detail::Code(provider.to_string()))
}

/// Adds a provider.
///
/// Errors: 403 `step_up_required`; 422 for an issuer that may not be called.
pub async fn create(app: &App, call: &Call, work: &Work, new: NewProvider) -> Result<ProviderRow, DomainError> {
    call.needs(Permission::AuthManage)?;
    require_step_up(app, call, work).await?;
    let NewProvider { name, issuer, client_id, client_secret, trusts_mfa } = new;
    if issuer.contains(['?', '#']) || !app.providers().fetch().may_call(&issuer) {
        return Err(DomainError::invalid("/issuer", "invalid_url"));
    }
    let id = app.new_id();
    let sealed_secret = match &client_secret {
        Some(secret) => Some(seal_secret(app, work, id, secret).await?),
        None => None,
    };
    let created_at = app.now();
    let row = ProviderRow { id, name, issuer, client_id, sealed_secret, trusts_mfa, enabled: true, created_at };
    stored::insert(work, &row).await?;
    users::add_lookup(work, &app.keys().lookup("sso-provider", &id.to_string()), id).await?;
    app.record_change(work, call, entry(Action::SsoProvidersCreate, id)).await?;
    Ok(row)
}

/// Changes a provider; `allowed` is asked about the one in force, in the same transaction.
///
/// Errors: 403 `step_up_required`.
pub async fn change(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    change: Change,
    allowed: impl FnOnce(&ProviderRow) -> Result<(), DomainError>,
) -> Result<ProviderRow, DomainError> {
    call.needs(Permission::AuthManage)?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    allowed(&row)?;
    require_step_up(app, call, work).await?;
    let Change { name, client_id, client_secret, trusts_mfa, enabled } = change;
    row.name = name.unwrap_or(row.name);
    row.client_id = client_id.unwrap_or(row.client_id);
    row.trusts_mfa = trusts_mfa.unwrap_or(row.trusts_mfa);
    row.enabled = enabled.unwrap_or(row.enabled);
    match client_secret {
        Some(Some(secret)) => row.sealed_secret = Some(seal_secret(app, work, id, &secret).await?),
        Some(None) => row.sealed_secret = None,
        None => {}
    }
    stored::update(work, &row).await?;
    app.record_change(work, call, entry(Action::SsoProvidersChange, id)).await?;
    Ok(row)
}

/// Takes a provider away, and with it whom it vouched for; their accounts stay.
///
/// Errors: 403 `step_up_required`.
pub async fn remove(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    allowed: impl FnOnce(&ProviderRow) -> Result<(), DomainError>,
) -> Result<(), DomainError> {
    call.needs(Permission::AuthManage)?;
    allowed(&stored::lock(work, id).await?.ok_or(DomainError::NotFound)?)?;
    require_step_up(app, call, work).await?;
    stored::delete(work, id).await?;
    app.record_change(work, call, entry(Action::SsoProvidersDelete, id)).await
}

/// One provider.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<ProviderRow, DomainError> {
    call.needs(Permission::AuthManage)?;
    let row = app
        .reading(call.organization(), async |work| stored::find(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::SsoProvidersRead, id)).await?;
    Ok(row)
}

/// A page of providers in order of id.
pub async fn list(
    app: &App,
    call: &Call,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<ProviderRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::AuthManage)?;
    let mut rows =
        app.reading(call.organization(), async |work| stored::list(work, after, one_more(limit)).await).await?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::SsoProvidersRead)).await?;
    Ok((rows, next))
}
