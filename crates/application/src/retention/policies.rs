//! Retention policies: made by one person, previewed, put in force by another.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action as Entry;
use custodian_domain::catalog::{CUSTOMER, Catalog, DataType, Field, RecordType};
use custodian_domain::customers::Stage;
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::records::OpenFacts;
use custodian_domain::retention::{Action, PolicyState, Since, due_before};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::retention::{self as stored, Due, DueRecords, PolicyRow, RunRow};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::auth::require_step_up;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// How many ids a preview shows.
const SAMPLE: i64 = 20;

/// Whom a policy would meet, and what it would do.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What hangs on customers, by its type; customers themselves when absent.
    pub record_type: Option<String>,
    /// Records in this state alone.
    pub record_state: Option<String>,
    /// Values of this field alone, by its key; whoever or whatever has them stays.
    pub field: Option<String>,
    /// Those who said something about this purpose alone.
    pub purpose: Option<String>,
    /// At this stage alone.
    pub stage: Option<String>,
    /// From when the time is counted.
    pub since: Since,
    /// For how many days nobody has to have touched them.
    pub days: u32,
    /// What happens.
    pub action: Action,
}

/// What a rule comes to now.
#[derive(Clone, Debug)]
pub struct RetentionPreview {
    /// How many are due and free to go.
    pub due: i64,
    /// How many a legal hold keeps.
    pub held: i64,
    /// Some of those who are due.
    pub sample: Vec<Uuid>,
}

pub(super) fn entry(action: Entry, policy: Uuid) -> Draft {
    Draft::of(action).with("retention_policy", Detail::Code(policy.to_string()))
}

impl Rule {
    /// As it is stored; a row that this version cannot read is none.
    pub(super) fn of(row: &PolicyRow) -> Option<Self> {
        Some(Self {
            record_type: row.record_type.clone(),
            record_state: row.record_state.clone(),
            field: row.field.clone(),
            purpose: row.purpose.clone(),
            stage: row.stage.clone(),
            since: Since::from_code(&row.since)?,
            days: u32::try_from(row.days).ok()?,
            action: Action::from_code(&row.action)?,
        })
    }

    /// Whom it meets at this moment.
    pub(super) fn due(&self, now: DateTime<Utc>, policy: Option<Uuid>) -> Option<Due<'_>> {
        let archived = self.since == Since::ArchivedAt;
        Some(Due {
            stage: self.stage.as_deref(),
            purpose: self.purpose.as_deref(),
            since: self.since,
            before: due_before(now, self.days)?,
            unwarned_by: policy.filter(|_| self.action == Action::Warn),
            in_use: !archived && !self.action.erases(),
            field: self.field.as_deref(),
        })
    }

    /// The fields of records that it takes away where the records stay; none where they go, or nothing does.
    pub(super) fn taken<'c>(&self, of: &'c RecordType) -> Option<Vec<&'c Field>> {
        match self.field.as_deref() {
            Some(key) => Some(of.ever().filter(|field| field.key == key).collect()),
            None => (self.action == Action::Anonymise).then(|| of.personal().collect()),
        }
    }

    /// Whether it takes everything personal away from records that stay: the files that hang on them as well, of which nobody can say whom they tell of.
    pub(super) fn takes_files(&self) -> bool {
        self.action == Action::Anonymise && self.field.is_none()
    }

    /// Which records it meets at this moment; nothing for a rule about customers.
    pub(super) fn due_records<'a>(
        &'a self,
        catalog: &'a Catalog,
        now: DateTime<Utc>,
        policy: Option<Uuid>,
    ) -> Option<DueRecords<'a>> {
        let record_type = self.record_type.as_deref()?;
        let taken = self.taken(catalog.record_type(record_type)?);
        Some(DueRecords {
            record_type,
            state: self.record_state.as_deref(),
            purpose: self.purpose.as_deref(),
            since: self.since,
            before: due_before(now, self.days)?,
            in_use: self.since != Since::ArchivedAt && !self.action.erases(),
            fields: taken.map(|fields| fields.iter().map(|field| field.key).collect()),
            files: self.takes_files(),
            unwarned_by: policy.filter(|_| self.action == Action::Warn),
        })
    }

    fn check(&self, call: &Call) -> Result<(), DomainError> {
        let mut faults = Vec::new();
        let of = self.record_type.as_deref();
        if of.is_some_and(|code| code == CUSTOMER || call.catalog().record_type(code).is_none()) {
            faults.push(Fault::new("/record_type", "not_a_choice"));
        }
        faults.extend(self.field_faults(call));
        faults.extend(self.state_fault(call));
        if of.is_some() && self.stage.is_some() {
            faults.push(Fault::new("/stage", "not_allowed"));
        }
        if self.purpose.as_ref().is_some_and(|code| !call.identity.purposes.contains_key(code)) {
            faults.push(Fault::new("/purpose", "unknown_purpose"));
        }
        if self.stage.as_deref().is_some_and(|code| Stage::from_code(code).is_none()) {
            faults.push(Fault::new("/stage", "not_a_choice"));
        }
        if self.action == Action::Archive && self.since == Since::ArchivedAt {
            faults.push(Fault::new("/since", "not_a_choice"));
        }
        if faults.is_empty() { Ok(()) } else { Err(DomainError::Invalid(faults)) }
    }
}

