//! Consents: given, refused, withdrawn, and what they allow.

mod bodies;
mod decisions;
mod intake;
mod opt_outs;
mod receipts;
mod recipients;
mod withdraw;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::consents::{self, ConsentView, ConsentWriter};
use custodian_application::{App, Call};
use custodian_domain::kernel::DomainError;
use custodian_persistence::customers::CustomerReader;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(crate) use self::bodies::{ConsentBody, consent_example};
use self::bodies::{NewConsentBody, new_example};
pub(crate) use self::decisions::{decide_consent, decide_consents, opts_out};
use crate::http::{
    ETag, Id, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, carries_key, once, single,
};
use crate::needs;

/// Routes of this capability, but for the decisions.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_consents)
        .service(record_consent)
        .service(intake::record_consents)
        .service(show_consent)
        .service(receipts::show_receipt)
        .service(opt_outs::list_opt_outs)
        .service(recipients::list_recipients)
        .service(recipients::list_withdrawals)
        .service(recipients::acknowledge_withdrawal)
        .service(withdraw::withdraw_consent)
        .service(withdraw::make_withdrawal_link)
        .service(withdraw::withdraw_by_link);
}

needs! {
    /// Reads consents.
    ReadConsents = ConsentsRead;
    /// Records consents and refusals.
    RecordConsents = ConsentsRecord;
    /// Withdraws for a person who says stop.
    WithdrawConsents = ConsentsWithdraw;
    /// Acknowledges withdrawals, as a recipient.
    AcknowledgeWithdrawals = WithdrawalsAcknowledge;
    /// Asks whether a use is allowed.
    DecideConsents = ConsentsDecide;
}

/// List a customer's consents.
///
/// Every record of consent and refusal, newest first, each with where it stands now.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of consents.", body = Listing<ConsentBody>,
        example = json!({"data": [consent_example()], "next_cursor": null})), ReadProblems))]
#[get("/customers/{id}/consents")]
pub async fn list_consents(
    may: May<ReadConsents>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/customers/{}/consents", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let (before, limit) = (pages.id_position(&mut query)?, query.limit());
    query.done()?;
    let (views, next) = consents::list(&app, &reader, &may, id.get(), before, limit).await?;
    let staff = may.identity.user().is_some();
    let data = views.into_iter().map(|view| ConsentBody::of(view, staff)).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Record a consent or a refusal.
///
/// For one purpose, under a published notice that tells of it; never backdated. What is said for every channel takes the place of what was said for each. A
/// separate consent needs a notice about that purpose alone, a written one a proof on paper or an electronic signature, a person under fourteen a guardian. After a
/// refusal nobody is asked again until the purpose's cool-down has passed. After a change of the purpose or of the notice that makes consents need renewal, nobody
/// agrees under a version from before it, or under the same words published again (`notice_outdated`); a refusal is taken under any.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    request_body(content = NewConsentBody, example = json!(new_example())),
    responses((status = 201, description = "Recorded; `Location` names it.", body = ConsentBody, example = json!(consent_example())), WriteProblems))]
#[post("/customers/{id}/consents")]
pub async fn record_consent(
    may: May<RecordConsents>,
    app: Data<App>,
    writer: Data<ConsentWriter>,
    req: HttpRequest,
    id: Id<Uuid>,
    new: Valid<NewConsentBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner().into_new(id.get());
    // An answer that is kept for a retry is kept in a transaction of its own.
    if !carries_key(&req)?
        && let Some(view) = writer.record(&may, &new).await?
    {
        return Ok(recorded(&may, view)?);
    }
    once(&app, &may, &req, &digest, async |work| recorded(&may, consents::record(&app, &may, work, new).await?)).await
}

fn recorded(call: &Call, view: ConsentView) -> Result<Reply, DomainError> {
    let location = format!("/v1/consents/{}", view.id);
    Reply::created(&location, &ConsentBody::of(view, call.identity.user().is_some()))
}

/// Read one consent.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the consent")),
    description = "One record with where it stands now.",
    responses((status = 200, description = "The consent.", body = ConsentBody, example = json!(consent_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/consents/{id}")]
pub async fn show_consent(
    may: May<ReadConsents>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = consents::find(&app, &reader, &may, id.get()).await?;
    let body = ConsentBody::of(view, may.identity.user().is_some());
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}
