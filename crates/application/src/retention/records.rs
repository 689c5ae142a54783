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
use super::run::{Done, register, tell_left_out};
use crate::App;
use crate::audit::{Detail, Draft, record_all};
use crate::catalog::load;
use crate::events::{Event, EventType, Fact, publish_all};
use crate::records::{Forgotten, forget_fields};

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
    let work = app.begin(organization).await?;
    let found = due(&work, policy, rule, now).await;
    work.abandon().await;
    let (mut customers, mut records, mut keys) = (Vec::new(), 0, Vec::new());
    for theirs in found?.chunk_by(|one, other| one.0 == other.0) {
        let Some((customer, _)) = theirs.first() else { continue };
        let ids: Vec<Uuid> = theirs.iter().map(|(_, record)| *record).collect();
        let customer = CustomerId::from(*customer);
        let work = app.begin(organization).await?;
        match of_one(app, &work, policy, rule, (customer, &ids), now).await {
            Ok(met) if met.records == 0 => work.abandon().await,
            Ok(met) => {
                work.commit().await?;
                customers.push(customer);
                records += met.records;
                keys.extend(met.keys);
            }
            Err(DomainError::Integrity) => {
                work.abandon().await;
                tell_left_out(app, organization, policy, customer).await?;
            }
            Err(error) => {
                work.abandon().await;
                return Err(error);
            }
        }
    }
    if records > 0 {
        keys.sort_unstable();
        keys.dedup();
        let keys = keys.into_iter().map(str::to_owned).collect();
        let done = Done { customers: &customers, records, erasures: Vec::new(), keys };
        register(app, organization, policy, done, now).await?;
    }
    Ok(records)
}

/// Those that are due: customer and record.
async fn due(
    work: &Work,
    policy: &PolicyRow,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Uuid)>, DomainError> {
    let catalog = load(work).await?;
    match rule.due_records(&catalog, now, Some(policy.id)) {
        Some(due) => Ok(stored::list_due_records(work, &due, TOGETHER).await?),
        None => Ok(Vec::new()),
    }
}

/// Those of a locked customer that are due now that nobody else can change them.
async fn due_still(
    work: &Work,
    policy: &PolicyRow,
    rule: &Rule,
    (customer, chosen): (CustomerId, &[Uuid]),
    begun: DateTime<Utc>,
) -> Result<Vec<Uuid>, DomainError> {
    let catalog = load(work).await?;
    match rule.due_records(&catalog, begun, Some(policy.id)) {
        Some(due) => Ok(stored::lock_due_records(work, &due, customer.uuid(), chosen).await?),
        None => Ok(Vec::new()),
    }
}

/// What became of the records of one customer.
#[derive(Default)]
struct Met {
    records: usize,
    /// The fields that were taken away from them.
    keys: Vec<&'static str>,
}

impl Met {
    fn of(records: u64) -> Self {
        Self { records: usize::try_from(records).unwrap_or(usize::MAX), keys: Vec::new() }
    }
}

/// Takes records of one customer away, or out of use, or fields of them, or tells of them, as far as they are due still; none where a hold was laid meanwhile.
async fn of_one(
    app: &App,
    work: &Work,
    policy: &PolicyRow,
    rule: &Rule,
    (customer, chosen): (CustomerId, &[Uuid]),
    begun: DateTime<Utc>,
) -> Result<Met, DomainError> {
    let Some((row, false)) = lock_any(work, customer).await? else { return Ok(Met::default()) };
    let now = work.database_time().await?;
    if verdict(work, customer, now).await? != Verdict::Go {
        return Ok(Met::default());
    }
    let due = due_still(work, policy, rule, (customer, chosen), begun).await?;
    if due.is_empty() {
        return Ok(Met::default());
    }
    let ids = due.as_slice();
    if rule.action == Action::Warn {
        return warn(app, work, policy, (customer, ids)).await;
    }
    if rule.field.is_some() || rule.action == Action::Anonymise {
        return forget(app, work, policy, rule, (&row, ids)).await;
    }
    let met = match rule.action {
        Action::Destroy => stored::remove_records(work, customer.uuid(), ids).await?,
        _ => stored::archive_records(work, customer.uuid(), ids, now).await?,
    };
    let draft = Draft::about(Entry::RecordsDelete, customer)
        .with("retention_policy", Detail::Code(policy.id.to_string()))
        .with("records", Detail::Codes(ids.iter().map(Uuid::to_string).collect()));
    record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
    Ok(Met::of(met))
}

/// Tells whoever follows events of each of these records, once.
async fn warn(
    app: &App,
    work: &Work,
    policy: &PolicyRow,
    (customer, ids): (CustomerId, &[Uuid]),
) -> Result<Met, DomainError> {
    let met = stored::note_records_warned(work, policy.id, customer.uuid(), ids).await?;
    let told = |id: &Uuid| {
        Event::about(EventType::RetentionRecordsDue, customer)
            .with("record_id", Fact::Person(*id))
            .with("retention_policy_id", Fact::Id(policy.id))
    };
    publish_all(app, work, ids.iter().map(told).collect()).await?;
    Ok(Met::of(met))
}

/// Takes a field away from these records, or everything personal: then the files that hang on them, too.
async fn forget(
    app: &App,
    work: &Work,
    policy: &PolicyRow,
    rule: &Rule,
    (row, ids): (&CustomerRow, &[Uuid]),
) -> Result<Met, DomainError> {
    let catalog = load(work).await?;
    let of = rule.record_type.as_deref().and_then(|code| catalog.record_type(code));
    let Some((of, fields)) = of.and_then(|of| Some((of, rule.taken(of)?))) else { return Ok(Met::default()) };
    let Forgotten { mut records, keys } = forget_fields(app, work, row, (of, &fields), ids).await?;
    if rule.takes_files() {
        records.extend(stored::remove_files(work, row.id.uuid(), ids).await?);
        records.sort_unstable();
        records.dedup();
    }
    if records.is_empty() {
        return Ok(Met::default());
    }
    let draft = Draft::about(Entry::RecordsUpdate, row.id)
        .with("retention_policy", Detail::Code(policy.id.to_string()))
        .with("changed", Detail::Codes(keys.iter().map(|key| (*key).to_owned()).collect()))
        .with("records", Detail::Codes(records.iter().map(Uuid::to_string).collect()));
    record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
    Ok(Met { records: records.len(), keys })
}
