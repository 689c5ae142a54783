//! Rules that entering and changing a customer share.

use chrono::{DateTime, Utc};
use custodian_domain::access::Decision;
use custodian_domain::catalog::{Field, customer};
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::{DbError, Work, users};

use super::FieldInput;
use super::commands::{AcceptedField, accept_field};
use crate::Call;
use crate::audit::Detail;

/// SHA-256 of the sealed values: whoever puts older ones back into the row contradicts the log.
pub(super) fn digest_of(row: &CustomerRow) -> Detail {
    let digest = custodian_crypto::sha256(row.fields.packed());
    Detail::Code(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(super) fn accept_fields(
    fields: &[(String, FieldInput)],
    now: DateTime<Utc>,
    faults: &mut Vec<Fault>,
) -> Vec<AcceptedField> {
    let mut accepted = Vec::with_capacity(fields.len());
    for (key, input) in fields {
        match accept_field(key, input, now.date_naive()) {
            Ok(field) => accepted.push(field),
            Err(fault) => faults.push(fault),
        }
    }
    accepted
}

/// The owner must be an active colleague and the department one of ours; a fault is noted for each that is not.
pub(super) async fn department_of(
    work: &Work,
    call: &Call,
    owner: Option<UserId>,
    department: Option<DepartmentId>,
    faults: &mut Vec<Fault>,
) -> Result<Option<DepartmentId>, DomainError> {
    let mut from_owner = None;
    if let Some(owner) = owner {
        match users::departments_of(work, &[owner]).await?.first() {
            Some((_, state, department)) if state == "active" => from_owner = *department,
            _ => faults.push(Fault::new("/owner_id", "unknown_owner")),
        }
    }
    if department.is_some_and(|d| !call.identity.departments.contains_key(&d)) {
        faults.push(Fault::new("/department_id", "unknown_department"));
    }
    Ok(department.or(from_owner))
}

pub(super) fn editable<'a>(
    decision: &Decision<'_>,
    fields: impl Iterator<Item = &'a Field>,
) -> Result<(), DomainError> {
    for field in fields {
        if !decision.access(&field.key).edit {
            return Err(DomainError::refused(RefusedAs::Forbidden, "field_not_editable"));
        }
    }
    Ok(())
}

/// The constraint does not say which tag met, and the answer must not say whose: every unique field is named.
pub(super) fn duplicate(error: DbError) -> DomainError {
    match error {
        DbError::Conflict(constraint) if constraint == "blind_indexes_unique" => {
            let unique = customer().fields.iter().filter(|field| field.unique);
            let taken = |field: &Field| Fault::new(format!("/fields/{}", field.key), "duplicate_value");
            DomainError::Taken(unique.map(taken).collect())
        }
        other => other.into(),
    }
}
