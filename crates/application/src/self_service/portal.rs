//! The key of an organisation's own page: it says whose door is knocked at, opens nothing, and may be known to everybody.

use custodian_crypto::jws;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs};
use custodian_domain::roles::Permission;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::Draft;
use crate::{App, Call};

const TYP: &str = "self-portal+jws";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    org: Uuid,
}

/// The key. The same as long as the signing key is.
pub async fn issue_portal(app: &App, call: &Call) -> Result<String, DomainError> {
    call.needs(Permission::SelfServiceManage)?;
    let claims = Claims { iss: app.tuning().issuer.clone(), org: call.organization().uuid() };
    let payload = serde_json::to_vec(&claims).map_err(|_| DomainError::internal("a portal key does not serialise"))?;
    app.record_read(call, Draft::of(Action::SelfServicePortal)).await?;
    Ok(jws::sign(&app.signing_key(), TYP, &payload))
}

/// Whose door it is.
///
/// Errors: 403 `invalid_portal`.
pub(super) fn open_portal(app: &App, key: &str) -> Result<OrganizationId, DomainError> {
    let claims = app.open_signed(key, TYP).and_then(|bytes| serde_json::from_slice::<Claims>(&bytes).ok());
    let claims = claims.filter(|claims| claims.iss == app.tuning().issuer);
    claims
        .map(|claims| OrganizationId::from(claims.org))
        .ok_or(DomainError::refused(RefusedAs::Forbidden, "invalid_portal"))
}
