//! The record of whom a notice was shown to.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, notices};
use custodian_persistence::customers::CustomerReader;
use uuid::Uuid;

use super::bodies::{ShowBody, ShowingBody, showing_example};
use super::{ManageNotices, RecordShowings};
use crate::http::{Id, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once};

/// Record that a notice was shown.
///
/// To one customer, in one language: kept with the digest of the very text and the database's time, for good. Only the version in force can be shown.
#[utoipa::path(
    tag = "notices", security(("bearer" = []), ("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the version")),
    request_body(content = ShowBody, example = json!({"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "language": "en", "channel": "web"})),
    responses((status = 200, description = "Recorded.", body = ShowingBody, example = json!(showing_example())), WriteProblems))]
#[post("/notices/{id}/showings")]
pub async fn record_notice_showing(
    may: May<RecordShowings>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ShowBody>,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, body.digest(), async |work| {
        let what = (body.customer_id, body.language.as_str(), body.channel.as_str());
        let row = notices::record_showing(&app, &reader, &may, work, id.get(), what).await?;
        Reply::ok(&ShowingBody::from(row))
    })
    .await
}

/// List whom a notice was shown to.
///
/// Newest first.
#[utoipa::path(
    tag = "notices", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the version"), ("customer_id" = Option<Uuid>, Query, description = "To this customer"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of showings.", body = Listing<ShowingBody>,
        example = json!({"data": [showing_example()], "next_cursor": null})), ReadProblems))]
#[get("/notices/{id}/showings")]
pub async fn list_notice_showings(
    may: May<ManageNotices>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/notices/{}/showings", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let (customer, before, limit) = (query.uuid("customer_id"), pages.id_position(&mut query)?, query.limit());
    query.done()?;
    let (rows, next) = notices::showings(&app, &may, id.get(), customer, before, limit).await?;
    let data = rows.into_iter().map(ShowingBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}
