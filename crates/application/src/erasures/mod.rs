//! Erasures: what would go, the moment from which nothing can be read, and what became of it.

mod again;
mod ask;
mod batch_run;
mod batches;
mod call_off;
mod certificate;
mod clear;
mod files;
mod keyring;
mod ledger;
mod ledger_file;
mod matcher;
mod read;
mod round;
mod sweep;
mod traces;
mod typed;
mod unasked;

pub use again::Again;
pub(crate) use again::erase_again;
pub(crate) use ask::erase_unasked;
pub use ask::{Asked, erase};
pub use batch_run::{BATCH_KIND, run_batch};
pub use batches::{
    BatchPreview, BatchView, MOST_IN_BATCH, NewBatch, approve_batch, deny_batch, find_batch, list_batches,
    list_members, preview_batch, propose_batch,
};
pub(crate) use call_off::call_off;
pub use certificate::{CERTIFICATE_TYP, Certificate, certificate_of};
pub use clear::{FoundCopy, clear_finding};
pub use keyring::KEYRING_TYP;
pub(crate) use keyring::{Exported, export as export_keyring, newest as newest_keyring};
pub use ledger::{LEDGER_TYP, LedgerLine, ledger_key};
pub(crate) use ledger::{position, signed_json};
pub use ledger_file::Ledger;
pub(crate) use read::erased;
pub use read::{ErasureView, Preview, Staying, find, is_gone, is_record_gone, list, preview, preview_customer};
pub(crate) use round::tell_others;
pub use round::{Round, leave_keys, settle, settle_all, tell_before_answering};
pub(crate) use traces::{identifiers_of, open_of_record, pack};
pub use unasked::{propose_all, propose_unasked};

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::Work;
use custodian_persistence::erasures::BatchRow;
use uuid::Uuid;

use crate::App;
use crate::audit::{Detail, Draft};
use crate::events::{Event, EventType, Fact, publish};

fn entry(action: Action, customer: CustomerId, erasure: Uuid) -> Draft {
    Draft::about(action, customer).with("erasure", Detail::Code(erasure.to_string()))
}

/// An entry about an erasure of many.
fn about_batch(action: Action, row: &BatchRow) -> Draft {
    Draft::of(action)
        .with("erasure_batch", Detail::Code(row.id.to_string()))
        .with("ground", Detail::Code(row.ground.clone()))
        .with("customers", Detail::Count(u32::try_from(row.customers).unwrap_or(u32::MAX)))
}

/// Tells of an erasure of many; with how many are erased once that is known.
async fn tell_of_batch(
    app: &App,
    work: &Work,
    kind: EventType,
    row: &BatchRow,
    erased: Option<i64>,
) -> Result<(), DomainError> {
    let event = Event::of(kind)
        .with("erasure_batch_id", Fact::Id(row.id))
        .with("ground", Fact::Code(row.ground.clone()))
        .with("customers", Fact::Count(i64::from(row.customers)));
    let event = match erased {
        Some(erased) => event.with("erased", Fact::Count(erased)),
        None => event,
    };
    publish(app, work, event).await
}
