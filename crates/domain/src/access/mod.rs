//! Who may see what: the facts that go in, the answer that comes out. The rule itself stands in `decide.rs`.

mod budget;
mod decide;
mod scope;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use budget::Allowance;
pub use decide::{decide, decide_explained, decide_within_reach, widest_field_access};
pub(crate) use decide::{role_access, roles_access, specificity};
pub use scope::{RowScope, row_scope};

use crate::catalog::Field;
use crate::kernel::{ApiKeyId, CustomerId, DepartmentId, OrganizationId, SessionId, UserId};
use crate::roles::{FieldRule, Permission, Role};

/// How much of a field is shown, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Not even that it exists.
    Hidden,
    /// Its mask.
    Masked,
    /// Its mask, until it is asked for with a reason; each reveal is one audit entry.
    Reveal,
    /// All of it.
    Read,
}

impl View {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Masked => "masked",
            Self::Reveal => "reveal",
            Self::Read => "read",
        }
    }
}

/// What a caller may do with one field of one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FieldAccess {
    /// How much is shown.
    pub view: View,
    /// Whether it may be changed. Stands apart from `view`: a field may be entered by who may not read it back.
    pub edit: bool,
}

impl FieldAccess {
    /// Nothing at all.
    pub const CLOSED: Self = Self { view: View::Hidden, edit: false };
}

/// Who asks, and for which organisation. Another organisation's things do not reach the decision at all: every query
/// is made within `organization`, and Postgres row-level security says so a second time.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant of the credential.
    pub organization: OrganizationId,
    /// The bearer of the credential.
    pub who: Who,
}

/// The kinds of caller.
#[derive(Clone, Debug)]
pub enum Who {
    /// A member of staff.
    Staff(Staff),
    /// A partner system.
    Partner(Partner),
    /// A person whom data is about.
    Subject(Subject),
    /// The product itself.
    System {
        /// The job's name, for the audit log.
        job: &'static str,
    },
}

/// A member of staff with a live session.
#[derive(Clone, Debug)]
pub struct Staff {
    /// The account.
    pub user: UserId,
    /// The session that the token belongs to.
    pub session: SessionId,
    /// The roles in force.
    pub roles: Vec<Arc<Role>>,
    /// The department that the account belongs to.
    pub department: Option<DepartmentId>,
    /// That department's path, root first, itself last.
    pub department_path: Vec<DepartmentId>,
    /// ISO 3166-2 codes.
    pub regions: Vec<String>,
    /// When a second factor was last shown.
    pub mfa_at: Option<DateTime<Utc>>,
}

/// A partner system with a live key.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The key.
    pub key: ApiKeyId,
    /// The third party that the key was given to.
    pub third_party: String,
    /// What the key may do.
    pub permissions: BTreeSet<Permission>,
    /// Keys of the fields that it may see; no others exist for it.
    pub fields: BTreeSet<String>,
    /// Codes of the purposes it is bound to; empty means that it is not bound.
    pub purposes: BTreeSet<String>,
}

/// A person whom data is about, with a live session of their own.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The customer that this person is.
    pub customer: CustomerId,
    /// The session that the token belongs to.
    pub session: SessionId,
}

impl Subject {
    /// What somebody may do about themselves.
    pub const fn holds(permission: Permission) -> bool {
        matches!(
            permission,
            Permission::CustomersRead
                | Permission::AccessLogRead
                | Permission::ConsentsRead
                | Permission::ConsentsRecord
                | Permission::ConsentsWithdraw
        )
    }
}

/// The customer in question, as far as the decision needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Thing<'a> {
    /// Its id.
    pub customer: CustomerId,
    /// Who it is assigned to.
    pub owner: Option<UserId>,
    /// Who else works on it.
    pub collaborators: &'a [UserId],
    /// Its department's path, root first, own department last.
    pub department_path: &'a [DepartmentId],
    /// Its ISO 3166-2 region.
    pub region: Option<&'a str>,
    /// Whether the person has had processing restricted.
    pub restricted: bool,
}

impl Thing<'_> {
    /// Whether no decision about a member of staff or a partner tells both apart, as long as no grant names either and both people agreed to the same.
    pub fn is_alike(&self, other: &Self) -> bool {
        let Self { customer: _, owner, collaborators, department_path, region, restricted } = self;
        *owner == other.owner
            && *collaborators == other.collaborators
            && *department_path == other.department_path
            && *region == other.region
            && *restricted == other.restricted
    }
}

/// A right to read some fields of some customers for a while, from an approved access request.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The customers it names.
    pub customers: BTreeSet<CustomerId>,
    /// The keys of the fields it opens.
    pub fields: BTreeSet<String>,
    /// In force before this moment, no longer at it.
    pub until: DateTime<Utc>,
    /// Its id, for the audit log.
    pub id: Uuid,
}

