//! The anchor file: every checkpoint of the global log that was carried out of the database, in order.

use serde::Deserialize;

use crate::fault::{Fault, Kind};
use crate::points::Points;
use crate::signed::Keys;

#[derive(Deserialize)]
struct Line<'a> {
    v: u8,
    #[serde(borrow)]
    note: std::borrow::Cow<'a, str>,
}

/// An anchor file that was read: the log that it is of, and the sizes it names.
pub(crate) struct Anchor {
    pub(crate) file: String,
    pub(crate) origin: String,
    pub(crate) sizes: Vec<u64>,
    /// Whether the last line was cut off by a crash.
    pub(crate) cut: bool,
}

/// Reads an anchor file into the points; none when it holds no line yet.
pub(crate) fn read(file: &str, text: &str, keys: &Keys, points: &mut Points) -> Result<Option<Anchor>, Fault> {
    let (whole, cut) = text.rsplit_once('\n').map_or(("", text), |(whole, cut)| (whole, cut));
    let mut anchor: Option<Anchor> = None;
    for (number, line) in (1..).zip(whole.lines()) {
        let form = || Fault::new(Kind::Form, file, "the line is not one of an anchor file.").at_line(number);
        let line: Line<'_> = serde_json::from_str(line).map_err(|_| form())?;
        if line.v != 1 {
            return Err(form());
        }
        let checkpoint = keys.open(file, &line.note).map_err(|fault| fault.at_line(number))?.checkpoint;
        points.add(file, &checkpoint, false).map_err(|fault| fault.at_line(number))?;
        let anchor = anchor.get_or_insert_with(|| Anchor {
            file: file.to_owned(),
            origin: checkpoint.origin.clone(),
            sizes: Vec::new(),
            cut: !cut.is_empty(),
        });
        if anchor.origin != checkpoint.origin {
            return Err(Fault::new(Kind::Owner, file, "the line is of another log than the first.").at_line(number));
        }
        if anchor.sizes.last().is_some_and(|before| *before > checkpoint.size) {
            let text = format!("the log shrank to {} entries.", checkpoint.size);
            return Err(Fault::new(Kind::Fork, file, text).at_line(number));
        }
        anchor.sizes.push(checkpoint.size);
    }
    Ok(anchor)
}
