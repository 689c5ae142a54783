//! Access reviews: campaigns whose every line somebody answers for, or it is taken away.

mod bodies;
mod lines;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, access_reviews};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::bodies::{NewReviewBody, ReviewBody, review_example};
use crate::http::{
    ETag, Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems,
    once, single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_access_reviews)
        .service(create_access_review)
        .service(show_access_review)
        .service(close_access_review)
        .service(show_access_review_result)
        .service(lines::list_access_review_lines)
        .service(lines::keep_access_review_line)
        .service(lines::revoke_access_review_line);
}

needs! {
    /// Reads campaigns and answers the lines that one is asked about.
    ReadReviews = AccessReviewsRead;
    /// Begins and ends campaigns.
    ManageReviews = AccessReviewsManage;
}

const PATH: &str = "/v1/access-reviews";

/// List access reviews.
///
/// Every campaign, newest first.
#[utoipa::path(
    tag = "access-reviews", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of campaigns.", body = Listing<ReviewBody>,
        example = json!({"data": [review_example()], "next_cursor": null})), ListProblems))]
#[get("/access-reviews")]
pub async fn list_access_reviews(
    may: May<ReadReviews>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let (limit, before) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (views, next) = access_reviews::list(&app, &may, before, limit).await?;
    let data = views.into_iter().map(ReviewBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Begin an access review.
///
/// Lists every account, every role held, every key and every right in force that was given for a while, with its last use, and flags what is `dormant` (not used for `dormant_days`), `orphaned` (no
/// supervisor or no department), `over_privileged` (rights not used in those days, by the audit log) or `shared` (three sessions at once). Each line is asked of the
/// supervisor, or of another who manages reviews, never of the person. At `due_at`, by the database's clock, lines without an answer are revoked.
#[utoipa::path(
    tag = "access-reviews", security(("bearer" = [])),
    request_body(content = NewReviewBody, example = json!({"name": "Fourth quarter", "dormant_days": 90, "due_at": "2026-12-31T16:00:00Z"})),
    responses((status = 201, description = "Begun; `Location` names it.", body = ReviewBody, example = json!(review_example())), WriteProblems))]
#[post("/access-reviews")]
pub async fn create_access_review(
    may: May<ManageReviews>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewReviewBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner().into();
    once(&app, &may, &req, &digest, async |work| {
        let made = access_reviews::create(&app, &may, work, new).await?;
        let location = format!("{PATH}/{}", made.row.id);
        Reply::created(&location, &ReviewBody::from(made))
    })
    .await
}

/// Read one access review.
#[utoipa::path(
    tag = "access-reviews", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the campaign")),
    description = "One campaign and how far it is.",
    responses((status = 200, description = "The campaign.", body = ReviewBody, example = json!(review_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/access-reviews/{id}")]
pub async fn show_access_review(
    may: May<ReadReviews>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = ReviewBody::from(access_reviews::find(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Close an access review.
///
/// Ends it before its time: lines without an answer are revoked now, and the outcome is signed. Needs a fresh proof.
#[utoipa::path(
    tag = "access-reviews", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the campaign")),
    responses((status = 200, description = "Closed.", body = ReviewBody, example = json!(review_example())), WriteProblems))]
#[post("/access-reviews/{id}/close")]
pub async fn close_access_review(
    may: May<ManageReviews>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&ReviewBody::from(access_reviews::close(&app, &may, work, id.get()).await?))
    })
    .await
}

/// Read the signed outcome of an access review.
///
/// A compact JWS (RFC 7515, EdDSA, `typ` `access-review+jws`) with every line, its decision and what became of it: ids and codes, no personal data. It verifies
/// offline against `/.well-known/jwks.json`. Until the campaign is closed there is none.
#[utoipa::path(
    tag = "access-reviews", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the campaign")),
    responses((status = 200, description = "The outcome.", body = String, content_type = "application/jose",
        example = json!("eyJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiIsInR5cCI6ImFjY2Vzcy1yZXZpZXcrandzIn0.e30.c2ln")), ReadProblems))]
#[get("/access-reviews/{id}/result")]
pub async fn show_access_review_result(
    may: May<ReadReviews>,
    app: Data<App>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let result = access_reviews::find(&app, &may, id.get()).await?.row.result;
    let result = result.ok_or_else(|| Problem::of("not_found"))?;
    Ok(HttpResponse::Ok().content_type("application/jose").body(result))
}
