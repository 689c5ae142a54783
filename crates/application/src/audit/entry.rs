//! The canonical bytes of an entry (RFC 8785) and their MAC. Entries name ids, field keys, purposes and codes, never personal values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use custodian_domain::audit::{Action, Verdict, outlives_restores};
use custodian_domain::backups::LedgerKind;
use custodian_domain::catalog::spotted;
use custodian_domain::kernel::{CustomerId, DomainError, EntryId, OrganizationId};
use custodian_persistence::DbError;
use custodian_persistence::audit::NewEntry;
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::auth::{still_valid, still_valid_beside};
use crate::keys::{OrganizationKeys, own_place, seal_own};
use crate::{App, Call};

/// Keys of the fields that an answer showed, by how much of them.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct Shown {
    /// Shown as their mask.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<&'static str>,
    /// Shown in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<&'static str>,
    /// Shown in full on request, with a reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revealed: Vec<&'static str>,
    /// Changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<&'static str>,
}

impl Shown {
    fn is_empty(&self) -> bool {
        self.masked.is_empty() && self.read.is_empty() && self.revealed.is_empty() && self.written.is_empty()
    }
}

/// A further fact of an entry: a code, an id or a count.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Detail {
    /// A code or an id.
    Code(String),
    /// A count.
    Count(u32),
    /// Several codes or ids.
    Codes(Vec<String>),
}

/// What an entry tells, before it is given its place in a log.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What was done or tried.
    pub action: Action,
    /// How it ended.
    pub verdict: Verdict,
    /// The one customer concerned.
    pub customer: Option<CustomerId>,
    /// The customers concerned, when several.
    pub customers: Vec<CustomerId>,
    /// Fields shown or changed.
    pub shown: Shown,
    /// Why, as typed by a person; sealed before it is stored.
    pub reason: Option<String>,
    /// The rule that refused.
    pub rule: Option<String>,
    /// Further facts.
    pub details: BTreeMap<&'static str, Detail>,
}

impl Draft {
    /// An entry about nothing but the action.
    pub fn of(action: Action) -> Self {
        Self {
            action,
            verdict: Verdict::Allowed,
            customer: None,
            customers: Vec::new(),
            shown: Shown::default(),
            reason: None,
            rule: None,
            details: BTreeMap::new(),
        }
    }

    /// The same about one customer.
    pub fn about(action: Action, customer: CustomerId) -> Self {
        Self { customer: Some(customer), ..Self::of(action) }
    }

    /// Adds a fact.
    pub fn with(mut self, name: &'static str, detail: Detail) -> Self {
        self.details.insert(name, detail);
        self
    }
}

/// Members stand in the order of their names: that, and serde_json's escapes, make the bytes canonical.
#[derive(Serialize)]
struct Canonical<'a> {
    action: &'static str,
    actor: Actor<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<CustomerId>,
    #[serde(skip_serializing_if = "<[CustomerId]>::is_empty")]
    customers: &'a [CustomerId],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: &'a BTreeMap<&'static str, Detail>,
    #[serde(skip_serializing_if = "Shown::is_empty")]
    fields: &'a Shown,
    id: Uuid,
    organization: OrganizationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    time: String,
    v: u8,
    verdict: &'static str,
}

#[derive(Serialize)]
struct Actor<'a> {
    id: Uuid,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Uuid>,
}

/// Who an entry says has acted.
pub struct EntryActor<'a> {
    /// `staff`, `partner`, `system` or `stranger`.
    pub kind: &'a str,
    /// User, key or nil.
    pub id: Uuid,
    /// The session, for staff.
    pub session: Option<Uuid>,
    /// The request's id; empty for jobs.
    pub request: &'a str,
    /// The purpose named.
    pub purpose: Option<&'a str>,
}

/// Gives a draft its id, time, canonical bytes and MAC.
pub fn seal_entry(
    keys: &OrganizationKeys,
    organization: OrganizationId,
    id: Uuid,
    now: DateTime<Utc>,
    actor: &EntryActor<'_>,
    draft: Draft,
    rng: &dyn custodian_crypto::Randomness,
) -> Result<NewEntry, DomainError> {
    let reason = draft
        .reason
        .as_deref()
        .map(|text| STANDARD.encode(seal_own(keys, &own_place(organization, "audit", id, "reason", 1), text, rng)));
    let entry = Canonical {
        action: draft.action.code(),
        actor: Actor { id: actor.id, kind: actor.kind, session: actor.session },
        customer: draft.customer,
        customers: &draft.customers,
        details: &draft.details,
        fields: &draft.shown,
        id,
        organization,
        purpose: actor.purpose,
        reason,
        request: actor.request,
        rule: draft.rule.as_deref(),
        time: now.to_rfc3339_opts(SecondsFormat::Micros, true),
        v: 1,
        verdict: draft.verdict.code(),
    };
    let canonical =
        serde_json::to_vec(&entry).map_err(|error| DomainError::internal(format!("audit entry: {error}")))?;
    let mac = keys.audit.sign(&canonical);
    super::noted::note(id);
    let (action, verdict) = (entry.action, entry.verdict);
    let told = told(&draft, now);
    Ok(NewEntry {
        organization,
        id: EntryId::from(id),
        customer: draft.customer,
        subjects: draft.customers,
        actor: actor.id,
        action,
        verdict,
        canonical,
        mac,
        told,
    })
}

/// What the security ledger is to tell of what was done.
fn told(draft: &Draft, at: DateTime<Utc>) -> Option<(&'static str, Uuid, DateTime<Utc>)> {
    let (kind, detail) = outlives_restores(draft.action).filter(|_| draft.verdict == Verdict::Allowed)?;
    // Whoever is closed step by step loses everything that they made, and not only the way in.
    let closed = kind == LedgerKind::UserDisabled.as_str() && draft.details.contains_key("steps");
    let kind = if closed { LedgerKind::UserClosed.as_str() } else { kind };
    match draft.details.get(detail) {
        Some(Detail::Code(id)) => Some((kind, id.parse().ok()?, at)),
        _ => None,
    }
}