/// The purpose that the call names.
#[derive(Clone, Debug)]
pub struct PurposeFacts {
    /// Its code.
    pub code: String,
    /// Whether its legal basis is consent.
    pub needs_consent: bool,
    /// The keys of the fields it lists; `None` lists every field.
    pub fields: Option<BTreeSet<String>>,
    /// Whether the law leaves it open on a restricted customer.
    pub open_under_restriction: bool,
    /// Whether a person ends it by objecting, without ever having consented.
    pub may_object: bool,
}

/// Everything the decision looks at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// For which right.
    pub permission: Permission,
    /// On which customer, of the caller's own organisation.
    pub thing: &'a Thing<'a>,
    /// About which fields.
    pub fields: &'a [Field],
    /// For which purpose.
    pub purpose: Option<&'a PurposeFacts>,
    /// Whether this customer's consent for that purpose is in force; for one that may be objected to, whether nothing is objected.
    pub consent_in_force: bool,
    /// The caller's own grants; those that have ended are ignored.
    pub grants: &'a [Grant],
    /// The time.
    pub now: DateTime<Utc>,
}

/// Whether the call may go on at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It may, within the fields' own levels.
    Allowed,
    /// No role or key holds the permission: 403.
    MissingPermission,
    /// Out of the caller's sight: 404, as if it did not exist.
    DoesNotExist,
    /// The caller is bound to purposes and named none.
    PurposeRequired,
    /// The caller is bound to purposes and named another.
    PurposeNotAllowed,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal),* $(,)?) => {
        /// Why an answer is as it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $variant),* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }
        }
    };
}

reasons! {
    /// No rule spoke: the classification's own level.
    DefaultByClassification = "default_by_classification",
    /// A rule of a role that covers the customer.
    RoleRule = "role_rule",
    /// A rule marked deny.
    DenyRule = "deny_rule",
    /// A grant in force opened it.
    Grant = "grant",
    /// No role covers the customer; a grant alone makes it known.
    KnownByGrantOnly = "known_by_grant_only",
    /// The caller works on the customer beside its owner.
    Collaborator = "collaborator",
    /// The purpose does not list the field.
    PurposeExcludesField = "purpose_excludes_field",
    /// The purpose needs a consent that is not in force.
    NoConsent = "no_consent",
    /// The person objected to the purpose.
    Objected = "objected",
    /// The person has had processing restricted.
    Restricted = "restricted",
    /// The key's field scopes decide.
    PartnerFieldScope = "partner_field_scope",
    /// It is the person's own.
    OwnData = "own_data",
    /// The product itself asks.
    System = "system",
    /// Nothing gives the permission.
    MissingPermission = "missing_permission",
    /// No scope and no grant reaches the customer.
    OutsideScope = "outside_scope",
    /// A purpose must be named.
    PurposeRequired = "purpose_required",
    /// The purpose named is not one of the caller's.
    PurposeNotAllowed = "purpose_not_allowed",
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Whether the call may go on.
    pub outcome: Outcome,
    /// Each field asked about, in order; empty unless the outcome is `Allowed`.
    pub fields: Vec<(&'a Field, FieldAccess)>,
    /// Why, per field or for the whole, in the order in which the steps were taken; filled by [`decide_explained`] alone.
    pub reasons: Vec<Because<'a>>,
}

/// One step of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Because<'a> {
    /// The key of the field; `None` for the whole call.
    pub field: Option<&'a str>,
    /// Why.
    pub reason: Reason,
    /// The role that decided, if one did.
    pub role: Option<&'a Role>,
    /// The rule of it that decided; `None` where the classification's default did.
    pub rule: Option<&'a FieldRule>,
    /// The grant that opened it.
    pub grant: Option<Uuid>,
}

impl Decision<'_> {
    /// What the caller may do with the field of this key; closed if the decision does not know it.
    pub fn access(&self, key: &str) -> FieldAccess {
        self.fields.iter().find(|(field, _)| field.key == key).map_or(FieldAccess::CLOSED, |(_, access)| *access)
    }
}

impl Caller {
    /// Whether any role, or the key, holds the permission. The system holds all.
    pub fn holds(&self, permission: Permission) -> bool {
        match &self.who {
            Who::Staff(staff) => staff.roles.iter().any(|role| role.permissions.contains(&permission)),
            Who::Partner(partner) => partner.permissions.contains(&permission),
            Who::Subject(_) => Subject::holds(permission),
            Who::System { .. } => true,
        }
    }

    /// `staff`, `partner`, `subject` or `system`, for the audit log.
    pub const fn actor_kind(&self) -> &'static str {
        match self.who {
            Who::Staff(_) => "staff",
            Who::Partner(_) => "partner",
            Who::Subject(_) => "subject",
            Who::System { .. } => "system",
        }
    }

    /// The user, the key, the customer, or the nil UUID for the system.
    pub const fn actor_id(&self) -> Uuid {
        match &self.who {
            Who::Staff(staff) => staff.user.uuid(),
            Who::Partner(partner) => partner.key.uuid(),
            Who::Subject(subject) => subject.customer.uuid(),
            Who::System { .. } => Uuid::nil(),
        }
    }
}

#[cfg(test)]
mod tests;
