//! Retention policies as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::retention::Rule;
use custodian_domain::kernel::Fault;
use custodian_domain::retention::{Action, Since};
use custodian_persistence::retention::{PolicyRow, RunRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::blank;
use crate::http::Body;

/// Whom a policy meets, and what it does.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionRuleBody {
    /// What hangs on customers, by its type, such as `ticket`; customers themselves when absent.
    #[schema(max_length = 64)]
    record_type: Option<String>,
    /// Records in this state alone, such as `closed`: one that records of the type can be in, and that stands open.
    #[schema(max_length = 64)]
    record_state: Option<String>,
    /// Values of this field alone, by its key, such as `address`; whoever or whatever has them stays. Actions are `warn`, `anonymise` and `destroy` then.
    #[schema(max_length = 64)]
    field: Option<String>,
    /// Those who agreed or said no to this purpose alone.
    #[schema(max_length = 64)]
    purpose: Option<String>,
    /// Customers at this stage alone; all when absent.
    #[schema(max_length = 40)]
    stage: Option<String>,
    /// From when the time is counted: `created_at`, `updated_at`, or `archived_at` for those who were put into the archive or deleted.
    #[schema(pattern = "^(created_at|updated_at|archived_at)$")]
    since: String,
    /// For how many days nobody has to have touched them.
    #[schema(minimum = 1, maximum = 36_500)]
    days: u32,
    /// `warn`, `archive`, `anonymise` or `destroy`; for a field `warn`, `anonymise` or `destroy`. `anonymise` is for what the catalog says is personal: a field or a type without anything personal
    /// is refused, and so is a field that every customer must have.
    #[schema(pattern = "^(warn|archive|anonymise|destroy)$")]
    action: String,
}

impl Body for RetentionRuleBody {}

impl RetentionRuleBody {
    /// The rule; `None` for a body that the schema had to refuse.
    pub fn into_rule(self) -> Option<Rule> {
        let Self { record_type, record_state, field, purpose, stage, since, days, action } = self;
        Some(Rule {
            record_type,
            record_state,
            field,
            purpose,
            stage,
            since: Since::from_code(&since)?,
            days,
            action: Action::from_code(&action)?,
        })
    }
}

/// A policy to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRetentionPolicyBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What hangs on customers, by its type, such as `ticket`; customers themselves when absent.
    #[schema(max_length = 64)]
    record_type: Option<String>,
    /// Records in this state alone, such as `closed`: one that records of the type can be in, and that stands open.
    #[schema(max_length = 64)]
    record_state: Option<String>,
    /// Values of this field alone, by its key, such as `address`; whoever or whatever has them stays. Actions are `warn`, `anonymise` and `destroy` then.
    #[schema(max_length = 64)]
    field: Option<String>,
    /// Those who agreed or said no to this purpose alone.
    #[schema(max_length = 64)]
    purpose: Option<String>,
    /// Customers at this stage alone; all when absent.
    #[schema(max_length = 40)]
    stage: Option<String>,
    /// From when the time is counted: `created_at`, `updated_at`, or `archived_at` for those who were put into the archive or deleted.
    #[schema(pattern = "^(created_at|updated_at|archived_at)$")]
    since: String,
    /// For how many days nobody has to have touched them.
    #[schema(minimum = 1, maximum = 36_500)]
    days: u32,
    /// `warn`, `archive`, `anonymise` or `destroy`; for a field `warn`, `anonymise` or `destroy`. `anonymise` is for what the catalog says is personal: a field or a type without anything personal
    /// is refused, and so is a field that every customer must have.
    #[schema(pattern = "^(warn|archive|anonymise|destroy)$")]
    action: String,
}

impl Body for NewRetentionPolicyBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "name").into_iter().collect()
    }
}

impl NewRetentionPolicyBody {
    /// Name and rule; `None` for a body that the schema had to refuse.
    pub fn into_new(self) -> Option<(String, Rule)> {
        let Self { name, record_type, record_state, field, purpose, stage, since, days, action } = self;
        let rule = RetentionRuleBody { record_type, record_state, field, purpose, stage, since, days, action };
        Some((name, rule.into_rule()?))
    }
}

