//! Checks of identifiers: resident id, social credit code, bank card, telephone, plate, e-mail.
//!
//! Each function takes what somebody typed and returns the canonical form, or nothing.

use chrono::NaiveDate;

use super::normalise::{compact, fold_width};

/// A resident id that holds together: check character, real date of birth, known province.
#[derive(Clone, PartialEq, Eq)]
pub struct ResidentId {
    /// 18 characters, `X` in upper case.
    pub text: String,
    /// The date of birth in it; may lie in the future, the caller knows the day.
    pub birth: NaiveDate,
}

const RESIDENT_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const RESIDENT_CHECKS: &[u8; 11] = b"10X98765432";

/// A Chinese resident id (GB 11643-1999). A 15-digit one is raised to 18 characters, born in the 1900s.
pub fn resident_id(raw: &str) -> Option<ResidentId> {
    let mut text = compact(raw).to_ascii_uppercase();
    if text.len() == 15 && all_digits(&text) {
        text.insert_str(6, "19");
        text.push(resident_check(&text)?);
    }
    let body = text.get(..17).filter(|body| text.len() == 18 && all_digits(body))?;
    let check = resident_check(body)?;
    let province: u32 = text.get(..2)?.parse().ok()?;
    let birth = NaiveDate::parse_from_str(text.get(6..14)?, "%Y%m%d").ok()?;
    (text.ends_with(check) && is_province(province)).then_some(ResidentId { text, birth })
}

fn resident_check(seventeen: &str) -> Option<char> {
    let sum: u32 =
        seventeen.bytes().zip(RESIDENT_WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    RESIDENT_CHECKS.get(usize::try_from(sum % 11).ok()?).map(|check| char::from(*check))
}

/// First two digits; 81 to 83 are the residence permits of people from Hong Kong, Macao and Taiwan.
fn is_province(code: u32) -> bool {
    matches!(code, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
}

const USCC_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A unified social credit code (GB 32100-2015). The organisation code inside it may fail its own check: such codes were issued.
pub fn uscc(raw: &str) -> Option<String> {
    let text = compact(raw).to_ascii_uppercase();
    if text.len() != 18 {
        return None;
    }
    let values: Vec<usize> =
        text.bytes().map(|b| USCC_ALPHABET.iter().position(|known| *known == b)).collect::<Option<_>>()?;
    let (check, body) = values.split_last()?;
    let (sum, _) = body.iter().fold((0, 1), |(sum, weight), value| (sum + value * weight, weight * 3 % 31));
    (*check == (31 - sum % 31) % 31).then_some(text)
}

/// A bank card number: 13 to 19 digits with a Luhn check, stored as digits alone.
pub fn bank_card(raw: &str) -> Option<String> {
    let text = compact(raw);
    if !(13..=19).contains(&text.len()) || !all_digits(&text) {
        return None;
    }
    let sum: u32 = text
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    (sum.is_multiple_of(10)).then_some(text)
}

/// A telephone number as E.164. Without a country it must be a Chinese mobile; other countries are taken with their `+`.
pub fn phone(raw: &str) -> Option<String> {
    let text: String = compact(raw).chars().filter(|c| !matches!(c, '(' | ')')).collect();
    let national = text
        .strip_prefix("+86")
        .or_else(|| text.strip_prefix("0086"))
        .or_else(|| text.strip_prefix("86").filter(|rest| rest.len() == 11));
    match national {
        Some(national) => is_cn_mobile(national).then(|| format!("+86{national}")),
        None if is_cn_mobile(&text) => Some(format!("+86{text}")),
        None => is_e164(&text).then_some(text),
    }
}

fn is_cn_mobile(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() == 11
        && bytes.next() == Some(b'1')
        && bytes.next().is_some_and(|b| (b'3'..=b'9').contains(&b))
        && bytes.all(|b| b.is_ascii_digit())
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (8..=15).contains(&digits.len()) && all_digits(digits) && !digits.starts_with('0'))
}

const PLATE_PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// A vehicle plate in upper case: seven characters, eight for new energy.
pub fn plate(raw: &str) -> Option<String> {
    let text: String =
        compact(raw).chars().filter(|c| !matches!(c, '·' | '•')).map(|c| c.to_ascii_uppercase()).collect();
    let mut chars = text.chars();
    let head = chars.next().is_some_and(|c| PLATE_PROVINCES.contains(c)) && chars.next().is_some_and(is_plate_letter);
    let tail: Vec<char> = chars.collect();
    (head && (is_ordinary_plate(&tail) || is_new_energy_plate(&tail))).then_some(text)
}

fn is_ordinary_plate(tail: &[char]) -> bool {
    matches!(tail, [body @ .., last] if body.len() == 4
        && body.iter().copied().all(is_plate_char)
        && (is_plate_char(*last) || "挂学警港澳".contains(*last)))
}

/// Small cars carry the letter first, large ones last.
fn is_new_energy_plate(tail: &[char]) -> bool {
    let digits = |part: &[char]| part.iter().all(char::is_ascii_digit);
    tail.len() == 6
        && match tail {
            ['D' | 'F', second, rest @ ..] if is_plate_char(*second) && digits(rest) => true,
            [body @ .., 'D' | 'F'] => digits(body),
            _ => false,
        }
}

fn is_plate_letter(c: char) -> bool {
    c.is_ascii_uppercase() && !matches!(c, 'I' | 'O')
}

fn is_plate_char(c: char) -> bool {
    is_plate_letter(c) || c.is_ascii_digit()
}

/// An e-mail address: domain in lower case, local part as typed. No quoted local parts, no address literals.
pub fn email(raw: &str) -> Option<String> {
    let folded = fold_width(raw);
    let (local, domain) = folded.trim().rsplit_once('@')?;
    let domain = domain.to_lowercase();
    let address = format!("{local}@{domain}");
    (is_local_part(local) && is_domain(&domain) && address.len() <= 254).then_some(address)
}

fn is_local_part(local: &str) -> bool {
    (1..=64).contains(&local.len())
        && local.split('.').all(|atom| {
            !atom.is_empty() && atom.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
        })
}

fn is_domain(domain: &str) -> bool {
    let mut labels = domain.split('.');
    let last_is_name = labels.next_back().is_some_and(|tld| is_label(tld) && !all_digits(tld));
    last_is_name && labels.clone().next().is_some() && labels.all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c == '-' || c.is_alphanumeric())
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
#[path = "identifiers_tests.rs"]
mod tests;
