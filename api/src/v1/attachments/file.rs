//! The bytes of an attachment, in and out, in bounded memory.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::body::SizedStream;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::App;
use custodian_application::attachments::{self, Upload};
use custodian_domain::attachments::is_served_as_itself;
use custodian_domain::kernel::{DomainError, Fault};
use custodian_persistence::customers::CustomerReader;
use futures_util::{TryStreamExt, stream};
use ring::digest::{Context as Hash, SHA256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AttachmentBody, ReadAttachments, WriteAttachments, attachment_example};
use crate::http::path::{id as other_id, uuid};
use crate::http::{Context, Digest, ETag, Id, May, Problem, ReadProblems, Reply, WriteProblems, once};

/// The most bytes of a part that is not the file.
const SMALL_PART: usize = 1_024;

/// The parts of the form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the form; the parts are read as they stream in")]
pub struct AttachmentForm {
    /// The file, with its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The record of the customer that it belongs to.
    #[schema(value_type = Option<String>)]
    record_id: Option<String>,
}

/// Hang a file on a customer.
///
/// Sealed while it streams in, under a key that goes with the customer. What it is is told from its own first bytes and must be among `attachment_types`; its name is cut to
/// what is safe, and sealed. Where a scanner is set up, it looks through the file first: what it finds something in is refused (`file_infected`), and without its answer
/// nothing is taken in (`scanner_unavailable`), or, where the service is set to hold such files, it is taken in with `state` `held` and handed to nobody before the scanner
/// has looked through it.
#[utoipa::path(
    tag = "attachments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    request_body(content = AttachmentForm, content_type = "multipart/form-data", example = json!({"file": "%PDF-1.7 ..."})),
    responses((status = 201, description = "Taken in.", body = AttachmentBody, example = json!(attachment_example())), WriteProblems))]
#[post("/customers/{id}/attachments")]
pub async fn create_attachment(
    may: May<WriteAttachments>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
    id: Id<Uuid>,
    payload: Payload,
) -> Result<Reply, Problem> {
    let mut upload = Upload::begin(&app, &reader, &may, id.get()).await?;
    let (parts, digest) = match receive(&req, payload, &mut upload).await {
        Ok(received) => received,
        Err(problem) => {
            upload.discard().await?;
            return Err(too_large(&app, problem));
        }
    };
    let mut attached = false;
    let reply = once(&app, &may, &req, &digest, async |work| {
        let view = upload.attach(work, &parts.name, parts.record).await?;
        attached = true;
        let at = format!("/v1/customers/{}/attachments/{}", id.get(), view.row.id);
        Ok(Reply::created(&at, &AttachmentBody::from(view))?.etag(ETag::new(1, &may.identity.rights)))
    })
    .await;
    if !attached {
        upload.discard().await?;
    }
    reply
}

/// A file past its limit is answered as any body past its limit.
fn too_large(app: &App, problem: Problem) -> Problem {
    match problem.code() {
        "file_too_large" => Problem::of("body_too_large").arg(app.tuning().files.most_bytes.to_string()),
        _ => problem,
    }
}

#[derive(Default)]
struct Parts {
    name: String,
    record: Option<Uuid>,
    has_file: bool,
}