/// Puts a policy in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivateRetentionBody {
    /// How many the preview said are due.
    #[schema(minimum = 0)]
    pub due: i64,
}

impl Body for ActivateRetentionBody {}

/// What a rule comes to now.
#[derive(Serialize, ToSchema)]
pub struct RetentionPreviewBody {
    /// How many are due and free to go.
    pub due: i64,
    /// How many a legal hold keeps.
    pub held: i64,
    /// Some of those who are due.
    pub sample: Vec<Uuid>,
}

/// A policy.
#[derive(Serialize, ToSchema)]
pub struct RetentionPolicyBody {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    name: String,
    /// What hangs on customers, by its type; null for customers themselves.
    record_type: Option<String>,
    /// Records in this state alone.
    record_state: Option<String>,
    /// Values of this field alone, by its key; null for everything.
    field: Option<String>,
    /// Those who said something about this purpose alone.
    purpose: Option<String>,
    /// Customers at this stage alone; null for all.
    stage: Option<String>,
    /// From when the time is counted.
    since: String,
    /// For how many days nobody has to have touched them.
    days: i32,
    /// `warn`, `archive`, `anonymise` or `destroy`.
    action: String,
    /// `dry_run`, `active` or `paused`.
    state: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: Uuid,
    /// When it was last put in force.
    activated_at: Option<DateTime<Utc>>,
    /// By whom.
    activated_by: Option<Uuid>,
}

impl From<PolicyRow> for RetentionPolicyBody {
    fn from(row: PolicyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            record_type: row.record_type,
            record_state: row.record_state,
            field: row.field,
            purpose: row.purpose,
            stage: row.stage,
            since: row.since,
            days: row.days,
            action: row.action,
            state: row.state,
            created_at: row.created_at,
            created_by: row.created_by,
            activated_at: row.activated_at,
            activated_by: row.activated_by,
        }
    }
}

/// One round of a policy.
#[derive(Serialize, ToSchema)]
pub struct RetentionRunBody {
    /// Its id.
    id: Uuid,
    /// The policy.
    policy_id: Uuid,
    /// What was done.
    action: String,
    /// To how many people.
    customer_count: i32,
    /// How many records, for a policy about those.
    record_count: i32,
    /// The erasures, each with a certificate of its own.
    erasure_ids: Vec<Uuid>,
    /// Whether something was destroyed: then the round has a certificate, too (`GET /v1/destruction-register/{id}/certificate`).
    certified: bool,
    /// When.
    at: DateTime<Utc>,
}

/// The certificate of a round, with its signature.
#[derive(Serialize, ToSchema)]
pub struct DestructionCertificateBody {
    /// What is signed, readable: the rule, who made it and who put it in force, how much went, and when.
    #[schema(value_type = Object)]
    pub certificate: Value,
    /// Compact JWS (RFC 7515, EdDSA, `typ` `destruction-certificate+jws`) over that JSON; it verifies offline against `/.well-known/jwks.json`.
    pub jws: String,
}

impl From<RunRow> for RetentionRunBody {
    fn from(row: RunRow) -> Self {
        let RunRow { id, policy, action, customers, records, erasures, at, certificate } = row;
        Self {
            id,
            policy_id: policy,
            action,
            customer_count: customers,
            record_count: records,
            erasure_ids: erasures,
            certified: certificate.is_some(),
            at,
        }
    }
}

/// An example for the document.
pub fn policy_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a90", "name": "Lost leads", "record_type": null, "record_state": null, "field": null, "purpose": null, "stage": "lost", "since": "updated_at", "days": 730, "action": "destroy",
        "state": "dry_run", "created_at": "2026-11-22T08:00:00Z", "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "activated_at": null, "activated_by": null})
}

/// An example for the document.
pub fn run_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a91", "policy_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a90", "action": "destroy", "customer_count": 12,
        "record_count": 0, "erasure_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a80"], "certified": true, "at": "2026-11-22T08:00:00Z"})
}
