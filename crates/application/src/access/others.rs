//! Callers that are asked about: staff and keys as the decision would meet them, without a session.

use std::collections::HashMap;
use std::sync::Arc;

use custodian_domain::access::{Caller, Partner, Staff, Who};
use custodian_domain::kernel::{ApiKeyId, DepartmentId, DomainError, OrganizationId, SessionId, UserId};
use custodian_domain::roles::{Permission, Role};
use custodian_persistence::api_keys::{self, ApiKeyRow};
use custodian_persistence::{Work, roles as stored, roles::Standing};
use uuid::Uuid;

use crate::roles::{Known, all_roles};

/// The most keys of an organisation that are looked through.
const KEYS: i64 = 10_000;

/// Somebody who could ask.
pub(crate) struct Other {
    /// As the decision sees them.
    pub caller: Caller,
    /// Codes of the roles held; empty for a key.
    pub roles: Vec<String>,
    /// Purposes under which they could ask beside none at all.
    pub purposes: Vec<String>,
}

type Paths = HashMap<DepartmentId, Vec<DepartmentId>>;

impl Other {
    /// A member of staff as stored, holding these roles instead of the stored ones where `known` says otherwise.
    pub(crate) fn staff(organization: OrganizationId, one: &Standing, known: &Known, paths: &Paths) -> Self {
        let Standing { user, department, regions, roles, .. } = one;
        let roles: Vec<Arc<Role>> = roles.iter().filter_map(|code| known.get(code)).cloned().collect();
        let mut purposes: Vec<String> = roles.iter().flat_map(|role| role.purposes.iter().cloned()).collect();
        purposes.sort();
        purposes.dedup();
        let codes = roles.iter().map(|role| role.code.clone()).collect();
        let staff = Staff {
            user: *user,
            session: SessionId::from(Uuid::nil()),
            roles,
            department: *department,
            department_path: department.and_then(|own| paths.get(&own)).cloned().unwrap_or_default(),
            regions: regions.clone(),
            mfa_at: None,
        };
        Self { caller: Caller { organization, who: Who::Staff(staff) }, roles: codes, purposes }
    }

    fn key(organization: OrganizationId, row: ApiKeyRow) -> Self {
        let partner = Partner {
            key: row.id,
            third_party: row.third_party_name,
            permissions: row.permissions.iter().filter_map(|code| Permission::from_code(code)).collect(),
            fields: row.fields.into_iter().collect(),
            purposes: row.purposes.iter().cloned().collect(),
        };
        let caller = Caller { organization, who: Who::Partner(partner) };
        Self { caller, roles: Vec::new(), purposes: row.purposes }
    }
}

/// Every active member of staff, in order of id.
pub(crate) async fn active_staff(work: &Work, paths: &Paths) -> Result<Vec<Other>, DomainError> {
    let (known, everybody) = (all_roles(work).await?, stored::holders(work, None).await?);
    let active = everybody.iter().filter(|one| one.state == "active");
    Ok(active.map(|one| Other::staff(work.organization(), one, &known, paths)).collect())
}

/// Every key in force, in order of id.
pub(super) async fn live_keys(work: &Work) -> Result<Vec<Other>, DomainError> {
    let rows = api_keys::list(work, None, KEYS).await?;
    Ok(rows.into_iter().filter(|(_, live)| *live).map(|(row, _)| Other::key(work.organization(), row)).collect())
}

/// One member of staff, whatever the state but offboarded.
pub(super) async fn one_of_staff(work: &Work, user: UserId, paths: &Paths) -> Result<Option<Other>, DomainError> {
    let found = stored::roles_of_users(work, &[user.uuid()]).await?;
    let Some(one) = found.first() else { return Ok(None) };
    Ok(Some(Other::staff(work.organization(), one, &all_roles(work).await?, paths)))
}

/// One key in force.
pub(super) async fn one_key(work: &Work, key: ApiKeyId) -> Result<Option<Other>, DomainError> {
    let found = api_keys::find(work, key).await?.filter(|(_, live)| *live);
    Ok(found.map(|(row, _)| Other::key(work.organization(), row)))
}
