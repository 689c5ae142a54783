//! What a backup that is put back must not undo, beside erasures: the security ledger tells of it outside the database.

use super::Action;

/// What the ledger calls it, and the detail of the entry that names what it happened to; nothing for what a restore may undo.
pub const fn outlives_restores(action: Action) -> Option<(&'static str, &'static str)> {
    match action {
        Action::ApiKeysRevoke => Some(("key_revoked", "api_key")),
        Action::UsersSuspend | Action::UsersOffboard => Some(("user_disabled", "user")),
        Action::ConsentsWithdraw => Some(("consent_withdrawn", "consent")),
        Action::GrantsRevoke | Action::GrantsExpire => Some(("grant_ended", "grant")),
        Action::ApiKeysRotate => Some(("secret_rotated", "api_key")),
        Action::WebhooksRotate => Some(("secret_rotated", "webhook")),
        Action::ScimTokensRevoke => Some(("key_revoked", "scim_token")),
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
