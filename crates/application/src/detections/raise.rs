//! Raising an alarm: once about the same caller or address within a window.

use chrono::Duration;
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::detections::Rule;
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::detections::{self as stored, AlertRow};
use uuid::Uuid;

use crate::App;
use crate::audit::{Detail, Draft, record_all};
use crate::events::{Event, EventType, Fact, publish};

/// Whom an alarm is about.
#[derive(Clone, Copy)]
pub(super) enum About {
    /// A member of staff, a partner key or a person at their own door, with the kind of actor.
    Caller(&'static str, Uuid),
    /// A network address, as a keyed tag.
    Source([u8; 32]),
    /// The organisation as a whole.
    Organization,
}

/// An alarm that is not raised yet.
pub(super) fn alarm(app: &App, rule: Rule, about: About, counted: u32, window: Duration) -> AlertRow {
    let (actor_kind, actor, source) = match about {
        About::Caller(kind, id) => (Some(kind.to_owned()), Some(id), None),
        About::Source(tag) => (None, None, Some(tag.to_vec())),
        About::Organization => (None, None, None),
    };
    AlertRow {
        id: app.new_id(),
        rule: rule.as_str().to_owned(),
        actor_kind,
        actor,
        source,
        counted: i32::try_from(counted).unwrap_or(i32::MAX),
        window_seconds: i32::try_from(window.num_seconds()).unwrap_or(i32::MAX),
        raised_at: app.now(),
        closed_at: None,
        closed_by: None,
        outcome: None,
        version: 1,
    }
}

/// Raises an alarm in this transaction, with its entry and its event, unless there is one about the same within the window.
pub(super) async fn raise(app: &App, work: &Work, rule: Rule, about: About, counted: u32) -> Result<(), DomainError> {
    let row = alarm(app, rule, about, counted, app.tuning().thresholds.window);
    if stored::insert_once(work, &row).await? { tell(app, work, rule, &row).await } else { Ok(()) }
}

/// Tells of an alarm that was just added: the audit log, and whoever follows events.
pub(super) async fn tell(app: &App, work: &Work, rule: Rule, row: &AlertRow) -> Result<(), DomainError> {
    let counted = u32::try_from(row.counted).unwrap_or_default();
    let mut draft = Draft { verdict: Verdict::Failed, rule: Some(row.rule.clone()), ..Draft::of(Action::AlertsRaise) };
    draft = draft.with("alert", Detail::Code(row.id.to_string())).with("count", Detail::Count(counted));
    if let Some(actor) = row.actor {
        draft = draft.with("actor", Detail::Code(actor.to_string()));
    }
    let entry = app.own_entry(work.organization(), draft).await?;
    record_all(work, &[&entry]).await?;
    let event = Event::of(EventType::AlertsRaised)
        .with("alert_id", Fact::Id(row.id))
        .with("rule", Fact::Code(row.rule.clone()))
        .with("count", Fact::Count(i64::from(counted)));
    publish(app, work, event).await?;
    metrics::counter!("custodian_alerts_total", "rule" => rule.as_str()).increment(1);
    tracing::warn!(alert = "high", rule = rule.as_str(), id = %row.id, counted, "something has to be looked into");
    Ok(())
}
