//! Erasures: asked for, previewed, followed.

mod batch_bodies;
mod batches;
mod bodies;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, erasures};
use custodian_domain::erasures::State;
use custodian_persistence::erasures::ErasureFilter;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::bodies::{
    ClearFindingBody, EraseBody, ErasureBody, ErasureCertificateBody, ErasurePreviewBody, erasure_example,
    preview_example,
};
use crate::http::{
    ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once,
    single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(erase_customer)
        .service(preview_customer_erasure)
        .service(list_erasures)
        .service(show_erasure)
        .service(show_certificate)
        .service(preview_erasure)
        .service(clear_erasure_finding)
        .service(batches::preview_erasure_batch)
        .service(batches::propose_erasure_batch)
        .service(batches::list_erasure_batches)
        .service(batches::show_erasure_batch)
        .service(batches::list_erasure_batch_customers)
        .service(batches::approve_erasure_batch)
        .service(batches::deny_erasure_batch);
}

needs! {
    /// Erases.
    RequestErasures = ErasuresRequest;
    /// Reads erasures and previews.
    ReadErasures = ErasuresRead;
}

/// Erase a customer.
///
/// From this answer on nothing of the person can be read by anybody: values, history, search, rights given for a while; every path answers `410` `erased`. What copies of
/// the database hold is made useless afterwards, and the erasure goes from `erasing` to `erased`. A dispute or an investigation refuses it (`409` `legal_hold`, with the
/// ids of the holds), and so does a restriction that the person asked for, but to their own wish (`409` `customer_restricted`). A statutory term puts it off: it is answered as `blocked`, the person's data is restricted, and once the term has run it goes on by itself. Somebody
/// who was erased before is answered with that erasure. A `privacy_request_id` names a request for erasure of the person that is in progress (`409` `not_in_progress` otherwise);
/// where it is taken back or turned down while the erasure waits, the erasure is called off: its id is unknown from then on (`404`), and the restriction it laid is lifted.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    request_body(content = EraseBody, example = json!({"ground": "subject_request"})),
    responses((status = 202, description = "Erased for every reader, or blocked; `Location` names the erasure.", body = ErasureBody,
        example = json!(erasure_example())), WriteProblems))]
#[post("/customers/{id}/erase")]
pub async fn erase_customer(
    may: May<RequestErasures>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<EraseBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let Some(asked) = body.into_inner().into_asked(id.get()) else { return Err(Problem::of("invalid_body")) };
    let reply = once(&app, &may, &req, &digest, async |work| {
        let body = ErasureBody::from(erasures::erase(&app, &may, work, asked).await?);
        Reply::accepted(&format!("/v1/erasures/{}", body.id), &body)
    })
    .await?;
    if let Some(erasure) = reply.location_id() {
        erasures::tell_before_answering(&app, may.organization(), erasure).await?;
    }
    Ok(reply)
}

/// Preview the erasure of a customer.
///
/// Which fields would go, what goes with them, what stays and on what ground, and what stands against it now. Nothing is opened and nothing is changed.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    responses((status = 200, description = "What it would take.", body = ErasurePreviewBody, example = json!(preview_example())), ReadProblems))]
#[get("/customers/{id}/erasure-preview")]
pub async fn preview_customer_erasure(
    may: May<ReadErasures>,
    app: Data<App>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let preview = erasures::preview_customer(&app, &may, id.get()).await?;
    Ok(HttpResponse::Ok().json(ErasurePreviewBody::from(preview)))
}

/// List erasures.
///
/// Newest first; by `state`, or of one person by `customer_id`.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])),
    params(("state" = Option<String>, Query, description = "`scheduled`, `blocked`, `erasing` or `erased`"),
        ("customer_id" = Option<Uuid>, Query, description = "Of this customer"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of erasures.", body = Listing<ErasureBody>,
        example = json!({"data": [erasure_example()], "next_cursor": null})), ListProblems))]
