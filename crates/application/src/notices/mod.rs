//! Notices: drafted per language, published only when they tell what the law wants, shown, and read by anybody.

mod read;
mod write;

use custodian_domain::kernel::DomainError;
use custodian_domain::notices::Texts;
use custodian_domain::purposes::Purpose;
use custodian_persistence::Work;
use custodian_persistence::notices::NoticeRow;
use custodian_persistence::purposes as stored_purposes;
use serde::Deserialize as _;
use uuid::Uuid;

pub use read::{
    Difference, Impact, Missing, PublicNotice, differences, find, impact, list, public, record_showing, showings,
};
pub use write::{NoticeDraft, TextDraft, create, patch, publish};

use crate::audit::{Detail, Draft};
use custodian_domain::audit::Action;

/// A version with what it says.
#[derive(Clone, Debug)]
pub struct NoticeView {
    /// As stored.
    pub row: NoticeRow,
    /// By language.
    pub texts: Texts,
}

pub(crate) fn texts_of(row: &NoticeRow) -> Result<Texts, DomainError> {
    Texts::deserialize(&row.texts).map_err(|error| DomainError::internal(format!("a stored notice: {error}")))
}

fn view(row: NoticeRow) -> Result<NoticeView, DomainError> {
    let texts = texts_of(&row)?;
    Ok(NoticeView { row, texts })
}

fn entry(action: Action, row: &NoticeRow) -> Draft {
    Draft::of(action)
        .with("notice", Detail::Code(row.id.to_string()))
        .with("notice_code", Detail::Code(row.code.clone()))
        .with("version", Detail::Count(u32::try_from(row.version).unwrap_or_default()))
}

/// The purposes of these codes, in their order; `None` where one is not in force.
async fn purposes_of(work: &Work, codes: &[String]) -> Result<Vec<Option<Purpose>>, DomainError> {
    let rows = stored_purposes::list(work, Some("active")).await?;
    let read = |code: &String| {
        let row = rows.iter().find(|row| row.code == *code);
        row.map(|row| Purpose::deserialize(&row.content)).transpose()
    };
    codes.iter().map(read).collect::<Result<_, _>>().map_err(|_| DomainError::internal("a stored purpose"))
}

/// The tag under which a published notice is found before any organisation is known.
fn lookup(app: &crate::App, id: Uuid) -> [u8; 32] {
    app.keys().lookup("notice", &id.to_string())
}
