//! Drafting and publishing notices.

use std::collections::BTreeMap;

use custodian_crypto::sha256;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::notices::{Text, Texts, faults, is_element, is_material, required};
use custodian_domain::roles::Permission;
use custodian_persistence::notices::{self as stored, NoticeRow};
use custodian_persistence::{DbError, Work, consents, purposes as stored_purposes, users};
use uuid::Uuid;

use super::{NoticeView, entry, lookup, purposes_of, texts_of, view};
use crate::api_keys::is_purpose_code;
use crate::audit::Detail;
use crate::purposes::unknown_faults;
use crate::{App, Call};

/// A text as typed.
#[derive(Clone, Debug)]
pub struct TextDraft {
    /// Its title.
    pub title: String,
    /// All of it.
    pub text: String,
    /// Words of the text, by the element that they tell.
    pub elements: BTreeMap<String, String>,
}

/// A notice as typed. Of a change, what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct NoticeDraft {
    /// Codes of the purposes.
    pub purposes: Option<Vec<String>>,
    /// The data does not come from the person.
    pub from_others: Option<bool>,
    /// By language.
    pub texts: Option<BTreeMap<String, TextDraft>>,
}

/// `zh`, `zh-CN`, `en-GB`: a language of two or three letters and subtags (BCP 47).
fn is_language(code: &str) -> bool {
    let mut parts = code.split('-');
    let first = parts.next().is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    first
        && code.len() <= 35
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn texts(drafts: BTreeMap<String, TextDraft>, found: &mut Vec<Fault>) -> Texts {
    let mut texts = Texts::new();
    for (language, draft) in drafts {
        if !is_language(&language) {
            found.push(Fault::new(format!("/texts/{language}"), "unknown_language"));
        }
        for code in draft.elements.keys().filter(|code| !is_element(code)) {
            found.push(Fault::new(format!("/texts/{language}/elements/{code}"), "unknown_element"));
        }
        let digest: String = sha256(draft.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let TextDraft { title, text, elements } = draft;
        texts.insert(language, Text { title, text, elements, sha256: digest });
    }
    texts
}

async fn onto(work: &Work, draft: NoticeDraft, row: &mut NoticeRow) -> Result<(), DomainError> {
    let mut found = Vec::new();
    if let Some(purposes) = draft.purposes {
        found.extend(unknown_faults(work, &purposes).await?);
        row.purposes = purposes;
    }
    row.from_others = draft.from_others.unwrap_or(row.from_others);
    if let Some(drafts) = draft.texts {
        let texts = texts(drafts, &mut found);
        row.texts = serde_json::to_value(&texts).map_err(|_| DomainError::internal("a notice does not serialise"))?;
    }
    if found.is_empty() { Ok(()) } else { Err(DomainError::Invalid(found)) }
}

/// Drafts a notice, or the next version of one.
///
/// Errors: 422 with every fault; 409 `draft_exists`.
pub async fn create(
    app: &App,
    call: &Call,
    work: &Work,
    code: String,
    draft: NoticeDraft,
) -> Result<NoticeView, DomainError> {
    call.needs(Permission::NoticesManage)?;
    if !is_purpose_code(&code) {
        return Err(DomainError::Invalid(vec![
            Fault::new("/code", "invalid_format").with_arg("[a-z0-9][a-z0-9_.-]{0,63}"),
        ]));
    }
    let version = stored::lock_all(work, &code).await?.first().map_or(1, |newest| newest.version + 1);
    let mut row = NoticeRow {
        id: app.new_id(),
        code,
        version,
        state: "draft".to_owned(),
        revision: 1,
        purposes: Vec::new(),
        from_others: false,
        texts: serde_json::Value::Object(serde_json::Map::new()),
        material: false,
        created_at: work.database_time().await?,
        created_by: call.identity.actor_id(),
        published_at: None,
        published_by: None,
    };
    onto(work, draft, &mut row).await?;
    stored::insert(work, &row).await.map_err(|error| match error {
        DbError::Conflict(_) => DomainError::refused(RefusedAs::Conflict, "draft_exists"),
        other => other.into(),
    })?;
    app.record_change(work, call, entry(Action::NoticesCreate, &row)).await?;
    view(row)
}

/// The draft of an id with the other versions of its code, all held.
async fn draft_and_others(
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
) -> Result<(NoticeRow, Vec<NoticeRow>), DomainError> {
    let code = stored::find(work, id).await?.ok_or(DomainError::NotFound)?.code;
    let mut all = stored::lock_all(work, &code).await?;
    let place = all.iter().position(|row| row.id == id).ok_or(DomainError::NotFound)?;
    let row = all.swap_remove(place);
    admits(row.revision)?;
    if row.state != "draft" {
        return Err(DomainError::refused(RefusedAs::Conflict, "notice_published"));
    }
    Ok((row, all))
}

/// Changes a draft. What was published stays as it is for good.
///
/// Errors: those of [`create`]; 409 `notice_published`.
pub async fn patch(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    admits: impl FnOnce(i32) -> Result<(), DomainError>,
    draft: NoticeDraft,
) -> Result<NoticeView, DomainError> {
    call.needs(Permission::NoticesManage)?;
    let (mut row, _) = draft_and_others(work, id, admits).await?;
    onto(work, draft, &mut row).await?;
    row.revision += 1;
    stored::update(work, &row).await?;
    app.record_change(work, call, entry(Action::NoticesUpdate, &row)).await?;
    view(row)
}

/// Publishes a draft; the version until now is superseded. Where what people agree to reads otherwise than before, or `material` says so, consents
/// to its purposes that were given until now need renewal, from this transaction on. Words that were in force when a purpose last became another may be
/// published again, for whatever else the version changes; they tell nobody of that, so a yes under them stays `notice_outdated`.
///
/// Errors: 422 with every element that is missing, per language; 409 `notice_published`.
pub async fn publish(app: &App, call: &Call, work: &Work, id: Uuid, material: bool) -> Result<NoticeView, DomainError> {
    call.needs(Permission::NoticesManage)?;
    let (mut row, others) = draft_and_others(work, id, |_| Ok(())).await?;
    let texts = texts_of(&row)?;
    complete(call, work, &row, &texts).await?;
    let now = consents::moment(work).await?;
    let before = others.into_iter().find(|other| other.state == "published");
    row.material = match &before {
        Some(before) => material || is_material(&texts_of(before)?, &texts),
        None => false,
    };
    if let Some(before) = before {
        let revision = before.revision + 1;
        stored::update(work, &NoticeRow { state: "superseded".to_owned(), revision, ..before }).await?;
    }
    row.state = "published".to_owned();
    row.revision += 1;
    row.published_at = Some(now);
    row.published_by = Some(call.identity.actor_id());
    stored::update(work, &row).await?;
    users::add_lookup(work, &lookup(app, id), id).await?;
    if row.material {
        for code in &row.purposes {
            stored_purposes::renew_from(work, code, now, "notice", id).await?;
        }
    }
    let renewal = Detail::Code(if row.material { "needed" } else { "not_needed" }.to_owned());
    app.record_change(work, call, entry(Action::NoticesPublish, &row).with("renewal", renewal)).await?;
    Ok(NoticeView { row, texts })
}

async fn complete(call: &Call, work: &Work, row: &NoticeRow, texts: &Texts) -> Result<(), DomainError> {
    let purposes = purposes_of(work, &row.purposes).await?;
    let gone = purposes.iter().enumerate().filter(|(_, one)| one.is_none());
    let mut found: Vec<Fault> = gone.map(|(at, _)| Fault::new(format!("/purposes/{at}"), "unknown_purpose")).collect();
    if texts.is_empty() {
        found.push(Fault::new("/texts", "empty"));
    }
    let known: Vec<_> = purposes.iter().flatten().collect();
    found.extend(faults(texts, &required(&known, row.from_others, call.catalog())));
    if found.is_empty() { Ok(()) } else { Err(DomainError::Invalid(found)) }
}
