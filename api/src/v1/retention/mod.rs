//! Retention: policies, and the duties to keep that stand against erasure.

mod bodies;
mod policies;
mod policy_bodies;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, retention};
use custodian_persistence::retention::HoldFilter;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(crate) use self::bodies::blank;
use self::bodies::{LegalHoldBody, NewLegalHoldBody, ReleaseLegalHoldBody, hold_example};
use crate::http::{
    ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once,
    single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_legal_holds)
        .service(create_legal_hold)
        .service(show_legal_hold)
        .service(release_legal_hold)
        .service(policies::list_retention_policies)
        .service(policies::create_retention_policy)
        .service(policies::preview_retention_policy)
        .service(policies::confirm_retention_clock)
        .service(policies::show_retention_policy)
        .service(policies::activate_retention_policy)
        .service(policies::pause_retention_policy)
        .service(policies::list_retention_runs)
        .service(policies::list_destruction_register)
        .service(policies::show_destruction_certificate);
}

needs! {
    /// Reads policies.
    ReadRetention = RetentionRead;
    /// Makes policies and puts them in force.
    ManageRetention = RetentionManage;
    /// Reads duties to keep.
    ReadLegalHolds = LegalHoldsRead;
    /// Lays and ends duties to keep.
    ManageLegalHolds = LegalHoldsManage;
}

/// List legal holds.
///
/// Newest first: every duty to keep that was ever laid on anybody. Those that bind one person by `customer_id`, those in force now by `in_force=true`.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])),
    params(("customer_id" = Option<Uuid>, Query, description = "That bind this customer"),
        ("in_force" = Option<bool>, Query, description = "In force now, or not any more"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of holds.", body = Listing<LegalHoldBody>,
        example = json!({"data": [hold_example()], "next_cursor": null})), ListProblems))]
#[get("/legal-holds")]
pub async fn list_legal_holds(
    may: May<ReadLegalHolds>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/legal-holds", &query);
    let filter = HoldFilter {
        customer: query.uuid("customer_id"),
        in_force: query.parsed("in_force", "invalid_boolean"),
        before: pages.id_position(&mut query)?,
    };
    let limit = query.limit();
    query.done()?;
    let (holds, next) = retention::list_holds(&app, &may, filter, limit).await?;
    let data = holds.into_iter().map(LegalHoldBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Lay a legal hold.
///
/// From this answer on none of these customers is erased, deleted customers included. `litigation` and `investigation` bind until somebody releases them: an erasure is
/// refused with `409` `legal_hold`. `statutory` binds until `until`: an erasure waits as `blocked`, and the person's data is restricted to being stored and kept safe.
/// With somebody who was merged into another customer that one is bound, too.
/// While either binds, no file of theirs is deleted.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])),
    request_body(content = NewLegalHoldBody, example = json!({"kind": "litigation", "basis": "(2026)沪01民初123号", "reason": "Claim filed against us",
        "customer_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"]})),
    responses((status = 201, description = "In force; `Location` names it.", body = LegalHoldBody, example = json!(hold_example())), WriteProblems))]
#[post("/legal-holds")]
pub async fn create_legal_hold(
    may: May<ManageLegalHolds>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<NewLegalHoldBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let Some(new) = body.into_inner().into_new() else { return Err(Problem::of("invalid_body")) };
    once(&app, &may, &req, &digest, async |work| {
        let hold = LegalHoldBody::from(retention::create_hold(&app, &may, work, new).await?);
        Reply::created(&format!("/v1/legal-holds/{}", hold.id), &hold)
    })
    .await
}

/// Read one legal hold.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the hold")),
    description = "With the customers that it binds.",
    responses((status = 200, description = "The hold.", body = LegalHoldBody, example = json!(hold_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/legal-holds/{id}")]
pub async fn show_legal_hold(
    may: May<ReadLegalHolds>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = LegalHoldBody::from(retention::find_hold(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Release a legal hold.
///
/// With the reason, which the audit log keeps. Nobody is erased by this alone: a wish that was refused is told again, and an erasure that waited for the hold is looked at by the next round,
/// which erases or names what else binds.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the hold")),
    request_body(content = ReleaseLegalHoldBody, example = json!({"reason": "The case was settled"})),
    responses((status = 200, description = "Ended.", body = LegalHoldBody, example = json!(hold_example())), WriteProblems))]
#[post("/legal-holds/{id}/release")]
pub async fn release_legal_hold(
    may: May<ManageLegalHolds>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ReleaseLegalHoldBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let reason = body.into_inner().reason;
    once(&app, &may, &req, &digest, async |work| {
        Reply::ok(&LegalHoldBody::from(retention::release_hold(&app, &may, work, id.get(), reason).await?))
    })
    .await
}
