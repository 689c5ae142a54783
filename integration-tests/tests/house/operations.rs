//! Every operation, read from the document: a new one cannot be left out.

use custodian_api::server::document;
use serde_json::Value;

pub use super::targets::{Targets, fresh_code};
use crate::support::{Caller, Request};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What the document says of one operation.
pub struct Operation {
    /// `GET` and its like.
    pub method: String,
    /// The route, such as `/v1/customers/{id}`.
    pub route: String,
    /// Its name.
    pub id: String,
    /// Every status that it may answer.
    pub statuses: Vec<u16>,
    body: Option<(String, Vec<u8>)>,
}

impl Operation {
    /// Method and route.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }

    /// Whether it is found by an id.
    pub fn has_id(&self) -> bool {
        self.route.contains("{id}")
    }

    /// Whether it is one of a person's own door, where no other credential is taken.
    pub fn at_own_door(&self) -> bool {
        self.route.starts_with("/v1/self/")
    }

    /// The path with its parameters filled in.
    pub fn path(&self, targets: &Targets) -> String {
        let segment = |part: &str| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(parameter) => targets.of(&self.route, parameter).to_owned(),
            None => part.to_owned(),
        };
        self.route.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    /// The request that the document's own example makes.
    pub fn request(&self, caller: &Caller, targets: &Targets) -> Request {
        let mut request = caller.request(&self.method, &self.path(targets));
        if self.statuses.contains(&428) {
            request = request.header("if-match", "*");
        }
        match &self.body {
            Some((media, bytes)) => request.body(media, bytes.clone()),
            None => request,
        }
    }

    /// The same with other members in the body; nothing where the body is no JSON object.
    pub fn request_with(&self, caller: &Caller, targets: &Targets, members: &[(&str, Value)]) -> Option<Request> {
        let (media, bytes) = self.body.as_ref()?;
        let mut body: Value = serde_json::from_slice(bytes).ok()?;
        let own = body.as_object_mut()?;
        own.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Some(self.request(caller, targets).body(media, body.to_string()))
    }
}

/// Every operation of the document.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(document("http://127.0.0.1:8080")).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut all = Vec::new();
    for (route, item) in paths {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            all.push(read(route, method, &item[*method]));
        }
    }
    assert!(all.len() > 30, "the document is read wrongly: {} operations", all.len());
    all
}

fn read(route: &str, method: &str, operation: &Value) -> Operation {
    let statuses = operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap());
    let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
    let body = content.and_then(|content| content.iter().next()).map(|(media, body)| match media.as_str() {
        "multipart/form-data" => import(),
        _ => (media.clone(), body["example"].to_string().into_bytes()),
    });
    Operation {
        method: method.to_uppercase(),
        route: route.to_owned(),
        id: operation["operationId"].as_str().unwrap().to_owned(),
        statuses: statuses.collect(),
        body,
    }
}

/// A form with one customer.
pub(super) fn import() -> (String, Vec<u8>) {
    let part = |head: &str, text: &str| format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n");
    let body = [
        part("name=\"mapping\"", r#"{"Name":"name"}"#),
        part("name=\"file\"; filename=\"one.csv\"", "Name\nZhang"),
        "--edge--\r\n".to_owned(),
    ];
    ("multipart/form-data; boundary=edge".to_owned(), body.concat().into_bytes())
}
