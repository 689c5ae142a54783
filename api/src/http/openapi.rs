//! What the generated document has in common for every operation: problem answers, credentials, shared headers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, PathItem, Ref, RefOr, Required, ServerBuilder,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::locale::Lang;
use super::problem::PROBLEM_JSON;
use super::problem_codes;
use super::problem_table::KINDS;

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code, reason = "describes what problem.rs writes; a test compares the two")]
pub struct ProblemSchema {
    /// `<base>/problems/<code>`, itself served as a short text.
    #[schema(format = "uri")]
    r#type: String,
    /// A few words, in the language of `Accept-Language`.
    title: String,
    /// The HTTP status.
    status: u16,
    /// One or two sentences, in the language of `Accept-Language`.
    detail: String,
    /// The path of the request.
    instance: String,
    /// Stable, whatever the language.
    code: String,
    /// As in `X-Request-Id`; name it when asking for help.
    request_id: String,
    /// Every fault of the body or the query, not the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FaultSchema>>,
}

/// One fault of a body or a query.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
#[allow(dead_code, reason = "describes what problem.rs writes; a test compares the two")]
pub struct FaultSchema {
    /// JSON Pointer into the body; the query counts as one object whose members are the parameters.
    pointer: String,
    /// Stable, whatever the language.
    code: String,
    /// One sentence, in the language of `Accept-Language`.
    detail: String,
}

macro_rules! problem_sets {
    ($($(#[$doc:meta])* $name:ident = $($status:literal),*;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($status),*].map(|status: u16| (status.to_string(), Ref::from_response_name(name_of(status)).into())).into()
            }
        }
    )*};
}

problem_sets! {
    /// Problems of what is open to anyone.
    PublicProblems = 404, 406, 500, 503;
    /// Problems of a log-in.
    LoginProblems = 400, 401, 403, 408, 413, 415, 422, 429, 500, 503;
    /// Problems of a list.
    ListProblems = 400, 401, 403, 408, 429, 500, 503;
    /// Problems of reading one thing.
    ReadProblems = 400, 401, 403, 404, 408, 429, 500, 503;
    /// Problems of proofs over the audit log, which may not have come so far, or no longer have the detail.
    ProofProblems = 400, 401, 403, 404, 408, 409, 410, 429, 500, 503;
    /// Problems of creating or acting.
    WriteProblems = 400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 429, 500, 503;
    /// Problems of changing or deleting one thing, which needs `If-Match`.
    ChangeProblems = 400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 422, 428, 429, 500, 503;
}

fn name_of(status: u16) -> String {
    format!("Problem{status}")
}

/// The document's frame: what it is, where it is served, how callers prove who they are.
pub fn frame(public_base: &str) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Custodian")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .contact(Some(ContactBuilder::new().name(Some("Custodian")).build()))
        .build();
    let mut document = OpenApi::new(info, utoipa::openapi::Paths::new());
    document.servers = Some(vec![ServerBuilder::new().url(public_base).build()]);
    document
}

const DESCRIPTION: &str = "Customer data under lock: every value sealed, every look at it recorded.\n\n\
    Errors are problem documents (RFC 9457) with a stable `code`; lists are read by the page with an opaque `cursor`; \
    changes take the `ETag` of what was read in `If-Match`; every `POST` that acts takes an `Idempotency-Key`.";

/// Adds to a document what every operation shares. Call it once, after the last route.
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    add_security(components);
    add_problems(components);
    for parameter in shared_parameters() {
        components.parameters.insert(key_of(&parameter.name), parameter.into());
    }
    for (name, description, example) in ANSWER_HEADERS {
        let header = HeaderBuilder::new().description(Some(*description)).example(Some(json!(example))).build();
        components.headers.insert(key_of(name), header.into());
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete_operation(path, method, operation);
        }
    }
    document
}

