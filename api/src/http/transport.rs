//! The one middleware: what happens to every request before its handler and to every answer after it, in order.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse};
use tracing::Instrument;

use super::connections::{Busy, Connection};
use super::context::Context;
use super::edge::Edge;
use super::locale::Lang;
use super::problem::{Problem, of_status};
use super::{headers, limits, refusals, trace};

/// Wraps the whole application: `App::new().wrap(from_fn(transport))`. Needs `Data<Edge>` in the application.
pub async fn transport(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(edge) = req.app_data::<Data<Edge>>().cloned() else {
        return Err(Problem::of("internal_error").log("the application lacks Edge").into());
    };
    let _counted = trace::InFlight::begin();
    let context = begin(&mut req, &edge);
    let busy = req.conn_data::<Arc<Connection>>().map(|connection| Busy::new(Arc::clone(connection)));
    let origin = headers::allowed_origin(&edge, req.headers());
    let trace_id = trace::trace_id(req.headers()).unwrap_or_default();
    let span = tracing::info_span!("request", request_id = %context.request_id, trace_id);
    let work = context.noted.during(answer(&context, &edge, req, next));
    let answered = limits::within(&context, work).instrument(span).await;
    match answered {
        Ok(Ok(answered)) => Ok(end(&context, &edge, answered, busy, origin)),
        Ok(Err(error)) => Err(error),
        Err(late) => Err(give_up(&context, &edge, late)),
    }
}

/// Makes the context. `HEAD` runs as `GET`; the framework leaves the body out, as it knows what the caller sent.
fn begin(req: &mut ServiceRequest, edge: &Edge) -> Rc<Context> {
    let (id, lang) = (trace::request_id(req.headers()), Lang::of(req.headers()));
    let (method, uri) = (req.method().clone(), req.uri().clone());
    let context = Rc::new(Context::new(id, lang, method, uri, edge.request_timeout));
    req.extensions_mut().insert(Rc::clone(&context));
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
    context
}

/// The handler's answer, or ours in its stead; a refusal is recorded before it goes on.
async fn answer(
    context: &Context,
    edge: &Edge,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(preflight) = headers::preflight(edge, req.method(), req.path(), req.headers()) {
        return Ok(req.into_response(preflight));
    }
    if let Err(problem) = limits::check_encoding(req.headers()) {
        return Ok(req.error_response(problem));
    }
    let answer = next.call(req).await?.map_into_boxed_body();
    if !refusals::concerns(answer.status()) {
        return Ok(answer);
    }
    // Apart from the request, which is moved about whole: what few answers need would make every one of them larger.
    match Box::pin(refusals::record(context, &answer)).await {
        Ok(None) => Ok(answer),
        Ok(Some(place)) => Ok(moved(answer, &place)),
        Err(problem) => Ok(answer.error_response(problem)),
    }
}

/// Sends whoever asked for a customer that is another by now there; what is no reading keeps its method.
fn moved(answer: ServiceResponse<BoxBody>, place: &str) -> ServiceResponse<BoxBody> {
    let reading = matches!(*answer.request().method(), Method::GET | Method::HEAD);
    let status = if reading { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    let (request, _) = answer.into_parts();
    ServiceResponse::new(request, HttpResponse::build(status).insert_header((LOCATION, place)).finish())
}

/// Turns every error into a problem document, adds the headers, and writes log and metrics.
fn end(
    context: &Context,
    edge: &Edge,
    answer: ServiceResponse<BoxBody>,
    busy: Option<Busy>,
    origin: Option<HeaderValue>,
) -> ServiceResponse<BoxBody> {
    let (request, mut response) = answer.into_parts();
    if response.status().is_client_error() || response.status().is_server_error() {
        response = problem_document(context, edge, response);
    }
    let mut response = response.map_body(|_, body| limits::hold(body, busy));
    let status = response.status();
    let fields = response.headers_mut();
    headers::secure(fields, edge.tls);
    headers::share(edge, origin, fields);
    headers::open(&context.method, context.path(), fields);
    trace::write_request_id(context, fields);
    refusals::write_audit_id(context, status, fields);
    if let Some(quota) = context.quota() {
        quota.write(fields);
    }
    let route = request.match_pattern();
    let route = route.as_deref().or_else(|| edge.route(context.path())).unwrap_or("unmatched");
    trace::finish(context, route, response.status(), Instant::now());
    ServiceResponse::new(request, response)
}

/// Marks an answer that has the shape of another standard, with the code that a refusal has in the audit log.
pub struct OwnShape(pub &'static str);

/// Our own problems rendered with the request at hand; the framework's errors translated.
fn problem_document(context: &Context, edge: &Edge, response: HttpResponse) -> HttpResponse {
    // Another standard's own shape of errors stays what it is.
    let scim = response.headers().get(CONTENT_TYPE).is_some_and(|media| media == "application/scim+json");
    if scim || response.extensions().contains::<OwnShape>() {
        return response;
    }
    if let Some(problem) = response.error().and_then(|error| error.as_error::<Problem>()) {
        problem.tell_log(context);
        return problem.render(context, &edge.public_base);
    }
    let problem = of_status(response.status(), &context.method);
    problem.tell_log(context);
    problem.render(context, &edge.public_base)
}

/// A request past its deadline: its handler is gone, and with it everything but the context.
fn give_up(context: &Context, edge: &Edge, late: Problem) -> Error {
    late.tell_log(context);
    let route = edge.route(context.path()).unwrap_or("unmatched");
    trace::finish(context, route, late.status(), Instant::now());
    late.settle(context, &edge.public_base, edge.tls).into()
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
