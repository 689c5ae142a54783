//! One decision explained, and who can see which field of a customer. Both ask the one decision function.

use custodian_domain::access::{
    Because, Caller, Decision, Facts, FieldAccess, Outcome, Reason, View, Who, decide_explained,
};
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{ApiKeyId, DomainError, Fault, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::{Held, naming};
use custodian_persistence::customers::{Consents, CustomerReader, CustomerRow};
use uuid::Uuid;

use super::others::{Other, active_staff, live_keys, one_key, one_of_staff};
use crate::access_requests::Holding;
use crate::audit::{Detail, Draft};
use crate::customers::{facts, find, thing};
use crate::{App, Call};

/// Whose access is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The caller's own.
    Own,
    /// A colleague's.
    User(Uuid),
    /// A partner key's.
    Key(Uuid),
}

/// A question about one decision.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose.
    pub subject: Subject,
    /// With which permission.
    pub permission: String,
    /// On which customer, by the id that the caller knows.
    pub customer: Uuid,
    /// About which field; `None` for all.
    pub field: Option<String>,
    /// For which purpose.
    pub purpose: Option<String>,
}

/// One step of the explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Why.
    pub reason: Reason,
    /// The role that decided.
    pub role: Option<String>,
    /// What the deciding rule speaks of; `None` where the default of the classification decided.
    pub rule: Option<String>,
    /// The grant that opened it.
    pub grant: Option<Uuid>,
}

/// One field and why it is shown as it is.
#[derive(Clone, Debug)]
pub struct FieldWhy {
    /// Its key.
    pub key: &'static str,
    /// What may be done with it.
    pub access: FieldAccess,
    /// The steps, in order.
    pub why: Vec<Why>,
}

