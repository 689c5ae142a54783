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
    /// built-in one of its key, any other comes after those, in the order given.
    pub fn of(version: i64, own: Vec<RecordType>, kept: Vec<Kept>) -> Self {
        let mut types: Vec<RecordType> = built_in_types().to_vec();
        types.extend(own);
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
    use crate::catalog::{Classification, DataType, customer};

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
    fn the_first_catalog_is_what_is_built_in() {
        assert_eq!(Catalog::built_in().customer(), customer());
        assert_eq!(**Catalog::built_in(), Catalog::of(0, Vec::new(), Vec::new()));
        assert!(Catalog::built_in().record_type("nonsense").is_none());
    }
}