/// Each operation of a path with its method.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", item.get.as_mut()),
        ("POST", item.post.as_mut()),
        ("PUT", item.put.as_mut()),
        ("PATCH", item.patch.as_mut()),
        ("DELETE", item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

fn complete_operation(path: &str, method: &str, operation: &mut Operation) {
    let answers = |status: &str| operation.responses.responses.contains_key(status);
    let (known_caller, changes, tagged) = (answers("401"), answers("428"), answers("304"));
    // A log-in answers 401 too, but says itself that it needs no credential.
    if operation.security.is_none() {
        let none: [&str; 0] = [];
        operation.security = Some(match known_caller {
            true => vec![SecurityRequirement::new("bearer", none), SecurityRequirement::new("api_key", none)],
            false => vec![SecurityRequirement::default()],
        });
    }
    let names_purpose = known_caller && operation.security != Some(vec![SecurityRequirement::default()]);
    let wanted = [
        ("Accept-Language", true),
        ("X-Request-Id", true),
        ("Processing-Purpose", names_purpose),
        ("Idempotency-Key", method == "POST" && answers("409")),
        ("If-Match", changes),
        ("If-None-Match", tagged),
    ];
    problem_codes::declare(path, method, operation);
    let parameters = operation.parameters.get_or_insert_default();
    for (name, _) in wanted.iter().filter(|(_, wanted)| *wanted) {
        parameters.push(RefOr::Ref(Ref::new(format!("#/components/parameters/{}", key_of(name)))));
    }
    let versioned = changes || tagged;
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            add_answer_headers(response, names_purpose);
            let header = |text: &str| RefOr::T(HeaderBuilder::new().description(Some(text)).build());
            if status == "201" || status == "202" {
                response.headers.insert("Location".to_owned(), header("Where the new thing, or the job, stands."));
            }
            if versioned && status == "200" {
                response.headers.insert("ETag".to_owned(), header("The version, for `If-Match` and `If-None-Match`."));
            }
        }
    }
}

fn add_answer_headers(response: &mut Response, known_caller: bool) {
    for (name, ..) in ANSWER_HEADERS.iter().filter(|(name, ..)| known_caller || *name == "X-Request-Id") {
        let reference = Ref::new(format!("#/components/headers/{}", key_of(name)));
        response.headers.entry((*name).to_owned()).or_insert(RefOr::Ref(reference));
    }
}

fn key_of(name: &str) -> String {
    name.replace('-', "")
}

const ANSWER_HEADERS: &[(&str, &str, &str)] = &[
    ("X-Request-Id", "The request's id, as sent or made.", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
    (
        "Audit-Id",
        "The entry that this call left in the audit log; `GET /v1/audit/proofs/inclusion` proves it.",
        "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10",
    ),
    ("RateLimit-Policy", "The caller's limit: requests (q) per window in seconds (w).", "\"default\";q=6000;w=60"),
    ("RateLimit", "What is left (r) and the seconds until the next window (t).", "\"default\";r=5999;t=42"),
];

/// Name, whether it must be sent, longest value, description with a sample. Interactive documents fill a parameter's
/// `example` in and send it, so the samples stand in the text.
const SHARED_PARAMETERS: &[(&str, bool, usize, &str)] = &[
    ("Accept-Language", false, 255, "The language of titles and details: `zh-CN` or `en`."),
    ("X-Request-Id", false, 64, "An id of your own for this request, such as `import-2026-01-31-7`."),
    (
        "Processing-Purpose",
        false,
        64,
        "The code of the purpose that the data is processed for, such as `customer_service`; some callers must name one.",
    ),
    (
        "Idempotency-Key",
        false,
        255,
        "Makes a retry safe: the same key with the same request has one effect and one answer, for 24 hours. A UUID serves well.",
    ),
    ("If-Match", true, 1024, "The `ETag` of what is to be changed, such as `\"3.1f2e3d4c\"`, or `*`."),
    ("If-None-Match", false, 1024, "An `ETag`: answers `304` if it still holds."),
];

fn shared_parameters() -> impl Iterator<Item = Parameter> {
    SHARED_PARAMETERS.iter().map(|(name, required, longest, description)| {
        let schema = ObjectBuilder::new().schema_type(Type::String).max_length(Some(*longest)).build();
        ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Header)
            .required(if *required { Required::True } else { Required::False })
            .description(Some(*description))
            .schema(Some(schema))
            .build()
    })
}