/// Reads the whole form; the digest covers every part.
async fn receive(req: &HttpRequest, payload: Payload, upload: &mut Upload<'_>) -> Result<(Parts, Digest), Problem> {
    let media = req.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media.to_ascii_lowercase().starts_with("multipart/form-data") {
        return Err(Problem::of("unsupported_media_type").arg("multipart/form-data"));
    }
    let context = Context::of(req);
    context.pace.set_reading(true);
    let mut form = Multipart::new(req.headers(), payload.into_inner());
    let (mut parts, mut faults, mut hash) = (Parts::default(), Vec::new(), Hash::new(&SHA256));
    while let Some(mut field) = form.try_next().await.map_err(|error| multipart(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        hash.update(name.as_bytes());
        hash.update(&[0]);
        match name.as_str() {
            "file" if !parts.has_file => {
                parts.has_file = true;
                parts.name = field.content_disposition().and_then(|d| d.get_filename()).unwrap_or_default().to_owned();
                while let Some(bytes) = field.try_next().await.map_err(|error| multipart(&error))? {
                    context.pace.extend();
                    hash.update(&bytes);
                    upload.push(&bytes).await?;
                }
            }
            "record_id" if parts.record.is_none() => {
                let text = small(&mut field).await?;
                hash.update(text.as_bytes());
                parts.record = uuid(text.trim());
                faults.extend(parts.record.is_none().then(|| Fault::new("/record_id", "invalid_id")));
            }
            other => {
                let known = matches!(other, "file" | "record_id");
                let place = format!("/{}", other.chars().take(64).collect::<String>());
                return Err(refused(vec![Fault::new(place, if known { "repeated" } else { "unknown_field" })]));
            }
        }
    }
    context.pace.extend();
    faults.extend((!parts.has_file).then(|| Fault::new("/file", "required")));
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    upload.complete().await?;
    context.pace.set_reading(false);
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok((parts, Digest(digest)))
}

fn refused(faults: Vec<Fault>) -> Problem {
    DomainError::Invalid(faults).into()
}

async fn small(field: &mut Field) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.try_next().await.map_err(|error| multipart(&error))? {
        if bytes.len() + chunk.len() > SMALL_PART {
            return Err(Problem::of("body_too_large").arg(SMALL_PART.to_string()));
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

/// Take an attachment away.
///
/// As a file, never to be shown in place: `Content-Disposition: attachment`, `nosniff`, a sandbox as content security policy, and `application/octet-stream` for whatever a
/// browser might run. Each time is an entry in the audit log before the first byte leaves, and the customer counts against the caller's budget.
#[utoipa::path(
    tag = "attachments", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("attachment_id" = Uuid, Path, description = "Id of the attachment")),
    responses((status = 200, description = "The file.", content((Vec<u8> = "application/octet-stream"), (Vec<u8> = "application/pdf"), (Vec<u8> = "image/png"))), ReadProblems))]
#[get("/customers/{id}/attachments/{attachment_id}/content")]
pub async fn download_attachment(
    may: May<ReadAttachments>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let file = attachments::download(&app, &reader, &may, id.get(), other_id(&req, "attachment_id")?).await?;
    let (size, name) = (file.size, disposition(&file.name));
    let media = if is_served_as_itself(&file.media_type) {
        file.media_type.clone()
    } else {
        "application/octet-stream".to_owned()
    };
    let blocks = stream::try_unfold(file, |mut file| async move {
        let block = file.next().await.map_err(broken)?;
        Ok::<_, std::io::Error>(block.map(|bytes| (Bytes::from(bytes), file)))
    });
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(media)
        .insert_header(("Content-Disposition", name))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Content-Security-Policy", "sandbox; default-src 'none'"));
    Ok(answer.body(SizedStream::new(size, blocks)))
}

/// RFC 6266 with the name as RFC 8187 has it: only what an `attr-char` is stands as itself.
fn disposition(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    let encoded: String =
        name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    format!("attachment; filename=\"attachment\"; filename*=UTF-8''{encoded}")
}

/// The connection is cut: a file must not look whole when it is not.
fn broken(error: DomainError) -> std::io::Error {
    tracing::warn!(%error, "an attachment broke off");
    std::io::Error::other("broken off")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_header() {
        assert_eq!(
            disposition("合同 2026.pdf"),
            "attachment; filename=\"attachment\"; filename*=UTF-8''%E5%90%88%E5%90%8C%202026.pdf"
        );
        assert!(disposition("a\"; filename=b.html").ends_with("''a%22%3B%20filename%3Db.html"));
    }
}
