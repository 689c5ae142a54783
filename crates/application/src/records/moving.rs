//! Records that go from one customer to another when two rows are made one: opened under the one key, sealed under the other, values and past alike.

use custodian_crypto::DataKey;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::records::{self as stored, Hung, Past, RecordRow};
use uuid::Uuid;

use super::sealing::{Spot, key_of, open_record, resealed};
use crate::App;

/// Moves the records of a locked customer, those named alone if there are any names, to another locked one. Answers their ids.
///
/// Errors: `Integrity` for one that does not open; nothing has moved then.
pub(crate) async fn move_all(
    app: &App,
    work: &Work,
    from: &CustomerRow,
    to: &CustomerRow,
    only: Option<&[Uuid]>,
) -> Result<Vec<Uuid>, DomainError> {
    let organization = work.organization();
    let records = stored::lock_of(work, from.id, only).await?;
    let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    let keys = (key_of(app, organization, from)?, key_of(app, organization, to)?);
    let (mut packs, mut pasts) = (Vec::with_capacity(ids.len()), Vec::new());
    let past = stored::pasts(work, from.id, &ids).await?;
    for record in records {
        let hung = Hung { record, customer: from.clone() };
        open_record(app, organization, &hung)?;
        let record = hung.record;
        let version = u32::try_from(record.version).map_err(|_| DomainError::Integrity)?;
        let places = places(organization, &record, to);
        packs.push((record.id, resealed(app, (&keys.0, &keys.1), places, &record.fields, Some(version))?));
        for Past { record: id, version, fields } in past.iter().filter(|past| past.record == record.id) {
            let fields = resealed(app, (&keys.0, &keys.1) as (&DataKey, &DataKey), places, fields, None)?;
            pasts.push(Past { record: *id, version: *version, fields });
        }
    }
    stored::move_records(work, (from.id, to.id), &packs).await?;
    stored::move_pasts(work, (from.id, to.id), &pasts).await?;
    Ok(ids)
}

fn places<'a>(organization: OrganizationId, record: &'a RecordRow, to: &CustomerRow) -> (Spot<'a>, Spot<'a>) {
    let before = Spot::of(organization, record);
    (before, Spot { customer: to.id, ..before })
}
