//! Retention: duties to keep, laid on customers by people who answer for it, and what they mean for an erasure.

mod certificate;
mod fields;
mod holds;
mod policies;
mod records;
mod run;

pub use certificate::{DESTRUCTION_TYP, DestructionCertificate, destruction_certificate};
pub use holds::{HoldView, MOST_CUSTOMERS, NewHold, create_hold, find_hold, list_holds, release_hold};
pub(crate) use holds::{held, unbound, verdict};
pub use policies::{
    RetentionPreview, Rule, activate_policy, confirm_clock, create_policy, find_policy, list_policies, list_runs,
    pause_policy, preview_policy,
};
pub use run::{run, run_all};
