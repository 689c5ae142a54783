//! A signed link by which a person withdraws without an account.

use chrono::{DateTime, Duration, Utc};
use custodian_crypto::jws;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::{Work, consents as stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::copies::{hold, stop_all};
use super::withdraw::{By, entry};
use super::{ConsentView, find, meant};
use crate::audit::{Detail, Draft, EntryActor, record_all, seal_entry};
use crate::{App, Call};

const TYP: &str = "consent-withdrawal+jws";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    org: Uuid,
    consent: Uuid,
    exp: i64,
}

/// A link's token and its end.
#[derive(Clone, Debug)]
pub struct Link {
    /// Whoever holds it can withdraw that one consent, and nothing else.
    pub token: String,
    /// It works before this moment.
    pub expires_at: DateTime<Utc>,
}

/// Makes a link for the person whose consent it is.
///
/// Errors: those of [`find`].
pub async fn issue_link(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
    days: u16,
) -> Result<Link, DomainError> {
    call.needs(Permission::ConsentsWithdraw)?;
    let view = find(app, reader, call, id).await?;
    let expires_at = app.now() + Duration::days(i64::from(days));
    let consent = meant(call, id)?;
    let (iss, org) = (app.tuning().issuer.clone(), call.organization().uuid());
    let claims = Claims { iss, org, consent, exp: expires_at.timestamp() };
    let payload = serde_json::to_vec(&claims).map_err(|_| DomainError::internal("a link does not serialise"))?;
    let token = jws::sign(&app.signing_key(), TYP, &payload);
    let customer = CustomerId::from(view.listed.consent.customer);
    let draft = Draft::about(Action::ConsentsLink, customer).with("consent", Detail::Code(consent.to_string()));
    app.record_read(call, draft).await?;
    Ok(Link { token, expires_at })
}

/// Withdraws by a link. The reason is not asked for, and a second use is answered like the first.
///
/// Errors: 403 `invalid_link` for a token that is not ours, or too old; 404 where the record is gone or the person was erased. Somebody who was only deleted may still
/// say stop, and whoever was merged says it for the one that they are by now.
pub async fn withdraw_by_link(app: &App, token: &str, request: &str) -> Result<ConsentView, DomainError> {
    let refused = || DomainError::refused(RefusedAs::Forbidden, "invalid_link");
    let claims = app.open_signed(token, TYP).and_then(|bytes| serde_json::from_slice::<Claims>(&bytes).ok());
    let claims = claims.filter(|claims| claims.iss == app.tuning().issuer && claims.exp > app.now().timestamp());
    let claims = claims.ok_or_else(refused)?;
    let work = app.begin(OrganizationId::from(claims.org)).await?;
    let outcome = by_link(app, &work, claims.consent, request).await;
    work.settle(outcome).await
}

async fn by_link(app: &App, work: &Work, consent: Uuid, request: &str) -> Result<ConsentView, DomainError> {
    let listed = stored::find(work, consent).await?.ok_or(DomainError::NotFound)?;
    let customer = listed.consent.customer;
    let held = hold(work, &listed.consent).await?;
    held.row()?;
    let by = By { kind: "subject", id: customer, reason: None };
    let (listed, now, stopped) = stop_all(app, work, listed, &held, by).await?;
    let keys = app.keys().open_organization(work).await?;
    let actor = EntryActor { kind: "subject", id: customer, session: None, request, purpose: None };
    let draft = entry(&listed, stopped).with("by", Detail::Code("link".to_owned()));
    let sealed = seal_entry(&keys, work.organization(), app.new_id(), app.now(), &actor, draft, app.rng())?;
    record_all(work, &[&sealed]).await?;
    let (id, state) = (listed.consent.id, super::state(&listed, now));
    Ok(ConsentView { customer, id, state, listed })
}
