//! Rules that entering and changing a customer share.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Decision, Who};
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, RefusedAs, UserId};
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::{DbError, Work, users};

use super::FieldInput;
use super::commands::{AcceptedField, accept_all};
use crate::Call;
use crate::audit::Detail;

/// SHA-256 of the sealed values: whoever puts older ones back into the row contradicts the log.
pub(super) fn digest_of(row: &CustomerRow) -> Detail {
    let digest = custodian_crypto::sha256(row.fields.packed());
    Detail::Code(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The row's version, beside its digest: ids of entries go with clocks, versions do not.
pub(super) fn version_of(row: &CustomerRow) -> Detail {
    Detail::Count(u32::try_from(row.version).unwrap_or(0))
}

pub(crate) fn accept_fields<'c>(
    of: &'c RecordType,
    fields: &[(String, FieldInput)],
    now: DateTime<Utc>,
    faults: &mut Vec<Fault>,
) -> Vec<AcceptedField<'c>> {
    accept_all(of, fields, now.date_naive(), false, faults)
}

/// The department of a customer with this owner; a fault is noted for an owner or a department that is not ours.
pub(crate) async fn department_of(
    work: &Work,
    call: &Call,
    owner: Option<UserId>,
    department: Option<DepartmentId>,
    faults: &mut Vec<Fault>,
) -> Result<Option<DepartmentId>, DomainError> {
    let known = if owner.is_some() { users::departments_of(work, owner.as_slice()).await? } else { Vec::new() };
    Ok(placed(call, &known, owner, department, faults))
}

/// The same with what is known of the owner at hand: an owner must be an active colleague.
pub(super) fn placed(
    call: &Call,
    known: &[(UserId, String, Option<DepartmentId>)],
    owner: Option<UserId>,
    department: Option<DepartmentId>,
    faults: &mut Vec<Fault>,
) -> Option<DepartmentId> {
    let mut from_owner = None;
    if let Some(owner) = owner {
        match known.iter().find(|(id, state, _)| *id == owner && state == "active") {
            Some((_, _, department)) => from_owner = *department,
            None => faults.push(Fault::new("/owner_id", "unknown_owner")),
        }
    }
    if department.is_some_and(|d| !call.identity.departments.contains_key(&d)) {
        faults.push(Fault::new("/department_id", "unknown_department"));
    }
    department.or(from_owner)
}

/// Of somebody whose processing is restricted nothing is made but for a purpose that the law leaves open (GDPR art. 18(2)). What they do themselves binds
/// nobody but them.
///
/// Errors: 409 `customer_restricted`.
pub(crate) fn unrestricted(call: &Call, row: &CustomerRow) -> Result<(), DomainError> {
    let left_open = call.purpose_facts().is_some_and(|purpose| purpose.open_under_restriction);
    let own = matches!(call.identity.caller.who, Who::Subject(_));
    if row.restricted && !left_open && !own {
        return Err(DomainError::refused(RefusedAs::Conflict, "customer_restricted"));
    }
    Ok(())
}

pub(crate) fn editable<'a>(
    decision: &Decision<'_>,
    fields: impl Iterator<Item = &'a Field>,
) -> Result<(), DomainError> {
    for field in fields {
        if !decision.access(field.key).edit {
            return Err(DomainError::refused(RefusedAs::Forbidden, "field_not_editable"));
        }
    }
    Ok(())
}

/// The answer must not say whose value it is, and the constraint does not say which tag met: every unique field is named.
pub(crate) fn taken(of: &RecordType) -> DomainError {
    let unique = of.fields.iter().filter(|field| field.keeps_unique());
    DomainError::Taken(unique.map(|field| Fault::new(format!("/fields/{}", field.key), "duplicate_value")).collect())
}

/// What an insertion's error means to the caller.
pub(super) fn duplicate(of: &RecordType, error: DbError) -> DomainError {
    match error {
        DbError::Conflict(constraint) if constraint == "blind_indexes_unique" => taken(of),
        other => other.into(),
    }
}
