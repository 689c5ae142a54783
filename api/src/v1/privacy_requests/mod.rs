//! Requests of the people whom data is about: filing, proving who asks, answering in time.

mod act;
mod bodies;
mod lifting;
mod log;
mod package;
mod recipients;
mod settings;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, privacy_requests};
use custodian_domain::privacy_requests::{Jurisdiction, Right, State};
use custodian_persistence::privacy_requests::RequestFilter;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::bodies::{FiledBody, NewPrivacyRequestBody, PrivacyRequestBody, filed_example, privacy_request_example};
use crate::http::{
    ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once,
    single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_privacy_requests)
        .service(create_privacy_request)
        .service(log::list_privacy_log)
        .service(log::export_privacy_log)
        .service(settings::show_privacy_settings)
        .service(settings::set_privacy_settings)
        .service(settings::set_privacy_calendar)
        .service(settings::record_arrangement)
        .service(show_privacy_request)
        .service(package::fetch_package)
        .service(act::verify_privacy_request)
        .service(act::acknowledge_privacy_request)
        .service(act::assign_privacy_request)
        .service(act::extend_privacy_request)
        .service(act::complete_privacy_request)
        .service(act::reject_privacy_request)
        .service(act::cancel_privacy_request)
        .service(recipients::list_request_recipients)
        .service(recipients::list_erasure_recipients)
        .service(recipients::list_notifications)
        .service(recipients::acknowledge_notification)
        .service(lifting::announce_lifting)
        .service(lifting::lift_restriction);
}

pub(crate) use package::archive;

needs! {
    /// Follows requests, and reads the log of them.
    ReadRequests = PrivacyRequestsRead;
    /// Files what somebody asked for.
    CreateRequest = PrivacyRequestsCreate;
    /// Hears of what was corrected or restricted.
    HearOfRequests = WithdrawalsAcknowledge;
    /// Answers requests.
    ManageRequests = PrivacyRequestsManage;
}

const PATH: &str = "/v1/privacy-requests";

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| name(*one)).collect()
}

/// List privacy requests.
///
/// Newest first, of the whole organisation. `overdue=true` asks for those that are open past their last day; one whose clock stands still for a proof of identity is not
/// overdue. `customer_id` finds those of a person who was proved to ask.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    params(("state" = Option<String>, Query, description = "`received`, `verifying`, `in_progress`, `completed`, `rejected` or `cancelled`"),
        ("right" = Option<String>, Query, description = "One of the eight rights"),
        ("jurisdiction" = Option<String>, Query, description = "`CN`, `EU` or `US-CA`"),
        ("assignee_id" = Option<Uuid>, Query, description = "Those that this colleague works on"),
        ("customer_id" = Option<Uuid>, Query, description = "Those of this customer, once proved"),
        ("overdue" = Option<bool>, Query, description = "Open past their last day"),
        ("due_before" = Option<String>, Query, description = "Open, and due before this time"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of requests, without what happened to them.", body = Listing<PrivacyRequestBody>,
        example = json!({"data": [privacy_request_example()], "next_cursor": null})), ListProblems))]
#[get("/privacy-requests")]
pub async fn list_privacy_requests(
    may: May<ReadRequests>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let filter = RequestFilter {
        state: query.choice("state", &names(State::ALL, State::as_str)).map(str::to_owned),
        right: query.choice("right", &names(Right::ALL, Right::as_str)).map(str::to_owned),
        jurisdiction: query.choice("jurisdiction", &names(Jurisdiction::ALL, Jurisdiction::as_str)).map(str::to_owned),
        assignee: query.uuid("assignee_id"),
        customer: query.uuid("customer_id"),
        overdue: query.boolean("overdue"),
        due_before: query.time("due_before"),
        received_since: None,
        before: pages.id_position(&mut query)?,
    };
    let limit = query.limit();
    query.done()?;
    let (views, next) = privacy_requests::list(&app, &may, filter, limit).await?;
    let data = views.into_iter().map(PrivacyRequestBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// File a privacy request.
///
/// As it came in, about a customer of an id or of a contact point. The answer is the same whether somebody of that id or contact point is on file or not. The clock runs from
/// the receipt, by the day of the law's own place: under `EU` a month, under `US-CA` 45 days or, for opting out, 15 business days, under `CN` the working days that the
/// organisation set for "in time". Who speaks for another says on what ground; relatives of somebody who has died may look, copy, correct and delete.
/// `corrections` are values as `PATCH /v1/customers/{id}` takes them. An objection names purposes that it ends: those whose ground the law lets people object to, or that
/// sell or share; another is refused (`not_objectable`).
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    request_body(content = NewPrivacyRequestBody, example = json!({"right": "access", "jurisdiction": "CN", "contact": {"field": "email", "value": "zhang@example.com"},
        "received_at": "2026-11-20T08:00:00Z", "channel": "email", "words": "Please send me what you hold about me."})),
    responses((status = 201, description = "Filed; `Location` names the request.", body = FiledBody, example = json!(filed_example())), WriteProblems))]
#[post("/privacy-requests")]
pub async fn create_privacy_request(
    may: May<CreateRequest>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewPrivacyRequestBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner().into_request().ok_or_else(|| Problem::of("invalid_body"))?;
    once(&app, &may, &req, &digest, async |work| {
        let filed = privacy_requests::create(&app, &may, work, new).await?;
        let location = format!("{PATH}/{}", filed.row.id);
        Reply::created(&location, &FiledBody::from(filed))
    })
    .await
}

/// Read one privacy request.
///
/// With everything that happened to it.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The request.", body = PrivacyRequestBody, example = json!(privacy_request_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/privacy-requests/{id}")]
pub async fn show_privacy_request(
    may: May<ReadRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = privacy_requests::find(&app, &may, id.get()).await?;
    let tag = ETag::new(i64::from(view.row.version), &may.identity.rights);
    single(&req, tag, &PrivacyRequestBody::from(view))
}
