//! What an organisation sets for itself.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use chrono::NaiveDate;
use custodian_application::App;
use custodian_application::privacy_requests::{self, CalendarYear, SettingsView};
use custodian_domain::privacy_requests::{BUILT_IN, BuiltIn, GROUNDS, Jurisdiction, Limit, OwnLimits, RULES};
use custodian_persistence::privacy_requests::CalendarRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ManageRequests, ReadRequests};
use crate::http::{
    Body, ChangeProblems, ETag, IfMatch, May, Problem, ReadProblems, Reply, Valid, WriteProblems, once, single,
};

/// A year of a calendar.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarBody {
    /// `CN`, `EU` or `US-CA`.
    #[schema(pattern = "^(CN|EU|US-CA)$")]
    jurisdiction: String,
    /// The year.
    #[schema(minimum = 2000, maximum = 2200)]
    year: i32,
    /// Days off beside weekends.
    #[schema(max_items = 366)]
    days_off: Vec<NaiveDate>,
    /// Days of weekends that are worked on.
    #[schema(max_items = 110)]
    days_worked: Vec<NaiveDate>,
    /// Where it is from: the notice, by its number or address.
    #[schema(min_length = 1, max_length = 500)]
    source: Option<String>,
    /// Whether somebody held every day against the source; needs a source.
    #[serde(default)]
    verified: bool,
}

impl Body for CalendarBody {}

impl From<CalendarRow> for CalendarBody {
    fn from(row: CalendarRow) -> Self {
        let CalendarRow { jurisdiction, year, off, worked, source, verified } = row;
        Self { jurisdiction, year, days_off: off, days_worked: worked, source, verified }
    }
}

/// A year that the product brings.
#[derive(Serialize, ToSchema)]
pub struct BuiltInYearBody {
    /// Whose.
    jurisdiction: &'static str,
    /// The year.
    year: i32,
    /// Where it is from.
    source: &'static str,
    /// Whether somebody held every day against the source; if not, do so and give it.
    verified: bool,
}

/// A year that will be needed.
#[derive(Serialize, ToSchema)]
pub struct MissingYearBody {
    /// Whose.
    jurisdiction: &'static str,
    /// The year.
    year: i32,
}

/// What an organisation sets for itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSettingsBody {
    /// Working days that count as "in time" under `CN`.
    #[schema(minimum = 1, maximum = 30)]
    working_days: u16,
    /// Whether a month under `EU` that ends on a weekend ends on the working day after it.
    rolls: bool,
}

impl Body for NewSettingsBody {}

/// A rule of time.
#[derive(Serialize, ToSchema)]
pub struct DeadlineBody {
    /// Under whose law.
    jurisdiction: &'static str,
    /// For these rights.
    rights: Vec<&'static str>,
    /// The limit: `15 working_days`, `45 days`, `1 months`.
    limit: String,
    /// The whole limit with an extension; null where there is none.
    longest: Option<String>,
    /// Whether the clock stands still while a proof of identity is awaited.
    pauses: bool,
    /// The limit is the organisation's own: the law names none.
    policy: bool,
    /// The law's short name.
    law: &'static str,
    /// The article.
    article: &'static str,
    /// How the wording is known: `text`, `secondary` or `memory`.
    evidence: &'static str,
}

/// A ground for turning a request down.
#[derive(Serialize, ToSchema)]
pub struct GroundBody {
    /// Its code.
    code: &'static str,
    /// Under these laws, each with its article.
    #[schema(value_type = Object)]
    articles: Value,
    /// For these rights; for all when empty.
    rights: Vec<&'static str>,
    /// What it says, in English.
    en: &'static str,
    /// The same in Chinese.
    zh: &'static str,
}

/// The settings with the rules that they stand beside.
#[derive(Serialize, ToSchema)]
pub struct SettingsBody {
    /// Working days that count as "in time" under `CN`.
    working_days: u16,
    /// Whether a month under `EU` that ends on a weekend ends on the working day after it.
    rolls: bool,
    /// The years that the organisation has given, which count before those that the product brings.
    calendars: Vec<CalendarBody>,
    /// The years that the product brings.
    built_in_calendars: Vec<BuiltInYearBody>,
    /// Years that requests of today or of the next two months need and nobody has given: without them those requests are `calendar_missing`.
    missing_calendars: Vec<MissingYearBody>,
    /// Every rule of time.
    rules: Vec<DeadlineBody>,
    /// Every ground for turning a request down.
    grounds: Vec<GroundBody>,
}

fn told(limit: Limit) -> String {
    match limit {
        Limit::WorkingDays(count) => format!("{count} working_days"),
        Limit::Days(count) => format!("{count} days"),
        Limit::Months(count) => format!("{count} months"),
    }
}

fn built_in(known: &BuiltIn) -> BuiltInYearBody {
    let BuiltIn { jurisdiction, year, source, verified } = *known;
    BuiltInYearBody { jurisdiction: jurisdiction.as_str(), year, source, verified }
}

fn missing((jurisdiction, year): (Jurisdiction, i32)) -> MissingYearBody {
    MissingYearBody { jurisdiction: jurisdiction.as_str(), year }
}

