//! What a person sees of themselves, agreed to, prefers, and who looked.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, consents, customers, self_service};
use custodian_persistence::customers::CustomerReader;
use uuid::Uuid;

use super::bodies::{OwnEntryBody, own_entry_example};
use super::data_bodies::{OwnDataBody, own_data_example};
use crate::http::{
    ETag, Empty, Id, ListProblems, Listing, Oneself, Pages, Problem, ProofProblems, Query, ReadProblems, Reply,
    WriteProblems, once, single,
};
use crate::v1::audit::{InclusionBody, inclusion_example};
use crate::v1::consents::{ConsentBody, consent_example};

/// Read one's own data.
///
/// Every value that is held, in full, and for each what it is used for; where the record came from, whom it goes to, and how long it is kept; and what hangs on the
/// person (contacts, offers, contracts, payments, tickets), the latest 1,000, and files by name, kind and size. What the company reckons for itself is left out, and so are others' numbers and addresses in
/// free texts, which read `***`.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    responses((status = 200, description = "The data.", body = OwnDataBody, example = json!(own_data_example())),
        (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/self/data")]
pub async fn show_own_data(
    me: Oneself,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let body = OwnDataBody::of(self_service::own_data(&app, &reader, &me).await?, me.catalog());
    single(&req, ETag::of_body(&body, &me.identity.rights), &body)
}

/// List one's own consents.
///
/// What was agreed to and refused, newest first, with where each stands now.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of consents.", body = Listing<ConsentBody>,
        example = json!({"data": [consent_example()], "next_cursor": null})), ListProblems))]
#[get("/self/consents")]
pub async fn list_own_consents(
    me: Oneself,
    app: Data<App>,
    reader: Data<CustomerReader>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let path = format!("/v1/self/consents/{}", me.identity.actor_id());
    let pages = Pages::new(app.cursor_key(), me.organization(), &path, &query);
    let (limit, before) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (views, next) = consents::list(&app, &reader, &me, me.identity.actor_id(), before, limit).await?;
    let data = views.into_iter().map(|view| ConsentBody::of(view, false)).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Withdraw one's own consent.
///
/// One call, no reason, at once: from this answer on nothing is allowed on it, and every recipient is told. A second withdrawal changes nothing.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])), params(("id" = Uuid, Path, description = "Id of the consent")),
    responses((status = 200, description = "Withdrawn.", body = ConsentBody, example = json!(consent_example())), WriteProblems))]
#[post("/self/consents/{id}/withdraw")]
pub async fn withdraw_own_consent(
    me: Oneself,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &me, &req, &none.0, async |work| {
        let view = consents::withdraw(&app, &me, work, id.get(), None).await?;
        Reply::ok(&ConsentBody::of(view, false))
    })
    .await
}

/// Read who saw one's data.
///
/// Every entry of the audit log that concerns this person, newest first: who, when, what, which fields and for what purpose. `GET /v1/self/access-log/{id}/proof` proves a line. Other
/// people are left out of it. Reading it leaves an entry as well.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of entries.", body = Listing<OwnEntryBody>,
        example = json!({"data": [own_entry_example()], "next_cursor": null})), ListProblems))]
#[get("/self/access-log")]
pub async fn list_own_access_log(
    me: Oneself,
    app: Data<App>,
    reader: Data<CustomerReader>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let path = format!("/v1/self/access-log/{}", me.identity.actor_id());
    let pages = Pages::new(app.cursor_key(), me.organization(), &path, &query);
    let (limit, before) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let page = customers::access_log(&app, &reader, &me, me.identity.actor_id(), before, limit).await?;
    let next_cursor = page.next.map(|id| pages.seal(id.as_bytes()));
    let data = page.entries.into_iter().map(OwnEntryBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor, count: None }))
}

/// Have a line of one's access log proven.
///
/// The way from the line to a checkpoint that the log's key has signed (RFC 9162, 2.1.3): whoever keeps it finds out if the line is ever changed or taken away. An entry gets
/// its place within a second; until then the answer is 409.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])), params(("id" = Uuid, Path, description = "Id of the entry")),
    responses((status = 200, description = "The proof.", body = InclusionBody, example = json!(inclusion_example())), ProofProblems))]
#[get("/self/access-log/{id}/proof")]
pub async fn prove_own_entry(me: Oneself, app: Data<App>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(InclusionBody::from(self_service::own_proof(&app, &me, id.get()).await?)))
}
