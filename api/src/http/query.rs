//! Query strings, read strictly: known parameters only, each once, every fault at once.

use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use chrono::{DateTime, Utc};
use custodian_domain::kernel::Fault;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use super::context::Context;
use super::json::push_token;
use super::problem::Problem;

/// How many items a list holds when the caller names no `limit`.
pub const DEFAULT_LIMIT: usize = 50;
/// The most items of a list.
pub const MAX_LIMIT: usize = 200;
/// Names longer than this are cut where a fault repeats them.
const NAME_SHOWN: usize = 64;

/// The parameters of a query. Take what the route knows, then call [`Query::done`], which refuses the rest.
#[derive(Debug, Default)]
pub struct Query {
    left: Vec<(String, String)>,
    all: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Query {
    /// Splits and decodes a query; `+` is a space.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return Err(Problem::of("invalid_query").faults(vec![Fault::new("", "control_character")]));
            };
            if query.all.iter().any(|(known, _)| *known == name) {
                query.faults.push(Fault::new(place(&name), "repeated"));
            } else {
                query.all.push((name, value));
            }
        }
        query.left.clone_from(&query.all);
        Ok(query)
    }

    /// Everything the caller sent, in order, for binding a cursor to it.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.all
    }

    /// A parameter as it stands.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let at = self.left.iter().position(|(known, _)| known == name)?;
        Some(self.left.remove(at).1)
    }

    /// A parameter read by its type's `FromStr`; a value that it refuses becomes a fault of this code.
    pub fn parsed<T: FromStr>(&mut self, name: &str, code: &'static str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.fault(name, code);
        }
        parsed
    }

    /// `true` or `false`; false when absent.
    pub fn boolean(&mut self, name: &str) -> bool {
        self.parsed(name, "invalid_boolean").unwrap_or(false)
    }

    /// A hyphenated UUID.
    pub fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let id = super::path::uuid(&self.text(name)?);
        if id.is_none() {
            self.fault(name, "invalid_id");
        }
        id
    }

    /// An RFC 3339 time with its offset, as UTC.
    pub fn time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        let text = self.text(name)?;
        let time = DateTime::parse_from_rfc3339(&text).ok();
        if time.is_none() {
            self.fault(name, "invalid_datetime");
        }
        time.map(|time| time.to_utc())
    }

    /// One of the listed words.
    pub fn choice(&mut self, name: &str, choices: &[&'static str]) -> Option<&'static str> {
        let text = self.text(name)?;
        let choice = choices.iter().find(|choice| **choice == text).copied();
        if choice.is_none() {
            self.faults.push(Fault::new(place(name), "not_a_choice").with_arg(choices.join(", ")));
        }
        choice
    }

    /// `limit`: 1 to 200, 50 when absent.
    pub fn limit(&mut self) -> usize {
        let Some(text) = self.text("limit") else {
            return DEFAULT_LIMIT;
        };
        // Only digits: `+5` is a number to Rust, not to this contract.
        match text.parse() {
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) && text.bytes().all(|b| b.is_ascii_digit()) => limit,
            _ => {
                self.faults.push(Fault::new("/limit", "out_of_range").with_arg(format!("1..{MAX_LIMIT}")));
                DEFAULT_LIMIT
            }
        }
    }

    /// The members of a group: `q[mobile]=x` under `q` is `("mobile", "x")`.
    pub fn group(&mut self, name: &str) -> Vec<(String, String)> {
        let mut members = Vec::new();
        self.left.retain(|(key, value)| {
            let member = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
            if let Some(member) = member {
                members.push((member.to_owned(), value.clone()));
            }
            member.is_none()
        });
        members
    }

    /// Records a fault of a parameter's value.
    pub fn fault(&mut self, name: &str, code: &'static str) {
        self.faults.push(Fault::new(place(name), code));
    }

    /// Ends the reading: refuses what nobody took, and every fault found on the way.
    pub fn done(&mut self) -> Result<(), Problem> {
        let code = if self.faults.is_empty() { "unknown_parameter" } else { "invalid_query" };
        let mut faults = std::mem::take(&mut self.faults);
        let unknown = self.left.drain(..).map(|(name, _)| Fault::new(place(&name), "unknown_parameter"));
        faults.extend(unknown);
        if faults.is_empty() { Ok(()) } else { Err(Problem::of(code).faults(faults)) }
    }
}

