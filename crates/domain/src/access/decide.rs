//! The decision: the one function that says who may see and change what. Pure; called for every customer of every answer.

use super::scope::{role_covers, widened_by_grants};
use super::{
    Because, Caller, Decision, Facts, FieldAccess, Grant, Outcome, Partner, PurposeFacts, Reason, Staff, Subject, View,
    Who,
};
use crate::catalog::{Classification, Field};
use crate::roles::{DataScope, FieldRule, Permission, Role, RuleTarget};

/// Decides. Gives no reasons, and is cheap enough to be asked for each row.
pub fn decide<'a>(facts: &Facts<'a>) -> Decision<'a> {
    let (outcome, fields) = run(facts, None, &mut Silent);
    Decision { outcome, fields, reasons: Vec::new() }
}

/// Decides alike with one right more, which opens its fields and reaches nobody: a customer who is out of the caller's sight without it stays there.
pub fn decide_within_reach<'a>(facts: &Facts<'a>, approved: &'a Grant) -> Decision<'a> {
    let (outcome, fields) = run(facts, Some(approved), &mut Silent);
    Decision { outcome, fields, reasons: Vec::new() }
}

/// Decides alike and tells why: per field what set its level, and what capped it.
pub fn decide_explained<'a>(facts: &Facts<'a>) -> Decision<'a> {
    let mut notes = Notes(Vec::new());
    let (outcome, fields) = run(facts, None, &mut notes);
    Decision { outcome, fields, reasons: notes.0 }
}

/// What this caller could at most see and change of the field, on any customer that the permission reaches, for any purpose,
/// without grants. A search or a sort by a field whose answer here is `Hidden` must be refused; where only some of a
/// caller's roles open the field, the rows found must still pass [`decide`] one by one, or the search becomes an oracle.
pub fn widest_field_access(caller: &Caller, permission: Permission, field: &Field) -> FieldAccess {
    match &caller.who {
        Who::Staff(staff) => {
            let holding = staff.roles.iter().filter(|role| role.permissions.contains(&permission));
            let roles: Vec<Opener<'_>> = holding.map(|role| Opener::new(role)).collect();
            let denies = denies(staff);
            by_roles(&roles, &denies, field).0
        }
        Who::Partner(partner) => by_key(partner, permission, field),
        Who::Subject(_) if Subject::holds(permission) => OWN,
        Who::Subject(_) => FieldAccess::CLOSED,
        Who::System { .. } => OPEN,
    }
}

/// What one role by itself gives of a field on the customers that it covers.
pub(crate) fn role_access(role: &Role, permission: Permission, field: &Field) -> FieldAccess {
    let denies: Vec<&FieldRule> = role.field_rules.iter().filter(|rule| rule.deny).collect();
    let holds = role.permissions.contains(&permission);
    let opener = Opener::new(role);
    by_roles(if holds { std::slice::from_ref(&opener) } else { &[] }, &denies, field).0
}

/// What these roles together give of a field, of those that cover some customer, once the denies have spoken.
pub(crate) fn roles_access(roles: &[&Role], denies: &[&FieldRule], field: &Field) -> FieldAccess {
    let roles: Vec<Opener<'_>> = roles.iter().map(|role| Opener::new(role)).collect();
    by_roles(&roles, denies, field).0
}

const OPEN: FieldAccess = FieldAccess { view: View::Read, edit: true };

/// A person sees themselves whole, and has corrections made by those who keep the data.
const OWN: FieldAccess = FieldAccess { view: View::Read, edit: false };

/// Where reasons go. The silent one costs nothing.
trait Trace<'a> {
    fn note(&mut self, because: Because<'a>);
}

impl<'a> Because<'a> {
    fn of(field: Option<&'a str>, reason: Reason) -> Self {
        Self { field, reason, role: None, rule: None, grant: None }
    }
}

struct Silent;

impl<'a> Trace<'a> for Silent {
    fn note(&mut self, _: Because<'a>) {}
}

struct Notes<'a>(Vec<Because<'a>>);