/// What can be done about a no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing is closed.
    None,
    /// Reveal these fields, with a reason.
    Reveal(Vec<&'static str>),
    /// Ask for access to these fields of this customer.
    RequestAccess(Vec<&'static str>),
    /// Name a purpose that the role or key is bound to.
    NamePurpose(Vec<String>),
    /// Ask somebody who gives roles for this permission.
    AskForPermission(&'static str),
}

/// A decision with its reasons.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Whether the call may go on.
    pub outcome: Outcome,
    /// Why not, for the whole call.
    pub why: Vec<Why>,
    /// The fields asked about.
    pub fields: Vec<FieldWhy>,
    /// What can be done.
    pub remedy: Remedy,
}

/// Somebody who could look at a customer.
#[derive(Clone, Debug)]
pub struct Seer {
    /// `staff` or `partner`.
    pub kind: &'static str,
    /// The user or the key.
    pub id: Uuid,
    /// Codes of the roles held.
    pub roles: Vec<String>,
    /// The decision on reading.
    pub explained: Explained,
}

/// Explains one decision: what would be answered, by which rule, and what can be done about it. Asking shows no value.
///
/// Errors: 404 for a customer that the caller may not know of, and for a subject that does not exist; 403 without `access.explain`
/// for somebody else's decision; 422 for an unknown permission or field.
pub async fn explain(app: &App, reader: &CustomerReader, call: &Call, asked: Asked) -> Result<Explained, DomainError> {
    let (permission, field) = checked(call, &asked)?;
    let knows = if asked.subject == Subject::Own { Permission::CustomersRead } else { Permission::AccessExplain };
    let row = known_row(app, reader, call, asked.customer, knows).await?;
    let held = held_by_anybody(app, call, &row).await?;
    let question = Question { row: &row, permission, purpose: asked.purpose.as_deref(), field, held: &held };
    let explained = match subject(app, call, asked.subject).await? {
        None => decision(app, call, &call.identity.caller, &question),
        Some(other) => decision(app, call, &other.caller, &question),
    };
    let mut draft =
        Draft::about(Action::AccessExplain, row.id).with("permission", Detail::Code(permission.code().to_owned()));
    if let Subject::User(id) | Subject::Key(id) = asked.subject {
        draft = draft.with("subject", Detail::Code(id.to_string()));
    }
    app.record_read(call, draft).await?;
    Ok(explained)
}

/// The customer, if the caller may know of it. A purpose that was not named hides nothing from an explanation.
async fn known_row(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
    permission: Permission,
) -> Result<std::sync::Arc<CustomerRow>, DomainError> {
    call.needs(permission)?;
    let id = call.identity.meant_customer(id)?;
    let found = reader.find(call.organization(), id, call.identity.user(), Consents::Wanted).await?;
    let (row, held) = found.ok_or(DomainError::NotFound)?;
    let (facts_thing, holding) = (thing(call, &row), Holding::of(call, held));
    let facts = facts(&call.identity.caller, permission, &facts_thing, None, None, holding.now(app.now()));
    let fields = &call.customer().fields;
    let outcome = decide_explained(&Facts { fields, grants: &holding.grants, ..facts }).outcome;
    if outcome == Outcome::DoesNotExist { Err(DomainError::NotFound) } else { Ok(row) }
}

fn checked(call: &Call, asked: &Asked) -> Result<(Permission, Option<&'static str>), DomainError> {
    let mut faults = Vec::new();
    let permission = Permission::from_code(&asked.permission);
    if permission.is_none() {
        faults.push(Fault::new("/permission", "unknown_permission"));
    }
    let field = asked.field.as_deref().map(|key| call.customer().field(key));
    if field == Some(None) {
        faults.push(Fault::new("/field", "unknown_field"));
    }
    if asked.purpose.as_ref().is_some_and(|code| !call.identity.purposes.contains_key(code)) {
        faults.push(Fault::new("/purpose", "unknown_purpose"));
    }
    match permission {
        Some(permission) if faults.is_empty() => Ok((permission, field.flatten().map(|field| field.key))),
        _ => Err(DomainError::Invalid(faults)),
    }
}

async fn subject(app: &App, call: &Call, subject: Subject) -> Result<Option<Other>, DomainError> {
    if subject == Subject::Own {
        return Ok(None);
    }
    let work = app.begin(call.organization()).await?;
    let found = match subject {
        Subject::User(id) => one_of_staff(&work, UserId::from(id), &call.identity.departments).await,
        Subject::Key(id) => one_key(&work, ApiKeyId::from(id)).await,
        Subject::Own => Ok(None),
    };
    work.abandon().await;
    found?.map(Some).ok_or(DomainError::NotFound)
}

/// Everybody's rights for a while to this customer.
async fn held_by_anybody(app: &App, call: &Call, row: &CustomerRow) -> Result<Held, DomainError> {
    app.reading(call.organization(), async |work| naming(work, row.id).await).await
}

/// What is asked of the decision, whoever it is about.
#[derive(Clone, Copy)]
struct Question<'a> {
    row: &'a CustomerRow,
    permission: Permission,
    purpose: Option<&'a str>,
    field: Option<&'a str>,
    held: &'a Held,
}

fn decision(app: &App, call: &Call, caller: &Caller, question: &Question<'_>) -> Explained {
    let Question { row, permission, purpose, field, held } = *question;
    let user = match &caller.who {
        Who::Staff(staff) => Some(staff.user),
        Who::Partner(_) | Who::Subject(_) | Who::System { .. } => None,
    };
    let holding = Holding::of_user(user, purpose, held);
    let (purpose, thing) = (purpose.map(|code| call.identity.purpose(code)), thing(call, row));
    let facts = facts(caller, permission, &thing, purpose, row.consents.as_deref(), holding.now(app.now()));
    let known = &call.customer().fields;
    let decided = decide_explained(&Facts { fields: known, grants: &holding.grants, ..facts });
    let told = |because: &&Because<'_>| why(caller, because);
    let whole = decided.reasons.iter().filter(|why| why.field.is_none());
    let wanted = known.iter().filter(|one| field.is_none_or(|key| one.key == key));
    let fields: Vec<FieldWhy> = if decided.outcome == Outcome::Allowed {
        let of = |one: &Field| FieldWhy {
            key: one.key,
            access: decided.access(one.key),
            why: decided.reasons.iter().filter(|why| why.field == Some(one.key)).map(|w| why(caller, w)).collect(),
        };
        wanted.map(of).collect()
    } else {
        Vec::new()
    };
    let remedy = remedy(caller, &decided, permission, &fields);
    Explained { outcome: decided.outcome, why: whole.collect::<Vec<_>>().iter().map(told).collect(), fields, remedy }
}

