//! What a check finds wrong with the log, and how it is told: once in the service's own log, once in each log concerned.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::OrganizationId;
use custodian_persistence::organizations;
use uuid::Uuid;

use super::{Detail, Draft};
use crate::App;

/// Findings remembered as told; beyond it they are told again rather than let memory grow.
const TOLD: usize = 10_000;

/// One thing that is not as it was left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Whose log; none for what concerns all of them.
    pub organization: Option<OrganizationId>,
    /// Which check, as a stable word.
    pub code: &'static str,
    /// The first bad place in that log.
    pub place: Option<u64>,
    /// The entry, or the customer, where it is one.
    pub subject: Option<Uuid>,
    /// A sentence for people. Ids and numbers, never values.
    pub says: String,
}

impl Finding {
    /// A finding about a log as a whole.
    pub fn of(organization: Option<OrganizationId>, code: &'static str, says: impl Into<String>) -> Self {
        Self { organization, code, place: None, subject: None, says: says.into() }
    }

    /// The same at a place.
    pub fn at(self, place: u64) -> Self {
        Self { place: Some(place), ..self }
    }

    /// The same about an entry or a customer.
    pub fn entry(self, id: Uuid) -> Self {
        Self { subject: Some(id), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.organization {
            Some(organization) => write!(to, "{organization}")?,
            None => write!(to, "all logs")?,
        }
        if let Some(place) = self.place {
            write!(to, ", place {place}")?;
        }
        if let Some(subject) = self.subject {
            write!(to, ", {subject}")?;
        }
        write!(to, ": {} [{}]", self.says, self.code)
    }
}

/// What was told since the start.
#[derive(Default)]
pub struct Told(Mutex<HashSet<Finding>>);

impl Told {
    /// True the first time.
    fn first(&self, finding: &Finding) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= TOLD {
            told.clear();
        }
        told.insert(finding.clone())
    }
}

impl App {
    /// Raises a critical alert, the first time that this process meets the finding: a line in its own log, and an entry in each log concerned.
    pub async fn alarm(&self, finding: &Finding) {
        if !self.log().told.first(finding) {
            return;
        }
        metrics::counter!("custodian_audit_findings_total").increment(1);
        tracing::error!(alert = "critical", code = finding.code, %finding, "the audit log is not as it was left");
        let concerned = match finding.organization {
            Some(organization) => Ok(vec![organization]),
            None => organizations::list(self.db()).await.map(|all| all.into_iter().map(|(id, _)| id).collect()),
        };
        for organization in concerned.unwrap_or_default() {
            if let Err(error) = self.alarm_entry(organization, finding).await {
                tracing::error!(%organization, %error, "an alarm cannot be entered in the log");
            }
        }
    }

    async fn alarm_entry(
        &self,
        organization: OrganizationId,
        finding: &Finding,
    ) -> Result<(), custodian_domain::kernel::DomainError> {
        let mut draft = Draft { verdict: Verdict::Failed, ..Draft::of(Action::AuditAlarm) };
        draft = draft.with("finding", Detail::Code(finding.code.to_owned()));
        if let Some(place) = finding.place {
            draft = draft.with("place", Detail::Code(place.to_string()));
        }
        if let Some(subject) = finding.subject {
            draft = draft.with("subject", Detail::Code(subject.to_string()));
        }
        let entry = self.own_entry(organization, draft).await?;
        self.record(vec![entry]).await
    }
}
