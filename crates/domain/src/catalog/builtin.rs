//! The built-in record type `customer`.

use std::sync::OnceLock;

use super::Category::{Account, Behaviour, Business, Contact, Identity};
use super::Classification::{Core, Internal, Sensitive};
use super::PiCategory::{Basic, BusinessBehaviour, FinancialAccount, IdentityDoc, NetworkId, Work};
use super::SearchKind::{Exact, Last4, Prefix};
use super::builtin_records;
use super::{
    Building, CUSTOMER, Category, Classification, DataType, Field, Labels, Mask, NationalLevel, PiCategory, RecordType,
    SearchKind,
};

/// The record types that every organisation has from the start, the customer first.
pub fn built_in_types() -> &'static [RecordType] {
    static TYPES: OnceLock<Vec<RecordType>> = OnceLock::new();
    TYPES.get_or_init(|| std::iter::once(customer_type()).chain(builtin_records::record_types()).collect())
}

/// The built-in record type of a code.
pub fn built_in_type(code: &str) -> Option<&'static RecordType> {
    built_in_types().iter().find(|one| one.code == code)
}

/// The customer as every organisation begins with it. What an organisation made of it stands in its [`super::Catalog`].
pub fn customer() -> &'static RecordType {
    static CUSTOMER: OnceLock<RecordType> = OnceLock::new();
    CUSTOMER.get_or_init(customer_type)
}

fn customer_type() -> RecordType {
    RecordType {
        code: CUSTOMER,
        labels: Labels::new("Customer", "客户"),
        fields: customer_fields(),
        retired: Vec::new(),
        in_use: true,
    }
}

/// A line of the table below.
struct Line(
    &'static str,
    [&'static str; 2],
    DataType,
    Classification,
    Category,
    Option<PiCategory>,
    &'static [SearchKind],
    Mask,
    usize,
);

// The date of birth stands in no index: alone it is too common to hide whom a term belongs to.
#[rustfmt::skip]
fn lines() -> [Line; 13] {
    [
        Line("customer_no", ["Customer number", "客户编号"], DataType::Text, Internal, Account, Some(NetworkId), &[Exact], Mask::Edges { first: 2, last: 2 }, 64),
        Line("name", ["Name", "姓名"], DataType::Text, Sensitive, Identity, Some(Basic), &[Exact, Prefix], Mask::Name, 100),
        Line("mobile", ["Mobile", "手机号"], DataType::Phone, Sensitive, Contact, Some(Basic), &[Exact, Last4], Mask::Phone, 32),
        Line("id_number", ["Resident ID", "身份证号"], DataType::CnResidentId, Core, Identity, Some(IdentityDoc), &[Exact, Last4], Mask::ResidentId, 32),
        Line("email", ["E-mail", "电子邮箱"], DataType::Email, Sensitive, Contact, Some(Basic), &[Exact], Mask::Email, 254),
        Line("bank_card", ["Bank card", "银行卡号"], DataType::BankCard, Core, Account, Some(FinancialAccount), &[Exact, Last4], Mask::BankCard, 32),
        Line("address", ["Address", "地址"], DataType::Address, Sensitive, Contact, Some(Basic), &[], Mask::Address, 500),
        Line("province", ["Province", "省份"], DataType::Text, Internal, Contact, Some(Basic), &[Exact], Mask::Everything, 50),
        Line("birthday", ["Date of birth", "出生日期"], DataType::Date, Sensitive, Identity, Some(Basic), &[], Mask::Date, 10),
        Line("company", ["Company", "公司"], DataType::Text, Internal, Business, None, &[Exact, Prefix], Mask::Edges { first: 2, last: 0 }, 200),
        Line("occupation", ["Occupation", "职业"], DataType::Text, Internal, Business, Some(Work), &[], Mask::Everything, 100),
        Line("wechat", ["WeChat", "微信号"], DataType::Text, Sensitive, Contact, Some(NetworkId), &[Exact], Mask::Edges { first: 1, last: 1 }, 64),
        Line("notes", ["Notes", "备注"], DataType::Text, Sensitive, Behaviour, Some(BusinessBehaviour), &[], Mask::Everything, 4000),
    ]
}

fn customer_fields() -> Vec<Field> {
    let field = |Line(key, [en, zh], data_type, classification, category, pi_category, searchable, mask, max)| Field {
        key,
        name: key,
        labels: Labels::new(en, zh),
        data_type,
        classification,
        category,
        pi_category,
        national_level: NationalLevel::General,
        required: key == "name",
        unique: key == "customer_no",
        searchable: searchable.to_vec(),
        building: Building::default(),
        mask,
        max_length: max,
        purposes: Vec::new(),
        retention_days: None,
    };
    lines().into_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_customer_has_thirteen_fields_of_its_own_key() {
        let mut keys: Vec<_> = customer().fields.iter().map(|field| field.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 13);
        assert!(customer().field("name").unwrap().required);
        assert!(customer().field("customer_no").unwrap().unique);
        assert!(customer().field("nickname").is_none());
    }

    #[test]
    fn every_key_could_be_made_again() {
        for one in built_in_types() {
            assert!(crate::catalog::is_record_type_code(one.code), "{}", one.code);
            let made_again = |key: &str| crate::catalog::is_field_key(key) || key == "stage";
            assert!(one.fields.iter().all(|field| made_again(field.key)), "{}", one.code);
        }
    }

    #[test]
    fn what_is_unique_can_be_found_exactly() {
        for field in built_in_types().iter().flat_map(|one| &one.fields).filter(|field| field.unique) {
            assert!(field.searchable.contains(&Exact), "{}", field.key);
        }
    }

    #[test]
    fn the_date_of_birth_is_in_no_index() {
        assert!(customer().field("birthday").unwrap().searchable.is_empty());
    }
}
