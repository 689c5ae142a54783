//! The inbox: what can wait for a person.

use crate::kernel::codes;

codes! {
    /// What waits.
    Kind {
        /// A request for access or for an export, to be decided.
        Approval = "approval",
        /// An emergency, to be reviewed.
        EmergencyReview = "emergency_review",
        /// Lines of an access review, to be answered.
        AccessReview = "access_review",
        /// One's own export, to be taken away.
        ExportReady = "export_ready",
        /// A person's request about their data, to be answered.
        PrivacyRequest = "privacy_request",
        /// A recipient that has not acknowledged withdrawals of consent in time.
        WithdrawalOverdue = "withdrawal_overdue",
        /// An alarm, to be looked into.
        Alert = "alert",
        /// A recipient that has not acted in time on what was corrected, restricted or erased.
        NotificationOverdue = "notification_overdue",
        /// An erasure of many, proposed by somebody else or by the service, to be decided.
        ErasureBatch = "erasure_batch",
        /// What was sent by a form about somebody known, to be accepted or dismissed.
        FormSubmission = "form_submission",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        assert!(Kind::ALL.iter().all(|kind| Kind::from_code(kind.as_str()) == Some(*kind)));
        assert_eq!(Kind::from_code("spam"), None);
    }
}
