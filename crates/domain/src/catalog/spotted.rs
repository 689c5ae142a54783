//! Identifiers of people that stand in what somebody typed: mobile numbers, resident ids, e-mail addresses; bank cards where text is handed over.

use super::identifiers::{bank_card, resident_id};

/// What stands in the place of somebody else's identifier.
const REMOVED: &str = "***";
/// A number is typed in no more groups than this.
const MOST_GROUPS: usize = 6;
/// A group of a card number has no fewer digits than this, but for the last: dates and times have.
const LEAST_IN_GROUP: usize = 4;

/// One identifier in a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Spotted {
    /// Where it begins, in bytes.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// In the form in which it is compared: digits alone without the country's code, upper case.
    pub text: String,
}

/// Every identifier in a text, in order. What is not told from chance (short numbers, names) is none; nor are bank cards, for one in ten order numbers
/// passes their check, and whoever asks here refuses what was typed.
pub fn spotted(text: &str) -> Vec<Spotted> {
    let mut all = addresses(text);
    all.extend(numbers(text));
    apart(all)
}

/// The same with bank cards: what is taken out by mistake costs less than somebody's card handed over.
fn spotted_with_cards(text: &str) -> Vec<Spotted> {
    let mut all = spotted(text);
    all.extend(cards(text));
    apart(all)
}

/// In order, and of those that overlap the first, of those the longest.
fn apart(mut all: Vec<Spotted>) -> Vec<Spotted> {
    all.sort_by_key(|one| (one.from, std::cmp::Reverse(one.to)));
    let mut end = 0;
    all.retain(|one| {
        let apart = one.from >= end;
        end = if apart { one.to } else { end };
        apart
    });
    all
}

/// A text without the identifiers, bank cards among them, that are not among one's own.
pub fn without_others(text: &str, own: &[String]) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for one in spotted_with_cards(text).iter().filter(|one| !own.contains(&one.text)) {
        out.push_str(text.get(at..one.from).unwrap_or_default());
        out.push_str(REMOVED);
        at = one.to;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The name of a file, likewise. What it ends in stays where it can: an address before it would take it along.
pub fn name_without_others(name: &str, own: &[String]) -> String {
    let Some((stem, ending)) = name.rsplit_once('.') else { return without_others(name, own) };
    // Once more as a whole: `.org` of an address looks like an ending, too.
    without_others(&format!("{}.{ending}", without_others(stem, own)), own)
}

fn addresses(text: &str) -> Vec<Spotted> {
    let local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let found = |(at, _): (usize, &str)| {
        let (head, tail) = (text.get(..at)?, text.get(at + 1..)?);
        let from = at - head.chars().rev().take_while(|c| local(*c)).map(char::len_utf8).sum::<usize>();
        let right: usize = tail.chars().take_while(|c| domain(*c)).map(char::len_utf8).sum();
        let host = tail.get(..right)?.trim_end_matches(['.', '-']);
        let to = at + 1 + host.len();
        let inner = host.contains('.') && from < at;
        inner.then(|| Spotted { from, to, text: text.get(from..to).unwrap_or_default().to_uppercase() })
    };
    text.match_indices('@').filter_map(found).collect()
}

/// Digits that stand together: where, which, and whether an X follows that may be a check character.
struct Group {
    from: usize,
    to: usize,
    digits: String,
    checked: bool,
}

fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        // Full-width digits are typed as they are.
        '\u{FF10}'..='\u{FF19}' => char::from_digit(u32::from(c) - 0xFF10, 10),
        _ => None,
    }
}

fn groups(text: &str) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let touching = all.last_mut().filter(|group| group.to == at);
        match (digit(c), touching) {
            (Some(digit), Some(group)) => {
                group.digits.push(digit);
                group.to = end;
            }
            (Some(digit), None) => all.push(Group { from: at, to: end, digits: digit.to_string(), checked: false }),
            (None, Some(group)) => group.checked = matches!(c, 'x' | 'X'),
            (None, None) => {}
        }
    }
    all
}

/// Whether groups with this between them can be one number.
fn joins(between: &str) -> bool {
    matches!(between, " " | "-" | "\u{3000}")
}

fn numbers(text: &str) -> Vec<Spotted> {
    let groups = groups(text);
    let mut found = Vec::new();
    let mut first = 0;
    while let Some(group) = groups.get(first) {
        let (mut joined, mut to, mut taken) = (String::new(), group.from, 0);
        for (count, next) in groups.iter().skip(first).take(MOST_GROUPS).enumerate() {
            let between = text.get(to..next.from).unwrap_or_default();
            if count > 0 && !joins(between) {
                break;
            }
            joined.push_str(&next.digits);
            to = next.to;
            let checked = next.checked.then(|| number(&format!("{joined}X"))).flatten();
            if let Some(known) = number(&joined).or_else(|| checked.clone()) {
                let to = to + usize::from(checked.is_some_and(|text| text == known));
                found.push(Spotted { from: group.from, to, text: known });
                taken = count + 1;
                break;
            }
        }
        first += taken.max(1);
    }
    found
}

