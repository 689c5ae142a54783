//! What a customer was: each version with what it changed, seen through the same decision as the present.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_crypto::DataKey;
use custodian_domain::access::{Decision, FieldAccess, View};
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::{
    self as stored, CustomerReader, CustomerRow, SealedFields, SealedValue, VersionRow,
};
use serde_json::Value;
use uuid::Uuid;

use super::SeenValue;
use super::read::{Found, find_judged, guard};
use super::sealing::{open_one, open_row, values};
use super::seen::{is_close, judge_fields};
use crate::access::record_look;
use crate::access_requests::under;
use crate::audit::{Draft, Shown};
use crate::consents::still_agreed;
use crate::{App, Call};

/// What stands beside the fields; no field has such a key.
const ATTRIBUTES: [&str; 7] = ["stage", "source", "region", "owner_id", "department_id", "tags", "archived_at"];
/// The most versions that one answer walks through.
const DEPTH: i64 = 1_000;

/// One version, newest first.
#[derive(Clone, Debug)]
pub struct Version {
    /// The version that the change made.
    pub version: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// Kind of who changed it.
    pub by_kind: String,
    /// Who changed it.
    pub by: Uuid,
    /// What changed; hidden fields are absent.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Field key or attribute name.
    pub name: String,
    /// True for a field, false for an attribute.
    pub is_field: bool,
    /// The value before.
    pub before: Option<SeenValue>,
    /// The value after.
    pub after: Option<SeenValue>,
}

/// Every version of a customer, newest first; version 1 is its creation. With `merged`, those of a customer that is this one by now, seen through the
/// decision about this one.
///
/// Errors: 404, also for a customer that is another one, or nobody.
pub async fn history(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
    merged: Option<Uuid>,
) -> Result<Vec<Version>, DomainError> {
    let Found { row, mut judged, holding } = find_judged(app, reader, call, id, Permission::CustomersHistory).await?;
    let survivor = row.id;
    let retired = &call.customer().retired;
    judged.add(judge_fields(app, call, &row, Permission::CustomersHistory, &holding, retired));
    let (row, stored_versions) =
        app.reading(call.organization(), async |work| past(call, work, row, merged).await).await?;
    // A value that is there no more is a value all the same.
    let is_seen = |(field, access): &(&Field, FieldAccess)| access.view == View::Read && is_close(field);
    let closely: &[CustomerId] = if judged.by_roles().fields.iter().any(is_seen) { &[row.id] } else { &[] };
    let key = guard(app, call, row.id, open_row(app, call.organization(), &row)).await?;
    let mut shown = Shown::default();
    let mut eyes = Eyes {
        key: &key,
        organization: call.organization(),
        customer: row.id,
        decision: &judged.decision,
        shown: &mut shown,
    };
    let versions = guard(app, call, row.id, eyes.walk(&row, &stored_versions)).await?;
    holding.note_use(app, call, &judged.under).await?;
    let draft = Draft { shown, ..Draft::about(Action::CustomersHistory, row.id) };
    record_look(app, call, under(draft, &judged.under), closely).await?;
    still_agreed(reader, call, survivor).await?;
    Ok(versions)
}

/// The row whose past is asked for, and its versions.
async fn past(
    call: &Call,
    work: &Work,
    row: Arc<CustomerRow>,
    merged: Option<Uuid>,
) -> Result<(Arc<CustomerRow>, Vec<VersionRow>), DomainError> {
    let row = match merged {
        None => row,
        Some(id) => {
            let id = call.identity.meant_customer(id)?;
            let found = stored::lock_whoever(work, &[id]).await?.into_iter().next();
            let merged = found.filter(|one| one.merged_into == Some(row.id)).ok_or(DomainError::NotFound)?;
            Arc::new(merged.row)
        }
    };
    let versions = stored::list_versions(work, row.id, None, DEPTH).await?;
    Ok((row, versions))
}

struct Eyes<'a> {
    key: &'a DataKey,
    organization: OrganizationId,
    customer: CustomerId,
    decision: &'a Decision<'a>,
    shown: &'a mut Shown,
}