impl<'a> Trace<'a> for Notes<'a> {
    fn note(&mut self, because: Because<'a>) {
        self.0.push(because);
    }
}

/// A role that counts for this customer. Whether it may write is asked once, not for each field.
struct Opener<'a> {
    role: &'a Role,
    writes: bool,
    writes_records: bool,
}

impl<'a> Opener<'a> {
    fn new(role: &'a Role) -> Self {
        let holds = |permission| role.permissions.contains(&permission);
        let writes = holds(Permission::CustomersWrite) || holds(Permission::CustomersCreate);
        Self { role, writes, writes_records: holds(Permission::RecordsWrite) }
    }
}

/// What a caller brings to this customer, once it is clear that the call may go on.
enum Standing<'a> {
    Staff { roles: Vec<Opener<'a>>, denies: Vec<&'a FieldRule>, grants: Vec<&'a Grant> },
    Partner(&'a Partner),
    Subject,
    System,
}

fn run<'a, T: Trace<'a>>(
    facts: &Facts<'a>,
    approved: Option<&'a Grant>,
    trace: &mut T,
) -> (Outcome, Vec<(&'a Field, FieldAccess)>) {
    let standing = match standing(facts) {
        Ok(Standing::Staff { roles, denies, mut grants }) => {
            grants.extend(approved.filter(|grant| is_in_force(facts, grant)));
            Standing::Staff { roles, denies, grants }
        }
        Ok(standing) => standing,
        Err((outcome, reason)) => {
            trace.note(Because::of(None, reason));
            return (outcome, Vec::new());
        }
    };
    if let Some(role) = by_collaboration(facts, &standing) {
        trace.note(Because { role: Some(role), ..Because::of(None, Reason::Collaborator) });
    }
    let level = |field: &'a Field| {
        let before = open(facts, &standing, field, trace);
        // Purposes and restriction bind those who use the data, not the person.
        let own = matches!(standing, Standing::Subject);
        (field, if own { before } else { cap(facts, field, before, trace) })
    };
    (Outcome::Allowed, facts.fields.iter().map(level).collect())
}

type Stop = (Outcome, Reason);

const MISSING: Stop = (Outcome::MissingPermission, Reason::MissingPermission);

fn standing<'a>(facts: &Facts<'a>) -> Result<Standing<'a>, Stop> {
    match &facts.caller.who {
        Who::Staff(staff) => standing_of_staff(facts, staff),
        Who::Partner(partner) if !partner.permissions.contains(&facts.permission) => Err(MISSING),
        Who::Partner(partner) => {
            let bound = !partner.purposes.is_empty();
            match facts.purpose {
                Some(purpose) if bound && !partner.purposes.contains(&purpose.code) => Err(wrong_purpose(true)),
                None if bound => Err(wrong_purpose(false)),
                _ => Ok(Standing::Partner(partner)),
            }
        }
        Who::Subject(_) if !Subject::holds(facts.permission) => Err(MISSING),
        Who::Subject(subject) if subject.customer != facts.thing.customer => {
            Err((Outcome::DoesNotExist, Reason::OutsideScope))
        }
        Who::Subject(_) => Ok(Standing::Subject),
        Who::System { .. } => Ok(Standing::System),
    }
}

fn standing_of_staff<'a>(facts: &Facts<'a>, staff: &'a Staff) -> Result<Standing<'a>, Stop> {
    let holding =
        || staff.roles.iter().map(AsRef::as_ref).filter(|role: &&Role| role.permissions.contains(&facts.permission));
    if holding().next().is_none() {
        return Err(MISSING);
    }
    let mut roles: Vec<&Role> = holding().filter(|role| role_covers(role, staff, facts.thing)).collect();
    let grants = grants_in_force(facts);
    let by_grant = !grants.is_empty() && widened_by_grants(facts.permission);
    if roles.is_empty() && !by_grant {
        return Err((Outcome::DoesNotExist, Reason::OutsideScope));
    }
    roles.retain(|role| serves(role, facts.purpose));
    if roles.is_empty() && !(by_grant && holding().any(|role| serves(role, facts.purpose))) {
        return Err(wrong_purpose(facts.purpose.is_some()));
    }
    Ok(Standing::Staff { roles: roles.into_iter().map(Opener::new).collect(), denies: denies(staff), grants })
}