fn why(caller: &Caller, because: &Because<'_>) -> Why {
    let denying = || match (&caller.who, because.rule) {
        (Who::Staff(staff), Some(rule)) => {
            staff.roles.iter().find(|role| role.field_rules.iter().any(|own| std::ptr::eq(own, rule)))
        }
        _ => None,
    };
    let role = because.role.map(|role| role.code.clone()).or_else(|| denying().map(|role| role.code.clone()));
    Why { reason: because.reason, role, rule: because.rule.map(|rule| rule.on.to_string()), grant: because.grant }
}

fn remedy(caller: &Caller, decided: &Decision<'_>, permission: Permission, fields: &[FieldWhy]) -> Remedy {
    match decided.outcome {
        Outcome::Allowed => {}
        Outcome::MissingPermission => return Remedy::AskForPermission(permission.code()),
        Outcome::DoesNotExist => return Remedy::RequestAccess(Vec::new()),
        Outcome::PurposeRequired | Outcome::PurposeNotAllowed => return Remedy::NamePurpose(purposes_of(caller)),
    }
    let below = |level: View| fields.iter().filter(move |one| one.access.view < level).map(|one| one.key);
    let closed: Vec<&'static str> = below(View::Reveal).collect();
    let to_reveal: Vec<&'static str> = below(View::Read).collect();
    match (closed.is_empty(), to_reveal.is_empty()) {
        (true, true) => Remedy::None,
        (true, false) => Remedy::Reveal(to_reveal),
        _ => Remedy::RequestAccess(closed),
    }
}

fn purposes_of(caller: &Caller) -> Vec<String> {
    match &caller.who {
        Who::Staff(staff) => staff.roles.iter().flat_map(|role| role.purposes.iter().cloned()).collect(),
        Who::Partner(partner) => partner.purposes.iter().cloned().collect(),
        Who::Subject(_) | Who::System { .. } => Vec::new(),
    }
}

/// Everybody who could look at this customer, staff first, then keys, each in order of id, with what they would see and why. With a
/// field, those alone who would see at least its mask. Somebody bound to purposes is asked about under the first of them.
pub async fn who_sees(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    id: Uuid,
    field: Option<&str>,
) -> Result<Vec<Seer>, DomainError> {
    let row = find(app, reader, call, id, Permission::AccessExplain).await?;
    let work = app.begin(call.organization()).await?;
    let (others, held) = (everybody(&work, call).await, naming(&work, row.id).await);
    work.abandon().await;
    let held = held?;
    let mut seers = Vec::new();
    for Other { caller, roles, purposes } in others? {
        let asks = |purpose| {
            let permission = Permission::CustomersRead;
            decision(app, call, &caller, &Question { row: &row, permission, purpose, field, held: &held })
        };
        let mut explained = asks(None);
        if explained.outcome == Outcome::PurposeRequired {
            explained = asks(purposes.first().map(String::as_str));
        }
        let visible = field.is_none() || explained.fields.iter().any(|one| one.access.view > View::Hidden);
        if explained.outcome == Outcome::Allowed && visible {
            seers.push(Seer { kind: caller.actor_kind(), id: caller.actor_id(), roles, explained });
        }
    }
    let count = Detail::Count(u32::try_from(seers.len()).unwrap_or(u32::MAX));
    app.record_read(call, Draft::about(Action::AccessExplain, row.id).with("seers", count)).await?;
    Ok(seers)
}

async fn everybody(work: &custodian_persistence::Work, call: &Call) -> Result<Vec<Other>, DomainError> {
    let mut all = active_staff(work, &call.identity.departments).await?;
    all.extend(live_keys(work).await?);
    Ok(all)
}
