//! How letters are sealed until they go: to staff under the organisation's key, to people whom data is about under a key of its own, which is left behind
//! whenever somebody is erased.

use custodian_crypto::{DataKey, seal_into};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::mail::LetterRow;
use uuid::Uuid;

use crate::App;
use crate::keys::{DATA_KEY_VERSION, KeyFailure, OrganizationKeys, open_own, own_place, seal_own, split_passing};

/// The version of the key of a letter.
const KEY_VERSION: i32 = DATA_KEY_VERSION as i32;

/// A letter to staff.
pub(super) fn seal(
    app: &App,
    keys: &OrganizationKeys,
    organization: OrganizationId,
    id: Uuid,
    letter: &str,
) -> Vec<u8> {
    seal_own(keys, &own_place(organization, "mail", id, "letter", 1), letter, app.rng())
}

/// A letter to a customer: its wrapped key, and what that seals.
pub(super) async fn seal_apart(app: &App, work: &Work, id: Uuid, letter: &str) -> Result<Vec<u8>, DomainError> {
    let key = DataKey::generate(DATA_KEY_VERSION, app.rng());
    let mut sealed = app.keys().wrap_passing(app.db(), work, id, &key, app.rng(), app.now()).await?;
    let mut salt = [0_u8; 16];
    app.rng().fill(&mut salt);
    let place = own_place(work.organization(), "mail", id, "letter", 1);
    seal_into(&key, &place, letter.as_bytes(), salt, &mut sealed);
    Ok(sealed)
}

/// A letter as it was written.
///
/// Errors: `Integrity` for one that does not open by its key. Where the key is not there it is another: it may come back with its store, or the letter was rewrapped
/// meanwhile.
pub(super) async fn open(app: &App, work: &Work, row: &LetterRow) -> Result<String, DomainError> {
    let organization = work.organization();
    let place = own_place(organization, "mail", row.id, "letter", 1);
    // An older version has sealed letters to customers as those to staff.
    let apart = split_passing(&row.sealed_letter)
        .and_then(|(wrapped, sealed)| Some((custodian_crypto::wrapped_header(wrapped).ok()?, wrapped, sealed)));
    let Some(((bucket, epoch), wrapped, sealed)) = apart else {
        let keys = app.keys().open_organization(work).await?;
        return open_own(&keys, &place, &row.sealed_letter);
    };
    let key = match app.keys().unwrap_own(organization, row.id, KEY_VERSION, wrapped) {
        Err(KeyFailure::Integrity) if !app.keys().is_there(organization, bucket, epoch) => {
            return Err(DomainError::internal("the key of a letter is not there"));
        }
        key => key?,
    };
    let opened = custodian_crypto::open(&key, &place, sealed).map_err(|_| DomainError::Integrity)?;
    String::from_utf8(opened.to_vec()).map_err(|_| DomainError::Integrity)
}
