//! An answer that can be asked, and prints itself when it is not the one expected.

use std::fmt;

use custodian_api::http::{PROBLEM_JSON, fault_text, kind};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// Method and path of the request.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Stops the test unless this is the status.
    #[track_caller]
    pub fn shows(self, status: u16) -> Self {
        assert!(self.status == status, "expected {status}, got {self}");
        self
    }

    /// Stops the test unless this is a well-formed problem of this status and code.
    #[track_caller]
    pub fn refuses(self, status: u16, code: &str) -> Self {
        let faults = self.problem_faults();
        assert!(faults.is_empty(), "{faults:?} in {self}");
        assert!(self.status == status && self.at("/code") == code, "expected {status} {code}, got {self}");
        self
    }

    /// What an error answer lacks to be a problem document of the table; nothing for a sound one.
    pub fn problem_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut hold = |truth: bool, what: &str| {
            if !truth {
                faults.push(what.to_owned())
            }
        };
        let body: Value = serde_json::from_slice(&self.bytes).unwrap_or(Value::Null);
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let known = kind(text("code"));
        hold(self.header("content-type") == Some(PROBLEM_JSON), "content type");
        hold(known.is_some_and(|kind| kind.status == self.status), "code of the table with its status");
        hold(body["status"] == self.status, "status as a member");
        hold(text("type").ends_with(&format!("/problems/{}", text("code"))), "type");
        hold(known.is_some_and(|kind| [kind.title.en, kind.title.zh].contains(&text("title"))), "title of the table");
        hold(!text("detail").is_empty(), "detail");
        hold(self.header("x-request-id") == Some(text("request_id")), "request_id as in the header");
        hold(self.asked.contains(text("instance")), "instance");
        hold(self.header("cache-control") == Some("no-store"), "no-store");
        hold(self.header("x-content-type-options") == Some("nosniff"), "nosniff");
        for fault in body.get("errors").and_then(Value::as_array).into_iter().flatten() {
            let code = fault["code"].as_str().unwrap_or_default();
            hold(fault_text(code).is_some() || kind(code).is_some(), &format!("fault code {code} of the table"));
            hold(
                fault["pointer"].is_string() && !fault["detail"].as_str().unwrap_or_default().is_empty(),
                "pointer and detail of a fault",
            );
        }
        faults
    }

    /// `errors` as (pointer, code), sorted.
    #[track_caller]
    pub fn faults(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let listed = self.at("/errors");
        let mut faults: Vec<_> =
            listed.as_array().into_iter().flatten().map(|f| (text(&f["pointer"]), text(&f["code"]))).collect();
        faults.sort();
        faults
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {self}"))
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_else(|_| panic!("no text: {self}"))
    }

    /// The value at a JSON Pointer; null where there is none.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// The text at a JSON Pointer.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("no text at {pointer}: {self}")).to_owned()
    }

    /// A header, if it is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let first = all.next()?.to_str().ok()?;
        if all.next().is_some() { None } else { Some(first) }
    }

    /// A header that must be there.
    #[track_caller]
    pub fn sent(&self, name: &str) -> String {
        self.header(name).unwrap_or_else(|| panic!("no header {name}: {self}")).to_owned()
    }

    /// The `id` of what was answered.
    #[track_caller]
    pub fn id(&self) -> String {
        self.text_at("/id")
    }

    /// The body without what differs from request to request: `instance` and `request_id`.
    #[track_caller]
    pub fn timeless(&self) -> Value {
        let mut body = self.json();
        if let Some(members) = body.as_object_mut() {
            members.remove("instance");
            members.remove("request_id");
        }
        body
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} to {}", self.status, self.asked)?;
        for (name, value) in &self.headers {
            writeln!(f, "  {name}: {}", value.to_str().unwrap_or("?"))?;
        }
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
