//! The log of deliveries, and telling again.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::webhooks::{self as stored, DeliveryRow};
use uuid::Uuid;

use super::entry;
use crate::audit::Detail;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// A page of what a webhook was told, or is to be, newest first.
pub async fn deliveries(
    app: &App,
    call: &Call,
    webhook: Uuid,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<DeliveryRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::WebhooksRead)?;
    let work = app.begin(call.organization()).await?;
    let known = stored::find(&work, webhook).await?.is_some();
    let most = one_more(limit);
    let mut rows = stored::list_deliveries(&work, webhook, state, before, most).await?;
    work.abandon().await;
    if !known {
        return Err(DomainError::NotFound);
    }
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, entry(Action::WebhooksRead, webhook)).await?;
    Ok((rows, next))
}

/// One delivery with its tries.
pub async fn delivery(app: &App, call: &Call, webhook: Uuid, id: Uuid) -> Result<DeliveryRow, DomainError> {
    call.needs(Permission::WebhooksRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find_delivery(work, webhook, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Action::WebhooksRead, webhook)).await?;
    Ok(row)
}

async fn held(call: &Call, work: &Work, webhook: Uuid) -> Result<(), DomainError> {
    call.needs(Permission::WebhooksManage)?;
    let row = stored::lock(work, webhook).await?.ok_or(DomainError::NotFound)?;
    match row.disabled {
        Some(_) => Err(DomainError::refused(RefusedAs::Conflict, "webhook_disabled")),
        None => Ok(()),
    }
}

/// Tells one thing again, under the id that it had.
///
/// Errors: 409 `webhook_disabled`.
pub async fn replay(app: &App, call: &Call, work: &Work, webhook: Uuid, id: Uuid) -> Result<DeliveryRow, DomainError> {
    held(call, work, webhook).await?;
    if !stored::replay(work, webhook, id).await? {
        return Err(DomainError::NotFound);
    }
    stored::wake(work, &[webhook]).await?;
    let draft = entry(Action::WebhooksReplay, webhook).with("delivery", Detail::Code(id.to_string()));
    app.record_change(work, call, draft).await?;
    stored::find_delivery(work, webhook, id).await?.ok_or(DomainError::NotFound)
}

/// Tells again what ended since then: what did not arrive, or all of it. How many that are.
///
/// Errors: 409 `webhook_disabled`.
pub async fn replay_since(
    app: &App,
    call: &Call,
    work: &Work,
    webhook: Uuid,
    since: DateTime<Utc>,
    delivered_too: bool,
) -> Result<u64, DomainError> {
    held(call, work, webhook).await?;
    let count = stored::replay_since(work, webhook, since, delivered_too).await?;
    stored::wake(work, &[webhook]).await?;
    let number = Detail::Count(u32::try_from(count).unwrap_or(u32::MAX));
    app.record_change(work, call, entry(Action::WebhooksReplay, webhook).with("count", number)).await?;
    Ok(count)
}
