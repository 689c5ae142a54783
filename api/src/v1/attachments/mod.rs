//! Files that hang on customers: taken in as forms, told of, taken away as files and never shown in place.

mod file;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::attachments::{self, AttachmentView};
use custodian_persistence::attachments::AttachmentRow;
use custodian_persistence::customers::CustomerReader;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::path::id as other_id;
use crate::http::{
    ChangeProblems, ETag, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, page_of,
    single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_attachments)
        .service(file::create_attachment)
        .service(show_attachment)
        .service(delete_attachment)
        .service(file::download_attachment);
}

needs! {
    /// Lists, and takes away.
    ReadAttachments = AttachmentsRead;
    /// Hangs on, and takes off.
    WriteAttachments = AttachmentsWrite;
}

/// One file.
#[derive(Serialize, ToSchema)]
pub struct AttachmentBody {
    /// Its id.
    id: Uuid,
    /// The customer that it hangs on.
    customer_id: Uuid,
    /// The record of that customer that it belongs to.
    record_id: Option<Uuid>,
    /// Its name, as far as a name is safe.
    name: String,
    /// What it is, by its own first bytes.
    media_type: String,
    /// Its bytes.
    size: i64,
    /// `ready`, or `held` until a scanner has looked through it.
    state: String,
    /// When it was taken in.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: Uuid,
}

impl From<AttachmentView> for AttachmentBody {
    fn from(view: AttachmentView) -> Self {
        let AttachmentRow { id, customer, record, media_type, size, state, created_at, created_by, .. } = view.row;
        Self {
            id,
            customer_id: customer.uuid(),
            record_id: record,
            name: view.name,
            media_type,
            size,
            state,
            created_at,
            created_by,
        }
    }
}

/// List a customer's attachments.
///
/// Newest first, 200 at most for each customer.
#[utoipa::path(
    tag = "attachments", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of attachments.", body = Listing<AttachmentBody>,
        example = json!({"data": [attachment_example()], "next_cursor": null})), ListProblems))]
#[get("/customers/{id}/attachments")]
pub async fn list_attachments(
    may: May<ReadAttachments>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let views = attachments::list(&app, &reader, &may, id.get()).await?;
    let data = views.into_iter().map(AttachmentBody::from).collect();
    let path = format!("/v1/customers/{}/attachments", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &path, &query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Read what is known of an attachment.
///
/// Name, type and size; its bytes are at `content`.
#[utoipa::path(
    tag = "attachments", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("attachment_id" = Uuid, Path, description = "Id of the attachment")),
    responses((status = 200, description = "The attachment.", body = AttachmentBody, example = json!(attachment_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/customers/{id}/attachments/{attachment_id}")]
pub async fn show_attachment(
    may: May<ReadAttachments>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = attachments::find(&app, &reader, &may, id.get(), other_id(&req, "attachment_id")?).await?;
    single(&req, ETag::new(1, &may.identity.rights), &AttachmentBody::from(view))
}

/// Delete an attachment.
///
/// The file is gone, with its key; only the log remembers that it was there. While a legal hold is in force on the customer nothing is deleted (`409` `legal_hold`, with
/// the ids of the holds).
#[utoipa::path(
    tag = "attachments", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("attachment_id" = Uuid, Path, description = "Id of the attachment")),
    responses((status = 204, description = "Deleted."), ChangeProblems))]
#[delete("/customers/{id}/attachments/{attachment_id}")]
pub async fn delete_attachment(
    may: May<WriteAttachments>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    if_match: IfMatch,
) -> Result<Reply, Problem> {
    let attachment = other_id(&req, "attachment_id")?;
    let work = app.begin(may.organization()).await?;
    let admits = |version| if_match.check(version);
    let gone = attachments::delete(&app, &may, &work, id.get(), attachment, admits).await;
    work.settle(gone).await?;
    Ok(Reply::no_content())
}

/// For the document.
pub fn attachment_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a17", "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "record_id": null, "name": "合同 2026.pdf",
        "media_type": "application/pdf", "size": 48213, "state": "ready", "created_at": "2026-11-22T08:00:00Z", "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11"})
}
