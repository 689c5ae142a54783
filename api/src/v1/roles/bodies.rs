//! Roles and pairs of duties as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::roles::{DutyDraft, DutyView, RoleDraft, RoleView, RuleDraft};
use custodian_domain::catalog::Labels;
use custodian_domain::roles::{FieldRule, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Body, Lang, given};

/// Names in both languages.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelsBody {
    /// English.
    #[schema(min_length = 1, max_length = 100)]
    en: String,
    /// Simplified Chinese.
    #[schema(min_length = 1, max_length = 100)]
    zh: String,
}

impl LabelsBody {
    /// English, then Chinese.
    pub fn into_parts(self) -> (String, String) {
        (self.en, self.zh)
    }
}

impl From<Labels> for LabelsBody {
    fn from(labels: Labels) -> Self {
        let Labels { en, zh } = labels;
        Self { en, zh }
    }
}

/// One role.
#[derive(Serialize, ToSchema)]
pub struct RoleBody {
    /// Its id; the same in every organisation for a built-in role.
    id: Uuid,
    /// Its code.
    code: String,
    /// Its name in the language asked for.
    label: String,
    /// Its names.
    labels: LabelsBody,
    /// Part of the product: it cannot be changed or deleted.
    built_in: bool,
    /// Permission codes.
    permissions: Vec<&'static str>,
    /// `own`, `department`, `department_tree`, `region` or `organization`.
    data_scope: &'static str,
    /// What it opens beyond the defaults of the classifications; the most specific rule wins.
    field_rules: Vec<FieldRuleBody>,
    /// Purposes that it is bound to; empty for none.
    purposes: Vec<String>,
    /// How many different people's sensitive fields a holder may see in full in a day; null for the installation's own figure.
    reveal_budget: Option<u32>,
    /// How many searches by the last four characters a holder may make in a day; null for the installation's own figure.
    last4_budget: Option<u32>,
    /// When it was made; null for a built-in role.
    created_at: Option<DateTime<Utc>>,
    /// When it last changed; null for a built-in role.
    updated_at: Option<DateTime<Utc>>,
}

/// One rule of a role.
#[derive(Serialize, ToSchema)]
pub struct FieldRuleBody {
    /// `field:<key>`, `category:<code>` or `classification:<code>`.
    on: String,
    /// How much is shown: `hidden`, `masked`, `reveal` or `read`; null leaves the default.
    view: Option<&'static str>,
    /// Whether it may be changed; null leaves it off.
    edit: Option<bool>,
    /// Beats every other role.
    deny: bool,
}

impl From<&FieldRule> for FieldRuleBody {
    fn from(rule: &FieldRule) -> Self {
        let FieldRule { on, view, edit, deny } = rule;
        Self { on: on.to_string(), view: view.map(|v| v.as_str()), edit: *edit, deny: *deny }
    }
}

impl RoleBody {
    /// In the language asked for.
    pub fn of(view: &RoleView, lang: Lang) -> Self {
        let Role { code, labels, permissions, data_scope, field_rules, purposes, budgets } = view.role.as_ref();
        let Labels { en, zh } = labels;
        Self {
            id: view.id,
            code: code.clone(),
            label: if lang == Lang::Zh { zh.clone() } else { en.clone() },
            labels: LabelsBody { en: en.clone(), zh: zh.clone() },
            built_in: view.is_built_in(),
            permissions: permissions.iter().map(|p| p.code()).collect(),
            data_scope: data_scope.as_str(),
            field_rules: field_rules.iter().map(FieldRuleBody::from).collect(),
            purposes: purposes.clone(),
            reveal_budget: budgets.reveals,
            last4_budget: budgets.last4_searches,
            created_at: view.times.map(|(created, _)| created),
            updated_at: view.times.map(|(_, updated)| updated),
        }
    }
}

/// A rule to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFieldRuleBody {
    /// `field:<key>`, `category:<code>` or `classification:<code>`.
    #[schema(min_length = 1, max_length = 100)]
    on: String,
    /// How much is shown: `hidden`, `masked`, `reveal` or `read`; absent leaves it to a wider rule or the default.
    view: Option<String>,
    /// Whether it may be changed; absent leaves it to a wider rule, else no.
    edit: Option<bool>,
    /// Closes these fields to every holder, whatever their other roles say.
    #[serde(default)]
    deny: bool,
}

impl From<NewFieldRuleBody> for RuleDraft {
    fn from(body: NewFieldRuleBody) -> Self {
        let NewFieldRuleBody { on, view, edit, deny } = body;
        Self { on, view, edit, deny }
    }
}

