//! Times of entries: the one spelling they are written in, to microseconds since 1970.

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Reads `YYYY-MM-DDTHH:MM:SS.ffffffZ` and nothing else; none for a day or an hour that does not exist.
pub(crate) fn micros(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')];
    if bytes.len() != 27 || separators.iter().any(|(at, byte)| bytes.get(*at) != Some(byte)) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        bytes
            .get(from..to)?
            .iter()
            .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, fraction) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 26)?);
    if hour > 23 || minute > 59 || second > 59 || !(1..=days_of(year, month)?).contains(&day) {
        return None;
    }
    Some(days(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction)
}

fn days_of(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => Some(if leap { 29 } else { 28 }),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn known_moments() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00", 0),
            ("2000-02-29T12:00:00", 951_825_600),
            ("2024-03-01T00:00:00", 1_709_251_200),
            ("2026-11-22T11:13:39", 1_795_346_019),
            ("1969-12-31T23:59:59", -1),
            ("9999-12-31T23:59:59", 253_402_300_799),
        ] {
            assert_eq!(micros(&format!("{text}.000001Z")), Some(seconds * 1_000_000 + 1), "{text}");
        }
    }

    #[test]
    fn other_spellings_are_no_times() {
        let good = "2026-11-22T11:13:39.000000Z";
        for at in 0..good.len() {
            let mut other = good.as_bytes().to_vec();
            other[at] = b'x';
            assert_eq!(micros(std::str::from_utf8(&other).unwrap()), None, "{at}");
        }
        for wrong in [
            "",
            "2026-11-22T11:13:39Z",
            "2026-11-22T11:13:39.000Z",
            "2026-11-22T11:13:39.000000+00:00",
            "2026-02-29T00:00:00.000000Z",
            "1900-02-29T00:00:00.000000Z",
            "2026-13-01T00:00:00.000000Z",
            "2026-00-01T00:00:00.000000Z",
            "2026-04-31T00:00:00.000000Z",
            "2026-04-00T00:00:00.000000Z",
            "2026-04-01T24:00:00.000000Z",
            "2026-04-01T00:60:00.000000Z",
            "2026-04-01T00:00:60.000000Z",
        ] {
            assert_eq!(micros(wrong), None, "{wrong}");
        }
    }
}
