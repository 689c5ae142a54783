//! `PATCH` (RFC 7644, 3.5.2), as far as identity providers use it: the operations turn one account, or the members of one role, into what is wanted.

use std::collections::BTreeSet;

use custodian_domain::kernel::UserId;
use serde_json::{Value, json};

use super::resource::{member, truth};
use super::wire::ScimError;
use crate::http::path;

/// The most operations of one request.
const MOST: usize = 1000;

struct Operation<'v> {
    remove: bool,
    add: bool,
    path: Option<String>,
    value: Option<&'v Value>,
}

fn operations(body: &Value) -> Result<Vec<Operation<'_>>, ScimError> {
    let all = member(body, "Operations").and_then(Value::as_array).ok_or_else(|| ScimError::bad("invalidSyntax"))?;
    if all.is_empty() || all.len() > MOST {
        return Err(ScimError::bad("invalidSyntax"));
    }
    all.iter()
        .map(|one| {
            let op = member(one, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            if !["add", "replace", "remove"].contains(&op.as_str()) {
                return Err(ScimError::bad("invalidSyntax"));
            }
            let path = member(one, "path").and_then(Value::as_str).map(bare);
            Ok(Operation { remove: op == "remove", add: op == "add", path, value: member(one, "value") })
        })
        .collect()
}

/// A path without the schema that may stand before it.
fn bare(path: &str) -> String {
    let schemas = [super::resource::USER, super::resource::GROUP];
    let own = schemas.iter().find_map(|schema| path.strip_prefix(schema)?.strip_prefix(':'));
    own.unwrap_or(path).trim().to_owned()
}

/// The account after the operations.
pub fn user(mut present: Value, body: &Value) -> Result<Value, ScimError> {
    for operation in operations(body)? {
        let Operation { remove, path, value, .. } = operation;
        match (path, remove, value) {
            (Some(path), true, _) => set(&mut present, &path, &Value::Null)?,
            (Some(path), false, Some(value)) => set(&mut present, &path, value)?,
            (None, false, Some(Value::Object(members))) => {
                for (name, value) in members {
                    set(&mut present, &bare(name), value)?;
                }
            }
            (None, true, _) => return Err(ScimError::bad("noTarget")),
            _ => return Err(ScimError::bad("invalidValue")),
        }
    }
    Ok(present)
}

/// Sets one attribute. Those that accounts do not have are left out; those that an account cannot do without are not removed.
fn set(present: &mut Value, path: &str, value: &Value) -> Result<(), ScimError> {
    let Some(members) = present.as_object_mut() else {
        return Err(ScimError::bad("invalidSyntax"));
    };
    let name = path.to_ascii_lowercase();
    match name.as_str() {
        "username" if value.is_null() => return Err(ScimError::bad("mutability")),
        "id" | "meta" | "groups" => return Err(ScimError::bad("mutability")),
        "active" if value.is_null() => drop(members.insert("active".to_owned(), json!(false))),
        "active" => drop(members.insert("active".to_owned(), json!(truth(value)?))),
        "username" => drop(members.insert("userName".to_owned(), value.clone())),
        "externalid" => drop(members.insert("externalId".to_owned(), value.clone())),
        "displayname" | "name.formatted" => drop(members.insert("displayName".to_owned(), value.clone())),
        "name" => {
            members.insert("name".to_owned(), value.clone());
            members.remove("displayName");
        }
        _ if name.is_empty() || name.len() > 300 => return Err(ScimError::bad("invalidPath")),
        _ => {}
    }
    Ok(())
}

/// The members of a role after the operations.
pub fn members(body: &Value) -> Result<impl FnOnce(BTreeSet<UserId>) -> BTreeSet<UserId> + use<>, ScimError> {
    let mut steps: Vec<(bool, bool, Option<BTreeSet<UserId>>)> = Vec::new();
    for Operation { remove, add, path, value } in operations(body)? {
        let path = path.unwrap_or_default();
        let lower = path.to_ascii_lowercase();
        if let Some(one) = lower.strip_prefix("members[value eq \"").and_then(|rest| rest.strip_suffix("\"]")) {
            let id = path::uuid(one).map(UserId::from).ok_or_else(|| ScimError::bad("invalidPath"))?;
            steps.push((remove, add, Some([id].into())));
            continue;
        }
        let value = if path.is_empty() { value.and_then(|value| member(value, "members")) } else { value };
        match lower.as_str() {
            "members" | "" => steps.push((remove, add, value.map(ids).transpose()?)),
            "displayname" | "externalid" => {}
            _ => return Err(ScimError::bad("invalidPath")),
        }
    }
    Ok(move |mut now: BTreeSet<UserId>| {
        for (remove, add, named) in steps {
            match (remove, add, named) {
                (true, _, Some(named)) => now.retain(|id| !named.contains(id)),
                (true, _, None) => now.clear(),
                (false, true, Some(named)) => now.extend(named),
                (false, false, Some(named)) => now = named,
                (false, _, None) => {}
            }
        }
        now
    })
}

/// The members that a body lists.
pub fn ids(value: &Value) -> Result<BTreeSet<UserId>, ScimError> {
    let all = value.as_array().ok_or_else(|| ScimError::bad("invalidValue"))?;
    all.iter()
        .map(|one| member(one, "value").and_then(Value::as_str).and_then(path::uuid).map(UserId::from))
        .collect::<Option<_>>()
        .ok_or_else(|| ScimError::bad("invalidValue"))
}
