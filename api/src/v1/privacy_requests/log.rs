//! The log of requests, to read and to take along.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::privacy_requests::{self, RequestView};
use custodian_domain::kernel::DomainError;
use custodian_domain::privacy_requests::LogFormat;
use custodian_persistence::privacy_requests::RequestFilter;
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ReadRequests, names};
use crate::http::{ListProblems, Listing, May, Pages, Problem, Query};

/// A line of the log.
#[derive(Serialize, ToSchema)]
pub struct LogBody {
    /// Id of the request.
    id: Uuid,
    /// When it came in.
    received_at: DateTime<Utc>,
    /// Its nature: the right.
    right: String,
    /// Under whose law.
    jurisdiction: String,
    /// The manner in which it came in.
    channel: String,
    /// When it was answered.
    answered_at: Option<DateTime<Utc>>,
    /// The nature of the answer: the state.
    state: String,
    /// The basis of a denial.
    ground: Option<String>,
}

impl From<RequestView> for LogBody {
    fn from(view: RequestView) -> Self {
        let row = view.row;
        Self {
            id: row.id,
            received_at: row.received_at,
            right: row.right,
            jurisdiction: row.jurisdiction,
            channel: row.channel,
            answered_at: row.closed_at,
            state: row.state,
            ground: row.ground,
        }
    }
}

/// List the log of privacy requests.
///
/// What 11 CCR 7101 wants to be kept of each request: date, nature, manner, date and nature of the answer, basis of a denial. Newest first. Nothing in it says whose a request
/// was; it is kept for 24 months after it ended, also after the person was erased, and longer as long as a legal hold on them or something younger rests on it. Then it is removed.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    params(("received_since" = Option<String>, Query, description = "Came in at or after this time"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of the log.", body = Listing<LogBody>,
        example = json!({"data": [{"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "received_at": "2026-11-20T08:00:00Z", "right": "access", "jurisdiction": "CN",
            "channel": "email", "answered_at": "2026-11-22T08:00:00Z", "state": "completed", "ground": null}], "next_cursor": null})), ListProblems))]
#[get("/privacy-requests/log")]
pub async fn list_privacy_log(
    may: May<ReadRequests>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/privacy-requests/log", &query);
    let received_since = query.time("received_since");
    let filter = RequestFilter { received_since, before: pages.id_position(&mut query)?, ..RequestFilter::default() };
    let limit = query.limit();
    query.done()?;
    let (views, next) = privacy_requests::log(&app, &may, filter, limit).await?;
    let data = views.into_iter().map(LogBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Take the log of privacy requests away.
///
/// The whole log, oldest first, as a table or as one JSON object a line, streamed: of each request its date, nature and manner, when it was confirmed, extended and answered, and
/// how, and the basis of a denial. Nothing in it says whose a request was, and what could run as a formula does not. A connection that is cut leaves a file that is not whole.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    params(("format" = Option<String>, Query, description = "`csv` or `ndjson`, which it is when absent"),
        ("received_since" = Option<String>, Query, description = "Came in at or after this time")),
    responses((status = 200, description = "The log, as `application/x-ndjson` or `text/csv`.", body = String, content_type = "application/x-ndjson", example = json!(EXAMPLE)), ListProblems))]
#[get("/privacy-requests/export")]
pub async fn export_privacy_log(
    may: May<ReadRequests>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let format = query.choice("format", &names(LogFormat::ALL, LogFormat::as_str)).and_then(LogFormat::from_code);
    let since = query.time("received_since");
    query.done()?;
    let format = format.unwrap_or(LogFormat::Ndjson);
    let export = privacy_requests::export_log(&app, &may, format, since).await?;
    let pieces = stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await.map_err(broken)?;
        Ok::<_, std::io::Error>(piece.map(|bytes| (Bytes::from(bytes), export)))
    });
    let (media, file) = match format {
        LogFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"privacy-requests.csv\""),
        LogFormat::Ndjson => ("application/x-ndjson", "attachment; filename=\"privacy-requests.ndjson\""),
    };
    Ok(HttpResponse::Ok().content_type(media).insert_header(("Content-Disposition", file)).streaming(pieces))
}

/// The connection is cut: a log must not look whole when it is not.
fn broken(error: DomainError) -> std::io::Error {
    tracing::warn!(%error, "an export of the log of requests broke off");
    std::io::Error::other("broken off")
}

const EXAMPLE: &str = "{\"id\":\"0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60\",\"received_at\":\"2026-11-20T08:00:00.000000Z\",\"right\":\"access\",\"jurisdiction\":\"US-CA\",\
    \"channel\":\"email\",\"requester\":\"subject\",\"acknowledged_at\":null,\"due_on\":\"2027-01-04\",\"extended_at\":null,\"answered_at\":\"2026-11-22T08:00:00.000000Z\",\
    \"state\":\"completed\",\"ground\":null,\"article\":null,\"duplicate_of\":null}\n";
