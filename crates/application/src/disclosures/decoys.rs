//! Rows about nobody, each shown to one partner's key alone: what turns up elsewhere names the key that it was shown to.
//!
//! They are no customers: no list of staff, no count, no file, no erasure and no other key knows of them. Their own key finds them in its lists and
//! searches, reads them and what they agreed to, and is told what may be done with them, as with anybody else. Whatever else it does to one is answered as about
//! somebody who was erased, and the key is shown another one from then on.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_domain::access::Who;
use custodian_domain::catalog::SearchKind;
use custodian_domain::customers::province_region;
use custodian_domain::exports::alike;
use custodian_domain::kernel::{ApiKeyId, CustomerId, DomainError, OrganizationId, RefusedAs};
use custodian_persistence::api_keys::{self, ApiKeyRow};
use custodian_persistence::customers::Consents;
use custodian_persistence::disclosures::decoys::{self as stored, DecoyRow};
use custodian_persistence::exports::any_decoy;
use custodian_persistence::notices::{self, NoticeRow};
use custodian_persistence::{Work, customers, purposes};
use uuid::Uuid;

use crate::customers::{open_one, open_row};
use crate::exports::{Invented, beside, dice, invented};
use crate::keys::{OrganizationKeys, open_own, own_place, seal_own};
use crate::{App, Call};

/// A key hides its row among at least so many people: among few it would stand out, and be a good part of what the partner holds.
const MANY: i64 = 20;
/// The field of customers' running numbers.
const NUMBER: &str = "customer_no";
/// How often another number is tried where somebody has it.
const TRIES: usize = 20;
/// Fields without which nobody would be believed.
const ALWAYS: [&str; 2] = ["name", "mobile"];

/// A row about nobody.
pub struct Decoy {
    /// Its id, as a customer's would be.
    pub(crate) id: CustomerId,
    /// Stage code.
    pub(crate) stage: Option<String>,
    /// ISO 3166-2.
    pub(crate) region: Option<String>,
    /// Since when it seems to be on file.
    pub(crate) at: DateTime<Utc>,
    values: BTreeMap<String, String>,
}

impl Decoy {
    /// What it holds in a field.
    pub(crate) fn value(&self, field: &str) -> Option<&str> {
        self.values.get(field).map(String::as_str)
    }

    fn open(work: &Work, keys: &OrganizationKeys, row: DecoyRow) -> Result<Self, DomainError> {
        let DecoyRow { id, stage, region, sealed, at, .. } = row;
        let text = open_own(keys, &own_place(work.organization(), TABLE, id, "values", 1), &sealed)?;
        let values = serde_json::from_str(&text).map_err(|_| DomainError::Integrity)?;
        Ok(Self { id: CustomerId::from(id), stage, region, at, values })
    }
}

const TABLE: &str = "disclosure_decoys";

