//! Small steps that many handlers share: answering one resource, reading JSON that came in a form.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse};
use custodian_crypto::mac::sha256;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::etag::ETag;
use super::page::{Listing, Pages};
use super::problem::Problem;
use super::query::Query;

/// One resource with its tag, or `304` where the caller has it already.
pub fn single(req: &HttpRequest, tag: ETag, body: &impl Serialize) -> Result<HttpResponse, Problem> {
    let mut answer = if tag.unchanged(req.headers()) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header(("ETag", tag.to_string()));
    if tag.unchanged(req.headers()) {
        return Ok(answer.finish());
    }
    let bytes =
        serde_json::to_vec(body).map_err(|_| Problem::of("internal_error").log("an answer does not serialise"))?;
    Ok(answer.insert_header((CONTENT_TYPE, "application/json")).body(bytes))
}

impl ETag {
    /// The tag of a resource that counts no versions: its own bytes are its version.
    pub fn of_body(body: &impl Serialize, rights: &[u8; 32]) -> Self {
        let digest = sha256(&serde_json::to_vec(body).unwrap_or_default());
        let version = digest.iter().take(7).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
        Self::new(version, rights)
    }
}

impl Pages<'_> {
    /// Takes a `cursor` that carries an id.
    pub fn id_position(&self, query: &mut Query) -> Result<Option<Uuid>, Problem> {
        let id = |bytes: Vec<u8>| Uuid::from_slice(&bytes).map_err(|_| Problem::of("invalid_cursor"));
        self.position(query)?.map(id).transpose()
    }
}

/// One page of a list that is at hand whole, by its place in it.
pub fn page_of<T>(all: Vec<T>, pages: &Pages<'_>, query: &mut Query) -> Result<Listing<T>, Problem> {
    let (limit, position) = (query.limit(), pages.position(query)?);
    query.done()?;
    let start = match position.map(<[u8; 4]>::try_from) {
        None => 0,
        Some(Ok(bytes)) => u32::from_be_bytes(bytes),
        Some(Err(_)) => return Err(Problem::of("invalid_cursor")),
    };
    let end = start.saturating_add(u32::try_from(limit).unwrap_or(u32::MAX));
    let (skip, more) =
        (usize::try_from(start).unwrap_or(usize::MAX), all.len() > usize::try_from(end).unwrap_or(usize::MAX));
    let data = all.into_iter().skip(skip).take(limit).collect();
    Ok(Listing { data, next_cursor: more.then(|| pages.seal(&end.to_be_bytes())), count: None })
}

/// Reads a JSON text as strictly as a body.
pub fn read_json(bytes: &[u8]) -> Result<Value, Problem> {
    super::json::read(bytes)
}
