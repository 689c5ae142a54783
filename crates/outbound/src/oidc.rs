//! Single sign-on by OpenID Connect: the authorization code flow with PKCE, and the checks of an ID token.

use chrono::{DateTime, Duration, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm as Alg,
    CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, SignatureVerificationError, TokenResponse, http,
};

use crate::fetch::{Fetch, FetchError, FetchRequest};

/// Public-key signatures alone: an ID token under a shared secret proves nothing that the secret's readers could not forge.
const ALGORITHMS: [Alg; 6] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPssSha256,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
    Alg::RsaSsaPkcs1V15Sha384,
];

/// Why a log-in by a provider did not come about. The text is for the log and repeats nothing of the provider's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The provider cannot be reached, or what it publishes cannot be used.
    #[error("the provider cannot be used: {0}")]
    Provider(&'static str),
    /// The token was signed by a key that is not among those fetched.
    #[error("the ID token's key is not known")]
    UnknownKey,
    /// The provider's answer must not be believed.
    #[error("the provider's answer was refused: {0}")]
    Refused(&'static str),
}

impl From<FetchError> for OidcError {
    fn from(error: FetchError) -> Self {
        Self::Provider(match error {
            FetchError::Forbidden => "its address may not be called",
            FetchError::Unreachable => "it cannot be reached",
            FetchError::Late => "no answer in time",
            FetchError::TooLarge => "its answer is too large",
        })
    }
}

/// What a provider publishes of itself: its endpoints and keys.
#[derive(Clone)]
pub struct Published {
    metadata: CoreProviderMetadata,
    keys: CoreJsonWebKeySet,
}

/// Our registration with a provider.
pub struct Registration<'a> {
    /// The issuer, word for word.
    pub issuer: &'a str,
    /// Our client id.
    pub client_id: &'a str,
    /// Our secret; nothing for a public client.
    pub client_secret: Option<&'a str>,
    /// Where the provider sends people back to.
    pub redirect_uri: &'a str,
}

/// What one log-in is bound by; each text is random and used once.
pub struct Bound<'a> {
    /// Comes back with the code.
    pub state: &'a str,
    /// Comes back inside the ID token.
    pub nonce: &'a str,
    /// Shown with the code; 43 characters or more (RFC 7636).
    pub verifier: &'a str,
}

/// Whom a provider vouches for.
pub struct Vouched {
    /// The provider's own id of the person; never reused there.
    pub subject: String,
    /// The address, only if the provider has verified it.
    pub verified_email: Option<String>,
    /// Whether the provider says that a second factor was shown (`amr` holds `mfa`, RFC 8176).
    pub second_factor: bool,
}

async fn json<T: serde::de::DeserializeOwned>(fetch: &Fetch, url: &str) -> Result<T, OidcError> {
    let accept = ("accept".to_owned(), b"application/json".to_vec());
    let request = FetchRequest { method: "GET", url: url.to_owned(), headers: vec![accept], body: Vec::new() };
    let answer = fetch.send(request).await?;
    if answer.status != 200 {
        return Err(OidcError::Provider("it answers with an error"));
    }
    serde_json::from_slice(&answer.body).map_err(|_| OidcError::Provider("what it publishes cannot be read"))
}

/// Asks a provider for its endpoints and keys (OpenID Connect Discovery 1.0). The issuer it names must be the one asked, to the letter.
pub async fn discover(fetch: &Fetch, issuer: &str) -> Result<Published, OidcError> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let metadata: CoreProviderMetadata = json(fetch, &url).await?;
    if metadata.issuer().as_str() != issuer {
        return Err(OidcError::Provider("it names another issuer"));
    }
    let keys = json(fetch, metadata.jwks_uri().as_str()).await?;
    Ok(Published { metadata, keys })
}

impl Published {
    /// Asks for the keys anew; those at hand stay if that fails.
    pub async fn with_new_keys(&self, fetch: &Fetch) -> Result<Self, OidcError> {
        let keys = json(fetch, self.metadata.jwks_uri().as_str()).await?;
        Ok(Self { metadata: self.metadata.clone(), keys })
    }
}

fn unusable<E>(_: E) -> OidcError {
    OidcError::Provider("its settings cannot be used")
}

/// Where to send somebody's browser to log in.
pub fn authorization_url(
    published: &Published,
    registration: &Registration<'_>,
    bound: &Bound<'_>,
) -> Result<String, OidcError> {
    let Registration { issuer, client_id, redirect_uri, .. } = registration;
    let client = CoreClient::new(
        ClientId::new((*client_id).to_owned()),
        IssuerUrl::new((*issuer).to_owned()).map_err(unusable)?,
        CoreJsonWebKeySet::default(),
    )
    .set_auth_uri(published.metadata.authorization_endpoint().clone())
    .set_redirect_uri(RedirectUrl::new((*redirect_uri).to_owned()).map_err(unusable)?);
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(bound.verifier.to_owned()));
    let (state, nonce) = (bound.state.to_owned(), bound.nonce.to_owned());
    let request = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge);
    Ok(request.url().0.to_string())
}

