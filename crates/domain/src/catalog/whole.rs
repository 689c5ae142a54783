//! The catalog of one organisation: the built-in record types with what it changed of them, and those of its own.

use std::sync::{Arc, OnceLock};

use super::{Field, RecordType, built_in_types};

/// Every record type of an organisation, as it stands at one version. Shared, never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Counts the organisation's changes; 0 before the first.
    pub version: i64,
    types: Vec<RecordType>,
}

/// A field as an organisation keeps it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Code of the record type.
    pub record_type: &'static str,
    /// The field.
    pub field: Field,
    /// Whether it was taken out of use.
    pub retired: bool,
}

impl Catalog {
    /// The catalog that every organisation begins with.
    pub fn built_in() -> &'static Arc<Self> {
        static BUILT_IN: OnceLock<Arc<Catalog>> = OnceLock::new();
        BUILT_IN.get_or_init(|| Arc::new(Self { version: 0, types: built_in_types().to_vec() }))
    }

    /// The built-in types, then `own` types without their fields, with `kept` laid over them: a kept field takes the place of the
    /// built-in one of its key, any other comes after those, in the order given. An own type with the code of a built-in one names that anew.
    pub fn of(version: i64, own: Vec<RecordType>, kept: Vec<Kept>) -> Self {
        let mut types: Vec<RecordType> = built_in_types().to_vec();
        for one in own {
            match types.iter_mut().find(|known| known.code == one.code) {
                Some(known) => known.labels = one.labels,
                None => types.push(one),
            }
        }
        for Kept { record_type, field, retired } in kept {
            if let Some(known) = types.iter_mut().find(|one| one.code == record_type) {
                known.lay_over(field, retired);
            }
        }
        Self { version, types }
    }

    /// Every record type, the customer first.
    pub fn types(&self) -> &[RecordType] {
        &self.types
    }

    /// The record type of a code.
    pub fn record_type(&self, code: &str) -> Option<&RecordType> {
        self.types.iter().find(|one| one.code == code)
    }

    /// The field in use of a name such as `mobile` or `payment.amount`; see [`Field::name`].
    pub fn named(&self, name: &str) -> Option<&Field> {
        match name.split_once('.') {
            None => self.customer().field(name),
            Some((record_type, key)) if record_type != super::CUSTOMER => self.record_type(record_type)?.field(key),
            Some(_) => None,
        }
    }

    /// Every field in use, the customer's first.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.types.iter().flat_map(|one| &one.fields)
    }

    /// The customer.
    pub fn customer(&self) -> &RecordType {
        // Built in, and none is ever taken away.
        self.types.first().unwrap_or(super::customer())
    }
}

impl RecordType {
    fn lay_over(&mut self, field: Field, retired: bool) {
        let place = self.fields.iter().position(|known| known.key == field.key);
        match (place, retired) {
            (Some(place), false) => {
                if let Some(known) = self.fields.get_mut(place) {
                    *known = field;
                }
            }
            (Some(place), true) => {
                self.fields.remove(place);
                self.retired.push(field);
            }
            (None, false) => self.fields.push(field),
            (None, true) => self.retired.push(field),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::{Classification, DataType, Labels, customer};

    fn own(key: &'static str) -> Field {
        Field {
            key,
            name: key,
            data_type: DataType::Text,
            required: false,
            ..customer().field("occupation").unwrap().clone()
        }
    }

    #[test]
    fn what_is_kept_lies_over_what_is_built_in() {
        let stricter = Field { classification: Classification::Core, ..customer().field("wechat").unwrap().clone() };
        let kept = |field, retired| Kept { record_type: "customer", field, retired };
        let catalog = Catalog::of(
            3,
            Vec::new(),
            vec![
                kept(stricter, false),
                kept(own("tier"), false),
                kept(own("shoe_size"), true),
                kept(customer().field("notes").unwrap().clone(), true),
            ],
        );
        let of = catalog.customer();
        assert_eq!(of.field("wechat").unwrap().classification, Classification::Core);
        assert_eq!(
            of.fields.iter().position(|one| one.key == "wechat"),
            customer().fields.iter().position(|one| one.key == "wechat")
        );
        assert_eq!(of.fields.last().unwrap().key, "tier");
        assert!(of.field("shoe_size").is_none() && of.field("notes").is_none());
        let ever: Vec<_> = of.ever().map(|one| one.key).collect();
        assert!(ever.contains(&"shoe_size") && ever.contains(&"notes") && ever.contains(&"tier"));
    }

    #[test]
    fn types_of_ones_own_come_after_the_built_in_ones_and_built_in_ones_can_be_named_anew() {
        let own = |code: &str, in_use| RecordType::new(code, Labels::new("Own", "自有"), in_use);
        let price = Field::new("visit_report", "price", Labels::new("Price", "价"), DataType::Money);
        let kept = Kept { record_type: "visit_report", field: price, retired: false };
        let catalog = Catalog::of(1, vec![own("visit_report", false), own("ticket", false)], vec![kept]);
        let visit = catalog.record_type("visit_report").unwrap();
        assert_eq!((catalog.types().last(), visit.in_use), (Some(visit), false));
        assert_eq!(catalog.named("visit_report.price").unwrap().key, "price");
        let ticket = catalog.record_type("ticket").unwrap();
        assert_eq!((ticket.labels.zh.as_str(), ticket.in_use), ("自有", true));
        assert!(ticket.field("subject").is_some());
    }

    #[test]
    fn the_first_catalog_is_what_is_built_in() {
        assert_eq!(Catalog::built_in().customer(), customer());
        assert_eq!(**Catalog::built_in(), Catalog::of(0, Vec::new(), Vec::new()));
        assert!(Catalog::built_in().record_type("nonsense").is_none());
    }
}
