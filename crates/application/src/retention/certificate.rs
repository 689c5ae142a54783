//! The certificate of a round that destroyed something: by which policy, how much, when. Counts and ids, no personal value; it verifies offline.

use chrono::SecondsFormat;
use custodian_crypto::jws;
use custodian_domain::audit::Action as Entry;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_domain::retention::Action;
use custodian_domain::roles::Permission;
use custodian_persistence::retention::{self as stored, PolicyRow, RunRow};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// The type that the signature names (RFC 7515, `typ`).
pub const DESTRUCTION_TYP: &str = "destruction-certificate+jws";

/// What a certificate of a round does not say.
const LIMITS: &str = "People who were erased have certificates of their own, named in `erasure_ids`. What else was destroyed was deleted from the database; copies made before are ended by \
     their own terms.";

/// A certificate with its signature.
#[derive(Clone, Debug)]
pub struct DestructionCertificate {
    /// What is signed, readable.
    pub certificate: Value,
    /// The compact JWS (EdDSA) over that JSON: the same for ever.
    pub jws: String,
}

/// The signed text; none for a round that warned or archived. `keys` are the fields whose values went and left what they stood in.
pub(super) fn sign(
    app: &App,
    organization: OrganizationId,
    policy: &PolicyRow,
    (run, keys): (&RunRow, &[String]),
) -> Option<String> {
    Action::from_code(&run.action).filter(|action| action.erases())?;
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let certificate = json!({
        "v": 1,
        "issuer": app.tuning().issuer,
        "organization": organization,
        "round_id": run.id,
        "policy_id": run.policy,
        "rule": {"record_type": policy.record_type, "record_state": policy.record_state, "field": policy.field, "stage": policy.stage,
            "purpose": policy.purpose, "since": policy.since, "days": policy.days, "action": policy.action},
        "made_by": policy.created_by,
        "put_in_force_by": policy.activated_by,
        "put_in_force_at": policy.activated_at.map(time),
        "at": time(run.at),
        "customer_count": run.customers,
        "record_count": run.records,
        "fields": keys,
        "erasure_ids": run.erasures,
        "limits": LIMITS,
    });
    Some(jws::sign(&app.signing_key(), DESTRUCTION_TYP, certificate.to_string().as_bytes()))
}

/// The certificate of a round.
///
/// Errors: 404, also for a round that destroyed nothing.
pub async fn destruction_certificate(app: &App, call: &Call, id: Uuid) -> Result<DestructionCertificate, DomainError> {
    call.needs(Permission::RetentionRead)?;
    let jws = app
        .reading(call.organization(), async |work| stored::find_run(work, id).await)
        .await?
        .and_then(|run| run.certificate)
        .ok_or(DomainError::NotFound)?;
    let certificate = crate::erasures::signed_json(&jws).ok_or(DomainError::Integrity)?;
    app.record_read(call, Draft::of(Entry::RetentionRead).with("round", Detail::Code(id.to_string()))).await?;
    Ok(DestructionCertificate { certificate, jws })
}