impl From<SettingsView> for SettingsBody {
    fn from(view: SettingsView) -> Self {
        let OwnLimits { working_days, rolls } = view.own;
        let rules = RULES.iter().map(|rule| DeadlineBody {
            jurisdiction: rule.jurisdiction.as_str(),
            rights: rule.rights.iter().map(|right| right.as_str()).collect(),
            limit: told(rule.limit(&view.own)),
            longest: rule.longest.map(told),
            pauses: rule.pauses,
            policy: rule.policy,
            law: rule.law,
            article: rule.article,
            evidence: rule.evidence.code(),
        });
        let grounds = GROUNDS.iter().map(|ground| GroundBody {
            code: ground.code,
            articles: ground.articles.iter().map(|(of, article)| (of.as_str().to_owned(), json!(article))).collect(),
            rights: ground.rights.iter().map(|right| right.as_str()).collect(),
            en: ground.text[0],
            zh: ground.text[1],
        });
        Self {
            working_days,
            rolls,
            calendars: view.calendars.into_iter().map(CalendarBody::from).collect(),
            built_in_calendars: BUILT_IN.iter().map(built_in).collect(),
            missing_calendars: view.missing.into_iter().map(missing).collect(),
            rules: rules.collect(),
            grounds: grounds.collect(),
        }
    }
}

fn settings_example() -> Value {
    json!({"working_days": 15, "rolls": false, "calendars": [{"jurisdiction": "CN", "year": 2027, "days_off": ["2027-01-01"], "days_worked": [], "source": "State Council notice on the holidays of 2027", "verified": true}],
        "built_in_calendars": [{"jurisdiction": "CN", "year": 2026, "source": "State Council notice on the holidays of 2026", "verified": false}],
        "missing_calendars": [{"jurisdiction": "CN", "year": 2028}],
        "rules": [{"jurisdiction": "EU", "rights": ["access"], "limit": "1 months", "longest": "3 months", "pauses": true, "policy": false, "law": "gdpr",
            "article": "12(3)", "evidence": "text"}],
        "grounds": [{"code": "found_correct", "articles": {"CN": "46", "EU": "16"}, "rights": ["rectification"], "en": "What is held was checked and found correct.",
            "zh": "经核实，所持有的信息准确。"}]})
}

/// Read the settings for privacy requests.
///
/// The organisation's own limit and calendars, and beside them every rule of time and every ground for turning a request down, each with its article.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    responses((status = 200, description = "The settings.", body = SettingsBody, example = json!(settings_example())),
        (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/privacy-requests/settings")]
pub async fn show_privacy_settings(
    may: May<ReadRequests>,
    app: Data<App>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = privacy_requests::read_settings(&app, &may).await?;
    let tag = ETag::new(i64::from(view.version), &may.identity.rights);
    single(&req, tag, &SettingsBody::from(view))
}

/// Set the own limit.
///
/// PIPL says "in time" and names no days: what the organisation takes for that is its own policy. The days of open requests are set anew
/// by a job (`privacy_deadlines`), which each of them notes in its history.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    request_body(content = NewSettingsBody, example = json!({"working_days": 10, "rolls": false})),
    responses((status = 200, description = "Set.", body = SettingsBody, example = json!(settings_example())), ChangeProblems))]
#[put("/privacy-requests/settings")]
pub async fn set_privacy_settings(
    may: May<ManageRequests>,
    app: Data<App>,
    condition: IfMatch,
    body: Valid<NewSettingsBody>,
) -> Result<Reply, Problem> {
    let NewSettingsBody { working_days, rolls } = body.into_inner();
    let admits = |version: i32| condition.check(i64::from(version));
    let work = app.begin(may.organization()).await?;
    let own = OwnLimits { working_days, rolls };
    let set = privacy_requests::set_settings(&app, &may, &work, admits, own).await;
    let view = work.settle(set).await?;
    let tag = ETag::new(i64::from(view.version), &may.identity.rights);
    Ok(Reply::ok(&SettingsBody::from(view))?.etag(tag))
}

/// Give a calendar of a year.
///
/// Working days are counted by it from then on; what the organisation gives takes the place of what the product brings. A year that nobody has given is `calendar_missing`.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    request_body(content = CalendarBody, example = json!({"jurisdiction": "CN", "year": 2027, "days_off": ["2027-01-01"], "days_worked": [],
        "source": "State Council notice on the holidays of 2027", "verified": true})),
    responses((status = 200, description = "Given.", body = SettingsBody, example = json!(settings_example())), WriteProblems))]
#[post("/privacy-requests/calendars")]
pub async fn set_privacy_calendar(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<CalendarBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let CalendarBody { jurisdiction, year, days_off, days_worked, source, verified } = body.into_inner();
    let jurisdiction = Jurisdiction::from_code(&jurisdiction).ok_or_else(|| Problem::of("invalid_body"))?;
    let given = CalendarYear { jurisdiction, year, off: days_off, worked: days_worked, source, verified };
    once(&app, &may, &req, &digest, async |work| {
        let view = privacy_requests::set_calendar(&app, &may, work, given).await?;
        Reply::ok(&SettingsBody::from(view))
    })
    .await
}

/// Whose will it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrangementBody {
    /// The customer.
    customer_id: Uuid,
}

impl Body for ArrangementBody {}

/// Record an arrangement for after death.
///
/// The person does not want relatives to have their data (PIPL art. 49): requests of relatives about them cannot be proved from then on. A second time changes nothing.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    request_body(content = ArrangementBody, example = json!({"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"})),
    responses((status = 204, description = "Recorded."), WriteProblems))]
#[post("/privacy-requests/arrangements")]
pub async fn record_arrangement(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<ArrangementBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let customer = body.into_inner().customer_id;
    once(&app, &may, &req, &digest, async |work| {
        privacy_requests::arrange(&app, &may, work, customer).await?;
        Ok(Reply::no_content())
    })
    .await
}
