//! Erasures of many at once: proposed by one, decided by another.

use crate::kernel::codes;

codes! {
    /// Where an erasure of many stands.
    BatchState {
        /// Waits for somebody else's word.
        Pending = "pending",
        /// Allowed; the job goes from one person to the next.
        Running = "running",
        /// Everybody's outcome is known.
        Done = "done",
        /// Somebody said no.
        Denied = "denied",
        /// Taken back by who proposed it.
        Cancelled = "cancelled",
    }
}

codes! {
    /// Who proposed it.
    Origin {
        /// A person.
        Asked = "asked",
        /// The service: the law has such data erased without being asked (PIPL art. 47).
        Unasked = "unasked",
    }
}

codes! {
    /// What became of one of them.
    BatchOutcome {
        /// Unreadable; the erasure goes on to its certificate.
        Erased = "erased",
        /// Was erased before, by another wish.
        ErasedBefore = "erased_before",
        /// Waits for a term of law, restricted until then.
        Blocked = "blocked",
        /// A legal hold keeps them as they are.
        Held = "held",
        /// Has had processing restricted and did not wish to be erased.
        Restricted = "restricted",
        /// Their stored key is broken: somebody has to look.
        Failed = "failed",
    }
}

impl BatchState {
    /// Whether it may go on to another state.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Running | Self::Denied | Self::Cancelled) | (Self::Running, Self::Done)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        assert!(BatchState::ALL.iter().all(|one| BatchState::from_code(one.as_str()) == Some(*one)));
        assert!(Origin::ALL.iter().all(|one| Origin::from_code(one.as_str()) == Some(*one)));
        assert!(BatchOutcome::ALL.iter().all(|one| BatchOutcome::from_code(one.as_str()) == Some(*one)));
    }

    #[test]
    fn what_was_decided_is_not_decided_again() {
        for from in BatchState::ALL {
            let open = BatchState::ALL.iter().filter(|to| from.may_become(**to)).count();
            let expected = match from {
                BatchState::Pending => 3,
                BatchState::Running => 1,
                BatchState::Done | BatchState::Denied | BatchState::Cancelled => 0,
            };
            assert_eq!(open, expected, "{from:?}");
        }
    }
}
