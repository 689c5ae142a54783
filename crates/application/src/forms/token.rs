//! The token of a page: signed, short-lived, bound to one form at one version, and good for one submission.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_crypto::{jws, sha256};
use custodian_domain::forms::{TOKEN_SECONDS, is_origin, leading_zero_bits};
use custodian_domain::kernel::{DomainError, RefusedAs};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Shown, refused, shown};
use crate::App;

const TYP: &str = "form-token+jws";

#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub form: Uuid,
    pub version: i32,
    /// In milliseconds.
    iat: i64,
    /// In seconds.
    exp: i64,
    pub jti: Uuid,
    wait: u32,
    bits: u32,
}

/// What a page is given with a form.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// To be sent with the submission.
    pub token: String,
    /// `SHA-256(challenge ":" proof)` must begin with so many zero bits.
    pub challenge: String,
    /// See `challenge`.
    pub proof_bits: u32,
    /// Nobody fills the form in faster.
    pub min_seconds: u32,
    /// From then on it is good for nothing.
    pub expires_at: DateTime<Utc>,
}

/// Refuses a page of another origin. A program that is no browser names none.
pub(super) fn from_page(origins: &[String], origin: Option<&str>) -> Result<(), DomainError> {
    match origin {
        None => Ok(()),
        Some(origin) if is_origin(origin) && origins.iter().any(|known| known == origin) => Ok(()),
        Some(_) => Err(refused(RefusedAs::Forbidden, "origin_not_allowed")),
    }
}

/// Gives a page the token of one submission.
///
/// Errors: 404; 403 `origin_not_allowed`.
pub async fn issue(app: &App, id: Uuid, origin: Option<&str>) -> Result<Ticket, DomainError> {
    let Shown { work, row, form } = shown(app, id, None).await?;
    work.abandon().await;
    from_page(&form.origins, origin)?;
    let now = app.now();
    let expires_at = now + TimeDelta::seconds(TOKEN_SECONDS);
    let claims = Claims {
        iss: app.tuning().issuer.clone(),
        form: id,
        version: row.version,
        iat: now.timestamp_millis(),
        exp: expires_at.timestamp(),
        jti: app.new_id(),
        wait: form.min_seconds,
        bits: form.proof_bits,
    };
    let payload = serde_json::to_vec(&claims).map_err(|_| DomainError::internal("a form token does not serialise"))?;
    Ok(Ticket {
        token: jws::sign(&app.signing_key(), TYP, &payload),
        challenge: claims.jti.to_string(),
        proof_bits: claims.bits,
        min_seconds: claims.wait,
        expires_at,
    })
}

/// What a token says, if it is ours, about this form, and of age.
///
/// Errors: 403 `invalid_form_token`.
pub(super) fn open(app: &App, form: Uuid, token: &str) -> Result<Claims, DomainError> {
    let claims = app.open_signed(token, TYP).and_then(|bytes| serde_json::from_slice::<Claims>(&bytes).ok());
    let fits = |claims: &Claims| {
        claims.iss == app.tuning().issuer && claims.form == form && claims.exp > app.now().timestamp()
    };
    claims.filter(fits).ok_or(refused(RefusedAs::Forbidden, "invalid_form_token"))
}

/// Refuses who did not take the time, or did not do the work.
///
/// Errors: 403 `form_too_fast`, `invalid_proof`.
pub(super) fn earned(app: &App, claims: &Claims, proof: &str) -> Result<(), DomainError> {
    if app.now().timestamp_millis() < claims.iat + i64::from(claims.wait) * 1_000 {
        return Err(refused(RefusedAs::Forbidden, "form_too_fast"));
    }
    let digest = sha256(format!("{}:{proof}", claims.jti).as_bytes());
    match leading_zero_bits(&digest) >= claims.bits {
        true => Ok(()),
        false => Err(refused(RefusedAs::Forbidden, "invalid_proof")),
    }
}