/// The ID token that a provider gave for a code, not yet believed.
pub struct Unverified(openidconnect::core::CoreIdToken);

/// Exchanges the code that came back, over a connection of our own.
pub async fn exchange(
    fetch: &Fetch,
    published: &Published,
    registration: &Registration<'_>,
    code: &str,
    verifier: &str,
) -> Result<Unverified, OidcError> {
    let Registration { issuer, client_id, client_secret, redirect_uri } = registration;
    let endpoint =
        published.metadata.token_endpoint().cloned().ok_or(OidcError::Provider("it has no token endpoint"))?;
    let mut client = CoreClient::new(
        ClientId::new((*client_id).to_owned()),
        IssuerUrl::new((*issuer).to_owned()).map_err(unusable)?,
        CoreJsonWebKeySet::default(),
    )
    .set_token_uri(endpoint)
    .set_redirect_uri(RedirectUrl::new((*redirect_uri).to_owned()).map_err(unusable)?);
    if let Some(secret) = client_secret {
        client = client.set_client_secret(ClientSecret::new((*secret).to_owned()));
    }
    let answer = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
        .request_async(&|request| call(fetch.clone(), request))
        .await
        .map_err(|error| match error {
            openidconnect::RequestTokenError::Request(error) => OidcError::from(error),
            openidconnect::RequestTokenError::ServerResponse(_) => OidcError::Refused("the code was not accepted"),
            _ => OidcError::Refused("the token answer cannot be read"),
        })?;
    let token = answer.id_token().cloned().ok_or(OidcError::Refused("there is no ID token"))?;
    Ok(Unverified(token))
}

async fn call(fetch: Fetch, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, FetchError> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let request = FetchRequest { method: "POST", url: parts.uri.to_string(), headers, body };
    let answer = fetch.send(request).await?;
    let mut response = http::Response::builder().status(answer.status);
    if let Some(content_type) = answer.content_type {
        response = response.header("content-type", content_type);
    }
    response.body(answer.body).map_err(|_| FetchError::Unreachable)
}

impl Unverified {
    /// Believes the token, if its signature, issuer, audience, authorised party, times and nonce all hold.
    ///
    /// Errors: [`OidcError::UnknownKey`] asks for newer keys and another try.
    pub fn verify(
        &self,
        published: &Published,
        registration: &Registration<'_>,
        nonce: &str,
        now: DateTime<Utc>,
    ) -> Result<Vouched, OidcError> {
        let client = CoreClient::new(
            ClientId::new(registration.client_id.to_owned()),
            IssuerUrl::new(registration.issuer.to_owned()).map_err(unusable)?,
            published.keys.clone(),
        );
        // As a public client: with the secret at hand the library would take HMAC signatures for possible.
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || now)
            .set_issue_time_verifier_fn(move |issued| {
                let recent = issued <= now + Duration::minutes(1) && issued > now - Duration::minutes(10);
                if recent { Ok(()) } else { Err("issued at another time".to_owned()) }
            });
        let claims = self.0.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(|error| refusal(&error))?;
        // The library leaves `azp` to its users.
        if claims.authorized_party().is_some_and(|party| party.as_str() != registration.client_id) {
            return Err(OidcError::Refused("it is meant for another party"));
        }
        Ok(vouched(claims))
    }
}

fn vouched(claims: &CoreIdTokenClaims) -> Vouched {
    let email = claims.email().filter(|_| claims.email_verified() == Some(true));
    Vouched {
        subject: claims.subject().as_str().to_owned(),
        verified_email: email.map(|email| email.as_str().to_owned()),
        second_factor: claims.auth_method_refs().is_some_and(|all| all.iter().any(|one| one.as_str() == "mfa")),
    }
}

fn refusal(error: &ClaimsVerificationError) -> OidcError {
    OidcError::Refused(match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            return OidcError::UnknownKey;
        }
        ClaimsVerificationError::SignatureVerification(_) => "its signature does not hold",
        ClaimsVerificationError::Expired(_) => "it is of another time",
        ClaimsVerificationError::InvalidAudience(_) => "it is meant for another audience",
        ClaimsVerificationError::InvalidIssuer(_) => "it names another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "it belongs to another log-in",
        _ => "its claims cannot be accepted",
    })
}
