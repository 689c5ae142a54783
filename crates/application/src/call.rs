//! Who is calling, and with what: the context that every use case receives.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use custodian_crypto::PseudonymKey;
use custodian_domain::access::{Caller, Grant, PurposeFacts, RowScope, Who, row_scope};
use custodian_domain::auth::Standing;
use custodian_domain::catalog::{Catalog, RecordType};
use custodian_domain::kernel::{
    CustomerId, DepartmentId, DomainError, OrganizationId, RefusedAs, SessionId, ThirdPartyId, UserId,
};
use custodian_domain::roles::Permission;
use uuid::Uuid;

/// A caller whose credential was verified less than a second ago, with the facts that decisions need.
pub struct Identity {
    /// The caller as the decision sees it.
    pub caller: Caller,
    /// Digest of everything that decides what the caller may see. Two equal digests see alike.
    pub rights: [u8; 32],
    /// Every department's path, root first, itself last.
    pub departments: Arc<HashMap<DepartmentId, Vec<DepartmentId>>>,
    /// The organisation's purposes in force, by code.
    pub purposes: Arc<HashMap<String, PurposeFacts>>,
    /// The organisation's record types and fields.
    pub catalog: Arc<Catalog>,
    /// A partner's own ids for people; staff see the real ones.
    pub pseudonyms: Option<PseudonymKey>,
    /// The company that a partner's key was given to.
    pub third_party: Option<ThirdPartyId>,
    /// The row about nobody that the key is shown among the others.
    pub(crate) decoy: Option<Arc<crate::disclosures::Decoy>>,
    /// Codes of the purposes for which it is late in acknowledging a withdrawal.
    pub overdue: Vec<String>,
    /// The credential ends here at the latest.
    pub expires_at: DateTime<Utc>,
    /// The session, for staff.
    pub session: Option<SessionId>,
    /// What the session may do as long as its second factor is due.
    pub standing: Standing,
    /// How many changes of any catalog this instance had made when the caller was loaded.
    pub(crate) generation: u64,
    /// When the database was last asked about the credential, by a clock that nobody sets.
    pub(crate) verified_at: Instant,
    /// Calls that an API key may make in a day.
    pub(crate) daily_quota: Option<i32>,
    /// Ranges that an API key may be used from; empty means anywhere.
    pub(crate) ip_ranges: Vec<crate::auth::IpRange>,
}

impl Identity {
    /// The product itself, doing for somebody outside what their door lets them ask for, and nothing else.
    pub(crate) fn of_system(organization: OrganizationId, job: &'static str) -> Self {
        Self {
            caller: Caller { organization, who: Who::System { job } },
            rights: [0; 32],
            departments: Arc::default(),
            purposes: Arc::default(),
            catalog: Arc::clone(Catalog::built_in()),
            pseudonyms: None,
            third_party: None,
            decoy: None,
            overdue: Vec::new(),
            expires_at: DateTime::<Utc>::MAX_UTC,
            session: None,
            standing: Standing::Full,
            generation: 0,
            verified_at: Instant::now(),
            daily_quota: None,
            ip_ranges: Vec::new(),
        }
    }

    /// Id of the user, key or job that acts.
    pub fn actor_id(&self) -> Uuid {
        self.caller.actor_id()
    }

    /// The caller's organisation.
    pub fn organization(&self) -> OrganizationId {
        self.caller.organization
    }

    /// The user, if the caller is staff.
    pub fn user(&self) -> Option<UserId> {
        match &self.caller.who {
            Who::Staff(staff) => Some(staff.user),
            Who::Partner(_) | Who::Subject(_) | Who::System { .. } => None,
        }
    }

    /// The customer, if the caller is a person whom data is about.
    pub fn subject(&self) -> Option<CustomerId> {
        match &self.caller.who {
            Who::Subject(subject) => Some(subject.customer),
            Who::Staff(_) | Who::Partner(_) | Who::System { .. } => None,
        }
    }

    /// The purpose of a code as a fact for the decision. One that is not in force opens nothing.
    pub fn purpose(&self, code: &str) -> &PurposeFacts {
        self.purposes.get(code).unwrap_or_else(|| crate::purposes::closed())
    }

    /// The path of a department, empty for none or an unknown one.
    pub fn department_path(&self, department: Option<DepartmentId>) -> &[DepartmentId] {
        department.and_then(|d| self.departments.get(&d)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The id under which this caller knows a customer.
    pub fn shown_id(&self, id: CustomerId) -> Uuid {
        self.pseudonyms.as_ref().map_or(id.uuid(), |key| key.conceal(id.uuid()))
    }

    /// The customer that this caller means by an id; a partner's id of another shape means nobody.
    pub fn meant_customer(&self, id: Uuid) -> Result<CustomerId, DomainError> {
        match &self.pseudonyms {
            None => Ok(CustomerId::from(id)),
            Some(key) => key.reveal(id).map(CustomerId::from).ok_or(DomainError::NotFound),
        }
    }
}

/// One authenticated call.
#[derive(Clone)]
pub struct Call {
    /// Who.
    pub identity: Arc<Identity>,
    /// `X-Request-Id`.
    pub request: String,
    /// Code of the purpose that the call names.
    pub purpose: Option<String>,
}

impl Call {
    /// The caller's organisation.
    pub fn organization(&self) -> OrganizationId {
        self.identity.organization()
    }

    /// The organisation's record types and fields, as they were when the caller was verified.
    pub fn catalog(&self) -> &Catalog {
        &self.identity.catalog
    }

    /// What a customer of the organisation is.
    pub fn customer(&self) -> &RecordType {
        self.identity.catalog.customer()
    }

    /// Refuses callers that lack the permission.
    pub fn needs(&self, permission: Permission) -> Result<(), DomainError> {
        if self.identity.caller.holds(permission) {
            Ok(())
        } else {
            Err(DomainError::Forbidden { permission: permission.code() })
        }
    }

    /// Refuses a session whose second factor is due.
    ///
    /// Errors: 403 `mfa_enrolment_required`; 401 `mfa_required`.
    pub fn needs_full_session(&self) -> Result<(), DomainError> {
        match self.identity.standing {
            Standing::Full => Ok(()),
            Standing::MustEnrol => Err(DomainError::refused(RefusedAs::Forbidden, "mfa_enrolment_required")),
            Standing::MustShowFactor => Err(DomainError::refused(RefusedAs::Unauthorized, "mfa_required")),
        }
    }

    /// The named purpose as a fact for the decision.
    pub fn purpose_facts(&self) -> Option<&PurposeFacts> {
        self.purpose.as_deref().map(|code| self.identity.purpose(code))
    }

    /// The rows that a permission reaches with these rights for a while, with department trees resolved.
    pub fn scope(&self, permission: Permission, grants: &[Grant], now: DateTime<Utc>) -> RowScope {
        self.scope_of(&self.identity.caller, permission, grants, now)
    }

    /// The same of a caller who is this one with less.
    pub(crate) fn scope_of(
        &self,
        caller: &Caller,
        permission: Permission,
        grants: &[Grant],
        now: DateTime<Utc>,
    ) -> RowScope {
        let scope = row_scope(caller, permission, grants, now);
        let paths = self.identity.departments.iter().map(|(id, path)| (*id, path.as_slice()));
        custodian_persistence::customers::resolve_trees(scope, paths)
    }
}