impl Eyes<'_> {
    /// From the present backwards: what a version replaced is what the one before it had set.
    fn walk(&mut self, row: &CustomerRow, stored: &[VersionRow]) -> Result<Vec<Version>, DomainError> {
        let mut current: Vec<(String, SealedFields)> = Vec::new();
        for value in values(row) {
            let value = value.ok_or(DomainError::Integrity)?;
            current.push((value.key.to_owned(), single(value)));
        }
        let mut attributes = serde_json::json!({
            "stage": row.stage, "source": row.source, "region": row.region, "owner_id": row.owner, "department_id": row.department,
            "tags": row.codes, "archived_at": row.shelved_at
        });
        let mut versions = Vec::with_capacity(stored.len() + 1);
        for version in stored {
            let mut changes = Vec::new();
            for name in &version.changed {
                if ATTRIBUTES.contains(&name.as_str()) {
                    changes.push(attribute(name, &version.previous, &attributes));
                    continue;
                }
                let position = current.iter().position(|(key, _)| key == name);
                let after = position.map(|at| current.swap_remove(at).1);
                let before = version.previous_fields.get(name).map(single);
                changes.extend(self.field(name, before.as_ref(), after.as_ref())?);
                current.extend(before.map(|pack| (name.clone(), pack)));
            }
            before(&mut attributes, &version.previous);
            let VersionRow { version, changed_at, changed_by, actor_kind, .. } = version;
            versions.push(Version {
                version: *version,
                at: *changed_at,
                by_kind: actor_kind.clone(),
                by: *changed_by,
                changes,
            });
        }
        versions.push(self.creation(row, &current, &attributes)?);
        Ok(versions)
    }

    fn creation(
        &mut self,
        row: &CustomerRow,
        first: &[(String, SealedFields)],
        attributes: &Value,
    ) -> Result<Version, DomainError> {
        let mut changes = Vec::new();
        let decision = self.decision;
        for (field, _) in &decision.fields {
            if let Some((name, pack)) = first.iter().find(|(name, _)| *name == field.key) {
                changes.extend(self.field(name, None, Some(pack))?);
            }
        }
        for name in ATTRIBUTES {
            if !attributes.get(name).is_none_or(is_nothing) {
                changes.push(attribute(name, &Value::Null, attributes));
            }
        }
        Ok(Version { version: 1, at: row.created_at, by_kind: String::new(), by: row.created_by, changes })
    }

    fn field(
        &mut self,
        name: &str,
        before: Option<&SealedFields>,
        after: Option<&SealedFields>,
    ) -> Result<Option<Change>, DomainError> {
        if self.decision.access(name).view == View::Hidden {
            return Ok(None);
        }
        let (before, after) = (self.see(name, before)?, self.see(name, after)?);
        Ok(Some(Change { name: name.to_owned(), is_field: true, before, after }))
    }

    fn see(&mut self, name: &str, pack: Option<&SealedFields>) -> Result<Option<SeenValue>, DomainError> {
        let field = self.decision.fields.iter().find(|(field, _)| field.key == name).map(|(field, _)| *field);
        let (Some(value), Some(field)) = (pack.and_then(|pack| pack.get(name)), field) else {
            return Ok(None);
        };
        let text = open_one(self.key, self.organization, self.customer, &value)?;
        let read = self.decision.access(name).view == View::Read;
        let level = if read { &mut self.shown.read } else { &mut self.shown.masked };
        if !level.contains(&field.key) {
            level.push(field.key);
        }
        Ok(Some(if read { SeenValue::from(field.present(&text)) } else { SeenValue::Text(field.mask(&text)) }))
    }
}

fn single(value: SealedValue<'_>) -> SealedFields {
    let mut pack = SealedFields::default();
    pack.push(value);
    pack
}

/// What stood there before a version: what it says of the attributes that it knew, and the others as they were after it.
fn before(attributes: &mut Value, previous: &Value) {
    if let (Some(known), Some(earlier)) = (attributes.as_object_mut(), previous.as_object()) {
        known.extend(earlier.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn attribute(name: &str, before: &Value, after: &Value) -> Change {
    let text = |value: &Value| match value.get(name)? {
        Value::String(text) => Some(SeenValue::Text(text.clone())),
        list @ Value::Array(_) => Some(SeenValue::Structure(list.to_string())),
        _ => None,
    };
    Change { name: name.to_owned(), is_field: false, before: text(before), after: text(after) }
}
