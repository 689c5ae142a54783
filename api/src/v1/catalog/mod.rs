//! The catalog: record types and their fields.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_application::{App, catalog};
use custodian_domain::catalog::{DataType, Field, RecordType};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::{Lang, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, page_of};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_record_types).service(list_fields);
}

needs! {
    /// Reads the catalog.
    ReadCatalog = CatalogRead;
}

/// One record type.
#[derive(Serialize, ToSchema)]
pub struct RecordTypeBody {
    /// Its code.
    code: String,
    /// How many fields it has.
    field_count: usize,
}

/// One field.
#[derive(Serialize, ToSchema)]
pub struct FieldBody {
    /// Its key in `fields`.
    key: String,
    /// Its name in the language asked for.
    label: String,
    /// What its values are.
    data_type: &'static str,
    /// The values of an `enum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<String>>,
    /// The organisation's grade: `public`, `internal`, `sensitive` or `core`.
    classification: &'static str,
    /// What kind of personal information it is.
    category: &'static str,
    /// A customer without it is refused.
    required: bool,
    /// No two customers have the same.
    unique: bool,
    /// How it can be searched: `exact`, `last4`, `prefix`.
    searchable: Vec<&'static str>,
    /// The most characters of a value.
    max_length: usize,
}

fn body(field: &Field, lang: Lang) -> FieldBody {
    let Field {
        key,
        labels,
        data_type,
        classification,
        category,
        required,
        unique,
        searchable,
        mask: _,
        max_length,
        purposes: _,
    } = field;
    FieldBody {
        key: key.clone(),
        label: if lang == Lang::Zh { labels.zh.clone() } else { labels.en.clone() },
        data_type: data_type.as_str(),
        choices: if let DataType::Enum(choices) = data_type { Some(choices.clone()) } else { None },
        classification: classification.as_str(),
        category: category.as_str(),
        required: *required,
        unique: *unique,
        searchable: searchable.iter().map(|kind| kind.as_str()).collect(),
        max_length: *max_length,
    }
}

impl From<&RecordType> for RecordTypeBody {
    fn from(record_type: &RecordType) -> Self {
        let RecordType { code, fields } = record_type;
        Self { code: code.clone(), field_count: fields.len() }
    }
}

/// List record types.
///
/// What kinds of record there are.
#[utoipa::path(
    tag = "catalog", security(("bearer" = []), ("api_key" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "Every record type.", body = Listing<RecordTypeBody>,
        example = json!({"data": [{"code": "customer", "field_count": 13}], "next_cursor": null})), ListProblems))]
#[get("/record-types")]
pub async fn list_record_types(
    may: May<ReadCatalog>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let data = catalog::record_types(&app, &may).await?.into_iter().map(RecordTypeBody::from).collect();
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/record-types", &query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// List the fields of a record type.
///
/// Every field with its data type, classification, category and how it can be searched.
#[utoipa::path(
    tag = "catalog", security(("bearer" = []), ("api_key" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"), ("type" = String, Path, description = "Code of the record type, such as `customer`")),
    responses((status = 200, description = "Every field.", body = Listing<FieldBody>,
        example = json!({"data": [{"key": "mobile", "label": "Mobile", "data_type": "phone", "classification": "sensitive", "category": "contact",
            "required": false, "unique": false, "searchable": ["exact", "last4"], "max_length": 32}], "next_cursor": null})), ReadProblems))]
#[get("/record-types/{type}/fields")]
pub async fn list_fields(
    may: May<ReadCatalog>,
    app: Data<App>,
    req: HttpRequest,
    code: Path<String>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let lang = Lang::of(req.headers());
    let record_type = catalog::record_type(&app, &may, &code).await?;
    let data = record_type.fields.iter().map(|field| body(field, lang)).collect();
    let pages = Pages::new(app.cursor_key(), may.organization(), &format!("/v1/record-types/{code}/fields"), &query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}