#[get("/erasures")]
pub async fn list_erasures(may: May<ReadErasures>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/erasures", &query);
    let states: Vec<&'static str> = State::ALL.iter().map(|state| state.as_str()).collect();
    let filter = ErasureFilter {
        state: query.choice("state", &states).map(str::to_owned),
        customer: query.uuid("customer_id"),
        before: pages.id_position(&mut query)?,
    };
    let limit = query.limit();
    query.done()?;
    let (views, next) = erasures::list(&app, &may, filter, limit).await?;
    let data = views.into_iter().map(ErasureBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read one erasure.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the erasure")),
    description = "Where it stands, and its outcome by field.",
    responses((status = 200, description = "The erasure.", body = ErasureBody, example = json!(erasure_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/erasures/{id}")]
pub async fn show_erasure(
    may: May<ReadErasures>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = ErasureBody::from(erasures::find(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Preview an erasure that waits.
///
/// What a blocked or scheduled erasure will take, what stays and on what ground. Once it has taken it the answer is `410` `erased`; the erasure itself tells the outcome.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the erasure")),
    responses((status = 200, description = "What it will take.", body = ErasurePreviewBody, example = json!(preview_example())), ReadProblems))]
#[get("/erasures/{id}/preview")]
pub async fn preview_erasure(may: May<ReadErasures>, app: Data<App>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    let preview = erasures::preview(&app, &may, id.get()).await?;
    Ok(HttpResponse::Ok().json(ErasurePreviewBody::from(preview)))
}

/// Clear a finding.
///
/// Takes a copy of somebody who was erased out of what is kept of somebody else, for good, where the last sweep found one (`findings`). Name the finding by the members that it
/// has. One with a `version` stands in the past, where a change of the field leaves it: the value is taken out of that version alone. One without stands in a value of now: the
/// field is taken away as a retention policy does, with all that it was before and what it was found by, also of somebody restricted or deleted, of a deleted record, and where
/// the field is out of use or required. So change the field first where that can be done and the rest of the text is to stay. One with an `attachment_id` stands in the name of a
/// file: the file is deleted. That there was a version, who made it and which fields it changed stays. The next round looks again. What no finding names, or what was changed
/// since, is refused (`422`, `unknown_finding`), and so is whatever a legal hold binds (`409` `legal_hold`). Of a customer who was merged into another one, a hold on either
/// counts, and whoever clears it has to reach both.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the erasure")),
    request_body(content = ClearFindingBody, example = json!({"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "field": "notes", "version": 2,
        "reason": "A copy of the number of somebody who was erased"})),
    responses((status = 204, description = "Taken away."), WriteProblems))]
#[post("/erasures/{id}/clear-finding")]
pub async fn clear_erasure_finding(
    may: May<RequestErasures>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ClearFindingBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let (copy, reason) = body.into_inner().into_parts();
    once(&app, &may, &req, &digest, async |work| {
        erasures::clear_finding(&app, &may, work, id.get(), &copy, reason).await?;
        Ok(Reply::no_content())
    })
    .await
}

/// Read the certificate of an erasure.
///
/// What was erased, when, on what ground, which keys were destroyed, how much was looked through and that nothing was found; no personal value. Signed:
/// `custodian erasures verify` checks it without a server. The same for ever. Until there is one the answer is `409` `certificate_pending`; the erasure's `findings`
/// say where a copy was found, and in which version.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the erasure")),
    responses((status = 200, description = "The certificate.", body = ErasureCertificateBody, example = json!({"certificate": {"erasure_id":
        "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a80", "ground": "subject_request", "unreadable_at": "2026-11-22T08:00:00Z", "destroyed_at": "2026-11-22T08:01:00Z"},
        "jws": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"})), ReadProblems))]
#[get("/erasures/{id}/certificate")]
pub async fn show_certificate(may: May<ReadErasures>, app: Data<App>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    let erasures::Certificate { certificate, jws } = erasures::certificate_of(&app, &may, id.get()).await?;
    Ok(HttpResponse::Ok().json(ErasureCertificateBody { certificate, jws }))
}
