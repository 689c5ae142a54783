//! What SCIM requests and answers have in common: the bearer, bodies, lists, tags and errors.

use std::fmt;
use std::rc::Rc;
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH, WWW_AUTHENTICATE,
};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use custodian_application::App;
use custodian_application::scim::{Provisioner, authenticate};
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_domain::scim::Filter;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use crate::http::{Context, Edge, Problem, kind, read_json};

/// The media type of everything here.
pub const SCIM_JSON: &str = "application/scim+json";
/// The most things of one page.
pub const MOST: usize = 200;

/// A refusal in SCIM's own shape (RFC 7644, 3.12).
#[derive(Debug)]
pub struct ScimError {
    status: StatusCode,
    kind: Option<&'static str>,
    code: &'static str,
}

impl ScimError {
    /// A body or query that cannot be accepted; `kind` is the RFC's `scimType`.
    pub fn bad(kind: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: Some(kind), code: "bad_request" }
    }
}

impl ScimError {
    /// Whether it says that another version is in force.
    pub fn is_stale(&self) -> bool {
        self.status == StatusCode::PRECONDITION_FAILED
    }
}

impl From<Problem> for ScimError {
    fn from(problem: Problem) -> Self {
        let (status, code) = (problem.status(), problem.code());
        match (status.as_u16(), code) {
            (409, "duplicate_value") => Self { status, kind: Some("uniqueness"), code },
            (400, _) => Self { status, kind: Some("invalidSyntax"), code },
            // Rules of the product that a body may break have no other status in SCIM.
            (422, _) => Self { status: StatusCode::BAD_REQUEST, kind: Some("invalidValue"), code },
            _ => Self { status, kind: None, code },
        }
    }
}

impl From<DomainError> for ScimError {
    fn from(error: DomainError) -> Self {
        Problem::from(error).into()
    }
}

impl fmt::Display for ScimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl ResponseError for ScimError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": self.status.as_u16().to_string(),
            "detail": kind(self.code).map_or(self.code, |kind| kind.title.en)});
        if let (Some(kind), Some(members)) = (self.kind, body.as_object_mut()) {
            members.insert("scimType".to_owned(), json!(kind));
        }
        let mut answer = HttpResponseBuilder::new(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        answer.insert_header((CONTENT_TYPE, SCIM_JSON)).body(body.to_string())
    }
}

/// An identity provider that has shown its token.
pub struct Bearer(pub Provisioner);

impl FromRequest for Bearer {
    type Error = ScimError;
    type Future = LocalBoxFuture<'static, Result<Self, ScimError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = Context::of(req);
        context.begin_deciding();
        let (app, edge) = (req.app_data::<Data<App>>().cloned(), req.app_data::<Data<Edge>>().cloned());
        let token = token(req.headers());
        Box::pin(async move {
            let (Some(app), Some(edge)) = (app, edge) else {
                return Err(Problem::of("internal_error").log("the application lacks App or Edge").into());
            };
            let token = token.ok_or_else(|| Problem::of("unauthenticated"))?;
            let by = authenticate(&app, &token, &context.request_id).await?;
            context.set_call(by.call.clone());
            if let Some(quota) = edge.rate.take(by.token, Instant::now()) {
                context.set_quota(quota);
                quota.check()?;
            }
            context.end_deciding();
            Ok(Self(by))
        })
    }
}

fn token(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all(AUTHORIZATION);
    let (scheme, token) = all.next()?.to_str().ok()?.split_once(' ')?;
    let alone = all.next().is_none() && !headers.contains_key("x-api-key");
    (alone && scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim().to_owned())
}

/// A JSON body, read once the caller is known.
pub struct Json(pub Value);

