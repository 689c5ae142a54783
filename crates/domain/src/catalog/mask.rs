//! Masks: what is shown of a value to who may not read it whole. All count characters, and a mask of a mask changes nothing.

use serde::{Deserialize, Serialize};

use super::Field;
use super::district::district_prefix;

/// How a value is shown to who may not read it whole. Too short a value becomes all `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// First character, the rest starred: `张*`.
    Name,
    /// A Chinese mobile without its country, first three and last four: `138****5678`; others alike with their country.
    Phone,
    /// First one and last two: `1***************2X`.
    ResidentId,
    /// First four and last one to four, in groups: `6222 **** **** **** 222`.
    BankCard,
    /// First character of the local part, and the domain: `z*******@example.com`.
    Email,
    /// To the district: `北京市海淀区****`.
    Address,
    /// First three and the last: `苏D4***0`.
    Plate,
    /// No digit: `****-**-**`.
    Date,
    /// So many first and so many last characters.
    Edges {
        /// Characters kept at the start.
        first: usize,
        /// Characters kept at the end.
        last: usize,
    },
    /// `****`, whatever the length.
    Everything,
}

impl Mask {
    /// The masks without figures of their own.
    const PLAIN: [(&'static str, Self); 9] = [
        ("name", Self::Name),
        ("phone", Self::Phone),
        ("resident_id", Self::ResidentId),
        ("bank_card", Self::BankCard),
        ("email", Self::Email),
        ("address", Self::Address),
        ("plate", Self::Plate),
        ("date", Self::Date),
        ("everything", Self::Everything),
    ];

    /// The text form: `name`, `phone`, …, `everything`, or `edges:2:4` for so many characters left at the start and the end.
    pub fn code(self) -> String {
        match self {
            Self::Edges { first, last } => format!("edges:{first}:{last}"),
            plain => {
                Self::PLAIN.iter().find(|(_, mask)| *mask == plain).map_or("everything", |(code, _)| code).to_owned()
            }
        }
    }

    /// Reads the text form.
    pub fn from_code(code: &str) -> Option<Self> {
        if let Some((first, last)) = code.strip_prefix("edges:").and_then(|figures| figures.split_once(':')) {
            let figure = |text: &str| text.parse::<u8>().ok().map(usize::from);
            return Some(Self::Edges { first: figure(first)?, last: figure(last)? });
        }
        Self::PLAIN.iter().find(|(known, _)| *known == code).map(|(_, mask)| *mask)
    }

    /// The masked form of a stored value. Idempotent.
    pub fn apply(self, stored: &str) -> String {
        match self {
            Self::Name => edges(stored, 1, 0),
            Self::Phone => phone(stored),
            Self::ResidentId => edges(stored, 1, 2),
            Self::BankCard => bank_card(stored),
            Self::Email => email(stored),
            Self::Address => format!("{}****", district_prefix(stored)),
            Self::Plate => edges(stored, 3, 1),
            Self::Date => "****-**-**".to_owned(),
            Self::Edges { first, last } => edges(stored, first, last),
            Self::Everything => "****".to_owned(),
        }
    }
}

impl Field {
    /// What is shown of a stored value at the levels `masked` and `reveal`. Idempotent.
    pub fn mask(&self, stored: &str) -> String {
        self.mask.apply(stored)
    }
}

fn stars(count: usize) -> String {
    "*".repeat(count)
}

fn edges(text: &str, first: usize, last: usize) -> String {
    let length = text.chars().count();
    if length <= first.saturating_add(last) {
        return stars(length);
    }
    let hidden = length - first - last;
    let mask = |(place, c)| {
        if (first..first + hidden).contains(&place) { '*' } else { c }
    };
    text.chars().enumerate().map(mask).collect()
}

fn phone(text: &str) -> String {
    // The country goes only from a whole number, so that nothing is cut from what is masked already.
    let shown = text
        .strip_prefix("+86")
        .filter(|rest| rest.len() == 11 && rest.bytes().all(|b| b.is_ascii_digit()))
        .unwrap_or(text);
    match shown.chars().count() {
        11.. => edges(shown, 3, 4),
        7.. => edges(shown, 1, 2),
        short => stars(short),
    }
}

fn bank_card(text: &str) -> String {
    let characters: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
    let length = characters.len();
    if length < 9 {
        return stars(length);
    }
    let tail = if length.is_multiple_of(4) { 4 } else { length % 4 };
    let mut shown = String::with_capacity(length + length / 4);
    for (place, c) in characters.into_iter().enumerate() {
        if place > 0 && place.is_multiple_of(4) {
            shown.push(' ');
        }
        shown.push(if (4..length - tail).contains(&place) { '*' } else { c });
    }
    shown
}

fn email(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() => format!("{}@{domain}", edges(local, 1, 0)),
        _ => stars(text.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_conventional_masks() {
        for (mask, stored, shown) in [
            (Mask::Phone, "13812345678", "138****5678"),
            (Mask::Phone, "+8613812345678", "138****5678"),
            (Mask::Phone, "+14155550123", "+14*****0123"),
            (Mask::Phone, "+12345678", "+******78"),
            (Mask::Phone, "12345", "*****"),
            (Mask::Name, "张三", "张*"),
            (Mask::Name, "段正淳", "段**"),
            (Mask::Name, "张", "*"),
            (Mask::Name, "𠮷野家", "𠮷**"),
            (Mask::ResidentId, "11010519491231002X", "1***************2X"),
            (Mask::ResidentId, "12X", "***"),
            (Mask::BankCard, "6222020000111122222", "6222 **** **** **** 222"),
            (Mask::BankCard, "4111111111111111", "4111 **** **** 1111"),
            (Mask::BankCard, "378282246310005", "3782 **** **** 005"),
            (Mask::BankCard, "6222", "****"),
            (Mask::Email, "zhangsan@example.com", "z*******@example.com"),
            (Mask::Email, "a@b.cn", "*@b.cn"),
            (Mask::Email, "no address", "**********"),
            (Mask::Address, "北京市海淀区中关村大街1号", "北京市海淀区****"),
            (Mask::Plate, "苏D40000", "苏D4***0"),
            (Mask::Plate, "陕A12345D", "陕A1****D"),
            (Mask::Date, "1990-05-17", "****-**-**"),
            (Mask::Edges { first: 4, last: 2 }, "09157518479", "0915*****79"),
            (Mask::Everything, "一段很长的备注", "****"),
        ] {
            assert_eq!(mask.apply(stored), shown, "{mask:?}");
            assert_eq!(mask.apply(shown), shown, "{mask:?} twice");
        }
    }

    #[test]
    fn a_mask_has_a_text_form() {
        for (code, mask) in Mask::PLAIN {
            assert_eq!((mask.code().as_str(), Mask::from_code(code)), (code, Some(mask)));
        }
        assert_eq!(Mask::from_code("edges:2:4"), Some(Mask::Edges { first: 2, last: 4 }));
        assert_eq!(Mask::Edges { first: 2, last: 4 }.code(), "edges:2:4");
        for bad in ["edges", "edges:2", "edges:-1:2", "edges:999:0", "none", ""] {
            assert_eq!(Mask::from_code(bad), None, "{bad}");
        }
    }

    fn any_mask() -> impl Strategy<Value = Mask> {
        prop_oneof![
            Just(Mask::Name),
            Just(Mask::Phone),
            Just(Mask::ResidentId),
            Just(Mask::BankCard),
            Just(Mask::Email),
            Just(Mask::Address),
            Just(Mask::Plate),
            Just(Mask::Date),
            Just(Mask::Everything),
            (0usize..6, 0usize..6).prop_map(|(first, last)| Mask::Edges { first, last }),
        ]
    }

    proptest! {
        #[test]
        fn a_mask_of_a_mask_changes_nothing(
            mask in any_mask(),
            text in prop_oneof![any::<String>(), "[+0-9 @*市区州盟路a县省张]{0,24}", "\\+86[0-9]{9,13}"],
        ) {
            let once = mask.apply(&text);
            prop_assert_eq!(mask.apply(&once), once);
        }

        #[test]
        fn a_masked_number_never_holds_the_number(digits in "[1-9][0-9]{12,18}") {
            for mask in [Mask::Phone, Mask::ResidentId, Mask::BankCard] {
                let shown = mask.apply(&digits).replace(' ', "");
                prop_assert!(shown.matches('*').count() >= 6, "{}", shown);
                prop_assert!(!shown.contains(&digits));
            }
        }
    }
}
