//! Masks.
use super::Field;

/// How a value is shown to who may not read it whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// First character, the rest starred: `张*`.
    Name,
    /// First three and last four: `138****5678`.
    Phone,
    /// First and last two: `1***************2X`.
    ResidentId,
    /// First four and last one to four in groups: `6222 **** **** **** 222`.
    BankCard,
    /// First character of the local part: `z*******@example.com`.
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

impl Field {
    pub fn mask(&self, _stored: &str) -> String {
        unimplemented!()
    }
}
