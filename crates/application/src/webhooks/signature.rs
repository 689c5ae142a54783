//! A receiver's own signature: whoever was given a webhook's secret can sign its word with it.

use custodian_domain::kernel::{DomainError, RefusedAs, ThirdPartyId};
use custodian_persistence::Work;
use custodian_persistence::webhooks as stored;

use super::secret::in_force;
use crate::App;

/// How far a signature's time may be off, in seconds.
const TOLERANCE: i64 = 300;

/// A signature as it was sent, after Standard Webhooks 1.0.0, over an empty body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `webhook-id`: what is signed about.
    pub id: String,
    /// `webhook-timestamp`: seconds since 1970.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signatures: String,
}

/// Refuses a signature that none of the third party's webhooks has the secret of, that is about something else, or too old.
///
/// Errors: 403 `invalid_signature`.
pub(crate) async fn check(
    app: &App,
    work: &Work,
    third_party: ThirdPartyId,
    about: &str,
    signature: &Signature,
) -> Result<(), DomainError> {
    let now = app.now();
    let fresh = (now.timestamp() - signature.timestamp).abs() <= TOLERANCE;
    if fresh && signature.id == about {
        for row in stored::of_third_party(work, third_party).await? {
            let secrets = in_force(app, work, &row, now).await?;
            let holds = |secret: &custodian_crypto::WebhookSecret| {
                secret.verifies(&signature.id, signature.timestamp, b"", &signature.signatures)
            };
            if secrets.iter().any(holds) {
                return Ok(());
            }
        }
    }
    Err(DomainError::refused(RefusedAs::Forbidden, "invalid_signature"))
}
