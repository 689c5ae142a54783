//! What a person may be shown of themselves, in full: for what is handed over to them.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Caller, Facts, Subject, View, Who, decide};
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::{DomainError, SessionId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerRow, MergeRow, SealedValue, list_versions, merged_rows, merges};
use serde_json::Value;
use uuid::Uuid;

use super::sealing::{open_one, open_row, open_some};
use super::seen::{facts, thing};
use crate::{App, Call};

/// The values that the decision shows the person, opened; those of fields out of use, too, as long as they are kept. Whose call it is does not
/// matter to what is in it.
pub(crate) fn own_values<'c>(
    app: &App,
    call: &'c Call,
    row: &CustomerRow,
) -> Result<Vec<(&'c Field, String)>, DomainError> {
    let organization = call.organization();
    let key = open_row(app, organization, row)?;
    open_some(&key, organization, row, own_fields(app, call, row).into_iter())
}

/// The fields of which the decision shows the person the values.
fn own_fields<'c>(app: &App, call: &'c Call, row: &CustomerRow) -> Vec<&'c Field> {
    let subject = Subject { customer: row.id, session: SessionId::from(Uuid::nil()) };
    let caller = Caller { organization: call.organization(), who: Who::Subject(subject) };
    let thing = thing(call, row);
    let mut own = Vec::new();
    let RecordType { fields, retired, .. } = call.customer();
    for fields in [fields, retired] {
        let facts = facts(&caller, Permission::CustomersRead, &thing, None, None, app.now());
        let decided = decide(&Facts { fields, ..facts });
        own.extend(fields.iter().filter(|field| decided.access(field.key).view == View::Read));
    }
    own
}

/// What a value was before.
pub(crate) struct FormerValue<'c> {
    /// The field, and the value opened.
    pub value: (&'c Field, String),
    /// When another one, or none, took its place.
    pub replaced_at: DateTime<Utc>,
    /// Whether it was kept of somebody who is this customer by now.
    pub merged: bool,
}

/// What was kept of the person before, the latest first: what changes replaced, and what was kept of those who are this one by now unless it is among
/// `present`. Of each no more than so many versions, the latest; the decision about this one holds for all.
///
/// Errors: `Integrity` where something does not open.
pub(crate) async fn former_values<'c>(
    app: &App,
    call: &'c Call,
    work: &Work,
    row: &CustomerRow,
    present: &[(&Field, String)],
    most: i64,
) -> Result<Vec<FormerValue<'c>>, DomainError> {
    let fields = own_fields(app, call, row);
    let organization = call.organization();
    let mut former = past(app, work, row, &fields, most).await?;
    for (merged, at) in merged_rows(work, row.id).await? {
        let key = open_row(app, organization, &merged)?;
        let last = open_some(&key, organization, &merged, fields.iter().copied())?;
        let earlier = past(app, work, &merged, &fields, most).await?;
        let replaced_at = at.unwrap_or(merged.updated_at);
        let lost =
            |(field, text): &(&Field, String)| !present.iter().any(|(of, now)| of.key == field.key && now == text);
        let last = last.into_iter().filter(lost).map(|value| FormerValue { value, replaced_at, merged: true });
        former.extend(last.chain(earlier.into_iter().map(|one| FormerValue { merged: true, ..one })));
    }
    former.sort_by_key(|one| std::cmp::Reverse(one.replaced_at));
    Ok(former)
}

/// What the changes of one row replaced, without what a merge brought that was undone: it is somebody else's again.
async fn past<'c>(
    app: &App,
    work: &Work,
    row: &CustomerRow,
    fields: &[&'c Field],
    most: i64,
) -> Result<Vec<FormerValue<'c>>, DomainError> {
    let organization = work.organization();
    let key = open_row(app, organization, row)?;
    let undone = merges(work, row.id).await?.into_iter().filter(|merge| merge.undone_at.is_some()).collect::<Vec<_>>();
    let mut former = Vec::new();
    for version in list_versions(work, row.id, None, most).await? {
        for value in version.previous_fields.iter() {
            let value = value.ok_or(DomainError::Integrity)?;
            if undone.iter().any(|merge| brought(merge, &value)) {
                continue;
            }
            let Some(field) = fields.iter().find(|field| field.key == value.key) else { continue };
            let text = open_one(&key, organization, row.id, &value)?;
            former.push(FormerValue { value: (*field, text), replaced_at: version.changed_at, merged: false });
        }
    }
    Ok(former)
}

/// Whether a merge put this value there: what it brings is sealed under the version that it makes.
fn brought(merge: &MergeRow, value: &SealedValue<'_>) -> bool {
    let moved = merge.moved.get("fields").and_then(Value::as_array);
    u32::try_from(merge.survivor_version).is_ok_and(|version| version == value.version)
        && moved.is_some_and(|keys| keys.iter().any(|key| key.as_str() == Some(value.key)))
}