/// What a key is shown, if it is shown anything yet. One that does not open is a critical alert, and is not shown.
pub(crate) async fn shown_to(app: &App, work: &Work, key: ApiKeyId) -> Result<Option<Arc<Decoy>>, DomainError> {
    let Some(row) = stored::shown_to(work, key).await? else { return Ok(None) };
    let keys = app.keys().open_organization(work).await?;
    match Decoy::open(work, &keys, row) {
        Ok(decoy) => Ok(Some(Arc::new(decoy))),
        Err(DomainError::Integrity) => {
            tracing::error!(alert = "critical", key = %key, "a sealed value does not open: it was changed outside the service");
            metrics::counter!("custodian_integrity_failures_total").increment(1);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// The row about nobody that this caller's answers carry, if they carry any; made now, where it is time for one.
pub(crate) async fn of_caller(app: &App, call: &Call) -> Result<Option<Arc<Decoy>>, DomainError> {
    let Who::Partner(partner) = &call.identity.caller.who else { return Ok(None) };
    let work = app.begin(call.organization()).await?;
    let found = standing(app, call, &work, partner.key).await;
    match found {
        Ok((found, true)) => {
            work.commit().await?;
            app.auth().doubt(partner.key.uuid());
            Ok(found)
        }
        found => {
            work.abandon().await;
            Ok(found?.0)
        }
    }
}

/// What the caller's answers carry, and whether it is new.
async fn standing(
    app: &App,
    call: &Call,
    work: &Work,
    key: ApiKeyId,
) -> Result<(Option<Arc<Decoy>>, bool), DomainError> {
    if !stored::are_many(work, MANY).await? || !could_agree(work, call).await? {
        return Ok((None, false));
    }
    if let Some(known) = &call.identity.decoy {
        return Ok((Some(Arc::clone(known)), false));
    }
    if let Some(known) = shown_to(app, work, key).await? {
        return Ok((Some(known), false));
    }
    let made = make(app, call, work, key).await?;
    Ok((made.map(Arc::new), true))
}

/// Makes one up: as old as somebody who is there, with a value in the fields where that one has a value.
async fn make(app: &App, call: &Call, work: &Work, key: ApiKeyId) -> Result<Option<Decoy>, DomainError> {
    let Some(like) = somebody(app, work).await? else { return Ok(None) };
    let id = CustomerId::from(beside(app, Some(like.id)));
    let all = &call.customer().fields;
    let has = |key: &str| key != NUMBER && (ALWAYS.contains(&key) || like.fields.get(key).is_some());
    let fields: Vec<_> = all.iter().filter(|field| has(field.key)).cloned().collect();
    let shown = call.identity.shown_id(id).to_string();
    let Invented { values, tags } = invented(app, work, (&fields, all), &shown).await?;
    let pairs = fields.iter().zip(values);
    let mut values: BTreeMap<String, String> =
        pairs.filter_map(|(field, value)| Some((field.key.to_owned(), value?))).collect();
    values.extend(numbered(app, call, work, &like).await?.map(|number| (NUMBER.to_owned(), number)));
    let text = serde_json::to_string(&values).map_err(|_| DomainError::internal("a decoy does not serialise"))?;
    let keys = app.keys().open_organization(work).await?;
    let sealed = seal_own(&keys, &own_place(work.organization(), TABLE, id.uuid(), "values", 1), &text, app.rng());
    let lives = values.get("province").and_then(|name| province_region(name)).map(str::to_owned);
    let region = like.region.clone().map(|region| lives.unwrap_or(region));
    let (stage, at) = (like.stage.clone(), like.created_at);
    let (made_at, retired_at) = (app.now(), None);
    let row = DecoyRow { id: id.uuid(), key, stage, region, sealed, at, made_at, retired_at };
    if stored::insert(work, &row, &tags).await? {
        return Decoy::open(work, &keys, row).map(Some);
    }
    // Another call of the same key was quicker.
    let quicker = stored::shown_to(work, key).await?;
    quicker.map(|row| Decoy::open(work, &keys, row)).transpose()
}

/// A customer number like that of somebody who is there, but nobody's. It may become somebody's later, so that nothing is traced by it.
async fn numbered(
    app: &App,
    call: &Call,
    work: &Work,
    like: &customers::CustomerRow,
) -> Result<Option<String>, DomainError> {
    let (Some(field), Some(sealed)) = (call.customer().field(NUMBER), like.fields.get(NUMBER)) else { return Ok(None) };
    let key = open_row(app, work.organization(), like)?;
    let known = open_one(&key, work.organization(), like.id, &sealed)?;
    let keys = app.keys().open_organization(work).await?;
    let mut dice = dice(app.rng());
    for _ in 0..TRIES {
        let text = alike(&known, &mut dice);
        let terms = field.search_terms(&text).into_iter().filter(|(kind, _)| *kind == SearchKind::Exact);
        let tags: Vec<Vec<u8>> = terms.map(|(kind, term)| keys.tag(NUMBER, kind, &term).to_vec()).collect();
        if text != known && !any_decoy(work, &[], &tags).await? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// Somebody who is on file, by chance.
async fn somebody(app: &App, work: &Work) -> Result<Option<customers::CustomerRow>, DomainError> {
    let Some((first, last)) = stored::first_and_last(work).await? else { return Ok(None) };
    let (from, to) = (moment(first), moment(last));
    let span = u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX).saturating_add(1);
    let at = from + u64::from(dice(app.rng())(span));
    let place = uuid::Builder::from_unix_timestamp_millis(at, &[0; 10]).into_uuid();
    let Some(id) = stored::somebody(work, place).await? else { return Ok(None) };
    Ok(customers::by_ids(work, &[CustomerId::from(id)], Consents::Unwanted).await?.pop())
}

/// The milliseconds that an id begins with.
fn moment(id: Uuid) -> u64 {
    id.as_bytes().iter().take(6).fold(0, |at, byte| (at << 8) | u64::from(*byte))
}

/// For a purpose that needs consent, nobody is shown who cannot have been asked for it.
async fn could_agree(work: &Work, call: &Call) -> Result<bool, DomainError> {
    match call.purpose_facts().filter(|purpose| purpose.needs_consent) {
        Some(purpose) => Ok(notice_of(work, &purpose.code).await?.is_some()),
        None => Ok(true),
    }
}

/// The notice that consent to a purpose would have been given under.
async fn notice_of(work: &Work, purpose: &str) -> Result<Option<NoticeRow>, DomainError> {
    let published = notices::list(work, None, Some("published")).await?;
    Ok(published.into_iter().find(|notice| notice.purposes.iter().any(|code| code == purpose)))
}

/// The notice that it would have agreed to a purpose under, and when: no sooner than both were there to agree to.
pub(crate) async fn agreement(
    work: &Work,
    decoy: &Decoy,
    purpose: &str,
) -> Result<Option<(Uuid, DateTime<Utc>)>, DomainError> {
    let told = notice_of(work, purpose).await?;
    let used = purposes::in_use(work).await?.into_iter().find(|used| used.code == purpose);
    let (Some(notice), Some(used)) = (told, used) else { return Ok(None) };
    let at = decoy.at.max(used.consents_from).max(notice.published_at.unwrap_or(decoy.at));
    Ok(Some((notice.id, at)))
}

/// The id of the consent that it would have given to a purpose; always the same.
pub(crate) fn consent_of(app: &App, organization: OrganizationId, decoy: &Decoy, purpose: &str) -> Uuid {
    let digest = app.keys().lookup("decoy-consent", &format!("{organization}:{}:{purpose}", decoy.id));
    let mut random = [0; 10];
    random.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_unix_timestamp_millis(moment(decoy.id.uuid()), &random).into_uuid()
}

/// The same row, for a call that names it by its id; nothing for any other id.
///
/// Errors: 403 `no_consent` where nobody can have agreed to the call's purpose, as about anybody else.
pub(crate) async fn meant(app: &App, call: &Call, id: Uuid) -> Result<Option<Arc<Decoy>>, DomainError> {
    match &call.identity.decoy {
        Some(decoy) if call.identity.meant_customer(id).is_ok_and(|meant| meant == decoy.id) => {
            if !app.reading(call.organization(), async |work| could_agree(work, call).await).await? {
                return Err(DomainError::refused(RefusedAs::Forbidden, "no_consent"));
            }
            of_caller(app, call).await
        }
        _ => Ok(None),
    }
}

/// Whether an id is, or was, that of a row about nobody that this caller was shown. It is shown no more from now on: whatever was done to it but
/// looking cannot be done to nobody, and is answered as about somebody who was erased.
pub(crate) async fn retire(app: &App, call: &Call, id: CustomerId) -> Result<bool, DomainError> {
    let Who::Partner(partner) = &call.identity.caller.who else { return Ok(false) };
    let work = app.begin(call.organization()).await?;
    let retired = stored::retire(&work, partner.key, id.uuid()).await;
    match retired {
        Ok(true) => {
            work.commit().await?;
            app.auth().doubt(partner.key.uuid());
            Ok(true)
        }
        other => {
            work.abandon().await;
            Ok(other?)
        }
    }
}

/// A key that was shown what turned up elsewhere.
#[derive(Clone, Debug)]
pub struct Disclosed {
    /// The key, with the company that holds it.
    pub key: ApiKeyRow,
    /// Whether it is in force.
    pub active: bool,
    /// Since when it was shown it.
    pub since: DateTime<Utc>,
    /// Until when, if it is shown it no more.
    pub until: Option<DateTime<Utc>>,
}

/// Which key was shown a value, by its digest.
pub(crate) async fn disclosed(work: &Work, tag: &[u8]) -> Result<Option<Disclosed>, DomainError> {
    let Some(row) = stored::by_value(work, tag).await? else { return Ok(None) };
    let found = api_keys::find(work, row.key).await?;
    Ok(found.map(|(key, active)| Disclosed { key, active, since: row.made_at, until: row.retired_at }))
}
