//! Reasons that colleagues typed, and what was said in requests: the sweep looks through them, and blanks those that name somebody who was erased.

use custodian_domain::kernel::DomainError;
use custodian_persistence::erasures::{self as stored, Pages, Typed, TypedIn};
use serde_json::Value;

use super::sweep::{Finding, Pass};
use crate::keys::{OrganizationKeys, open_own, own_place, seal_own};

/// What is left of such a reason.
const BLANK: &str = "[erased]";
/// The same in a request.
const BLANK_DETAILS: &str = r#"{"words":"[erased]"}"#;

/// Kind of record and field under which a text of this place is sealed.
fn sealed_as(place: TypedIn, one: &Typed) -> (&'static str, String) {
    match place {
        TypedIn::AccessRequests => ("access_request", "reason".to_owned()),
        TypedIn::Decisions => ("access_request", format!("comment/{}", one.step)),
        TypedIn::LegalHolds => ("legal_holds", "reason".to_owned()),
        TypedIn::Batches => ("erasure_batches", "reason".to_owned()),
        TypedIn::HandOvers => ("hand_overs", "reason".to_owned()),
        TypedIn::RequestDetails => ("privacy_request", "details".to_owned()),
        TypedIn::RequestAnswers => ("privacy_request", "answer".to_owned()),
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
        let text = said(place, text);
        let mut people: Vec<usize> = self.matcher.hits(&text).iter().map(|hit| hit.person).collect();
        people.sort_unstable();
        people.dedup();
        // Whoever answers an open request needs what was said: it is a copy until then, as a note is one, and blanked afterwards.
        if one.in_use {
            for person in people {
                self.find(person, Finding::in_table(place.table(), "identifier"));
            }
            return None;
        }
        for person in &people {
            if let Some(count) = self.blanked.get_mut(*person) {
                *count += 1;
            }
        }
        let sealed = seal_own(keys, &spot, blank(place), self.app.rng());
        (!people.is_empty()).then(|| Typed { sealed, ..one.clone() })
    }
}

/// The words of a text, line by line: a structure escapes what would part a word from the next.
fn said(place: TypedIn, text: String) -> String {
    let read = (place == TypedIn::RequestDetails).then(|| serde_json::from_str::<Value>(&text));
    let Some(Ok(details)) = read else { return text };
    let mut lines = Vec::new();
    gather(details, &mut lines);
    lines.join("\n")
}

fn gather(value: Value, lines: &mut Vec<String>) {
    match value {
        Value::String(text) => lines.push(text),
        Value::Number(number) => lines.push(number.to_string()),
        Value::Array(values) => values.into_iter().for_each(|one| gather(one, lines)),
        Value::Object(members) => members.into_iter().for_each(|(_, one)| gather(one, lines)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// What is left in a place. What was said in a request is read as a structure.
const fn blank(place: TypedIn) -> &'static str {
    match place {
        TypedIn::RequestDetails => BLANK_DETAILS,
        _ => BLANK,
    }
}
