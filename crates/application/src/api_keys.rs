//! Partner credentials: made, listed, revoked. The secret is shown once and kept nowhere.

use chrono::{DateTime, Utc};
use custodian_crypto::{Opaque, opaque};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Catalog, Classification};
use custodian_domain::kernel::{ApiKeyId, DomainError, Fault, RefusedAs, ThirdPartyId};
use custodian_domain::roles::Permission;
use custodian_persistence::api_keys::{self as stored, ApiKeyRow};
use custodian_persistence::{Work, users};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::auth::{IpRange, require_step_up};
use crate::paging::{cut, one_more};
use crate::purposes::unknown_faults;
use crate::{App, Call};

/// What a partner key may do at most.
pub const PARTNER_PERMISSIONS: [Permission; 13] = [
    Permission::EventsRead,
    Permission::CustomersRead,
    Permission::CustomersCreate,
    Permission::CustomersWrite,
    Permission::CatalogRead,
    Permission::PurposesRead,
    Permission::NoticesRead,
    Permission::NoticesRecord,
    Permission::ConsentsRead,
    Permission::ConsentsRecord,
    Permission::ConsentsWithdraw,
    Permission::ConsentsDecide,
    Permission::WithdrawalsAcknowledge,
];

/// With one of these a key that is bound to no purpose may see people under any of them: its third party is a recipient of each.
const READING: [Permission; 3] = [Permission::CustomersRead, Permission::CustomersWrite, Permission::EventsRead];

/// Codes of the permissions by which a key that is bound to no purpose makes its third party a recipient of every one.
pub(crate) fn reading_permissions() -> [&'static str; 3] {
    READING.map(Permission::code)
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Who will hold it.
    pub third_party: String,
    /// What it is for.
    pub name: String,
    /// Permission codes.
    pub permissions: Vec<String>,
    /// Field keys that it may see.
    pub fields: Vec<String>,
    /// Purposes that it is bound to; empty for none: where it may see people, its third party then hears of withdrawals from each.
    pub purposes: Vec<String>,
    /// CIDR ranges; empty for anywhere.
    pub ip_ranges: Vec<String>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Calls that it may make in a day (UTC); none for any number.
    pub daily_quota: Option<i32>,
}

/// Makes a key. Answers it with its secret, for the only time.
///
/// Errors: 403 `step_up_required`; 422 with every unknown permission, field or range.
pub async fn create(app: &App, call: &Call, work: &Work, new: NewApiKey) -> Result<(ApiKeyRow, Opaque), DomainError> {
    call.needs(Permission::ApiKeysManage)?;
    require_step_up(app, call, work).await?;
    let mut faults = faults(&new, call.catalog(), app.now());
    if faults.is_empty() {
        faults = unknown_faults(work, &new.purposes).await?;
    }
    if !faults.is_empty() {
        return Err(DomainError::Invalid(faults));
    }
    let made = insert(app, work, new, call.identity.actor_id()).await?;
    app.record_change(
        work,
        call,
        Draft::of(Action::ApiKeysCreate).with("api_key", Detail::Code(made.0.id.to_string())),
    )
    .await?;
    Ok(made)
}

/// Stores a key that was checked.
pub(crate) async fn insert(
    app: &App,
    work: &Work,
    new: NewApiKey,
    by: Uuid,
) -> Result<(ApiKeyRow, Opaque), DomainError> {
    let now = app.now();
    let id = ApiKeyId::from(app.new_id());
    let secret = opaque::generate(&format!("ck_{}_", id.uuid().simple()), app.rng());
    let NewApiKey { third_party, name, permissions, fields, purposes, ip_ranges, expires_at, daily_quota } = new;
    let holder = stored::third_party(work, ThirdPartyId::from(app.new_id()), &third_party, now).await?;
    let row = ApiKeyRow {
        id,
        third_party: holder,
        third_party_name: third_party,
        name,
        secret_digest: app.auth().digest_key(secret.expose()).to_vec(),
        permissions,
        fields,
        purposes,
        ip_ranges,
        created_by: by,
        created_at: now,
        expires_at,
        revoked_at: None,
        previous_digest: None,
        previous_until: None,
        rotated_at: None,
        last_used_at: None,
        daily_quota,
    };
    stored::insert(work, &row).await?;
    users::add_lookup(work, &app.keys().lookup("api-key", &id.to_string()), id.uuid()).await?;
    Ok((row, secret))
}

