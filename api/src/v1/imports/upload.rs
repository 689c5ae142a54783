//! Taking a file in: `multipart/form-data`, streamed.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, post};
use custodian_application::App;
use custodian_application::imports::{Format, Upload, UploadOptions};
use custodian_domain::catalog::Catalog;
use futures_util::TryStreamExt;
use ring::digest::{Context as Hash, SHA256};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::form::Parts;
use super::may::RunImports;
use crate::http::{Context, Digest, May, Problem, Reply, WriteProblems, once};

/// The most bytes of a part that is not the file.
const SMALL_PART: usize = 64 * 1024;

/// The parts of the form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the form; the parts are read as they stream in")]
pub struct ImportForm {
    /// CSV (comma, quotes may hold line breaks, first record names the columns) or NDJSON, in UTF-8 with or without BOM or in GB18030, of any size; or a workbook (XLSX).
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// JSON object: column name to field key. For customers also to `stage`, `source`, `region`, `owner_email`; for records also to `owner_email` and to `customer_no`, which
    /// says whose each record is and must be mapped. Columns that are not named are left out. A dry run may leave it out: it checks by the mapping that it proposes.
    #[schema(value_type = Option<String>, example = json!(r#"{"手机号": "mobile", "姓名": "name", "负责人邮箱": "owner_email"}"#))]
    mapping: Option<String>,
    /// What the file holds: `customer` (default) or the code of a record type.
    #[schema(value_type = Option<String>, default = "customer")]
    record_type: Option<String>,
    /// `create` (default) refuses what exists: a `customer_no`, or a unique value of a record; `upsert` changes that customer or record.
    #[schema(value_type = Option<String>, pattern = "^(create|upsert)$", default = "create")]
    mode: Option<String>,
    /// For `upsert`, where a line names a value that there is already: `overwrite` (default) takes the file's, `fill` keeps the old one and fills what is empty, `refuse` refuses the
    /// line. Empty cells never take a value away.
    #[schema(value_type = Option<String>, pattern = "^(overwrite|fill|refuse)$", default = "overwrite")]
    on_conflict: Option<String>,
    /// `true` checks everything and stores nothing; its result also proposes fields for the columns that were not mapped.
    #[schema(value_type = Option<String>, pattern = "^(true|false)$", default = "false")]
    dry_run: Option<String>,
    /// `csv`, `ndjson` or `xlsx`; by default told from the file's name and type.
    #[schema(value_type = Option<String>, pattern = "^(csv|ndjson|xlsx)$")]
    format: Option<String>,
    /// Name of the workbook's sheet; by default the first that is not hidden.
    #[schema(value_type = Option<String>, max_length = 100)]
    sheet: Option<String>,
    /// Where times without a zone are meant, such as `+08:00`; workbooks know none. UTC by default.
    #[schema(value_type = Option<String>, pattern = "^[+-][0-9]{2}:[0-9]{2}$", default = "+00:00")]
    utc_offset: Option<String>,
}

/// An import that was queued.
#[derive(Serialize, ToSchema)]
pub struct ImportBody {
    /// The job to follow at `GET /v1/jobs/{id}`.
    id: Uuid,
    /// Always `queued`.
    state: &'static str,
}

impl ImportBody {
    pub(super) fn queued(id: Uuid) -> Self {
        Self { id, state: "queued" }
    }
}

/// Import customers or records from a file.
///
/// The file is sealed while it streams in, checked record by record and stored in the background: `Location` names the job. A record with a fault is
/// refused with line, field and code, never its value; the others come in. A restart goes on where the job stood. Of a workbook the values count that it
/// shows: dates become dates, formulas count by their last result, cells with an error, numbers of more than fifteen digits and cells that were merged over several rows are
/// refused; hidden sheets are read by name alone. A line about somebody whose processing is restricted is refused (`customer_restricted`), unless it only says whose they are to be:
/// `owner_email` beside the one value that they are known by. Within seven days the whole import can be undone (`POST /v1/imports/{id}/undo`).
#[utoipa::path(
    tag = "imports", security(("bearer" = [])),
    request_body(content = ImportForm, content_type = "multipart/form-data",
        example = json!({"mapping": r#"{"手机号": "mobile", "姓名": "name"}"#, "mode": "upsert", "file": "姓名,手机号\n张三,13812345678\n"})),
    responses((status = 202, description = "Queued.", body = ImportBody, headers(("Location" = String, description = "The job to follow")),
        example = json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "state": "queued"})), WriteProblems))]
