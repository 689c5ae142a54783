//! The certificate: what was erased, when, on what ground, by destroying which keys, and that nothing was found. No personal value, and it verifies offline.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use custodian_crypto::jws;
use custodian_domain::audit::Action;
use custodian_domain::erasures::{LIMITS, UNCOUNTED, kept};
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::audit::bundles::place_of;
use custodian_persistence::erasures::{self as stored, DestroyedKey, ErasureRow};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::entry;
use crate::audit::{Draft, record_all};
use crate::{App, Call};

/// The type that the signature names (RFC 7515, `typ`).
pub const CERTIFICATE_TYP: &str = "erasure-certificate+jws";
/// How many certificates are given in one transaction.
const TOGETHER: i64 = 100;
/// How long copies of the key store may be kept at most: what they open beside an old dump ends with them.
const COPIES_DAYS: i64 = 7;

/// A certificate with its signature.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// What is signed, readable.
    pub certificate: Value,
    /// The compact JWS (EdDSA) over that JSON: the same for ever.
    pub jws: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Gives everybody their certificate whose keys are destroyed and of whom nothing was found. Answers how many.
pub(super) async fn certify_all(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let mut given = 0;
    loop {
        let now = certify(app, organization).await?;
        given += now;
        // Fewer than a whole lot: that was all, or the log has not given the others their places yet.
        if i64::try_from(now).is_ok_and(|count| count < TOGETHER) {
            return Ok(given);
        }
    }
}

async fn certify(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let work = app.begin(organization).await?;
    let rows = stored::certifiable(&work, TOGETHER).await?;
    let mut given = 0;
    for row in &rows {
        if let Some(text) = write(app, &work, row).await? {
            stored::certify(&work, row.id, &text).await?;
            let draft = entry(Action::ErasuresCertify, row.customer, row.id);
            record_all(&work, &[&app.own_entry(organization, draft).await?]).await?;
            given += 1;
        }
    }
    work.commit().await?;
    Ok(given)
}

/// The signed text; `None` as long as the log has not given the erasure its place.
async fn write(app: &App, work: &Work, row: &ErasureRow) -> Result<Option<String>, DomainError> {
    let Some(entry) = stored::entry_of(work, row.customer).await? else { return Ok(None) };
    let Some(place) = place_of(work, entry).await? else { return Ok(None) };
    let keys = stored::destroyed_keys(work, row).await?;
    if !keys.iter().all(|key| is_gone(app, work.organization(), key)) {
        return Err(DomainError::internal("a key that was destroyed is in the key store"));
    }
    let certificate = certificate(app, work.organization(), row, &keys, json!({"entry_id": entry, "place": place}));
    let text =
        serde_json::to_vec(&certificate).map_err(|_| DomainError::internal("a certificate does not serialise"))?;
    Ok(Some(jws::sign(&app.signing_key(), CERTIFICATE_TYP, &text)))
}

/// The negative test: the key store opens nothing at that place.
fn is_gone(app: &App, organization: OrganizationId, key: &DestroyedKey) -> bool {
    match (u16::try_from(key.bucket), u32::try_from(key.epoch)) {
        (Ok(bucket), Ok(epoch)) => app.keys().is_missing(organization, bucket, epoch),
        _ => false,
    }
}

fn certificate(app: &App, organization: OrganizationId, row: &ErasureRow, keys: &[DestroyedKey], log: Value) -> Value {
    let subject = app.keys().pepper("erasure-certificate/1").sign(row.customer.uuid().as_bytes());
    let destroyed = |key: &DestroyedKey| json!({"bucket": key.bucket, "epoch": key.epoch, "commitment": hex(&key.commitment), "rewrapped": key.rewrapped, "destroyed_at": time(key.at)});
    let stays = row.kept.as_object().cloned().unwrap_or_default().into_iter().filter(|(_, rows)| *rows != json!(0));
    let mut stays: Vec<Value> = stays.map(|(what, rows)| staying(&what, Some(rows))).collect();
    stays.extend(UNCOUNTED.iter().map(|what| staying(what, None)));
    let copies = row.destroyed_at.map(|at| time(at + TimeDelta::days(COPIES_DAYS)));
    json!({
        "v": 1,
        "issuer": app.tuning().issuer,
        "organization": organization,
        "erasure_id": row.id,
        "subject": hex(&subject),
        "ground": row.ground,
        "privacy_request_id": row.privacy_request,
        "method": "cryptographic erase: the keys that open the values were destroyed (NIST SP 800-88)",
        "requested_at": time(row.requested_at),
        "unreadable_at": row.erased_at.map(time),
        "destroyed_at": row.destroyed_at.map(time),
        "keys_destroyed": keys.iter().map(destroyed).collect::<Vec<_>>(),
        "fields": row.fields.iter().map(|field| json!({"field": field, "outcome": "erased"})).collect::<Vec<_>>(),
        "removed": row.removed,
        "kept": stays,
        "sweep": row.sweep,
        "negative_test": "passed",
        "audit": log,
        "ledger_sequence": row.ledger_sequence,
        "final_after": copies,
        "limits": LIMITS,
    })
}

fn staying(what: &str, rows: Option<Value>) -> Value {
    let mut member = Map::from_iter([
        ("what".to_owned(), json!(what)),
        ("ground".to_owned(), json!(kept(what).map(|rule| rule.ground))),
    ]);
    member.extend(rows.map(|rows| ("rows".to_owned(), rows)));
    Value::Object(member)
}

/// The certificate of an erasure.
///
/// Errors: 409 `certificate_pending` before there is one; the erasure's findings say where a copy was found.
pub async fn certificate_of(app: &App, call: &Call, id: Uuid) -> Result<Certificate, DomainError> {
    call.needs(Permission::ErasuresRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    let pending = || DomainError::refused(RefusedAs::Conflict, "certificate_pending");
    let jws = row.certificate.ok_or_else(pending)?;
    let certificate = super::ledger::signed_json(&jws).ok_or(DomainError::Integrity)?;
    let draft: Draft = entry(Action::ErasuresRead, row.customer, id);
    app.record_read(call, draft).await?;
    Ok(Certificate { certificate, jws })
}
