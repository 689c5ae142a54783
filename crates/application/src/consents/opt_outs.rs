//! Opt-outs by a signal of the browser (Global Privacy Control): recorded when one comes, and standing when none comes any more.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::consents::{Standing, opt_out_stands};
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::consents::{self as stored, OptOutRow};
use custodian_persistence::customers::{CustomerReader, lock_on_file};
use uuid::Uuid;

use super::decoy;
use crate::audit::{Detail, Draft};
use crate::customers::find as find_customer;
use crate::disclosures::decoys;
use crate::events::{Event, EventType, Fact, publish_all};
use crate::{App, Call};

/// Who of these customers has opted out and not chosen otherwise since.
pub(super) fn standing_among(
    opted: &HashMap<Uuid, DateTime<Utc>>,
    standings: &HashMap<Uuid, Vec<Standing>>,
) -> Vec<Uuid> {
    let own = |id: &Uuid| standings.get(id).map(Vec::as_slice).unwrap_or_default();
    opted.iter().filter(|(id, at)| opt_out_stands(**at, own(id))).map(|(id, _)| *id).collect()
}

/// Records that these customers opt out now.
pub(super) async fn record(app: &App, call: &Call, work: &Work, customers: &[Uuid]) -> Result<(), DomainError> {
    let at = stored::moment(work).await?;
    let rows: Vec<(Uuid, Uuid)> = customers.iter().map(|customer| (app.new_id(), *customer)).collect();
    let by = (call.identity.caller.actor_kind(), call.identity.actor_id());
    stored::insert_opt_outs(work, &rows, at, by.0, by.1).await?;
    let told = |customer: &Uuid| {
        Event::about(EventType::ConsentsOptedOut, CustomerId::from(*customer))
            .with("signal", Fact::Code("gpc".to_owned()))
    };
    publish_all(app, work, customers.iter().map(told).collect()).await?;
    let draft = Draft::of(Action::ConsentsOptOut).with("signal", Detail::Code("gpc".to_owned()));
    let customers = customers.iter().copied().map(CustomerId::from).collect();
    app.record_change(work, call, Draft { customers, ..draft }).await
}

/// Takes the signal of a person's own browser, once: whoever has opted out before, and agreed to something since, knew of it.
pub(crate) async fn heed_signal(app: &App, call: &Call, customer: CustomerId) -> Result<(), DomainError> {
    let work = app.begin(call.organization()).await?;
    let heard = heed(app, call, &work, customer).await;
    work.settle(heard).await
}

async fn heed(app: &App, call: &Call, work: &Work, customer: CustomerId) -> Result<(), DomainError> {
    if !stored::last_opt_outs(work, &[customer.uuid()]).await?.is_empty() {
        return Ok(());
    }
    // An erasure comes after this, and takes it along, or before it.
    let on_file = lock_on_file(work, customer).await?;
    on_file.ok_or(DomainError::refused(RefusedAs::Unauthorized, "session_ended"))?;
    record(app, call, work, &[customer.uuid()]).await
}

/// A customer's opt-outs, newest first.
pub async fn opt_outs(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: Uuid,
) -> Result<Vec<OptOutRow>, DomainError> {
    let row = match find_customer(app, reader, call, customer, Permission::ConsentsRead).await {
        Err(DomainError::NotFound) if decoys::meant(app, call, customer).await?.is_some() => {
            app.record_read(call, decoy::looked()).await?;
            return Ok(Vec::new());
        }
        found => found?,
    };
    let rows = app.reading(call.organization(), async |work| stored::opt_outs_of(work, row.id.uuid()).await).await?;
    app.record_read(call, Draft::about(Action::ConsentsRead, row.id)).await?;
    Ok(rows)
}
