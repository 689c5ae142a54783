//! What the product tells others: the types of events, what each says, and whom it may be told to.

mod types;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

pub use types::EventType;

use crate::kernel::{CustomerId, UserId};

/// What an event is about, which decides who may hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// One customer: told to those who reach that customer with the type's permission. `customer_id` is always among its data.
    Customer,
    /// Something of certain colleagues: told to them, and to those who hold the type's permission.
    Staff,
    /// The organisation: told to those who hold the type's permission.
    Organization,
}

/// What a member of an event's data holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The id of a thing that belongs to no customer.
    Id,
    /// The id of a customer or of something that hangs on one; a partner knows it by another id.
    Person,
    /// A code.
    Code,
    /// Codes.
    Codes,
    /// Keys of fields; those that are hidden from who reads are left out.
    Fields,
    /// A count.
    Count,
    /// A moment.
    Time,
    /// A text that says nothing of a person, such as a signed note.
    Text,
}

/// One member's value. None of them is a value of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// See [`Holds::Id`].
    Id(Uuid),
    /// See [`Holds::Person`].
    Person(Uuid),
    /// See [`Holds::Code`].
    Code(String),
    /// See [`Holds::Codes`].
    Codes(Vec<String>),
    /// See [`Holds::Fields`].
    Fields(Vec<String>),
    /// See [`Holds::Count`].
    Count(i64),
    /// See [`Holds::Time`].
    Time(DateTime<Utc>),
    /// See [`Holds::Text`].
    Text(String),
}

impl Fact {
    const fn holds(&self) -> Holds {
        match self {
            Self::Id(_) => Holds::Id,
            Self::Person(_) => Holds::Person,
            Self::Code(_) => Holds::Code,
            Self::Codes(_) => Holds::Codes,
            Self::Fields(_) => Holds::Fields,
            Self::Count(_) => Holds::Count,
            Self::Time(_) => Holds::Time,
            Self::Text(_) => Holds::Text,
        }
    }
}

/// Something that happened, to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its type.
    pub kind: EventType,
    /// The customer, for a type that is about one.
    pub customer: Option<CustomerId>,
    /// The colleagues, for a type that is about some.
    pub concerns: Vec<UserId>,
    /// What it says.
    pub data: BTreeMap<&'static str, Fact>,
}

impl Event {
    /// An event about no customer.
    pub fn of(kind: EventType) -> Self {
        Self { kind, customer: None, concerns: Vec::new(), data: BTreeMap::new() }
    }

    /// An event about one customer.
    pub fn about(kind: EventType, customer: CustomerId) -> Self {
        let event = Self { customer: Some(customer), ..Self::of(kind) };
        event.with("customer_id", Fact::Person(customer.uuid()))
    }

    /// Adds a member of its data.
    #[must_use]
    pub fn with(mut self, name: &'static str, fact: Fact) -> Self {
        self.data.insert(name, fact);
        self
    }

    /// Names colleagues whom it concerns themselves.
    #[must_use]
    pub fn concerning(mut self, users: impl IntoIterator<Item = UserId>) -> Self {
        self.concerns.extend(users);
        self
    }

    /// Whether it says exactly what its type promises: every member, each of its kind, and no other.
    pub fn keeps_its_promise(&self) -> bool {
        let promised = self.kind.members();
        let kept = |(name, holds): &(&str, Holds)| self.data.get(name).is_some_and(|fact| fact.holds() == *holds);
        self.data.len() == promised.len()
            && promised.iter().all(kept)
            && self.customer.is_some() == (self.kind.about() == About::Customer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed() -> Event {
        Event::about(EventType::CustomersUpdated, CustomerId::from(Uuid::from_u128(7)))
            .with("version", Fact::Count(2))
            .with("fields", Fact::Fields(vec!["mobile".into()]))
    }

    #[test]
    fn an_event_says_what_its_type_promises_and_nothing_else() {
        assert!(changed().keeps_its_promise());
        assert!(!changed().with("mobile", Fact::Text("13800000000".into())).keeps_its_promise());
        assert!(!changed().with("version", Fact::Code("2".into())).keeps_its_promise());
        assert!(!Event { customer: None, ..changed() }.keeps_its_promise());
        let mut short = changed();
        short.data.remove("fields");
        assert!(!short.keeps_its_promise());
    }

    #[test]
    fn types_have_codes_of_their_own_and_name_their_customer() {
        let mut codes: Vec<_> = EventType::ALL.iter().map(|kind| kind.code()).collect();
        for kind in EventType::ALL {
            assert_eq!(EventType::from_code(kind.code()), Some(*kind));
            let names = kind.members().contains(&("customer_id", Holds::Person));
            assert_eq!(names, kind.about() == About::Customer, "{}", kind.code());
            assert!(kind.describe().ends_with('.') && kind.code().contains('.'), "{}", kind.code());
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), EventType::ALL.len());
    }

    #[test]
    fn a_partner_hears_of_customers_alone() {
        for kind in EventType::ALL.iter().filter(|kind| kind.for_partners()) {
            assert_eq!(kind.about(), About::Customer, "{}", kind.code());
        }
    }
}
