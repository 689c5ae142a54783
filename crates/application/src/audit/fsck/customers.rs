//! Customers' rows against what the log says of their newest change: an older sealed value put back contradicts its digest.

use custodian_domain::kernel::OrganizationId;
use custodian_persistence::audit::walk::{self, CustomerState};
use custodian_persistence::{DbError, Work};
use serde::Deserialize;
use uuid::Uuid;

use crate::audit::Finding;
use crate::audit::sequencer::hex;

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    details: Details,
}

/// What entering and changing a customer note of its row.
#[derive(Deserialize, Default)]
struct Details {
    digest: Option<String>,
    #[serde(default)]
    version: i32,
}

/// Looks at customers after `after`, at most `count`; answers the last one looked at, or none at the end.
pub(super) async fn check(
    work: &Work,
    organization: OrganizationId,
    after: Uuid,
    count: i64,
    findings: &mut Vec<Finding>,
) -> Result<Option<Uuid>, DbError> {
    let customers = walk::customers(work, after, count).await?;
    for customer in &customers {
        if let Some(says) = contradiction(customer) {
            findings.push(Finding::of(Some(organization), "customer", says).entry(customer.id));
        }
    }
    let full = i64::try_from(customers.len()).is_ok_and(|found| found >= count);
    Ok(customers.last().filter(|_| full).map(|customer| customer.id))
}

/// What is wrong with the row, if the log says anything of it. A customer that came in with a file has no digest until it is changed.
fn contradiction(customer: &CustomerState) -> Option<&'static str> {
    let told = customer.changes.iter().filter_map(|bytes| serde_json::from_slice::<Entry>(bytes).ok());
    let told = told.filter_map(|entry| Some((entry.details.version, entry.details.digest?)));
    // The first of the greatest version: entries come newest first.
    let (version, digest) = told.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    if customer.version < version {
        Some("The customer's row is an older one than its newest change.")
    } else if hex(&customer.digest) != digest {
        Some("The customer's sealed values are not those of its newest change.")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(version: i32, digest: u8, changes: &[&str]) -> CustomerState {
        let changes = changes.iter().map(|text| text.as_bytes().to_vec()).collect();
        CustomerState { id: Uuid::from_u128(1), version, digest: vec![digest], changes }
    }

    #[test]
    fn the_newest_change_decides_whatever_the_order_of_ids() {
        let (first, second) =
            (r#"{"details":{"digest":"01","version":1}}"#, r#"{"details":{"digest":"02","version":2}}"#);
        let unchanged = r#"{"action":"customers.update"}"#;
        assert_eq!(contradiction(&customer(2, 2, &[unchanged, second, first])), None);
        assert_eq!(contradiction(&customer(2, 2, &[first, second])), None);
        assert_eq!(contradiction(&customer(3, 2, &[second, first])), None);
        assert!(contradiction(&customer(1, 1, &[second, first])).is_some());
        assert!(contradiction(&customer(2, 1, &[second, first])).is_some());
        assert_eq!(contradiction(&customer(1, 9, &[unchanged])), None);
        assert_eq!(contradiction(&customer(1, 9, &["no json"])), None);
    }

    #[test]
    fn entries_that_do_not_name_the_version_are_taken_by_their_age() {
        let (old, new) = (r#"{"details":{"digest":"01"}}"#, r#"{"details":{"digest":"02"}}"#);
        assert_eq!(contradiction(&customer(2, 2, &[new, old])), None);
        assert!(contradiction(&customer(2, 1, &[new, old])).is_some());
    }
}
