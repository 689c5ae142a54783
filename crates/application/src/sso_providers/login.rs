//! Logging in by a provider: there and back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use custodian_crypto::opaque;
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs, UserId};
use custodian_outbound::oidc::{Bound, OidcError, Registration, Vouched, authorization_url, exchange};
use custodian_persistence::sso_providers::{self as stored, LoginRow, ProviderRow};
use custodian_persistence::{Work, users};
use uuid::Uuid;

use super::{callback_url, refusal};
use crate::App;
use crate::audit::{Detail, Draft, EntryActor, seal_entry};
use crate::auth::{Login, go_on};
use crate::keys::{open_own, own_place, seal_own};
use crate::users::comparable_email;

/// How long somebody may take at the provider.
fn login_lives() -> chrono::Duration {
    chrono::Duration::minutes(10)
}

/// A log-in on its way to the provider.
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// What the browser must bring back in its cookie.
    pub browser: opaque::Opaque,
    /// Life of the cookie in seconds.
    pub max_age: i64,
}

/// What came back with the browser.
pub struct Returned<'a> {
    /// The provider of the path.
    pub provider: Uuid,
    /// `state`.
    pub state: &'a str,
    /// `code`; nothing when the provider answered with an error.
    pub code: Option<&'a str>,
    /// `iss` (RFC 9207), if the provider sends one.
    pub issuer: Option<&'a str>,
    /// The cookie.
    pub browser: &'a str,
}

fn state_invalid() -> DomainError {
    DomainError::refused(RefusedAs::BadRequest, "sso_state_invalid")
}

/// Names the log-in under a MAC, so that an invented state costs no look-up.
fn state_of(app: &App, organization: OrganizationId, id: Uuid) -> String {
    let mut named = [organization.uuid().as_bytes().as_slice(), id.as_bytes()].concat();
    let mac = app.macs("sso-state/1").sign(&named);
    named.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(named)
}

fn parse_state(app: &App, state: &str) -> Option<(OrganizationId, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(Some(state).filter(|text| text.len() < 200)?).ok()?;
    let (named, mac) = bytes.split_first_chunk::<32>()?;
    let (organization, id) = named.split_first_chunk::<16>()?;
    let ours = app.macs("sso-state/1").verify(named, mac);
    ours.then_some((OrganizationId::from(Uuid::from_bytes(*organization)), Uuid::from_slice(id).ok()?))
}

/// Begins a log-in.
///
/// Errors: 404 for a provider that does not exist or is switched off; 503 `sso_provider_unavailable`.
pub async fn begin(app: &App, provider: Uuid) -> Result<Begun, DomainError> {
    let lookup = app.keys().lookup("sso-provider", &provider.to_string());
    let found = users::find_lookup(app.db(), &lookup).await?;
    let (organization, _) = found.first().copied().ok_or(DomainError::NotFound)?;
    let organization = OrganizationId::from(organization);
    let row = app
        .reading(organization, async |work| stored::find(work, provider).await)
        .await?
        .filter(|row| row.enabled)
        .ok_or(DomainError::NotFound)?;
    let known = app.providers().published(&row.issuer, app.now()).await.map_err(refusal)?;
    let (id, browser) = (app.new_id(), opaque::generate("", app.rng()));
    let (nonce, verifier) = (opaque::generate("", app.rng()), opaque::generate("", app.rng()));
    let state = state_of(app, organization, id);
    let bound = Bound { state: &state, nonce: nonce.expose(), verifier: verifier.expose() };
    let redirect_uri = callback_url(app, provider);
    let url = authorization_url(&known.published, &registration(&row, None, &redirect_uri), &bound).map_err(refusal)?;
    let work = app.begin(organization).await?;
    let keys = app.keys().open_organization(&work).await?;
    let seal =
        |field: &str, text: &str| seal_own(&keys, &own_place(organization, "sso_login", id, field, 1), text, app.rng());
    let login = LoginRow {
        id,
        provider,
        browser_digest: app.macs("sso-browser/1").digest(browser.expose()).to_vec(),
        sealed_nonce: seal("nonce", nonce.expose()),
        sealed_verifier: seal("verifier", verifier.expose()),
        expires_at: app.now() + login_lives(),
    };
    stored::insert_login(&work, &login, app.now()).await?;
    work.commit().await?;
    Ok(Begun { url, browser, max_age: login_lives().num_seconds() })
}

fn registration<'a>(row: &'a ProviderRow, secret: Option<&'a str>, redirect_uri: &'a str) -> Registration<'a> {
    Registration { issuer: &row.issuer, client_id: &row.client_id, client_secret: secret, redirect_uri }
}

/// A log-in that came back, with everything it is bound by.
struct Back {
    row: ProviderRow,
    secret: Option<String>,
    nonce: String,
    verifier: String,
}

