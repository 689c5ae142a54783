//! Reading notices: by staff, by anybody, against one another; and the record that one was shown.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, OrganizationId, RefusedAs};
use custodian_domain::notices::{Part, Side, Wanted, compared, faults, is_material, required};
use custodian_domain::roles::Permission;
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::notices::{self as stored, ShowingRow};
use custodian_persistence::{Work, consents, purposes as stored_purposes, users};
use uuid::Uuid;

use super::{NoticeView, entry, lookup, purposes_of, texts_of, view};
use crate::audit::Draft;
use crate::customers::find as find_customer;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// Every version in order of code, newest first; of one code or state if given.
pub async fn list(
    app: &App,
    call: &Call,
    code: Option<&str>,
    state: Option<&str>,
) -> Result<Vec<NoticeView>, DomainError> {
    call.needs(Permission::NoticesRead)?;
    let work = app.begin(call.organization()).await?;
    let rows = stored::list(&work, code, state).await?;
    work.abandon().await;
    app.record_read(call, Draft::of(Action::NoticesRead)).await?;
    rows.into_iter().map(view).collect()
}

async fn known(app: &App, call: &Call, id: Uuid) -> Result<(Work, NoticeView), DomainError> {
    call.needs(Permission::NoticesRead)?;
    let work = app.begin(call.organization()).await?;
    match stored::find(&work, id).await? {
        Some(row) => Ok((work, view(row)?)),
        None => {
            work.abandon().await;
            Err(DomainError::NotFound)
        }
    }
}

/// One version.
pub async fn find(app: &App, call: &Call, id: Uuid) -> Result<NoticeView, DomainError> {
    let (work, view) = known(app, call, id).await?;
    work.abandon().await;
    app.record_read(call, entry(Action::NoticesRead, &view.row)).await?;
    Ok(view)
}

/// A line of a difference.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What it is a line of.
    pub part: Part,
    /// In both texts, or in one alone.
    pub side: Side,
    /// Its words.
    pub text: String,
}

/// What changed from another version of the same notice to this one, title and text, in a language that both have: the one that is
/// wanted, or else the only one.
///
/// Errors: 404 for a version of another notice; 422 for a language that one of them lacks, and where several are left to choose from.
pub async fn differences(
    app: &App,
    call: &Call,
    id: Uuid,
    from: Option<Uuid>,
    language: &Wanted,
) -> Result<Vec<Difference>, DomainError> {
    let (work, after) = known(app, call, id).await?;
    let versions = stored::list(&work, Some(&after.row.code), None).await?;
    work.abandon().await;
    let wanted = |version: i32, id: Uuid| match from {
        Some(from) => id == from,
        None => version < after.row.version,
    };
    let before = versions.into_iter().find(|row| wanted(row.version, row.id)).ok_or(DomainError::NotFound)?;
    let before = view(before)?;
    let both: Vec<&String> = after.texts.keys().filter(|one| before.texts.contains_key(*one)).collect();
    let only = || match both.as_slice() {
        [only] if language.named.is_none() => Some(*only),
        _ => None,
    };
    let chosen = language.among(&both).or_else(only);
    let Some((old, new)) = chosen.and_then(|one| before.texts.get(one).zip(after.texts.get(one))) else {
        return Err(DomainError::Invalid(vec![Fault::new("/language", "unknown_language")]));
    };
    app.record_read(call, entry(Action::NoticesRead, &after.row)).await?;
    let lines = compared(old, new);
    Ok(lines.map(|(part, line)| Difference { part, side: line.side, text: line.text.to_owned() }).collect())
}

/// An element that a text does not tell.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Its place in the notice.
    pub place: String,
    /// The article that wants it.
    pub article: Option<String>,
}

/// What publishing a draft would mean.
#[derive(Clone, Debug, Default)]
pub struct Impact {
    /// What keeps it from being published.
    pub missing: Vec<Missing>,
    /// Consents given until then would need renewal.
    pub material: bool,
    /// Purposes that the version in force tells of and the draft does not.
    pub purposes_dropped: Vec<String>,
    /// Languages that the version in force has and the draft has not.
    pub languages_dropped: Vec<String>,
    /// Purposes that need consent and that no notice in force would tell of as they are: nobody could agree to them.
    pub uncovered: Vec<String>,
    /// How many people would have to be asked again, by purpose; empty where the change is not material.
    pub to_renew: Vec<(String, i64)>,
}

