//! The table of permissions: each guards one or a few calls, and its code is what a refusal names.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($variant:ident = $code:literal: $describe:literal),* $(,)?) => {
        /// A right to do one kind of thing. Says nothing of which customers or which fields.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission {
            $(#[doc = $describe] #[serde(rename = $code)] $variant),*
        }

        impl Permission {
            /// Every permission, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code, such as `customers.read`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// One line for people.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $describe),* }
            }

            /// The permission of a code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

impl Permission {
    /// Whether what a role says of fields bears on this permission. The rest is about staff, keys and the log.
    pub fn opens_fields(self) -> bool {
        const ABOUT_CUSTOMERS: [&str; 6] = ["customers", "imports", "exports", "records", "segments", "events"];
        self.code().split_once('.').is_some_and(|(area, _)| ABOUT_CUSTOMERS.contains(&area))
    }

    /// Whether values are entered or changed by it.
    pub const fn writes_fields(self) -> bool {
        matches!(self, Self::CustomersWrite | Self::CustomersCreate | Self::RecordsWrite)
    }
}

permissions! {
    CustomersRead = "customers.read": "List, search and read customers.",
    CustomersCreate = "customers.create": "Enter new customers.",
    CustomersWrite = "customers.write": "Change customers, field by field as the role allows.",
    CustomersAssign = "customers.assign": "Give a customer to another owner or department.",
    CustomersDelete = "customers.delete": "Delete customers.",
    CustomersArchive = "customers.archive": "Put customers into the archive, and take them out again.",
    CustomersMerge = "customers.merge": "Make two customers who are one person one, and undo it.",
    CustomersShare = "customers.share": "Name who sees a customer beside its owner.",
    TagsManage = "tags.manage": "Make, rename and retire the tags that customers carry.",
    CustomersReveal = "customers.reveal": "Show a masked value in full, with a reason, one audit entry each.",
    CustomersHistory = "customers.history": "Read the past versions of a customer.",
    RecordsRead = "records.read": "List, search and read what hangs on customers, with what is due and the funnel.",
    RecordsWrite = "records.write": "Enter and change what hangs on customers.",
    RecordsDelete = "records.delete": "Take what hangs on customers out of use.",
    SegmentsRead = "segments.read": "Read shared segments and one's own with their live numbers, and have views of the list.",
    SegmentsWrite = "segments.write": "Make, change and delete segments and views of one's own.",
    SegmentsShare = "segments.share": "Share segments with colleagues, and change shared ones.",
    FormsRead = "forms.read": "Read collection forms.",
    FormsManage = "forms.manage": "Make, publish and retire collection forms.",
    FormsDecide = "forms.decide": "Read what people sent by forms, and accept or dismiss what is about somebody known.",
    AttachmentsRead = "attachments.read": "List the files that hang on customers, and take them away.",
    AttachmentsWrite = "attachments.write": "Hang files on customers, and take them off.",
    AccessLogRead = "customers.access_log": "Read who saw a customer, when and why.",
    ImportsRun = "imports.run": "Load customers from a file.",
    ExportsRead = "exports.read": "Follow one's own exports and those that one is asked about.",
    ExportsRequest = "exports.request": "Ask for files of customers, and take one's own away.",
    LeakTracesRun = "leak_traces.run": "Find out which export a value that turned up elsewhere came from.",
    DisclosuresRead = "disclosures.read": "Read what third parties were shown.",
    InboxRead = "inbox.read": "Read what waits for oneself.",
    BackupsRead = "backups.read": "Read when backups were taken, and whether one that was put back stood the trial.",
    AlertsRead = "alerts.read": "Read the alarms, but for those about oneself.",
    AlertsClose = "alerts.close": "Look into alarms and say what came of them.",
    AuditRead = "audit.read": "Read the audit log of the organisation.",
    UsersRead = "users.read": "Read the list of staff.",
    UsersManage = "users.manage": "Invite, change, suspend and offboard colleagues, and end their sessions.",
    DepartmentsRead = "departments.read": "Read the department tree.",
    DepartmentsManage = "departments.manage": "Create, rename, move and delete departments.",
    RolesRead = "roles.read": "Read the roles and what they open.",
    RolesAssign = "roles.assign": "Hand roles out and take them back, none with more than one holds.",
    RolesManage = "roles.manage": "Make, change and delete roles, and say which duties may not meet in one person.",
    AccessExplain = "access.explain": "Read who can see what of a customer, and why.",
    AccessReviewsRead = "access_reviews.read": "Read access reviews and answer the lines that one is asked about.",
    AccessReviewsManage = "access_reviews.manage": "Begin and end access reviews, and answer any line but one's own.",
    ApiKeysRead = "api_keys.read": "Read the list of partner keys, never their secrets.",
    ApiKeysManage = "api_keys.manage": "Create and revoke partner keys.",
    AuthManage = "auth.manage": "Set how staff prove who they are: second factors, single sign-on, provisioning.",
    JobsRead = "jobs.read": "Follow long work.",
    WebhooksRead = "webhooks.read": "Read the webhooks and what they were told, never their secrets.",
    WebhooksManage = "webhooks.manage": "Make, change, try out and delete webhooks.",
    EventsRead = "events.read": "Read what happened, as far as one may read what it is about.",
    PurposesRead = "purposes.read": "Read the purposes and the legal rules.",
    PurposesManage = "purposes.manage": "Make, change and retire purposes.",
    NoticesRead = "notices.read": "Read the notices.",
    NoticesManage = "notices.manage": "Draft and publish notices.",
    NoticesRecord = "notices.record": "Record that a notice was shown to a customer.",
    ConsentsRead = "consents.read": "Read the consents of customers.",
    ConsentsRecord = "consents.record": "Record consents and refusals.",
    ConsentsWithdraw = "consents.withdraw": "Withdraw for a customer who says stop, and make links for it.",
    ConsentsDecide = "consents.decide": "Ask whether a use is allowed.",
    WithdrawalsAcknowledge = "withdrawals.acknowledge": "List corrections and restrictions as their recipient, and acknowledge them; a key does so with withdrawals of consent without it.",
    PrivacyRequestsRead = "privacy_requests.read": "Read the requests of people about their data, and the log of them.",
    PrivacyRequestsCreate = "privacy_requests.create": "File a request that somebody made.",
    PrivacyRequestsManage = "privacy_requests.manage": "Prove who asks, answer requests, and set the organisation's limits for them.",
    RightsPartnersRead = "rights_partners.read": "Read the partners that pass requests of people on.",
    RightsPartnersManage = "rights_partners.manage": "Say which partners may pass requests of people on, and whether their word is proof.",
    SelfServiceManage = "self_service.manage": "Have the key of the page at which people come in to see themselves.",
    CatalogRead = "catalog.read": "Read the record types and their fields.",
    CatalogManage = "catalog.manage": "Make, change and retire record types and fields.",
    AccessRequestsRead = "access_requests.read": "Follow one's own requests for access and those that one is asked about.",
    AccessRequestsCreate = "access_requests.create": "Ask for access to fields that one may not see.",
    AccessRequestsEmergency = "access_requests.emergency": "Open fields at once in an emergency, with an alarm and a review.",
    AccessRequestsDecide = "access_requests.decide": "Decide requests for access that one is asked about.",
    GrantsRead = "grants.read": "Read the rights given to oneself, or by oneself, for a while.",
    GrantsRevoke = "grants.revoke": "Read everybody's rights given for a while, and end them.",
    ApprovalPoliciesRead = "approval_policies.read": "Read who approves which requests.",
    ApprovalPoliciesManage = "approval_policies.manage": "Say who approves which requests.",
    ErasuresRead = "erasures.read": "Read erasures, what each would take and what it took, and certificates.",
    ErasuresRequest = "erasures.request": "Erase a customer for good.",
    RetentionRead = "retention.read": "Read retention policies, what they would meet and what they did.",
    RetentionManage = "retention.manage": "Make retention policies, put others' in force, and say that the clock is right.",
    LegalHoldsRead = "legal_holds.read": "Read the duties to keep that stand against erasure.",
    LegalHoldsManage = "legal_holds.manage": "Lay duties to keep on customers, and end them.",
}
