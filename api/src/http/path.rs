//! Ids in the path. A malformed one is answered like one that does not exist: it tells a prober nothing.

use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use super::context::Context;
use super::problem::Problem;

/// The `{id}` of the route, as one of the id types of the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id<T>(pub T);

impl<T> Id<T> {
    /// The id itself.
    pub fn get(self) -> T {
        self.0
    }
}

impl<T: From<Uuid> + 'static> FromRequest for Id<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("id").and_then(uuid);
        let context: Rc<Context> = Context::of(req);
        Box::pin(async move {
            context.caller_decided().await;
            id.map(|id| Self(T::from(id))).ok_or_else(|| Problem::of("not_found"))
        })
    }
}

/// Another UUID of the path, by its name in the route.
pub fn id<T: From<Uuid>>(req: &HttpRequest, name: &str) -> Result<T, Problem> {
    req.match_info().get(name).and_then(uuid).map(T::from).ok_or_else(|| Problem::of("not_found"))
}

/// Reads a hyphenated UUID; no braces, no URN, no bare hex, so that every id has one spelling but for case.
pub fn uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_alone_is_an_id() {
        assert!(uuid("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b").is_some());
        for text in [
            "",
            "1",
            "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b",
            "{0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b}",
            "urn:uuid:0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
            "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5\0",
            "../../../etc/passwd/................",
        ] {
            assert_eq!(uuid(text), None, "{text}");
        }
    }
}