/// Bank cards, the longest from where each begins. What is a mobile number or a resident id by itself is part of none.
fn cards(text: &str) -> Vec<Spotted> {
    let groups = groups(text);
    let mut found = Vec::new();
    let mut first = 0;
    while let Some(group) = groups.get(first) {
        let (mut joined, mut to, mut longest, mut taken) = (String::new(), group.from, None, 1);
        for (count, next) in groups.iter().skip(first).take(MOST_GROUPS).enumerate() {
            let between = text.get(to..next.from).unwrap_or_default();
            if (count > 0 && !joins(between)) || number(&next.digits).is_some() {
                break;
            }
            joined.push_str(&next.digits);
            to = next.to;
            if let Some(text) = bank_card(&joined) {
                longest = Some(Spotted { from: group.from, to, text });
                taken = count + 1;
            }
            if next.digits.len() < LEAST_IN_GROUP {
                break;
            }
        }
        found.extend(longest);
        first += taken;
    }
    found
}

fn number(digits: &str) -> Option<String> {
    let national = ["0086", "86"].iter().find_map(|code| digits.strip_prefix(code).filter(|rest| rest.len() == 11));
    let mobile = national.unwrap_or(digits);
    let second = mobile.as_bytes().get(1).copied().is_some_and(|b| (b'3'..=b'9').contains(&b));
    if mobile.len() == 11 && mobile.starts_with('1') && second {
        return Some(mobile.to_owned());
    }
    resident_id(digits).filter(|_| digits.len() == 18).map(|id| id.text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<String> {
        spotted(text).into_iter().map(|one| one.text).collect()
    }

    #[test]
    fn identifiers_are_found_however_they_were_typed() {
        for typed in ["ring 138-1234 5678", "电话１３８１２３４５６７８。", "+86 138 1234 5678", "008613812345678"]
        {
            assert_eq!(texts(typed), ["13812345678"], "{typed}");
        }
        assert_eq!(texts("id 11010519491231002x, ok"), ["11010519491231002X"]);
        assert_eq!(texts("write to Wei.Li@Example.org."), ["WEI.LI@EXAMPLE.ORG"]);
        assert_eq!(texts("13812345678 or wei@example.org"), ["13812345678", "WEI@EXAMPLE.ORG"]);
    }

    #[test]
    fn dates_sums_and_case_numbers_are_none() {
        for typed in
            ["on 2026-11-22 at 10:30", "case 2026112200017", "12,345,678.90 CNY", "a@b", "@home", "12345678901"]
        {
            assert_eq!(texts(typed), [] as [String; 0], "{typed}");
        }
    }

    #[test]
    fn what_is_ones_own_stays_and_what_is_anothers_goes() {
        let own = ["13812345678".to_owned()];
        let text = "mine 138-1234 5678, hers 139 8765 4321 (she@example.org)";
        assert_eq!(without_others(text, &own), "mine 138-1234 5678, hers *** (***)");
        assert_eq!(without_others("no number at all, 没有", &own), "no number at all, 没有");
    }

    #[test]
    fn cards_of_others_go_and_ones_own_stays_however_they_were_typed() {
        let own = ["4111111111111111".to_owned()];
        for typed in [
            "6222021234567890128",
            "6222 0212 3456 7890128",
            "6222-0212-3456-7890-128",
            "６２２２０２１２３４５６７８９０１２８",
        ] {
            assert_eq!(without_others(&format!("card {typed}, lent"), &own), "card ***, lent");
            assert_eq!(name_without_others(&format!("card {typed}.pdf"), &own), "card ***.pdf");
            assert_eq!(without_others(typed, &["6222021234567890128".to_owned()]), typed);
            assert_eq!(texts(typed), [] as [String; 0], "nobody is refused for it");
        }
        let both = "4111 1111 1111 1111 and 4111-1111-1111-1111";
        assert_eq!(without_others(both, &own), both);
    }

    #[test]
    fn what_fails_the_check_or_is_part_of_more_is_no_card() {
        for typed in [
            "order 6222021234567890127",
            "run 622202123456789012800",
            "411111111111",
            "6222  0212  3456  7890128",
            "2026-11-22 10:30",
            "room 4111 13812345678",
        ] {
            assert_eq!(without_others(typed, &["13812345678".to_owned()]), typed);
        }
    }

    #[test]
    fn names_of_files_lose_what_is_anothers_and_keep_what_they_end_in() {
        let own = ["13812345678".to_owned()];
        for (name, left) in [
            ("合同 139-8765-4321.pdf", "合同 ***.pdf"),
            ("13812345678_13987654321.pdf", "13812345678_***.pdf"),
            ("she@example.org.pdf", "***.pdf"),
            ("she@example.org", "***"),
            ("13987654321", "***"),
            ("scan 2026-11-22.pdf", "scan 2026-11-22.pdf"),
        ] {
            assert_eq!(name_without_others(name, &own), left);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_at_characters_and_keeps_what_is_around(text in any::<String>()) {
            for one in spotted(&text) {
                prop_assert!(text.get(one.from..one.to).is_some());
            }
            let once = without_others(&text, &[]);
            prop_assert_eq!(without_others(&once, &[]), once);
        }

        #[test]
        fn a_card_is_told_from_an_order_number_by_its_last_digit(body in "[2-9][0-9]{15}", last in 0..10_u8) {
            let typed = format!("{body}{last}");
            let left = if bank_card(&typed).is_some() { "no. ***.".to_owned() } else { format!("no. {typed}.") };
            prop_assert_eq!(without_others(&format!("no. {typed}."), &[]), left);
            prop_assert_eq!(without_others(&typed, std::slice::from_ref(&typed)), typed.clone());
        }

        #[test]
        fn a_number_between_words_is_always_found(before in "[a-z ]{0,8}", number in "1[3-9][0-9]{9}", after in "[a-z ]{0,8}") {
            prop_assert_eq!(texts(&format!("{before}{number}{after}")), [number]);
        }
    }
}
