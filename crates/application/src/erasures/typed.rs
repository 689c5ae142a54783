//! Reasons that colleagues typed: the sweep looks through them, and blanks those that name somebody who was erased.

use custodian_domain::kernel::DomainError;
use custodian_persistence::erasures::{self as stored, Pages, Typed, TypedIn};

use super::sweep::{Finding, Pass};
use crate::keys::{OrganizationKeys, open_own, own_place, seal_own};

/// What is left of such a reason.
const BLANK: &str = "[erased]";

/// Kind of record and field under which a text of this place is sealed.
fn sealed_as(place: TypedIn, one: &Typed) -> (&'static str, String) {
    match place {
        TypedIn::AccessRequests => ("access_request", "reason".to_owned()),
        TypedIn::Decisions => ("access_request", format!("comment/{}", one.step)),
        TypedIn::LegalHolds => ("legal_holds", "reason".to_owned()),
        TypedIn::Batches => ("erasure_batches", "reason".to_owned()),
    }
}

impl Pass<'_> {
    /// Everything that was typed as a reason.
    pub(super) async fn typed(&mut self) -> Result<(), DomainError> {
        for place in TypedIn::ALL {
            self.looked.columns += 1;
            let mut pages = Pages::of(place.table());
            while !pages.ended() {
                let work = self.app.begin(self.organization).await?;
                let keys = self.app.keys().open_organization(&work).await?;
                for one in stored::typed(&work, place, &mut pages).await? {
                    if let Some(blanked) = self.judge(&keys, place, &one) {
                        stored::blank(&work, place, &blanked).await?;
                    }
                }
                work.commit().await?;
            }
        }
        Ok(())
    }

    /// What is to stand in the place of a text; nothing where it may stay.
    fn judge(&mut self, keys: &OrganizationKeys, place: TypedIn, one: &Typed) -> Option<Typed> {
        self.looked.rows += 1;
        let (kind, field) = sealed_as(place, one);
        let spot = own_place(self.organization, kind, one.id, &field, 1);
        let Ok(text) = open_own(keys, &spot, &one.sealed) else {
            for person in 0..self.rows.len() {
                self.find(person, Finding::in_table(place.table(), "unreadable"));
            }
            return None;
        };
        let mut people: Vec<usize> = self.matcher.hits(&text).iter().map(|hit| hit.person).collect();
        people.sort_unstable();
        people.dedup();
        for person in &people {
            if let Some(count) = self.blanked.get_mut(*person) {
                *count += 1;
            }
        }
        let sealed = seal_own(keys, &spot, BLANK, self.app.rng());
        (!people.is_empty()).then(|| Typed { sealed, ..one.clone() })
    }
}
