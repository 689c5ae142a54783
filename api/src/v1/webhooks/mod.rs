//! Webhooks: receivers that are told what happened.

mod bodies;
mod deliveries;
mod document;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use custodian_application::App;
use custodian_application::webhooks::{self, WebhookRow};
use custodian_persistence::Work;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{
    ChangeProblems, ETag, Empty, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply,
    Valid, ValidPatch, WriteProblems, once, single,
};
use crate::needs;

pub use document::describe;

use bodies::{
    CreatedWebhookBody, DeliveryBody, NewWebhookBody, RotateWebhookBody, WebhookBody, WebhookPatch, created_example,
    delivery_example, webhook_example,
};

needs! {
    /// Reads webhooks and what they were told.
    ReadWebhooks = WebhooksRead;
    /// Keeps webhooks.
    ManageWebhooks = WebhooksManage;
}

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_webhooks)
        .service(create_webhook)
        .service(show_webhook)
        .service(change_webhook)
        .service(delete_webhook)
        .service(rotate_webhook)
        .service(ping_webhook)
        .service(deliveries::replay_webhook)
        .service(deliveries::list_deliveries)
        .service(deliveries::show_delivery)
        .service(deliveries::replay_delivery);
}

fn tag<P>(may: &May<P>, row: &WebhookRow) -> ETag {
    ETag::new(row.version.into(), &may.identity.rights)
}

/// A secret is shown once. Whoever lost the answer rotates it.
fn not_again(reply: Reply) -> Result<Reply, Problem> {
    if reply.is_replay() { Err(Problem::of("idempotency_result_withheld")) } else { Ok(reply) }
}

/// List webhooks.
///
/// Every webhook of the organisation in the order of its making; never their secrets.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of webhooks.", body = Listing<WebhookBody>, example = json!({"data": [webhook_example()], "next_cursor": null})), ListProblems))]
#[get("/webhooks")]
pub async fn list_webhooks(may: May<ReadWebhooks>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/webhooks", &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (rows, next) = webhooks::list(&app, &may, after, limit).await?;
    let data = rows.into_iter().map(WebhookBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Add a webhook.
///
/// The secret that verifies its signatures (Standard Webhooks 1.0.0) is in this answer and nowhere else. It is told what happens from now on: each event at
/// least once, under an id that stays the same, in no promised order; answered with anything but 2xx within ten seconds it is told again, ten times over four
/// days. Bodies hold ids, codes and field keys, never a person's values. An organisation has 50 at most. Needs a fresh proof.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])),
    request_body(content = NewWebhookBody, example = json!({"name": "Shop", "url": "https://shop.example.com/custodian", "event_types": ["consents.withdrawn"]})),
    responses((status = 201, description = "Added.", body = CreatedWebhookBody, example = json!(created_example())), WriteProblems))]
#[post("/webhooks")]
pub async fn create_webhook(
    may: May<ManageWebhooks>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewWebhookBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner();
    let reply = once(&app, &may, &req, &digest, async |work: &Work| {
        let (row, secret) = webhooks::create(&app, &may, work, new.into()).await?;
        let tag = tag(&may, &row);
        let location = format!("/v1/webhooks/{}", row.id);
        Ok(Reply::created(&location, &CreatedWebhookBody::new(row, &secret))?.etag(tag))
    })
    .await?;
    not_again(reply)
}

/// Read one webhook.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook")),
    description = "One webhook of the organisation, and how it does; without its secret.",
    responses((status = 200, description = "The webhook.", body = WebhookBody, example = json!(webhook_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/webhooks/{id}")]
pub async fn show_webhook(
    may: May<ReadWebhooks>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let row = webhooks::find(&app, &may, id.get()).await?;
    let tag = tag(&may, &row);
    single(&req, tag, &WebhookBody::from(row))
}

/// Change a webhook.
///
/// `enabled: false` ends what waits for it; `true` begins anew after it was switched off, by hand or by itself. Needs a fresh proof.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook")),
    request_body(content = WebhookPatch, content_type = "application/merge-patch+json", example = json!({"enabled": false})),
    responses((status = 200, description = "Changed.", body = WebhookBody, example = json!(webhook_example())), ChangeProblems))]
#[patch("/webhooks/{id}")]
pub async fn change_webhook(
    may: May<ManageWebhooks>,
    app: Data<App>,
    id: Id<Uuid>,
    condition: IfMatch,
    patch: ValidPatch<WebhookPatch>,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let allowed = |row: &WebhookRow| condition.check(row.version.into());
    let changed = webhooks::change(&app, &may, &work, id.get(), patch.into_inner().into(), allowed).await;
    let row = work.settle(changed).await?;
    let tag = tag(&may, &row);
    Ok(HttpResponse::Ok().insert_header(("ETag", tag.to_string())).json(WebhookBody::from(row)))
}

/// Take a webhook away.
///
/// What it was still to be told is not told any more, and the log of what it was goes with it. Needs a fresh proof.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook")),
    responses((status = 204, description = "Gone."), ChangeProblems))]
#[delete("/webhooks/{id}")]
pub async fn delete_webhook(
    may: May<ManageWebhooks>,
    app: Data<App>,
    id: Id<Uuid>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let allowed = |row: &WebhookRow| condition.check(row.version.into());
    let removed = webhooks::remove(&app, &may, &work, id.get(), allowed).await;
    work.settle(removed).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Rotate the secret of a webhook.
///
/// The new secret is in this answer and nowhere else. Until the overlap is over each delivery carries two signatures, one by each. Needs a fresh proof.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook")),
    request_body(content = RotateWebhookBody, example = json!({"overlap_minutes": 1440})),
    responses((status = 200, description = "Rotated.", body = CreatedWebhookBody, example = json!(created_example())), WriteProblems))]
#[post("/webhooks/{id}/rotate")]
pub async fn rotate_webhook(
    may: May<ManageWebhooks>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    rotation: Valid<RotateWebhookBody>,
) -> Result<Reply, Problem> {
    let overlap = rotation.overlap();
    let reply = once(&app, &may, &req, rotation.digest(), async |work: &Work| {
        let (row, secret) = webhooks::rotate(&app, &may, work, id.get(), overlap).await?;
        Reply::ok(&CreatedWebhookBody::new(row, &secret))
    })
    .await?;
    not_again(reply)
}

/// Try a webhook out.
///
/// Tells it, and no other, `webhooks.pinged`. The delivery that is answered says in its tries how it went.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook")),
    responses((status = 202, description = "It is on its way.", body = DeliveryBody, example = json!(delivery_example())), WriteProblems))]
#[post("/webhooks/{id}/ping")]
pub async fn ping_webhook(
    may: May<ManageWebhooks>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work: &Work| {
        let row = webhooks::ping(&app, &may, work, id.get()).await?;
        let location = format!("/v1/webhooks/{}/deliveries/{}", row.webhook, row.id);
        Reply::accepted(&location, &DeliveryBody::from(row))
    })
    .await
}
