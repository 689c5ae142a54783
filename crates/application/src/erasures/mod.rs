//! Erasures: what would go, the moment from which nothing can be read, and what became of it.

mod ask;
mod certificate;
mod keyring;
mod ledger;
mod matcher;
mod read;
mod round;
mod sweep;
mod traces;

pub(crate) use ask::erase_unasked;
pub use ask::{Asked, erase};
pub use certificate::{CERTIFICATE_TYP, Certificate, certificate_of};
pub use keyring::KEYRING_TYP;
pub use ledger::{LEDGER_TYP, LedgerLine};
pub(crate) use read::erased;
pub use read::{ErasureView, Preview, Staying, find, is_gone, list, preview, preview_customer};
pub use round::{Round, settle, settle_all, tell_before_answering};

use custodian_domain::audit::Action;
use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

use crate::audit::{Detail, Draft};

fn entry(action: Action, customer: CustomerId, erasure: Uuid) -> Draft {
    Draft::about(action, customer).with("erasure", Detail::Code(erasure.to_string()))
}