impl Rule {
    /// A state that records of the type can be seen to be in: in another, or in any of a type without states, it would meet nothing and say nothing.
    fn state_fault(&self, call: &Call) -> Option<Fault> {
        let state = self.record_state.as_deref()?;
        let not_allowed = || Fault::new("/record_state", "not_allowed");
        let Some(code) = self.record_type.as_deref() else { return Some(not_allowed()) };
        let of = call.catalog().record_type(code).filter(|of| of.code != CUSTOMER)?;
        let field = OpenFacts::of(of).state.and_then(|key| of.field(key));
        match field.map(|field| &field.data_type) {
            Some(DataType::Enum(states)) if states.iter().any(|known| known == state) => None,
            Some(DataType::Enum(states)) => {
                Some(Fault::new("/record_state", "not_a_choice").with_arg(states.join(", ")))
            }
            _ => Some(not_allowed()),
        }
    }

    /// A field of what the rule is about, in use or not, that its action may take away; and something personal where that is to go.
    fn field_faults(&self, call: &Call) -> Vec<Fault> {
        let of = call.catalog().record_type(self.record_type.as_deref().unwrap_or(CUSTOMER));
        let Some(key) = self.field.as_deref() else {
            let nothing = self.action == Action::Anonymise && of.is_some_and(|of| of.personal().next().is_none());
            return nothing.then(|| Fault::new("/action", "not_allowed")).into_iter().collect();
        };
        let mut faults = Vec::new();
        match of.and_then(|of| of.ever().find(|field| field.key == key)) {
            None => faults.push(Fault::new("/field", "unknown_field")),
            Some(field) if self.action.fits_fields() && !self.action.may_take(field, self.record_type.is_none()) => {
                faults.push(Fault::new("/field", "not_allowed"));
            }
            Some(_) => {}
        }
        if !self.action.fits_fields() {
            faults.push(Fault::new("/action", "not_a_choice").with_arg("warn, anonymise, destroy"));
        }
        faults
    }
}

async fn counted(work: &Work, catalog: &Catalog, rule: &Rule, policy: Option<Uuid>) -> Result<(i64, i64), DomainError> {
    let now = work.database_time().await?;
    if rule.record_type.is_some() {
        return match rule.due_records(catalog, now, policy) {
            Some(due) => Ok(stored::count_due_records(work, &due).await?),
            None => Ok((0, 0)),
        };
    }
    match rule.due(now, policy) {
        Some(due) => Ok(stored::count_due(work, &due).await?),
        None => Ok((0, 0)),
    }
}

/// What a rule would meet now. Nothing is changed.
pub async fn preview_policy(app: &App, call: &Call, rule: &Rule) -> Result<RetentionPreview, DomainError> {
    call.needs(Permission::RetentionRead)?;
    rule.check(call)?;
    let (preview, customers) =
        app.reading(call.organization(), async |work| look(work, call.catalog(), rule).await).await?;
    app.record_read(call, Draft { customers, ..Draft::of(Entry::RetentionRead) }).await?;
    Ok(preview)
}

async fn look(work: &Work, catalog: &Catalog, rule: &Rule) -> Result<(RetentionPreview, Vec<CustomerId>), DomainError> {
    let (due, held) = counted(work, catalog, rule, None).await?;
    let now = work.database_time().await?;
    if let Some(records) = rule.due_records(catalog, now, None) {
        let found = stored::list_due_records(work, &records, SAMPLE).await?;
        let mut customers: Vec<CustomerId> = found.iter().map(|(customer, _)| CustomerId::from(*customer)).collect();
        customers.dedup();
        let sample = found.into_iter().map(|(_, record)| record).collect();
        return Ok((RetentionPreview { due, held, sample }, customers));
    }
    let customers = match rule.due(now, None) {
        Some(due) => stored::list_due(work, &due, SAMPLE).await?,
        None => Vec::new(),
    };
    let sample = customers.iter().map(|id| id.uuid()).collect();
    Ok((RetentionPreview { due, held, sample }, customers))
}

/// Makes a policy. It does nothing yet but be previewed.
pub async fn create_policy(
    app: &App,
    call: &Call,
    work: &Work,
    name: String,
    rule: Rule,
) -> Result<PolicyRow, DomainError> {
    call.needs(Permission::RetentionManage)?;
    rule.check(call)?;
    let row = PolicyRow {
        id: app.new_id(),
        name,
        record_type: rule.record_type,
        record_state: rule.record_state,
        field: rule.field,
        purpose: rule.purpose,
        stage: rule.stage,
        since: rule.since.as_str().to_owned(),
        days: i32::try_from(rule.days).unwrap_or(i32::MAX),
        action: rule.action.as_str().to_owned(),
        state: PolicyState::DryRun.as_str().to_owned(),
        created_at: work.database_time().await?,
        created_by: call.identity.actor_id(),
        activated_at: None,
        activated_by: None,
    };
    stored::insert_policy(work, &row).await?;
    app.record_change(work, call, entry(Entry::RetentionCreate, row.id)).await?;
    Ok(row)
}

