//! Generated customers: plausible, valid by every check, and nobody's.

use custodian_crypto::Randomness;

/// The columns of a generated file, in order, with the field or attribute that each maps to.
pub const COLUMNS: [(&str, &str); 14] = [
    ("客户编号", "customer_no"),
    ("姓名", "name"),
    ("手机号", "mobile"),
    ("身份证号", "id_number"),
    ("邮箱", "email"),
    ("银行卡号", "bank_card"),
    ("省份", "province"),
    ("地址", "address"),
    ("公司", "company"),
    ("职业", "occupation"),
    ("客户阶段", "stage"),
    ("来源", "source"),
    ("生日", "birthday"),
    ("备注", "notes"),
];

const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕";
const GIVEN: &str = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红梅鑫波斌宇浩凯健俊帆雪琳晨";
const PROVINCES: [(&str, &str, &str); 8] = [
    ("北京市", "110105", "北京市朝阳区建国路"),
    ("上海市", "310101", "上海市黄浦区人民大道"),
    ("广东省", "440305", "广东省深圳市南山区科技路"),
    ("浙江省", "330106", "浙江省杭州市西湖区文三路"),
    ("江苏省", "320102", "江苏省南京市玄武区中山路"),
    ("四川省", "510104", "四川省成都市锦江区春熙路"),
    ("湖北省", "420106", "湖北省武汉市武昌区中南路"),
    ("陕西省", "610113", "陕西省西安市雁塔区长安路"),
];
const COMPANIES: [&str; 6] = [
    "云帆科技有限公司",
    "海川贸易有限公司",
    "星河传媒有限公司",
    "嘉禾食品有限公司",
    "通达物流有限公司",
    "明德教育有限公司",
];
const OCCUPATIONS: [&str; 6] = ["工程师", "会计", "教师", "设计师", "销售经理", "医生"];
const STAGES: [&str; 5] = ["lead", "prospect", "qualified", "customer", "dormant"];
const SOURCES: [&str; 5] = ["web_form", "phone_in", "referral", "event", "live_chat"];
const NOTES: [&str; 5] = ["", "希望下周回电", "偏好微信联系", "已寄出报价单", "对年度方案有兴趣"];

/// Draws from randomness without bias that would matter for sample data.
struct Draw<'a>(&'a dyn Randomness);

impl Draw<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        let mut bytes = [0_u8; 8];
        self.0.fill(&mut bytes);
        u64::from_be_bytes(bytes) % bound.max(1)
    }

    fn one<'t>(&mut self, from: &[&'t str]) -> &'t str {
        let index = usize::try_from(self.below(u64::try_from(from.len()).unwrap_or(1))).unwrap_or(0);
        from.get(index).copied().unwrap_or_default()
    }

    fn character(&mut self, from: &str) -> char {
        let count = u64::try_from(from.chars().count()).unwrap_or(1);
        from.chars().nth(usize::try_from(self.below(count)).unwrap_or(0)).unwrap_or('甲')
    }
}

/// One customer, its cells in the order of [`COLUMNS`].
pub fn customer(number: u64, rng: &dyn Randomness) -> Vec<String> {
    let mut draw = Draw(rng);
    let index = usize::try_from(draw.below(8)).unwrap_or(0);
    let (province, area, street) = PROVINCES.get(index).copied().unwrap_or(("北京市", "110105", "北京市朝阳区建国路"));
    let mut name = draw.character(SURNAMES).to_string();
    for _ in 0..=draw.below(2) {
        name.push(draw.character(GIVEN));
    }
    let (year, month, day) = (1950 + draw.below(55), 1 + draw.below(12), 1 + draw.below(28));
    let mobile = format!(
        "1{}{:09}",
        draw.one(&["38", "39", "50", "59", "86", "88"]).chars().next().unwrap_or('3'),
        draw.below(1_000_000_000)
    );
    let id_number = with_id_check(&format!("{area}{year:04}{month:02}{day:02}{:03}", draw.below(1000)));
    let bank_card = with_luhn(&format!("622202{:09}", draw.below(1_000_000_000)));
    let email = format!("user{number}.{}@example.{}", draw.below(1000), draw.one(&["com", "org", "net"]));
    let address = format!("{street}{}号{}室", 1 + draw.below(400), 100 + draw.below(2000));
    vec![
        format!("D{number:06}"),
        name,
        mobile,
        id_number,
        email,
        bank_card,
        province.to_owned(),
        address,
        draw.one(&COMPANIES).to_owned(),
        draw.one(&OCCUPATIONS).to_owned(),
        draw.one(&STAGES).to_owned(),
        draw.one(&SOURCES).to_owned(),
        format!("{year:04}-{month:02}-{day:02}"),
        draw.one(&NOTES).to_owned(),
    ]
}

/// A file of generated customers as CSV, header first.
pub fn csv(numbers: std::ops::Range<u64>, rng: &dyn Randomness) -> String {
    let mut text = COLUMNS.map(|(column, _)| column).join(",");
    text.push('\n');
    for number in numbers {
        text.push_str(&customer(number, rng).join(","));
        text.push('\n');
    }
    text
}

/// The mapping of such a file, as `POST /v1/imports` takes it.
pub fn mapping() -> serde_json::Value {
    COLUMNS
        .iter()
        .map(|(column, field)| ((*column).to_owned(), serde_json::Value::from(*field)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// GB 11643: the check character of 17 digits.
fn with_id_check(digits: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.chars().zip(WEIGHTS).map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight).sum();
    let check = "10X98765432".chars().nth(usize::try_from(sum % 11).unwrap_or(0)).unwrap_or('0');
    format!("{digits}{check}")
}

fn with_luhn(digits: &str) -> String {
    let sum: u32 = digits
        .chars()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = digit.to_digit(10).unwrap_or(0) * if place % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use chrono::NaiveDate;
    use custodian_crypto::SeededRandomness;
    use custodian_domain::catalog::{Input, customer as catalog};

    #[test]
    fn every_generated_customer_passes_the_catalog() {
        let rng = SeededRandomness::new(3);
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        for number in 0..500 {
            for ((_, key), cell) in COLUMNS.iter().zip(customer(number, &rng)) {
                let Some(field) = catalog().field(key) else { continue };
                let accepted = field.accept(Input::Text(&cell), today);
                assert!(accepted.is_ok() || cell.is_empty(), "{key} of customer {number}: {accepted:?}");
            }
        }
    }
}
