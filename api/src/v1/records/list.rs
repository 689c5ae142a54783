//! Lists and searches of records, and the timeline of a customer.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::records::{self, SearchTerm};
use custodian_domain::catalog::SearchKind;
use custodian_domain::kernel::DomainError;
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::records::{Filter, Order};
use uuid::Uuid;

use super::bodies::{RecordBody, TimelineEntryBody, record_example, timeline_example};
use super::may::ReadRecords;
use crate::http::{Id, Listing, May, Pages, Problem, Query, ReadProblems};

/// `contract_no` looks for the whole value, `contract_no_last4` for its end, `contract_no_prefix` for its beginning.
fn term(name: &str, value: String) -> SearchTerm {
    let (field, kind) = match (name.strip_suffix("_last4"), name.strip_suffix("_prefix")) {
        (Some(field), _) => (field, SearchKind::Last4),
        (None, Some(field)) => (field, SearchKind::Prefix),
        (None, None) => (name, SearchKind::Exact),
    };
    SearchTerm { field: field.to_owned(), kind, value }
}

/// What is wrong with a searched value is a fault of the query, not of a body.
fn of_query(error: DomainError) -> Problem {
    match error {
        DomainError::Invalid(faults) => Problem::of("invalid_query").faults(faults),
        other => other.into(),
    }
}

fn wanted(query: &mut Query, pages: &Pages<'_>) -> Result<records::Query, Problem> {
    let after = match pages.position(query)?.map(|bytes| Uuid::from_slice(&bytes)) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return Err(Problem::of("invalid_cursor")),
    };
    let terms = query.group("q").into_iter().map(|(name, value)| term(&name, value)).collect();
    let filter = Filter {
        owner: query.uuid("owner_id"),
        state: query.text("state"),
        updated_since: query.time("updated_since"),
        ..Filter::default()
    };
    Ok(records::Query { filter, terms, order: Order::Newest(after), limit: query.limit() })
}

fn listing(found: records::Found, pages: &Pages<'_>) -> HttpResponse {
    let next_cursor = found.next.map(|(_, id)| pages.seal(id.as_bytes()));
    let data: Vec<RecordBody> = found.records.into_iter().map(RecordBody::from).collect();
    HttpResponse::Ok().json(Listing { data, next_cursor, count: None })
}

/// List a customer's records of one type.
///
/// Newest first. `q[<field>]` searches as in `GET /v1/records/{type}`.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("type" = String, Path, description = "Code of the record type"),
        ("owner_id" = Option<Uuid>, Query, description = "Who sees to it"), ("state" = Option<String>, Query, description = "Stage, status or channel"),
        ("updated_since" = Option<DateTime<Utc>>, Query, description = "Changed at or after this time"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of records.", body = Listing<RecordBody>,
        example = json!({"data": [record_example()], "next_cursor": null})), ReadProblems))]
#[get("/customers/{id}/records/{type}")]
pub async fn list_customer_records(
    may: May<ReadRecords>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    place: Path<(String, String)>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let (customer, code) = place.into_inner();
    let customer = Uuid::try_parse(&customer).map_err(|_| Problem::of("not_found"))?;
    let route = format!("/v1/customers/{customer}/records/{code}");
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let wanted = wanted(&mut query, &pages)?;
    query.done()?;
    let found = records::of_customer(&app, &reader, &may, (customer, &code), wanted).await.map_err(of_query)?;
    Ok(listing(found, &pages))
}

/// List or search records of one type.
///
/// Of all customers in the caller's scope, newest first. `q[<field>]` looks for an exact value, `q[<field>_last4]` for the last four characters and
/// `q[<field>_prefix]` for the first one to four, on fields that the catalog makes searchable.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("q[contract_no]" = Option<String>, Query, description = "Whole contract number, for contracts"),
        ("q[payment_no]" = Option<String>, Query, description = "Whole payment number, for payments"), ("q[ticket_no]" = Option<String>, Query, description = "Whole ticket number, for tickets"),
        ("owner_id" = Option<Uuid>, Query, description = "Who sees to it"), ("state" = Option<String>, Query, description = "Stage, status or channel"),
        ("updated_since" = Option<DateTime<Utc>>, Query, description = "Changed at or after this time"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of records.", body = Listing<RecordBody>,
        example = json!({"data": [record_example()], "next_cursor": null})), ReadProblems))]
#[get("/records/{type}")]
pub async fn list_records(
    may: May<ReadRecords>,
    app: Data<App>,
    code: Path<String>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), &format!("/v1/records/{code}"), &query);
    let wanted = wanted(&mut query, &pages)?;
    query.done()?;
    let found = records::list(&app, &may, &code, wanted).await.map_err(of_query)?;
    Ok(listing(found, &pages))
}

/// Read a customer's timeline.
///
/// Its records of every type that the caller may read, and its attachments where the caller may list them, latest first by when they happened; a file, by when it was
/// taken in. `kind` says which an entry is.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of what happened.", body = Listing<TimelineEntryBody>,
        example = json!({"data": timeline_example(), "next_cursor": null})), ReadProblems))]
#[get("/customers/{id}/timeline")]
pub async fn list_timeline(
    may: May<ReadRecords>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/customers/{}/timeline", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let (limit, after) = (query.limit(), moment_of(&pages, &mut query)?);
    query.done()?;
    let found = records::timeline(&app, &reader, &may, id.get(), after, limit).await?;
    let next_cursor = found.next.map(|(at, id)| pages.seal(&position(at, id)));
    let data: Vec<TimelineEntryBody> = found.entries.into_iter().map(TimelineEntryBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor, count: None }))
}

/// A moment and an id as a cursor carries them.
pub(super) fn position(at: DateTime<Utc>, id: Uuid) -> Vec<u8> {
    [at.timestamp_micros().to_be_bytes().as_slice(), id.as_bytes()].concat()
}

/// The moment and the id that a cursor carries.
pub(super) fn moment_of(pages: &Pages<'_>, query: &mut Query) -> Result<Option<(DateTime<Utc>, Uuid)>, Problem> {
    let read = |bytes: &[u8]| {
        let (at, id) = bytes.split_first_chunk::<8>()?;
        Some((DateTime::from_timestamp_micros(i64::from_be_bytes(*at))?, Uuid::from_slice(id).ok()?))
    };
    match pages.position(query)? {
        None => Ok(None),
        Some(bytes) => read(&bytes).map(Some).ok_or_else(|| Problem::of("invalid_cursor")),
    }
}
