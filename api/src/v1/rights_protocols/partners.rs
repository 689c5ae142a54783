//! Keeping the partners, and reading what each was told.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use custodian_application::App;
use custodian_application::rights_protocols::{self, PartnerRow};
use uuid::Uuid;

use super::bodies::{
    CreatedRightsPartnerBody, ExchangeBody, NewRightsPartnerBody, RightsPartnerBody, RightsPartnerPatch,
    created_example, exchange_example, partner_example,
};
use crate::http::{
    ChangeProblems, ETag, Empty, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply,
    Valid, ValidPatch, WriteProblems, once, single,
};
use crate::needs;

needs! {
    /// Reads the partners.
    ReadPartners = RightsPartnersRead;
    /// Says who may pass requests on.
    ManagePartners = RightsPartnersManage;
    /// Follows requests.
    FollowRequests = PrivacyRequestsRead;
}

const PATH: &str = "/v1/rights-partners";

/// List partners that pass requests of people on.
///
/// Every one of the organisation in the order of their making; never their tokens.
#[utoipa::path(
    tag = "rights-partners", security(("bearer" = [])), params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of partners.", body = Listing<RightsPartnerBody>, example = json!({"data": [partner_example()], "next_cursor": null})), ListProblems))]
#[get("/rights-partners")]
pub async fn list_rights_partners(
    may: May<ReadPartners>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (rows, next) = rights_protocols::list(&app, &may, after, limit).await?;
    let data = rows.into_iter().map(RightsPartnerBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Add a partner that passes requests of people on.
///
/// A partner of `opendsr` speaks OpenDSR 2.0 at `/v2/discovery`, `/v2/requests` and `/v2/requests/{id}` (also under `/opendsr/v3`), and OpenGDPR 1.0 at `/v1/discovery` and
/// `/v1/opengdpr_requests`, with the token of this answer, which is in it and nowhere else; answers and callbacks are signed by the certificate that discovery names. An agent
/// of `drp` speaks the Data Rights Protocol 1.0: it makes its token at `/v1/agent/{agent-id}` with a message signed by its key, and exercises rights at
/// `/v1/data-rights-request`. Both have the bodies and errors of their specifications. What they pass on is a privacy request whose `channel` is the protocol; it proves nobody unless
/// the partner `vouches`. An organisation has 200 at most. Needs a fresh proof.
#[utoipa::path(
    tag = "rights-partners", security(("bearer" = [])),
    request_body(content = NewRightsPartnerBody, example = json!({"protocol": "drp", "name": "Permission Slip", "identifier": "PERMISSION_SLIP", "business_id": "ACME",
        "verify_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "callback_urls": ["https://agent.example.com/status/"], "jurisdiction": "US-CA"})),
    responses((status = 201, description = "Added.", body = CreatedRightsPartnerBody, example = json!(created_example())), WriteProblems))]
#[post("/rights-partners")]
pub async fn create_rights_partner(
    may: May<ManagePartners>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewRightsPartnerBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner().into_partner().ok_or_else(|| Problem::of("invalid_body"))?;
    let reply = once(&app, &may, &req, &digest, async |work| {
        let (row, token) = rights_protocols::create(&app, &may, work, new).await?;
        let location = format!("{PATH}/{}", row.id);
        let token = token.as_ref().map(|token| token.expose());
        Reply::created(&location, &CreatedRightsPartnerBody::new(row, token))
    })
    .await?;
    not_again(reply)
}

/// A token is shown once. Whoever lost the answer has another one made.
fn not_again(reply: Reply) -> Result<Reply, Problem> {
    if reply.is_replay() { Err(Problem::of("idempotency_result_withheld")) } else { Ok(reply) }
}

/// Read one partner that passes requests of people on.
#[utoipa::path(
    tag = "rights-partners", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the partner")),
    description = "One partner of the organisation, without its token.",
    responses((status = 200, description = "The partner.", body = RightsPartnerBody, example = json!(partner_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/rights-partners/{id}")]
pub async fn show_rights_partner(
    may: May<ReadPartners>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let row = rights_protocols::find(&app, &may, id.get()).await?;
    let tag = ETag::new(i64::from(row.version), &may.identity.rights);
    single(&req, tag, &RightsPartnerBody::from(row))
}

/// Change a partner that passes requests of people on.
///
/// `enabled: false` shuts its door at once, and ends what waits to be told to it; what it passed on stays. Needs a fresh proof.
#[utoipa::path(
    tag = "rights-partners", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the partner")),
    request_body(content = RightsPartnerPatch, content_type = "application/merge-patch+json", example = json!({"enabled": false})),
    responses((status = 200, description = "Changed.", body = RightsPartnerBody, example = json!(partner_example())), ChangeProblems))]
#[patch("/rights-partners/{id}")]
pub async fn change_rights_partner(
    may: May<ManagePartners>,
    app: Data<App>,
    id: Id<Uuid>,
    condition: IfMatch,
    patch: ValidPatch<RightsPartnerPatch>,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let allowed = |row: &PartnerRow| condition.check(row.version.into());
    let changed = rights_protocols::change(&app, &may, &work, id.get(), patch.into_inner().into(), allowed).await;
    let row = work.settle(changed).await?;
    let tag = ETag::new(i64::from(row.version), &may.identity.rights);
    Ok(HttpResponse::Ok().insert_header(("ETag", tag.to_string())).json(RightsPartnerBody::from(row)))
}

/// Give a partner another token.
///
/// The new token is in this answer and nowhere else; the one until now opens nothing from here on. An agent of `drp` makes its own. Needs a fresh proof.
#[utoipa::path(
    tag = "rights-partners", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the partner")),
    responses((status = 200, description = "The partner with its new token.", body = CreatedRightsPartnerBody, example = json!(created_example())), WriteProblems))]
#[post("/rights-partners/{id}/rotate-token")]
pub async fn rotate_rights_token(
    may: May<ManagePartners>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    let reply = once(&app, &may, &req, &none.0, async |work| {
        let (row, token) = rights_protocols::rotate_token(&app, &may, work, id.get()).await?;
        Reply::ok(&CreatedRightsPartnerBody::new(row, Some(token.expose())))
    })
    .await?;
    not_again(reply)
}

/// Read which partner passed a privacy request on.
///
/// And what it was told of it since, with what came of each try. Requests that came in another way have none.
#[utoipa::path(
    tag = "rights-partners", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The partner, and what it was told.", body = ExchangeBody, example = json!(exchange_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/privacy-requests/{id}/exchange")]
pub async fn show_exchange(
    may: May<FollowRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (row, told) = rights_protocols::exchange(&app, &may, id.get()).await?;
    let body = ExchangeBody::new(row, told);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}
