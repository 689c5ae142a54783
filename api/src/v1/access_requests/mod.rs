//! Access requests: asking for access, deciding about it, and the rights that end by themselves.

mod bodies;
mod decide;
mod delegations;
mod grants;
mod policies;
mod policy_bodies;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, access_requests};
use custodian_domain::access_requests::{Kind, State};
use custodian_persistence::access_requests::RequestFilter;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub use self::bodies::FilterBody;
use self::bodies::{NewRequestBody, RequestBody, request_example};
use crate::http::{
    ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once,
    page_of, single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_access_requests)
        .service(create_access_request)
        .service(show_access_request)
        .service(decide::approve_access_request)
        .service(decide::deny_access_request)
        .service(decide::cancel_access_request)
        .service(decide::review_emergency)
        .service(grants::list_grants)
        .service(grants::show_grant)
        .service(grants::revoke_grant)
        .service(policies::list_approval_policies)
        .service(policies::create_approval_policy)
        .service(policies::simulate_approval_policy)
        .service(policies::show_approval_policy)
        .service(policies::change_approval_policy)
        .service(policies::delete_approval_policy)
        .service(delegations::list_delegations)
        .service(delegations::create_delegation)
        .service(delegations::end_delegation);
}

needs! {
    /// Follows requests.
    ReadRequests = AccessRequestsRead;
    /// Asks, and takes back what one asked.
    CreateRequest = AccessRequestsCreate;
    /// Decides.
    DecideRequests = AccessRequestsDecide;
    /// Reads rights, and ends those that one has or gave.
    ReadGrants = GrantsRead;
    /// Reads who approves what.
    ReadPolicies = ApprovalPoliciesRead;
    /// Says who approves what.
    ManagePolicies = ApprovalPoliciesManage;
}

const PATH: &str = "/v1/access-requests";

/// List access requests.
///
/// Newest first: those that one made or decided; everybody's for who holds `grants.revoke` or `audit.read`. `waiting=true` asks for those, and all of those, that wait
/// for the caller's own decision now.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])),
    params(("waiting" = Option<bool>, Query, description = "Those that wait for the caller's decision; other filters are left aside"),
        ("state" = Option<String>, Query, description = "`pending`, `approved`, `denied`, `cancelled`, `lapsed`, `expired` or `revoked`"),
        ("kind" = Option<String>, Query, description = "`fields`, `emergency` or `export`"),
        ("requester_id" = Option<Uuid>, Query, description = "Requests of this person"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of requests, without their customers.", body = Listing<RequestBody>,
        example = json!({"data": [request_example()], "next_cursor": null})), ListProblems))]
#[get("/access-requests")]
pub async fn list_access_requests(
    may: May<ReadRequests>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let waiting = query.boolean("waiting");
    let states: Vec<&'static str> = State::ALL.iter().map(|state| state.as_str()).collect();
    let kinds: Vec<&'static str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let mut filter = RequestFilter {
        state: query.choice("state", &states).map(str::to_owned),
        kind: query.choice("kind", &kinds).map(str::to_owned),
        requester: query.uuid("requester_id"),
        ..RequestFilter::default()
    };
    if waiting {
        let data = access_requests::waiting(&app, &may).await?.into_iter().map(RequestBody::from).collect();
        return Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?));
    }
    filter.before = pages.id_position(&mut query)?;
    let limit = query.limit();
    query.done()?;
    let (views, next) = access_requests::list(&app, &may, filter, limit).await?;
    let data = views.into_iter().map(RequestBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Ask for access.
///
/// To read `fields` of named customers (`customer_ids`), or of those in one's own reach that match a `filter` now: later ones are not among them. Whether somebody of an id
/// exists is not told. Who decides is found by `/v1/approval-policies`; a request for a core field needs two people. Approved, the right lasts `duration_minutes` (a day by
/// default, at most what the policy allows) and ends by itself. Refused with `no_approver` when nobody could decide.
///
/// `kind: emergency` (needs `access_requests.emergency`, at most 50 named customers) opens the fields at once, for an hour by default; those who review emergencies are told, and
/// somebody else must close the review in time: while one is overdue, the requester opens nothing more in this way (`emergency_shut`).
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])),
    request_body(content = NewRequestBody, example = json!({"kind": "fields", "customer_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"], "fields": ["id_number"],
        "purpose": "sales", "reason": "Contract to be signed today needs the number checked", "duration_minutes": 120})),
    responses((status = 201, description = "Asked; `Location` names the request.", body = RequestBody, example = json!(request_example())), WriteProblems))]
#[post("/access-requests")]
pub async fn create_access_request(
    may: May<CreateRequest>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewRequestBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner().into_request().ok_or_else(|| Problem::of("invalid_body"))?;
    once(&app, &may, &req, &digest, async |work| {
        let made = access_requests::create(&app, &may, work, new).await?;
        let location = format!("{PATH}/{}", made.row.id);
        Reply::created(&location, &RequestBody::from(made))
    })
    .await
}

/// Read one access request.
///
/// For who made it, who is or was asked about it, and who watches over all.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The request.", body = RequestBody, example = json!(request_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/access-requests/{id}")]
pub async fn show_access_request(
    may: May<ReadRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = RequestBody::from(access_requests::find(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}
