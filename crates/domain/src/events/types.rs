//! The table of event types. A capability that has something to tell adds its line here and publishes it in its own transaction.

use super::{About, Holds};
use crate::roles::Permission;

macro_rules! event_types {
    ($($(#[$partner:ident])? $variant:ident = $code:literal, $permission:ident, $about:ident { $($member:ident: $holds:ident),* $(,)? }: $describe:literal;)*) => {
        /// A kind of event. Its code and the members of its data are part of the public contract: members are only ever added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType { $(#[doc = $describe] $variant),* }

        impl EventType {
            /// Every one, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code, such as `customers.created`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The type of a code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// One line for people.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $describe),* }
            }

            /// What it is about.
            pub const fn about(self) -> About {
                match self { $(Self::$variant => About::$about),* }
            }

            /// The permission that it takes to hear of it; see [`About`].
            pub const fn permission(self) -> Permission {
                match self { $(Self::$variant => Permission::$permission),* }
            }

            /// The members of its data, and what each holds.
            pub const fn members(self) -> &'static [(&'static str, Holds)] {
                match self { $(Self::$variant => &[$((stringify!($member), Holds::$holds)),*]),* }
            }

            /// Whether partners may hear of it.
            pub const fn for_partners(self) -> bool {
                match self { $(Self::$variant => event_types!(@partner $($partner)?)),* }
            }
        }
    };
    (@partner partner) => { true };
    (@partner) => { false };
}

