//! A published form as a JSON Schema that pages render from.

use custodian_domain::kernel::{DomainError, Language};
use custodian_domain::purposes::Purpose;
use custodian_persistence::{Work, notices};
use serde_json::Value;
use uuid::Uuid;

use super::schema::{Labelled, Told, written};
use super::token::from_page;
use super::{Shown, ourselves, shown};
use crate::App;
use crate::notices::texts_of;
use crate::self_service::purposes_in_use;

/// The JSON Schema 2020-12 of the body of a submission to the newest published version, in a language of the form; its first where none is named.
///
/// Errors: 404; 403 `origin_not_allowed`.
pub async fn schema(app: &App, id: Uuid, language: Option<&str>, origin: Option<&str>) -> Result<Value, DomainError> {
    let Shown { work, row, form } = shown(app, id, None).await?;
    let known = language.filter(|wanted| form.languages.iter().any(|one| one == wanted));
    let language = known.or(form.languages.first().map(String::as_str)).unwrap_or_default().to_owned();
    let told = async {
        let call = ourselves(app, &work, "").await?;
        let purposes = purposes_in_use(&work).await?;
        let mut told = vec![told(&work, &purposes, (&form.purpose, form.notice), &language).await?];
        for asked in &form.consents {
            told.push(self::told(&work, &purposes, (&asked.purpose, asked.notice), &language).await?);
        }
        Ok::<_, DomainError>((call, told))
    }
    .await;
    work.abandon().await;
    let (call, told) = told?;
    from_page(&form.origins, origin)?;
    let in_language = Language::from_tag(&language).unwrap_or(Language::En);
    let labelled = Labelled { base: &app.tuning().issuer, id, version: row.version, language: &language, in_language };
    Ok(written(&labelled, &form, call.customer(), &told))
}

/// What is told of a purpose.
async fn told(
    work: &Work,
    purposes: &[(String, Purpose)],
    (code, notice): (&str, Uuid),
    language: &str,
) -> Result<Told, DomainError> {
    let purpose = purposes.iter().find(|(known, _)| known == code).map(|(_, purpose)| purpose.clone());
    let purpose = purpose.ok_or(DomainError::NotFound)?;
    let row = notices::find(work, notice).await?.ok_or(DomainError::NotFound)?;
    let mut texts = texts_of(&row)?;
    let text = texts.remove(language).or_else(|| texts.into_values().next()).ok_or(DomainError::NotFound)?;
    Ok(Told { code: code.to_owned(), purpose, notice, title: text.title, sha256: text.sha256 })
}