impl FromRequest for Json {
    type Error = ScimError;
    type Future = LocalBoxFuture<'static, Result<Self, ScimError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let context: Rc<Context> = Context::of(req);
        let media = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let arriving = Bytes::from_request(req, payload);
        Box::pin(async move {
            context.caller_decided().await;
            let bytes = arriving.await.map_err(|_| Problem::of("body_too_large"))?;
            if ![SCIM_JSON, "application/json"].contains(&media.as_str()) {
                return Err(Problem::of("unsupported_media_type").into());
            }
            Ok(Self(read_json(&bytes)?))
        })
    }
}

/// What a list is asked for.
pub struct Wish {
    /// Which of them.
    pub filter: Option<Filter>,
    /// From which on, counted from 1.
    pub start: usize,
    /// How many at most.
    pub count: usize,
}

impl Wish {
    /// Reads `filter`, `startIndex` and `count`; filters keep to the attributes named. What else is asked for (sorting, attributes) is left out, as the
    /// RFC allows.
    pub fn of(req: &HttpRequest, attributes: &[&str]) -> Result<Self, ScimError> {
        let query = crate::http::Query::parse(req.query_string()).map_err(|_| ScimError::bad("invalidValue"))?;
        let value = |name: &str| query.pairs().iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let number = |name: &str, default: usize| match value(name) {
            None => Ok(default),
            Some(text) => {
                text.parse::<i64>().map(|n| usize::try_from(n).unwrap_or(0)).map_err(|_| ScimError::bad("invalidValue"))
            }
        };
        let filter = match value("filter") {
            None | Some("") => None,
            Some(text) => Some(Filter::parse(text, attributes).map_err(|_| ScimError::bad("invalidFilter"))?),
        };
        Ok(Self { filter, start: number("startIndex", 1)?.max(1), count: number("count", 100)?.min(MOST) })
    }

    /// The answer that holds one page.
    pub fn answer(&self, total: usize, resources: Vec<Value>) -> HttpResponse {
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": total,
            "startIndex": self.start, "itemsPerPage": resources.len(), "Resources": resources});
        answer(StatusCode::OK, &body, None)
    }
}

/// An answer with its tag.
pub fn answer(status: StatusCode, body: &Value, version: Option<&str>) -> HttpResponse {
    let mut answer = HttpResponseBuilder::new(status);
    if let Some(version) = version {
        answer.insert_header((ETAG, version));
    }
    if let (StatusCode::CREATED, Some(place)) = (status, body.pointer("/meta/location").and_then(Value::as_str)) {
        answer.insert_header(("Location", place));
    }
    answer.insert_header((CONTENT_TYPE, SCIM_JSON)).body(body.to_string())
}

/// Whether the caller has this version already.
pub fn has_it(req: &HttpRequest, version: &str) -> bool {
    names(req, IF_NONE_MATCH.as_str()).is_some_and(|tags| tags.iter().any(|tag| tag == version || tag == "*"))
}

/// Asks whether a version may be changed: `If-Match` may be left out here, as identity providers do.
pub fn admits(req: &HttpRequest) -> impl Fn(i64) -> Result<(), DomainError> + use<> {
    let tags = names(req, IF_MATCH.as_str());
    move |version| match &tags {
        Some(tags) if !tags.iter().any(|tag| *tag == weak(version) || tag == "*") => Err(stale()),
        _ => Ok(()),
    }
}

/// The refusal of a version that is not in force.
pub fn stale() -> DomainError {
    DomainError::refused(RefusedAs::PreconditionFailed, "precondition_failed")
}

/// The tag of a version.
pub fn weak(version: i64) -> String {
    format!("W/\"{version}\"")
}

fn names(req: &HttpRequest, header: &str) -> Option<Vec<String>> {
    let line = req.headers().get(header)?.to_str().unwrap_or_default();
    Some(line.split(',').map(|tag| tag.trim().to_owned()).collect())
}

/// Where something stands, absolutely.
pub fn place(app: &App, path: &str) -> String {
    format!("{}/scim/v2/{path}", app.tuning().issuer.trim_end_matches('/'))
}
