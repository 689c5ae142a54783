//! Retention policies: made by one, put in force by another, and the register of what they did.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, retention};
use uuid::Uuid;

use super::policy_bodies::{
    ActivateRetentionBody, DestructionCertificateBody, NewRetentionPolicyBody, RetentionPolicyBody,
    RetentionPreviewBody, RetentionRuleBody, RetentionRunBody, policy_example, run_example,
};
use super::{ManageRetention, ReadRetention};
use crate::http::{
    ETag, Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems,
    once, single,
};

/// List retention policies.
///
/// Oldest first, whatever their state.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])),
    responses((status = 200, description = "The policies.", body = Listing<RetentionPolicyBody>,
        example = json!({"data": [policy_example()], "next_cursor": null})), ListProblems))]
#[get("/retention-policies")]
pub async fn list_retention_policies(
    may: May<ReadRetention>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    query.done()?;
    let rows = retention::list_policies(&app, &may).await?;
    let data = rows.into_iter().map(RetentionPolicyBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: None, count: None }))
}

/// Make a retention policy.
///
/// Whoever was not touched for `days` is due: `warn` tells of each once (event `retention.due`), `archive` takes them out of use, `destroy` erases them with a certificate each, and
/// `anonymise` does the same but leaves stage, source and region for counts. By `updated_at` whoever enters or changes a record of a customer touches the customer. With `record_type` it is about what hangs on customers (`warn`: event `retention.records_due`); `anonymise` takes
/// from it the values of every field that is personal by its `category` or `pi_category`, and the files that hang on it, and leaves the rest where it hangs, as facts about whoever that is.
/// With `field` the values of one field go. Values go with what they were before and what they are found by, and whoever or whatever had them stays: what stands in copies made before goes
/// with those copies. Nobody whose processing is restricted is due, nor anything that hangs on them, until the restriction is lifted. A policy begins as `dry_run` and does nothing until
/// somebody else puts it in force.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])),
    request_body(content = NewRetentionPolicyBody, example = json!({"name": "Lost leads", "stage": "lost", "since": "updated_at", "days": 730, "action": "destroy"})),
    responses((status = 201, description = "Made; `Location` names it.", body = RetentionPolicyBody, example = json!(policy_example())), WriteProblems))]
#[post("/retention-policies")]
pub async fn create_retention_policy(
    may: May<ManageRetention>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<NewRetentionPolicyBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let Some((name, rule)) = body.into_inner().into_new() else { return Err(Problem::of("invalid_body")) };
    once(&app, &may, &req, &digest, async |work| {
        let policy = RetentionPolicyBody::from(retention::create_policy(&app, &may, work, name, rule).await?);
        Reply::created(&format!("/v1/retention-policies/{}", policy.id), &policy)
    })
    .await
}