/// What publishing this draft would leave uncovered.
pub async fn impact(app: &App, call: &Call, id: Uuid) -> Result<Impact, DomainError> {
    let (work, draft) = known(app, call, id).await?;
    let published = stored::list(&work, None, Some("published")).await?;
    let purposes = purposes_of(&work, &draft.row.purposes).await?;
    let needing = stored_purposes::list(&work, Some("active")).await?;
    let agreed = consents::people_agreed(&work, &draft.row.purposes).await?;
    let covered = stored::covered_with(&work, &draft.row).await?;
    work.abandon().await;
    let known: Vec<_> = purposes.iter().flatten().collect();
    let missing = faults(&draft.texts, &required(&known, draft.row.from_others, call.catalog())).into_iter();
    let mut impact = Impact {
        missing: missing.map(|fault| Missing { place: fault.pointer, article: fault.arg }).collect(),
        ..Impact::default()
    };
    if let Some(before) = published.iter().find(|row| row.code == draft.row.code && row.id != id) {
        let texts = texts_of(before)?;
        impact.material = is_material(&texts, &draft.texts);
        impact.to_renew = if impact.material { agreed } else { Vec::new() };
        let gone = |code: &&String| !draft.row.purposes.contains(code);
        impact.purposes_dropped = before.purposes.iter().filter(gone).cloned().collect();
        impact.languages_dropped = texts.into_keys().filter(|one| !draft.texts.contains_key(one)).collect();
    }
    let needs = |row: &&stored_purposes::PurposeRow| row.content.get("consent_kind").is_some_and(|kind| kind != "none");
    let bare = needing.iter().filter(needs).map(|row| &row.code).filter(|code| !covered.contains(code));
    impact.uncovered = bare.cloned().collect();
    app.record_read(call, entry(Action::NoticesRead, &draft.row)).await?;
    Ok(impact)
}

/// A published text, for anybody.
#[derive(Clone, Debug)]
pub struct PublicNotice {
    /// The version.
    pub view: NoticeView,
    /// The language chosen.
    pub language: String,
}

/// A published or superseded version by its id, which is its address for good. In the language that is wanted, or else the first.
pub async fn public(app: &App, id: Uuid, language: &Wanted) -> Result<PublicNotice, DomainError> {
    let found = users::find_lookup(app.db(), &lookup(app, id)).await?;
    let (organization, _) = found.first().copied().ok_or(DomainError::NotFound)?;
    let work = app.begin(OrganizationId::from(organization)).await?;
    let row = stored::find(&work, id).await?;
    work.abandon().await;
    let view = view(row.filter(|row| row.state != "draft").ok_or(DomainError::NotFound)?)?;
    let known: Vec<&String> = view.texts.keys().collect();
    let chosen = language.among(&known).or_else(|| known.first().copied());
    let language = chosen.cloned().ok_or(DomainError::NotFound)?;
    Ok(PublicNotice { view, language })
}

/// Records that a published text was shown to a customer, with the digest of the very text.
///
/// Errors: 404 for a customer out of the caller's sight; 409 `notice_not_published`; 422 for a language that it lacks.
pub async fn record_showing(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    work: &Work,
    id: Uuid,
    (customer, language, channel): (Uuid, &str, &str),
) -> Result<ShowingRow, DomainError> {
    call.needs(Permission::NoticesRecord)?;
    let notice = view(stored::find(work, id).await?.ok_or(DomainError::NotFound)?)?;
    let known = find_customer(app, reader, call, customer, Permission::NoticesRecord).await?;
    if notice.row.state != "published" {
        return Err(DomainError::refused(RefusedAs::Conflict, "notice_not_published"));
    }
    let Some(text) = notice.texts.get(language) else {
        return Err(DomainError::Invalid(vec![Fault::new("/language", "unknown_language")]));
    };
    let row = ShowingRow {
        id: app.new_id(),
        customer: known.id.uuid(),
        language: language.to_owned(),
        channel: channel.to_owned(),
        sha256: text.sha256.clone(),
        at: work.database_time().await?,
        by_kind: call.identity.caller.actor_kind().to_owned(),
        by: call.identity.actor_id(),
    };
    stored::insert_showing(work, id, &row).await?;
    let draft = Draft { customer: Some(known.id), ..entry(Action::NoticesRecord, &notice.row) };
    app.record_change(work, call, draft).await?;
    Ok(ShowingRow { customer: call.identity.shown_id(known.id), ..row })
}

/// A page of the showings of a notice, newest first; to one customer if given.
pub async fn showings(
    app: &App,
    call: &Call,
    id: Uuid,
    customer: Option<Uuid>,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<ShowingRow>, Option<Uuid>), DomainError> {
    call.needs(Permission::NoticesManage)?;
    let work = app.begin(call.organization()).await?;
    let notice = stored::find(&work, id).await?;
    let mut rows = stored::showings(&work, id, customer, before, one_more(limit)).await?;
    work.abandon().await;
    let notice = notice.ok_or(DomainError::NotFound)?;
    let next = cut(&mut rows, limit, |row| row.id);
    app.record_read(call, entry(Action::NoticesRead, &notice)).await?;
    Ok((rows, next))
}
