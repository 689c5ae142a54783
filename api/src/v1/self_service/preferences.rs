//! What a person prefers: their language, and the uses that they have a say in.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use chrono::{DateTime, Utc};
use custodian_application::consents::{ChannelSay, Say};
use custodian_application::self_service::{self, Agreement, Preferences};
use custodian_application::{App, consents};
use custodian_domain::consents::Choice;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    Body, ChangeProblems, ETag, IfMatch, Oneself, Problem, ReadProblems, Reply, Valid, WriteProblems, once, single,
};
use crate::v1::consents::{ConsentBody, consent_example, opts_out};

/// A language to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPreferencesBody {
    /// The language of what is handed out: `zh-CN` or `en`.
    #[schema(pattern = "^(zh-CN|en)$")]
    language: String,
}

impl Body for SetPreferencesBody {}

/// How one way of contact stands.
#[derive(Serialize, ToSchema)]
pub struct OwnChannelBody {
    /// Its code, such as `email`.
    channel: String,
    /// Whether the use is allowed now.
    allowed: bool,
    /// Why, as consent decisions say it.
    reason: &'static str,
    /// The consent that says so.
    consent_id: Option<Uuid>,
}

impl From<ChannelSay> for OwnChannelBody {
    fn from(say: ChannelSay) -> Self {
        let ChannelSay { channel, reason, consent } = say;
        Self { channel, allowed: reason.allows(), reason: reason.code(), consent_id: consent }
    }
}

/// A use that the person has a say in.
#[derive(Serialize, ToSchema)]
pub struct OwnSayBody {
    /// Code of the purpose.
    code: String,
    /// Its name, by language.
    #[schema(value_type = Object)]
    labels: Value,
    /// What is done.
    description: String,
    /// Code of the ground in law.
    legal_basis: String,
    /// Whether it needs the person's consent; if not, the person may object.
    needs_consent: bool,
    /// Whether the service cannot be given without it.
    necessary: bool,
    /// Whether it is allowed now, by any way of contact.
    allowed: bool,
    /// Why, as consent decisions say it.
    reason: &'static str,
    /// The consent that says so.
    consent_id: Option<Uuid>,
    /// What the person may do: `withdraw` (`POST /v1/self/consents/{id}/withdraw`), `object` (a request of right `objection`) or `agree`
    /// (`POST /v1/self/consents`); null for nothing.
    choice: Option<&'static str>,
    /// The version of the notice to read before agreeing (`GET /v1/public/notices/{id}`); null where none is published, or none since the purpose became another.
    notice_version: Option<Uuid>,
    /// Each way of contact that it covers.
    channels: Vec<OwnChannelBody>,
}

impl From<Say> for OwnSayBody {
    fn from(say: Say) -> Self {
        let Say { code, purpose, reason, consent, channels, choice, notice } = say;
        Self {
            code,
            labels: json!(purpose.labels),
            needs_consent: purpose.needs_consent(),
            description: purpose.description,
            legal_basis: purpose.legal_basis,
            necessary: purpose.necessary,
            allowed: reason.allows(),
            reason: reason.code(),
            consent_id: consent,
            choice: choice.map(Choice::as_str),
            notice_version: notice,
            channels: channels.into_iter().map(OwnChannelBody::from).collect(),
        }
    }
}

/// What a person prefers.
#[derive(Serialize, ToSchema)]
pub struct OwnPreferencesBody {
    /// The language of what is handed out: `zh-CN` or `en`.
    language: &'static str,
    /// The uses that the person has a say in, in order of their codes.
    purposes: Vec<OwnSayBody>,
    /// When a signal of the browser (Global Privacy Control) last opted out of selling and sharing.
    opted_out_at: Option<DateTime<Utc>>,
}

impl From<Preferences> for OwnPreferencesBody {
    fn from(found: Preferences) -> Self {
        let Preferences { language, says, opted_out_at, .. } = found;
        Self { language: language.tag(), purposes: says.into_iter().map(OwnSayBody::from).collect(), opted_out_at }
    }
}

