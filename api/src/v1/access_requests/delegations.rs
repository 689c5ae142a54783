//! Who stands in for whom.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::access_requests::{self, NewDelegation};
use custodian_domain::kernel::UserId;
use custodian_persistence::access_requests::DelegationRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::DecideRequests;
use crate::http::{
    Body, Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, Reply, Valid, WriteProblems, once, page_of,
};

/// Somebody is to stand in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelegationBody {
    /// Who.
    delegate_id: Uuid,
    /// From then on; at once when absent.
    from: Option<DateTime<Utc>>,
    /// Until then, at most 92 days ahead.
    until: DateTime<Utc>,
}

impl Body for NewDelegationBody {}

/// Somebody stands in for somebody.
#[derive(Serialize, ToSchema)]
pub struct DelegationBody {
    /// Its id.
    id: Uuid,
    /// Who is away.
    user_id: Uuid,
    /// Who stands in.
    delegate_id: Uuid,
    /// From then on.
    from: DateTime<Utc>,
    /// Until then.
    until: DateTime<Utc>,
    /// When it was ended before its time.
    ended_at: Option<DateTime<Utc>>,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl From<DelegationRow> for DelegationBody {
    fn from(row: DelegationRow) -> Self {
        let DelegationRow { id, user, delegate, from, until, ended_at, created_at } = row;
        Self { id, user_id: user, delegate_id: delegate, from, until, ended_at, created_at }
    }
}

fn delegation_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "user_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "delegate_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11",
        "from": "2026-12-01T00:00:00Z", "until": "2026-12-15T00:00:00Z", "ended_at": null, "created_at": "2026-11-22T08:00:00Z"})
}

/// List delegations.
///
/// Those that the caller gave or was given, as far as they have not ended.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of delegations.", body = Listing<DelegationBody>,
        example = json!({"data": [delegation_example()], "next_cursor": null})), ListProblems))]
#[get("/delegations")]
pub async fn list_delegations(
    may: May<DecideRequests>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/delegations", &query);
    let data = access_requests::list_delegations(&app, &may).await?.into_iter().map(DelegationBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Let a colleague stand in.
///
/// While one is away the colleague may decide in one's place, and each decision says for whom. Nobody comes to decide about their own request by it, near or far: who stands in
/// for the requester is not asked.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])),
    request_body(content = NewDelegationBody, example = json!({"delegate_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "until": "2026-12-15T00:00:00Z"})),
    responses((status = 201, description = "Named.", body = DelegationBody, example = json!(delegation_example())), WriteProblems))]
#[post("/delegations")]
pub async fn create_delegation(
    may: May<DecideRequests>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewDelegationBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let NewDelegationBody { delegate_id, from, until } = new.into_inner();
    let new = NewDelegation { delegate: UserId::from(delegate_id), from, until };
    once(&app, &may, &req, &digest, async |work| {
        let made = access_requests::delegate(&app, &may, work, new).await?;
        Reply::created(&format!("/v1/delegations/{}", made.id), &DelegationBody::from(made))
    })
    .await
}

/// End a delegation.
///
/// One's own, at once.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the delegation")),
    responses((status = 200, description = "Ended.", body = DelegationBody, example = json!(delegation_example())), WriteProblems))]
#[post("/delegations/{id}/end")]
pub async fn end_delegation(
    may: May<DecideRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&DelegationBody::from(access_requests::end_delegation(&app, &may, work, id.get()).await?))
    })
    .await
}
