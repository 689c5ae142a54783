//! Listing and searching customers.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::customers::{self, SearchTerm};
use custodian_application::{App, Identity, segments};
use custodian_domain::customers::{Stage, is_tag_code};
use custodian_domain::kernel::DomainError;
use custodian_persistence::customers::{Archived, Filter, Order, SortKey};
use uuid::Uuid;

use super::bodies::{CustomerBody, customer_example};
use super::may::ReadCustomers;
use crate::http::{ListProblems, Listing, May, Pages, Problem, Query};

/// Orders by name on the wire.
const SORTS: [&str; 4] = ["created_at", "-created_at", "updated_at", "-updated_at"];

/// List or search customers.
///
/// Only customers in the caller's scope, newest first. `q[<field>]` looks for an exact value, `q[<field>_last4]` for the last four characters and
/// `q[<field>_prefix]` for the first one to four, on fields that the catalog makes searchable; values stay sealed and are found by blind index. A search by a
/// field that the caller may not see at all is refused. `segment` and `view` narrow the list to a saved filter, used with the caller's own rights; a view also says
/// in which order, unless `sort` does, and which fields are shown.
#[utoipa::path(
    tag = "customers", security(("bearer" = []), ("api_key" = [])),
    params(
        ("q[mobile]" = Option<String>, Query, description = "Mobile number, however typed"),
        ("q[mobile_last4]" = Option<String>, Query, description = "Last four digits of the mobile number"),
        ("q[name]" = Option<String>, Query, description = "Whole name"),
        ("q[name_prefix]" = Option<String>, Query, description = "First one to four characters of the name"),
        ("q[customer_no]" = Option<String>, Query, description = "Customer number"),
        ("q[email]" = Option<String>, Query, description = "E-mail address"),
        ("q[wechat]" = Option<String>, Query, description = "WeChat id"),
        ("q[id_number]" = Option<String>, Query, description = "Resident identity number"),
        ("q[id_number_last4]" = Option<String>, Query, description = "Its last four characters"),
        ("q[bank_card]" = Option<String>, Query, description = "Bank card number"),
        ("q[bank_card_last4]" = Option<String>, Query, description = "Its last four digits"),
        ("q[company]" = Option<String>, Query, description = "Whole company name"),
        ("q[company_prefix]" = Option<String>, Query, description = "First one to four characters of the company"),
        ("q[province]" = Option<String>, Query, description = "Province"),
        ("stage" = Option<String>, Query, description = "Stage code"), ("source" = Option<String>, Query, description = "Source code"),
        ("owner_id" = Option<Uuid>, Query, description = "Owner"), ("department_id" = Option<Uuid>, Query, description = "Department"),
        ("region" = Option<String>, Query, description = "ISO 3166-2 region"),
        ("tags" = Option<String>, Query, description = "Codes of tags with commas between; those are listed that carry all of them"),
        ("archived" = Option<String>, Query, description = "`false` (default) leaves the archive out, `true` lists it alone, `any` lists both"),
        ("updated_since" = Option<DateTime<Utc>>, Query, description = "Changed at or after this time"),
        ("segment" = Option<Uuid>, Query, description = "Id of a segment: those who match it"),
        ("view" = Option<Uuid>, Query, description = "Id of a view of one's own: its filter, order and columns"),
        ("sort" = Option<String>, Query, description = "`created_at`, `-created_at` (default), `updated_at` or `-updated_at`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("count" = Option<bool>, Query, description = "Also count all that match")),
    responses((status = 200, description = "A page of customers.", body = Listing<CustomerBody>,
        example = json!({"data": [customer_example()], "next_cursor": null})), ListProblems))]
#[get("/customers")]
pub async fn list_customers(
    may: May<ReadCustomers>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/customers", &query);
    let (segment, view) = (query.uuid("segment"), query.uuid("view"));
    let sort = query.choice("sort", &SORTS);
    let mut wanted = wanted(&mut query, &pages, &may.identity, sort)?;
    query.done()?;
    let usual = segments::narrow(&app, &may, &mut wanted, segment, view).await.map_err(of_query)?;
    if let Some(usual) = usual.filter(|_| sort.is_none()) {
        (wanted.order.by, wanted.order.descending) = order(&usual);
    }
    let found = customers::list(&app, &may, wanted).await.map_err(of_query)?;
    let next_cursor = found
        .next
        .map(|(at, id)| pages.seal(&position(shown_time(&may.identity, at), may.identity.shown_id(id.into()))));
    let data = found.customers.into_iter().map(CustomerBody::from).collect();
    let count = found.count.and_then(|count| u64::try_from(count).ok());
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor, count }))
}

