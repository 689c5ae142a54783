//! Entity tags (RFC 9110, 8.8.3): which version a caller saw, and under which rights.

use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest};
use custodian_domain::kernel::{DomainError, RefusedAs};
use futures_util::future::LocalBoxFuture;

use super::context::Context;
use super::problem::Problem;

/// A strong tag of a single resource, on the wire `"<version>.<8 hex of rights>"`: other rights show other bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag {
    /// The resource's version.
    pub version: i64,
    rights: [u8; 4],
}

impl ETag {
    /// The tag of a version as it is shown under rights of this digest.
    pub fn new(version: i64, rights: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = *rights;
        Self { version, rights: [a, b, c, d] }
    }

    /// Whether the caller's `If-None-Match` names this very tag, so that `304` says it all.
    pub fn unchanged(&self, headers: &HeaderMap) -> bool {
        match Tags::of(headers, IF_NONE_MATCH) {
            Some(Tags::Any) => true,
            // Weak comparison, as the RFC has it for this header.
            Some(Tags::Listed(tags)) => {
                let own = self.to_string();
                tags.iter().any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == own)
            }
            None => false,
        }
    }
}

impl std::fmt::Display for ETag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}.{:08x}\"", self.version, u32::from_be_bytes(self.rights))
    }
}

/// The `If-Match` of a change: which versions the caller is ready to change. Absent, the answer is `428`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whatever is there.
    Any,
    /// Any of these; empty when no tag was one of ours.
    Versions(Vec<i64>),
}

impl IfMatch {
    /// Whether this version may be changed.
    pub fn admits(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }

    /// `412` unless this version may be changed.
    pub fn check(&self, version: i64) -> Result<(), DomainError> {
        if self.admits(version) {
            return Ok(());
        }
        Err(DomainError::refused(RefusedAs::PreconditionFailed, "precondition_failed"))
    }

    fn of(headers: &HeaderMap) -> Option<Self> {
        Some(match Tags::of(headers, IF_MATCH)? {
            Tags::Any => Self::Any,
            Tags::Listed(tags) => Self::Versions(tags.iter().filter_map(|tag| version(tag)).collect()),
        })
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = Self::of(req.headers());
        let context: Rc<Context> = Context::of(req);
        Box::pin(async move {
            context.caller_decided().await;
            found.ok_or_else(|| Problem::of("precondition_required"))
        })
    }
}

/// The version of one of our tags. The rights are left out: who may change a thing is decided anew each time. A weak tag has none.
fn version(tag: &str) -> Option<i64> {
    let (version, rights) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('.')?;
    let canonical = rights.len() == 8 && rights.bytes().all(|b| b.is_ascii_hexdigit());
    // No sign, no leading zero: one spelling per version.
    let version = version.parse::<i64>().ok().filter(|number| number.to_string() == version)?;
    canonical.then_some(version)
}

/// A header's list of tags.
enum Tags {
    Any,
    Listed(Vec<String>),
}

impl Tags {
    fn of(headers: &HeaderMap, name: HeaderName) -> Option<Self> {
        let mut tags = Vec::new();
        let mut present = false;
        for value in headers.get_all(name) {
            present = true;
            let value = value.to_str().unwrap_or_default().trim();
            if value == "*" {
                return Some(Self::Any);
            }
            split(value, &mut tags);
        }
        present.then_some(Self::Listed(tags))
    }
}

/// Splits at commas outside quotation marks.
fn split(list: &str, tags: &mut Vec<String>) {
    let mut quoted = false;
    let parts = list.split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    tags.extend(parts.map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn shows_version_and_rights() {
        let mut rights = [0; 32];
        rights[..4].copy_from_slice(&[0, 0xab, 1, 0xff]);
        assert_eq!(ETag::new(12, &rights).to_string(), "\"12.00ab01ff\"");
    }

    #[test]
    fn if_match_compares_the_version_alone() {
        for (value, admitted) in [
            ("\"3.00000000\"", true),
            ("\"3.deadbeef\"", true),
            ("*", true),
            ("\"2.00000000\", \"3.00000000\"", true),
            ("\"a,b\",\"3.00000000\"", true),
            ("\"2.00000000\"", false),
            ("W/\"3.00000000\"", false),
            ("\"3\"", false),
            ("3.00000000", false),
            ("\"03.00000000\"", false),
            ("\"+3.00000000\"", false),
            ("\"3.xxxxxxxx\"", false),
            ("", false),
        ] {
            assert_eq!(IfMatch::of(&headers(IF_MATCH, value)).unwrap().admits(3), admitted, "{value}");
        }
        assert_eq!(IfMatch::of(&HeaderMap::new()), None);
    }

    #[test]
    fn if_none_match_compares_everything() {
        let tag = ETag::new(3, &[1; 32]);
        for (value, unchanged) in [
            ("\"3.01010101\"", true),
            ("W/\"3.01010101\"", true),
            ("\"2.01010101\", \"3.01010101\"", true),
            ("*", true),
            ("\"3.02020202\"", false),
            ("\"2.01010101\"", false),
        ] {
            assert_eq!(tag.unchanged(&headers(IF_NONE_MATCH, value)), unchanged, "{value}");
        }
        assert!(!tag.unchanged(&HeaderMap::new()));
    }
}