fn add_security(components: &mut Components) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("Access token of a member of staff, from `POST /v1/auth/login`."))
        .build();
    let key = ApiKeyValue::with_description("X-API-Key", "Key of a partner system: `ck_<key id>_<secret>`.");
    let subject = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("Token of a person whom data is about, from `POST /v1/self/sessions/verify`."))
        .build();
    components.security_schemes.insert("subject".to_owned(), SecurityScheme::Http(subject).into());
    components.security_schemes.insert("bearer".to_owned(), SecurityScheme::Http(bearer).into());
    components.security_schemes.insert("api_key".to_owned(), SecurityScheme::ApiKey(ApiKey::Header(key)).into());
}

fn add_problems(components: &mut Components) {
    components.schemas.insert("Problem".to_owned(), ProblemSchema::schema());
    components.schemas.insert("Fault".to_owned(), FaultSchema::schema());
    let mut statuses: Vec<_> = KINDS.iter().map(|kind| kind.status).collect();
    statuses.dedup();
    for status in statuses {
        components.responses.insert(name_of(status), problem_response(status).into());
    }
}

fn problem_response(status: u16) -> Response {
    let kinds = || KINDS.iter().filter(move |kind| kind.status == status);
    let codes: Vec<_> = kinds().map(|kind| format!("`{}`", kind.code)).collect();
    let mut content: Content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    for kind in kinds() {
        let example = ExampleBuilder::new().summary(kind.title.en).value(Some(example_of(kind.code))).build();
        content.examples.insert(kind.code.to_owned(), example.into());
    }
    let mut response = ResponseBuilder::new().description(format!("Problem: {}.", codes.join(", "))).build();
    response.content.insert(PROBLEM_JSON.to_owned(), content.into());
    for (name, description) in headers_of(status) {
        let header = HeaderBuilder::new().description(Some(*description)).build();
        response.headers.insert((*name).to_owned(), header.into());
    }
    response
}

const fn headers_of(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        401 => &[("WWW-Authenticate", "`Bearer`, with the reason where a token was sent.")],
        405 => &[("Allow", "The methods that the path takes.")],
        429 | 503 => &[("Retry-After", "Seconds to wait before trying again.")],
        _ => &[],
    }
}

fn example_of(code: &str) -> Value {
    let Some(kind) = KINDS.iter().find(|kind| kind.code == code) else {
        return Value::Null;
    };
    let arg = match code {
        "forbidden" => Some("customers.read"),
        "body_too_large" => Some("262144"),
        "too_deep" => Some("32"),
        "unsupported_media_type" => Some("application/json"),
        "malformed_json" => Some("line 1, column 18"),
        "duplicate_key" => Some("/fields/name"),
        _ => None,
    };
    let mut example = json!({
        "type": format!("https://custodian.example/problems/{code}"),
        "title": kind.title.pick(Lang::En),
        "status": kind.status,
        "detail": kind.detail.filled(Lang::En, arg),
        "instance": "/v1/customers",
        "code": code,
        "request_id": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    });
    let fault = match code {
        "invalid_body" => Some(("/fields/mobile", "invalid_mobile", "It is not a valid phone number.")),
        "invalid_query" => Some(("/limit", "out_of_range", "It is out of range; the limit is 1..200.")),
        "unknown_parameter" => Some(("/tenant_id", "unknown_parameter", "This parameter is not known here.")),
        _ => None,
    };
    if let (Some((pointer, code, detail)), Some(members)) = (fault, example.as_object_mut()) {
        members.insert("errors".to_owned(), json!([{ "pointer": pointer, "code": code, "detail": detail }]));
    }
    example
}
