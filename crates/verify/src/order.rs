//! Places without gaps, time that does not go back, no entry twice: what only holds between entries.

use std::collections::{HashMap, HashSet};

use custodian_crypto::merkle::Hash;
use uuid::Uuid;

use crate::fault::Kind;
use crate::header::Head;
use crate::line::{Line, What};

/// How far an entry's time may lie before the latest one placed before it, and an id's time from its entry's.
///
/// A transaction that began earlier may end later: the server gives none more than 10 seconds of rest, a machine that is short of everything lets one wait
/// longer, and clocks of instances differ a little. A minute hides no day that somebody moved an entry to.
pub const TOLERANCE_SECONDS: i64 = 60;
const TOLERANCE: i64 = TOLERANCE_SECONDS * 1_000_000;
/// An id can come twice within the tolerance only: three of it lie between two entries of one id.
const GENERATION: i64 = 4 * TOLERANCE;

/// The order of the lines seen so far. Its memory is bounded by the ids of eight minutes.
pub(crate) struct Order {
    next: u64,
    latest: i64,
    begun: i64,
    ids: HashSet<Uuid>,
    older: HashSet<Uuid>,
    heads: HashMap<Uuid, (u64, Hash)>,
}

impl Order {
    /// Expects the line of this place first.
    pub(crate) fn from(place: u64) -> Self {
        Self {
            next: place,
            latest: i64::MIN,
            begun: i64::MIN,
            ids: HashSet::new(),
            older: HashSet::new(),
            heads: HashMap::new(),
        }
    }

    /// The place expected next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Takes the next line; says what is wrong with its standing here.
    pub(crate) fn take(&mut self, line: &Line) -> Result<(), (Kind, String)> {
        if line.place != self.next {
            return Err((Kind::Gap, format!("place {} stands where place {} belongs.", line.place, self.next)));
        }
        if line.time < self.latest.saturating_sub(TOLERANCE) {
            let text = format!("time goes back more than {TOLERANCE_SECONDS} s before an earlier entry's.");
            return Err((Kind::Time, text));
        }
        match &line.what {
            What::Entry(id) => self.entry(*id, line.time)?,
            What::Head(head) => self.head(head)?,
        }
        self.latest = self.latest.max(line.time);
        self.next += 1;
        Ok(())
    }

    fn entry(&mut self, id: Uuid, time: i64) -> Result<(), (Kind, String)> {
        let millis = i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX);
        if millis.saturating_mul(1000).abs_diff(time) > TOLERANCE.unsigned_abs() {
            return Err((Kind::Time, "the time in the entry's id is not the entry's.".into()));
        }
        let latest = self.latest.max(time);
        if latest.saturating_sub(self.begun) > GENERATION {
            self.older = std::mem::take(&mut self.ids);
            self.begun = latest;
        }
        if self.older.contains(&id) || !self.ids.insert(id) {
            return Err((Kind::Double, "the entry stands twice.".into()));
        }
        Ok(())
    }

    fn head(&mut self, head: &Head) -> Result<(), (Kind, String)> {
        match self.heads.insert(head.organization, (head.size, head.root)) {
            Some((size, _)) if head.size <= size => {
                let text =
                    format!("the log of organisation {} does not grow: {size}, then {}.", head.organization, head.size);
                Err((Kind::Fork, text))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// An entry at a place, its time in seconds, with an id of that time.
    fn line(place: u64, seconds: i64, salt: u128) -> Line {
        line_with(place, seconds, Uuid::from_u128(((seconds as u128 * 1000) << 80) | salt))
    }

    fn line_with(place: u64, seconds: i64, id: Uuid) -> Line {
        Line { place, leaf: [0; 32], time: seconds * 1_000_000, what: What::Entry(id) }
    }

    fn kind(result: Result<(), (Kind, String)>) -> Option<Kind> {
        result.err().map(|(kind, _)| kind)
    }

    #[test]
    fn time_may_go_back_as_far_as_transactions_overlap() {
        let mut order = Order::from(5);
        let late = 1000 + 2 * TOLERANCE_SECONDS;
        for (place, seconds) in [(5, 1000), (6, late), (7, late - TOLERANCE_SECONDS), (8, late)] {
            assert_eq!(kind(order.take(&line(place, seconds, place.into()))), None, "{place}");
        }
        assert_eq!(kind(order.take(&line(9, late - TOLERANCE_SECONDS - 1, 9))), Some(Kind::Time));
        assert_eq!(order.next(), 9);
    }

    #[test]
    fn places_follow_each_other() {
        for place in [0, 2, 6, u64::MAX] {
            assert_eq!(kind(Order::from(1).take(&line(place, 1000, 1))), Some(Kind::Gap), "{place}");
        }
    }

    #[test]
    fn an_entry_comes_once_however_far_apart() {
        let id = Uuid::from_u128((1_000_000 << 80) | 1);
        let mut order = Order::from(0);
        order.take(&line_with(0, 1000 - TOLERANCE_SECONDS, id)).unwrap();
        let last = 1000 + 2 * TOLERANCE_SECONDS;
        for (place, seconds) in (1..).zip([1000, 1010, last - 10, last]) {
            order.take(&line(place, seconds, 0)).unwrap();
        }
        assert_eq!(kind(order.take(&line_with(5, last - TOLERANCE_SECONDS, id))), Some(Kind::Double));
        assert_eq!(kind(order.take(&line_with(5, last, id))), Some(Kind::Time), "its id is too old for it");
    }

    #[test]
    fn generations_of_ids_pass_and_nothing_is_lost_between_them() {
        let mut order = Order::from(0);
        for place in 0..1_000u64 {
            order.take(&line(place, 1000 + place as i64, 0)).unwrap();
        }
        let kept = 2 * GENERATION / 1_000_000 + 3;
        assert!(order.ids.len() + order.older.len() <= kept as usize);
        for back in 0..TOLERANCE_SECONDS {
            let seconds = 1_999 - back;
            assert_eq!(kind(order.take(&line(1_000, seconds, 0))), Some(Kind::Double), "{seconds}");
        }
    }

    #[test]
    fn an_organisations_log_only_grows() {
        let head = |place, organization, size| Line {
            place,
            leaf: [0; 32],
            time: 0,
            what: What::Head(Head { organization: Uuid::from_u128(organization), size, root: [0; 32], time: 0 }),
        };
        let mut order = Order::from(0);
        order.take(&head(0, 1, 5)).unwrap();
        order.take(&head(1, 2, 3)).unwrap();
        assert_eq!(kind(order.take(&head(2, 1, 5))), Some(Kind::Fork));
        let mut order = Order::from(0);
        order.take(&head(0, 1, 5)).unwrap();
        order.take(&head(1, 1, 6)).unwrap();
        assert_eq!(kind(order.take(&head(2, 1, 4))), Some(Kind::Fork));
    }
}
