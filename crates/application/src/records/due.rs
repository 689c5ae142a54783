//! What is due: follow-ups, expected closes, ends of contracts, payments and tickets, first things first.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::catalog::CUSTOMER;
use custodian_domain::kernel::DomainError;
use custodian_domain::records::open_facts;
use custodian_domain::roles::Permission;
use custodian_persistence::records as stored;
use uuid::Uuid;

use super::list::see_all;
use super::seen::SeenRecord;
use crate::access_requests::begin_holding;
use crate::audit::{Detail, Draft};
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// Whose follow-ups are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// What the caller sees to, by the record or, where that names nobody, by its customer.
    Mine,
    /// Everybody's, as far as the caller's data scope reaches.
    Team,
}

/// A record with something due.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// When.
    pub due_at: DateTime<Utc>,
    /// It should have been done by now.
    pub overdue: bool,
    /// The record.
    pub record: SeenRecord,
}

/// What is due before a moment, first things first; and where to go on. A record whose due date the caller may not read is left out.
pub async fn follow_ups(
    app: &App,
    call: &Call,
    whose: Whose,
    before: DateTime<Utc>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: usize,
) -> Result<(Vec<FollowUp>, Option<(DateTime<Utc>, Uuid)>), DomainError> {
    call.needs(Permission::RecordsRead)?;
    let own = [call.identity.actor_id()];
    let owners = (whose == Whose::Mine).then_some(own.as_slice());
    let (work, holding) = begin_holding(app, call).await?;
    let scope = call.scope(Permission::RecordsRead, &holding.grants, holding.now(app.now()));
    let wanted = one_more(limit);
    let rows = stored::due(&work, &scope, before, owners, after, wanted).await;
    work.abandon().await;
    let mut rows = rows?;
    let next = cut(&mut rows, limit, |hung| Some((hung.record.due_at?, hung.record.id))).flatten();
    let draft = Draft::of(Action::RecordsList).with("due_before", Detail::Code(before.to_rfc3339()));
    let seen = see_all(app, call, &rows, &holding, draft, |hung| {
        let known = call.catalog().record_type(&hung.record.record_type).filter(|one| one.code != CUSTOMER);
        Ok(known.is_some() && hung.record.due_at.is_some())
    })
    .await?;
    let now = app.now();
    let follow_up = |record: SeenRecord| {
        let key = open_facts(&record.record_type).due?;
        let readable = record
            .fields
            .iter()
            .any(|field| field.key == key && field.access.view == custodian_domain::access::View::Read);
        let due_at = rows.iter().find(|hung| hung.record.id == record.id)?.record.due_at?;
        readable.then(|| FollowUp { due_at, overdue: due_at < now, record })
    };
    Ok((seen.into_iter().filter_map(follow_up).collect(), next))
}
