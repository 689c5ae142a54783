//! Logging in by a provider, with a browser.

use actix_web::http::header::{COOKIE as COOKIE_HEADER, HeaderName, LOCATION, SET_COOKIE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_application::App;
use custodian_application::sso_providers::{self as sso, Returned};
use uuid::Uuid;

use crate::http::{Context, LoginProblems, Problem, Query, ReadProblems, no_head, path};
use crate::v1::auth::{LoginAnswer, tokens_example};

/// Ties a log-in to the browser that began it.
const COOKIE: &str = "custodian_sso";

/// Lax and not strict: the browser comes back from another site. The value is base64url or empty.
fn cookie(app: &App, value: &str, max_age: i64) -> (HeaderName, String) {
    let secure = if app.tuning().issuer.starts_with("https:") { "; Secure" } else { "" };
    (SET_COOKIE, format!("{COOKIE}={value}; Path=/v1/auth/sso; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"))
}

/// What the browser brought back, if it did so once: of two cookies of one name, somebody else may have set one.
fn brought_back(req: &HttpRequest) -> Option<String> {
    let headers = req.headers().get_all(COOKIE_HEADER).filter_map(|value| value.to_str().ok());
    let pairs = headers.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned());
    own.next().filter(|_| own.next().is_none())
}

/// Log in by a provider.
///
/// Sends the browser to the provider (OpenID Connect, authorization code with PKCE). It comes back to the callback within ten minutes, with the cookie
/// that is set here.
#[utoipa::path(
    tag = "auth", security(()), params(("provider" = Uuid, Path, description = "Id of the provider")),
    responses((status = 302, description = "To the provider."), ReadProblems))]
#[get("/auth/sso/{provider}")]
pub async fn begin_sso(app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let begun = sso::begin(&app, path::id::<Uuid>(&req, "provider")?).await?;
    let cookie = cookie(&app, begun.browser.expose(), begun.max_age);
    Ok(HttpResponse::Found().insert_header((LOCATION, begun.url)).insert_header(cookie).finish())
}

/// Come back from a provider.
///
/// Answers like a log-in by password. Each `state` works once, for the browser that began it. The first time, the person is found by the address that
/// the provider has verified; from then on by the provider's own id.
#[utoipa::path(
    tag = "auth", security(()), params(("provider" = Uuid, Path, description = "Id of the provider"),
    ("state" = Option<String>, Query, description = "As it was sent"), ("code" = Option<String>, Query, description = "From the provider"),
    ("iss" = Option<String>, Query, description = "The provider's issuer (RFC 9207)"),
    ("error" = Option<String>, Query, description = "From the provider, in place of a code")),
    responses((status = 200, description = "Logged in, or the second factor is awaited.", body = LoginAnswer, example = json!(tokens_example())), (status = 404, description = "There is no such provider."), LoginProblems))]
#[get("/auth/sso/{provider}/callback", guard = "no_head")]
pub async fn complete_sso(app: Data<App>, req: HttpRequest, mut query: Query) -> Result<HttpResponse, Problem> {
    let provider = path::id::<Uuid>(&req, "provider")?;
    // Providers add members of their own: what is not known here is left alone.
    let (state, code, issuer) = (query.text("state"), query.text("code"), query.text("iss"));
    let browser = brought_back(&req);
    let returned = Returned {
        provider,
        state: state.as_deref().unwrap_or_default(),
        code: code.as_deref(),
        issuer: issuer.as_deref(),
        browser: browser.as_deref().unwrap_or_default(),
    };
    let login = sso::complete(&app, &returned, &Context::of(&req).request_id).await?;
    Ok(HttpResponse::Ok().insert_header(cookie(&app, "", 0)).json(LoginAnswer::from(login)))
}
