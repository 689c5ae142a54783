//! The schema that a body's document shows, compiled, so that what is documented is what is enforced.

use custodian_domain::kernel::Fault;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{Keyword, ValidationError, Validator};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::json::push_token;

/// JSON Schema calls 1.0 an integer, serde does not: this keyword of ours settles it serde's way.
const STRICT_INTEGER: &str = "x-strict-integer";

/// A compiled schema.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// Compiles the OpenAPI schema of a type with all it refers to. Fails only when the type's own schema is unusable.
    pub fn of<T: ToSchema>() -> Result<Self, String> {
        let document = document::<T>().map_err(|error| error.to_string())?;
        jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_keyword(STRICT_INTEGER, |_, _, _| Ok(Box::new(StrictInteger) as _))
            .build(&document)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// Every fault of a value, in the order of the schema.
    pub fn faults(&self, value: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        for error in self.0.iter_errors(value) {
            translate(&error, &mut faults);
        }
        faults
    }
}

/// The schema of a type as one JSON document.
pub fn document<T: ToSchema>() -> Result<Value, serde_json::Error> {
    let mut referenced = Vec::new();
    T::schemas(&mut referenced);
    let mut components = Map::new();
    for (name, schema) in referenced {
        components.insert(name, serde_json::to_value(schema)?);
    }
    let mut document = json!({
        "allOf": [serde_json::to_value(T::schema())?],
        "components": { "schemas": components },
    });
    tighten(&mut document);
    Ok(document)
}

/// Gives every integer the range of its format.
fn tighten(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if is_integer(members.get("type")) {
                let format = members.get("format").and_then(Value::as_str).unwrap_or("int64");
                let (least, most) = match format {
                    "int8" => (i64::from(i8::MIN), i64::from(i8::MAX)),
                    "int16" => (i64::from(i16::MIN), i64::from(i16::MAX)),
                    "int32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
                    _ => (i64::MIN, i64::MAX),
                };
                members.entry("minimum").or_insert(json!(least));
                members.entry("maximum").or_insert(json!(most));
                members.insert(STRICT_INTEGER.to_owned(), Value::Bool(true));
            }
            members.values_mut().for_each(tighten);
        }
        Value::Array(items) => items.iter_mut().for_each(tighten),
        _ => {}
    }
}

fn is_integer(kind: Option<&Value>) -> bool {
    match kind {
        Some(Value::String(kind)) => kind == "integer",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
        _ => false,
    }
}

struct StrictInteger;

impl Keyword<'_> for StrictInteger {
    fn validate<'i>(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("integer")) }
    }

    fn is_valid(&self, instance: &Value) -> bool {
        !instance.is_number() || instance.is_i64() || instance.is_u64()
    }
}

/// One schema error as faults of ours. Where alternatives fail, the one that came furthest speaks.
fn translate(error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
    let place = error.instance_path().as_str();
    let at = |code, arg: String| Fault::new(place, code).with_arg(arg);
    let fault = match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            faults.extend(unexpected.iter().map(|name| Fault::new(member(place, name), "unknown_field")));
            return;
        }
        Kind::Required { property } => Fault::new(member(place, property.as_str().unwrap_or_default()), "required"),
        Kind::Type { kind } => at("wrong_type", types(kind)),
        Kind::Custom { message, .. } => at("wrong_type", message.clone()),
        Kind::MaxLength { limit } => at("too_long", limit.to_string()),
        Kind::MinLength { limit: 1 } => Fault::new(place, "empty"),
        Kind::MinLength { limit } => at("too_short", limit.to_string()),
        Kind::MaxItems { limit } | Kind::MaxProperties { limit } => at("too_many", limit.to_string()),
        Kind::MinItems { limit } | Kind::MinProperties { limit } => at("too_few", limit.to_string()),
        Kind::AdditionalItems { limit } => at("too_many", limit.to_string()),
        Kind::Maximum { limit } | Kind::Minimum { limit } => at("out_of_range", limit.to_string()),
        Kind::ExclusiveMaximum { limit } | Kind::ExclusiveMinimum { limit } => at("out_of_range", limit.to_string()),
        Kind::MultipleOf { multiple_of } => at("out_of_range", multiple_of.to_string()),
        Kind::Enum { options } => at("not_a_choice", choices(options)),
        Kind::Constant { expected_value } => at("not_a_choice", choices(expected_value)),
        Kind::UniqueItems => Fault::new(place, "not_unique"),
        Kind::Format { format } => at("invalid_format", format.clone()),
        Kind::Pattern { pattern } => at("invalid_format", pattern.clone()),
        Kind::PropertyNames { error } => {
            // The names stand in the caller's body; the place of their object is enough.
            let mut inner = Vec::new();
            translate(error, &mut inner);
            faults.extend(inner.into_iter().map(|fault| Fault { pointer: place.to_owned(), ..fault }));
            return;
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } | Kind::OneOfMultipleValid { context } => {
            return alternatives(place, context, faults);
        }
        _ => Fault::new(place, "not_allowed"),
    };
    faults.push(fault);
}

/// The faults of the alternative that the value came closest to: one that did not already fail on the value's type.
fn alternatives(place: &str, context: &[Vec<ValidationError<'static>>], faults: &mut Vec<Fault>) {
    let wrong_kind = |errors: &&Vec<ValidationError<'_>>| {
        errors.iter().any(|e| e.instance_path().as_str() == place && matches!(e.kind(), Kind::Type { .. }))
    };
    let closest = context.iter().filter(|errors| !errors.is_empty() && !wrong_kind(errors)).min_by_key(|e| e.len());
    if let Some(errors) = closest {
        return errors.iter().for_each(|error| translate(error, faults));
    }
    let expected: Vec<_> = context
        .iter()
        .flatten()
        .filter_map(|error| match error.kind() {
            Kind::Type { kind } => Some(types(kind)),
            _ => None,
        })
        .collect();
    faults.push(Fault::new(place, "wrong_type").with_arg(expected.join(" | ")));
}

fn member(place: &str, name: &str) -> String {
    let mut pointer = place.to_owned();
    push_token(&mut pointer, name);
    pointer
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(" | "),
    }
}

/// The allowed values of a choice, without quotation marks.
fn choices(options: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match options {
        Value::Array(options) => options.iter().map(text).collect::<Vec<_>>().join(", "),
        one => text(one),
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
