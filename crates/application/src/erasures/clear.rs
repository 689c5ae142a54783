//! A copy of somebody who was erased in the past of somebody who stays: a change of the field only makes it older, so it is taken out where the sweep found it.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as people, lock_any};
use custodian_persistence::{Work, erasures as stored, records};
use serde_json::{Value, json};
use uuid::Uuid;

use super::entry;
use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::customers::{decide_row, refuse};
use crate::retention::unbound;
use crate::{App, Call};

/// Where a finding says that a copy stands: in what one version replaced.
#[derive(Clone, Debug)]
pub struct PastCopy {
    /// Whose value it stands in.
    pub customer: Uuid,
    /// In which record of theirs; none where it stands in a field of the customer.
    pub record: Option<Uuid>,
    /// In which field.
    pub field: String,
    /// The version that replaced it.
    pub version: i32,
}

impl PastCopy {
    /// Whether a stored finding speaks of it.
    fn is_named_by(&self, finding: &Value) -> bool {
        let says = |member: &str, value: Value| *finding.get(member).unwrap_or(&Value::Null) == value;
        says("kind", json!("identifier"))
            && says("customer_id", json!(self.customer))
            && says("record_id", json!(self.record))
            && says("field", json!(self.field))
            && says("version", json!(self.version))
    }
}

/// Takes such a copy away for good. That there was a version, who made it and which fields it changed stays; the next round looks again.
///
/// Errors: 403 `step_up_required`; 404, also for a customer out of reach; 409 `legal_hold` with the ids of the holds; 422 `unknown_finding` for what the last
/// sweep did not find, or what is there no more.
pub async fn clear_finding(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    copy: &PastCopy,
    reason: String,
) -> Result<(), DomainError> {
    call.needs(Permission::ErasuresRequest)?;
    let erasure = stored::find(work, id).await?.ok_or(DomainError::NotFound)?;
    require_step_up(app, call, work).await?;
    let unknown = || DomainError::invalid("/version", "unknown_finding");
    // The finding is what makes it right to touch somebody else's past: nothing beside it is touched.
    if !erasure.findings.as_array().into_iter().flatten().any(|finding| copy.is_named_by(finding)) {
        return Err(unknown());
    }
    let Some((row, false)) = lock_any(work, CustomerId::from(copy.customer)).await? else { return Err(unknown()) };
    refuse(decide_row(app, call, &row, Permission::ErasuresRequest).outcome, Permission::ErasuresRequest)?;
    unbound(work, row.id).await?;
    let PastCopy { record, field, version, .. } = copy;
    let cleared = match record {
        None => people::scrub_versions(work, row.id, field, Some(*version)).await?,
        Some(record) => records::scrub_versions(work, row.id, *record, field, Some(*version)).await?,
    };
    if cleared == 0 {
        return Err(unknown());
    }
    let mut draft = Draft { reason: Some(reason), ..entry(Action::ErasuresClear, row.id, id) }
        .with("changed", Detail::Codes(vec![field.clone()]))
        .with("version", Detail::Count(u32::try_from(*version).unwrap_or_default()));
    if let Some(record) = record {
        draft = draft.with("record", Detail::Code(record.to_string()));
    }
    app.record_change(work, call, draft).await
}