impl FromRequest for Query {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = Context::of(req);
        Box::pin(async move {
            context.caller_decided().await;
            Self::parse(context.uri.query().unwrap_or_default())
        })
    }
}

/// The query counts as one object whose members are the parameters.
fn place(name: &str) -> String {
    let mut pointer = String::new();
    push_token(&mut pointer, &name.chars().take(NAME_SHOWN).collect::<String>());
    pointer
}

/// Percent-decodes; nothing for a broken escape, for what is not UTF-8, and for control characters.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    let decoded = String::from_utf8(bytes).ok()?;
    (!decoded.chars().any(char::is_control)).then_some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(query: &mut Query) -> (&'static str, Vec<(String, &'static str)>) {
        let problem = query.done().unwrap_err();
        let faults = problem.listed().iter().map(|fault| (fault.pointer.clone(), fault.code)).collect();
        (problem.code(), faults)
    }

    #[test]
    fn reads_each_kind_of_parameter() {
        let text = "limit=7&count=true&q%5Bmobile%5D=138%20+1&q[name]=%E5%BC%A0&sort=-name\
                    &owner_id=0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b&updated_since=2026-01-31T08:00:00%2B08:00";
        let mut query = Query::parse(text).unwrap();
        assert_eq!(query.limit(), 7);
        assert!(query.boolean("count") && !query.boolean("absent"));
        assert_eq!(query.group("q"), [("mobile".into(), "138  1".into()), ("name".into(), "张".into())]);
        assert_eq!(query.choice("sort", &["name", "-name"]), Some("-name"));
        assert!(query.uuid("owner_id").is_some());
        assert_eq!(query.time("updated_since").unwrap().to_rfc3339(), "2026-01-31T00:00:00+00:00");
        query.done().unwrap();
        assert_eq!(query.pairs().len(), 7);
    }

    #[test]
    fn limits_end_at_1_and_200() {
        for (text, limit) in [("limit=1", 1), ("limit=200", 200), ("", DEFAULT_LIMIT)] {
            let mut query = Query::parse(text).unwrap();
            assert_eq!(query.limit(), limit);
            query.done().unwrap();
        }
        for text in ["0", "201", "-1", "%2B5", "1.0", "1e2", "", "x", "1000000000", "99999999999999999999999"] {
            let mut query = Query::parse(&format!("limit={text}")).unwrap();
            query.limit();
            assert_eq!(refused(&mut query), ("invalid_query", vec![("/limit".into(), "out_of_range")]), "{text}");
        }
    }

    #[test]
    fn refuses_unknown_and_repeated_parameters() {
        let mut query = Query::parse("tenant_id=1&access_token=x").unwrap();
        let unknown = vec![("/tenant_id".into(), "unknown_parameter"), ("/access_token".into(), "unknown_parameter")];
        assert_eq!(refused(&mut query), ("unknown_parameter", unknown));
        let mut query = Query::parse("limit=1&limit=2&x=1").unwrap();
        query.limit();
        let faults = vec![("/limit".into(), "repeated"), ("/x".into(), "unknown_parameter")];
        assert_eq!(refused(&mut query), ("invalid_query", faults));
    }

    #[test]
    fn refuses_what_does_not_decode() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%00", "%00=1", "a=%0d%0a", "a=%C0%80"] {
            assert_eq!(Query::parse(text).unwrap_err().code(), "invalid_query", "{text}");
        }
    }

    #[test]
    fn collects_every_fault() {
        let mut query = Query::parse("count=yes&id=7&at=yesterday&sort=age").unwrap();
        query.boolean("count");
        query.uuid("id");
        query.time("at");
        query.choice("sort", &["name"]);
        let (code, faults) = refused(&mut query);
        assert_eq!((code, faults.len()), ("invalid_query", 4));
    }
}
