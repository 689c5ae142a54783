//! Tokens of identity providers: made, listed, revoked, and recognised. The secret is shown once and kept nowhere.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_crypto::{Opaque, opaque};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs, SessionId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::scim as stored;
use custodian_persistence::{Work, users};
use uuid::Uuid;

pub use custodian_persistence::scim::TokenRow;

use crate::audit::{Detail, Draft};
use crate::auth::{identity_of_user, require_step_up};
use crate::paging::{cut, one_more};
use crate::{App, Call, Identity};

/// A token to be made.
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An identity provider that has shown a token in force.
pub struct Provisioner {
    /// The call, as the product itself: accounts are kept by the rules of the product.
    pub call: Call,
    /// The token.
    pub token: Uuid,
    /// Who made the token; roles are given as by this person, so that a token opens no more than its maker holds.
    pub maker: UserId,
}

impl Provisioner {
    pub(super) fn draft(&self, action: Action) -> Draft {
        Draft::of(action).with("scim_token", Detail::Code(self.token.to_string()))
    }

    /// The call as the token's maker; nothing when that person may no longer act.
    pub(super) async fn as_maker(&self, app: &App) -> Result<Option<Call>, DomainError> {
        let session = SessionId::from(Uuid::nil());
        let identity = identity_of_user(app, self.call.organization(), self.maker, session).await?;
        Ok(identity.map(|identity| Call { identity: Arc::new(identity), ..self.call.clone() }))
    }
}

/// Makes a token. Answers it with its secret, for the only time.
///
/// Errors: 403 `step_up_required`; 422 for an end that lies behind.
pub async fn create_token(
    app: &App,
    call: &Call,
    work: &Work,
    new: NewToken,
) -> Result<(TokenRow, Opaque), DomainError> {
    call.needs(Permission::AuthManage)?;
    let created_by = call.identity.user().ok_or(DomainError::refused(RefusedAs::Forbidden, "staff_only"))?;
    require_step_up(app, call, work).await?;
    let now = app.now();
    if new.expires_at.is_some_and(|at| at <= now) {
        return Err(DomainError::invalid("/expires_at", "in_the_past"));
    }
    let id = app.new_id();
    let secret = opaque::generate(&format!("cst_{}_", id.simple()), app.rng());
    let row = TokenRow {
        id,
        name: new.name,
        secret_digest: app.auth().digest_key(secret.expose()).to_vec(),
        created_by,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
    };
    stored::insert_token(work, &row).await?;
    users::add_lookup(work, &app.keys().lookup("scim-token", &id.to_string()), id).await?;
    app.record_change(work, call, entry(Action::ScimTokensCreate, id)).await?;
    Ok((row, secret))
}

fn entry(action: Action, token: Uuid) -> Draft {
    Draft::of(action).with("scim_token", Detail::Code(token.to_string()))
}

/// One token, and whether it is in force.
pub async fn find_token(app: &App, call: &Call, id: Uuid) -> Result<(TokenRow, bool), DomainError> {
    call.needs(Permission::AuthManage)?;
    let found = app
        .reading(call.organization(), async |work| stored::find_token(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::ScimTokensRead, id)).await?;
    Ok(found)
}

/// A page of tokens in order of id, each with whether it is in force.
pub async fn list_tokens(
    app: &App,
    call: &Call,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<(TokenRow, bool)>, Option<Uuid>), DomainError> {
    call.needs(Permission::AuthManage)?;
    let mut rows =
        app.reading(call.organization(), async |work| stored::list_tokens(work, after, one_more(limit)).await).await?;
    let next = cut(&mut rows, limit, |(row, _)| row.id);
    app.record_read(call, Draft::of(Action::ScimTokensRead)).await?;
    Ok((rows, next))
}

/// Ends a token with the commit, on every instance: tokens are asked about each time.
///
/// Errors: 409 `already_revoked`.
pub async fn revoke_token(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<TokenRow, DomainError> {
    call.needs(Permission::AuthManage)?;
    let (mut row, _) = stored::find_token(work, id).await?.ok_or(DomainError::NotFound)?;
    if !stored::revoke_token(work, id, app.now()).await? {
        return Err(DomainError::refused(RefusedAs::Conflict, "already_revoked"));
    }
    app.record_change(work, call, entry(Action::ScimTokensRevoke, id)).await?;
    row.revoked_at = Some(app.now());
    Ok(row)
}

/// Who shows this token.
///
/// Errors: 401 `invalid_token`, the same for every reason.
pub async fn authenticate(app: &App, text: &str, request: &str) -> Result<Provisioner, DomainError> {
    let refused = || DomainError::refused(RefusedAs::Unauthorized, "invalid_token");
    let rest = text.strip_prefix("cst_").filter(|_| text.len() < 200).ok_or_else(refused)?;
    let token = rest.split_once('_').and_then(|(id, _)| Uuid::try_parse(id).ok()).ok_or_else(refused)?;
    let found = users::find_lookup(app.db(), &app.keys().lookup("scim-token", &token.to_string())).await?;
    let organization = OrganizationId::from(found.first().ok_or_else(refused)?.0);
    let (row, live) =
        app.reading(organization, async |work| stored::find_token(work, token).await).await?.ok_or_else(refused)?;
    if !app.auth().is_key(text, &row.secret_digest) || !live {
        return Err(refused());
    }
    let expires_at = row.expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
    let identity = Identity { expires_at, ..Identity::of_system(organization, "scim") };
    let call = Call { identity: Arc::new(identity), request: request.to_owned(), purpose: None };
    Ok(Provisioner { call, token, maker: row.created_by })
}
