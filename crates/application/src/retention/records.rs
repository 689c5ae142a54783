//! Rounds of policies about what hangs on customers.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action as Entry;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_domain::retention::{Action, Verdict};
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerRow, lock_any};
use custodian_persistence::retention::{self as stored, PolicyRow};
use uuid::Uuid;

use super::holds::verdict;
use super::policies::Rule;
use super::run::{Done, register};
use crate::App;
use crate::audit::{Detail, Draft, record_all};
use crate::catalog::load;
use crate::events::{Event, EventType, Fact, publish_all};
use crate::records::forget_field;

/// How many records one round takes.
const TOGETHER: i64 = 2_000;

/// One round: the records of each customer in a transaction of their own. Answers how many records it met.
pub(super) async fn carry_out(
    app: &App,
    organization: OrganizationId,
    policy: &PolicyRow,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<usize, DomainError> {
    let Some(due) = rule.due_records(now, Some(policy.id)) else { return Ok(0) };
    let work = app.begin(organization).await?;
    let found = stored::list_due_records(&work, &due, TOGETHER).await;
    work.abandon().await;
    let (mut customers, mut records) = (Vec::new(), 0);
    for theirs in found?.chunk_by(|one, other| one.0 == other.0) {
        let Some((customer, _)) = theirs.first() else { continue };
        let ids: Vec<Uuid> = theirs.iter().map(|(_, record)| *record).collect();
        let customer = CustomerId::from(*customer);
        let work = app.begin(organization).await?;
        match of_one(app, &work, policy, rule, (customer, &ids)).await {
            Ok(0) => work.abandon().await,
            Ok(met) => {
                work.commit().await?;
                customers.push(customer);
                records += met;
            }
            Err(error) => {
                work.abandon().await;
                return Err(error);
            }
        }
    }
    if records > 0 {
        let done = Done { customers: &customers, records, erasures: Vec::new() };
        register(app, organization, policy, done, now).await?;
    }
    Ok(records)
}

/// Takes records of one customer away, or out of use, or one field of them, or tells of them; none where a hold was laid meanwhile.
async fn of_one(
    app: &App,
    work: &Work,
    policy: &PolicyRow,
    rule: &Rule,
    (customer, ids): (CustomerId, &[Uuid]),
) -> Result<usize, DomainError> {
    let Some((row, false)) = lock_any(work, customer).await? else { return Ok(0) };
    let now = work.database_time().await?;
    if verdict(work, customer, now).await? != Verdict::Go {
        return Ok(0);
    }
    if rule.action == Action::Warn {
        return warn(app, work, policy, (customer, ids)).await;
    }
    if let Some(key) = rule.field.as_deref() {
        return forget(app, work, policy, (rule, key), (&row, ids)).await;
    }
    let met = match rule.action {
        Action::Destroy => stored::remove_records(work, customer.uuid(), ids).await?,
        _ => stored::archive_records(work, customer.uuid(), ids, now).await?,
    };
    let draft = Draft::about(Entry::RecordsDelete, customer)
        .with("retention_policy", Detail::Code(policy.id.to_string()))
        .with("records", Detail::Codes(ids.iter().map(Uuid::to_string).collect()));
    record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
    Ok(usize::try_from(met).unwrap_or(usize::MAX))
}

/// Tells whoever follows events of each of these records, once.
async fn warn(
    app: &App,
    work: &Work,
    policy: &PolicyRow,
    (customer, ids): (CustomerId, &[Uuid]),
) -> Result<usize, DomainError> {
    let met = stored::note_records_warned(work, policy.id, customer.uuid(), ids).await?;
    let told = |id: &Uuid| {
        Event::about(EventType::RetentionRecordsDue, customer)
            .with("record_id", Fact::Person(*id))
            .with("retention_policy_id", Fact::Id(policy.id))
    };
    publish_all(app, work, ids.iter().map(told).collect()).await?;
    Ok(usize::try_from(met).unwrap_or(usize::MAX))
}

/// Takes one field away from these records.
async fn forget(
    app: &App,
    work: &Work,
    policy: &PolicyRow,
    (rule, key): (&Rule, &str),
    (row, ids): (&CustomerRow, &[Uuid]),
) -> Result<usize, DomainError> {
    let catalog = load(work).await?;
    let of = rule.record_type.as_deref().and_then(|code| catalog.record_type(code));
    let Some(of) = of else { return Ok(0) };
    let Some(field) = of.ever().find(|field| field.key == key) else { return Ok(0) };
    let met = forget_field(app, work, row, (of, field), ids).await?;
    if met.is_empty() {
        return Ok(0);
    }
    let draft = Draft::about(Entry::RecordsUpdate, row.id)
        .with("retention_policy", Detail::Code(policy.id.to_string()))
        .with("changed", Detail::Codes(vec![key.to_owned()]))
        .with("records", Detail::Codes(met.iter().map(Uuid::to_string).collect()));
    record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
    Ok(met.len())
}
