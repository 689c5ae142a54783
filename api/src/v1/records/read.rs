//! Reading one record, its past, and values of it in full.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::{App, records};
use custodian_domain::kernel::Fault;
use custodian_persistence::Work;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::{RecordBody, RecordVersionBody, record_example};
use super::change::place_of;
use super::may::{ReadHistory, ReadRecords, RevealFields};
use crate::http::{
    Body, ETag, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once_retold, page_of,
    single,
};
use crate::v1::customers::Revealed;

/// Read one record.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("id" = Uuid, Path, description = "Id of the record")),
    description = "One record of a customer in the caller's scope, each field as far as the caller may see it.",
    responses((status = 200, description = "The record.", body = RecordBody, example = json!(record_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/records/{type}/{id}")]
pub async fn show_record(
    may: May<ReadRecords>,
    app: Data<App>,
    req: HttpRequest,
    place: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (code, id) = place_of(place.into_inner())?;
    let seen = records::read(&app, &may, &code, id).await?;
    let tag = ETag::new(i64::from(seen.version), &may.identity.rights);
    single(&req, tag, &RecordBody::from(seen))
}

/// Read a record's history.
///
/// Every version, newest first, with the values before and after as the caller may see them now; values of retired fields too.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("id" = Uuid, Path, description = "Id of the record"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of versions.", body = Listing<RecordVersionBody>,
        example = json!({"data": [{"version": 2, "at": "2026-11-22T09:00:00Z", "by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11",
            "changes": [{"name": "stage", "before": "proposal", "after": "won"}]}], "next_cursor": null})), ReadProblems))]
#[get("/records/{type}/{id}/history")]
pub async fn show_record_history(
    may: May<ReadHistory>,
    app: Data<App>,
    place: Path<(String, String)>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let (code, id) = place_of(place.into_inner())?;
    let pages = Pages::new(app.cursor_key(), may.organization(), &format!("/v1/records/{code}/{id}/history"), &query);
    let versions = records::history(&app, &may, &code, id).await?;
    let data = versions.into_iter().map(RecordVersionBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Which values, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealRecordBody {
    /// Keys of the fields.
    #[schema(min_items = 1, max_items = 50)]
    fields: Vec<String>,
    /// Why they are needed; kept sealed in the audit log.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for RevealRecordBody {
    /// The schema counts characters; spaces give no reason.
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let reason = value.get("reason").and_then(Value::as_str).unwrap_or_default();
        let blank = reason.chars().count() >= 3 && reason.trim().chars().count() < 3;
        let fault = || Fault::new("/reason", "too_short").with_arg("3");
        blank.then(fault).into_iter().collect()
    }
}

/// The values asked for.
#[derive(Serialize, ToSchema)]
pub struct RevealedRecordBody {
    /// The record.
    id: Uuid,
    /// Values by field key; null where none is stored.
    #[schema(value_type = BTreeMap<String, Value>)]
    fields: Revealed,
}

/// Reveal fields of a record.
///
/// Answers values in full that are otherwise masked. Needs a reason; each call is one entry in the audit log, written before the answer leaves.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("id" = Uuid, Path, description = "Id of the record")),
    request_body(content = RevealRecordBody, example = json!({"fields": ["amount"], "reason": "Checking the invoice"})),
    responses((status = 200, description = "The values.", body = RevealedRecordBody,
        example = json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "fields": {"amount": {"amount": "1200.00", "currency": "CNY"}}})), WriteProblems))]
#[post("/records/{type}/{id}/reveal")]
pub async fn reveal_record_fields(
    may: May<RevealFields>,
    app: Data<App>,
    req: HttpRequest,
    place: Path<(String, String)>,
    body: Valid<RevealRecordBody>,
) -> Result<Reply, Problem> {
    let (code, id) = place_of(place.into_inner())?;
    let digest = *body.digest();
    let show = async |work: &Work| {
        let values = records::reveal(&app, &may, work, (&code, id), &body.fields, &body.reason).await?;
        Reply::ok(&RevealedRecordBody { id, fields: Revealed(values) })
    };
    // The values leave once more, so the caller must still be allowed them and the log says so once more.
    let again = async |_: &Reply| {
        let work = app.begin(may.organization()).await?;
        let revealed = records::reveal(&app, &may, &work, (&code, id), &body.fields, &body.reason).await;
        work.settle(revealed).await.map(drop)
    };
    once_retold(&app, &may, &req, &digest, show, again).await
}
