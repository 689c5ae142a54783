//! The `webhooks` of the document: each type of event with the schema of what is sent, made from the table that the service publishes by.

use custodian_application::events::EventType;
use custodian_domain::events::Holds;
use serde_json::{Map, Value, json};
use utoipa::openapi::{OpenApi, Paths};

/// Adds them to a document.
pub fn describe(mut document: OpenApi) -> OpenApi {
    let all: Map<String, Value> = EventType::ALL.iter().map(|kind| (kind.code().to_owned(), item(*kind))).collect();
    document.webhooks = serde_json::from_value::<Paths>(Value::Object(all)).ok();
    document
}

fn item(kind: EventType) -> Value {
    let partners = if kind.for_partners() { " Third parties may be told, under ids of their own." } else { "" };
    json!({"post": {
        "tags": ["webhooks"],
        "operationId": format!("on_{}", kind.code().replace('.', "_")),
        "summary": kind.code(),
        "description": format!("{}{partners} Answer 2xx within ten seconds; anything else is tried again, and 410 ends it for good.", kind.describe()),
        "parameters": HEADERS.map(|(name, description)| json!({"name": name, "in": "header", "required": true, "description": description, "schema": {"type": "string"}})),
        "requestBody": {"required": true, "content": {"application/json": {"schema": schema(kind), "example": example(kind)}}},
        "responses": {"204": {"description": "Taken."}, "410": {"description": "The receiver wants no more: the webhook is switched off."}},
        "security": [{}],
    }})
}

const HEADERS: [(&str, &str); 3] = [
    ("webhook-id", "The same for every try: whoever has taken it before takes it as known."),
    ("webhook-timestamp", "Seconds since 1970 of this try; refuse what is more than five minutes off."),
    (
        "webhook-signature",
        "Standard Webhooks 1.0.0 over `{webhook-id}.{webhook-timestamp}.{body}`: `v1,` (HMAC-SHA-256) or `v1a,` (Ed25519), several with spaces between during a rotation.",
    ),
];

fn schema(kind: EventType) -> Value {
    let members: Map<String, Value> =
        kind.members().iter().map(|(name, holds)| ((*name).to_owned(), schema_of(*holds))).collect();
    let names: Vec<&str> = kind.members().iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "required": ["type", "timestamp", "data"], "properties": {
        "type": {"type": "string", "enum": [kind.code()]},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
        "data": {"type": "object", "required": names, "properties": members},
    }})
}

fn schema_of(holds: Holds) -> Value {
    match holds {
        Holds::Id => json!({"type": "string", "format": "uuid"}),
        Holds::Person => {
            json!({"type": "string", "format": "uuid", "description": "A third party knows it by an id of its own."})
        }
        Holds::Code | Holds::Text => json!({"type": "string"}),
        Holds::Codes => json!({"type": "array", "items": {"type": "string"}}),
        Holds::Fields => {
            json!({"type": "array", "items": {"type": "string"}, "description": "Keys of fields and names of attributes, never values."})
        }
        Holds::Count => json!({"type": "integer", "format": "int64"}),
        Holds::Time => json!({"type": "string", "format": "date-time"}),
    }
}

fn example(kind: EventType) -> Value {
    let members: Map<String, Value> =
        kind.members().iter().map(|(name, holds)| ((*name).to_owned(), example_of(name, *holds))).collect();
    json!({"type": kind.code(), "timestamp": "2026-11-22T08:00:00Z", "data": members})
}

fn example_of(name: &str, holds: Holds) -> Value {
    match holds {
        Holds::Id | Holds::Person => json!("0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"),
        Holds::Code => json!(match name {
            "purpose" => "marketing",
            "channel" => "*",
            "state" => "succeeded",
            "kind" => "fields",
            "why" => "gone",
            _ => "code",
        }),
        Holds::Text => json!("text"),
        Holds::Codes => json!(["code"]),
        Holds::Fields => json!(["mobile"]),
        Holds::Count => json!(2),
        Holds::Time => json!("2026-11-22T09:00:00Z"),
    }
}
