//! Checks a log from outside: exports, checkpoints, anchor files and proofs, without trusting who made them.
//!
//! It reads bytes and says what is wrong with them. It opens no file, no database and no connection, and knows no server code:
//! [`Verifier`] is the auditor's side, [`witness`] the rules of a witness. The formats are in `crates/crypto/FORMATS.md`.

mod anchor;
mod export;
mod fault;
mod header;
mod line;
mod order;
mod pipeline;
mod points;
mod report;
mod signed;
mod time;
mod verifier;
mod whole;
pub mod witness;

pub use fault::{Fault, Kind};
pub use order::TOLERANCE_SECONDS;
pub use report::{AnchorReport, Cosigned, LogReport, Report};
pub use verifier::{Input, Text, Verifier};
