//! The published document as the tests' witness: no operation answers a problem code that it does not declare.

use std::sync::OnceLock;

use serde_json::Value;

use super::Answer;

/// An operation: its method, the segments of its path, its codes.
struct Operation {
    method: String,
    segments: Vec<String>,
    codes: Vec<String>,
}

fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let document: Value = serde_json::from_str(include_str!("../../../openapi/v1.json")).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let each = |(path, item): (&String, &Value)| -> Vec<Operation> {
            let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
            let operation = |(method, operation): (&String, &Value)| {
                let codes = operation.get("x-problem-codes")?.as_array()?;
                let codes = codes.iter().filter_map(|code| code.as_str().map(str::to_owned)).collect();
                Some(Operation { method: method.to_uppercase(), segments: segments.clone(), codes })
            };
            item.as_object().unwrap().iter().filter_map(operation).collect()
        };
        paths.iter().flat_map(each).collect()
    })
}

fn meant(asked: &str) -> Option<&'static Operation> {
    let (method, target) = asked.split_once(' ')?;
    let path = target.split('?').next()?;
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |operation: &&Operation| {
        let same = |(segment, part): (&String, &&str)| segment.starts_with('{') || segment == part;
        operation.method == method
            && operation.segments.len() == parts.len()
            && operation.segments.iter().zip(&parts).all(same)
    };
    let literals = |operation: &&Operation| operation.segments.iter().filter(|s| !s.starts_with('{')).count();
    operations().iter().filter(fits).max_by_key(literals)
}

/// Stops the test when the answer's code is none that the operation declares.
pub fn hold(answer: &Answer) {
    if answer.status < 400 {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.bytes) else { return };
    let (Some(code), Some(operation)) = (body["code"].as_str(), meant(&answer.asked)) else { return };
    if operation.codes.iter().any(|declared| declared == code) {
        return;
    }
    let path = operation.segments.join("/");
    if let Some(file) = std::env::var_os("UNDECLARED_CODES") {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
        writeln!(file, "{} {path} {code}", operation.method).unwrap();
        return;
    }
    panic!("{} {path} answers `{code}`, which the document does not declare", operation.method);
}
