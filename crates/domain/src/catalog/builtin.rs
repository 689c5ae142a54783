//! The built-in record type `customer`.

use std::sync::OnceLock;

use super::Category::{Account, Behaviour, Business, Contact, Identity};
use super::Classification::{Core, Internal, Sensitive};
use super::SearchKind::{Exact, Last4, Prefix};
use super::{Category, Classification, DataType, Field, Labels, Mask, RecordType, SearchKind};

/// The built-in customer, the same in every organisation.
pub fn customer() -> &'static RecordType {
    static CUSTOMER: OnceLock<RecordType> = OnceLock::new();
    CUSTOMER.get_or_init(|| RecordType { code: "customer".to_owned(), fields: customer_fields() })
}

/// A line of the table below.
struct Line(&'static str, [&'static str; 2], DataType, Classification, Category, &'static [SearchKind], Mask, usize);

// The date of birth stands in no index: alone it is too common to hide whom a term belongs to.
#[rustfmt::skip]
fn lines() -> [Line; 13] {
    [
        Line("customer_no", ["Customer number", "客户编号"], DataType::Text, Internal, Account, &[Exact], Mask::Edges { first: 2, last: 2 }, 64),
        Line("name", ["Name", "姓名"], DataType::Text, Sensitive, Identity, &[Exact, Prefix], Mask::Name, 100),
        Line("mobile", ["Mobile", "手机号"], DataType::Phone, Sensitive, Contact, &[Exact, Last4], Mask::Phone, 32),
        Line("id_number", ["Resident ID", "身份证号"], DataType::CnResidentId, Core, Identity, &[Exact, Last4], Mask::ResidentId, 32),
        Line("email", ["E-mail", "电子邮箱"], DataType::Email, Sensitive, Contact, &[Exact], Mask::Email, 254),
        Line("bank_card", ["Bank card", "银行卡号"], DataType::BankCard, Core, Account, &[Exact, Last4], Mask::BankCard, 32),
        Line("address", ["Address", "地址"], DataType::Address, Sensitive, Contact, &[], Mask::Address, 500),
        Line("province", ["Province", "省份"], DataType::Text, Internal, Contact, &[Exact], Mask::Everything, 50),
        Line("birthday", ["Date of birth", "出生日期"], DataType::Date, Sensitive, Identity, &[], Mask::Date, 10),
        Line("company", ["Company", "公司"], DataType::Text, Internal, Business, &[Exact, Prefix], Mask::Edges { first: 2, last: 0 }, 200),
        Line("occupation", ["Occupation", "职业"], DataType::Text, Internal, Business, &[], Mask::Everything, 100),
        Line("wechat", ["WeChat", "微信号"], DataType::Text, Sensitive, Contact, &[Exact], Mask::Edges { first: 1, last: 1 }, 64),
        Line("notes", ["Notes", "备注"], DataType::Text, Sensitive, Behaviour, &[], Mask::Everything, 4000),
    ]
}

fn customer_fields() -> Vec<Field> {
    let field = |Line(key, [en, zh], data_type, classification, category, searchable, mask, max)| Field {
        key: key.to_owned(),
        labels: Labels::new(en, zh),
        data_type,
        classification,
        category,
        required: key == "name",
        unique: key == "customer_no",
        searchable: searchable.to_vec(),
        mask,
        max_length: max,
        purposes: Vec::new(),
    };
    lines().into_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_customer_has_thirteen_fields_of_its_own_key() {
        let mut keys: Vec<_> = customer().fields.iter().map(|field| field.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 13);
        assert!(customer().field("name").unwrap().required);
        assert!(customer().field("customer_no").unwrap().unique);
        assert!(customer().field("nickname").is_none());
    }

    #[test]
    fn what_is_unique_can_be_found_exactly() {
        for field in customer().fields.iter().filter(|field| field.unique) {
            assert!(field.searchable.contains(&Exact), "{}", field.key);
        }
    }

    #[test]
    fn the_date_of_birth_is_in_no_index() {
        assert!(customer().field("birthday").unwrap().searchable.is_empty());
    }
}
