//! What must be there when the exports are said to hold all that there is: a log that somebody signed and that is missing, or shorter.

use std::collections::HashMap;

use uuid::Uuid;

use crate::fault::{Fault, Kind};
use crate::header::Head;
use crate::points::Points;

/// An export, as far as it matters here.
pub(crate) struct Held {
    pub(crate) file: String,
    pub(crate) origin: String,
    pub(crate) organization: Option<Uuid>,
    pub(crate) size: u64,
}

/// Refuses when a checkpoint, an anchor or the global log names a log that is not held, unless only `some` organisations' were asked for,
/// or more entries of one than are held.
pub(crate) fn check(held: &[Held], points: &Points, heads: &[Head], some: bool) -> Result<(), Fault> {
    for origin in points.origins() {
        let Some((size, file)) = points.last(&origin) else { continue };
        match held.iter().find(|held| held.origin == origin) {
            Some(held) if held.size < size => return Err(shorter(held, size, file)),
            Some(_) => {}
            None if size == 0 => {}
            None => {
                let text = format!("it shows {size} entries of the log {origin}, which is not there.");
                return Err(Fault::new(Kind::Gap, file, text));
            }
        }
    }
    let mut named: HashMap<Uuid, u64> = HashMap::new();
    for head in heads {
        let size = named.entry(head.organization).or_default();
        *size = head.size.max(*size);
    }
    let mut named: Vec<_> = named.into_iter().collect();
    named.sort_unstable();
    for (organization, size) in named {
        match held.iter().find(|held| held.organization == Some(organization)) {
            Some(held) if held.size < size => return Err(shorter(held, size, "the global log")),
            None if !some => {
                let text = format!(
                    "the log of organisation {organization} is not there; the global log names {size} entries of it."
                );
                return Err(Fault::new(Kind::Gap, &organization.to_string(), text));
            }
            _ => {}
        }
    }
    Ok(())
}

fn shorter(held: &Held, size: u64, shown_by: &str) -> Fault {
    let text =
        format!("its end is missing: {} entries are there, and {shown_by} shows that there were {size}.", held.size);
    Fault::new(Kind::Gap, &held.file, text).at_place(held.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use custodian_crypto::checkpoint::Checkpoint;

    fn held(organization: Option<u128>, size: u64) -> Held {
        let organization = organization.map(Uuid::from_u128);
        let origin = organization.map_or("h/audit".to_owned(), |id| format!("h/audit/{id}"));
        Held { file: origin.clone(), origin, organization, size }
    }

    fn head(organization: u128, size: u64) -> Head {
        Head { organization: Uuid::from_u128(organization), size, root: [0; 32], time: 0 }
    }

    fn points(size: u64) -> Points {
        let mut points = Points::default();
        let point = Checkpoint { origin: "h/audit".into(), size, root: [1; 32] };
        assert_eq!(points.add("anchor", &point, false), Ok(()));
        points
    }

    fn place(held: &[Held], points: &Points, heads: &[Head], some: bool) -> Result<(), Option<u64>> {
        check(held, points, heads, some).map_err(|fault| fault.place)
    }

    #[test]
    fn what_was_shown_must_be_there() {
        let (all, heads) = ([held(None, 2), held(Some(1), 9), held(Some(2), 4)], [head(1, 9), head(2, 3)]);
        assert_eq!(place(&all, &points(2), &heads, false), Ok(()));
        assert_eq!(place(&all, &points(3), &heads, false), Err(Some(2)));
        assert_eq!(place(&all, &points(2), &[head(1, 10)], false), Err(Some(9)));
        assert_eq!(place(&all, &points(2), &[head(3, 1)], false), Err(None));
        assert_eq!(place(&all, &points(2), &[head(3, 1)], true), Ok(()));
        assert_eq!(place(&all[1..], &points(2), &heads, true), Err(None));
        assert_eq!(place(&all[..2], &points(1), &[head(1, 2), head(1, 9)], true), Ok(()));
    }
}
