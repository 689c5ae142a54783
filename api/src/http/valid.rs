//! Bodies: read strictly, checked against their own documented schema, all faults at once.

use std::any::TypeId;
use std::collections::HashMap;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_crypto::mac::sha256;
use custodian_domain::catalog::Catalog;
use custodian_domain::kernel::Fault;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use super::context::Context;
use super::edge::Edge;
use super::json;
use super::problem::Problem;
use super::schema::Schema;

/// A JSON body. Its documented schema is enforced; `check` adds what no schema can say.
///
/// The document knows no integers but of 32 and 64 bits: a narrower one needs its `maximum` in the schema.
pub trait Body: ToSchema + DeserializeOwned + 'static {
    /// Ten thousand items may come in it: it may be as large as [`LARGE_BODY`].
    const LARGE: bool = false;

    /// Rules beyond the schema, over a value that the schema may have refused: look for members, assume none.
    fn check(value: &Value, now: DateTime<Utc>) -> Vec<Fault> {
        let _ = (value, now);
        Vec::new()
    }

    /// The same where the rules are the organisation's own.
    fn check_by(value: &Value, now: DateTime<Utc>, catalog: &Catalog) -> Vec<Fault> {
        let _ = catalog;
        Self::check(value, now)
    }
}

/// The most bytes of a body of ten thousand items.
pub const LARGE_BODY: usize = 8 * 1024 * 1024;

/// A valid body in `application/json`.
#[derive(Debug)]
pub struct Valid<B>(pub B, pub Digest);

/// A valid body of a `PATCH`: `application/merge-patch+json` (RFC 7396) or `application/json`.
#[derive(Debug)]
pub struct ValidPatch<B>(pub B, pub Digest);

/// The body of an action that takes none: absent, or `{}`.
#[derive(Debug)]
pub struct Empty(pub Digest);

/// SHA-256 of the body's bytes, for telling a retry from another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl<B> Valid<B> {
    /// The body.
    pub fn into_inner(self) -> B {
        self.0
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> &Digest {
        &self.1
    }
}

impl<B> ValidPatch<B> {
    /// The body.
    pub fn into_inner(self) -> B {
        self.0
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> &Digest {
        &self.1
    }
}

impl<B> Deref for Valid<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.0
    }
}

impl<B> Deref for ValidPatch<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.0
    }
}

impl<B: Body> FromRequest for Valid<B> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let arriving = Arriving::new(req, payload).of::<B>();
        Box::pin(async move {
            let (value, bytes) = arriving.json(&["application/json"]).await?;
            Ok(Self(bytes.validate(&value)?, bytes.digest))
        })
    }
}

impl<B: Body> FromRequest for ValidPatch<B> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let arriving = Arriving::new(req, payload);
        Box::pin(async move {
            let (value, bytes) = arriving.json(&["application/merge-patch+json", "application/json"]).await?;
            Ok(Self(bytes.validate(&value)?, bytes.digest))
        })
    }
}

impl FromRequest for Empty {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let arriving = Arriving::new(req, payload);
        Box::pin(async move {
            let (bytes, media_type) = arriving.bytes().await?;
            if !bytes.is_empty() {
                accept(media_type, &["application/json"])?;
                empty_object(&json::read(&bytes)?)?;
            }
            Ok(Self(Digest(sha256(&bytes))))
        })
    }
}

fn empty_object(value: &Value) -> Result<(), Problem> {
    let faults: Vec<_> = match value {
        Value::Object(members) => members
            .keys()
            .map(|name| {
                let mut pointer = String::new();
                json::push_token(&mut pointer, name);
                Fault::new(pointer, "unknown_field")
            })
            .collect(),
        _ => vec![Fault::new("", "wrong_type").with_arg("object")],
    };
    if faults.is_empty() { Ok(()) } else { Err(faulty(faults)) }
}

/// The problem of a faulty body; one whose only faults are members that are not known has a code of its own.
fn faulty(faults: Vec<Fault>) -> Problem {
    let strange = faults.iter().all(|fault| fault.code == "unknown_field");
    Problem::of(if strange { "unknown_field" } else { "invalid_body" }).faults(faults)
}

/// What remains of the request once its body was read.
struct Arrived {
    digest: Digest,
    app: Option<Data<App>>,
    context: Rc<Context>,
}

impl Arrived {
    fn validate<B: Body>(&self, value: &Value) -> Result<B, Problem> {
        // Without an application there is no clock to obey, and without a caller no organisation that could have rules of its own.
        let now = self.app.as_ref().map_or(DateTime::UNIX_EPOCH, |app| app.now());
        validate(value, now, self.context.call().map_or(Catalog::built_in(), |call| call.catalog()))
    }
}

/// A body on its way in.
struct Arriving {
    context: Rc<Context>,
    payload: Payload,
    limit: usize,
    announced: Option<usize>,
    media_type: Result<Option<String>, ()>,
    app: Option<Data<App>>,
}

impl Arriving {
    fn new(req: &HttpRequest, payload: &mut Payload) -> Self {
        let announced = req.headers().get(CONTENT_LENGTH);
        Self {
            context: Context::of(req),
            payload: payload.take(),
            limit: req.app_data::<Data<Edge>>().map_or(256 * 1024, |edge| edge.body_limit),
            announced: announced.and_then(|value| value.to_str().ok()?.parse().ok()),
            media_type: media_type(req.headers()),
            app: req.app_data::<Data<App>>().cloned(),
        }
    }

