//! What a column of a spreadsheet probably holds, by its header and by samples of its values, Chinese and English. A proposal for a person to review:
//! in doubt the closer guarded one.

use chrono::NaiveDate;

use super::beside::beside;
use super::normalise::comparable;
use super::{Category, Classification, DataType, Field, Input, Labels, PiCategory, RecordType};

/// A column to be looked at.
#[derive(Clone, Copy)]
pub struct Column<'a> {
    /// Its header.
    pub header: &'a str,
    /// Samples of its values; empty ones count for nothing. Never kept.
    pub values: &'a [String],
}

/// What is proposed for a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The field of the organisation that the column seems to go to.
    pub known: Option<&'static str>,
    /// What a new field for it would be; its key and labels are the proposer's to choose.
    pub field: Field,
    /// How sure, in per cent.
    pub confidence: u8,
    /// What told: `header`, `values`, or both.
    pub told_by: &'static [&'static str],
}

/// A word that a header may hold, and what it tells. The first that fits wins: the more special ones stand first.
struct Word(&'static [&'static str], &'static str, Category, Option<PiCategory>, Option<Classification>);

use Category::{Account, Behaviour, Business, Contact, Identity, Special};
use Classification::{Core, Internal, Sensitive};

#[rustfmt::skip]
const WORDS: &[Word] = &[
    Word(&["身份证", "证件号", "idcard", "idnumber", "residentid", "nationalid"], "cn_resident_id", Identity, Some(PiCategory::IdentityDoc), Some(Core)),
    Word(&["护照", "passport", "驾驶证", "driverlicen", "社保", "socialsecurity", "军官证"], "text", Identity, Some(PiCategory::IdentityDoc), Some(Core)),
    Word(&["银行卡", "卡号", "银行账号", "bankcard", "cardnumber", "creditcard", "bankaccount", "iban"], "bank_card", Account, Some(PiCategory::FinancialAccount), Some(Core)),
    Word(&["密码", "口令", "password", "passcode", "密保", "cvv", "pin码"], "text", Account, Some(PiCategory::Authentication), Some(Core)),
    Word(&["指纹", "人脸", "虹膜", "声纹", "基因", "fingerprint", "biometric", "faceid"], "text", Special, Some(PiCategory::Biometric), Some(Core)),
    Word(&["病史", "病历", "诊断", "过敏", "用药", "就诊", "健康", "血型", "diagnos", "medical", "illness", "allerg", "health", "blood"], "text", Special, Some(PiCategory::Medical), Some(Core)),
    Word(&["宗教", "信仰", "婚姻", "性取向", "犯罪", "religio", "faith", "marital", "criminal", "sexual"], "text", Special, Some(PiCategory::Other), Some(Core)),
    Word(&["征信", "贷款", "信用分", "creditscore", "loan"], "number", Special, Some(PiCategory::Credit), Some(Core)),
    Word(&["轨迹", "定位", "经纬度", "gps", "latitude", "longitude"], "text", Special, Some(PiCategory::Track), Some(Core)),
    Word(&["收入", "工资", "薪资", "存款", "房产", "income", "salary", "wage"], "money", Identity, Some(PiCategory::Asset), Some(Sensitive)),
    Word(&["统一社会信用", "信用代码", "税号", "uscc", "taxno", "vat"], "uscc", Business, None, None),
    Word(&["手机", "电话", "联系方式", "mobile", "phone", "tel", "cell"], "phone", Contact, Some(PiCategory::Basic), Some(Sensitive)),
    Word(&["邮箱", "电子邮件", "email", "mail"], "email", Contact, Some(PiCategory::Basic), Some(Sensitive)),
    Word(&["微信", "wechat", "qq号", "qq", "whatsapp", "账号", "account", "用户名", "username", "昵称", "nickname"], "text", Contact, Some(PiCategory::NetworkId), Some(Sensitive)),
    Word(&["地址", "住址", "address", "street"], "address", Contact, Some(PiCategory::Basic), Some(Sensitive)),
    Word(&["车牌", "plate", "licenceplate"], "plate", Identity, Some(PiCategory::Asset), Some(Sensitive)),
    Word(&["生日", "出生", "birth", "dob"], "date", Identity, Some(PiCategory::Basic), Some(Sensitive)),
    Word(&["公司", "单位", "企业", "company", "employer", "organisation", "organization"], "text", Business, None, None),
    Word(&["姓名", "名字", "联系人", "客户名称", "fullname", "firstname", "lastname", "surname", "name"], "text", Identity, Some(PiCategory::Basic), Some(Sensitive)),
    Word(&["客户编号", "会员号", "编号", "customerno", "customerid", "memberno", "clientid"], "text", Account, Some(PiCategory::NetworkId), Some(Internal)),
    Word(&["省份", "城市", "地区", "province", "city", "region", "country", "国家"], "text", Contact, Some(PiCategory::Basic), Some(Internal)),
    Word(&["职业", "职位", "职务", "occupation", "job", "position", "title"], "text", Behaviour, Some(PiCategory::Work), Some(Internal)),
    Word(&["学历", "学校", "专业", "education", "school", "degree"], "text", Behaviour, Some(PiCategory::Education), Some(Internal)),
    Word(&["标签", "等级", "tag", "tier", "level", "segment"], "text", Behaviour, Some(PiCategory::Tag), Some(Internal)),
    Word(&["金额", "订单", "消费", "amount", "price", "order", "payment"], "money", Behaviour, Some(PiCategory::Transaction), Some(Internal)),
    Word(&["备注", "说明", "记录", "note", "remark", "comment", "summary"], "text", Behaviour, Some(PiCategory::BusinessBehaviour), Some(Sensitive)),
    Word(&["同意", "是否", "consent", "optin"], "boolean", Behaviour, None, None),
    Word(&["时间", "timestamp", "createdat", "updatedat"], "datetime", Behaviour, None, None),
    Word(&["日期", "date"], "date", Behaviour, None, None),
];

