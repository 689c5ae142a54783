//! Answers that can be sent and, for a retry, kept.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use custodian_application::idempotency::Answer;
use custodian_domain::kernel::DomainError;
use serde::Serialize;

use super::etag::ETag;

/// An answer with a JSON body or none.
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Reply {
    /// `200` with this body.
    pub fn ok(body: &impl Serialize) -> Result<Self, DomainError> {
        Self::json(StatusCode::OK, body)
    }

    /// `201` with this body, which stands at `location` from now on.
    pub fn created(location: &str, body: &impl Serialize) -> Result<Self, DomainError> {
        Self::json(StatusCode::CREATED, body)?.header(header::LOCATION, location)
    }

    /// `202` for long work that is followed at `location`.
    pub fn accepted(location: &str, body: &impl Serialize) -> Result<Self, DomainError> {
        Self::json(StatusCode::ACCEPTED, body)?.header(header::LOCATION, location)
    }

    /// `204`.
    pub fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// `304` with the tag that still holds.
    pub fn not_modified(tag: ETag) -> Self {
        Self::empty(StatusCode::NOT_MODIFIED).etag(tag)
    }

    fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Any status with this body.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, DomainError> {
        let body = serde_json::to_vec(body).map_err(|_| DomainError::internal("an answer does not serialise"))?;
        let reply = Self { status, headers: Vec::new(), body };
        reply.header(header::CONTENT_TYPE, "application/json")
    }

    /// Adds the tag of the single resource that is answered.
    #[must_use]
    pub fn etag(mut self, tag: ETag) -> Self {
        // A tag is made of digits, hex and quotation marks.
        if let Ok(value) = HeaderValue::try_from(tag.to_string()) {
            self.headers.push((header::ETAG, value));
        }
        self
    }

    /// Adds a header; a value that cannot stand in one is a defect of ours.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self, DomainError> {
        let value =
            HeaderValue::from_str(value).map_err(|_| DomainError::internal("a header value is not sendable"))?;
        self.headers.push((name, value));
        Ok(self)
    }

    /// The form in which the answer is kept for retries.
    pub fn to_answer(&self) -> Answer {
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        Answer {
            status: self.status.as_u16(),
            headers: self.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: self.body.clone(),
        }
    }

    /// A kept answer, marked as replayed.
    pub fn replayed(answer: Answer) -> Result<Self, DomainError> {
        let unreadable = || DomainError::internal("a kept answer cannot be read");
        let status = StatusCode::from_u16(answer.status).map_err(|_| unreadable())?;
        let mut reply = Self { status, headers: Vec::new(), body: answer.body };
        for (name, value) in answer.headers {
            reply = reply.header(name.parse().map_err(|_| unreadable())?, &value)?;
        }
        reply.header(HeaderName::from_static("idempotent-replayed"), "true")
    }
}

impl Reply {
    /// The id at the end of `Location`.
    pub fn location_id(&self) -> Option<uuid::Uuid> {
        let location = self.headers.iter().find(|(name, _)| *name == header::LOCATION)?;
        super::path::uuid(location.1.to_str().ok()?.rsplit('/').next()?)
    }

    /// Whether this is a kept answer given again.
    pub fn is_replay(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.as_str() == "idempotent-replayed")
    }
}

impl From<Reply> for HttpResponse {
    fn from(reply: Reply) -> Self {
        let mut answer = HttpResponseBuilder::new(reply.status);
        for header in reply.headers {
            answer.insert_header(header);
        }
        if reply.body.is_empty() { answer.finish() } else { answer.body(reply.body) }
    }
}

impl Responder for Reply {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_kept_answer_comes_back_whole_and_marked() {
        let reply = Reply::created("/v1/customers/1", &json!({"id": 1})).unwrap().etag(ETag::new(1, &[0; 32]));
        let again: HttpResponse = Reply::replayed(reply.to_answer()).unwrap().into();
        let header = |name: &str| again.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(again.status(), 201);
        assert_eq!(header("location"), "/v1/customers/1");
        assert_eq!(header("etag"), "\"1.00000000\"");
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("idempotent-replayed"), "true");
    }

    #[test]
    fn a_header_cannot_be_split() {
        assert!(Reply::created("/v1/x\r\nSet-Cookie: a=b", &json!({})).is_err());
    }
}
