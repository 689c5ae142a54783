//! Which file a found value came from.

use actix_web::post;
use actix_web::web::Data;
use custodian_application::{App, exports};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TraceLeaks;
use super::bodies::{ExportBody, export_example};
use crate::http::{Body, May, Problem, Reply, Valid, WriteProblems};

/// A value that turned up elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakBody {
    /// As it was found: a name, a number, an address, an id.
    #[schema(min_length = 2, max_length = 500)]
    value: String,
}

impl Body for LeakBody {}

/// Where it came from.
#[derive(Serialize, ToSchema)]
pub struct LeakTraceBody {
    /// `export`.
    source: &'static str,
    /// The file, with its requester, its approvers and the reason.
    export: ExportBody,
}

/// Trace a leak.
///
/// Each export carries a row about nobody whose values stand in no other file and about no customer: found anywhere, one of them names the export, who asked for it, who approved
/// it and why, also when the file itself is long gone. However it is typed. A value of no such row is `404`; the value itself is kept nowhere.
#[utoipa::path(
    tag = "exports", security(("bearer" = [])),
    request_body(content = LeakBody, example = json!({"value": "+86 161 1234 5678"})),
    responses((status = 200, description = "Where it came from.", body = LeakTraceBody, example = json!({"source": "export", "export": export_example()})), WriteProblems))]
#[post("/leak-traces")]
pub async fn trace_leak(may: May<TraceLeaks>, app: Data<App>, body: Valid<LeakBody>) -> Result<Reply, Problem> {
    let found = exports::trace(&app, &may, &body.value).await?;
    Ok(Reply::ok(&LeakTraceBody { source: "export", export: found.into() })?)
}
