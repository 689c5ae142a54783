//! Whose the customers of a file become: colleagues by the address that the file names.

use std::collections::HashMap;

use custodian_domain::kernel::{DepartmentId, DomainError, UserId};
use custodian_persistence::{Work, users};

use super::accept::Accepted;
use crate::App;

/// Address to owner and department; `None` for an address that no active colleague has.
#[derive(Default)]
pub(super) struct Owners(HashMap<String, Option<(UserId, Option<DepartmentId>)>>);

impl Owners {
    /// Looks up every address of a batch that is not known yet. The importer stands under the empty address.
    pub(super) async fn find(
        &mut self,
        app: &App,
        work: &Work,
        importer: UserId,
        accepted: impl Iterator<Item = &Accepted>,
    ) -> Result<(), DomainError> {
        let unknown: Vec<String> = accepted
            .filter_map(|record| record.owner_email.as_deref().map(crate::users::comparable_email))
            .filter(|email| !self.0.contains_key(email))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        if !self.0.contains_key("") {
            let found = users::departments_of(work, &[importer]).await?;
            self.0.insert(String::new(), found.first().map(|(id, _, department)| (*id, *department)));
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let lookups: Vec<Vec<u8>> = unknown.iter().map(|email| app.keys().lookup("email", email).to_vec()).collect();
        let found = users::by_lookups(work, &lookups).await?;
        let ids: Vec<UserId> = found.iter().map(|(_, id)| *id).collect();
        let active = users::departments_of(work, &ids).await?;
        for (email, lookup) in unknown.into_iter().zip(lookups) {
            let id = found.iter().find(|(tag, _)| *tag == lookup).map(|(_, id)| *id);
            let owner = id
                .and_then(|id| active.iter().find(|(user, state, _)| *user == id && state == "active"))
                .map(|(id, _, d)| (*id, *d));
            self.0.insert(email, owner);
        }
        Ok(())
    }

    /// Gives a record its owner and the owner's department; the code of the refusal for an address that no active colleague has.
    pub(super) fn give(&self, record: &mut Accepted) -> Result<(), &'static str> {
        let email = record.owner_email.as_deref().map(crate::users::comparable_email).unwrap_or_default();
        match self.0.get(&email) {
            Some(Some((owner, department))) => {
                record.attributes.owner = Some(*owner);
                record.attributes.department = *department;
                Ok(())
            }
            _ => Err("unknown_owner"),
        }
    }
}