    /// With room for what this kind of body may hold.
    fn of<B: Body>(self) -> Self {
        let limit = if B::LARGE { self.limit.max(LARGE_BODY) } else { self.limit };
        Self { limit, ..self }
    }

    async fn bytes(self) -> Result<(Bytes, Result<Option<String>, ()>), Problem> {
        let Self { context, payload, limit, announced, media_type, .. } = self;
        context.caller_decided().await;
        Ok((collect(&context, payload, limit, announced).await?, media_type))
    }

    async fn json(mut self, accepted: &[&str]) -> Result<(Value, Arrived), Problem> {
        let app = self.app.take();
        self.context.caller_decided().await;
        accept(std::mem::replace(&mut self.media_type, Err(())), accepted)?;
        let context = Rc::clone(&self.context);
        let (bytes, _) = self.bytes().await?;
        Ok((json::read(&bytes)?, Arrived { digest: Digest(sha256(&bytes)), app, context }))
    }
}

async fn collect(
    context: &Context,
    mut payload: Payload,
    limit: usize,
    announced: Option<usize>,
) -> Result<Bytes, Problem> {
    let too_large = || Problem::of("body_too_large").arg(limit.to_string());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    context.pace.set_reading(true);
    let mut body = BytesMut::with_capacity(announced.unwrap_or(0));
    while let Some(chunk) = payload.next().await {
        // A broken-off body has nobody left to answer.
        let chunk = chunk.map_err(|_| Problem::of("bad_request"))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    context.pace.set_reading(false);
    Ok(body.freeze())
}

/// The media type in lower case, without parameters; an error for a charset other than UTF-8 or two headers.
fn media_type(headers: &HeaderMap) -> Result<Option<String>, ()> {
    let mut all = headers.get_all(CONTENT_TYPE);
    let Some(header) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(());
    }
    let mut parts = header.to_str().map_err(|_| ())?.split(';');
    let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return Err(());
        }
    }
    Ok(Some(essence))
}

fn accept(media_type: Result<Option<String>, ()>, accepted: &[&str]) -> Result<(), Problem> {
    match media_type {
        Ok(Some(essence)) if accepted.contains(&essence.as_str()) => Ok(()),
        _ => Err(Problem::of("unsupported_media_type").arg(accepted.join(" / "))),
    }
}

/// All faults of a value, or the body.
pub fn validate<B: Body>(value: &Value, now: DateTime<Utc>, catalog: &Catalog) -> Result<B, Problem> {
    let schema = schema_of::<B>()?;
    let mut faults = schema.faults(value);
    for fault in B::check_by(value, now, catalog) {
        // The schema and the check may see the same thing; one line for it is enough.
        if !faults.iter().any(|known| known.pointer == fault.pointer) {
            faults.push(fault);
        }
    }
    if !faults.is_empty() {
        return Err(faulty(faults));
    }
    // serde's error may quote the value, so that only its place is told.
    B::deserialize(value).map_err(|_| {
        Problem::of("internal_error")
            .log(format!("{} passes its schema but does not deserialise", std::any::type_name::<B>()))
    })
}

type Cache = RwLock<HashMap<TypeId, Arc<Schema>>>;

/// The compiled schema of a type, made at its first use.
fn schema_of<B: Body>() -> Result<Arc<Schema>, Problem> {
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::default);
    let id = TypeId::of::<B>();
    if let Some(schema) = CACHE.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
        return Ok(Arc::clone(schema));
    }
    let schema = Schema::of::<B>().map_err(|error| Problem::of("internal_error").log(error))?;
    let schema = Arc::new(schema);
    CACHE.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&schema));
    Ok(schema)
}

/// The places of a body's schema that would let unknown members through; empty for a closed schema.
pub fn open_places<B: Body>() -> Vec<String> {
    let mut open = Vec::new();
    if let Ok(document) = super::schema::document::<B>() {
        find_open(&document, &mut String::new(), &mut open);
    }
    open
}

fn find_open(schema: &Value, place: &mut String, open: &mut Vec<String>) {
    let length = place.len();
    let mut step = |token: &str, inner: &Value, open: &mut Vec<String>| {
        json::push_token(place, token);
        find_open(inner, place, open);
        place.truncate(length);
    };
    match schema {
        Value::Object(members) => {
            for (name, inner) in members {
                step(name, inner, open);
            }
            if members.contains_key("properties")
                && members.get("type").is_some()
                && !members.contains_key("additionalProperties")
            {
                open.push(place.clone());
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                step(&at.to_string(), inner, open);
            }
        }
        _ => {}
    }
}

/// Fails when a body's schema would let unknown members through: `#[serde(deny_unknown_fields)]` is missing.
#[cfg(test)]
pub fn assert_closed<B: Body>() {
    let open = open_places::<B>();
    assert!(open.is_empty(), "{} is open at {open:?}", std::any::type_name::<B>());
}

#[cfg(test)]
#[path = "valid_tests.rs"]
mod tests;
