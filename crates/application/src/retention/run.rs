//! The rounds of the policies in force: by the database's clock, and not by a clock that has jumped.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::{Action as Entry, Verdict};
use custodian_domain::erasures::Ground;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_domain::retention::{Action, is_steady};
use custodian_persistence::customers::{self as people, lock_any};
use custodian_persistence::retention::{self as stored, Due, PolicyRow, RunRow};
use custodian_persistence::{Work, organizations};
use uuid::Uuid;

use super::certificate::sign;
use super::policies::{Rule, entry};
use super::{fields, records};
use crate::App;
use crate::audit::{Detail, Draft, record_all};
use crate::customers::{keep_contacts, out_of_use, unpack_tags};
use crate::erasures::erase_unasked;
use crate::events::{Event, EventType, Fact, publish};
use crate::privacy_requests::{any_ended, forget_ended};

/// How many people one round of a policy takes.
const TOGETHER: i64 = 500;

/// A round of every policy in force of every organisation. One that fails is told of and does not keep the others.
pub async fn run_all(app: &App) -> Result<(), DomainError> {
    for (organization, _) in organizations::list(app.db()).await? {
        if let Err(error) = run(app, organization).await {
            tracing::error!(%organization, %error, "retention policies of an organisation could not be carried out; the next round goes on");
        }
    }
    Ok(())
}

/// A round for one organisation: its policies, and the requests of people that are kept no longer. Answers how many people or records its policies met; none while a
/// person's word about the clock is waited for.
pub async fn run(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let Some(now) = look_at_clock(app, organization).await? else { return Ok(0) };
    let met = carry_out_all(app, organization, now).await;
    forget_ended(app, organization, now).await?;
    met
}

async fn carry_out_all(app: &App, organization: OrganizationId, now: DateTime<Utc>) -> Result<usize, DomainError> {
    let work = app.begin(organization).await?;
    let policies = stored::list_policies(&work, true).await;
    work.abandon().await;
    let mut met = 0;
    for policy in policies? {
        met += carry_out(app, organization, &policy, now).await?;
    }
    Ok(met)
}

/// The time, if it can be believed. Where it cannot, that is noted once, and nothing happens until somebody says that it is right.
async fn look_at_clock(app: &App, organization: OrganizationId) -> Result<Option<DateTime<Utc>>, DomainError> {
    let work = app.begin(organization).await?;
    let found = stored::lock_clock(&work).await?;
    let now = work.database_time().await?;
    let Some((seen, stopped)) = found else {
        // Nothing was looked at before: whether the clock can be believed, the next look tells.
        if !any_ended(&work, now).await? {
            work.abandon().await;
            return Ok(None);
        }
        stored::put_clock(&work, now, None).await?;
        work.commit().await?;
        return Ok(None);
    };
    let round = TimeDelta::from_std(app.custody().every).unwrap_or(TimeDelta::zero());
    let steady = stopped.is_none() && is_steady(seen, now, round);
    if steady {
        stored::put_clock(&work, now, None).await?;
    } else if stopped.is_none() {
        stored::put_clock(&work, seen, Some(now)).await?;
        let told = app.own_entry(organization, Draft::of(Entry::RetentionStop)).await?;
        record_all(&work, &[&told]).await?;
        tracing::error!(alert = "critical", %organization, "the clock went on by more than an hour between two looks: retention waits for a person's word");
        metrics::counter!("custodian_retention_stops_total").increment(1);
    }
    work.commit().await?;
    Ok(steady.then_some(now))
}