#[post("/imports")]
pub async fn create_import(
    may: May<RunImports>,
    app: Data<App>,
    req: HttpRequest,
    payload: Payload,
) -> Result<Reply, Problem> {
    let mut upload = Upload::begin(&app, &may)?;
    let (options, digest) = match receive(&req, payload, may.catalog(), &mut upload).await {
        Ok(received) => received,
        Err(problem) => {
            upload.discard().await?;
            return Err(problem);
        }
    };
    let mut queued = false;
    let reply = once(&app, &may, &req, &digest, async |work| {
        let id = upload.queue(work, &options).await?.uuid();
        queued = true;
        Reply::accepted(&format!("/v1/jobs/{id}"), &ImportBody::queued(id))
    })
    .await;
    if !queued {
        upload.discard().await?;
    }
    reply
}

/// Reads the whole form; the digest covers every part.
async fn receive(
    req: &HttpRequest,
    payload: Payload,
    catalog: &Catalog,
    upload: &mut Upload<'_>,
) -> Result<(UploadOptions, Digest), Problem> {
    if !req
        .headers()
        .get("content-type")
        .and_then(|v| v.to_str().ok())
        .is_some_and(|t| t.to_ascii_lowercase().starts_with("multipart/form-data"))
    {
        return Err(Problem::of("unsupported_media_type").arg("multipart/form-data"));
    }
    let context = Context::of(req);
    context.pace.set_reading(true);
    let mut form = Multipart::new(req.headers(), payload.into_inner());
    let mut parts = Parts::default();
    let mut hash = Hash::new(&SHA256);
    while let Some(mut field) = form.try_next().await.map_err(|error| multipart(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        hash.update(name.as_bytes());
        hash.update(&[0]);
        if name == "file" && !parts.has_file {
            parts.has_file = true;
            parts.looks_like = looks_like(&field);
            while let Some(bytes) = field.try_next().await.map_err(|error| multipart(&error))? {
                context.pace.extend();
                hash.update(&bytes);
                upload.push(&bytes).await?;
            }
        } else {
            let text = small(&mut field).await?;
            hash.update(text.as_bytes());
            parts.take(&name, text);
        }
    }
    context.pace.extend();
    upload.complete().await?;
    context.pace.set_reading(false);
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok((parts.options(catalog)?, Digest(digest)))
}

fn looks_like(field: &Field) -> Format {
    let essence = field.content_type().map(|kind| kind.essence_str().to_owned()).unwrap_or_default();
    let name = field.content_disposition().and_then(|d| d.get_filename()).unwrap_or_default().to_ascii_lowercase();
    let named = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if essence.ends_with("ndjson") || essence.ends_with("jsonl") || named(&[".ndjson", ".jsonl"]) {
        Format::Ndjson
    } else if essence.ends_with("spreadsheetml.sheet") || named(&[".xlsx", ".xlsm"]) {
        Format::Xlsx
    } else {
        Format::Csv
    }
}

async fn small(field: &mut Field) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.try_next().await.map_err(|error| multipart(&error))? {
        if bytes.len() + chunk.len() > SMALL_PART {
            return Err(Problem::of("body_too_large"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Problem::of("malformed_multipart"))
}

/// Kinds only: the library's texts can quote the body.
fn multipart(error: &MultipartError) -> Problem {
    tracing::debug!(kind = ?std::mem::discriminant(error), "a form cannot be read");
    Problem::of("malformed_multipart")
}
