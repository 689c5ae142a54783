//! What a webhook was told, and telling it again.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, webhooks};
use custodian_domain::webhooks::State;
use custodian_persistence::Work;
use uuid::Uuid;

use super::bodies::{DeliveryBody, ReplayBody, ReplayedBody, delivery_example};
use super::{ManageWebhooks, ReadWebhooks};
use crate::http::{
    ETag, Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems,
    once, path, single,
};

/// List what a webhook was told.
///
/// Newest first, of the last 30 days, with every try; what is still to be told is among it.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook"),
    ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ("state" = Option<String>, Query, description = "`pending`, `delivered`, `failed` or `dropped`")),
    responses((status = 200, description = "A page of deliveries.", body = Listing<DeliveryBody>, example = json!({"data": [delivery_example()], "next_cursor": null})), ListProblems))]
#[get("/webhooks/{id}/deliveries")]
pub async fn list_deliveries(
    may: May<ReadWebhooks>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/webhooks/{}/deliveries", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let states: Vec<&'static str> = State::ALL.iter().map(|state| state.as_str()).collect();
    let (limit, before, state) = (query.limit(), pages.id_position(&mut query)?, query.choice("state", &states));
    query.done()?;
    let (rows, next) = webhooks::deliveries(&app, &may, id.get(), state, before, limit).await?;
    let data = rows.into_iter().map(DeliveryBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read one delivery.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook"),
    ("delivery_id" = Uuid, Path, description = "Id of the delivery")),
    description = "One thing that a webhook was told, or is to be, with every try.",
    responses((status = 200, description = "The delivery.", body = DeliveryBody, example = json!(delivery_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/webhooks/{id}/deliveries/{delivery_id}")]
pub async fn show_delivery(
    may: May<ReadWebhooks>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (webhook, delivery): (Uuid, Uuid) = (id.get(), path::id(&req, "delivery_id")?);
    let body = DeliveryBody::from(webhooks::delivery(&app, &may, webhook, delivery).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Tell one thing again.
///
/// Under the id that it had, so that a receiver which took it already can tell. Its tries begin anew.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook"),
    ("delivery_id" = Uuid, Path, description = "Id of the delivery")),
    responses((status = 202, description = "It is on its way.", body = DeliveryBody, example = json!(delivery_example())), WriteProblems))]
#[post("/webhooks/{id}/deliveries/{delivery_id}/replay")]
pub async fn replay_delivery(
    may: May<ManageWebhooks>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    let (webhook, delivery): (Uuid, Uuid) = (id.get(), path::id(&req, "delivery_id")?);
    once(&app, &may, &req, &none.0, async |work: &Work| {
        let row = webhooks::replay(&app, &may, work, webhook, delivery).await?;
        let location = format!("/v1/webhooks/{webhook}/deliveries/{delivery}");
        Reply::accepted(&location, &DeliveryBody::from(row))
    })
    .await
}

/// Tell again what a receiver missed.
///
/// Everything since a moment that did not arrive, or with `delivered_too` everything since then, under the ids that it had.
#[utoipa::path(
    tag = "webhooks", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the webhook")),
    request_body(content = ReplayBody, example = json!({"since": "2026-11-22T00:00:00Z"})),
    responses((status = 200, description = "It is on its way.", body = ReplayedBody, example = json!({"replayed": 12})), WriteProblems))]
#[post("/webhooks/{id}/replay")]
pub async fn replay_webhook(
    may: May<ManageWebhooks>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ReplayBody>,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, body.digest(), async |work: &Work| {
        let replayed = webhooks::replay_since(&app, &may, work, id.get(), body.since, body.delivered_too).await?;
        Reply::ok(&ReplayedBody { replayed })
    })
    .await
}
