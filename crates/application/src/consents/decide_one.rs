//! One decision about one person, now: the question that partners ask before each message. It shares its way to the database, and that of its entry, with
//! whatever else is asked at the same time.

use std::collections::HashMap;

use custodian_domain::access::Thing;
use custodian_domain::consents::{Judgement, Question, Reason};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::roles::Permission;
use custodian_persistence::consents::{Answered, DecisionReader, Stands};
use uuid::Uuid;

use super::decide::{Asked, Decided, Stops, Whom, bound, conceal_in, decide, entry, one};
use crate::{App, Call};

/// As [`decide`], of which it is the short way for what is asked most.
///
/// Errors: those of [`decide`].
pub async fn decide_one(app: &App, reader: &DecisionReader, call: &Call, asked: Asked) -> Result<Decided, DomainError> {
    call.needs(Permission::ConsentsDecide)?;
    bound(call, &asked.purpose)?;
    let Some(customer) = meant(call, &asked) else { return decide(app, call, asked).await };
    let Answered { purpose, person } = reader.ask(call.organization(), customer.uuid(), &asked.purpose).await?;
    // Of a purpose that there is not, the long way says so.
    let Some(known) = purpose else { return decide(app, call, asked).await };
    let purpose = known.active.then_some(known.content);
    let scope = call.scope(Permission::ConsentsDecide, &[], app.now());
    let person = person.filter(|person| scope.covers(&thing(call, customer, person)));
    let question = Question {
        purpose: purpose.as_deref(),
        channel: asked.channel.as_deref(),
        renewed_from: if known.active { known.consents_from } else { chrono::DateTime::UNIX_EPOCH },
        at: known.at,
    };
    let judgement = judged(&question, customer.uuid(), person);
    let judgements = vec![conceal_in(call, judgement)];
    app.record_read(call, entry(asked.purpose, &judgements)).await?;
    Ok(Decided { as_of: known.at, legal_basis: purpose.map(|purpose| purpose.legal_basis.clone()), judgements })
}

/// The one person that is asked about; nobody where the question takes the long way: about the past, with a signal, or about a partner's row about nobody.
fn meant(call: &Call, asked: &Asked) -> Option<CustomerId> {
    let Whom::Customers(ids) = &asked.whom else { return None };
    let [id] = ids.as_slice() else { return None };
    let customer = call.identity.meant_customer(*id).ok()?;
    let nobody = call.identity.decoy.as_ref().is_some_and(|decoy| decoy.id == customer);
    (asked.as_of.is_none() && !asked.opts_out && !nobody).then_some(customer)
}

fn thing<'a>(call: &'a Call, customer: CustomerId, person: &'a Stands) -> Thing<'a> {
    Thing {
        customer,
        owner: person.owner,
        collaborators: &[],
        department_path: call.identity.department_path(person.department),
        region: person.region.as_deref(),
        restricted: person.restricted,
    }
}

fn judged(question: &Question<'_>, id: Uuid, person: Option<Stands>) -> Judgement {
    let Some(Stands { restricted, opted_out, standings, .. }) = person else {
        return Judgement::of(Reason::UnknownPerson);
    };
    let stops = Stops {
        restricted: restricted.then_some(id).into_iter().collect(),
        opted_out: opted_out.map(|at| (id, at)).into_iter().collect(),
    };
    one(question, &[id], &HashMap::from([(id, standings)]), &stops)
}