/// What the built-in fields are called as well, as spreadsheets have it.
const ALSO: [(&str, &[&str]); 10] = [
    ("customer_no", &["会员号", "会员编号", "客户号", "customerid", "memberno"]),
    ("name", &["名字", "客户姓名", "fullname"]),
    ("mobile", &["手机", "手机号码", "电话", "联系电话", "phone", "mobilephone"]),
    ("email", &["邮箱", "邮件", "mail"]),
    ("address", &["住址", "联系地址", "通讯地址"]),
    ("province", &["省", "所在省"]),
    ("birthday", &["生日", "出生日", "dob", "birthdate"]),
    ("company", &["公司名称", "单位", "工作单位", "employer"]),
    ("occupation", &["职位", "职务", "job"]),
    ("wechat", &["微信", "微信账号"]),
];

/// Types whose values tell themselves, the most telling first.
const TELLING: [&str; 9] =
    ["cn_resident_id", "uscc", "email", "plate", "phone", "bank_card", "datetime", "date", "boolean"];

/// Of the values so many per cent must fit before they tell anything: spreadsheets are never clean.
const ENOUGH: usize = 80;
/// Not more different values than this make a list of choices.
const FEW: usize = 12;

/// What each column probably holds. `of` is the organisation's record type, `today` the day by which dates are judged.
pub fn classify(of: &RecordType, columns: &[Column<'_>], today: NaiveDate) -> Vec<Proposal> {
    columns.iter().map(|column| one(of, column, today)).collect()
}

fn one(of: &RecordType, column: &Column<'_>, today: NaiveDate) -> Proposal {
    let values: Vec<&str> = column.values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).collect();
    let header = squeezed(column.header);
    let named = WORDS.iter().find(|Word(words, ..)| words.iter().any(|word| header.contains(word)));
    let told = told_by_values(of, &values, today);
    let (data_type, told_by, confidence): (DataType, &'static [&'static str], u8) = match (named, told) {
        (Some(Word(_, code, ..)), Some((found, share))) if *code == found.as_str() => {
            (found, &["header", "values"], share.max(95))
        }
        // A header may lie; a resident id does not.
        (_, Some((found, share))) if is_certain(&found) => (found, &["values"], share),
        (Some(Word(_, code, ..)), _) => (typed(code), &["header"], if values.is_empty() { 70 } else { 60 }),
        (None, Some((found, share))) => (found, &["values"], share.min(80)),
        (None, None) => (DataType::Text, &[], 10),
    };
    let elsewhere = beside(column).is_some();
    let known = if elsewhere { None } else { known(of, column.header, &header, &data_type) };
    let labels = Labels::new(column.header.trim(), column.header.trim());
    let base = Field::new(of.code, "proposed", labels, data_type);
    let field = graded(base, named);
    Proposal { known, field, confidence: if known.is_some() { confidence.max(90) } else { confidence }, told_by }
}