fn faults(new: &NewApiKey, catalog: &Catalog, now: DateTime<Utc>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, code) in new.permissions.iter().enumerate() {
        if !PARTNER_PERMISSIONS.iter().any(|p| p.code() == code) {
            let known: Vec<_> = PARTNER_PERMISSIONS.iter().map(|p| p.code()).collect();
            faults.push(Fault::new(format!("/permissions/{index}"), "not_a_choice").with_arg(known.join(", ")));
        }
    }
    for (index, key) in new.fields.iter().enumerate() {
        match catalog.named(key) {
            None => faults.push(Fault::new(format!("/fields/{index}"), "unknown_field")),
            Some(field) if field.classification == Classification::Core => {
                faults.push(Fault::new(format!("/fields/{index}"), "core_field"))
            }
            Some(_) => {}
        }
    }
    for (index, purpose) in new.purposes.iter().enumerate() {
        if !is_purpose_code(purpose) {
            faults.push(Fault::new(format!("/purposes/{index}"), "invalid_format"));
        }
    }
    for (index, range) in new.ip_ranges.iter().enumerate() {
        if IpRange::parse(range).is_none() {
            faults.push(Fault::new(format!("/ip_ranges/{index}"), "invalid_network"));
        }
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        faults.push(Fault::new("/expires_at", "in_the_past"));
    }
    faults
}

/// What `Processing-Purpose` can carry; a key bound to anything else could never be used.
pub(crate) fn is_purpose_code(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=64).contains(&code.len())
        && code.bytes().next().is_some_and(plain)
        && code.bytes().all(|b| plain(b) || matches!(b, b'_' | b'.' | b'-'))
}

/// One key, and whether it is in force.
pub async fn find(app: &App, call: &Call, id: ApiKeyId) -> Result<(ApiKeyRow, bool), DomainError> {
    call.needs(Permission::ApiKeysRead)?;
    let work = app.begin(call.organization()).await?;
    let found = stored::find(&work, id).await?;
    work.abandon().await;
    let found = found.ok_or(DomainError::NotFound)?;
    app.record_read(call, Draft::of(Action::ApiKeysRead).with("api_key", Detail::Code(id.to_string()))).await?;
    Ok(found)
}

/// A page of keys in order of id, each with whether it is in force.
pub async fn list(
    app: &App,
    call: &Call,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<(ApiKeyRow, bool)>, Option<Uuid>), DomainError> {
    call.needs(Permission::ApiKeysRead)?;
    let work = app.begin(call.organization()).await?;
    let mut rows = stored::list(&work, after, one_more(limit)).await?;
    work.abandon().await;
    let next = cut(&mut rows, limit, |(row, _)| row.id.uuid());
    app.record_read(call, Draft::of(Action::ApiKeysRead)).await?;
    Ok((rows, next))
}

/// Ends a key: refused from this moment on here, within half a second on every other instance.
///
/// Errors: 409 `already_revoked`.
pub async fn revoke(app: &App, call: &Call, work: &Work, id: ApiKeyId) -> Result<ApiKeyRow, DomainError> {
    call.needs(Permission::ApiKeysManage)?;
    if stored::find(work, id).await?.is_none() {
        return Err(DomainError::NotFound);
    }
    if !stored::revoke(work, id, app.now()).await? {
        return Err(DomainError::refused(RefusedAs::Conflict, "already_revoked"));
    }
    app.record_change(work, call, Draft::of(Action::ApiKeysRevoke).with("api_key", Detail::Code(id.to_string())))
        .await?;
    // Before the commit on purpose: a revocation that then fails has cost one refused request, the other order could let one through.
    app.auth().forget(id.uuid());
    let (row, _) = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    Ok(row)
}

/// Gives a key another secret, for the only time. The one until now works for `overlap` longer.
///
/// Errors: 403 `step_up_required`; 409 `already_revoked` for a key that is no longer in force.
pub async fn rotate(
    app: &App,
    call: &Call,
    work: &Work,
    id: ApiKeyId,
    overlap: chrono::Duration,
) -> Result<(ApiKeyRow, Opaque), DomainError> {
    call.needs(Permission::ApiKeysManage)?;
    require_step_up(app, call, work).await?;
    let (_, live) = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    if !live {
        return Err(DomainError::refused(RefusedAs::Conflict, "already_revoked"));
    }
    let secret = opaque::generate(&format!("ck_{}_", id.uuid().simple()), app.rng());
    let (now, digest) = (app.now(), app.auth().digest_key(secret.expose()));
    stored::rotate(work, id, &digest, now + overlap, now).await?;
    app.record_change(work, call, Draft::of(Action::ApiKeysRotate).with("api_key", Detail::Code(id.to_string())))
        .await?;
    app.auth().doubt(id.uuid());
    let (row, _) = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    Ok((row, secret))
}
