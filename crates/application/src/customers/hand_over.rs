//! Customers that go to somebody else, many at a time. Each gets a version and an entry of its own, as if it had been changed by hand.

use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{DomainError, OrganizationId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::audit as log;
use custodian_persistence::customers::{self as stored, CustomerRow, HandOver};

use super::change::Existing;
use super::read::guard;
use super::rules::{digest_of, editable, version_of};
use super::sealing::{open_row, reseal};
use super::seen::{decide_row, refuse};
use crate::audit::{Detail, Draft};
use crate::keys::OrganizationKeys;
use crate::{App, Call};

/// Customers handed over by one statement.
const BATCH: i64 = 500;

/// Hands every customer of somebody who leaves over; how many there were. Asks nobody's permission: the caller of this has.
pub(crate) async fn hand_over(
    app: &App,
    call: &Call,
    work: &Work,
    from: UserId,
    hand: &HandOver,
) -> Result<u64, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let mut count = 0;
    loop {
        let rows = stored::lock_owned(work, from, BATCH).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        count += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        hand_rows(app, call, work, &keys, rows, (hand, None)).await?;
    }
}

/// Hands locked customers over, each with its entry, which says why where somebody said so.
pub(super) async fn hand_rows(
    app: &App,
    call: &Call,
    work: &Work,
    keys: &OrganizationKeys,
    rows: Vec<CustomerRow>,
    (hand, reason): (&HandOver, Option<&str>),
) -> Result<(), DomainError> {
    let (mut packs, mut entries) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let changed = changed(&row, hand);
        let next = guard(app, call, row.id, next_version(app, call.organization(), row)).await?;
        let draft = Draft::about(Action::CustomersUpdate, next.id).with("changed", Detail::Codes(changed));
        let draft = draft.with("digest", digest_of(&next)).with("version", version_of(&next));
        entries.push(app.entry_with(keys, call, Draft { reason: reason.map(str::to_owned), ..draft })?);
        packs.push((next.id, next.fields));
    }
    stored::hand_over(work, &packs, hand).await?;
    let entries: Vec<_> = entries.iter().collect();
    log::record(work, &entries).await.map_err(|_| DomainError::AuditUnavailable)
}

/// The attributes that a hand-over changes.
pub(super) fn changed(row: &CustomerRow, hand: &HandOver) -> Vec<String> {
    let attributes = [(row.owner != hand.to, "owner_id"), (row.department != hand.department, "department_id")];
    attributes.iter().filter(|(differs, _)| *differs).map(|(_, name)| (*name).to_owned()).collect()
}

impl Existing {
    /// One of whom nothing changes but whose they are, which a restriction leaves open; `fields` are those that name them.
    pub(crate) fn handed_over(
        app: &App,
        call: &Call,
        row: CustomerRow,
        fields: &[&Field],
    ) -> Result<Self, DomainError> {
        let decision = decide_row(app, call, &row, Permission::CustomersWrite);
        refuse(decision.outcome, Permission::CustomersWrite)?;
        editable(&decision, fields.iter().copied())?;
        Ok(Self::locked(row))
    }
}

/// The row with its values packed for its next version: a pack is closed under the version that it belongs to.
pub(super) fn next_version(
    app: &App,
    organization: OrganizationId,
    row: CustomerRow,
) -> Result<CustomerRow, DomainError> {
    let key = open_row(app, organization, &row)?;
    let version = row.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?;
    let (fields, _) = reseal(app, &key, organization, &row, version, &[])?;
    Ok(CustomerRow { version, fields, ..row })
}
