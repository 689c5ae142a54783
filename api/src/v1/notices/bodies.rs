//! Notices as they come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_application::notices::{Difference, Impact, NoticeDraft, NoticeView, PublicNotice, TextDraft};
use custodian_domain::notices::{Side, Text};
use custodian_persistence::notices::{NoticeRow, ShowingRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// A notice in one language.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTextBody {
    /// Its title.
    #[schema(min_length = 1, max_length = 300)]
    title: String,
    /// All of it, as people read it.
    #[schema(min_length = 1, max_length = 100000)]
    text: String,
    /// Words of the text, by the element that they tell, such as `retention`.
    #[serde(default)]
    elements: BTreeMap<String, String>,
}

fn drafts(texts: BTreeMap<String, NewTextBody>) -> BTreeMap<String, TextDraft> {
    let draft = |NewTextBody { title, text, elements }| TextDraft { title, text, elements };
    texts.into_iter().map(|(language, text)| (language, draft(text))).collect()
}

/// A notice, or the next version of one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNoticeBody {
    /// What all its versions share: `[a-z0-9][a-z0-9_.-]*`.
    #[schema(min_length = 1, max_length = 64)]
    code: String,
    /// Codes of the purposes that it tells of.
    #[schema(min_items = 1, max_items = 50)]
    purposes: Vec<String>,
    /// The data does not come from the person (GDPR art. 14).
    #[serde(default)]
    from_others: bool,
    /// By BCP 47 language.
    texts: BTreeMap<String, NewTextBody>,
}

impl Body for NewNoticeBody {}

impl NewNoticeBody {
    /// The code, and all the rest.
    pub fn into_draft(self) -> (String, NoticeDraft) {
        let Self { code, purposes, from_others, texts } = self;
        let draft =
            NoticeDraft { purposes: Some(purposes), from_others: Some(from_others), texts: Some(drafts(texts)) };
        (code, draft)
    }
}

/// A change of a draft: what is absent stays; `texts` is replaced whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchNoticeBody {
    /// Codes of the purposes.
    #[schema(min_items = 1, max_items = 50, nullable = false)]
    purposes: Option<Vec<String>>,
    /// The data does not come from the person.
    #[schema(nullable = false)]
    from_others: Option<bool>,
    /// By BCP 47 language.
    #[schema(nullable = false)]
    texts: Option<BTreeMap<String, NewTextBody>>,
}

impl Body for PatchNoticeBody {}

impl From<PatchNoticeBody> for NoticeDraft {
    fn from(body: PatchNoticeBody) -> Self {
        let PatchNoticeBody { purposes, from_others, texts } = body;
        Self { purposes, from_others, texts: texts.map(drafts) }
    }
}

/// How to publish.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishBody {
    /// People must be asked again even though nothing that they agreed to reads otherwise.
    #[serde(default)]
    material: bool,
}

impl Body for PublishBody {}

impl PublishBody {
    /// Whether people must be asked again in any case.
    pub fn material(&self) -> bool {
        self.material
    }
}

/// A showing to be recorded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowBody {
    /// To whom, by the id that the caller knows.
    pub customer_id: Uuid,
    /// In which of its languages.
    #[schema(max_length = 35)]
    pub language: String,
    /// Where: `web`, `app`, `email`, `in_person` and the like.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9_]+$")]
    pub channel: String,
}

impl Body for ShowBody {}

/// A notice in one language.
#[derive(Serialize, ToSchema)]
pub struct NoticeTextBody {
    /// Its title.
    title: String,
    /// All of it.
    text: String,
    /// Words of the text, by the element that they tell.
    elements: BTreeMap<String, String>,
    /// SHA-256 of the text's UTF-8 bytes, in hex.
    sha256: String,
}

impl From<Text> for NoticeTextBody {
    fn from(text: Text) -> Self {
        let Text { title, text, elements, sha256 } = text;
        Self { title, text, elements, sha256 }
    }
}

/// One version of a notice.
#[derive(Serialize, ToSchema)]
pub struct NoticeBody {
    /// The version's own id; consents name it as `notice_version`.
    id: Uuid,
    /// What all versions share.
    code: String,
    /// 1 for the first.
    version: i32,
    /// `draft`, `published` or `superseded`.
    state: String,
    /// Codes of the purposes that it tells of.
    purposes: Vec<String>,
    /// The data does not come from the person.
    from_others: bool,
    /// By language.
    texts: BTreeMap<String, NoticeTextBody>,
    /// Its publication made consents that were given until then need renewal.
    material: bool,
    /// Where anybody reads it; null for a draft.
    public_url: Option<String>,
    /// When it was drafted.
    created_at: DateTime<Utc>,
    /// When it was published.
    published_at: Option<DateTime<Utc>>,
}

impl NoticeBody {
    /// With the service's own address for the public one.
    pub fn of(view: NoticeView, base: &str) -> Self {
        let NoticeRow { id, code, version, state, purposes, from_others, material, created_at, published_at, .. } =
            view.row;
        let public_url = published_at.map(|_| format!("{base}/v1/public/notices/{id}"));
        let texts = view.texts.into_iter().map(|(language, text)| (language, text.into())).collect();
        Self { id, code, version, state, purposes, from_others, texts, material, public_url, created_at, published_at }
    }
}