/// The role that reaches the customer only because the caller was named beside its owner.
fn by_collaboration<'a>(facts: &Facts<'a>, standing: &Standing<'a>) -> Option<&'a Role> {
    let (Who::Staff(staff), Standing::Staff { roles, .. }) = (&facts.caller.who, standing) else { return None };
    let named = facts.thing.owner != Some(staff.user) && facts.thing.collaborators.contains(&staff.user);
    roles.iter().map(|opener| opener.role).find(|role| named && role.data_scope == DataScope::Own)
}

const fn wrong_purpose(named: bool) -> Stop {
    if named {
        (Outcome::PurposeNotAllowed, Reason::PurposeNotAllowed)
    } else {
        (Outcome::PurposeRequired, Reason::PurposeRequired)
    }
}

/// A role bound to purposes opens nothing under another, nor under none.
fn serves(role: &Role, purpose: Option<&PurposeFacts>) -> bool {
    role.purposes.is_empty() || purpose.is_some_and(|named| role.purposes.contains(&named.code))
}

fn grants_in_force<'a>(facts: &Facts<'a>) -> Vec<&'a Grant> {
    facts.grants.iter().filter(|grant| is_in_force(facts, grant)).collect()
}

fn is_in_force(facts: &Facts<'_>, grant: &Grant) -> bool {
    grant.until > facts.now && grant.customers.contains(&facts.thing.customer)
}

/// A deny holds on every customer and for every permission: it is a wall, not a level.
fn denies(staff: &Staff) -> Vec<&FieldRule> {
    staff.roles.iter().flat_map(|role| &role.field_rules).filter(|rule| rule.deny).collect()
}

/// Steps 4, 5 and 7: what roles, grants or the key open.
fn open<'a, T: Trace<'a>>(facts: &Facts<'a>, standing: &Standing<'a>, field: &'a Field, trace: &mut T) -> FieldAccess {
    let key = Some(field.key);
    match standing {
        Standing::Staff { roles, denies, grants } => {
            let (mut access, because) = by_roles(roles, denies, field);
            trace.note(Because { field: key, ..because });
            if access.view < View::Read
                && let Some(grant) = grants.iter().find(|grant| grant.fields.contains(field.name))
            {
                access.view = View::Read;
                trace.note(Because { grant: Some(grant.id), ..Because::of(key, Reason::Grant) });
            }
            access
        }
        Standing::Partner(partner) => {
            trace.note(Because::of(key, Reason::PartnerFieldScope));
            by_key(partner, facts.permission, field)
        }
        Standing::Subject => {
            trace.note(Because::of(key, Reason::OwnData));
            OWN
        }
        Standing::System => {
            trace.note(Because::of(key, Reason::System));
            OPEN
        }
    }
}

/// Step 6: what the purpose and the person's rights close again. Never opens.
fn cap<'a, T: Trace<'a>>(facts: &Facts<'a>, field: &'a Field, mut access: FieldAccess, trace: &mut T) -> FieldAccess {
    let key = Some(field.key);
    if let Some(purpose) = facts.purpose {
        if purpose.fields.as_ref().is_some_and(|listed| !listed.contains(field.name)) {
            trace.note(Because::of(key, Reason::PurposeExcludesField));
            return FieldAccess::CLOSED;
        }
        if purpose.needs_consent && !facts.consent_in_force && field.category.is_personal() {
            trace.note(Because::of(key, Reason::NoConsent));
            return FieldAccess::CLOSED;
        }
        if purpose.may_object && !facts.consent_in_force && field.category.is_personal() {
            trace.note(Because::of(key, Reason::Objected));
            return FieldAccess::CLOSED;
        }
    }
    let left_open = facts.purpose.is_some_and(|purpose| purpose.open_under_restriction);
    if facts.thing.restricted && !left_open && access.view > View::Masked {
        access.view = View::Masked;
        trace.note(Because::of(key, Reason::Restricted));
    }
    access
}

