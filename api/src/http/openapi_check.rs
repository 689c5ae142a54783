//! What the generated document must say of every operation; a test and the command that writes it ask here.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::OpenApi;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One line per thing that an operation fails to say; empty for a complete document.
pub fn document_faults(document: &OpenApi) -> Vec<String> {
    match serde_json::to_value(document) {
        Ok(document) => written_faults(&document),
        Err(_) => vec!["the document does not serialise".to_owned()],
    }
}

/// The same for a document as it is served.
pub fn written_faults(document: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut ids = BTreeMap::<String, String>::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let name = format!("{} {path}", method.to_uppercase());
            faults.extend(operation_faults(operation).into_iter().map(|fault| format!("{name}: {fault}")));
            let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
            if let Some(other) = ids.insert(id.to_owned(), name.clone()) {
                faults.push(format!("{name}: shares the operationId \"{id}\" with {other}"));
            }
        }
    }
    let mut broken = Vec::new();
    find_references(document, document, &mut broken);
    faults.extend(broken.into_iter().map(|reference| format!("{reference} points at nothing")));
    faults
}

fn operation_faults(operation: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for member in ["summary", "description", "operationId"] {
        if operation.get(member).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
            faults.push(format!("lacks {member}"));
        }
    }
    if operation.get("tags").and_then(Value::as_array).is_none_or(|tags| tags.len() != 1) {
        faults.push("needs exactly one tag".to_owned());
    }
    if operation.get("security").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        faults.push("says nothing of security".to_owned());
    }
    if let Some(content) = operation.get("requestBody").and_then(|body| body.get("content")) {
        faults.extend(without_example(content).map(|media| format!("the {media} body lacks an example")));
    }
    for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        let described = parameter.get("$ref").is_some() || parameter.get("description").is_some();
        if !described {
            faults.push(format!("parameter {} lacks a description", parameter.get("name").unwrap_or(&Value::Null)));
        }
    }
    faults.extend(response_faults(operation.get("responses").unwrap_or(&Value::Null)));
    faults
}

fn response_faults(responses: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut good, mut problems) = (false, false);
    for (status, response) in responses.as_object().into_iter().flatten() {
        match status.as_bytes().first() {
            Some(b'2' | b'3') => {
                good = true;
                let content = response.get("content").unwrap_or(&Value::Null);
                faults.extend(
                    without_example(content).map(|media| format!("the {media} body of {status} lacks an example")),
                );
            }
            _ => {
                problems |=
                    response.get("$ref").is_some() || response.pointer("/content/application~1problem+json").is_some()
            }
        }
    }
    if !good {
        faults.push("has no good answer".to_owned());
    }
    if !problems {
        faults.push("documents no problem".to_owned());
    }
    faults
}

/// The JSON media types of a content map that show no example.
fn without_example(content: &Value) -> impl Iterator<Item = &String> {
    let silent = |body: &Value| body.get("example").is_none() && body.get("examples").is_none();
    let members = content.as_object().into_iter().flatten();
    members.filter(move |(media, body)| media.contains("json") && silent(body)).map(|(media, _)| media)
}

fn find_references(document: &Value, at: &Value, broken: &mut Vec<String>) {
    match at {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let found = reference.strip_prefix('#').is_some_and(|pointer| document.pointer(pointer).is_some());
                if !found && !broken.iter().any(|known| known == reference) {
                    broken.push(reference.to_owned());
                }
            }
            members.values().for_each(|member| find_references(document, member, broken));
        }
        Value::Array(items) => items.iter().for_each(|item| find_references(document, item, broken)),
        _ => {}
    }
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
