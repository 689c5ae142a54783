//! A new password: held against the rules, then hashed.

use custodian_crypto::password::nfc;
use custodian_domain::kernel::DomainError;
use custodian_domain::users::{PasswordContext, password_fault};
use custodian_persistence::users::UserRow;
use custodian_persistence::{Work, organizations};

use super::state;
use crate::App;
use crate::users::view;

/// Who will have the password, as far as a guesser knows.
pub(crate) struct Bearer {
    pub name: String,
    pub email: String,
    pub organization: String,
    pub second_factor: bool,
}

impl Bearer {
    pub(crate) async fn of(app: &App, work: &Work, row: UserRow) -> Result<Self, DomainError> {
        let keys = app.keys().open_organization(work).await?;
        let organization = organizations::name(work).await?;
        let second_factor = super::mfa::is_enrolled(work, row.id).await?;
        let seen = view(&keys, work.organization(), row)?;
        Ok(Self { name: seen.name, email: seen.email, organization, second_factor })
    }
}

/// The hash of a new password. Takes tens of milliseconds and no connection.
///
/// Errors: 422 with the one fault at `pointer`: `password_too_short`, `too_long`, `password_personal`, `password_common`.
pub(crate) async fn hash_new(
    app: &App,
    pointer: &'static str,
    password: &str,
    bearer: Bearer,
) -> Result<String, DomainError> {
    let (app_, password) = (app.clone(), password.to_owned());
    let made = move || {
        let Bearer { name, email, organization, second_factor } = bearer;
        let context = PasswordContext { name: &name, organization: &organization, email: &email };
        let plain = nfc(&password);
        let words = context.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let guesses = zxcvbn::zxcvbn(&plain, &words).guesses_log10();
        match password_fault(pointer, &plain, &context, guesses, second_factor) {
            Some(fault) => Err(DomainError::Invalid(vec![fault])),
            None => Ok(state::hash(&password, app_.tuning().password_cost, app_.rng())),
        }
    };
    app.auth().hashing(made).await?
}
