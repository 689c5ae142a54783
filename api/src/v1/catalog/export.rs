//! The data dictionary, as JSON and as a table.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::catalog::{self, Dictionary, FieldLine, TypeLine, UsedBy};
use custodian_domain::catalog::DataType;
use custodian_domain::exports::csv_cell;
use custodian_persistence::catalog::VersionMark;
use custodian_persistence::retention::PolicyRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ExportCatalog;
use super::bodies::{FieldBody, field_example};
use super::types::RecordTypeBody;
use crate::http::{Lang, May, Problem, Query, ReadProblems};

/// The whole catalog.
#[derive(Serialize, ToSchema)]
pub struct DictionaryBody {
    /// Counts the organisation's changes of its catalog; 0 before the first.
    version: i64,
    /// When it was taken away.
    exported_at: DateTime<Utc>,
    /// The record types, those out of use among them.
    record_types: Vec<DictionaryTypeBody>,
}

/// A record type with its fields.
#[derive(Serialize, ToSchema)]
pub struct DictionaryTypeBody {
    /// The type.
    #[serde(flatten)]
    record_type: RecordTypeBody,
    /// Its fields, those in use first.
    fields: Vec<DictionaryFieldBody>,
}

/// A field with what uses it.
#[derive(Serialize, ToSchema)]
pub struct DictionaryFieldBody {
    /// The field.
    #[serde(flatten)]
    field: FieldBody,
    /// By what field rules, purposes and grants speak of it.
    name: &'static str,
    /// The law calls it sensitive personal information.
    sensitive: bool,
    /// Purposes in force that use it.
    used_by: Vec<UsedByBody>,
    /// Retention policies in force, by which it goes with its customer.
    retention_policies: Vec<DictionaryPolicyBody>,
    /// What each version changed, oldest first; empty for a built-in field as it came.
    versions: Vec<DictionaryVersionBody>,
}

/// A purpose that uses a field.
#[derive(Serialize, ToSchema)]
pub struct UsedByBody {
    /// Its code.
    purpose: String,
    /// For how many days it keeps what it uses; null where another measure decides.
    retention_days: Option<u32>,
}

/// A retention policy in force.
#[derive(Serialize, ToSchema)]
pub struct DictionaryPolicyBody {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// Customers at this stage alone; null for all.
    stage: Option<String>,
    /// From when the time is counted.
    since: String,
    /// Days.
    days: i32,
    /// `warn`, `archive` or `destroy`.
    action: String,
}

/// What a version changed.
#[derive(Serialize, ToSchema)]
pub struct DictionaryVersionBody {
    /// The version.
    version: i32,
    /// `active` or `retired`.
    state: String,
    /// Members that changed; empty for a new field.
    changed: Vec<String>,
    /// When it came into force.
    at: DateTime<Utc>,
    /// Who made it; the nil id for the service itself.
    by: Uuid,
}

impl From<PolicyRow> for DictionaryPolicyBody {
    fn from(row: PolicyRow) -> Self {
        let PolicyRow { id, name, stage, since, days, action, .. } = row;
        Self { id, name, stage, since, days, action }
    }
}

impl From<VersionMark> for DictionaryVersionBody {
    fn from(mark: VersionMark) -> Self {
        let VersionMark { record_type: _, key: _, version, state, changed, at, by } = mark;
        Self { version, state, changed, at, by }
    }
}

impl DictionaryBody {
    fn of(dictionary: Dictionary, lang: Lang) -> Self {
        let Dictionary { version, at, types } = dictionary;
        let field = |FieldLine { view, purposes, policies, versions }| DictionaryFieldBody {
            name: view.field.name,
            sensitive: view.field.is_sensitive_pi(),
            field: FieldBody::of(view, lang),
            used_by: purposes
                .into_iter()
                .map(|UsedBy { code, retention_days }| UsedByBody { purpose: code, retention_days })
                .collect(),
            retention_policies: policies.into_iter().map(DictionaryPolicyBody::from).collect(),
            versions: versions.into_iter().map(DictionaryVersionBody::from).collect(),
        };
        let record_type = |TypeLine { view, fields }: TypeLine| DictionaryTypeBody {
            record_type: RecordTypeBody::of(view, lang),
            fields: fields.into_iter().map(field).collect(),
        };
        Self { version, exported_at: at, record_types: types.into_iter().map(record_type).collect() }
    }
}

