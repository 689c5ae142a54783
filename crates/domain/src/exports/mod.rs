//! Exports: what a file is written as, where it stands, who is left out, and the row about nobody that betrays a leak.

mod cells;
mod decoy;

pub use cells::{csv_cell, is_formula, xml_text};
pub use decoy::{MadeUp, alike, made_up, trace_form};

use crate::kernel::codes;

/// The most rows of one file.
pub const MOST_ROWS: u32 = 1_000_000;
/// The most rows where the request does not say.
pub const USUAL_ROWS: u32 = 10_000;
/// How long a file that is ready can be taken away, in hours.
pub const HOURS: i32 = 24;

codes! {
    /// What a file is written as.
    Format {
        /// Comma-separated values, RFC 4180, UTF-8.
        Csv = "csv",
        /// A workbook, ECMA-376.
        Xlsx = "xlsx",
        /// One JSON object a line.
        Ndjson = "ndjson",
    }
}

impl Format {
    /// Its media type.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ndjson => "application/x-ndjson; charset=utf-8",
        }
    }
}

codes! {
    /// Where a file stands, beside the request that it hangs on.
    Stage {
        /// For approval, or for a worker.
        Waiting = "waiting",
        /// Being written.
        Preparing = "preparing",
        /// There to be taken away.
        Ready = "ready",
        /// Taken away, and gone.
        Downloaded = "downloaded",
        /// Gone without having been taken away.
        Expired = "expired",
        /// Cannot be written.
        Failed = "failed",
    }
}

impl Stage {
    /// Whether a file may go from here to there. An attempt to write it that was broken off begins anew.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Waiting, Self::Preparing | Self::Expired | Self::Failed)
                | (Self::Preparing, Self::Preparing | Self::Ready | Self::Expired | Self::Failed)
                | (Self::Ready, Self::Preparing | Self::Downloaded | Self::Expired)
        )
    }

    /// Whether anything of the file may be there.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Waiting | Self::Preparing | Self::Ready)
    }
}

codes! {
    /// Why somebody whom the request was about is not in the file.
    LeftOut {
        /// Deleted or erased since.
        Gone = "gone",
        /// Out of the requester's reach now.
        OutsideScope = "outside_scope",
        /// The person has had processing restricted.
        Restricted = "restricted",
        /// The person has not agreed to the purpose, or not any more.
        NoConsent = "no_consent",
        /// The person objects to the purpose.
        Objected = "objected",
        /// Like too few others, in a de-identified copy.
        BelowK = "below_k",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        assert!(Format::ALL.iter().all(|one| Format::from_code(one.as_str()) == Some(*one)));
        assert!(Stage::ALL.iter().all(|one| Stage::from_code(one.as_str()) == Some(*one)));
        assert!(LeftOut::ALL.iter().all(|one| LeftOut::from_code(one.as_str()) == Some(*one)));
        assert_eq!(Format::from_code("exe"), None);
    }

    #[test]
    fn what_is_gone_does_not_come_back() {
        for from in Stage::ALL {
            let next = Stage::ALL.iter().filter(|to| from.may_become(**to)).count();
            assert_eq!(next > 0, from.is_live(), "{}", from.as_str());
            assert!(!from.may_become(Stage::Waiting), "nothing waits twice");
        }
        assert!(!Stage::Waiting.may_become(Stage::Ready) && !Stage::Downloaded.may_become(Stage::Downloaded));
    }
}
