//! The access decision, told: one decision explained, and who can see which field of a customer.

mod bodies;
mod budget;

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use custodian_application::{App, access};
use custodian_persistence::customers::CustomerReader;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::bodies::{ExplainedBody, QuestionBody, SeerBody, explained_example, seer_example};
use crate::http::{Id, Lang, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, page_of};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(explain_decision).service(show_who_sees).service(budget::show_my_budget);
}

needs! {
    /// Asks about one's own decisions; about others' it takes more.
    AskWhy = CustomersRead;
    /// Asks who can see what.
    SeeWhoSees = AccessExplain;
}

/// Explain one decision.
///
/// Which rule of which role opens or closes a field of a customer, and what can be done about a no: the request to send, filled in. About oneself with
/// `customers.read`; about a colleague or a key (`user_id`, `api_key_id`) with `access.explain` too. Shows no value. A customer that the caller may not know of is `404`.
#[utoipa::path(
    tag = "access", security(("bearer" = []), ("api_key" = [])),
    request_body(content = QuestionBody, example = json!({"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "permission": "customers.read", "field": "id_number"})),
    responses((status = 200, description = "The decision and its reasons.", body = ExplainedBody, example = json!(explained_example())), WriteProblems))]
#[post("/access-decisions")]
pub async fn explain_decision(
    may: May<AskWhy>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: actix_web::HttpRequest,
    body: Valid<QuestionBody>,
) -> Result<Reply, Problem> {
    let asked = body.into_inner().into_asked(may.purpose.clone());
    let (lang, id) = (Lang::of(req.headers()), asked.customer);
    let explained = access::explain(&app, &reader, &may, asked).await?;
    Ok(Reply::ok(&ExplainedBody::of(explained, id, lang))?)
}

/// Read who can see a customer.
///
/// Every active member of staff, then every key in force, who can see this customer at all, with the level of each field and the rule behind it. `field` asks for
/// those alone who can see at least its mask. Whoever is bound to purposes is asked about under one of them. Grants count while they are in force.
#[utoipa::path(
    tag = "access", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("field" = Option<String>, Query, description = "Key of a field"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of those who can see it.", body = Listing<SeerBody>,
        example = json!({"data": [seer_example()], "next_cursor": null})), ReadProblems))]
#[get("/customers/{id}/access")]
pub async fn show_who_sees(
    may: May<SeeWhoSees>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: actix_web::HttpRequest,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let lang = Lang::of(req.headers());
    let route = format!("/v1/customers/{}/access", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let field = query.text("field");
    if field.as_deref().is_some_and(|key| may.customer().field(key).is_none()) {
        query.fault("field", "unknown_field");
        query.done()?;
    }
    let seers = access::who_sees(&app, &reader, &may, id.get(), field.as_deref()).await?;
    let data = seers.into_iter().map(|seer| SeerBody::of(seer, lang)).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}
