//! What a field of a data type begins as: guarded as such values usually are, masked as is the custom.

use super::Category::{Account, Behaviour, Business, Contact, Identity};
use super::Classification::{Core, Internal, Sensitive};
use super::PiCategory::{Basic, FinancialAccount, IdentityDoc};
use super::{
    Building, CUSTOMER, Category, Classification, DataType, Field, Labels, Mask, NationalLevel, PiCategory, kept,
};

/// Grade, category, category of the standard, mask and longest value.
type Usual = (Classification, Category, Option<PiCategory>, Mask, usize);

impl DataType {
    fn usual(&self) -> Usual {
        match self {
            Self::Text => (Internal, Behaviour, None, Mask::Everything, 200),
            Self::Email => (Sensitive, Contact, Some(Basic), Mask::Email, 254),
            Self::Phone => (Sensitive, Contact, Some(Basic), Mask::Phone, 32),
            Self::CnResidentId => (Core, Identity, Some(IdentityDoc), Mask::ResidentId, 32),
            Self::Uscc => (Internal, Business, None, Mask::Edges { first: 2, last: 4 }, 32),
            Self::BankCard => (Core, Account, Some(FinancialAccount), Mask::BankCard, 32),
            Self::Plate => (Sensitive, Identity, None, Mask::Plate, 32),
            Self::Address => (Sensitive, Contact, Some(Basic), Mask::Address, 500),
            Self::Date | Self::Datetime => (Internal, Behaviour, None, Mask::Date, 64),
            Self::Json => (Sensitive, Behaviour, None, Mask::Everything, 4000),
            Self::Number | Self::Money | Self::Boolean | Self::Enum(_) => {
                (Internal, Behaviour, None, Mask::Everything, 64)
            }
        }
    }
}

impl Field {
    /// A new field of a record type: optional, in no index, and otherwise as its data type suggests.
    pub fn new(record_type: &str, key: &str, labels: Labels, data_type: DataType) -> Self {
        let (classification, category, pi_category, mask, max_length) = data_type.usual();
        Self {
            key: kept(key),
            name: name_of(record_type, key),
            labels,
            data_type,
            classification,
            category,
            pi_category,
            national_level: NationalLevel::General,
            required: false,
            unique: false,
            searchable: Vec::new(),
            building: Building::default(),
            mask,
            max_length,
            purposes: Vec::new(),
            retention_days: None,
        }
    }
}

/// The name of a field by its record type and key; see [`Field::name`].
pub(super) fn name_of(record_type: &str, key: &str) -> &'static str {
    if record_type == CUSTOMER { kept(key) } else { kept(&format!("{record_type}.{key}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::field_faults;

    #[test]
    fn every_data_type_begins_lawfully() {
        let codes = ["text", "email", "phone", "cn_resident_id", "uscc", "bank_card", "plate", "address", "date"];
        let more = ["datetime", "number", "money", "boolean", "json", "enum"];
        for code in codes.into_iter().chain(more) {
            let Some(data_type) = DataType::from_code(code, vec!["a".to_owned()]) else { panic!("{code}") };
            let field = Field::new("payment", "thing", Labels::new("Thing", "物"), data_type);
            assert_eq!(field_faults(&field, false), [], "{code}");
            assert_eq!((field.key, field.name), ("thing", "payment.thing"));
            assert_eq!(field.data_type.as_str(), code);
        }
        assert_eq!(DataType::from_code("blob", Vec::new()), None);
    }
}
