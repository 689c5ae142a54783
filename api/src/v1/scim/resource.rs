//! Accounts and roles as SCIM resources, there and back.

use custodian_application::App;
use custodian_application::scim::{Group, ScimUser, Wanted};
use serde_json::{Value, json};

use super::wire::{ScimError, place, weak};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// An account on the wire.
pub fn user(app: &App, user: &ScimUser) -> Value {
    let groups: Vec<_> =
        user.roles.iter().map(|code| json!({"value": code, "$ref": place(app, &format!("Groups/{code}"))})).collect();
    let mut body = json!({"schemas": [USER], "id": user.id, "userName": user.user_name, "displayName": user.name,
        "name": {"formatted": user.name}, "emails": [{"value": user.user_name, "type": "work", "primary": true}],
        "active": user.active, "groups": groups,
        "meta": {"resourceType": "User", "created": user.created_at, "location": place(app, &format!("Users/{}", user.id)), "version": weak(user.version)}});
    if let (Some(external), Some(members)) = (&user.external_id, body.as_object_mut()) {
        members.insert("externalId".to_owned(), json!(external));
    }
    body
}

/// A role on the wire.
pub fn group(app: &App, group: &Group) -> Value {
    let members: Vec<_> = group
        .members
        .iter()
        .map(|(id, name)| json!({"value": id, "display": name, "type": "User", "$ref": place(app, &format!("Users/{id}"))}))
        .collect();
    json!({"schemas": [GROUP], "id": group.code, "displayName": group.name, "members": members,
        "meta": {"resourceType": "Group", "location": place(app, &format!("Groups/{}", group.code)), "version": group_version(group)}})
}

/// The tag of a role: its name and members are its version.
pub fn group_version(group: &Group) -> String {
    let named = format!("{}\n{:?}", group.name, group.members.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    let digest = custodian_crypto::sha256(named.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{hex}\"")
}

/// The member of an object, its name compared without case (RFC 7643, 2.1).
pub fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, inner)| inner)
}

/// A text, within what an account can hold.
fn text(value: &Value, name: &str, most: usize) -> Result<Option<String>, ScimError> {
    match member(value, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= most && !text.chars().any(char::is_control) => {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(ScimError::bad("invalidValue")),
    }
}

/// `true`, or the text of it, which one of the large providers sends.
pub fn truth(value: &Value) -> Result<bool, ScimError> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(ScimError::bad("invalidValue")),
    }
}

/// The account that a body asks for. Attributes that accounts do not have are left out, as the RFC has it.
pub fn wanted(body: &Value) -> Result<Wanted, ScimError> {
    if !body.is_object() {
        return Err(ScimError::bad("invalidSyntax"));
    }
    let user_name = text(body, "userName", 254)?.ok_or_else(|| ScimError::bad("invalidValue"))?;
    let address = user_name.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    if !address || user_name.contains(char::is_whitespace) {
        return Err(ScimError::bad("invalidValue"));
    }
    let formal = match member(body, "name") {
        Some(name) => formal_name(name)?,
        None => None,
    };
    let name = text(body, "displayName", 200)?.or(formal).unwrap_or_else(|| user_name.clone());
    let active = member(body, "active").map_or(Ok(true), truth)?;
    Ok(Wanted { name, active, external_id: text(body, "externalId", 500)?, user_name })
}

fn formal_name(name: &Value) -> Result<Option<String>, ScimError> {
    if let Some(formatted) = text(name, "formatted", 200)? {
        return Ok(Some(formatted));
    }
    let parts = [text(name, "givenName", 100)?, text(name, "familyName", 100)?];
    let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(Some(joined).filter(|joined| !joined.is_empty()))
}