/// What a list is sorted by, and whether the latest comes first.
fn order(sort: &str) -> (SortKey, bool) {
    let by = if sort.ends_with("created_at") { SortKey::CreatedAt } else { SortKey::UpdatedAt };
    (by, sort.starts_with('-'))
}

fn wanted(
    query: &mut Query,
    pages: &Pages<'_>,
    identity: &Identity,
    sort: Option<&str>,
) -> Result<customers::Query, Problem> {
    let after = pages
        .position(query)?
        .map(|bytes| parse_position(&bytes, identity).ok_or_else(|| Problem::of("invalid_cursor")))
        .transpose()?;
    let (by, descending) = order(sort.unwrap_or("-created_at"));
    let terms = query.group("q").into_iter().map(|(name, value)| SearchTerm::named(&name, value)).collect();
    let filter = Filter {
        tags: Vec::new(),
        stage: query.choice("stage", &stages()).map(str::to_owned),
        source: query.text("source"),
        owner: query.uuid("owner_id"),
        department: query.uuid("department_id"),
        region: query.text("region"),
        updated_since: query.time("updated_since"),
        codes: codes(query),
        archived: match query.choice("archived", &["false", "true", "any"]) {
            Some("true") => Archived::Only,
            Some("any") => Archived::Any,
            _ => Archived::No,
        },
        ..Filter::default()
    };
    // What a partner's answers do not show it cannot ask for either.
    let attributes = filter.source.is_some() || filter.owner.is_some() || filter.department.is_some();
    let marks = !filter.codes.is_empty() || filter.archived != Archived::No;
    let concealed = attributes || marks || by == SortKey::UpdatedAt;
    if identity.pseudonyms.is_some() && concealed {
        return Err(Problem::of("field_hidden"));
    }
    let order = Order { by, descending, after };
    Ok(customers::Query { filter, terms, order, limit: query.limit(), count: query.boolean("count"), columns: None })
}

/// Codes with commas between; more than a customer carries match nobody, and are refused rather than asked for.
fn codes(query: &mut Query) -> Vec<String> {
    let codes: Vec<String> =
        query.text("tags").map(|text| text.split(',').map(|code| code.trim().to_owned()).collect()).unwrap_or_default();
    if codes.len() > 10 || !codes.iter().all(|code| is_tag_code(code)) {
        query.fault("tags", "unknown_tag");
        return Vec::new();
    }
    codes
}

fn stages() -> Vec<&'static str> {
    Stage::ALL.iter().map(|stage| stage.as_str()).collect()
}

/// What is wrong with a searched value is a fault of the query, not of a body.
fn of_query(error: DomainError) -> Problem {
    match error {
        DomainError::Invalid(faults) => Problem::of("invalid_query").faults(faults),
        other => other.into(),
    }
}

/// A cursor can be read by its holder; a partner is not told to the microsecond when somebody was entered.
fn shown_time(identity: &Identity, at: DateTime<Utc>) -> DateTime<Utc> {
    if identity.pseudonyms.is_some() { DateTime::UNIX_EPOCH } else { at }
}

fn position(at: DateTime<Utc>, id: Uuid) -> Vec<u8> {
    [at.timestamp_micros().to_be_bytes().as_slice(), id.as_bytes()].concat()
}

/// A cursor can be read by its holder: a partner's carries the partner's own id for the person.
fn parse_position(bytes: &[u8], identity: &Identity) -> Option<(DateTime<Utc>, Uuid)> {
    let (at, id) = bytes.split_first_chunk::<8>()?;
    let id = identity.meant_customer(Uuid::from_slice(id).ok()?).ok()?;
    Some((DateTime::from_timestamp_micros(i64::from_be_bytes(*at))?, id.uuid()))
}