event_types! {
    #[partner] CustomersCreated = "customers.created", CustomersRead, Customer { customer_id: Person, version: Count, fields: Fields }:
        "A customer was entered. Those that come in from a file are told of by `imports.finished` alone.";
    #[partner] CustomersUpdated = "customers.updated", CustomersRead, Customer { customer_id: Person, version: Count, fields: Fields }:
        "A customer was changed; `fields` names what was changed, never to what. Whom a successor takes over is told of by `users.offboarded` alone.";
    #[partner] CustomersMerged = "customers.merged", CustomersRead, Customer { customer_id: Person, merged_id: Person, merge_id: Id, undo_until: Time }:
        "Another customer is this one by now: `merged_id` is answered with where it is.";
    #[partner] CustomersUnmerged = "customers.unmerged", CustomersRead, Customer { customer_id: Person, merged_id: Person, merge_id: Id }:
        "A merge was undone: `merged_id` is a customer of its own again.";
    CustomersShared = "customers.shared", CustomersRead, Customer { customer_id: Person, collaborators: Count }:
        "It was said who sees a customer beside its owner; so many they are now.";
    #[partner] CustomersDeleted = "customers.deleted", CustomersRead, Customer { customer_id: Person, version: Count }:
        "A customer was taken out of use.";
    #[partner] CustomersErased = "customers.erased", CustomersRead, Customer { customer_id: Person, ground: Code }:
        "A customer was erased for good: whoever holds something of theirs erases it, too.";
    RecordsCreated = "records.created", RecordsRead, Customer { customer_id: Person, record_id: Person, record_type: Code, version: Count, fields: Fields }:
        "A record was entered: an interaction, an opportunity or whatever else hangs on a customer. Those that come in from a file are told of by `imports.finished` alone.";
    RecordsUpdated = "records.updated", RecordsRead, Customer { customer_id: Person, record_id: Person, record_type: Code, version: Count, fields: Fields }:
        "A record was changed; `fields` names what was changed, never to what.";
    RecordsDeleted = "records.deleted", RecordsRead, Customer { customer_id: Person, record_id: Person, record_type: Code, version: Count }:
        "A record was taken out of use.";
    RecordsDue = "records.due", RecordsRead, Customer { customer_id: Person, record_id: Person, record_type: Code, fields: Fields }:
        "Something is due on a record within a day; `fields` names the field that says so. Told once for each due moment.";
    RecordsOverdue = "records.overdue", RecordsRead, Customer { customer_id: Person, record_id: Person, record_type: Code, fields: Fields }:
        "What was due on a record was not done in time; `fields` names the field that says so. Told once for each due moment.";
    ErasureBatchesOpened = "erasure_batches.opened", ErasuresRead, Organization { erasure_batch_id: Id, ground: Code, customers: Count }:
        "Many are to be erased, as a person or the law asks; it waits for somebody's word.";
    ErasureBatchesFinished = "erasure_batches.finished", ErasuresRead, Organization { erasure_batch_id: Id, ground: Code, customers: Count, erased: Count }:
        "An erasure of many has come to everybody; each has an outcome.";
    RetentionDue = "retention.due", RetentionRead, Customer { customer_id: Person, retention_policy_id: Id }:
        "The time for which a customer was to be kept is over, by a policy that warns.";
    RetentionRecordsDue = "retention.records_due", RetentionRead, Customer { customer_id: Person, record_id: Person, retention_policy_id: Id }:
        "The time for which a record was to be kept is over, by a policy that warns.";
    #[partner] ConsentsGiven = "consents.given", ConsentsRead, Customer { customer_id: Person, consent_id: Person, purpose: Code, channel: Code }:
        "A customer agreed to a purpose.";
    #[partner] ConsentsRefused = "consents.refused", ConsentsRead, Customer { customer_id: Person, consent_id: Person, purpose: Code, channel: Code }:
        "A customer refused a purpose.";
    #[partner] ConsentsWithdrawn = "consents.withdrawn", ConsentsRead, Customer { customer_id: Person, consent_id: Person, withdrawal_id: Person, purpose: Code, channel: Code }:
        "A customer withdrew a consent: what rests on it stops now. Its recipients acknowledge `withdrawal_id`.";
    ConsentsOptedOut = "consents.opted_out", ConsentsRead, Customer { customer_id: Person, signal: Code }:
        "A customer opted out of being sold, shared or advertised to, by a signal of the browser (`gpc`).";
    #[partner] WithdrawalsReminder = "withdrawals.reminder", ConsentsRead, Customer { customer_id: Person, consent_id: Person, withdrawal_id: Person, third_party_id: Id, purpose: Code, due_at: Time }:
        "A recipient has not acknowledged a withdrawal yet. A third party is told of its own alone.";
    #[partner] WithdrawalsOverdue = "withdrawals.overdue", ConsentsRead, Customer { customer_id: Person, consent_id: Person, withdrawal_id: Person, third_party_id: Id, purpose: Code, due_at: Time }:
        "A recipient has not acknowledged a withdrawal in time: its calls for the purpose are refused until it does. A third party is told of its own alone.";
    WithdrawalsAcknowledged = "withdrawals.acknowledged", ConsentsRead, Customer { customer_id: Person, consent_id: Person, withdrawal_id: Person, third_party_id: Id, purpose: Code }:
        "A recipient has acknowledged a withdrawal.";
    AuditCheckpoint = "audit.checkpoint", AuditRead, Organization { size: Count, note: Text }:
        "The audit log has grown: its signed checkpoint, for whoever keeps it elsewhere. Told once a minute at most, and only to webhooks that list it.";
    AccessRequestsOpened = "access_requests.opened", GrantsRevoke, Staff { access_request_id: Id, kind: Code }:
        "Somebody asked for access, or opened it in an emergency.";
    AccessRequestsDecided = "access_requests.decided", GrantsRevoke, Staff { access_request_id: Id, state: Code }:
        "A request for access came to its end: `approved`, `denied`, `cancelled` or `lapsed`.";
    GrantsGiven = "grants.given", GrantsRevoke, Staff { grant_id: Id, access_request_id: Id, ends_at: Time }:
        "Somebody may read more for a while.";
    GrantsEnded = "grants.ended", GrantsRevoke, Staff { grant_id: Id, access_request_id: Id, state: Code }:
        "A right for a while has ended: `expired` or `revoked`.";
    ImportsFinished = "imports.finished", AuditRead, Staff { job_id: Id, state: Code, created: Count, updated: Count, rejected: Count }:
        "An import has ended: `succeeded` or `failed`.";
    PrivacyRequestsFiled = "privacy_requests.filed", PrivacyRequestsRead, Organization { privacy_request_id: Id, right: Code, jurisdiction: Code, state: Code, due_at: Time }:
        "Somebody made a request about their data.";
    PrivacyRequestsDueSoon = "privacy_requests.due_soon", PrivacyRequestsRead, Organization { privacy_request_id: Id, right: Code, jurisdiction: Code, state: Code, due_at: Time }:
        "A request is due within three days. Told once for each last day.";
    PrivacyRequestsOverdue = "privacy_requests.overdue", PrivacyRequestsRead, Organization { privacy_request_id: Id, right: Code, jurisdiction: Code, state: Code, due_at: Time }:
        "A request was not answered in time. Told once for each last day.";
    PrivacyRequestsClosed = "privacy_requests.closed", PrivacyRequestsRead, Organization { privacy_request_id: Id, right: Code, jurisdiction: Code, state: Code, due_at: Time }:
        "A request has ended: `completed`, `rejected` or `cancelled`.";
    PrivacyRequestsReopened = "privacy_requests.reopened", PrivacyRequestsRead, Organization { privacy_request_id: Id, right: Code, jurisdiction: Code, state: Code, due_at: Time }:
        "A request that had ended with the answer to another one is to be answered by itself: a merge was undone, and the two are of different people.";
    #[partner] PrivacyNotificationsOpened = "privacy_notifications.opened", PrivacyRequestsRead, Customer { customer_id: Person, privacy_notification_id: Id, third_party_id: Id, kind: Code, due_at: Time }:
        "Data of a customer was `rectified`, `restricted` or `erased`, or a `restriction_lifted`: the recipient acts on it and acknowledges. A third party is told of its own alone.";
    #[partner] PrivacyNotificationsReminder = "privacy_notifications.reminder", PrivacyRequestsRead, Customer { customer_id: Person, privacy_notification_id: Id, third_party_id: Id, kind: Code, due_at: Time }:
        "Half the time has gone, and the recipient has not acknowledged. A third party is told of its own alone.";
    #[partner] PrivacyNotificationsOverdue = "privacy_notifications.overdue", PrivacyRequestsRead, Customer { customer_id: Person, privacy_notification_id: Id, third_party_id: Id, kind: Code, due_at: Time }:
        "The recipient has not acknowledged in time. A third party is told of its own alone.";
    ExportsReady = "exports.ready", LeakTracesRun, Staff { export_id: Id, rows: Count, expires_at: Time }:
        "An export is there to be taken away by its requester.";
    ExportsDownloaded = "exports.downloaded", LeakTracesRun, Staff { export_id: Id, rows: Count }:
        "An export was taken away.";
    ExportsEnded = "exports.ended", LeakTracesRun, Staff { export_id: Id, state: Code }:
        "An approved export ended without having been taken away: `expired` or `failed`.";
    WebhooksPinged = "webhooks.pinged", WebhooksManage, Organization { webhook_id: Id }:
        "Somebody tried a webhook out. Told to that webhook alone.";
    WebhooksDisabled = "webhooks.disabled", WebhooksRead, Organization { webhook_id: Id, why: Code }:
        "A webhook was switched off by itself: it is `gone`, or `failing` for days.";
    AlertsRaised = "alerts.raised", AlertsRead, Organization { alert_id: Id, rule: Code, count: Count }:
        "Something has to be looked into: somebody tried many doors, or the backups are too old. `rule` is that of the alarm in `/v1/alerts`.";
    UsersOffboarded = "users.offboarded", UsersRead, Organization { user_id: Id, successor_id: Id }:
        "A colleague left.";
}