/// The most open of these roles, unless a deny closes the field. No role at all opens nothing.
fn by_roles<'a>(roles: &[Opener<'a>], denies: &[&'a FieldRule], field: &Field) -> (FieldAccess, Because<'a>) {
    if let Some(deny) = denies.iter().find(|rule| specificity(&rule.on, field) > 0) {
        let because = Because { rule: Some(deny), ..Because::of(None, Reason::DenyRule) };
        return (FieldAccess::CLOSED, because);
    }
    let mut widest = FieldAccess::CLOSED;
    let mut because = Because::of(None, Reason::KnownByGrantOnly);
    for Opener { role, writes, writes_records } in roles {
        let Said { view, edit } = says(role, field);
        let shown = view.and_then(|rule| rule.view).unwrap_or(default_view(field.classification));
        if shown > widest.view || because.reason == Reason::KnownByGrantOnly {
            widest.view = shown;
            let reason = if view.is_some() { Reason::RoleRule } else { Reason::DefaultByClassification };
            because = Because { role: Some(role), rule: view, ..Because::of(None, reason) };
        }
        widest.edit |= edit == Some(true) && if field.is_of_customer() { *writes } else { *writes_records };
    }
    (widest, because)
}

const fn default_view(classification: Classification) -> View {
    match classification {
        Classification::Public | Classification::Internal => View::Read,
        Classification::Sensitive => View::Masked,
        Classification::Core => View::Hidden,
    }
}

/// What one role's rules say of a field.
struct Said<'a> {
    /// The rule that speaks of viewing.
    view: Option<&'a FieldRule>,
    /// Whether it may be changed, if a rule speaks of that.
    edit: Option<bool>,
}

/// The most specific rule that speaks of viewing, and of editing; of two alike the more open.
fn says<'a>(role: &'a Role, field: &Field) -> Said<'a> {
    let mut view: (u8, Option<&FieldRule>) = (0, None);
    let mut edit = (0, None);
    for rule in role.field_rules.iter().filter(|rule| !rule.deny) {
        let rank = specificity(&rule.on, field);
        if rank == 0 {
            continue;
        }
        if rule.view.is_some() && (rank, rule.view) > (view.0, view.1.and_then(|rule| rule.view)) {
            view = (rank, Some(rule));
        }
        if rule.edit.is_some() && (rank, rule.edit) > edit {
            edit = (rank, rule.edit);
        }
    }
    Said { view: view.1, edit: edit.1 }
}

/// 3 for the field's key, 2 for its category, 1 for its classification, 0 where the rule speaks of others.
pub(crate) fn specificity(target: &RuleTarget, field: &Field) -> u8 {
    match target {
        RuleTarget::Field(name) if *name == field.name => 3,
        RuleTarget::Category(category) if *category == field.category => 2,
        RuleTarget::Classification(class) if *class == field.classification => 1,
        _ => 0,
    }
}

/// Step 7: a partner key sees its own fields and no others, core ones masked, and enters them only where it may write.
fn by_key(partner: &Partner, permission: Permission, field: &Field) -> FieldAccess {
    let holds = |permission| partner.permissions.contains(&permission);
    if !holds(permission) || !partner.fields.contains(field.name) {
        return FieldAccess::CLOSED;
    }
    let view = if field.classification == Classification::Core { View::Masked } else { View::Read };
    // A key that may only create enters fields while it creates, and changes none later.
    let edit = if field.is_of_customer() {
        holds(Permission::CustomersWrite) || permission == Permission::CustomersCreate
    } else {
        holds(Permission::RecordsWrite)
    };
    FieldAccess { view, edit }
}
