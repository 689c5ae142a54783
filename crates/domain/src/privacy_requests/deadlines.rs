//! How long each right may take, by jurisdiction: rules as data, each with its article.

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{Calendar, MissingYear, Right};
use crate::kernel::codes;
use crate::purposes::Evidence;

codes! {
    /// Whose law a request is answered under.
    Jurisdiction {
        /// Mainland China: PIPL.
        Cn = "CN",
        /// European Union: GDPR.
        Eu = "EU",
        /// California: CCPA.
        UsCa = "US-CA",
    }
}

impl Jurisdiction {
    /// Hours ahead of UTC by which the day of receipt is told, and by which the last day ends. Where clocks are put forward in summer, whichever makes the
    /// time shorter.
    const fn hours(self) -> (i64, i64) {
        match self {
            Self::Cn => (8, 8),
            Self::Eu => (1, 2),
            Self::UsCa => (-8, -7),
        }
    }

    /// The day on which something came in.
    pub fn day_of(self, at: DateTime<Utc>) -> NaiveDate {
        (at + TimeDelta::hours(self.hours().0)).date_naive()
    }

    /// The first moment after a day.
    pub fn end_of(self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN).and_utc();
        midnight + TimeDelta::days(1) - TimeDelta::hours(self.hours().1)
    }
}

/// A length of time, counted from the day of receipt, which does not count itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Days that are worked on.
    WorkingDays(u16),
    /// Days.
    Days(u16),
    /// To the same day of a later month, or its last day.
    Months(u8),
}

/// One rule of time.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Whose law.
    pub jurisdiction: Jurisdiction,
    /// For these rights.
    pub rights: &'static [Right],
    /// By when it is to be done.
    pub limit: Limit,
    /// By when at the latest, with an extension; none where there is no extension.
    pub longest: Option<Limit>,
    /// By when its receipt is to be confirmed.
    pub acknowledge: Option<Limit>,
    /// Whether it must be known who asks.
    pub identity: bool,
    /// Whether the clock stands still while a proof of identity is awaited.
    pub pauses: bool,
    /// Whether the limit is the organisation's own and not the law's.
    pub policy: bool,
    /// The law's short name.
    pub law: &'static str,
    /// The article.
    pub article: &'static str,
    /// What the law itself says of the time.
    pub text: [&'static str; 2],
    /// How the wording is known.
    pub evidence: Evidence,
}

/// Every rule. Each right of each jurisdiction is in exactly one.
pub const RULES: &[Rule] = &[
    Rule {
        jurisdiction: Jurisdiction::Cn,
        rights: Right::ALL,
        limit: Limit::WorkingDays(DEFAULT_WORKING_DAYS),
        longest: None,
        acknowledge: None,
        identity: true,
        pauses: true,
        policy: true,
        law: "pipl",
        article: "44-50",
        text: ["in time", "及时"],
        evidence: Evidence::Text,
    },
    Rule {
        jurisdiction: Jurisdiction::Eu,
        rights: Right::ALL,
        limit: Limit::Months(1),
        longest: Some(Limit::Months(3)),
        acknowledge: None,
        identity: true,
        pauses: true,
        policy: false,
        law: "gdpr",
        article: "12(3)",
        text: ["one month of receipt, two more where necessary", "收到请求后一个月内，必要时可再延长两个月"],
        evidence: Evidence::Text,
    },
    Rule {
        jurisdiction: Jurisdiction::UsCa,
        rights: &[Right::Access, Right::Portability, Right::Rectification, Right::Erasure, Right::Explanation],
        limit: Limit::Days(45),
        longest: Some(Limit::Days(90)),
        acknowledge: Some(Limit::WorkingDays(10)),
        identity: true,
        pauses: false,
        policy: false,
        law: "ccpa",
        article: "11 CCR 7021",
        text: ["45 calendar days of receipt, 45 more with notice", "收到请求后 45 个自然日内，经通知可再延长 45 日"],
        evidence: Evidence::Secondary,
    },
    Rule {
        jurisdiction: Jurisdiction::UsCa,
        rights: &[Right::Restriction, Right::Objection, Right::WithdrawConsent],
        limit: Limit::WorkingDays(15),
        longest: None,
        acknowledge: None,
        identity: false,
        pauses: false,
        policy: false,
        law: "ccpa",
        article: "11 CCR 7026(f), 7027(g)",
        text: ["as soon as feasible, at most 15 business days", "尽快处理，最长 15 个工作日"],
        evidence: Evidence::Secondary,
    },
];