async fn carry_out(
    app: &App,
    organization: OrganizationId,
    policy: &PolicyRow,
    now: DateTime<Utc>,
) -> Result<usize, DomainError> {
    let rule = Rule::of(policy).ok_or_else(|| DomainError::internal("a stored policy"))?;
    if rule.record_type.is_some() {
        return records::carry_out(app, organization, policy, &rule, now).await;
    }
    let Some(due) = rule.due(now, Some(policy.id)) else { return Ok(0) };
    let work = app.begin(organization).await?;
    let customers = stored::list_due(&work, &due, TOGETHER).await;
    work.abandon().await;
    let (mut done, mut erasures) = (Vec::new(), Vec::new());
    for customer in customers? {
        let work = app.begin(organization).await?;
        match one(app, &work, policy, &rule, (&due, customer)).await {
            Ok(Outcome::Left) => work.abandon().await,
            Ok(Outcome::Done(erasure)) => {
                work.commit().await?;
                done.push(customer);
                erasures.extend(erasure);
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
    if !done.is_empty() {
        let keys = rule.field.as_deref().filter(|_| rule.action.erases()).into_iter().map(str::to_owned).collect();
        register(app, organization, policy, Done { customers: &done, records: 0, erasures, keys }, now).await?;
    }
    Ok(done.len())
}

/// Says aloud that a round left somebody out because something of them does not open: it was changed outside the service. The others are not kept by it.
pub(super) async fn tell_left_out(
    app: &App,
    organization: OrganizationId,
    policy: &PolicyRow,
    customer: CustomerId,
) -> Result<(), DomainError> {
    tracing::error!(alert = "critical", %customer, policy = %policy.id, "a sealed value does not open: a round of retention left its customer out");
    metrics::counter!("custodian_integrity_failures_total").increment(1);
    let draft = Draft { verdict: Verdict::Failed, ..Draft::about(Entry::IntegrityFailed, customer) };
    let draft = draft.with("retention_policy", Detail::Code(policy.id.to_string()));
    let work = app.begin(organization).await?;
    record_all(&work, &[&app.own_entry(organization, draft).await?]).await?;
    Ok(work.commit().await?)
}

/// What became of one person.
enum Outcome {
    /// Not due any more, or a hold was laid meanwhile.
    Left,
    /// Done; the erasure, where it was one.
    Done(Option<Uuid>),
}

async fn one(
    app: &App,
    work: &Work,
    policy: &PolicyRow,
    rule: &Rule,
    (due, customer): (&Due<'_>, CustomerId),
) -> Result<Outcome, DomainError> {
    let Some((row, false)) = lock_any(work, customer).await? else { return Ok(Outcome::Left) };
    // Whoever was chosen may have been touched, or made one with somebody, before the lock was had.
    if !stored::is_due(work, due, customer).await? {
        return Ok(Outcome::Left);
    }
    if let (Some(key), Action::Anonymise | Action::Destroy) = (rule.field.as_deref(), rule.action) {
        let gone = fields::of_one(app, work, policy, &row, key).await?;
        return Ok(if gone { Outcome::Done(None) } else { Outcome::Left });
    }
    match rule.action {
        Action::Warn => {
            stored::note_warned(work, policy.id, customer).await?;
            let event = Event::about(EventType::RetentionDue, customer);
            publish(app, work, event.with("retention_policy_id", Fact::Id(policy.id))).await?;
            Ok(Outcome::Done(None))
        }
        Action::Archive => {
            if people::lock(work, customer).await?.is_none() {
                return Ok(Outcome::Left);
            }
            let gone: Vec<_> = unpack_tags(&row.tags).into_iter().map(|tag| (customer, tag)).collect();
            people::remove_tags(work, &gone).await?;
            keep_contacts(app, work, &row).await?;
            let (next, draft) = out_of_use(app, work.organization(), &row)?;
            people::archive(work, &next, work.database_time().await?, Uuid::nil()).await?;
            let draft = draft.with("retention_policy", Detail::Code(policy.id.to_string()));
            record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
            let version = Fact::Count(i64::from(row.version) + 1);
            publish(app, work, Event::about(EventType::CustomersDeleted, customer).with("version", version)).await?;
            Ok(Outcome::Done(None))
        }
        Action::Anonymise | Action::Destroy => {
            match erase_unasked(app, work, &row, Ground::RetentionOver, rule.action == Action::Anonymise).await? {
                Some(erasure) => Ok(Outcome::Done(Some(erasure))),
                None => Ok(Outcome::Left),
            }
        }
    }
}

/// What a round did.
pub(super) struct Done<'a> {
    pub customers: &'a [CustomerId],
    pub records: usize,
    pub erasures: Vec<Uuid>,
    /// The fields whose values went and left what they stood in.
    pub keys: Vec<String>,
}

pub(super) async fn register(
    app: &App,
    organization: OrganizationId,
    policy: &PolicyRow,
    done: Done<'_>,
    at: DateTime<Utc>,
) -> Result<(), DomainError> {
    let work = app.begin(organization).await?;
    let run = RunRow {
        id: app.new_id(),
        policy: policy.id,
        action: policy.action.clone(),
        customers: i32::try_from(done.customers.len()).unwrap_or(i32::MAX),
        records: i32::try_from(done.records).unwrap_or(i32::MAX),
        erasures: done.erasures,
        at,
        certificate: None,
    };
    let run = RunRow { certificate: sign(app, organization, policy, (&run, &done.keys)), ..run };
    stored::insert_run(&work, &run).await?;
    let draft = Draft { customers: done.customers.to_vec(), ..entry(Entry::RetentionRun, policy.id) };
    record_all(&work, &[&app.own_entry(organization, draft).await?]).await?;
    Ok(work.commit().await?)
}
