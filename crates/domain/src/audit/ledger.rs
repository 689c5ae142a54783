//! What a backup that is put back must not undo, beside erasures: the security ledger tells of it outside the database.

use super::Action;
use crate::backups::LedgerKind::{ConsentWithdrawn, GrantEnded, KeyRevoked, SecretRotated, UserDisabled};

/// What the ledger calls it, and the detail of the entry that names what it happened to; nothing for what a restore may undo.
pub const fn outlives_restores(action: Action) -> Option<(&'static str, &'static str)> {
    match action {
        Action::ApiKeysRevoke => Some((KeyRevoked.as_str(), "api_key")),
        Action::UsersSuspend | Action::UsersOffboard => Some((UserDisabled.as_str(), "user")),
        Action::ConsentsWithdraw => Some((ConsentWithdrawn.as_str(), "consent")),
        Action::GrantsRevoke | Action::GrantsExpire => Some((GrantEnded.as_str(), "grant")),
        Action::ApiKeysRotate => Some((SecretRotated.as_str(), "api_key")),
        Action::WebhooksRotate => Some((SecretRotated.as_str(), "webhook")),
        Action::ScimTokensRevoke => Some((KeyRevoked.as_str(), "scim_token")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_of_and_beginnings_are_not() {
        let told = Action::ALL.iter().filter(|action| outlives_restores(**action).is_some()).count();
        assert_eq!(told, 9);
        assert_eq!(outlives_restores(Action::ApiKeysRevoke), Some(("key_revoked", "api_key")));
        assert_eq!(outlives_restores(Action::ApiKeysCreate), None);
    }
}
