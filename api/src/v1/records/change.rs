//! Entering, changing and deleting a record.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, patch, post};
use custodian_application::App;
use custodian_application::records::{self, NewRecord, RecordPatch};
use custodian_domain::kernel::{DomainError, UserId};
use custodian_persistence::Work;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::{RecordBody, record_example};
use super::may::{DeleteRecord, WriteRecords};
use crate::http::{
    Body, ChangeProblems, ETag, IfMatch, May, Problem, Reply, Valid, ValidPatch, WriteProblems, given, once_retold,
};
use crate::v1::customers::{input, precondition};

/// A record to enter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRecordBody {
    /// Who sees to it; by default the caller.
    owner_id: Option<Uuid>,
    /// Values by field key, see `GET /v1/record-types/{type}/fields`.
    fields: BTreeMap<String, Value>,
}

impl Body for NewRecordBody {}

/// A change (RFC 7396): what is absent stays, `null` takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchRecordBody {
    /// Who sees to it, or `null` to leave it to the customer's owner.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    owner_id: Option<Option<Uuid>>,
    /// New values by field key; `null` takes a value away.
    #[serde(default)]
    fields: BTreeMap<String, Value>,
}

impl Body for PatchRecordBody {}

/// The type's code and the record's id; what is no id is no record's.
pub(super) fn place_of((code, id): (String, String)) -> Result<(String, Uuid), Problem> {
    let id = Uuid::try_parse(&id).map_err(|_| Problem::of("not_found"))?;
    Ok((code, id))
}

/// Enter a record.
///
/// Of a customer in the caller's scope. Every value is checked by the catalog and sealed under the customer's own key: who erases the customer erases its records.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("type" = String, Path, description = "`interaction`, `opportunity`, `contract`, `payment` or `ticket`")),
    request_body(content = NewRecordBody, example = json!({"fields": {"channel": "phone", "occurred_at": "2026-11-22T08:00:00Z", "summary": "希望下周回电", "next_follow_up_at": "2026-11-29T08:00:00Z"}})),
    responses((status = 201, description = "Entered; `Location` names it.", body = RecordBody, example = json!(record_example())), WriteProblems))]
#[post("/customers/{id}/records/{type}")]
pub async fn create_record(
    may: May<WriteRecords>,
    app: Data<App>,
    req: HttpRequest,
    place: Path<(String, String)>,
    body: Valid<NewRecordBody>,
) -> Result<Reply, Problem> {
    let (customer, code) = place.into_inner();
    let customer = Uuid::try_parse(&customer).map_err(|_| Problem::of("not_found"))?;
    let digest = *body.digest();
    let NewRecordBody { owner_id, fields } = body.into_inner();
    let fields = fields.iter().map(|(key, value)| (key.clone(), input(value))).collect();
    let new = NewRecord { owner: owner_id.map(UserId::from), fields };
    let enter = async |work: &Work| {
        let seen = records::create(&app, &may, work, (customer, &code), new).await?;
        let tag = ETag::new(i64::from(seen.version), &may.identity.rights);
        Ok(Reply::created(&format!("/v1/records/{code}/{}", seen.id), &RecordBody::from(seen))?.etag(tag))
    };
    // The record is shown once more: the caller must still be allowed to see it, and the log says so once more.
    let again = async |reply: &Reply| {
        let id = reply.location_id().ok_or(DomainError::NotFound)?;
        records::read(&app, &may, &code, id).await.map(drop)
    };
    once_retold(&app, &may, &req, &digest, enter, again).await
}

/// Change a record.
///
/// JSON Merge Patch. `If-Match` must name the version that the change was made from. A field that may be edited but not read answers as its mask.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("id" = Uuid, Path, description = "Id of the record")),
    request_body(content = PatchRecordBody, content_type = "application/merge-patch+json", example = json!({"fields": {"stage": "won"}})),
    responses((status = 200, description = "As it is now.", body = RecordBody, example = json!(record_example())), ChangeProblems))]
#[patch("/records/{type}/{id}")]
pub async fn change_record(
    may: May<WriteRecords>,
    app: Data<App>,
    place: Path<(String, String)>,
    if_match: IfMatch,
    body: ValidPatch<PatchRecordBody>,
) -> Result<Reply, Problem> {
    let (code, id) = place_of(place.into_inner())?;
    let PatchRecordBody { owner_id, fields } = body.into_inner();
    let fields = fields.iter().map(|(key, value)| (key.clone(), input(value))).collect();
    let change = RecordPatch { owner: owner_id.map(|owner| owner.map(UserId::from)), fields };
    let work = app.begin(may.organization()).await?;
    let seen = records::patch(&app, &may, &work, (&code, id), &precondition(if_match), change).await;
    let seen = work.settle(seen).await?;
    let tag = ETag::new(i64::from(seen.version), &may.identity.rights);
    Ok(Reply::ok(&RecordBody::from(seen))?.etag(tag))
}

/// Delete a record.
///
/// Takes it out of every list, search and read at once; its values stay sealed until the customer is erased.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("id" = Uuid, Path, description = "Id of the record")),
    responses((status = 204, description = "Deleted."), ChangeProblems))]
#[delete("/records/{type}/{id}")]
pub async fn delete_record(
    may: May<DeleteRecord>,
    app: Data<App>,
    place: Path<(String, String)>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (code, id) = place_of(place.into_inner())?;
    let work = app.begin(may.organization()).await?;
    let deleted = records::delete(&app, &may, &work, (&code, id), &precondition(if_match)).await;
    work.settle(deleted).await?;
    Ok(HttpResponse::NoContent().finish())
}
