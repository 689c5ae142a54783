//! Which column goes where.

use custodian_domain::catalog::{CUSTOMER, RecordType};
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::roles::Permission;
use serde_json::Value;

use crate::Call;

/// Where a column goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A field of the customer or the record, by key.
    Field(&'static str),
    /// The number of the customer that a record hangs on.
    CustomerNo,
    /// Stage code.
    Stage,
    /// Source code.
    Source,
    /// ISO 3166-2 region.
    Region,
    /// The log-in address of the owner.
    OwnerEmail,
}

/// Column name to target. Columns that are not named are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(pub Vec<(String, Target)>);

impl Target {
    fn parse(of: &RecordType, text: &str) -> Option<Self> {
        if of.code != CUSTOMER {
            return Some(match text {
                "customer_no" => Self::CustomerNo,
                "owner_email" => Self::OwnerEmail,
                key => Self::Field(of.field(key)?.key),
            });
        }
        Some(match text {
            "stage" => Self::Stage,
            "source" => Self::Source,
            "region" => Self::Region,
            "owner_email" => Self::OwnerEmail,
            key => Self::Field(of.field(key)?.key),
        })
    }

    /// The name that a mapping and a fault use for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Field(key) => key,
            Self::CustomerNo => "customer_no",
            Self::Stage => "stage",
            Self::Source => "source",
            Self::Region => "region",
            Self::OwnerEmail => "owner_email",
        }
    }
}

impl Mapping {
    /// Reads `{"column": "field", …}`; every unknown or doubled target is named.
    pub fn parse(of: &RecordType, value: &Value) -> Result<Self, DomainError> {
        let Some(object) = value.as_object().filter(|o| !o.is_empty()) else {
            return Err(DomainError::invalid("/mapping", "required"));
        };
        let (mut targets, mut faults) = (Vec::new(), Vec::new());
        for (column, target) in object {
            let pointer = format!("/mapping/{}", column.replace('~', "~0").replace('/', "~1"));
            match target.as_str().map(|text| Target::parse(of, text)) {
                None => faults.push(Fault::new(pointer, "wrong_type")),
                Some(None) => faults.push(Fault::new(pointer, "unknown_field")),
                Some(Some(target)) if targets.iter().any(|(_, t)| *t == target) => {
                    faults.push(Fault::new(pointer, "duplicate_value"))
                }
                Some(Some(target)) => targets.push((column.clone(), target)),
            }
        }
        if faults.is_empty() { Ok(Self(targets)) } else { Err(DomainError::Invalid(faults)) }
    }

    /// Reads what was stored with an import: a dry run may have none.
    pub(super) fn stored(of: &RecordType, value: &Value) -> Result<Self, DomainError> {
        if value.as_object().is_some_and(serde_json::Map::is_empty) {
            Ok(Self::default())
        } else {
            Self::parse(of, value)
        }
    }

    /// As it is stored with the import.
    pub fn to_json(&self) -> Value {
        Value::Object(
            self.0.iter().map(|(column, target)| (column.clone(), Value::String(target.name().to_owned()))).collect(),
        )
    }

    /// Whether something goes there.
    pub fn names(&self, target: &Target) -> bool {
        self.0.iter().any(|(_, known)| known == target)
    }

    /// Refuses a mapping onto fields that the caller may not enter anywhere, and records to who may enter none.
    pub fn check_rights(&self, call: &Call, record_type: &str) -> Result<(), DomainError> {
        let permission = if record_type == CUSTOMER { Permission::CustomersCreate } else { Permission::RecordsWrite };
        if record_type != CUSTOMER {
            call.needs(permission)?;
        }
        let of = call.catalog().record_type(record_type).ok_or(DomainError::NotFound)?;
        for (_, target) in &self.0 {
            let Target::Field(key) = target else { continue };
            let Some(field) = of.field(key) else { continue };
            if !custodian_domain::access::widest_field_access(&call.identity.caller, permission, field).edit {
                return Err(DomainError::refused(RefusedAs::Forbidden, "field_not_editable"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use custodian_domain::catalog::{built_in_type, customer};
    use serde_json::json;

    #[test]
    fn every_fault_is_named() {
        let error =
            Mapping::parse(customer(), &json!({"a": "mobile", "b": "mobile", "c": "nonsense", "d": 1})).unwrap_err();
        let DomainError::Invalid(faults) = error else { panic!("{error}") };
        let seen: Vec<_> = faults.iter().map(|f| (f.pointer.as_str(), f.code)).collect();
        assert_eq!(
            seen,
            [("/mapping/b", "duplicate_value"), ("/mapping/c", "unknown_field"), ("/mapping/d", "wrong_type")]
        );
    }

    #[test]
    fn it_survives_being_stored() {
        let mapping =
            Mapping::parse(customer(), &json!({"手机号": "mobile", "客户阶段": "stage", "负责人邮箱": "owner_email"}))
                .unwrap();
        assert_eq!(Mapping::parse(customer(), &mapping.to_json()).unwrap(), mapping);
    }

    #[test]
    fn what_stands_beside_a_customer_is_no_target_of_a_record() {
        let opportunity = built_in_type("opportunity").unwrap();
        let mapping =
            Mapping::parse(opportunity, &json!({"no": "customer_no", "s": "stage", "o": "owner_email"})).unwrap();
        let mut targets: Vec<_> = mapping.0.iter().map(|(_, target)| target.name()).collect();
        targets.sort_unstable();
        assert_eq!(targets, ["customer_no", "owner_email", "stage"]);
        assert!(mapping.names(&Target::CustomerNo) && mapping.names(&Target::Field("stage")));
        assert!(Mapping::parse(opportunity, &json!({"r": "region"})).is_err());
    }
}