const COLUMNS: [&str; 26] = [
    "record_type",
    "record_type_en",
    "record_type_zh",
    "record_type_state",
    "key",
    "name",
    "label_en",
    "label_zh",
    "state",
    "built_in",
    "data_type",
    "choices",
    "classification",
    "below_legal_floor",
    "category",
    "pi_category",
    "sensitive",
    "national_level",
    "required",
    "unique",
    "searchable",
    "mask",
    "max_length",
    "purposes",
    "retention",
    "version",
];

/// One line of the table.
fn cells(of: &TypeLine, line: &FieldLine) -> [String; 26] {
    let (record_type, field) = (&of.view.record_type, &line.view.field);
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let state = |retired: bool| if retired { "retired" } else { "active" }.to_owned();
    let choices = if let DataType::Enum(choices) = &field.data_type { choices.join(" ") } else { String::new() };
    let kinds: Vec<&str> = field.searchable.iter().map(|kind| kind.as_str()).collect();
    let purposes: Vec<&str> = line.purposes.iter().map(|one| one.code.as_str()).collect();
    [
        record_type.code.to_owned(),
        record_type.labels.en.clone(),
        record_type.labels.zh.clone(),
        state(!record_type.in_use),
        field.key.to_owned(),
        field.name.to_owned(),
        field.labels.en.clone(),
        field.labels.zh.clone(),
        state(line.view.retired),
        yes(line.view.built_in),
        field.data_type.as_str().to_owned(),
        choices,
        field.classification.as_str().to_owned(),
        yes(line.view.below_floor),
        field.category.as_str().to_owned(),
        field.pi_category.map_or_else(String::new, |one| one.as_str().to_owned()),
        yes(field.is_sensitive_pi()),
        field.national_level.as_str().to_owned(),
        yes(field.required),
        yes(field.unique),
        kinds.join(" "),
        field.mask.code(),
        field.max_length.to_string(),
        purposes.join(" "),
        retention(line),
        line.view.version.to_string(),
    ]
}

/// Every term that applies: the field's own, those of its purposes, those of policies.
fn retention(line: &FieldLine) -> String {
    let own = line.view.field.retention_days.map(|days| format!("field: {days} days"));
    let used = line.purposes.iter().filter_map(|one| Some(format!("{}: {} days", one.code, one.retention_days?)));
    let policy = |row: &PolicyRow| format!("{}: {} after {} days since {}", row.name, row.action, row.days, row.since);
    own.into_iter().chain(used).chain(line.policies.iter().map(policy)).collect::<Vec<_>>().join("; ")
}

/// With a mark at the beginning that tells spreadsheets the encoding.
fn table(dictionary: &Dictionary) -> String {
    let mut text = String::from('\u{feff}');
    let mut row = |cells: &[String]| {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            csv_cell(cell, &mut text);
        }
        text.push_str("\r\n");
    };
    row(&COLUMNS.map(str::to_owned));
    for one in &dictionary.types {
        one.fields.iter().for_each(|line| row(&cells(one, line)));
    }
    text
}

/// Take away the data dictionary.
///
/// Every record type and field, in use or not, with its names, data type, place on the three scales, mask and ways of searching, the purposes in force that use it, the
/// retention that applies and what each version changed. With `Accept: text/csv` as a table, a line for each field; nothing in it runs as a formula. For who may read the
/// catalog, the purposes and the retention policies.
#[utoipa::path(
    tag = "catalog", security(("bearer" = [])),
    responses((status = 200, description = "The dictionary, or a table of it as `text/csv`.", body = DictionaryBody,
        example = json!({"version": 3, "exported_at": "2026-11-22T08:00:00Z", "record_types": [{"code": "customer", "label": "Customer", "fields": [field_example()]}]})), ReadProblems))]
#[get("/catalog/export")]
pub async fn export_catalog(
    may: May<ExportCatalog>,
    app: Data<App>,
    req: HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    query.done()?;
    let accept = req.headers().get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let dictionary = catalog::export(&app, &may).await?;
    if !accept.contains("text/csv") {
        return Ok(HttpResponse::Ok().json(DictionaryBody::of(dictionary, Lang::of(req.headers()))));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("Content-Disposition", "attachment; filename=\"data-dictionary.csv\""))
        .body(table(&dictionary)))
}
