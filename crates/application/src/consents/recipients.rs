//! A withdrawal is a case that stays open: each recipient of the purpose acknowledges it, or loses the purpose.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs, ThirdPartyId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::consents::{self as stored, RecipientRow};
use custodian_persistence::customers::CustomerReader;
use uuid::Uuid;

use super::find;
use super::remind::news;
use crate::audit::{Detail, Draft};
use crate::events::{EventType, publish};
use crate::paging::{cut, one_more};
use crate::webhooks::{Signature, check_signature};
use crate::{App, Call};

/// A recipient with what this caller may know of it.
#[derive(Clone, Debug)]
pub struct RecipientView {
    /// As stored.
    pub row: RecipientRow,
    /// The customer, by the id that the caller knows.
    pub customer: Uuid,
    /// The record, by the id that the caller knows.
    pub consent: Uuid,
    /// The withdrawal, by the id that the caller knows.
    pub id: Uuid,
}

impl RecipientView {
    fn of(call: &Call, row: RecipientRow) -> Self {
        let shown = |id: Uuid| call.identity.shown_id(CustomerId::from(id));
        Self { customer: shown(row.customer), consent: shown(row.consent), id: shown(row.id), row }
    }

    /// `pending`, `notified`, `acknowledged` or `overdue`.
    pub fn state(&self) -> &'static str {
        match (self.row.acknowledged_at.is_some(), self.row.overdue, self.row.notified_at.is_some()) {
            (true, _, _) => "acknowledged",
            (false, true, _) => "overdue",
            (false, false, true) => "notified",
            (false, false, false) => "pending",
        }
    }
}

/// Who was told of the withdrawals of a record, and who has acknowledged them.
///
/// Errors: those of [`find`].
pub async fn recipients(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
) -> Result<Vec<RecipientView>, DomainError> {
    if call.identity.user().is_none() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
    }
    let view = find(app, reader, call, id).await?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::recipients_of(&work, view.listed.consent.id).await;
    work.abandon().await;
    Ok(rows?.into_iter().map(|row| RecipientView::of(call, row)).collect())
}

/// The third party that a key acts for. To acknowledge is its duty: a key needs no permission to do it.
fn recipient(call: &Call) -> Result<ThirdPartyId, DomainError> {
    if let Some(own) = call.identity.third_party {
        return Ok(own);
    }
    call.needs(Permission::WithdrawalsAcknowledge)?;
    Err(DomainError::refused(RefusedAs::Forbidden, "partner_only"))
}

/// A page of the withdrawals that concern a partner, oldest first.
///
/// Errors: 403 `partner_only`, to staff.
pub async fn withdrawals(
    app: &App,
    call: &Call,
    open: Option<bool>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<RecipientView>, Option<Uuid>), DomainError> {
    let own = recipient(call)?;
    let mut rows = app
        .reading(call.organization(), async |work| {
            stored::cases_of(work, own.uuid(), open, after, one_more(limit)).await
        })
        .await?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, Draft::of(Action::ConsentsRead)).await?;
    Ok((rows.into_iter().map(|row| RecipientView::of(call, row)).collect(), next))
}

/// Acknowledges a withdrawal for the third party of the key: it has acted on it. A second time changes nothing.
///
/// Errors: 404 for a withdrawal that it was not told of; 403 `partner_only`, and `invalid_signature` where one was sent that does not hold.
pub async fn acknowledge(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    signature: Option<&Signature>,
) -> Result<RecipientView, DomainError> {
    let third_party = recipient(call)?;
    let meant = call.identity.meant_customer(id)?.uuid();
    let by = call.identity.actor_id();
    let row = stored::acknowledge(work, meant, third_party.uuid(), by, signature.is_some()).await?;
    let (row, first) = row.ok_or(DomainError::NotFound)?;
    if let Some(signature) = signature {
        check_signature(app, work, third_party, &id.to_string(), signature).await?;
    }
    let draft = Draft::about(Action::WithdrawalsAcknowledge, CustomerId::from(row.customer))
        .with("withdrawal", Detail::Code(meant.to_string()))
        .with("third_party", Detail::Code(third_party.to_string()))
        .with("purpose_code", Detail::Code(row.purpose.clone()));
    app.record_change(work, call, draft).await?;
    if first {
        publish(app, work, news(EventType::WithdrawalsAcknowledged, &row)).await?;
    }
    // The next call of this key asks the database whether anything is still late.
    app.auth().doubt(call.identity.actor_id());
    Ok(RecipientView::of(call, row))
}
