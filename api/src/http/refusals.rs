//! Refusals of a known caller leave an entry in the audit log before their answer leaves.

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Data;
use custodian_application::{App, access, customers, detections, erasures};
use uuid::Uuid;

use super::context::Context;
use super::path;
use super::problem::Problem;
use super::problem_codes::{OF_CUSTOMER, OF_RECORD};
use super::transport::OwnShape;

/// Answers that say no to what was asked of this caller.
const RECORDED: [u16; 5] = [403, 404, 409, 410, 429];

/// Routes about one consent.
const OF_CONSENT: &str = "/v1/consents/{id}";
/// Asked of somebody who was deleted as well.
const ERASE: &str = "/v1/customers/{id}/erase";

/// Whether such an answer is a refusal.
pub fn concerns(status: StatusCode) -> bool {
    RECORDED.contains(&status.as_u16())
}

/// Waits until the refusal is durable. Nothing is recorded for an unknown caller. Answers the new place of a customer that is another by now, for whoever
/// may see that one.
pub async fn record(context: &Context, answer: &ServiceResponse) -> Result<Option<String>, Problem> {
    let (Some(call), Some(app)) = (context.call(), answer.request().app_data::<Data<App>>()) else {
        return Ok(None);
    };
    let problem = answer.response().error().and_then(|error| error.as_error::<Problem>());
    let route = answer.request().match_pattern().unwrap_or_default();
    let customer = named(answer, &route, OF_CUSTOMER);
    let own = answer.response().extensions().get::<OwnShape>().map(|own| own.0);
    let code = problem.map(Problem::code).or(own).unwrap_or("refused");
    // Somebody who was erased is not found by anything: here alone the caller learns that they were here, whatever was asked.
    let erased = match (code, customer, named(answer, &route, OF_RECORD)) {
        ("not_found", Some(id), _) => erasures::is_gone(app, call, id).await?,
        ("not_found", None, Some(record)) => erasures::is_record_gone(app, call, record).await?,
        ("not_found", None, None) => {
            // Who says stop for nobody is shown another; the consents of whoever was erased are not found either.
            if let Some(consent) = named(answer, &route, OF_CONSENT) {
                erasures::is_record_gone(app, call, consent).await?;
            }
            false
        }
        _ => false,
    };
    if let (Some(id), false, "not_found") = (customer, erased, code)
        && let Some(now) = customers::merged_place(app, call, id, route == ERASE).await?
    {
        return Ok(Some(elsewhere(answer, id, now)));
    }
    let code = if erased { "erased" } else { code };
    let operation = format!("{} {route}", context.method);
    access::record_refusal(app, call, &operation, code, customer).await?;
    if let Some(what) = one_of_many(answer, &route) {
        detections::note_refusal(app, call, code, &what).await;
    }
    if erased { Err(Problem::of("erased")) } else { Ok(None) }
}

/// The same path and query about another customer.
fn elsewhere(answer: &ServiceResponse, from: Uuid, to: Uuid) -> String {
    let uri = answer.request().uri();
    let asked = uri.path_and_query().map_or(uri.path(), |both| both.as_str());
    let named = answer.request().match_info().get("id").map_or_else(|| from.to_string(), str::to_owned);
    asked.replacen(&named, &to.to_string(), 1)
}

/// Names the entry that the call has left. Nothing where no entry stands for the answer, nor to a stranger who was refused: an entry
/// would tell that the account exists.
pub fn write_audit_id(context: &Context, status: StatusCode, headers: &mut HeaderMap) {
    let refused = concerns(status) && context.call().is_some();
    let done = status.is_success() || status.is_redirection();
    let id = context.noted.entry().filter(|_| done || refused).map(|id| HeaderValue::from_str(&id.to_string()));
    if let Some(Ok(id)) = id {
        headers.insert(HeaderName::from_static("audit-id"), id);
    }
}

/// What a path names, where callers could try one after another: a customer, or a record of one.
fn one_of_many(answer: &ServiceResponse, route: &str) -> Option<String> {
    named(answer, route, OF_CUSTOMER).or_else(|| named(answer, route, OF_RECORD)).map(|id| id.to_string())
}

/// What a path of these routes names.
fn named(answer: &ServiceResponse, route: &str, of: &str) -> Option<Uuid> {
    answer.request().match_info().get("id").filter(|_| route.starts_with(of)).and_then(path::uuid)
}