/// Puts a policy in force. Whoever does so has previewed it, says how many were due, and did not make it.
///
/// Errors: 403 `own_policy`, `step_up_required`; 409 `preview_outdated` where another number is due now, `wrong_policy_state` for one that is in force.
pub async fn activate_policy(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    due: i64,
) -> Result<PolicyRow, DomainError> {
    call.needs(Permission::RetentionManage)?;
    let row = stored::lock_policy(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.created_by == call.identity.actor_id() {
        return Err(DomainError::refused(RefusedAs::Forbidden, "own_policy"));
    }
    require_step_up(app, call, work).await?;
    if row.state == PolicyState::Active.as_str() {
        return Err(wrong_state());
    }
    let rule = Rule::of(&row).ok_or_else(|| DomainError::internal("a stored policy"))?;
    if counted(work, call.catalog(), &rule, None).await?.0 != due {
        return Err(DomainError::refused(RefusedAs::Conflict, "preview_outdated"));
    }
    let now = work.database_time().await?;
    if stored::lock_clock(work).await?.is_none() {
        stored::put_clock(work, now, None).await?;
    }
    let state = PolicyState::Active.as_str().to_owned();
    let row = PolicyRow { state, activated_at: Some(now), activated_by: Some(call.identity.actor_id()), ..row };
    stored::update_policy(work, &row).await?;
    let draft = entry(Entry::RetentionActivate, id).with("due", Detail::Count(u32::try_from(due).unwrap_or(u32::MAX)));
    app.record_change(work, call, draft).await?;
    Ok(row)
}

fn wrong_state() -> DomainError {
    DomainError::refused(RefusedAs::Conflict, "wrong_policy_state")
}

/// Takes a policy out of force at once. Anybody who manages policies may, its maker included.
///
/// Errors: 409 `wrong_policy_state` for one that is not in force.
pub async fn pause_policy(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<PolicyRow, DomainError> {
    call.needs(Permission::RetentionManage)?;
    let row = stored::lock_policy(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.state != PolicyState::Active.as_str() {
        return Err(wrong_state());
    }
    let row = PolicyRow { state: PolicyState::Paused.as_str().to_owned(), ..row };
    stored::update_policy(work, &row).await?;
    app.record_change(work, call, entry(Entry::RetentionPause, id)).await?;
    Ok(row)
}

/// Gives the word that the clock is right, after it went on by more than an hour between two looks.
///
/// Errors: 403 `step_up_required`; 409 `clock_not_stopped` where none is waited for.
pub async fn confirm_clock(app: &App, call: &Call, work: &Work) -> Result<(), DomainError> {
    call.needs(Permission::RetentionManage)?;
    require_step_up(app, call, work).await?;
    match stored::lock_clock(work).await? {
        Some((_, Some(_))) => {}
        _ => return Err(DomainError::refused(RefusedAs::Conflict, "clock_not_stopped")),
    }
    stored::put_clock(work, work.database_time().await?, None).await?;
    app.record_change(work, call, Draft::of(Entry::RetentionConfirm)).await
}

/// Every policy, oldest first.
pub async fn list_policies(app: &App, call: &Call) -> Result<Vec<PolicyRow>, DomainError> {
    call.needs(Permission::RetentionRead)?;
    let rows = app.reading(call.organization(), async |work| stored::list_policies(work, false).await).await?;
    app.record_read(call, Draft::of(Entry::RetentionRead)).await?;
    Ok(rows)
}

/// One policy.
pub async fn find_policy(app: &App, call: &Call, id: Uuid) -> Result<PolicyRow, DomainError> {
    call.needs(Permission::RetentionRead)?;
    let row = app
        .reading(call.organization(), async |work| stored::find_policy(work, id).await)
        .await?
        .ok_or(DomainError::NotFound)?;
    app.record_read(call, entry(Entry::RetentionRead, id)).await?;
    Ok(row)
}

/// What the rounds of a policy did, or those of all, newest first: the register of destruction.
pub async fn list_runs(
    app: &App,
    call: &Call,
    policy: Option<Uuid>,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<RunRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::RetentionRead)?;
    if let Some(id) = policy {
        find_policy(app, call, id).await?;
    }
    let mut rows = app
        .reading(call.organization(), async |work| stored::list_runs(work, policy, before, one_more(limit)).await)
        .await?;
    let next = cut(&mut rows, limit, |row| row.id);
    if policy.is_none() {
        app.record_read(call, Draft::of(Entry::RetentionRead)).await?;
    }
    Ok((rows, next))
}
