//! Backups that are too old, and trials of them: an alarm about the whole organisation, raised once, which ends by itself when there is a fresh one.

use custodian_domain::audit::Action;
use custodian_domain::detections::{Outcome, Rule};
use custodian_domain::kernel::DomainError;
use custodian_persistence::backups::{LastGood, last_good};
use custodian_persistence::detections as stored;
use custodian_persistence::{Work, organizations};

use super::raise::{About, alarm, tell};
use crate::App;
use crate::audit::{Detail, Draft, record_all};

/// Looks at how old the last good backup and the last good trial are, for every organisation.
pub async fn watch_backups(app: &App) -> Result<(), DomainError> {
    for (organization, _) in organizations::list(app.db()).await? {
        let work = app.begin(organization).await?;
        look_at_backups(app, &work).await?;
        work.commit().await?;
    }
    Ok(())
}

/// The same for one organisation, in this transaction, by the database's clock. Where there never was one, the time is counted from when the organisation came to be.
pub(crate) async fn look_at_backups(app: &App, work: &Work) -> Result<(), DomainError> {
    let LastGood { now, founded, taken, drilled } = last_good(work).await?;
    for (rule, at) in [(Rule::BackupOverdue, taken), (Rule::DrillOverdue, drilled)] {
        let since = at.unwrap_or(founded);
        let Some(longest) = app.tuning().thresholds.longest(rule) else { continue };
        let age = now - since;
        if age <= longest {
            resolve(app, work, rule).await?;
            continue;
        }
        let hours = u32::try_from(age.num_hours().max(1)).unwrap_or(u32::MAX);
        let row = alarm(app, rule, About::Organization, hours, longest);
        if stored::insert_about(work, &row, since).await? {
            tell(app, work, rule, &row).await?;
        }
    }
    Ok(())
}

/// Ends what was raised about something that is over.
async fn resolve(app: &App, work: &Work, rule: Rule) -> Result<(), DomainError> {
    for id in stored::resolve(work, rule.as_str()).await? {
        let draft = Draft { rule: Some(rule.as_str().to_owned()), ..Draft::of(Action::AlertsClose) };
        let draft = draft
            .with("alert", Detail::Code(id.to_string()))
            .with("outcome", Detail::Code(Outcome::Resolved.as_str().to_owned()));
        record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
    }
    Ok(())
}
