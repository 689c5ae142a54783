//! Filing what a partner passes on. Its answer is the same whether the person is on file or not.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::catalog::spotted;
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::privacy_requests::{Channel, Jurisdiction, Proof, Requester, Right};
use custodian_domain::rights_protocols::{Refused, may_call_back};
use custodian_outbound::Fetch;
use custodian_persistence::Work;
use custodian_persistence::privacy_requests::{self as requests, RequestRow};
use custodian_persistence::rights_protocols::{self as stored, ExchangeRow};

use super::{RightsPartner, entry, tell};
use crate::App;
use crate::audit::Detail;
use crate::privacy_requests::{Details, NewRequest, Whom, file, meant};

/// The most addresses that one request may ask to be told at, and the longest of them.
const MOST_CALLBACKS: usize = 10;
const LONGEST_URL: usize = 2000;

/// A contact point that a request names. Never printed.
pub(super) struct Contact {
    /// `email` or `mobile`.
    pub field: &'static str,
    /// The address or the number.
    pub value: String,
    /// Where it stands in what was sent; nothing where one of another form than ours is simply nobody's.
    pub pointer: Option<String>,
}

/// A request as it came in by either protocol.
pub(super) struct Incoming {
    pub right: Right,
    pub jurisdiction: Jurisdiction,
    pub channel: Channel,
    pub contacts: Vec<Contact>,
    /// Whether the partner says that it has proved who asks.
    pub claims_proof: bool,
    pub received_at: Option<DateTime<Utc>>,
    pub details: Details,
    pub external_id: Option<String>,
    pub asked: &'static str,
    pub naming: &'static str,
    pub callback_urls: Vec<String>,
}

/// The addresses that a request asks to be told at, as they will be called, and what is wrong with them: each must be agreed, public and nobody's
/// personal value.
pub(super) fn callbacks(
    app: &App,
    by: &RightsPartner,
    urls: &[String],
    pointer: &str,
    faults: &mut Vec<Fault>,
) -> Vec<String> {
    if urls.len() > MOST_CALLBACKS {
        faults.push(Fault::new(pointer, "too_many").with_arg(MOST_CALLBACKS.to_string()));
        return Vec::new();
    }
    let mut called = Vec::new();
    for (at, url) in urls.iter().enumerate() {
        match callback(app, by, url) {
            Ok(url) => called.push(url),
            Err(code) => faults.push(Fault::new(format!("{pointer}/{at}"), code)),
        }
    }
    called
}

fn callback(app: &App, by: &RightsPartner, sent: &str) -> Result<String, &'static str> {
    let url = Fetch::as_called(sent).ok_or("invalid_url")?;
    // What is called may say what the text hid, by a line break in a number, and the other way round.
    let nobodys = spotted(sent).is_empty() && spotted(&url).is_empty();
    let short = sent.len() <= LONGEST_URL && url.len() <= LONGEST_URL;
    if !short || !nobodys || !app.courier().may_deliver_to(&url, &app.tuning().issuer) {
        return Err("invalid_url");
    }
    if may_call_back(&by.row.callback_urls, &url, Fetch::as_called) { Ok(url) } else { Err("not_allowed") }
}

/// The one customer that all the contact points that are known lead to. Several people are nobody.
async fn person(
    app: &App,
    by: &RightsPartner,
    work: &Work,
    contacts: Vec<Contact>,
) -> Result<Option<CustomerId>, DomainError> {
    let mut found = BTreeSet::new();
    for Contact { field, value, pointer } in contacts {
        match meant(app, &by.call, work, &Whom::Contact(field.to_owned(), value)).await {
            Ok(customer) => found.extend(customer.map(CustomerId::uuid)),
            Err(DomainError::Invalid(faults)) => {
                let Some(pointer) = pointer else { continue };
                let code = faults.first().map_or("invalid_text", |fault| fault.code);
                return Err(DomainError::invalid(pointer, code));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(if found.len() == 1 { found.pop_first().map(CustomerId::from) } else { None })
}

/// Files the request, notes whom it came from, and queues the first word to the partner, in one transaction.
///
/// Errors: 409 `request_exists` for an id that the partner has used before; those of filing a request.
pub(super) async fn take(
    app: &App,
    by: &RightsPartner,
    work: &Work,
    incoming: Incoming,
) -> Result<(ExchangeRow, RequestRow), DomainError> {
    requests::hold(work).await?;
    if let Some(id) = &incoming.external_id
        && stored::exchange_by_external(work, by.row.id, id).await?.is_some()
    {
        return Err(DomainError::refused(RefusedAs::Conflict, Refused::RequestExists.as_str()));
    }
    let Incoming { right, jurisdiction, channel, contacts, claims_proof, received_at, details, .. } = incoming;
    let found = person(app, by, work, contacts).await?;
    // Whether anybody was found changes nothing here: the answer would tell.
    let proof = (claims_proof && by.row.vouches).then_some(Proof::Partner);
    let new = NewRequest {
        right,
        jurisdiction,
        whom: Whom::Contact(String::new(), String::new()),
        received_at,
        channel,
        requester: Requester::Agent,
        purposes: Vec::new(),
        details,
    };
    let row = file(app, &by.call, work, new, found, proof).await?.row;
    let exchange = ExchangeRow {
        id: row.id,
        partner: by.row.id,
        protocol: by.row.protocol.clone(),
        external_id: incoming.external_id,
        asked: incoming.asked.to_owned(),
        naming: incoming.naming.to_owned(),
        callback_urls: incoming.callback_urls,
        told: tell::words(&by.row.protocol, &row)?,
        created_at: row.created_at,
    };
    stored::insert_exchange(work, &exchange).await?;
    tell::queue(app, work, &exchange, &row).await?;
    let draft = entry(Action::RightsExchangesOpen, by.row.id);
    let draft = draft.with("privacy_request", Detail::Code(row.id.to_string()));
    app.record_change(work, &by.call, draft).await?;
    Ok((exchange, row))
}

/// What is said of a request that came from a partner: who passed it on, and nothing of the person.
pub(super) fn details(by: &RightsPartner, authorization: String, words: Option<String>) -> Details {
    let name = Some(by.row.name.clone());
    Details { name, authorization: Some(authorization), words, ..Details::default() }
}
