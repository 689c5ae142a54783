//! A row about nobody, unlike every other: whoever finds one of its values elsewhere knows which file it came from.

use crate::catalog::normalise::{compact, comparable};
use crate::catalog::{DataType, Field, identifiers};

/// A value that was made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeUp {
    /// As a customer's own would be stored.
    pub text: String,
    /// Whether it is meant to be told from every other: a date of birth or a province is not.
    pub telling: bool,
}

const SURNAMES: [&str; 32] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹",
];
const GIVEN: [&str; 48] = [
    "安", "博", "晨", "丹", "恩", "芳", "歌", "涵", "佳", "凯", "岚", "明", "宁", "鹏", "琪", "然", "思", "涛", "婉",
    "欣", "雅", "泽", "之", "云", "柏", "朝", "冬", "帆", "光", "和", "嘉", "可", "乐", "沐", "南", "平", "清", "若",
    "时", "童", "文", "夏", "言", "知", "子", "卓", "青", "源",
];
/// Beginnings of eleven-digit numbers that nobody has: who uses the file in good faith must not disturb a stranger. No operator holds them in the list of
/// mobile network codes of the Ministry of Industry and Information Technology (as of March 2023, under the numbering plan of 2017); of 161 it gives
/// 1619 to satellite telephones.
const NUMBERS: [&str; 3] = ["163", "164", "168"];
const WORK: [&str; 8] = ["教师", "工程师", "会计", "医生", "设计师", "销售", "店主", "司机"];
const PLACES: [(&str, &str); 4] =
    [("上海市", "上海市浦东新区"), ("江苏省", "江苏省苏州市"), ("浙江省", "浙江省杭州市"), ("广东省", "广东省深圳市")];

/// A plausible value of a field, from dice that give a number below the one they are asked with. `None` where nothing can be made up for the type.
pub fn made_up(field: &Field, dice: &mut dyn FnMut(u32) -> u32) -> Option<MadeUp> {
    let text = match (&field.data_type, field.key) {
        (DataType::Phone, _) => format!("+86{}{}", one(&NUMBERS, dice), digits(8, dice)),
        (DataType::Email, _) => {
            format!("{}{}@{}", letters(7, dice), digits(4, dice), ["example.com", "example.net"].get(dice(2) as usize)?)
        }
        (DataType::CnResidentId, _) => {
            closed("0123456789X", &resident(dice), |text| identifiers::resident_id(text).is_some())?
        }
        (DataType::BankCard, _) => {
            closed("0123456789", &format!("62{}", digits(16, dice)), |text| identifiers::bank_card(text).is_some())?
        }
        (DataType::Address, _) => address(dice),
        (DataType::Date, _) => return Some(MadeUp { text: date(dice), telling: false }),
        (DataType::Text, "name") => format!("{}{}{}", one(&SURNAMES, dice), one(&GIVEN, dice), one(&GIVEN, dice)),
        (DataType::Text, "company") => {
            format!("{}{}{}商贸有限公司", one(&GIVEN, dice), one(&GIVEN, dice), one(&GIVEN, dice))
        }
        (DataType::Text, "occupation") => return Some(MadeUp { text: one(&WORK, dice), telling: false }),
        (DataType::Text, "province") => {
            return Some(MadeUp { text: PLACES.get(dice(4) as usize)?.0.to_owned(), telling: false });
        }
        (DataType::Text, "notes") => {
            return Some(MadeUp {
                text: format!("已联系，{}月{}日再回访", 1 + dice(12), 1 + dice(28)),
                telling: false,
            });
        }
        (DataType::Text, _) => format!("{}{}", letters(4, dice).to_uppercase(), digits(9, dice)),
        _ => return None,
    };
    let text: String = text.chars().take(field.max_length).collect();
    Some(MadeUp { text, telling: true })
}

fn one(of: &[&str], dice: &mut dyn FnMut(u32) -> u32) -> String {
    let count = u32::try_from(of.len()).unwrap_or(1);
    of.get(dice(count) as usize).map(|word| (*word).to_owned()).unwrap_or_default()
}

fn digits(count: usize, dice: &mut dyn FnMut(u32) -> u32) -> String {
    (0..count).filter_map(|_| char::from_digit(dice(10), 10)).collect()
}

fn letters(count: usize, dice: &mut dyn FnMut(u32) -> u32) -> String {
    (0..count).filter_map(|_| char::from_digit(10 + dice(26), 36)).collect()
}

fn date(dice: &mut dyn FnMut(u32) -> u32) -> String {
    format!("{}-{:02}-{:02}", 1960 + dice(42), 1 + dice(12), 1 + dice(28))
}

/// All of a resident id but its check character.
fn resident(dice: &mut dyn FnMut(u32) -> u32) -> String {
    let area = ["310101", "320102", "330106", "440106"].get(dice(4) as usize).copied().unwrap_or("310101");
    format!("{area}{}{}", date(dice).replace('-', ""), digits(3, dice))
}

