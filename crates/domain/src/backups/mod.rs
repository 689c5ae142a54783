//! Backups: what must lie beside one so that putting it back undoes nothing, and what of the security ledger happens again then.

use chrono::{DateTime, Utc};

use crate::kernel::codes;

codes! {
    /// What a line of the security ledger tells.
    LedgerKind {
        /// A customer was made unreadable for good.
        Erased = "erased",
        /// A partner's key or a directory's token was ended.
        KeyRevoked = "key_revoked",
        /// Somebody may no longer log in.
        UserDisabled = "user_disabled",
        /// Somebody was closed together with everything that they had made: keys, tokens, rights.
        UserClosed = "user_closed",
        /// A consent was withdrawn.
        ConsentWithdrawn = "consent_withdrawn",
        /// A right for a time ended.
        GrantEnded = "grant_ended",
        /// A partner's key or a webhook was given another secret.
        SecretRotated = "secret_rotated",
        /// The wrapped keys of an organisation were exported.
        KeyringExported = "keyring_exported",
    }
}

/// Whether a line of the ledger happens again when a backup is put back that was taken at `taken_at` lines. An erasure does in any case: it finds
/// nobody when the backup knows of it. Anything else that the backup knows of may have been taken back before it, and is not repeated.
pub const fn happens_again(kind: LedgerKind, sequence: u64, taken_at: u64) -> bool {
    match kind {
        LedgerKind::Erased => true,
        LedgerKind::KeyringExported => false,
        _ => sequence > taken_at,
    }
}

/// How far the security ledger was, as something else says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerAt {
    /// The number of its last line.
    pub sequence: u64,
    /// SHA-256 of that line, in hexadecimal.
    pub sha256: String,
}

/// Why a ledger is not the one, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerGap {
    /// Lines are missing at its end.
    Short {
        /// The number of its last line.
        has: u64,
        /// The number that it must have.
        needs: u64,
    },
    /// The line of this number is another one.
    Other {
        /// The number.
        sequence: u64,
    },
}

/// Holds a ledger against what something else says of it. `digest_of` answers the digest of a line by its number.
pub fn ledger_gap(has: u64, digest_of: impl Fn(u64) -> Option<String>, told: &LedgerAt) -> Option<LedgerGap> {
    if told.sequence == 0 {
        return None;
    }
    if has < told.sequence {
        return Some(LedgerGap::Short { has, needs: told.sequence });
    }
    let same = digest_of(told.sequence).is_some_and(|digest| digest == told.sha256);
    (!same).then_some(LedgerGap::Other { sequence: told.sequence })
}

/// Which of two wrappings of the same key is put in force: the one that opens; of two that do, the one under the later key. `None` where neither opens.
pub fn wrapping<T>(in_backup: Option<(u32, T)>, exported: Option<(u32, T)>) -> Option<T> {
    match (in_backup, exported) {
        (Some((old, _)), Some((new, key))) if new >= old => Some(key),
        (Some((_, key)), _) | (None, Some((_, key))) => Some(key),
        (None, None) => None,
    }
}

codes! {
    /// Whether the backups there are can be relied on.
    Health {
        /// The newest is young enough and one was put back to try it.
        Sound = "sound",
        /// There is none.
        Missing = "missing",
        /// The newest is older than the settings allow.
        Old = "old",
        /// None was ever put back to try it, or the last time that was tried is too long ago.
        Undrilled = "undrilled",
        /// The last one that was put back did not stand the trial.
        DrillFailed = "drill_failed",
    }
}

/// What is known of the backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// When the newest was taken.
    pub taken_at: Option<DateTime<Utc>>,
    /// When one was last put back to try it, and whether it stood the trial.
    pub drilled: Option<(DateTime<Utc>, bool)>,
}

/// What is to be said of them. A failed trial comes before everything else.
pub fn health(known: Known, now: DateTime<Utc>, longest: chrono::Duration, between_drills: chrono::Duration) -> Health {
    match known {
        Known { drilled: Some((_, false)), .. } => Health::DrillFailed,
        Known { taken_at: None, .. } => Health::Missing,
        Known { taken_at: Some(at), .. } if now - at > longest => Health::Old,
        Known { drilled: None, .. } => Health::Undrilled,
        Known { drilled: Some((at, true)), .. } if now - at > between_drills => Health::Undrilled,
        Known { .. } => Health::Sound,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::{Duration, TimeZone};

    #[test]
    fn an_erasure_happens_again_whatever_the_backup_knew_and_an_end_only_if_it_came_later() {
        for kind in LedgerKind::ALL {
            let (before, at, after) =
                (happens_again(*kind, 6, 7), happens_again(*kind, 7, 7), happens_again(*kind, 8, 7));
            let expected = match kind {
                LedgerKind::Erased => (true, true, true),
                LedgerKind::KeyringExported => (false, false, false),
                _ => (false, false, true),
            };
            assert_eq!((before, at, after), expected, "{}", kind.as_str());
            assert_eq!(LedgerKind::from_code(kind.as_str()), Some(*kind));
        }
    }

    #[test]
    fn a_ledger_without_its_end_or_with_another_line_is_told() {
        let digest = |sequence: u64| (sequence <= 5).then(|| format!("{sequence:064x}"));
        let told = |sequence: u64| LedgerAt { sequence, sha256: format!("{sequence:064x}") };
        assert_eq!(ledger_gap(5, digest, &told(5)), None);
        assert_eq!(ledger_gap(5, digest, &told(3)), None);
        assert_eq!(ledger_gap(5, digest, &told(0)), None, "nothing was told yet");
        assert_eq!(ledger_gap(5, digest, &told(6)), Some(LedgerGap::Short { has: 5, needs: 6 }));
        assert_eq!(ledger_gap(0, |_| None, &told(1)), Some(LedgerGap::Short { has: 0, needs: 1 }));
        let other = LedgerAt { sequence: 4, sha256: "ff".into() };
        assert_eq!(ledger_gap(5, digest, &other), Some(LedgerGap::Other { sequence: 4 }));
    }

    #[test]
    fn the_wrapping_under_the_later_key_that_opens_is_put_in_force() {
        assert_eq!(wrapping(Some((1, "backup")), Some((2, "export"))), Some("export"));
        assert_eq!(
            wrapping(Some((3, "backup")), Some((2, "export"))),
            Some("backup"),
            "the backup came after the export"
        );
        assert_eq!(wrapping(Some((2, "backup")), Some((2, "export"))), Some("export"));
        assert_eq!(wrapping(None, Some((2, "export"))), Some("export"));
        assert_eq!(wrapping(Some((1, "backup")), None), Some("backup"));
        assert_eq!(wrapping::<&str>(None, None), None, "nobody is put back without a key");
    }

    #[test]
    fn the_worst_is_said_first() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap();
        let (longest, between) = (Duration::hours(26), Duration::days(31));
        let ago = |hours: i64| now - Duration::hours(hours);
        let say = |taken_at, drilled| health(Known { taken_at, drilled }, now, longest, between);
        assert_eq!(say(None, None), Health::Missing);
        assert_eq!(say(Some(ago(1)), None), Health::Undrilled);
        assert_eq!(say(Some(ago(27)), Some((ago(2), true))), Health::Old);
        assert_eq!(say(Some(ago(26)), Some((ago(2), true))), Health::Sound, "the limit itself is allowed");
        assert_eq!(say(Some(ago(1)), Some((ago(24 * 32), true))), Health::Undrilled);
        assert_eq!(say(Some(ago(1)), Some((ago(1), false))), Health::DrillFailed);
        assert_eq!(say(None, Some((ago(1), false))), Health::DrillFailed);
    }
}
