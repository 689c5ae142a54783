//! A filter as it is kept, and as it is used: with the rights of whoever uses it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_domain::segments::{MOST_TERMS, may_keep, reader_of};
use custodian_persistence::Work;
use custodian_persistence::customers::Filter;
use custodian_persistence::segments::Among;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::customers::{SearchTerm, check_attributes};
use crate::{App, Call};

/// Values looked for, by field and kind of search as in the list's `q[...]`.
pub type Terms = BTreeMap<String, String>;

/// Which customers, by what stands beside their fields; every member given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedFilter {
    /// Stage code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Source code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Uuid>,
    /// Department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_id: Option<Uuid>,
    /// ISO 3166-2 region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Changed at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_since: Option<DateTime<Utc>>,
}

impl From<SavedFilter> for Filter {
    fn from(saved: SavedFilter) -> Self {
        let SavedFilter { stage, source, owner_id, department_id, region, updated_since } = saved;
        Self { stage, source, owner: owner_id, department: department_id, region, updated_since, ..Self::default() }
    }
}

/// A filter as it is kept.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// What stands beside the fields.
    pub filter: SavedFilter,
    /// Values looked for.
    pub terms: Terms,
}

fn broken(_: serde_json::Error) -> DomainError {
    DomainError::internal("a kept filter does not serialise")
}

impl Saved {
    pub(super) fn read(filter: &Value, terms: &Value) -> Result<Self, DomainError> {
        Ok(Self {
            filter: SavedFilter::deserialize(filter).map_err(broken)?,
            terms: Terms::deserialize(terms).map_err(broken)?,
        })
    }

    pub(super) fn to_json(&self) -> Result<(Value, Value), DomainError> {
        Ok((serde_json::to_value(&self.filter).map_err(broken)?, serde_json::to_value(&self.terms).map_err(broken)?))
    }

    /// Every fault of a filter that is to be kept.
    ///
    /// Errors: 403 `field_hidden` for a field that the maker may not read.
    pub(super) fn check(&self, call: &Call, faults: &mut Vec<Fault>) -> Result<(), DomainError> {
        let SavedFilter { stage, source, region, .. } = &self.filter;
        let beside = check_attributes(stage.as_deref(), source.as_deref(), region.as_deref());
        faults.extend(beside.into_iter().map(|fault| Fault { pointer: format!("/filter{}", fault.pointer), ..fault }));
        if self.terms.len() > MOST_TERMS {
            faults.push(Fault::new("/q", "too_many").with_arg(MOST_TERMS.to_string()));
        }
        for (name, value) in &self.terms {
            let pointer = format!("/q/{}", name.replace('~', "~0").replace('/', "~1"));
            let SearchTerm { field, kind, .. } = SearchTerm::named(name, String::new());
            match call.customer().field(&field) {
                None => faults.push(Fault::new(pointer, "unknown_field")),
                Some(known) => match may_keep(known, kind) {
                    Err(code) => faults.push(Fault::new(pointer, code)),
                    Ok(()) => {
                        let refused = known.query_term(kind, value).err();
                        faults.extend(refused.map(|why| Fault { pointer, code: why.code, arg: why.arg }));
                    }
                },
            }
        }
        if faults.is_empty() { self.fields(call).and_then(|fields| readable(call, &fields)) } else { Ok(()) }
    }

    /// The terms, each as a list looks for it.
    pub(super) fn search(&self) -> Vec<SearchTerm> {
        self.terms.iter().map(|(name, value)| SearchTerm::named(name, value.clone())).collect()
    }

    /// The fields that it looks at, as the catalog has them now.
    ///
    /// Errors: 409 `segment_unusable` where a field is gone or has become one by which nothing is kept.
    fn fields<'c>(&self, call: &'c Call) -> Result<Vec<&'c Field>, DomainError> {
        let unusable = || DomainError::refused(RefusedAs::Conflict, "segment_unusable");
        let keys = self.search().into_iter().map(|term| (term.field, term.kind));
        keys.map(|(key, kind)| {
            call.customer().field(&key).filter(|field| may_keep(field, kind).is_ok()).ok_or_else(unusable)
        })
        .collect()
    }

    /// Whether the caller may use it.
    ///
    /// Errors: 409 `segment_unusable`; 403 `field_hidden`.
    pub(super) fn usable(&self, call: &Call) -> Result<(), DomainError> {
        readable(call, &self.fields(call)?)
    }

    /// Those of whom it speaks to this caller, looked at by these further fields, too.
    ///
    /// Errors: 409 `segment_unusable`; 403 `field_hidden`; 400 `count_not_available` under a purpose that needs consent.
    pub(super) async fn among(
        &self,
        app: &App,
        call: &Call,
        work: &Work,
        permission: Permission,
        further: &[&Field],
    ) -> Result<Among, DomainError> {
        let mut fields = self.fields(call)?;
        fields.extend(further);
        readable(call, &fields)?;
        if call.purpose_facts().is_some_and(|purpose| purpose.needs_consent) {
            return Err(DomainError::refused(RefusedAs::BadRequest, "count_not_available"));
        }
        let caller = reader_of(&call.identity.caller, permission, &fields).ok_or_else(hidden)?;
        let keys = app.keys().open_organization(work).await?;
        let mut filter = Filter::from(self.filter.clone());
        for SearchTerm { field: key, kind, value } in self.search() {
            let field = call.customer().field(&key).ok_or_else(hidden)?;
            let unusable = |_| DomainError::refused(RefusedAs::Conflict, "segment_unusable");
            let text = field.query_term(kind, &value).map_err(unusable)?;
            filter.tags.push(keys.tag(field.key, kind, &text));
        }
        let scope = call.scope_of(&caller, permission, &[], app.now());
        // What is restricted is shown as a mask at most, so that nobody is counted by it.
        Ok(Among { scope, filter, unrestricted: !fields.is_empty() })
    }
}

fn hidden() -> DomainError {
    DomainError::refused(RefusedAs::Forbidden, "field_hidden")
}

/// Refuses a filter by what the caller may not read on anybody, or not for the purpose of the call.
fn readable(call: &Call, fields: &[&Field]) -> Result<(), DomainError> {
    let listed = |field: &&Field| {
        call.purpose_facts().is_none_or(|purpose| purpose.fields.as_ref().is_none_or(|all| all.contains(field.name)))
    };
    let shown = reader_of(&call.identity.caller, Permission::CustomersRead, fields).is_some();
    if shown && fields.iter().all(listed) { Ok(()) } else { Err(hidden()) }
}
