//! Questions about decisions, and answers with their reasons.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_application::access::{Asked, Explained, FieldWhy, Remedy, Seer, Subject, Why};
use custodian_domain::access::{Outcome, Reason};
use custodian_domain::kernel::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Body, Lang, Text};

/// A question about one decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionBody {
    /// The customer.
    customer_id: Uuid,
    /// The permission, `customers.read` by default.
    permission: Option<String>,
    /// The field; absent for all.
    field: Option<String>,
    /// Whose decision: a colleague's. Absent for one's own.
    user_id: Option<Uuid>,
    /// Whose decision: a partner key's. Absent for one's own.
    api_key_id: Option<Uuid>,
    /// The purpose; by default the one of `Processing-Purpose`.
    #[schema(max_length = 64)]
    purpose: Option<String>,
}

impl Body for QuestionBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let given = |name: &str| value.get(name).is_some_and(|member| !member.is_null());
        let both = given("user_id") && given("api_key_id");
        both.then(|| Fault::new("/api_key_id", "not_allowed")).into_iter().collect()
    }
}

impl QuestionBody {
    /// The question; `named` is the purpose of the call itself.
    pub fn into_asked(self, named: Option<String>) -> Asked {
        let Self { customer_id, permission, field, user_id, api_key_id, purpose } = self;
        let subject = match (user_id, api_key_id) {
            (Some(id), _) => Subject::User(id),
            (None, Some(id)) => Subject::Key(id),
            (None, None) => Subject::Own,
        };
        let permission = permission.unwrap_or_else(|| "customers.read".to_owned());
        Asked { subject, permission, customer: customer_id, field, purpose: purpose.or(named) }
    }
}

/// One step of an explanation.
#[derive(Serialize, ToSchema)]
pub struct WhyBody {
    /// Stable code.
    reason: &'static str,
    /// One sentence in the language of `Accept-Language`.
    detail: &'static str,
    /// The role that decided, by its code.
    role: Option<String>,
    /// What the deciding rule speaks of, such as `field:mobile`; null where a default decided.
    rule: Option<String>,
    /// The grant that opened it.
    grant_id: Option<Uuid>,
}

impl WhyBody {
    fn of(why: Why, lang: Lang) -> Self {
        let Why { reason, role, rule, grant } = why;
        Self { reason: reason.code(), detail: sentence(reason).pick(lang), role, rule, grant_id: grant }
    }

    fn all(why: Vec<Why>, lang: Lang) -> Vec<Self> {
        why.into_iter().map(|one| Self::of(one, lang)).collect()
    }
}

/// One field and why it is shown as it is.
#[derive(Serialize, ToSchema)]
pub struct FieldWhyBody {
    /// `hidden`, `masked`, `reveal` or `read`.
    view: &'static str,
    /// Whether it may be changed.
    edit: bool,
    /// The steps, in the order in which they were taken.
    why: Vec<WhyBody>,
}

/// A decision with its reasons.
#[derive(Serialize, ToSchema)]
pub struct ExplainedBody {
    /// Whether the call may go on at all.
    allowed: bool,
    /// `allowed`, `missing_permission`, `does_not_exist`, `purpose_required` or `purpose_not_allowed`.
    outcome: &'static str,
    /// Why the call may not go on; where it may, that the customer was shared with the caller, or nothing.
    why: Vec<WhyBody>,
    /// The fields asked about; empty where the call may not go on.
    fields: BTreeMap<&'static str, FieldWhyBody>,
    /// What can be done about it.
    remedy: RemedyBody,
}

/// What can be done about a no.
#[derive(Serialize, ToSchema)]
pub struct RemedyBody {
    /// `none`, `reveal`, `request_access`, `name_purpose` or `ask_for_permission`.
    kind: &'static str,
    /// The request to send, where there is one; `reason` is left for the caller to fill in.
    request: Option<PreparedBody>,
    /// The purposes to choose from, for `name_purpose`.
    purposes: Vec<String>,
    /// The permission to ask for, for `ask_for_permission`.
    permission: Option<&'static str>,
}

/// A request, filled in.
#[derive(Serialize, ToSchema)]
pub struct PreparedBody {
    /// The method.
    method: &'static str,
    /// The path.
    href: String,
    /// The body.
    #[schema(value_type = Object)]
    body: Value,
}

impl ExplainedBody {
    /// About the customer of this id, in this language.
    pub fn of(explained: Explained, customer: Uuid, lang: Lang) -> Self {
        let Explained { outcome, why, fields, remedy } = explained;
        Self {
            allowed: outcome == Outcome::Allowed,
            outcome: outcome_code(outcome),
            why: WhyBody::all(why, lang),
            fields: fields_of(fields, lang),
            remedy: RemedyBody::of(remedy, customer),
        }
    }
}

fn fields_of(fields: Vec<FieldWhy>, lang: Lang) -> BTreeMap<&'static str, FieldWhyBody> {
    let body = |one: FieldWhy| {
        let FieldWhy { key, access, why } = one;
        (key, FieldWhyBody { view: access.view.as_str(), edit: access.edit, why: WhyBody::all(why, lang) })
    };
    fields.into_iter().map(body).collect()
}

const fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::MissingPermission => "missing_permission",
        Outcome::DoesNotExist => "does_not_exist",
        Outcome::PurposeRequired => "purpose_required",
        Outcome::PurposeNotAllowed => "purpose_not_allowed",
    }
}

impl RemedyBody {
    fn of(remedy: Remedy, customer: Uuid) -> Self {
        let plain = |kind| Self { kind, request: None, purposes: Vec::new(), permission: None };
        let post = |href: String, body| Some(PreparedBody { method: "POST", href, body });
        match remedy {
            Remedy::None => plain("none"),
            Remedy::Reveal(fields) => {
                let body = json!({"fields": fields, "reason": ""});
                Self { request: post(format!("/v1/customers/{customer}/reveal"), body), ..plain("reveal") }
            }
            Remedy::RequestAccess(fields) => {
                let body = json!({"kind": "fields", "customer_ids": [customer], "fields": fields, "reason": "", "duration_minutes": 60});
                Self { request: post("/v1/access-requests".to_owned(), body), ..plain("request_access") }
            }
            Remedy::NamePurpose(purposes) => Self { purposes, ..plain("name_purpose") },
            Remedy::AskForPermission(code) => Self { permission: Some(code), ..plain("ask_for_permission") },
        }
    }
}

/// Somebody who can see the customer.
#[derive(Serialize, ToSchema)]
pub struct SeerBody {
    /// `staff` or `partner`.
    kind: &'static str,
    /// The user or the key.
    id: Uuid,
    /// Codes of the roles held; empty for a key.
    roles: Vec<String>,
    /// Whether the customer is reached by being named beside its owner.
    collaborator: bool,
    /// What is seen of each field that is not hidden, and why.
    fields: BTreeMap<&'static str, FieldWhyBody>,
}

impl SeerBody {
    /// In this language; hidden fields are left out.
    pub fn of(seer: Seer, lang: Lang) -> Self {
        let Seer { kind, id, roles, explained } = seer;
        let collaborator = explained.why.iter().any(|why| why.reason == Reason::Collaborator);
        let open =
            explained.fields.into_iter().filter(|one| one.access != custodian_domain::access::FieldAccess::CLOSED);
        Self { kind, id, roles, collaborator, fields: fields_of(open.collect(), lang) }
    }
}

#[rustfmt::skip]
const fn sentence(reason: Reason) -> Text {
    let (en, zh) = match reason {
        Reason::DefaultByClassification => ("No rule speaks of the field; the default of its classification holds.", "没有规则涉及该字段，按其分级的默认级别处理。"),
        Reason::RoleRule => ("A rule of this role decides.", "由该角色的规则决定。"),
        Reason::DenyRule => ("This role closes the field, whatever other roles say.", "该角色禁止查看此字段，优先于其他角色。"),
        Reason::Grant => ("A grant in force opens the field.", "有效的授权开放了该字段。"),
        Reason::KnownByGrantOnly => ("No role reaches the customer; a grant alone makes it known.", "没有角色覆盖该客户，仅凭授权可见。"),
        Reason::Collaborator => ("The owner shares the customer with this person.", "负责人已将该客户共享给此人。"),
        Reason::PurposeExcludesField => ("The purpose does not list the field.", "该处理目的不包含此字段。"),
        Reason::NoConsent => ("The purpose needs a consent that is not in force.", "该处理目的需要同意，而同意未生效。"),
        Reason::Restricted => ("The person has had processing restricted.", "当事人已要求限制处理。"),
        Reason::OwnData => ("It is the person's own.", "属于本人的信息。"),
        Reason::PartnerFieldScope => ("The fields of the key decide.", "由密钥的字段范围决定。"),
        Reason::System => ("The product itself asks.", "由系统自身访问。"),
        Reason::MissingPermission => ("No role or key gives the permission.", "没有角色或密钥赋予该权限。"),
        Reason::OutsideScope => ("No data scope and no grant reaches the customer.", "没有数据范围或授权覆盖该客户。"),
        Reason::PurposeRequired => ("A purpose must be named.", "必须说明处理目的。"),
        Reason::PurposeNotAllowed => ("The purpose named is not one of those that the role or key is bound to.", "所说明的处理目的不在角色或密钥绑定的范围内。"),
    };
    Text { en, zh }
}

/// For the document.
pub fn explained_example() -> Value {
    json!({"allowed": true, "outcome": "allowed", "why": [],
        "fields": {"id_number": {"view": "hidden", "edit": true, "why": [{"reason": "default_by_classification",
            "detail": "No rule speaks of the field; the default of its classification holds.", "role": "sales", "rule": null, "grant_id": null}]}},
        "remedy": {"kind": "request_access", "purposes": [], "permission": null, "request": {"method": "POST", "href": "/v1/access-requests", "body": {"kind": "fields",
            "customer_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"], "fields": ["id_number"], "reason": "", "duration_minutes": 60}}}})
}

/// For the document.
pub fn seer_example() -> Value {
    json!({"kind": "staff", "id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "roles": ["sales"], "fields": {"mobile": {"view": "reveal", "edit": true,
        "why": [{"reason": "role_rule", "detail": "A rule of this role decides.", "role": "sales", "rule": "classification:sensitive", "grant_id": null}]}}})
}
