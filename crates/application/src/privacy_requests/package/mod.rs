//! Packages: a person's own data handed over once. Made from what is held at that moment, kept nowhere.

mod content;
mod files;
mod former;
mod records;
mod submissions;
mod summary;

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{CustomerId, DomainError, Language, RefusedAs};
use custodian_domain::privacy_requests::{Right, State, encloses_files, takes_files};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::privacy_requests::{self as stored, RequestRow};
use custodian_persistence::{DbError, Work, consents, self_service};
use serde_json::json;
use uuid::Uuid;

use self::content::{Files, Source, files};
use self::files::{Archive, Attached, attached_bytes};
use super::{Codes, Doer, codes, conflict, entry, note, still_here};
use crate::access::spend_in;
use crate::audit::{Detail, Draft, Shown};
use crate::customers::{FormerValue, former_values, guard, own_values};
use crate::detections::note_package_again;
use crate::erasures::identifiers_of;
use crate::forms::own_submissions;
use crate::records::own_records;
use crate::self_service::purposes_in_use;
use crate::{App, Call, attachments, consents as agreements};

/// How long a package can be fetched after its request was done.
const LIVES: TimeDelta = TimeDelta::days(7);
/// The most records of consent in a package.
const MOST_CONSENTS: i64 = 10_000;
/// The most of what hangs on the person in a package.
const MOST_RECORDS: i64 = 100_000;
/// The most versions of the person, and of each that was merged into them, whose former values are in a package.
const MOST_VERSIONS: i64 = 10_000;

/// A package on its way out.
pub struct Package {
    /// The request that it answers.
    pub request: Uuid,
    archive: Archive,
}

impl Package {
    /// The next bytes of the ZIP archive; nothing at the end.
    ///
    /// Errors: `Integrity` for a file that does not open, or went meanwhile; the archive is to be cut off there.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, DomainError> {
        self.archive.next().await
    }
}

/// The package of a request that was done, for who hands it over.
///
/// Errors: 404; 409 `no_package` for a right without one, and before the request is done; 410 `erased`, `package_expired`, `package_fetched` for a second
/// try, which raises an alarm; `Integrity` where something of the person does not open, an alarm as well: a package that lacks what is held would be a false answer, and
/// this one can be fetched once it opens again.
pub async fn package(app: &App, call: &Call, id: Uuid) -> Result<Package, DomainError> {
    call.needs(Permission::PrivacyRequestsManage)?;
    fetch(app, call, Some(id), None).await
}

/// The caller's own: that of the request named, or of the newest that has one.
///
/// Errors: those of [`package`].
pub(crate) async fn own_package(
    app: &App,
    call: &Call,
    customer: CustomerId,
    request: Option<Uuid>,
) -> Result<Package, DomainError> {
    fetch(app, call, request, Some(customer)).await
}

async fn fetch(app: &App, call: &Call, id: Option<Uuid>, own: Option<CustomerId>) -> Result<Package, DomainError> {
    let work = app.begin(call.organization()).await?;
    let fetched = fetch_in(app, call, &work, id, own).await;
    match work.settle(fetched).await {
        Ok(package) => Ok(package),
        Err(refusal) => refused(app, call, refusal).await,
    }
}

/// Why there is no package.
enum Refusal {
    Plain(DomainError),
    /// It was handed out before.
    Again(DomainError, Box<RequestRow>),
    /// Something of this customer does not open: nothing is handed out, and nothing counts as handed out.
    Damaged(CustomerId),
}

impl From<DomainError> for Refusal {
    fn from(error: DomainError) -> Self {
        Self::Plain(error)
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        Self::Plain(error.into())
    }
}

async fn refused(app: &App, call: &Call, refusal: Refusal) -> Result<Package, DomainError> {
    match refusal {
        Refusal::Plain(error) => Err(error),
        Refusal::Damaged(customer) => guard(app, call, customer, Err(DomainError::Integrity)).await,
        Refusal::Again(error, row) => {
            tracing::error!(alert = "high", request = %row.id, "a package was asked for a second time");
            metrics::counter!("custodian_packages_asked_again_total").increment(1);
            let draft = entry(Action::PrivacyRequestsPackageAgain, &row);
            app.record_read(call, Draft { verdict: Verdict::Refused, ..draft }).await?;
            note_package_again(app, call).await;
            Err(error)
        }
    }
}

async fn fetch_in(
    app: &App,
    call: &Call,
    work: &Work,
    id: Option<Uuid>,
    own: Option<CustomerId>,
) -> Result<Package, Refusal> {
    stored::hold(work).await?;
    let row = find(work, id, own).await?;
    let now = work.database_time().await?;
    may_be_fetched(&row, now)?;
    still_here(work, &row).await?;
    let customer = CustomerId::from(row.customer.ok_or(DomainError::NotFound)?);
    make(app, call, work, row, customer, now).await.map_err(|error| match error {
        DomainError::Integrity => Refusal::Damaged(customer),
        error => Refusal::Plain(error),
    })
}

async fn find(work: &Work, id: Option<Uuid>, own: Option<CustomerId>) -> Result<RequestRow, DomainError> {
    let id = match (id, own) {
        (Some(id), _) => Some(id),
        (None, Some(customer)) => stored::newest_answered(work, customer.uuid()).await?,
        (None, None) => None,
    };
    let id = id.ok_or(DomainError::NotFound)?;
    let survivor = survivor_of(work, id).await?;
    let mut row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    // What was answered before a merge still hangs on the one that went, and is the survivor's to fetch.
    row.customer = survivor.map(CustomerId::uuid).or(row.customer);
    let mine = |own: CustomerId| row.customer == Some(own.uuid()) && row.verified_at.is_some();
    if own.is_none_or(mine) { Ok(row) } else { Err(DomainError::NotFound) }
}