/// Preview a retention policy.
///
/// How many would be due now, how many a legal hold keeps, and a sample of ids. Nothing is changed.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])),
    request_body(content = RetentionRuleBody, example = json!({"stage": "lost", "since": "updated_at", "days": 730, "action": "destroy"})),
    responses((status = 200, description = "What it comes to.", body = RetentionPreviewBody,
        example = json!({"due": 12, "held": 1, "sample": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"]})), WriteProblems))]
#[post("/retention-policies/preview")]
pub async fn preview_retention_policy(
    may: May<ReadRetention>,
    app: Data<App>,
    body: Valid<RetentionRuleBody>,
) -> Result<Reply, Problem> {
    let Some(rule) = body.into_inner().into_rule() else { return Err(Problem::of("invalid_body")) };
    let preview = retention::preview_policy(&app, &may, &rule).await?;
    Ok(Reply::ok(&RetentionPreviewBody { due: preview.due, held: preview.held, sample: preview.sample })?)
}

/// Read one retention policy.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the policy")),
    description = "Whom it meets, what it does and where it stands.",
    responses((status = 200, description = "The policy.", body = RetentionPolicyBody, example = json!(policy_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/retention-policies/{id}")]
pub async fn show_retention_policy(
    may: May<ReadRetention>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = RetentionPolicyBody::from(retention::find_policy(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Put a retention policy in force.
///
/// By somebody who did not make it and who repeats how many its preview said are due: where another number is due by now the answer is `409` `preview_outdated`.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the policy")),
    request_body(content = ActivateRetentionBody, example = json!({"due": 12})),
    responses((status = 200, description = "In force.", body = RetentionPolicyBody, example = json!(policy_example())), WriteProblems))]
#[post("/retention-policies/{id}/activate")]
pub async fn activate_retention_policy(
    may: May<ManageRetention>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ActivateRetentionBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let due = body.into_inner().due;
    once(&app, &may, &req, &digest, async |work| {
        Reply::ok(&RetentionPolicyBody::from(retention::activate_policy(&app, &may, work, id.get(), due).await?))
    })
    .await
}

/// Pause a retention policy.
///
/// At once. Whom it has met already stays as they are.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the policy")),
    responses((status = 200, description = "Out of force.", body = RetentionPolicyBody, example = json!(policy_example())), WriteProblems))]
#[post("/retention-policies/{id}/pause")]
pub async fn pause_retention_policy(
    may: May<ManageRetention>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&RetentionPolicyBody::from(retention::pause_policy(&app, &may, work, id.get()).await?))
    })
    .await
}

/// List the rounds of a retention policy.
///
/// The register of destruction, newest first: when, to how many, and the erasures, each with a certificate of its own.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the policy"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of rounds.", body = Listing<RetentionRunBody>,
        example = json!({"data": [run_example()], "next_cursor": null})), ReadProblems))]
#[get("/retention-policies/{id}/runs")]
pub async fn list_retention_runs(
    may: May<ReadRetention>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/retention-policies/{}/runs", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let (before, limit) = (pages.id_position(&mut query)?, query.limit());
    query.done()?;
    let (rows, next) = retention::list_runs(&app, &may, Some(id.get()), before, limit).await?;
    let data = rows.into_iter().map(RetentionRunBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read the register of destruction.
///
/// The rounds of every policy, newest first: when, by which policy, to how many, and the erasures, each with a certificate of its own.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of rounds.", body = Listing<RetentionRunBody>,
        example = json!({"data": [run_example()], "next_cursor": null})), ListProblems))]
#[get("/destruction-register")]
pub async fn list_destruction_register(
    may: May<ReadRetention>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/destruction-register", &query);
    let (before, limit) = (pages.id_position(&mut query)?, query.limit());
    query.done()?;
    let (rows, next) = retention::list_runs(&app, &may, None, before, limit).await?;
    let data = rows.into_iter().map(RetentionRunBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read the certificate of a round.
///
/// Of a round that destroyed something: by which rule, who made it and who put it in force, how much went, and when. Signed, the same for ever, without any personal value. A
/// round that warned or archived has none.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the round")),
    responses((status = 200, description = "The certificate.", body = DestructionCertificateBody, example = json!({"certificate": {"round_id":
        "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a91", "customer_count": 12, "record_count": 0}, "jws": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"})),
        (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/destruction-register/{id}/certificate")]
pub async fn show_destruction_certificate(
    may: May<ReadRetention>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = retention::destruction_certificate(&app, &may, id.get()).await?;
    let retention::DestructionCertificate { certificate, jws } = found;
    let body = DestructionCertificateBody { certificate, jws };
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Give the word that the clock is right.
///
/// When the clock went on by more than an hour between two looks, nothing is warned of, archived or destroyed until somebody says that it is right. Until then, and where no
/// word is waited for, the answer is `409` `clock_not_stopped`.
#[utoipa::path(
    tag = "retention", security(("bearer" = [])),
    responses((status = 204, description = "The rounds go on."), WriteProblems))]
#[post("/retention-policies/confirm-clock")]
pub async fn confirm_retention_clock(
    may: May<ManageRetention>,
    app: Data<App>,
    req: HttpRequest,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        retention::confirm_clock(&app, &may, work).await?;
        Ok(Reply::no_content())
    })
    .await
}