/// Whether canonical bytes are those of this entry of this log. The two members stand side by side there, and text inside a value cannot look
/// like them: its quotes are escaped.
pub fn is_entry(canonical: &[u8], organization: OrganizationId, id: Uuid) -> bool {
    std::str::from_utf8(canonical)
        .is_ok_and(|text| text.contains(&format!("\"id\":\"{id}\",\"organization\":\"{organization}\"")))
}

impl App {
    /// The entry of the service itself, which acts for nobody.
    pub async fn own_entry(&self, organization: OrganizationId, draft: Draft) -> Result<NewEntry, DomainError> {
        let keys = self.keys().organization(self.db(), organization).await?;
        let actor = EntryActor { kind: "system", id: Uuid::nil(), session: None, request: "", purpose: None };
        seal_entry(&keys, organization, self.new_id(), self.now(), &actor, draft, self.rng())
    }

    /// The entry of a call, ready to be stored.
    pub async fn entry(&self, call: &Call, draft: Draft) -> Result<NewEntry, DomainError> {
        let keys = self.keys().organization(self.db(), call.organization()).await?;
        self.entry_with(&keys, call, draft)
    }

    /// The same with keys at hand.
    ///
    /// Errors: 422 for a typed reason that holds somebody's number or address: the log outlives the person.
    pub fn entry_with(&self, keys: &OrganizationKeys, call: &Call, draft: Draft) -> Result<NewEntry, DomainError> {
        names_nobody(draft.reason.as_deref())?;
        let now = self.now();
        let identity = &call.identity;
        let actor = EntryActor {
            kind: identity.caller.actor_kind(),
            id: identity.actor_id(),
            session: identity.session.map(|s| s.uuid()),
            request: &call.request,
            purpose: call.purpose.as_deref(),
        };
        seal_entry(keys, call.organization(), crate::app::new_id(now, self.rng()), now, &actor, draft, self.rng())
    }

    /// Writes the entry of a read and returns when it is durable.
    pub async fn record_read(&self, call: &Call, draft: Draft) -> Result<(), DomainError> {
        still_valid_beside(self, &call.identity).await?;
        let entry = self.entry(call, draft).await?;
        self.record(vec![entry]).await
    }

    /// Writes the entry of a change in the change's own transaction.
    pub async fn record_change(
        &self,
        work: &custodian_persistence::Work,
        call: &Call,
        draft: Draft,
    ) -> Result<(), DomainError> {
        still_valid(work, &call.identity).await?;
        let keys = self.keys().open_organization(work).await?;
        let entry = self.entry_with(&keys, call, draft)?;
        record_all(work, &[&entry]).await
    }
}

/// Refuses a reason with the identifier of a person in it.
fn names_nobody(reason: Option<&str>) -> Result<(), DomainError> {
    match reason.is_some_and(|text| !spotted(text).is_empty()) {
        true => Err(DomainError::invalid("/reason", "personal_value")),
        false => Ok(()),
    }
}

/// Writes the entries of changes in the transaction of the changes.
pub async fn record_all(work: &custodian_persistence::Work, entries: &[&NewEntry]) -> Result<(), DomainError> {
    custodian_persistence::audit::record(work, entries).await.map_err(|error| match error {
        DbError::Aborted => DomainError::Aborted,
        error => {
            tracing::error!(%error, "the audit log refused an entry");
            DomainError::AuditUnavailable
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn entry(draft: &Draft) -> Vec<u8> {
        let id = Uuid::from_u128(7);
        serde_json::to_vec(&Canonical {
            action: draft.action.code(),
            actor: Actor { id, kind: "staff", session: Some(id) },
            customer: draft.customer,
            customers: &draft.customers,
            details: &draft.details,
            fields: &draft.shown,
            id,
            organization: OrganizationId::from(id),
            purpose: Some("care"),
            reason: Some("c2VhbGVk".into()),
            request: "r-1\u{7}\"",
            rule: draft.rule.as_deref(),
            time: "2026-11-22T00:00:00.000000Z".into(),
            v: 1,
            verdict: draft.verdict.code(),
        })
        .unwrap()
    }

    /// RFC 8785 for what entries hold: members sorted, no white space, shortest escapes.
    fn canonical(value: &serde_json::Value) -> String {
        match value {
            serde_json::Value::Object(map) => {
                let mut members: Vec<_> = map.iter().collect();
                members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
                let inner: Vec<_> = members
                    .iter()
                    .map(|(k, v)| format!("{}:{}", serde_json::to_string(k).unwrap(), canonical(v)))
                    .collect();
                format!("{{{}}}", inner.join(","))
            }
            serde_json::Value::Array(items) => {
                format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        }
    }

    #[test]
    fn the_stored_bytes_are_canonical_whatever_the_entry_tells() {
        let customer = CustomerId::from(Uuid::from_u128(9));
        let mut full = Draft::about(Action::CustomersReveal, customer)
            .with("searched", Detail::Codes(vec!["mobile:exact".into()]));
        full = full.with("count", Detail::Count(3)).with("digest", Detail::Code("ab".into()));
        full.customers = vec![customer, customer];
        full.shown =
            Shown { masked: vec!["name"], read: vec!["city"], revealed: vec!["mobile"], written: vec!["email"] };
        full.rule = Some("outside_scope".into());
        for draft in [full, Draft::of(Action::AuditRead)] {
            let bytes = entry(&draft);
            let parsed: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), canonical(&parsed));
        }
    }
}
