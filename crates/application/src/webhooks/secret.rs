//! The secrets that webhooks sign with: sealed, shown to people once, two of them during a rotation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use custodian_crypto::{Scheme, WebhookSecret};
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::webhooks::WebhookRow;
use uuid::Uuid;

use crate::App;
use crate::keys::{OrganizationKeys, open_own, own_place, seal_own};

/// Where secrets are sealed to.
const PLACE: (&str, &str) = ("webhook", "secret");

/// The scheme of a stored code.
pub(super) fn scheme_of(code: &str) -> Scheme {
    if code == "ed25519" { Scheme::Ed25519 } else { Scheme::Hmac }
}

/// A new secret and its sealed form.
pub(super) async fn generate(
    app: &App,
    work: &Work,
    webhook: Uuid,
    scheme: Scheme,
) -> Result<(WebhookSecret, Vec<u8>), DomainError> {
    let mut bytes = [0_u8; 32];
    app.rng().fill(&mut bytes);
    let secret = WebhookSecret::new(scheme, &bytes).map_err(|_| DomainError::Integrity)?;
    let keys = app.keys().open_organization(work).await?;
    let place = own_place(work.organization(), PLACE.0, webhook, PLACE.1, 1);
    Ok((secret, seal_own(&keys, &place, &STANDARD.encode(bytes), app.rng())))
}

fn open(keys: &OrganizationKeys, work: &Work, row: &WebhookRow, sealed: &[u8]) -> Result<WebhookSecret, DomainError> {
    let place = own_place(work.organization(), PLACE.0, row.id, PLACE.1, 1);
    let bytes = STANDARD.decode(open_own(keys, &place, sealed)?).map_err(|_| DomainError::Integrity)?;
    WebhookSecret::new(scheme_of(&row.scheme), &bytes).map_err(|_| DomainError::Integrity)
}

/// The secrets that sign now: the present one, and the one before as long as the overlap lasts.
pub(super) async fn in_force(
    app: &App,
    work: &Work,
    row: &WebhookRow,
    now: DateTime<Utc>,
) -> Result<Vec<WebhookSecret>, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let mut all = vec![open(&keys, work, row, &row.sealed_secret)?];
    if let (Some(before), Some(until)) = (&row.previous_secret, row.previous_until)
        && now < until
    {
        all.push(open(&keys, work, row, before)?);
    }
    Ok(all)
}
