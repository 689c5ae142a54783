//! What a person prefers: their language, and where they stand with every use that they have a say in.

use chrono::{DateTime, Utc};
use custodian_crypto::sha256;
use custodian_domain::audit::Action;
use custodian_domain::consents::{EVERY_CHANNEL, Evidence, Record};
use custodian_domain::kernel::{DomainError, Language, RefusedAs};
use custodian_persistence::Work;
use custodian_persistence::self_service as stored;
use uuid::Uuid;

use super::{oneself, oneself_locked};
use crate::audit::Draft;
use crate::consents::{self, ConsentView, NewConsent, Say};
use crate::{App, Call};

/// What a person prefers.
#[derive(Clone, Debug)]
pub struct Preferences {
    /// The language of letters and of what is handed out.
    pub language: Language,
    /// The uses that the person has a say in, in order of their codes.
    pub says: Vec<Say>,
    /// When a signal of the browser last opted out of selling and sharing.
    pub opted_out_at: Option<DateTime<Utc>>,
    /// Another number whenever any of it is another.
    pub version: i64,
}

/// Reads them; Chinese as long as nothing was set. A browser that `opts_out` (Global Privacy Control) is heeded first.
pub async fn preferences(app: &App, call: &Call, opts_out: bool) -> Result<Preferences, DomainError> {
    let customer = oneself(call)?;
    if opts_out {
        consents::heed_signal(app, call, customer).await?;
    }
    let work = app.begin(call.organization()).await?;
    let found = preferred(&work, call).await;
    work.abandon().await;
    app.record_read(call, Draft::about(Action::SelfServiceRead, customer)).await?;
    found
}

async fn preferred(work: &Work, call: &Call) -> Result<Preferences, DomainError> {
    let customer = oneself(call)?;
    let (tag, set) = stored::language(work, customer).await?.unwrap_or_else(|| (Language::Zh.tag().to_owned(), 0));
    let language = Language::from_tag(&tag).unwrap_or(Language::Zh);
    let (says, opted_out_at) = consents::says(work, customer).await?;
    let version = number(set, &says, opted_out_at);
    Ok(Preferences { language, says, opted_out_at, version })
}

/// A number that names what is shown, as a version does.
fn number(set: i32, says: &[Say], opted_out_at: Option<DateTime<Utc>>) -> i64 {
    let mut text = format!("{set} {opted_out_at:?}");
    for say in says {
        text.push_str(&format!("\n{} {:?} {:?} {:?} {:?}", say.code, say.purpose, say.reason, say.consent, say.notice));
        for one in &say.channels {
            text.push_str(&format!(" {} {:?} {:?}", one.channel, one.reason, one.consent));
        }
    }
    let [a, b, c, d, e, f, g, h, ..] = sha256(text.as_bytes());
    i64::from_be_bytes([a, b, c, d, e, f, g, h]) & i64::MAX
}

/// Sets the language.
///
/// Errors: 401 `session_ended`; what `admits` says of the version.
pub async fn set_preferences(
    app: &App,
    call: &Call,
    work: &Work,
    admits: impl FnOnce(i64) -> Result<(), DomainError>,
    tag: &str,
) -> Result<Preferences, DomainError> {
    let customer = oneself_locked(call, work).await?.id;
    let language = Language::from_tag(tag).ok_or(DomainError::refused(RefusedAs::Unprocessable, "invalid_body"))?;
    admits(preferred(work, call).await?.version)?;
    let now = work.database_time().await?;
    stored::put_language(work, customer, language.tag(), now).await?;
    app.record_change(work, call, Draft::about(Action::SelfServicePrefer, customer)).await?;
    preferred(work, call).await
}

/// What a person agrees to at their own door.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// Code of the purpose.
    pub purpose: String,
    /// The version of the notice that they read.
    pub notice: Uuid,
    /// One way of contact; every one of the purpose when absent.
    pub channel: Option<String>,
}

/// Records that a person agrees: nobody asked, they came forward. What needs a signature or a guardian is not agreed to here.
///
/// Errors: 401 `session_ended`; 409 `customer_deleted`; those of [`consents::record`].
pub async fn agree(app: &App, call: &Call, work: &Work, new: Agreement) -> Result<ConsentView, DomainError> {
    let row = oneself_locked(call, work).await?;
    let customer = row.id;
    // What was deleted is kept until it is erased, and used for nothing more.
    if row.deleted {
        return Err(DomainError::refused(RefusedAs::Conflict, "customer_deleted"));
    }
    let Agreement { purpose, notice, channel } = new;
    let session = call.identity.session.map(|session| session.uuid().to_string());
    let place = Some("self_service".to_owned());
    let record = Record {
        given: true,
        channel: channel.unwrap_or_else(|| EVERY_CHANNEL.to_owned()),
        evidence: Evidence { method: "web_form".to_owned(), reference: session, sha256: None, place },
        guardian: None,
        expires_at: None,
        unasked: true,
    };
    consents::record(app, call, work, NewConsent { customer: customer.uuid(), purpose, notice, record }).await
}
