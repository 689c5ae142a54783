//! What a record was: each version with what it changed, seen through the same decision as the present.

use chrono::{DateTime, Utc};
use custodian_crypto::DataKey;
use custodian_domain::access::{Decision, View};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::SealedFields;
use custodian_persistence::records::{self as stored, RecordRow, RecordVersionRow};
use uuid::Uuid;

use super::read::entry;
use super::sealing::{Spot, open_record, open_value, values};
use super::seen::{permitted, show};
use super::type_of;
use crate::access::record_look;
use crate::access_requests::{begin_holding, under};
use crate::audit::{Draft, Shown};
use crate::consents::{agreed, no_longer, those_agreed};
use crate::customers::{SeenValue, guard, judge_fields};
use crate::{App, Call};

/// The most versions that one answer walks through.
const DEPTH: i64 = 1_000;
/// What changes beside the fields.
const OWNER: &str = "owner_id";

/// One version, newest first.
#[derive(Clone, Debug)]
pub struct RecordVersion {
    /// The version that the change made.
    pub version: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// Who changed it.
    pub by: Uuid,
    /// What changed; hidden fields are absent.
    pub changes: Vec<RecordChange>,
}

/// One change.
#[derive(Clone, Debug)]
pub struct RecordChange {
    /// Field key, or `owner_id`.
    pub name: String,
    /// The value before.
    pub before: Option<SeenValue>,
    /// The value after.
    pub after: Option<SeenValue>,
}

/// Every version of a record, newest first; version 1 is its creation.
pub async fn history(app: &App, call: &Call, code: &str, id: Uuid) -> Result<Vec<RecordVersion>, DomainError> {
    call.needs(Permission::RecordsRead)?;
    call.needs(Permission::CustomersHistory)?;
    let of = type_of(call, code)?;
    let (work, holding) = begin_holding(app, call).await?;
    let found = async {
        let Some(hung) = stored::find(&work, of.code, id).await? else { return Ok(None) };
        let versions = stored::versions(&work, hung.customer.id, id, DEPTH).await?;
        Ok::<_, DomainError>(Some((hung, versions)))
    };
    let found = found.await;
    work.abandon().await;
    let (hung, versions) = found?.ok_or(DomainError::NotFound)?;
    permitted(app, call, &hung, Permission::RecordsRead, &holding, of)?;
    let mut judged = permitted(app, call, &hung, Permission::CustomersHistory, &holding, of)?;
    let retired = &of.retired;
    judged.add(judge_fields(app, call, &hung.customer, Permission::CustomersHistory, &holding, retired));
    agreed(call, &hung.customer)?;
    let close = |access: View, personal: bool| access == View::Read && personal;
    let is_close = judged.by_roles().fields.iter().any(|(field, access)| {
        close(access.view, field.category.is_personal())
            && field.classification >= custodian_domain::catalog::Classification::Sensitive
    });
    let closely: &[CustomerId] = if is_close { &[hung.customer.id] } else { &[] };
    let key = guard(app, call, hung.customer.id, open_record(app, call.organization(), &hung)).await?;
    let mut shown = Shown::default();
    let mut eyes = Eyes {
        key: &key,
        organization: call.organization(),
        record: &hung.record,
        decision: &judged.decision,
        shown: &mut shown,
    };
    let walked = guard(app, call, hung.customer.id, eyes.walk(&versions)).await?;
    holding.note_use(app, call, &judged.under).await?;
    let draft = Draft { shown, ..entry(Action::RecordsHistory, &hung) };
    record_look(app, call, under(draft, &judged.under), closely).await?;
    if those_agreed(app, call, &[hung.customer.id]).await?.is_empty() {
        return Err(no_longer(call));
    }
    Ok(walked)
}

struct Eyes<'a> {
    key: &'a DataKey,
    organization: OrganizationId,
    record: &'a RecordRow,
    decision: &'a Decision<'a>,
    shown: &'a mut Shown,
}

impl Eyes<'_> {
    /// From the present backwards: what a version replaced is what the one before it had set.
    fn walk(&mut self, stored: &[RecordVersionRow]) -> Result<Vec<RecordVersion>, DomainError> {
        let mut current: Vec<(String, SealedFields)> = Vec::new();
        for value in values(self.record) {
            let value = value.ok_or(DomainError::Integrity)?;
            let mut single = SealedFields::default();
            single.push(value);
            current.push((value.key.to_owned(), single));
        }
        let mut owner = self.record.owner.map(|owner| owner.uuid());
        let mut versions = Vec::with_capacity(stored.len() + 1);
        for row in stored {
            let mut changes = Vec::new();
            for name in &row.changed {
                if name == OWNER {
                    changes.push(owner_change(row.previous_owner, owner));
                    continue;
                }
                let position = current.iter().position(|(key, _)| key == name);
                let after = position.map(|at| current.swap_remove(at).1);
                let before = row.previous_fields.get(name).map(|value| {
                    let mut single = SealedFields::default();
                    single.push(value);
                    single
                });
                changes.extend(self.change(name, before.as_ref(), after.as_ref())?);
                current.extend(before.map(|pack| (name.clone(), pack)));
            }
            owner = row.previous_owner;
            let RecordVersionRow { version, changed_at, changed_by, .. } = row;
            versions.push(RecordVersion { version: *version, at: *changed_at, by: *changed_by, changes });
        }
        let mut changes = Vec::new();
        let decision = self.decision;
        for (field, _) in &decision.fields {
            if let Some((name, pack)) = current.iter().find(|(name, _)| name == field.key) {
                changes.extend(self.change(name, None, Some(pack))?);
            }
        }
        changes.extend(owner.map(|owner| owner_change(None, Some(owner))));
        versions.push(RecordVersion { version: 1, at: self.record.created_at, by: self.record.created_by, changes });
        Ok(versions)
    }

    fn change(
        &mut self,
        name: &str,
        before: Option<&SealedFields>,
        after: Option<&SealedFields>,
    ) -> Result<Option<RecordChange>, DomainError> {
        if self.decision.access(name).view == View::Hidden {
            return Ok(None);
        }
        let (before, after) = (self.see(name, before)?, self.see(name, after)?);
        Ok(Some(RecordChange { name: name.to_owned(), before, after }))
    }

    fn see(&mut self, name: &str, pack: Option<&SealedFields>) -> Result<Option<SeenValue>, DomainError> {
        let known = self.decision.fields.iter().find(|(field, _)| field.key == name);
        let (Some(value), Some((field, access))) = (pack.and_then(|pack| pack.get(name)), known) else {
            return Ok(None);
        };
        let text = open_value(self.key, Spot::of(self.organization, self.record), &value)?;
        Ok(Some(show(field, *access, &text, self.shown)))
    }
}

fn owner_change(before: Option<Uuid>, after: Option<Uuid>) -> RecordChange {
    let text = |id: Option<Uuid>| id.map(|id| SeenValue::Text(id.to_string()));
    RecordChange { name: OWNER.to_owned(), before: text(before), after: text(after) }
}