/// A published text.
#[derive(Serialize, ToSchema)]
pub struct PublicNoticeBody {
    /// The version's own id.
    id: Uuid,
    /// What all versions share.
    code: String,
    /// 1 for the first.
    version: i32,
    /// `published` or `superseded`.
    state: String,
    /// The language of this text.
    language: String,
    /// Every language that there is.
    languages: Vec<String>,
    /// Its title.
    title: String,
    /// All of it.
    text: String,
    /// SHA-256 of the text's UTF-8 bytes, in hex.
    sha256: String,
    /// When it was published.
    published_at: Option<DateTime<Utc>>,
}

impl PublicNoticeBody {
    /// `None` where the language is not among the texts.
    pub fn of(notice: PublicNotice) -> Option<Self> {
        let PublicNotice { view, language } = notice;
        let languages = view.texts.keys().cloned().collect();
        let Text { title, text, sha256, .. } = view.texts.get(&language)?.clone();
        let NoticeRow { id, code, version, state, published_at, .. } = view.row;
        Some(Self { id, code, version, state, language, languages, title, text, sha256, published_at })
    }
}

/// A line of a difference.
#[derive(Serialize, ToSchema)]
pub struct DifferenceBody {
    /// What it is a line of: `title` or `text`.
    part: &'static str,
    /// `same`, `removed` or `added`.
    change: &'static str,
    /// Its words.
    text: String,
}

impl From<Difference> for DifferenceBody {
    fn from(difference: Difference) -> Self {
        let change = match difference.side {
            Side::Both => "same",
            Side::Removed => "removed",
            Side::Added => "added",
        };
        Self { part: difference.part.as_str(), change, text: difference.text }
    }
}

/// Something that a text does not tell.
#[derive(Serialize, ToSchema)]
pub struct MissingBody {
    /// Its place in the notice.
    pointer: String,
    /// The article that wants it; null where the words named are not in the text.
    article: Option<String>,
}

/// What publishing would mean.
#[derive(Serialize, ToSchema)]
pub struct ImpactBody {
    /// What keeps it from being published.
    missing: Vec<MissingBody>,
    /// Consents given until then would need renewal.
    material: bool,
    /// Purposes that the version in force tells of and this one does not.
    purposes_dropped: Vec<String>,
    /// Languages that the version in force has and this one has not.
    languages_dropped: Vec<String>,
    /// Purposes that need consent and that no notice in force would tell of as they are now: none at all, or only words from before they became others
    /// (`notice_outdated`).
    uncovered: Vec<String>,
    /// How many people would have to be asked again, by purpose.
    to_renew: BTreeMap<String, i64>,
}

impl From<Impact> for ImpactBody {
    fn from(impact: Impact) -> Self {
        let Impact { missing, material, purposes_dropped, languages_dropped, uncovered, to_renew } = impact;
        let to_renew = to_renew.into_iter().collect();
        let missing = missing.into_iter().map(|one| MissingBody { pointer: one.place, article: one.article }).collect();
        Self { missing, material, purposes_dropped, languages_dropped, uncovered, to_renew }
    }
}

/// The record that a notice was shown.
#[derive(Serialize, ToSchema)]
pub struct ShowingBody {
    /// Its id.
    id: Uuid,
    /// To whom.
    customer_id: Uuid,
    /// In which language.
    language: String,
    /// Where.
    channel: String,
    /// Digest of the very text.
    sha256: String,
    /// When, by the database's clock.
    at: DateTime<Utc>,
    /// `staff` or `partner`.
    by_kind: String,
    /// The user or the key.
    by: Uuid,
}

impl From<ShowingRow> for ShowingBody {
    fn from(row: ShowingRow) -> Self {
        let ShowingRow { id, customer, language, channel, sha256, at, by_kind, by } = row;
        Self { id, customer_id: customer, language, channel, sha256, at, by_kind, by }
    }
}

/// For the document.
pub fn new_example() -> Value {
    json!({"code": "privacy", "purposes": ["marketing"], "texts": {"en": {"title": "Offers", "text": "Example Ltd, privacy@example.com, sends you offers.",
        "elements": {"controller_name": "Example Ltd", "controller_contact": "privacy@example.com", "purposes": "sends you offers"}}}})
}

/// For the document.
pub fn notice_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "code": "privacy", "version": 1, "state": "draft", "purposes": ["marketing"], "from_others": false,
        "texts": {"en": {"title": "Offers", "text": "Example Ltd, privacy@example.com, sends you offers.", "elements": {"controller_name": "Example Ltd"},
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}},
        "material": false, "public_url": null, "created_at": "2026-11-22T08:00:00Z", "published_at": null})
}

/// For the document.
pub fn showing_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a51", "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "language": "en", "channel": "web",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "at": "2026-11-22T08:00:00Z", "by_kind": "staff",
        "by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12"})
}