/// What is taken for "in time" unless the organisation says otherwise.
pub const DEFAULT_WORKING_DAYS: u16 = 15;
/// The most that an organisation may take for "in time".
pub const LONGEST_WORKING_DAYS: u16 = 30;
/// From so many days on, "in time" is hard to argue.
const WARN_AFTER: Days = Days::new(30);

/// What an organisation has decided for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnLimits {
    /// Working days that count as "in time".
    pub working_days: u16,
    /// Whether a limit of months that ends on a weekend ends on the working day after it. Without it the earlier day counts.
    pub rolls: bool,
}

impl Default for OwnLimits {
    fn default() -> Self {
        Self { working_days: DEFAULT_WORKING_DAYS, rolls: false }
    }
}

/// The days that a request is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// Its last day.
    pub due: NaiveDate,
    /// Its last day if it is extended.
    pub longest: Option<NaiveDate>,
    /// The last day for confirming its receipt.
    pub acknowledge: Option<NaiveDate>,
    /// From then on the organisation's own limit is no longer "in time".
    pub warn: Option<NaiveDate>,
}

/// Days in which requests that come in are looked ahead to.
const AHEAD: [u64; 3] = [0, 30, 60];

/// The first year that requests of today or of the next two months need a calendar of and that is missing: somebody has to give it, or they cannot be filed.
pub fn missing_year(
    jurisdiction: Jurisdiction,
    today: NaiveDate,
    own: &OwnLimits,
    calendar: &Calendar,
) -> Option<MissingYear> {
    let rules = RULES.iter().filter(|rule| rule.jurisdiction == jurisdiction);
    let all = rules.flat_map(|rule| AHEAD.map(|days| rule.dates(today + Days::new(days), 0, own, calendar).err()));
    all.flatten().min_by_key(|missing| missing.0)
}

impl Rule {
    /// The rule of a right under a law.
    pub fn of(jurisdiction: Jurisdiction, right: Right) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.jurisdiction == jurisdiction && rule.rights.contains(&right))
    }

    /// The limit that counts: the organisation's own where the law names none.
    pub const fn limit(&self, own: &OwnLimits) -> Limit {
        if self.policy { Limit::WorkingDays(own.working_days) } else { self.limit }
    }

    /// The days of a request that came in on this day, its clock having stood still for so many.
    pub fn dates(
        &self,
        received: NaiveDate,
        stood_still: u32,
        own: &OwnLimits,
        calendar: &Calendar,
    ) -> Result<Dates, MissingYear> {
        let from = received + Days::new(u64::from(stood_still));
        let end = |limit: Limit, from: NaiveDate| match limit {
            Limit::WorkingDays(count) => calendar.after(from, count),
            Limit::Days(count) => Ok(from + Days::new(u64::from(count))),
            Limit::Months(count) => {
                let day = from.checked_add_months(Months::new(u32::from(count))).unwrap_or(NaiveDate::MAX);
                if own.rolls { calendar.rolled(day) } else { Ok(day) }
            }
        };
        Ok(Dates {
            due: end(self.limit(own), from)?,
            longest: self.longest.map(|limit| end(limit, from)).transpose()?,
            acknowledge: self.acknowledge.map(|limit| end(limit, received)).transpose()?,
            warn: self.policy.then(|| from + WARN_AFTER),
        })
    }
}