/// A role to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoleBody {
    /// Its code for good: `[a-z][a-z0-9_]*`, 2 to 40 characters.
    #[schema(min_length = 2, max_length = 40, pattern = "^[a-z][a-z0-9_]*$")]
    code: String,
    /// Its names.
    labels: LabelsBody,
    /// Permission codes, none that the caller does not hold.
    #[schema(max_items = 200)]
    permissions: Vec<String>,
    /// `own`, `department`, `department_tree`, `region` or `organization`.
    data_scope: String,
    /// What it opens or closes.
    #[serde(default)]
    #[schema(max_items = 500)]
    field_rules: Vec<NewFieldRuleBody>,
    /// Purposes that it is bound to: each call must then name one. Empty for none.
    #[serde(default)]
    #[schema(max_items = 50)]
    purposes: Vec<String>,
    /// People a day whose sensitive fields a holder may see in full; absent for the installation's own figure.
    #[schema(minimum = 0, maximum = 1_000_000)]
    reveal_budget: Option<u32>,
    /// Searches a day by the last four characters; absent for the installation's own figure.
    #[schema(minimum = 0, maximum = 1_000_000)]
    last4_budget: Option<u32>,
}

impl Body for NewRoleBody {}

impl NewRoleBody {
    /// The code, and all the rest.
    pub fn into_draft(self) -> (String, RoleDraft) {
        let Self { code, labels, permissions, data_scope, field_rules, purposes, reveal_budget, last4_budget } = self;
        let draft = RoleDraft {
            labels: Some((labels.en, labels.zh)),
            permissions: Some(permissions),
            data_scope: Some(data_scope),
            field_rules: Some(field_rules.into_iter().map(RuleDraft::from).collect()),
            purposes: Some(purposes),
            reveal_budget: Some(reveal_budget),
            last4_budget: Some(last4_budget),
        };
        (code, draft)
    }
}

/// A change (RFC 7396): what is absent stays; a list is replaced whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchRoleBody {
    /// New names.
    #[schema(nullable = false)]
    labels: Option<LabelsBody>,
    /// New permission codes.
    #[schema(max_items = 200, nullable = false)]
    permissions: Option<Vec<String>>,
    /// New scope.
    #[schema(nullable = false)]
    data_scope: Option<String>,
    /// New rules.
    #[schema(max_items = 500, nullable = false)]
    field_rules: Option<Vec<NewFieldRuleBody>>,
    /// New purposes.
    #[schema(max_items = 50, nullable = false)]
    purposes: Option<Vec<String>>,
    /// New budget, or `null` for the installation's own figure.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000)]
    reveal_budget: Option<Option<u32>>,
    /// New budget, or `null` for the installation's own figure.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000)]
    last4_budget: Option<Option<u32>>,
}

impl Body for PatchRoleBody {}

impl From<PatchRoleBody> for RoleDraft {
    fn from(body: PatchRoleBody) -> Self {
        let PatchRoleBody { labels, permissions, data_scope, field_rules, purposes, reveal_budget, last4_budget } =
            body;
        Self {
            labels: labels.map(|labels| (labels.en, labels.zh)),
            permissions,
            data_scope,
            field_rules: field_rules.map(|rules| rules.into_iter().map(RuleDraft::from).collect()),
            purposes,
            reveal_budget,
            last4_budget,
        }
    }
}

/// Two duties that may not meet in one person.
#[derive(Serialize, ToSchema)]
pub struct DutyPairBody {
    /// Its id.
    id: Uuid,
    /// `permission:<code>` or `role:<code>`.
    first: String,
    /// `permission:<code>` or `role:<code>`.
    second: String,
    /// Why they are kept apart.
    reason: String,
    /// Part of the product: it cannot be lifted.
    built_in: bool,
    /// When it was decided; null for a built-in pair.
    created_at: Option<DateTime<Utc>>,
    /// By whom; null for a built-in pair.
    created_by: Option<Uuid>,
}

impl From<DutyView> for DutyPairBody {
    fn from(view: DutyView) -> Self {
        let DutyView { id, pair, reason, decided } = view;
        Self {
            id,
            first: pair.first.to_string(),
            second: pair.second.to_string(),
            reason,
            built_in: decided.is_none(),
            created_at: decided.map(|(at, _)| at),
            created_by: decided.map(|(_, by)| by),
        }
    }
}

/// Two duties to be kept apart.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDutyPairBody {
    /// `permission:<code>` or `role:<code>`.
    #[schema(min_length = 1, max_length = 100)]
    first: String,
    /// `permission:<code>` or `role:<code>`.
    #[schema(min_length = 1, max_length = 100)]
    second: String,
    /// Why.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for NewDutyPairBody {}

impl From<NewDutyPairBody> for DutyDraft {
    fn from(body: NewDutyPairBody) -> Self {
        let NewDutyPairBody { first, second, reason } = body;
        Self { first, second, reason }
    }
}

/// For the document.
pub fn role_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a20", "code": "call_centre", "label": "Call centre",
        "labels": {"en": "Call centre", "zh": "呼叫中心"}, "built_in": false, "permissions": ["customers.read", "customers.reveal"],
        "data_scope": "department_tree", "field_rules": [{"on": "field:mobile", "view": "reveal", "edit": null, "deny": false}],
        "purposes": [], "reveal_budget": 40, "last4_budget": null,
        "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"})
}

/// For the document.
pub fn pair_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a21", "first": "permission:customers.delete", "second": "permission:customers.reveal",
        "reason": "Who looks does not wipe the traces.", "built_in": false, "created_at": "2026-11-22T08:00:00Z",
        "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12"})
}
