//! A field as an organisation keeps it: everything but its key, which stands beside it.

use serde::{Deserialize, Serialize};

use super::defaults::name_of;
use super::{
    Building, Category, Classification, DataType, Field, Labels, Mask, NationalLevel, PiCategory, SearchKind, kept,
};

/// What is stored of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldContent {
    labels: Labels,
    data_type: DataType,
    classification: Classification,
    category: Category,
    pi_category: Option<PiCategory>,
    national_level: NationalLevel,
    required: bool,
    unique: bool,
    searchable: Vec<SearchKind>,
    building: Building,
    mask: Mask,
    max_length: usize,
    purposes: Vec<String>,
    retention_days: Option<u32>,
}

impl From<&Field> for FieldContent {
    fn from(field: &Field) -> Self {
        let Field {
            key: _,
            name: _,
            labels,
            data_type,
            classification,
            category,
            pi_category,
            national_level,
            required,
            unique,
            searchable,
            building,
            mask,
            max_length,
            purposes,
            retention_days,
        } = field;
        Self {
            labels: labels.clone(),
            data_type: data_type.clone(),
            classification: *classification,
            category: *category,
            pi_category: *pi_category,
            national_level: *national_level,
            required: *required,
            unique: *unique,
            searchable: searchable.clone(),
            building: building.clone(),
            mask: *mask,
            max_length: *max_length,
            purposes: purposes.clone(),
            retention_days: *retention_days,
        }
    }
}

impl FieldContent {
    /// The field of this stored key in this record type.
    pub fn field(self, record_type: &str, key: &str) -> Field {
        let name = name_of(record_type, key);
        let Self {
            labels,
            data_type,
            classification,
            category,
            pi_category,
            national_level,
            required,
            unique,
            searchable,
            building,
            mask,
            max_length,
            purposes,
            retention_days,
        } = self;
        Field {
            key: kept(key),
            name,
            labels,
            data_type,
            classification,
            category,
            pi_category,
            national_level,
            required,
            unique,
            searchable,
            building,
            mask,
            max_length,
            purposes,
            retention_days,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{CUSTOMER, built_in_types, customer};

    #[test]
    fn every_built_in_field_comes_back_as_it_was() {
        for one in built_in_types() {
            for field in &one.fields {
                assert_eq!(FieldContent::from(field).field(one.code, field.key), *field);
            }
        }
        assert_eq!(customer().code, CUSTOMER);
    }
}