/// The type of a code in the table; money in a spreadsheet is a bare number.
fn typed(code: &str) -> DataType {
    let code = if code == "money" { "number" } else { code };
    DataType::from_code(code, Vec::new()).unwrap_or(DataType::Text)
}

const fn is_certain(data_type: &DataType) -> bool {
    matches!(data_type, DataType::CnResidentId | DataType::Email | DataType::Uscc | DataType::Plate)
}

/// Graded by the header where it tells, never below what the values alone ask for and never below the law's floor.
fn graded(base: Field, named: Option<&Word>) -> Field {
    let by_type = base.classification;
    let mut field = match named {
        Some(Word(_, _, category, pi_category, classification)) => Field {
            category: *category,
            pi_category: *pi_category,
            classification: classification.unwrap_or(Internal),
            ..base
        },
        None if base.data_type == DataType::Text => Field { classification: Sensitive, ..base },
        None => base,
    };
    if field.is_sensitive_pi() || named.is_none() {
        field.classification = field.classification.max(by_type);
    }
    field.classification = field.classification.max(field.floor());
    field.searchable = match field.data_type {
        DataType::Phone | DataType::CnResidentId | DataType::BankCard | DataType::Email => {
            field.data_type.search_kinds().to_vec()
        }
        _ => Vec::new(),
    };
    field
}

/// Lower case, without spaces and joints, so that `ID_Number` and `id number` are one.
pub(super) fn squeezed(header: &str) -> String {
    comparable(header).chars().filter(|c| !matches!(c, '_' | '-' | '.' | '/' | '(' | ')' | '*' | ':')).collect()
}

/// The field that has this key or label, or the only one of a type that tells itself.
fn known(of: &RecordType, header: &str, squeezed_header: &str, data_type: &DataType) -> Option<&'static str> {
    let named = |field: &&Field| {
        field.key == header.trim()
            || squeezed(field.key) == squeezed_header
            || squeezed(&field.labels.en) == squeezed_header
            || squeezed(&field.labels.zh) == squeezed_header
            || ALSO.iter().any(|(key, words)| *key == field.key && words.contains(&squeezed_header))
    };
    if let Some(field) = of.fields.iter().find(named) {
        return Some(field.key);
    }
    let telling = matches!(data_type, DataType::Phone | DataType::Email | DataType::CnResidentId | DataType::BankCard);
    let mut alike = of.fields.iter().filter(|field| telling && field.data_type == *data_type);
    match (alike.next(), alike.next()) {
        (Some(only), None) => Some(only.key),
        _ => None,
    }
}

/// The type that most of the values are of, and how many per cent of them.
fn told_by_values(of: &RecordType, values: &[&str], today: NaiveDate) -> Option<(DataType, u8)> {
    if values.is_empty() {
        return None;
    }
    for code in TELLING {
        let data_type = DataType::from_code(code, Vec::new())?;
        let share = share_of(of, &data_type, values, today);
        if share >= ENOUGH {
            return Some((data_type, u8::try_from(share).unwrap_or(100)));
        }
    }
    let share = share_of(of, &DataType::Number, values, today);
    if share >= ENOUGH {
        return Some((DataType::Number, u8::try_from(share).unwrap_or(100)));
    }
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let few = distinct.len() <= FEW && values.len() >= distinct.len() * 3 && values.len() >= 10;
    let short = distinct.iter().all(|value| value.chars().count() <= 20);
    (few && short).then(|| (DataType::Enum(distinct.into_iter().map(str::to_owned).collect()), 75))
}

