//! Taking a file in: `multipart/form-data`, streamed.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, post};
use custodian_application::App;
use custodian_application::imports::{Mapping, Upload, UploadOptions};
use custodian_domain::catalog::RecordType;
use custodian_domain::kernel::{DomainError, Fault};
use futures_util::TryStreamExt;
use ring::digest::{Context as Hash, SHA256};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::may::RunImports;
use crate::http::{Context, Digest, May, Problem, Reply, WriteProblems, once, read_json};

/// The most bytes of a part that is not the file.
const SMALL_PART: usize = 64 * 1024;

/// The parts of the form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the form; the parts are read as they stream in")]
pub struct ImportForm {
    /// CSV (comma, quotes may hold line breaks, first record names the columns) or NDJSON, in UTF-8 with or without BOM or in GB18030. Any size.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// JSON object: column name to field key, or to `stage`, `source`, `region`, `owner_email`. Columns that are not named are left out.
    #[schema(value_type = String, example = json!(r#"{"手机号": "mobile", "姓名": "name", "负责人邮箱": "owner_email"}"#))]
    mapping: String,
    /// `create` (default) refuses a `customer_no` that exists; `upsert` changes that customer.
    #[schema(value_type = Option<String>, pattern = "^(create|upsert)$", default = "create")]
    mode: Option<String>,
    /// `true` checks everything and stores nothing.
    #[schema(value_type = Option<String>, pattern = "^(true|false)$", default = "false")]
    dry_run: Option<String>,
    /// `csv` or `ndjson`; by default told from the file's name and type.
    #[schema(value_type = Option<String>, pattern = "^(csv|ndjson)$")]
    format: Option<String>,
}

/// An import that was queued.
#[derive(Serialize, ToSchema)]
pub struct ImportBody {
    /// The job to follow at `GET /v1/jobs/{id}`.
    id: Uuid,
    /// Always `queued`.
    state: &'static str,
}

/// Import customers from a file.
///
/// The file is sealed while it streams in, checked record by record and stored in the background: `Location` names the job. A record with a fault is
/// refused with line, field and code, never its value; the others come in. A restart goes on where the job stood.
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
    let (options, digest) = match receive(&req, payload, may.customer(), &mut upload).await {
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
        Reply::accepted(&format!("/v1/jobs/{id}"), &ImportBody { id, state: "queued" })
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
    of: &RecordType,
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
            parts.looks_like_ndjson = looks_like_ndjson(&field);
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
    Ok((parts.options(of)?, Digest(digest)))
}

fn looks_like_ndjson(field: &Field) -> bool {
    let by_type =
        field.content_type().is_some_and(|t| t.essence_str().ends_with("ndjson") || t.essence_str().ends_with("jsonl"));
    let name = field.content_disposition().and_then(|d| d.get_filename()).unwrap_or_default().to_ascii_lowercase();
    by_type || name.ends_with(".ndjson") || name.ends_with(".jsonl")
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

/// Whether a mapping names this field at all; a faulty mapping is told of elsewhere.
fn mapping_names(mapping: Option<&str>, field: &str) -> bool {
    let Some(Ok(value)) = mapping.map(|text| read_json(text.as_bytes())) else { return true };
    value.as_object().is_some_and(|columns| columns.values().any(|target| target.as_str() == Some(field)))
}

#[derive(Default)]
struct Parts {
    has_file: bool,
    looks_like_ndjson: bool,
    mapping: Option<String>,
    mode: Option<String>,
    dry_run: Option<String>,
    format: Option<String>,
    faults: Vec<Fault>,
}

impl Parts {
    fn take(&mut self, name: &str, text: String) {
        let place = match name {
            "mapping" => &mut self.mapping,
            "mode" => &mut self.mode,
            "dry_run" => &mut self.dry_run,
            "format" => &mut self.format,
            _ => {
                self.faults
                    .push(Fault::new(format!("/{}", name.chars().take(64).collect::<String>()), "unknown_field"));
                return;
            }
        };
        if place.replace(text).is_some() {
            self.faults.push(Fault::new(format!("/{name}"), "repeated"));
        }
    }

    fn choice(&mut self, name: &str, given: Option<String>, choices: [&str; 2], default: bool) -> bool {
        match given.as_deref().map(str::trim) {
            None => default,
            Some(text) if text == choices[0] => false,
            Some(text) if text == choices[1] => true,
            Some(_) => {
                self.faults.push(Fault::new(format!("/{name}"), "not_a_choice").with_arg(choices.join(", ")));
                default
            }
        }
    }

    fn options(mut self, of: &RecordType) -> Result<UploadOptions, Problem> {
        let (mode, dry_run, format) = (self.mode.take(), self.dry_run.take(), self.format.take());
        let upsert = self.choice("mode", mode, ["create", "upsert"], false);
        let dry_run = self.choice("dry_run", dry_run, ["false", "true"], false);
        let ndjson = self.choice("format", format, ["csv", "ndjson"], self.looks_like_ndjson);
        if upsert && !mapping_names(self.mapping.as_deref(), "customer_no") {
            self.faults.push(Fault::new("/mapping/customer_no", "required"));
        }
        if !self.has_file {
            self.faults.push(Fault::new("/file", "required"));
        }
        let mapping = match self.mapping.take() {
            None => {
                self.faults.push(Fault::new("/mapping", "required"));
                Mapping::default()
            }
            Some(text) => match read_json(text.as_bytes()).map(|value| Mapping::parse(of, &value)) {
                Ok(Ok(mapping)) => mapping,
                Ok(Err(DomainError::Invalid(faults))) => {
                    self.faults.extend(faults);
                    Mapping::default()
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    self.faults.push(Fault::new("/mapping", "malformed_json"));
                    Mapping::default()
                }
            },
        };
        if self.faults.is_empty() {
            Ok(UploadOptions { mapping, upsert, dry_run, ndjson })
        } else {
            Err(DomainError::Invalid(self.faults).into())
        }
    }
}
