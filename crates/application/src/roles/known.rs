//! The roles that somebody holds, as decisions take them.

use std::collections::BTreeMap;
use std::sync::Arc;

use custodian_domain::kernel::DomainError;
use custodian_domain::roles::{Role, built_in, built_in_role};
use custodian_persistence::Work;
use custodian_persistence::roles as stored;

/// Roles by code.
pub(crate) type Known = BTreeMap<String, Arc<Role>>;

/// The roles of these codes with the version that each has now; a code that is no role's gives nothing. Asks the database only for
/// roles that the organisation made.
pub(crate) async fn in_force(work: &Work, codes: &[String]) -> Result<Vec<(Arc<Role>, i32)>, DomainError> {
    let mut found: Vec<(Arc<Role>, i32)> =
        codes.iter().filter_map(|code| built_in_role(code)).map(|role| (Arc::new(role.clone()), 0)).collect();
    let own: Vec<&str> = codes.iter().map(String::as_str).filter(|code| built_in_role(code).is_none()).collect();
    if !own.is_empty() {
        found.extend(stored::by_codes(work, &own).await?.into_iter().map(|row| (row.role, row.version)));
    }
    Ok(found)
}

/// Every role of the organisation.
pub(crate) async fn all(work: &Work) -> Result<Known, DomainError> {
    let fixed = built_in().iter().map(|role| (role.code.clone(), Arc::new(role.clone())));
    let own = stored::list(work).await?.into_iter().map(|row| (row.role.code.clone(), row.role));
    Ok(fixed.chain(own).collect())
}

/// Those of these codes that are known.
pub(crate) fn of<'k>(known: &'k Known, codes: &[String]) -> Vec<&'k Role> {
    codes.iter().filter_map(|code| known.get(code)).map(Arc::as_ref).collect()
}