/// How many per cent of the values this type accepts.
fn share_of(of: &RecordType, data_type: &DataType, values: &[&str], today: NaiveDate) -> usize {
    let field = Field::new(of.code, "proposed", Labels::new("", ""), data_type.clone());
    let accepts = |value: &&&str| match data_type {
        DataType::Boolean => {
            matches!(value.to_lowercase().as_str(), "true" | "false" | "yes" | "no" | "是" | "否" | "y" | "n")
        }
        DataType::Number => field.accept(Input::Number(value), today).is_ok(),
        _ => field.accept(Input::Text(value), today).is_ok(),
    };
    values.iter().filter(accepts).count() * 100 / values.len().max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::catalog::{customer, field_faults};

    fn proposed(header: &str, values: &[&str]) -> Proposal {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        classify(customer(), &[Column { header, values: &values }], today).remove(0)
    }

    #[test]
    fn columns_of_both_languages_go_to_the_fields_that_are_there() {
        for (header, value, key) in [
            ("手机号", "13812345678", "mobile"),
            ("Mobile phone", "138 1234 5678", "mobile"),
            ("身份证号", "11010519491231002X", "id_number"),
            ("邮箱", "zhang@example.com", "email"),
            ("E-mail", "zhang@example.com", "email"),
            ("姓名", "张三", "name"),
            ("Customer number", "C000001", "customer_no"),
            ("银行卡号", "6222020000111122222", "bank_card"),
            ("出生日期", "1990-05-17", "birthday"),
            ("生日", "1990-05-17", "birthday"),
            ("联系电话", "13812345678", "mobile"),
            ("公司名称", "南京新桥商贸有限公司", "company"),
        ] {
            assert_eq!(proposed(header, &[value]).known, Some(key), "{header}");
        }
        assert_eq!(proposed("鞋码", &["42"]).known, None);
        assert_eq!(proposed("负责人邮箱", &["asha@example.com"]).known, None, "that of the owner is nobody's own");
    }

    #[test]
    fn what_nothing_tells_of_is_closely_guarded() {
        assert_eq!(proposed("column 7", &["张三", "李四"]).field.classification, Sensitive);
    }

    #[test]
    fn values_tell_what_a_header_hides() {
        let told = proposed("column 7", &["11010519491231002X", "", "110105194912310038"]);
        assert_eq!((told.field.data_type.as_str(), told.told_by), ("cn_resident_id", ["values"].as_slice()));
        assert_eq!(told.field.classification, Core);
        assert_eq!(told.known, Some("id_number"));
        let dirty = proposed("column 8", &["a@b.cn", "c@d.cn", "e@f.cn", "g@h.cn", "none"]);
        assert_eq!((dirty.field.data_type.as_str(), dirty.confidence), ("email", 90));
    }

    #[test]
    fn what_the_law_calls_sensitive_is_proposed_closely_guarded() {
        for (header, pi) in [
            ("过敏史", PiCategory::Medical),
            ("Passport No.", PiCategory::IdentityDoc),
            ("宗教信仰", PiCategory::Other),
        ] {
            let told = proposed(header, &["x"]);
            assert_eq!((told.field.pi_category, told.field.classification), (Some(pi), Core), "{header}");
        }
    }

    #[test]
    fn every_proposal_could_be_kept() {
        for Word(words, ..) in WORDS {
            for word in *words {
                let told = proposed(word, &["x", "y"]);
                assert_eq!(field_faults(&told.field, false), [], "{word}");
            }
        }
        let tiers: Vec<&str> = ["gold", "jade", "silk"].into_iter().cycle().take(30).collect();
        let told = proposed("column 9", &tiers);
        assert!(matches!(&told.field.data_type, DataType::Enum(choices) if choices.len() == 3));
        assert_eq!(field_faults(&told.field, false), []);
        assert_eq!(proposed("column 10", &[]).confidence, 10);
    }
}