fn preferences_example() -> Value {
    json!({"language": "en", "purposes": [{"code": "marketing", "labels": {"en": "Marketing", "zh": "营销"}, "description": "Telling of offers.",
        "legal_basis": "cn_consent", "needs_consent": true, "necessary": false, "allowed": true, "reason": "consent_in_force",
        "consent_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a20", "choice": "withdraw", "notice_version": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a40",
        "channels": [{"channel": "email", "allowed": true, "reason": "consent_in_force", "consent_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a20"}]}],
        "opted_out_at": null})
}

/// Read one's own preferences.
///
/// What a page of preferences is made from: the language, Chinese as long as nothing was set, and every use that needs the person's consent or that they may object to, with
/// how each way of contact stands now and what may be done about it. `Sec-GPC: 1`, which the person's own browser sends, opts them out of purposes that sell, share
/// or advertise, unless they have opted out before.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    responses((status = 200, description = "The preferences.", body = OwnPreferencesBody, example = json!(preferences_example())),
        (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/self/preferences")]
pub async fn show_own_preferences(me: Oneself, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let found = self_service::preferences(&app, &me, opts_out(req.headers())).await?;
    let tag = ETag::new(found.version, &me.identity.rights);
    single(&req, tag, &OwnPreferencesBody::from(found))
}

/// Set one's own preferences.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    description = "The language of the summary in a package. What is used for what is chosen by agreeing, withdrawing and objecting.",
    request_body(content = SetPreferencesBody, example = json!({"language": "en"})),
    responses((status = 200, description = "Set.", body = OwnPreferencesBody, example = json!(preferences_example())), ChangeProblems))]
#[put("/self/preferences")]
pub async fn set_own_preferences(
    me: Oneself,
    app: Data<App>,
    condition: IfMatch,
    body: Valid<SetPreferencesBody>,
) -> Result<Reply, Problem> {
    let admits = |version: i64| condition.check(version);
    let work = app.begin(me.organization()).await?;
    let set = self_service::set_preferences(&app, &me, &work, admits, &body.language).await;
    let set = work.settle(set).await?;
    let tag = ETag::new(set.version, &me.identity.rights);
    Ok(Reply::ok(&OwnPreferencesBody::from(set))?.etag(tag))
}

/// What a person agrees to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreeBody {
    /// Code of the one purpose.
    #[schema(min_length = 1, max_length = 64)]
    purpose: String,
    /// Id of the version of the notice that the person read.
    notice_version: Uuid,
    /// One way of contact; every one of the purpose when absent.
    #[schema(max_length = 40)]
    channel: Option<String>,
}

impl Body for AgreeBody {}

/// Agree to a use of one's own data.
///
/// As easily as it is withdrawn, and as often as one likes: the person came forward, so that no wait after a refusal or an opt-out counts. The proof is the session that a
/// code opened. What needs a signature or a guardian's word is not agreed to here, and nothing by somebody whom the organisation has
/// deleted (`409` `customer_deleted`).
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    request_body(content = AgreeBody, example = json!({"purpose": "marketing", "notice_version": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a40", "channel": "email"})),
    responses((status = 201, description = "Recorded; `Location` names one's consents.", body = ConsentBody, example = json!(consent_example())), WriteProblems))]
#[post("/self/consents")]
pub async fn agree_to_own(
    me: Oneself,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<AgreeBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let AgreeBody { purpose, notice_version, channel } = new.into_inner();
    let agreement = Agreement { purpose, notice: notice_version, channel };
    once(&app, &me, &req, &digest, async |work| {
        let view: consents::ConsentView = self_service::agree(&app, &me, work, agreement).await?;
        Reply::created("/v1/self/consents", &ConsentBody::of(view, false))
    })
    .await
}
