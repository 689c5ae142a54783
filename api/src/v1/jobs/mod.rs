//! Long work as its owner follows it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::jobs::{self, JobView};
use custodian_domain::kernel::JobId;
use custodian_persistence::imports::ImportError;
use custodian_persistence::jobs::JobRow;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, single};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_jobs).service(show_job);
}

needs! {
    /// Follows long work.
    ReadJobs = JobsRead;
}

/// One job.
#[derive(Serialize, ToSchema)]
pub struct JobBody {
    /// Its id.
    id: Uuid,
    /// What kind of work, such as `import`.
    kind: String,
    /// `queued`, `running`, `succeeded` or `failed`.
    state: String,
    /// How far it is.
    progress: ProgressBody,
    /// How many items were refused.
    error_count: i64,
    /// The first hundred refusals; `result.errors_url` has all of them.
    errors: Vec<RowErrorBody>,
    /// What came of it; null until it has succeeded.
    result: Option<Value>,
    /// The code of what ended it; null unless it failed.
    failure: Option<String>,
    /// Who asked for it.
    created_by: Uuid,
    /// When.
    created_at: DateTime<Utc>,
    /// When it first ran.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
}

/// How far a job is.
#[derive(Serialize, ToSchema)]
pub struct ProgressBody {
    /// Items done.
    done: i64,
    /// Items in all; null until known.
    total: Option<i64>,
}

/// One refused record of a file; never the value.
#[derive(Serialize, ToSchema)]
pub struct RowErrorBody {
    /// Record number with the header counted as 1; for NDJSON the line number.
    pub line: i64,
    /// Field key; empty for the record as a whole.
    pub field: String,
    /// Stable code.
    pub code: String,
}

impl From<ImportError> for RowErrorBody {
    fn from(error: ImportError) -> Self {
        let ImportError { line, field, code } = error;
        Self { line, field, code }
    }
}

impl From<JobView> for JobBody {
    fn from(view: JobView) -> Self {
        let JobRow {
            id,
            kind,
            state,
            done,
            total,
            error_count,
            result,
            failure,
            created_by,
            created_at,
            started_at,
            finished_at,
        } = view.row;
        let errors = view.errors.into_iter().map(RowErrorBody::from).collect();
        let progress = ProgressBody { done, total };
        Self {
            id: id.uuid(),
            kind,
            state,
            progress,
            error_count,
            errors,
            result,
            failure,
            created_by,
            created_at,
            started_at,
            finished_at,
        }
    }
}

/// List jobs.
///
/// One's own jobs, newest first; readers of the audit log see everybody's.
#[utoipa::path(
    tag = "jobs", security(("bearer" = [])), params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of jobs.", body = Listing<JobBody>, example = json!({"data": [job_example()], "next_cursor": null})), ListProblems))]
#[get("/jobs")]
pub async fn list_jobs(may: May<ReadJobs>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/jobs", &query);
    let (limit, before) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (rows, next) = jobs::list(&app, &may, before, limit).await?;
    let data = rows.into_iter().map(|row| JobBody::from(JobView { row, errors: Vec::new() })).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Follow one job.
///
/// Jobs survive a restart of the server and go on where they stood.
#[utoipa::path(
    tag = "jobs", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the job")),
    responses((status = 200, description = "The job.", body = JobBody, example = json!(job_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/jobs/{id}")]
pub async fn show_job(
    may: May<ReadJobs>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<JobId>,
) -> Result<HttpResponse, Problem> {
    let body = JobBody::from(jobs::find(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

pub(crate) fn job_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "kind": "import", "state": "succeeded", "progress": {"done": 10000, "total": 10000},
        "error_count": 20, "errors": [{"line": 8, "field": "mobile", "code": "invalid_mobile"}],
        "result": {"records": 10000, "created": 9980, "updated": 0, "rejected": 20, "errors_url": "/v1/imports/0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10/errors"},
        "failure": null, "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "created_at": "2026-11-22T08:00:00Z",
        "started_at": "2026-11-22T08:00:00Z", "finished_at": "2026-11-22T08:00:02Z"})
}
