//! Access tokens: EdDSA JWTs (RFC 7519, RFC 8037) of one exact shape; whatever differs is refused.

use crate::signing::{self, SigningKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use signature::{Error, Signer, Verifier};
use std::sync::OnceLock;
use uuid::Uuid;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 4096;
const MAX_KEY_ID: usize = 64;

/// What an access token says. Times are whole seconds since 1970; all members are required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The audience, a single text: an array is refused.
    pub aud: String,
    /// The user or client.
    pub sub: Uuid,
    /// The organisation.
    pub org: Uuid,
    /// The session, by which a token is revoked.
    pub sid: Uuid,
    /// Issued at.
    pub iat: i64,
    /// Not valid before.
    pub nbf: i64,
    /// Not valid from this second on.
    pub exp: i64,
    /// The token's own id.
    pub jti: Uuid,
}

/// What a verifier expects. `now` and `leeway` are seconds.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// The only issuer accepted.
    pub iss: &'a str,
    /// The only audience accepted.
    pub aud: &'a str,
    /// The only `typ` header accepted, such as `at+jwt` (RFC 9068).
    pub typ: &'a str,
    /// The present moment.
    pub now: i64,
    /// How far two clocks may differ.
    pub leeway: i64,
}

/// Why a token was refused. For the operator; the answer to the client is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too long, not three parts, or a header that is no JSON or of an unknown algorithm.
    #[error("token is malformed")]
    Malformed,
    /// A header other than exactly `typ`, `alg` and `kid` with the expected values.
    #[error("token header is not accepted")]
    Header,
    /// No key goes by this `kid`.
    #[error("token key is unknown")]
    UnknownKey,
    /// Not signed by that key, or claims missing or of another type.
    #[error("token signature or claims do not hold")]
    Invalid,
    /// Another issuer or audience.
    #[error("token is meant for somebody else")]
    Audience,
    /// Its time is over.
    #[error("token has expired")]
    Expired,
    /// Its time has not come.
    #[error("token is not valid yet")]
    NotYetValid,
}

/// Signs a token of type `typ` (`at+jwt` for access tokens).
pub fn issue(key: &SigningKey, typ: &str, claims: &Claims) -> Result<String, TokenError> {
    install_provider();
    let header = header(typ, &key.key_id());
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(key.seed())).map_err(|_| TokenError::Invalid)
}

/// Reads a token, with the public key that `keys` knows under its `kid`.
///
/// Keys named inside the token (`jwk`, `jku`, `x5u`, `x5c`) are never used: a token that has them is refused.
pub fn verify(token: &str, keys: &dyn Fn(&str) -> Option<[u8; 32]>, expect: &Expect<'_>) -> Result<Claims, TokenError> {
    install_provider();
    if token.len() > MAX_TOKEN {
        return Err(TokenError::Malformed);
    }
    let given = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
    let kid = given.kid.as_deref().filter(|kid| is_key_id(kid)).ok_or(TokenError::Header)?;
    if given != header(expect.typ, kid) {
        return Err(TokenError::Header);
    }
    let public = keys(kid).ok_or(TokenError::UnknownKey)?;
    let claims = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(&public), &signature_only())
        .map_err(|_| TokenError::Invalid)?
        .claims;
    check(claims, expect)
}

fn check(claims: Claims, expect: &Expect<'_>) -> Result<Claims, TokenError> {
    if claims.iss != expect.iss || claims.aud != expect.aud {
        return Err(TokenError::Audience);
    }
    if claims.exp <= expect.now.saturating_sub(expect.leeway) {
        return Err(TokenError::Expired);
    }
    if claims.nbf.max(claims.iat) > expect.now.saturating_add(expect.leeway) {
        return Err(TokenError::NotYetValid);
    }
    Ok(claims)
}

fn header(typ: &str, kid: &str) -> Header {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(typ.to_owned());
    header.kid = Some(kid.to_owned());
    header
}

/// A `kid` reaches a look-up, so nothing but a short base64url text does.
fn is_key_id(kid: &str) -> bool {
    (1..=MAX_KEY_ID).contains(&kid.len()) && kid.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
}

/// The library checks the signature and the claims' types; it would read the clock and take arrays for the rest.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// Makes `jsonwebtoken` compute with ring, and with EdDSA alone; calling it again does nothing.
pub fn install_provider() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    // A refusal means that another part of the process installed a provider first; verification stays with that one.
    INSTALLED.get_or_init(|| {
        let _ = PROVIDER.install_default();
    });
}

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory, verifier_factory, key_utils: KeyUtils::new_unimplemented() };

struct EdSigner(SigningKey);

impl Signer<Vec<u8>> for EdSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).to_vec())
    }
}

impl JwtSigner for EdSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct EdVerifier(Vec<u8>);

impl Verifier<Vec<u8>> for EdVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        if signing::verify(&self.0, message, signature) { Ok(()) } else { Err(Error::new()) }
    }
}

impl JwtVerifier for EdVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn signer_factory(algorithm: &Algorithm, key: &EncodingKey) -> jsonwebtoken::errors::Result<Box<dyn JwtSigner>> {
    if *algorithm != Algorithm::EdDSA || key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    // The key's bytes are the 32-byte seed, as `issue` hands them in.
    let key = SigningKey::from_secret(key.as_bytes()).map_err(|_| ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(EdSigner(key)))
}

fn verifier_factory(algorithm: &Algorithm, key: &DecodingKey) -> jsonwebtoken::errors::Result<Box<dyn JwtVerifier>> {
    if *algorithm != Algorithm::EdDSA || key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(EdVerifier(key.try_get_as_bytes()?.to_vec())))
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
