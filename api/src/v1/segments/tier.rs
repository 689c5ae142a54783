//! The tier of those of a segment.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, segments};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ApplyTier, ReadSegments};
use crate::http::{Body, Id, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once};

/// Somebody whose tier is another than the segment says.
#[derive(Serialize, ToSchema)]
pub struct TierDifferenceBody {
    /// Who.
    customer_id: Uuid,
    /// The tier now; null where there is none.
    current: Option<String>,
}

/// Whose tier is set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyTierBody {
    /// These customers, as far as they match; where the rule sets, absent for all.
    #[schema(min_items = 1, max_items = 200)]
    customer_ids: Option<Vec<Uuid>>,
    /// Go on after this one: `next_after` of the call before.
    after: Option<Uuid>,
}

impl Body for ApplyTierBody {}

/// What setting the tier came to.
#[derive(Serialize, ToSchema)]
pub struct AppliedTierBody {
    /// Of so many the tier was set, each a version of theirs.
    changed: usize,
    /// So many do not match, had the tier already, or may not be changed by the caller.
    skipped: usize,
    /// For `after` of the next call; null where nobody is left.
    next_after: Option<Uuid>,
}

/// List whose tier differs.
///
/// Those of the segment, in one's own reach, who are of another tier than its rule says, with the tier now: what `apply` would change.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the segment"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of customers.", body = Listing<TierDifferenceBody>,
        example = json!({"data": [{"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "current": "silver"}], "next_cursor": null})), ReadProblems))]
#[get("/segments/{id}/tier-differences")]
pub async fn list_tier_differences(
    may: May<ReadSegments>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/segments/{}/tier-differences", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (found, next) = segments::differing(&app, &may, id.get(), after, limit).await?;
    let body = |one: segments::Differing| TierDifferenceBody { customer_id: one.customer, current: one.current };
    let data: Vec<TierDifferenceBody> = found.into_iter().map(body).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Apply a tier rule.
///
/// Sets the tier of the named who match, or, where the rule is one that sets, of the next 200 who are of another; `next_after` goes on. Each change is a version of the customer,
/// made with the caller's own right to edit the field.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the segment")),
    request_body(content = ApplyTierBody, example = json!({"customer_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"]})),
    responses((status = 200, description = "What it came to.", body = AppliedTierBody, example = json!({"changed": 1, "skipped": 0, "next_after": null})), WriteProblems))]
#[post("/segments/{id}/apply")]
pub async fn apply_tier(
    may: May<ApplyTier>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ApplyTierBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let ApplyTierBody { customer_ids, after } = body.into_inner();
    once(&app, &may, &req, &digest, async |work| {
        let told = segments::apply(&app, &may, work, id.get(), customer_ids, after).await?;
        let segments::Told { changed, skipped, next } = told;
        Reply::ok(&AppliedTierBody { changed, skipped, next_after: next })
    })
    .await
}
