//! What is due on customers that go to somebody else, and goes along.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, UserId};
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerRow, HandOver, SealedFields, SealedValue};
use custodian_persistence::records::{self as stored, Hung, RecordVersionRow};

use super::read::entry;
use super::sealing::{Spot, open_record, seal, values};
use crate::audit::Detail;
use crate::customers::guard;
use crate::{App, Call};

/// Gives what the owner of each of these locked customers had to see to on it to whom the customer goes; how much there was.
pub(crate) async fn hand_over(
    app: &App,
    call: &Call,
    work: &Work,
    rows: &[CustomerRow],
    hand: &HandOver,
) -> Result<usize, DomainError> {
    let owned: Vec<(CustomerId, UserId)> = rows.iter().filter_map(|row| Some((row.id, row.owner?))).collect();
    let (customers, owners): (Vec<CustomerId>, Vec<UserId>) = owned.into_iter().unzip();
    let due = stored::lock_due(work, &customers, &owners).await?;
    let count = due.len();
    for record in due {
        let Some(customer) = rows.iter().find(|row| row.id == record.customer) else { continue };
        let mut hung = Hung { record, customer: customer.clone() };
        let key = guard(app, call, customer.id, open_record(app, call.organization(), &hung)).await?;
        let kept: Vec<SealedValue<'_>> = values(&hung.record).collect::<Option<_>>().ok_or(DomainError::Integrity)?;
        let version = hung.record.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?;
        let sealed = u32::try_from(version).map_err(|_| DomainError::Integrity)?;
        let fields = seal(app, &key, Spot::of(call.organization(), &hung.record), sealed, &kept, &[]);
        let before = RecordVersionRow {
            version,
            changed_at: hand.at,
            changed_by: hand.by,
            actor_kind: call.identity.caller.actor_kind().to_owned(),
            changed: vec!["owner_id".to_owned()],
            previous_owner: hung.record.owner.map(|owner| owner.uuid()),
            previous_fields: SealedFields::default(),
        };
        (hung.record.version, hung.record.owner, hung.record.fields) = (version, hand.to, fields);
        (hung.record.updated_at, hung.record.updated_by) = (hand.at, hand.by);
        stored::change_owner(work, &hung.record, &before).await?;
        let told = entry(Action::RecordsUpdate, &hung).with("changed", Detail::Codes(vec!["owner_id".to_owned()]));
        app.record_change(work, call, told).await?;
    }
    Ok(count)
}