fn address(dice: &mut dyn FnMut(u32) -> u32) -> String {
    let (_, town) = PLACES.get(dice(4) as usize).copied().unwrap_or(("上海市", "上海市浦东新区"));
    let (road, further) = (one(&GIVEN, dice), one(&GIVEN, dice));
    format!("{town}{road}{further}路{}弄{}号{}{:02}室", 1 + dice(1999), 1 + dice(99), 1 + dice(32), 1 + dice(16))
}

/// The text with the check character that makes it a number of its kind.
fn closed(choices: &str, text: &str, is_one: impl Fn(&str) -> bool) -> Option<String> {
    choices.chars().map(|last| format!("{text}{last}")).find(|whole| is_one(whole))
}

/// Another text of the same shape as a running number: what counts up in it is thrown, the rest stays.
pub fn alike(number: &str, dice: &mut dyn FnMut(u32) -> u32) -> String {
    let counted = number.find(|c: char| matches!(c, '1'..='9')).unwrap_or(number.len());
    // One place more than is in use, so that some of them are free.
    let from = counted - usize::from(number.get(..counted).is_some_and(|before| before.ends_with('0')));
    let (kept, thrown) = number.split_at_checked(from).unwrap_or((number, ""));
    let throw = |c: char| if c.is_ascii_digit() { char::from_digit(dice(10), 10).unwrap_or(c) } else { c };
    kept.chars().chain(thrown.chars().map(throw).collect::<Vec<_>>()).collect()
}

/// A found value as it is compared, however it was typed: width, spaces, hyphens, quotation marks and case left aside, and a Chinese number without its
/// country.
pub fn trace_form(value: &str) -> String {
    let plain: String =
        comparable(&compact(value)).chars().filter(|c| c.is_alphanumeric() || matches!(c, '@' | '.')).collect();
    match plain.strip_prefix("86").or_else(|| plain.strip_prefix("0086")) {
        Some(rest) if rest.len() == 11 && rest.bytes().all(|byte| byte.is_ascii_digit()) => rest.to_owned(),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::{Input, customer};

    fn thrown(seed: u64) -> impl FnMut(u32) -> u32 {
        let mut state = seed;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(state >> 33).unwrap() % below
        }
    }

    #[test]
    fn a_found_value_is_known_however_it_is_typed() {
        for typed in [
            "+8619912345678",
            "199 1234 5678",
            "86-199-1234-5678",
            "19912345678",
            "'+86 199 1234 5678",
            "１９９１２３４５６７８",
            "\"0086 19912345678\"",
        ] {
            assert_eq!(trace_form(typed), "19912345678", "{typed}");
        }
        assert_eq!(trace_form(" Qa.Lu@Mail.example "), trace_form("qa.lu@mail.EXAMPLE"));
        assert_eq!(trace_form("上海市 浦东新区"), "上海市浦东新区");
        assert_eq!(trace_form("8612"), "8612");
        assert_eq!(trace_form(" - "), "");
    }

    #[test]
    fn a_running_number_keeps_its_shape() {
        let mut nine = |_: u32| 9_u32;
        for (number, other) in [
            ("D000123", "D009999"),
            ("C-000001", "C-000099"),
            ("2026/7", "9999/9"),
            ("VIP", "VIP"),
            ("A-000", "A-009"),
            ("", ""),
        ] {
            assert_eq!(alike(number, &mut nine), other);
        }
    }

    #[test]
    fn every_field_of_a_customer_can_be_made_up() {
        let telling: Vec<_> =
            customer().fields.iter().filter(|field| made_up(field, &mut thrown(7)).unwrap().telling).collect();
        assert!(telling.len() >= 9, "{}", telling.len());
    }

    proptest! {
        #[test]
        fn what_is_made_up_could_be_entered(seed: u64) {
            let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
            let mut dice = thrown(seed);
            for field in &customer().fields {
                let MadeUp { text, .. } = made_up(field, &mut dice).unwrap();
                let accepted = field.accept(Input::Text(&text), today);
                prop_assert_eq!(accepted.as_deref(), Ok(text.as_str()), "{}", &field.key);
            }
        }

        #[test]
        fn two_rows_differ_in_what_is_telling(seed: u64) {
            let (mut one, mut other) = (thrown(seed), thrown(seed ^ 0x5555_5555_5555));
            let texts = |dice: &mut dyn FnMut(u32) -> u32| -> Vec<_> {
                ["mobile", "email", "address", "wechat", "id_number", "bank_card"].map(|key| made_up(customer().field(key).unwrap(), dice).unwrap().text).to_vec()
            };
            prop_assert_ne!(texts(&mut one), texts(&mut other));
        }
    }
}
