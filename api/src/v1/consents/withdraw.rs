//! Withdrawal: by whoever speaks for the person, or by the person with a link.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use custodian_application::consents::{self, ConsentView, ConsentWriter};
use custodian_application::{App, Call};
use custodian_domain::kernel::DomainError;
use custodian_persistence::customers::CustomerReader;
use uuid::Uuid;

use super::WithdrawConsents;
use super::bodies::{ConsentBody, LinkBody, NewLinkBody, TokenBody, WithdrawBody, WithdrawnBody, consent_example};
use crate::http::{Context, Id, LoginProblems, May, Problem, Reply, Valid, WriteProblems, carries_key, once};

/// Withdraw a consent.
///
/// One call, no reason needed, at once: from this answer on nothing is allowed on it. What covers every channel is withdrawn for every channel. A second
/// withdrawal changes nothing and is answered alike.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the consent")),
    request_body(content = WithdrawBody, example = json!({})),
    responses((status = 200, description = "Withdrawn.", body = ConsentBody, example = json!(consent_example())), WriteProblems))]
#[post("/consents/{id}/withdraw")]
pub async fn withdraw_consent(
    may: May<WithdrawConsents>,
    app: Data<App>,
    writer: Data<ConsentWriter>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<WithdrawBody>,
) -> Result<Reply, Problem> {
    // An answer that is kept for a retry is kept in a transaction of its own.
    if !carries_key(&req)?
        && let Some(view) = writer.withdraw(&may, id.get(), body.reason()).await?
    {
        return Ok(withdrawn(&may, view)?);
    }
    once(&app, &may, &req, body.digest(), async |work| {
        withdrawn(&may, consents::withdraw(&app, &may, work, id.get(), body.reason()).await?)
    })
    .await
}

fn withdrawn(call: &Call, view: ConsentView) -> Result<Reply, DomainError> {
    Reply::ok(&ConsentBody::of(view, call.identity.user().is_some()))
}

/// Make a link for withdrawing.
///
/// A signed token for the person whose consent it is: it needs no account, and does nothing but withdraw this one consent.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the consent")),
    request_body(content = NewLinkBody, example = json!({"days": 365})),
    responses((status = 200, description = "The link's token.", body = LinkBody,
        example = json!({"token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "expires_at": "2027-11-22T08:00:00Z"})), WriteProblems))]
#[post("/consents/{id}/withdrawal-link")]
pub async fn make_withdrawal_link(
    may: May<WithdrawConsents>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    body: Valid<NewLinkBody>,
) -> Result<Reply, Problem> {
    let link = consents::issue_link(&app, &reader, &may, id.get(), body.days()).await?;
    Ok(Reply::ok(&LinkBody { token: link.token, expires_at: link.expires_at })?)
}

/// Withdraw by link.
///
/// For the person, without an account: the token is all that is needed. A second use is answered like the first.
#[utoipa::path(
    tag = "consents", security(()),
    request_body(content = TokenBody, example = json!({"token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"})),
    responses((status = 200, description = "Withdrawn.", body = WithdrawnBody, example = json!({"state": "withdrawn", "purpose": "marketing", "at": "2026-11-22T08:00:00Z"})),
        (status = 404, description = "The consent is gone, or the person was erased."), LoginProblems))]
#[post("/withdrawals")]
pub async fn withdraw_by_link(
    app: Data<App>,
    req: HttpRequest,
    body: Valid<TokenBody>,
) -> Result<HttpResponse, Problem> {
    let request = Context::of(&req).request_id.clone();
    let view = consents::withdraw_by_link(&app, &body.token, &request).await?;
    let (purpose, at) = (view.listed.consent.purpose, view.listed.changed_at);
    Ok(HttpResponse::Ok().json(WithdrawnBody { state: view.state, purpose, at }))
}
