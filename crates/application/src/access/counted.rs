//! Whom the database has counted against whose budget today: they need not be asked of it again.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

/// The most pairs that are remembered, in about 10 MiB; past it all are forgotten and the database is asked again.
const MOST: usize = 200_000;

/// The pairs of one day. What it forgets costs a question, never a count.
#[derive(Default)]
pub(crate) struct Counted(Mutex<Day>);

#[derive(Default)]
struct Day {
    date: NaiveDate,
    known: HashSet<(Uuid, Uuid)>,
    /// Callers who had spent all when somebody new was to be counted.
    spent_all: HashSet<Uuid>,
    /// Callers who were refused a search.
    searched_all: HashSet<Uuid>,
}

impl Counted {
    /// Those of these people of whom it is not known that they were counted for this caller on this day.
    ///
    /// The day is the service's own: around midnight it may be another than the database's, and then nobody is known.
    pub(crate) fn unknown(&self, today: NaiveDate, caller: Uuid, people: &[CustomerId]) -> Vec<Uuid> {
        let day = self.lock();
        let is_known = |person: &Uuid| day.date == today && day.known.contains(&(caller, *person));
        people.iter().map(|person| person.uuid()).filter(|person| !is_known(person)).collect()
    }

    /// These were counted on this day of the database.
    pub(crate) fn remember(&self, day: NaiveDate, caller: Uuid, people: &[Uuid]) {
        let mut guard = self.lock();
        let day = guard.begin(day);
        if day.known.len() + people.len() > MOST {
            day.known.clear();
        }
        day.known.extend(people.iter().map(|person| (caller, *person)));
    }

    /// Whether this caller was found to have spent all. They may all the same see whom they have seen, and may have been allowed more since.
    pub(crate) fn has_spent_all(&self, today: NaiveDate, caller: Uuid) -> bool {
        let day = self.lock();
        day.date == today && day.spent_all.contains(&caller)
    }

    /// This caller had spent all on this day of the database.
    pub(crate) fn note_spent_all(&self, day: NaiveDate, caller: Uuid) {
        self.lock().begin(day).spent_all.insert(caller);
    }

    /// Whether this caller was refused a search. They may have been allowed more since.
    pub(crate) fn has_searched_all(&self, today: NaiveDate, caller: Uuid) -> bool {
        let day = self.lock();
        day.date == today && day.searched_all.contains(&caller)
    }

    /// This caller was refused a search on this day of the database.
    pub(crate) fn note_searched_all(&self, day: NaiveDate, caller: Uuid) {
        self.lock().begin(day).searched_all.insert(caller);
    }

    fn lock(&self) -> MutexGuard<'_, Day> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Day {
    /// What is known of this date; of another nothing is kept.
    fn begin(&mut self, date: NaiveDate) -> &mut Self {
        if self.date != date {
            *self = Self { date, ..Self::default() };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, number).unwrap_or_default()
    }

    #[test]
    fn who_was_counted_is_known_for_that_caller_and_day_alone() {
        let (counted, caller, person) = (Counted::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let asked = |today, caller| counted.unknown(today, caller, &[CustomerId::from(person)]);
        counted.remember(day(1), caller, &[person]);
        assert_eq!(asked(day(1), caller), Vec::<Uuid>::new());
        assert_eq!(asked(day(1), Uuid::from_u128(3)), [person]);
        assert_eq!(asked(day(2), caller), [person]);
        counted.remember(day(2), Uuid::from_u128(3), &[person]);
        assert_eq!(asked(day(2), caller), [person], "yesterday's count is not today's");
    }

    #[test]
    fn who_has_spent_all_is_known_for_that_day_alone() {
        let (counted, caller) = (Counted::default(), Uuid::from_u128(1));
        counted.note_spent_all(day(1), caller);
        assert!(counted.has_spent_all(day(1), caller) && !counted.has_spent_all(day(1), Uuid::from_u128(3)));
        assert!(!counted.has_spent_all(day(2), caller), "tomorrow is another day");
        counted.remember(day(2), caller, &[]);
        assert!(!counted.has_spent_all(day(1), caller) && !counted.has_spent_all(day(2), caller));
    }

    #[test]
    fn who_was_refused_a_search_is_known_for_that_day_alone_and_may_look_at_people() {
        let (counted, caller) = (Counted::default(), Uuid::from_u128(1));
        counted.note_searched_all(day(1), caller);
        assert!(counted.has_searched_all(day(1), caller) && !counted.has_searched_all(day(1), Uuid::from_u128(3)));
        assert!(!counted.has_searched_all(day(2), caller) && !counted.has_spent_all(day(1), caller));
    }

    #[test]
    fn a_page_past_the_most_is_remembered_alone() {
        let (counted, caller) = (Counted::default(), Uuid::from_u128(1));
        let many: Vec<Uuid> = (0..MOST as u128).map(Uuid::from_u128).collect();
        counted.remember(day(1), caller, &many);
        counted.remember(day(1), caller, &[Uuid::from_u128(u128::MAX)]);
        let people = [0, u128::MAX].map(|id| CustomerId::from(Uuid::from_u128(id)));
        assert_eq!(counted.unknown(day(1), caller, &people), [Uuid::from_u128(0)]);
    }
}
