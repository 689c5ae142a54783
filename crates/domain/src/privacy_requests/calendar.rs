//! Working days. A year that nobody has published a calendar for is said to be missing, never guessed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::Jurisdiction;

/// No calendar is known of this year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingYear(pub i32);

#[derive(Clone, Debug, Default)]
struct Year {
    off: BTreeSet<NaiveDate>,
    worked: BTreeSet<NaiveDate>,
}

/// Which days are worked on, year by year.
#[derive(Clone, Debug)]
pub struct Calendar {
    years: BTreeMap<i32, Year>,
    /// Of a year that is not known weekends alone are free; otherwise it is missing.
    weekends_suffice: bool,
}

/// Where the years that the product brings are from, and whether each day was read there.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Whose.
    pub jurisdiction: Jurisdiction,
    /// Which.
    pub year: i32,
    /// Where from.
    pub source: &'static str,
    /// Whether somebody held every day against the source.
    pub verified: bool,
}

/// The years that the product brings.
pub const BUILT_IN: [BuiltIn; 3] = [
    BuiltIn {
        jurisdiction: Jurisdiction::Cn,
        year: 2026,
        source: "State Council notice on the holidays of 2026",
        verified: false,
    },
    BuiltIn { jurisdiction: Jurisdiction::UsCa, year: 2026, source: "5 U.S.C. 6103", verified: false },
    BuiltIn { jurisdiction: Jurisdiction::UsCa, year: 2027, source: "5 U.S.C. 6103", verified: false },
];

/// Month and day.
type Day = (u32, u32);

/// State Council notice on the holidays of 2026. 10-10 was read, the rest is known by heart.
const CN_2026: (&[Day], &[Day]) = (
    &[
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 15),
        (2, 16),
        (2, 17),
        (2, 18),
        (2, 19),
        (2, 20),
        (2, 21),
        (2, 22),
        (2, 23),
        (4, 4),
        (4, 5),
        (4, 6),
        (5, 1),
        (5, 2),
        (5, 3),
        (5, 4),
        (5, 5),
        (6, 19),
        (6, 20),
        (6, 21),
        (9, 25),
        (9, 26),
        (9, 27),
        (10, 1),
        (10, 2),
        (10, 3),
        (10, 4),
        (10, 5),
        (10, 6),
        (10, 7),
    ],
    &[(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)],
);
/// 5 U.S.C. 6103.
const US_2026: &[Day] =
    &[(1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (9, 7), (10, 12), (11, 11), (11, 26), (12, 25)];
const US_2027: &[Day] =
    &[(1, 1), (1, 18), (2, 15), (5, 31), (6, 18), (7, 5), (9, 6), (10, 11), (11, 11), (11, 25), (12, 24), (12, 31)];

impl Calendar {
    /// The years that the product brings.
    pub fn built_in(of: Jurisdiction) -> Self {
        let years: &[(i32, &[Day], &[Day])] = match of {
            Jurisdiction::Cn => &[(2026, CN_2026.0, CN_2026.1)],
            Jurisdiction::UsCa => &[(2026, US_2026, &[]), (2027, US_2027, &[])],
            // Each member state has its own holidays; Regulation 1182/71 is applied with weekends alone.
            Jurisdiction::Eu => return Self::weekends_only(),
        };
        let mut calendar = Self { years: BTreeMap::new(), weekends_suffice: false };
        for (year, off, worked) in years {
            let dates = |days: &[Day]| {
                days.iter().filter_map(|(month, day)| NaiveDate::from_ymd_opt(*year, *month, *day)).collect::<Vec<_>>()
            };
            calendar.add(*year, &dates(off), &dates(worked));
        }
        calendar
    }

    /// Weekends alone are free in every year that nobody adds.
    pub const fn weekends_only() -> Self {
        Self { years: BTreeMap::new(), weekends_suffice: true }
    }

    /// Adds a year, or replaces it: the days off beside weekends, and the days of weekends that are worked on.
    pub fn add(&mut self, year: i32, off: &[NaiveDate], worked: &[NaiveDate]) {
        let year_of = Year { off: off.iter().copied().collect(), worked: worked.iter().copied().collect() };
        self.years.insert(year, year_of);
    }

    /// Whether a day is worked on.
    pub fn is_worked(&self, day: NaiveDate) -> Result<bool, MissingYear> {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        match self.years.get(&day.year()) {
            Some(year) => Ok(year.worked.contains(&day) || (!weekend && !year.off.contains(&day))),
            None if self.weekends_suffice => Ok(!weekend),
            None => Err(MissingYear(day.year())),
        }
    }

    /// The so-manieth working day after a day.
    pub fn after(&self, day: NaiveDate, count: u16) -> Result<NaiveDate, MissingYear> {
        let (mut day, mut left) = (day, count);
        while left > 0 {
            day = next(day)?;
            if self.is_worked(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// The day itself, or the first working day after it.
    pub fn rolled(&self, mut day: NaiveDate) -> Result<NaiveDate, MissingYear> {
        while !self.is_worked(day)? {
            day = next(day)?;
        }
        Ok(day)
    }
}

fn next(day: NaiveDate) -> Result<NaiveDate, MissingYear> {
    day.checked_add_days(Days::new(1)).ok_or(MissingYear(day.year()))
}
