//! A customer on the wire. Values reach it only as `SeenCustomer`, which the decision has passed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_application::customers::{FieldInput, SeenCustomer, SeenField, SeenValue};
use custodian_domain::access::FieldAccess;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// One customer as the caller may see it.
#[derive(Serialize, ToSchema)]
pub struct CustomerBody {
    /// Its id; a partner key sees an id of its own for each person.
    id: Uuid,
    /// Counts changes.
    version: i32,
    /// `lead`, `prospect`, `qualified`, `customer`, `dormant` or `lost`.
    stage: Option<String>,
    /// Where the customer came from, such as `web_form`.
    source: Option<String>,
    /// ISO 3166-2 region.
    region: Option<String>,
    /// The member of staff who answers for the customer; not shown to partner keys.
    owner_id: Option<Uuid>,
    /// The department that the customer belongs to; not shown to partner keys.
    department_id: Option<Uuid>,
    /// The data subject restricted processing.
    restricted: bool,
    /// Codes of its tags, in order; not shown to partner keys.
    tags: Vec<String>,
    /// Since when it lies in the archive; not shown to partner keys.
    archived_at: Option<DateTime<Utc>>,
    /// Values by field key; masked where `field_access` says `masked` or `reveal`. Hidden fields are absent.
    #[schema(value_type = BTreeMap<String, Value>)]
    fields: Fields,
    /// What the caller may do with each field that it may know of.
    #[schema(value_type = BTreeMap<String, FieldAccessBody>)]
    field_access: Accesses,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

/// What the caller may do with a field.
#[derive(Serialize, ToSchema)]
pub struct FieldAccessBody {
    /// `masked`, `reveal` (masked until asked for) or `read`.
    view: &'static str,
    /// Whether it may be changed.
    edit: bool,
}

/// Serialised as maps without building them; both read what was seen.
pub(crate) struct Fields(Arc<Vec<SeenField>>);
pub(crate) struct Accesses(Arc<Vec<SeenField>>);

impl From<SeenCustomer> for CustomerBody {
    fn from(seen: SeenCustomer) -> Self {
        let SeenCustomer {
            id,
            version,
            stage,
            source,
            region,
            owner,
            department,
            restricted,
            codes,
            shelved_at,
            created_at,
            updated_at,
            fields,
            under: _,
        } = seen;
        let (fields, field_access) = split(fields);
        Self {
            id,
            version,
            stage,
            source,
            region,
            owner_id: owner,
            department_id: department,
            restricted,
            tags: codes,
            archived_at: shelved_at,
            fields,
            field_access,
            created_at,
            updated_at,
        }
    }
}

/// Values, and what may be done with them.
pub(crate) fn split(fields: Vec<SeenField>) -> (Fields, Accesses) {
    let fields = Arc::new(fields);
    (Fields(Arc::clone(&fields)), Accesses(fields))
}

/// A value as JSON.
pub(crate) struct Shown<'a>(pub &'a SeenValue);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            SeenValue::Text(text) => serializer.serialize_str(text),
            SeenValue::Bool(value) => serializer.serialize_bool(*value),
            // Written as stored: a number keeps its digits, a structure its members.
            SeenValue::Number(text) | SeenValue::Structure(text) => {
                RawValue::from_string(text.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = self.0.iter().filter_map(|field| field.value.as_ref().map(|value| (field.key, Shown(value))));
        serializer.collect_map(stored)
    }
}

/// What may be done with these fields, in this order, and that as JSON.
type Written = (Vec<(&'static str, FieldAccess)>, Box<RawValue>);

/// How many callers' ways of seeing customers a thread keeps written.
const KEPT: usize = 8;

thread_local! {
    // A caller may do the same with nearly everybody on a page: two hundred fields are written once, not for each of them.
    static WRITTEN: RefCell<VecDeque<Written>> = const { RefCell::new(VecDeque::new()) };
}

impl Serialize for Accesses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let each = || self.0.iter().map(|field| (field.key, field.access));
        WRITTEN.with_borrow_mut(|kept| {
            if let Some((_, json)) = kept.iter().find(|(known, _)| known.iter().copied().eq(each())) {
                return json.serialize(serializer);
            }
            let json = to_raw_value(&OneByOne(each)).map_err(serde::ser::Error::custom)?;
            let answer = json.serialize(serializer)?;
            kept.truncate(KEPT - 1);
            kept.push_front((each().collect(), json));
            Ok(answer)
        })
    }
}

/// A map of these, read anew each time.
struct OneByOne<F>(F);

impl<F: Fn() -> I, I: Iterator<Item = (&'static str, FieldAccess)>> Serialize for OneByOne<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map((self.0)())
    }
}

/// A JSON value as the use cases take it.
pub(crate) fn input(value: &Value) -> FieldInput {
    FieldInput::from(value)
}

/// The `fields` of a body that may be faulty elsewhere.
pub(super) fn inputs(body: &Value) -> Vec<(String, FieldInput)> {
    let fields = body.get("fields").and_then(Value::as_object);
    fields.into_iter().flatten().map(|(key, value)| (key.clone(), input(value))).collect()
}

pub(super) fn customer_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "version": 1, "stage": "prospect", "source": "web_form", "region": "CN-SH",
        "owner_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "department_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "restricted": false, "tags": ["vip"], "archived_at": null,
        "fields": {"name": "张三", "mobile": "138****5678"},
        "field_access": {"name": {"view": "read", "edit": true}, "mobile": {"view": "reveal", "edit": true}},
        "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"})
}

#[cfg(test)]
mod tests {
    use custodian_domain::access::View;

    use super::*;

    fn written(keys: &[&'static str], access: FieldAccess) -> Value {
        let fields = keys.iter().map(|&key| SeenField { key, value: None, access }).collect();
        serde_json::to_value(split(fields).1).unwrap()
    }

    #[test]
    fn each_caller_is_told_what_they_themselves_may_do_however_many_there_were_before() {
        let views = [(View::Masked, "masked"), (View::Reveal, "reveal"), (View::Read, "read")];
        let keys: [&[&'static str]; 4] = [&["name"], &["name", "email"], &["email", "name"], &[]];
        for _ in 0..2 {
            for (view, code) in views {
                for (edit, keys) in [false, true].into_iter().flat_map(|edit| keys.map(|keys| (edit, keys))) {
                    let told: serde_json::Map<_, _> =
                        keys.iter().map(|&key| (key.to_owned(), json!({"view": code, "edit": edit}))).collect();
                    assert_eq!(written(keys, FieldAccess { view, edit }), Value::Object(told));
                }
            }
        }
        assert_eq!(WRITTEN.with_borrow(VecDeque::len), KEPT);
    }
}