/// Completes a log-in by what came back.
///
/// Errors: 400 `sso_state_invalid` for a state that is unknown, spent, too old, of another provider or of another browser; 401 `sso_refused`,
/// `sso_no_account`; 503 `sso_provider_unavailable`.
pub async fn complete(app: &App, returned: &Returned<'_>, request: &str) -> Result<Login, DomainError> {
    let (organization, id) = parse_state(app, returned.state).ok_or_else(state_invalid)?;
    let back = take(app, organization, id, returned).await?;
    let vouched = vouched(app, returned, &back).await;
    let vouched = match vouched {
        Ok(vouched) => vouched,
        Err(error) => {
            record_failure(app, organization, back.row.id, request).await?;
            return Err(refusal(error));
        }
    };
    let work = app.begin(organization).await?;
    let Some(user) = person(app, &work, &back.row, &vouched).await? else {
        work.abandon().await;
        record_failure(app, organization, back.row.id, request).await?;
        return Err(DomainError::refused(RefusedAs::Unauthorized, "sso_no_account"));
    };
    let login = go_on(app, &work, user, back.row.trusts_mfa && vouched.second_factor, request).await?;
    work.commit().await?;
    Ok(login)
}

/// Takes the log-in out of the database before anything else: whatever comes of it, its state works no second time.
async fn take(app: &App, organization: OrganizationId, id: Uuid, returned: &Returned<'_>) -> Result<Back, DomainError> {
    let work = app.begin(organization).await?;
    let login = stored::take_login(&work, id).await?;
    let row = stored::find(&work, returned.provider).await?.filter(|row| row.enabled);
    let keys = app.keys().open_organization(&work).await?;
    work.commit().await?;
    let (login, row) = login.zip(row).ok_or_else(state_invalid)?;
    let same_browser = app.macs("sso-browser/1").verify(returned.browser.as_bytes(), &login.browser_digest);
    if !same_browser || login.provider != row.id || login.expires_at <= app.now() {
        return Err(state_invalid());
    }
    let open = |kind: &str, record: Uuid, field: &str, sealed: &[u8]| {
        open_own(&keys, &own_place(organization, kind, record, field, 1), sealed)
    };
    let nonce = open("sso_login", id, "nonce", &login.sealed_nonce)?;
    let verifier = open("sso_login", id, "verifier", &login.sealed_verifier)?;
    let secret = match &row.sealed_secret {
        Some(sealed) => Some(open("sso_provider", row.id, "client_secret", sealed)?),
        None => None,
    };
    Ok(Back { row, secret, nonce, verifier })
}

/// Asks the provider whom it vouches for. No connection to the database is held meanwhile.
async fn vouched(app: &App, returned: &Returned<'_>, back: &Back) -> Result<Vouched, OidcError> {
    let Back { row, secret, nonce, verifier } = back;
    if returned.issuer.is_some_and(|issuer| issuer != row.issuer) {
        return Err(OidcError::Refused("the answer came from another issuer"));
    }
    let code = returned.code.ok_or(OidcError::Refused("the provider answered with an error"))?;
    let redirect_uri = callback_url(app, row.id);
    let registration = registration(row, secret.as_deref(), &redirect_uri);
    let providers = app.providers();
    let known = providers.published(&row.issuer, app.now()).await?;
    let token = exchange(providers.fetch(), &known.published, &registration, code, verifier).await?;
    match token.verify(&known.published, &registration, nonce, app.now()) {
        Err(OidcError::UnknownKey) => {
            let known = providers.with_new_keys(&row.issuer, known, app.now()).await?;
            token.verify(&known.published, &registration, nonce, app.now())
        }
        verified => verified,
    }
}

/// Whom a subject stands for. The first time it is the person of the verified address, if no other subject of this provider is that person already.
async fn person(
    app: &App,
    work: &Work,
    provider: &ProviderRow,
    vouched: &Vouched,
) -> Result<Option<UserId>, DomainError> {
    let tag = app.keys().lookup("sso-subject", &format!("{}\n{}", provider.issuer, vouched.subject));
    let user = match stored::linked(work, provider.id, &tag).await? {
        Some(user) => user,
        None => {
            let Some(email) = &vouched.verified_email else {
                return Ok(None);
            };
            let lookup = app.keys().lookup("email", &comparable_email(email));
            let Some((_, user)) = users::by_lookups(work, &[lookup.to_vec()]).await?.into_iter().next() else {
                return Ok(None);
            };
            if !stored::link(work, provider.id, &tag, user, app.now()).await? {
                return Ok(None);
            }
            user
        }
    };
    let active = users::find(work, user).await?.is_some_and(|row| row.state == "active");
    Ok(active.then_some(user))
}

async fn record_failure(
    app: &App,
    organization: OrganizationId,
    provider: Uuid,
    request: &str,
) -> Result<(), DomainError> {
    let keys = app.keys().organization(app.db(), organization).await?;
    let actor = EntryActor { kind: "stranger", id: Uuid::nil(), session: None, request, purpose: None };
    let draft = Draft { verdict: Verdict::Refused, ..Draft::of(Action::AuthSsoFailed) };
    let draft = draft.with("provider", Detail::Code(provider.to_string()));
    let entry = seal_entry(&keys, organization, app.new_id(), app.now(), &actor, draft, app.rng())?;
    app.record(vec![entry]).await
}