/// Who the person of a request is by now where they were merged, held before the one that they were, as where both are erased. No merge comes in between:
/// it holds the organisation's requests, too.
async fn survivor_of(work: &Work, request: Uuid) -> Result<Option<CustomerId>, DomainError> {
    let customer = stored::find(work, request).await?.and_then(|row| row.customer);
    let Some(customer) = customer else { return Ok(None) };
    let survivor = people::merged_into(work, CustomerId::from(customer)).await?;
    if let Some(survivor) = survivor {
        people::lock_any(work, survivor).await?;
    }
    Ok(survivor)
}

fn may_be_fetched(row: &RequestRow, now: DateTime<Utc>) -> Result<(), Refusal> {
    let gone = |code| DomainError::refused(RefusedAs::Gone, code);
    let Codes { right, state, .. } = codes(row)?;
    let answered = state == State::Completed && row.verified_at.is_some() && row.customer.is_some();
    if !answered || !matches!(right, Right::Access | Right::Portability) {
        return Err(conflict("no_package").into());
    }
    if row.packaged_at.is_some() {
        return Err(Refusal::Again(gone("package_fetched"), Box::new(row.clone())));
    }
    if row.closed_at.is_none_or(|closed| closed + LIVES <= now) {
        return Err(gone("package_expired").into());
    }
    Ok(())
}

async fn make(
    app: &App,
    call: &Call,
    work: &Work,
    row: RequestRow,
    customer: CustomerId,
    now: DateTime<Utc>,
) -> Result<Package, DomainError> {
    let found = people::lock_on_file(work, customer).await?.ok_or(DomainError::NotFound)?;
    // Who hands it over looks as closely as who reveals; the person does not.
    if call.identity.user().is_some() {
        spend_in(app, call, work, &[customer]).await?;
    }
    let values = own_values(app, call, &found)?;
    let records = own_records(app, call, work, &found, MOST_RECORDS).await?;
    let Codes { right, jurisdiction, .. } = codes(&row)?;
    let former = former(app, call, work, &found, right, &values).await?;
    let identifiers = own_identifiers(&values, &former);
    let (attached, files_left_out) = attached(app, work, &found, right, &identifiers).await?;
    let submissions = own_submissions(app, call, work, &found).await?;
    let purposes = purposes_in_use(work).await?;
    let agreed = agreements::purposes_in_force(work, customer).await?;
    let given = consents::of_customer(work, customer.uuid(), None, MOST_CONSENTS).await?;
    let language = self_service::language(work, customer).await?;
    let language = language.and_then(|(tag, _)| Language::from_tag(&tag)).unwrap_or(Language::Zh);
    let source = Source {
        request: row.id,
        right,
        jurisdiction,
        language,
        at: now,
        row: &found,
        values: &values,
        former: &former,
        purposes: &purposes,
        agreed: &agreed,
        consents: &given,
        records: &records,
        attached: &attached,
        files_left_out,
        submissions: &submissions,
        identifiers: &identifiers,
    };
    let files = files(&source)?;
    let enclosed = if encloses_files(jurisdiction) { attached } else { Vec::new() };
    hand_out(app, call, work, &row, now, files, enclosed).await
}

/// What was kept of the person before: theirs to know (GDPR art. 15), and not to take along.
async fn former<'c>(
    app: &App,
    call: &'c Call,
    work: &Work,
    customer: &CustomerRow,
    right: Right,
    values: &[(&Field, String)],
) -> Result<Vec<FormerValue<'c>>, DomainError> {
    if right != Right::Access {
        return Ok(Vec::new());
    }
    former_values(app, call, work, customer, values, MOST_VERSIONS).await
}

/// The identifiers that stay in free texts: those of former values, too, which are handed over in any case.
fn own_identifiers(values: &[(&Field, String)], former: &[FormerValue<'_>]) -> Vec<String> {
    let mut own = identifiers_of(values);
    own.extend(former.iter().flat_map(|one| identifiers_of(std::slice::from_ref(&one.value))));
    own
}

/// The files that belong into the package, and how many do not.
async fn attached(
    app: &App,
    work: &Work,
    customer: &CustomerRow,
    right: Right,
    identifiers: &[String],
) -> Result<(Vec<Attached>, usize), DomainError> {
    let held = attachments::of_whom(app, work, customer).await?;
    Ok(if takes_files(right) { (Attached::all(held, identifiers), 0) } else { (Vec::new(), held.len()) })
}

/// The archive of these, its handing out on record.
async fn hand_out(
    app: &App,
    call: &Call,
    work: &Work,
    row: &RequestRow,
    now: DateTime<Utc>,
    files: Files,
    enclosed: Vec<Attached>,
) -> Result<Package, DomainError> {
    let shown = Shown { revealed: files.fields.clone(), ..Shown::default() };
    let (bytes, count) = (files.bytes() + attached_bytes(&enclosed), enclosed.len());
    let archive = Archive::of(files, enclosed)?;
    stored::note_packaged(work, row.id, now).await?;
    note(app, work, row, Doer::of(call), "package_fetched", json!({"bytes": bytes, "attachments": count})).await?;
    let draft = Draft { shown, ..entry(Action::PrivacyRequestsPackage, row) };
    let count = Detail::Count(u32::try_from(count).unwrap_or(u32::MAX));
    app.record_change(work, call, draft.with("attachments", count)).await?;
    Ok(Package { request: row.id, archive })
}
