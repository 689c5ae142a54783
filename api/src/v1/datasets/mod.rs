//! Data sets: de-identified copies, asked for here and followed as exports.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::datasets::{self, NewDataset};
use custodian_domain::datasets::{Below, Method, Rule};
use custodian_domain::exports::{Format, USUAL_ROWS};
use custodian_domain::kernel::Fault;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::{Body, May, Problem, Reply, Valid, WriteProblems, once};
use crate::needs;
use crate::v1::access_requests::FilterBody;
use crate::v1::exports::{ExportBody, dataset_example};

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_dataset);
}

needs! {
    /// Asks for data sets.
    RequestDatasets = ExportsRequest;
}

/// What is done to one field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetRuleBody {
    /// Its key.
    #[schema(min_length = 1, max_length = 64)]
    field: String,
    /// `keep`, `mask`, `age_band`, `range`, `prefix`, `year`, `month`, `pseudonymise` or `shift`.
    #[schema(pattern = "^(keep|mask|age_band|range|prefix|year|month|pseudonymise|shift)$")]
    method: String,
    /// Years of an age band, width of a range, characters of a prefix, the most days of a shift.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    size: Option<u32>,
}

/// A data set to be asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDatasetBody {
    /// Whom it is about; `{}` for everybody in one's reach.
    filter: FilterBody,
    /// What is done to each field, in the order of the columns. A field that is not named is left out.
    #[schema(min_items = 1, max_items = 50)]
    rules: Vec<DatasetRuleBody>,
    /// Columns that together must not single anybody out; every one but pseudonyms when absent. Those of identity and contact always count.
    #[schema(max_items = 50)]
    quasi_identifiers: Option<Vec<String>>,
    /// So many must look alike in them; 5 when absent.
    #[schema(minimum = 2, maximum = 1_000)]
    k: Option<u32>,
    /// `suppress` leaves the others out (when absent); `refuse` makes no data set at all.
    #[schema(pattern = "^(suppress|refuse)$")]
    below: Option<String>,
    /// `csv`, `xlsx` or `ndjson`.
    #[schema(pattern = "^(csv|xlsx|ndjson)$")]
    format: String,
    /// Code of the purpose; it must list the fields.
    #[schema(pattern = "^[a-z0-9_.-]{1,64}$")]
    purpose: String,
    /// Why; kept sealed.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// The most rows; 10,000 when absent.
    #[schema(minimum = 1, maximum = 1_000_000)]
    row_limit: Option<u32>,
}

impl Body for NewDatasetBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let reason = value.get("reason").and_then(Value::as_str).unwrap_or_default();
        let blank = reason.chars().count() >= 3 && reason.trim().chars().count() < 3;
        blank.then(|| Fault::new("/reason", "too_short").with_arg("3")).into_iter().collect()
    }
}

impl NewDatasetBody {
    /// The data set; `None` for a body that the schema had to refuse.
    fn into_new(self) -> Option<NewDataset> {
        let Self { filter, rules, quasi_identifiers, k, below, format, purpose, reason, row_limit } = self;
        let rule =
            |DatasetRuleBody { field, method, size }| Some(Rule { field, method: Method::from_code(&method)?, size });
        let below = match below {
            None => None,
            Some(code) => Some(Below::from_code(&code)?),
        };
        Some(NewDataset {
            sent: serde_json::to_value(&filter).ok()?,
            filter: filter.into(),
            rules: rules.into_iter().map(rule).collect::<Option<_>>()?,
            quasi_identifiers,
            k,
            below,
            format: Format::from_code(&format)?,
            purpose,
            reason,
            row_limit: row_limit.unwrap_or(USUAL_ROWS),
        })
    }
}

/// Ask for a data set.
///
/// A de-identified copy of those in one's own reach who match the `filter` now, for tests or analysis. It is an export: it waits for approval as one, is followed at
/// `GET /v1/exports/{id}`, and taken away once. What leaves of each field is what its rule says, and nothing of a field without one; sensitive, core and unique fields are never
/// kept as they are. Pseudonyms, the ids of the rows and the days by which dates move come from a key that is drawn for this data set and kept nowhere; the rows stand in an order of chance. Rows that look like fewer
/// than `k` others in the `quasi_identifiers` are left out, or no data set is made; `dataset.report` tells the `k` that was reached. There is no row about nobody in it, as in
/// other exports: it would stand alone.
#[utoipa::path(
    tag = "exports", security(("bearer" = [])),
    request_body(content = NewDatasetBody, example = json!({"filter": {"stage": "customer"}, "rules": [{"field": "name", "method": "pseudonymise"},
        {"field": "birthday", "method": "age_band", "size": 10}, {"field": "province", "method": "keep"}], "k": 5, "below": "suppress", "format": "csv", "purpose": "care",
        "reason": "Ages by province for the new branch"})),
    responses((status = 201, description = "Asked for; `Location` names the export.", body = ExportBody, example = json!(dataset_example())), WriteProblems))]
#[post("/datasets")]
pub async fn create_dataset(
    may: May<RequestDatasets>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewDatasetBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner().into_new().ok_or_else(|| Problem::of("invalid_body"))?;
    once(&app, &may, &req, &digest, async |work| {
        let made = datasets::create(&app, &may, work, new).await?;
        let location = format!("/v1/exports/{}", made.row.id);
        Reply::created(&location, &ExportBody::from(made))
    })
    .await
}
