//! A role as it comes in, checked with every fault named.

use std::collections::BTreeSet;

use custodian_domain::access::View;
use custodian_domain::catalog::{Catalog, Labels};
use custodian_domain::kernel::{DomainError, Fault};
use custodian_domain::roles::{Budgets, DataScope, FieldRule, Permission, Role, RuleTarget, is_role_code};

use crate::api_keys::is_purpose_code;

/// A field rule as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleDraft {
    /// `field:<key>`, `category:<code>` or `classification:<code>`.
    pub on: String,
    /// `hidden`, `masked`, `reveal` or `read`.
    pub view: Option<String>,
    /// Whether it may be changed.
    pub edit: Option<bool>,
    /// Closes it whatever other roles say.
    pub deny: bool,
}

/// What a role says, as typed. Of a change, what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleDraft {
    /// Names in English and Chinese.
    pub labels: Option<(String, String)>,
    /// Permission codes.
    pub permissions: Option<Vec<String>>,
    /// Scope code.
    pub data_scope: Option<String>,
    /// Field rules.
    pub field_rules: Option<Vec<RuleDraft>>,
    /// Purpose codes.
    pub purposes: Option<Vec<String>>,
    /// People a day; `Some(None)` leaves it to the installation.
    pub reveal_budget: Option<Option<u32>>,
    /// Searches a day; `Some(None)` leaves it to the installation.
    pub last4_budget: Option<Option<u32>>,
}

impl RoleDraft {
    /// The role that `base` becomes, or every fault of what was typed.
    pub fn onto(self, base: Role, catalog: &Catalog) -> Result<Role, DomainError> {
        let mut faults = Vec::new();
        if !is_role_code(&base.code) {
            faults.push(Fault::new("/code", "invalid_format").with_arg("[a-z][a-z0-9_]{1,39}"));
        }
        let role = Role {
            labels: self.labels.map_or(base.labels, |(en, zh)| Labels { en, zh }),
            permissions: match self.permissions {
                Some(codes) => permissions(&codes, &mut faults),
                None => base.permissions,
            },
            data_scope: self.data_scope.map_or(base.data_scope, |code| scope(&code, &mut faults)),
            field_rules: match self.field_rules {
                Some(rules) => {
                    rules.iter().enumerate().filter_map(|(at, one)| rule(at, one, catalog, &mut faults)).collect()
                }
                None => base.field_rules,
            },
            purposes: match self.purposes {
                Some(codes) => purposes(codes, &mut faults),
                None => base.purposes,
            },
            budgets: Budgets {
                reveals: self.reveal_budget.unwrap_or(base.budgets.reveals),
                last4_searches: self.last4_budget.unwrap_or(base.budgets.last4_searches),
            },
            ..base
        };
        if faults.is_empty() { Ok(role) } else { Err(DomainError::Invalid(faults)) }
    }
}

fn permissions(codes: &[String], faults: &mut Vec<Fault>) -> BTreeSet<Permission> {
    let mut known = BTreeSet::new();
    for (at, code) in codes.iter().enumerate() {
        match Permission::from_code(code) {
            Some(permission) => drop(known.insert(permission)),
            None => faults.push(Fault::new(format!("/permissions/{at}"), "unknown_permission")),
        }
    }
    known
}

fn scope(code: &str, faults: &mut Vec<Fault>) -> DataScope {
    DataScope::from_code(code).unwrap_or_else(|| {
        let known: Vec<_> = DataScope::ALL.iter().map(|scope| scope.as_str()).collect();
        faults.push(Fault::new("/data_scope", "not_a_choice").with_arg(known.join(", ")));
        DataScope::Own
    })
}

fn purposes(codes: Vec<String>, faults: &mut Vec<Fault>) -> Vec<String> {
    for (at, _) in codes.iter().enumerate().filter(|(_, code)| !is_purpose_code(code)) {
        faults.push(Fault::new(format!("/purposes/{at}"), "invalid_format").with_arg("[a-z0-9][a-z0-9_.-]{0,63}"));
    }
    codes
}

fn rule(at: usize, draft: &RuleDraft, catalog: &Catalog, faults: &mut Vec<Fault>) -> Option<FieldRule> {
    let before = faults.len();
    let known = |target: &RuleTarget| !matches!(target, RuleTarget::Field(name) if catalog.named(name).is_none());
    let on = RuleTarget::from_text(&draft.on).filter(known);
    if on.is_none() {
        faults.push(Fault::new(format!("/field_rules/{at}/on"), "unknown_rule_target"));
    }
    let view = draft.view.as_deref().map(View::from_code);
    if view == Some(None) {
        let known: Vec<_> = View::ALL.iter().map(|view| view.as_str()).collect();
        faults.push(Fault::new(format!("/field_rules/{at}/view"), "not_a_choice").with_arg(known.join(", ")));
    }
    if draft.view.is_none() && draft.edit.is_none() && !draft.deny {
        faults.push(Fault::new(format!("/field_rules/{at}"), "says_nothing"));
    }
    if faults.len() > before {
        return None;
    }
    Some(FieldRule { on: on?, view: view.flatten(), edit: draft.edit, deny: draft.deny })
}
