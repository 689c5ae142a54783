//! What the audit log can say: actions and verdicts. Entries name ids, keys and codes, never personal values.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal: $describe:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $describe] $variant),* }

        impl $name {
            /// Every one, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code, as it is stored and filtered by.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The one of a code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What was done, or tried.
    Action {
        CustomersRead = "customers.read": "One customer was read.",
        CustomersList = "customers.list": "Customers were listed.",
        CustomersSearch = "customers.search": "Customers were searched by a value.",
        CustomersCreate = "customers.create": "A customer was entered.",
        CustomersUpdate = "customers.update": "A customer was changed.",
        CustomersDelete = "customers.delete": "A customer was deleted.",
        CustomersReveal = "customers.reveal": "Values were shown in full, with a reason.",
        CustomersHistory = "customers.history": "Past versions of a customer were read.",
        CustomersAccessLog = "customers.access_log": "A customer's access log was read.",
        CustomersImport = "customers.import": "A customer came in from a file.",
        CustomersExport = "customers.export": "Customers went into a file.",
        ExportsCreate = "exports.create": "Somebody asked for an export.",
        ExportsRead = "exports.read": "Exports were read.",
        ExportsPrepare = "exports.prepare": "An export was written and is there to be taken away.",
        ExportsLink = "exports.link": "A link to an export was made.",
        ExportsDownload = "exports.download": "An export was taken away.",
        ExportsExpire = "exports.expire": "An export ended without having been taken away.",
        ExportsFail = "exports.fail": "An export cannot be written.",
        LeakTracesTrace = "leak_traces.trace": "Somebody looked for the export that a found value came from.",
        DisclosuresRead = "disclosures.read": "Somebody read what a third party was shown.",
        InboxRead = "inbox.read": "Somebody read what waits for them.",
        RecordsRead = "records.read": "One record of a customer was read.",
        RecordsList = "records.list": "Records of customers were listed.",
        RecordsSearch = "records.search": "Records of customers were searched by a value.",
        RecordsCreate = "records.create": "A record of a customer was entered.",
        RecordsUpdate = "records.update": "A record of a customer was changed.",
        RecordsDelete = "records.delete": "A record of a customer was deleted.",
        RecordsReveal = "records.reveal": "Values of a record were shown in full, with a reason.",
        RecordsHistory = "records.history": "Past versions of a record were read.",
        ReportsRead = "reports.read": "A report was read.",
        AuthLogin = "auth.login": "Somebody logged in.",
        AuthLoginFailed = "auth.login_failed": "A log-in failed.",
        AuthRefresh = "auth.refresh": "A session was continued.",
        AuthRefreshReused = "auth.refresh_reused": "A spent refresh token came back; its session was ended.",
        AuthInvitationAccept = "auth.invitation_accept": "An invited person set the first password.",
        AuthPasswordForgotten = "auth.password_forgotten": "A letter for a forgotten password was written.",
        AuthPasswordReset = "auth.password_reset": "A forgotten password was replaced; all sessions were ended.",
        MeUpdate = "me.update": "Somebody changed their own name or language.",
        MePassword = "me.password": "Somebody changed their own password; their other sessions were ended.",
        SessionsEnd = "sessions.end": "Sessions were ended by their owner or by an administrator.",
        MailSend = "mail.send": "A letter was handed to the mail server.",
        AuthLogout = "auth.logout": "A session was ended by its owner.",
        AuthMfaAsked = "auth.mfa_asked": "A first factor was shown; the second one is awaited.",
        AuthMfaFailed = "auth.mfa_failed": "A wrong or spent code was shown as second factor.",
        AuthStepUp = "auth.step_up": "Somebody proved again who they are.",
        AuthStepUpFailed = "auth.step_up_failed": "Somebody failed to prove again who they are.",
        AuthSsoFailed = "auth.sso_failed": "A log-in by a provider was refused.",
        SsoProvidersRead = "sso_providers.read": "Providers of single sign-on were read.",
        SsoProvidersCreate = "sso_providers.create": "A provider of single sign-on was added.",
        SsoProvidersChange = "sso_providers.change": "A provider of single sign-on was changed.",
        SsoProvidersDelete = "sso_providers.delete": "A provider of single sign-on was taken away.",
        ScimTokensRead = "scim_tokens.read": "Tokens of identity providers were read.",
        ScimTokensCreate = "scim_tokens.create": "A token for an identity provider was made.",
        ScimTokensRevoke = "scim_tokens.revoke": "A token of an identity provider was ended.",
        ScimUsersChange = "scim.users_change": "An identity provider made, changed or ended an account.",
        ScimGroupsChange = "scim.groups_change": "An identity provider gave or took a role.",
        MfaRead = "mfa.read": "Somebody looked at their second factor.",
        MfaEnrol = "mfa.enrol": "A second factor was handed out and waits for its first code.",
        MfaConfirm = "mfa.confirm": "A second factor was taken into use.",
        MfaRemove = "mfa.remove": "A second factor was taken away by its owner.",
        MfaRecoveryCodes = "mfa.recovery_codes": "New recovery codes were handed out.",
        AuthPolicyRead = "auth.policy_read": "The rules of log-in were read.",
        AuthPolicyChange = "auth.policy_change": "The rules of log-in were changed.",
        AccessRefused = "access.refused": "A call was refused for want of a right.",
        AuditRead = "audit.read": "The audit log was read.",
        AuditAlarm = "audit.alarm": "The audit log, or what it tells of, was found changed from outside.",
        KeysRotateTokens = "keys.rotate_tokens": "The operator put another key in the place of those that tokens were made with.",
        AlertsRaise = "alerts.raise": "Somebody tried many doors; those who look into it are told.",
        AlertsRead = "alerts.read": "Alarms were read.",
        AlertsClose = "alerts.close": "Somebody looked into an alarm and said what came of it.",
        AuditRetire = "audit.retire": "Old entries were let go; their hashes stay.",
        ApiKeysRead = "api_keys.read": "Partner keys were read.",
        ApiKeysCreate = "api_keys.create": "A partner key was made.",
        ApiKeysRotate = "api_keys.rotate": "A partner key was given another secret.",
        ApiKeysRevoke = "api_keys.revoke": "A partner key was ended.",
        ImportsCreate = "imports.create": "A file was handed in for import.",
        ImportsErrors = "imports.errors": "The faulty rows of an import were read.",
        JobsRead = "jobs.read": "A job was read.",
        WebhooksRead = "webhooks.read": "Webhooks, or what they were told, were read.",
        WebhooksCreate = "webhooks.create": "A webhook was added.",
        WebhooksUpdate = "webhooks.update": "A webhook was changed.",
        WebhooksDelete = "webhooks.delete": "A webhook was taken away.",
        WebhooksRotate = "webhooks.rotate": "A webhook was given another secret.",
        WebhooksPing = "webhooks.ping": "A webhook was tried out.",
        WebhooksReplay = "webhooks.replay": "A webhook was told something again.",
        WebhooksDisable = "webhooks.disable": "A webhook was switched off, because nothing reaches it.",
        EventsRead = "events.read": "Events were read, or a stream of them was opened.",
        UsersRead = "users.read": "The list of staff was read.",
        UsersInvite = "users.invite": "Somebody was invited.",
        UsersUpdate = "users.update": "An account was changed.",
        UsersSuspend = "users.suspend": "An account was suspended and its sessions ended.",
        UsersOffboard = "users.offboard": "A colleague left: everything ended or went to a successor.",
        UsersReactivate = "users.reactivate": "A suspended account was opened again.",
        RolesRead = "roles.read": "The roles were read.",
        RolesCreate = "roles.create": "A role was made.",
        RolesUpdate = "roles.update": "A role was changed.",
        RolesDelete = "roles.delete": "A role was deleted.",
        RolesSimulate = "roles.simulate": "Somebody asked what a changed role would open.",
        DutiesCreate = "roles.duties_create": "Two duties were kept apart.",
        DutiesDelete = "roles.duties_delete": "Two duties were let meet again.",
        AccessReviewsRead = "access_reviews.read": "An access review was read.",
        AccessReviewsCreate = "access_reviews.create": "An access review was begun.",
        AccessReviewsAnswer = "access_reviews.answer": "A line of an access review was answered.",
        AccessReviewsClose = "access_reviews.close": "An access review ended; what nobody answered for was revoked.",
        AccessRequestsRead = "access_requests.read": "Requests for access were read.",
        AccessRequestsCreate = "access_requests.create": "Somebody asked for access.",
        AccessRequestsEmergency = "access_requests.emergency": "Somebody opened fields at once in an emergency.",
        AccessRequestsReview = "access_requests.review": "The review of an emergency was closed.",
        AccessRequestsOverdue = "access_requests.overdue": "The review of an emergency was not closed in time.",
        AccessRequestsApprove = "access_requests.approve": "A request was approved, or one of its steps.",
        AccessRequestsDeny = "access_requests.deny": "A request was denied.",
        AccessRequestsCancel = "access_requests.cancel": "A request was taken back.",
        AccessRequestsEscalate = "access_requests.escalate": "A request waited too long; more people are asked.",
        AccessRequestsLapse = "access_requests.lapse": "A request lapsed, because nobody answered it.",
        GrantsRead = "grants.read": "Rights given for a while were read.",
        GrantsRevoke = "grants.revoke": "A right was ended before its time.",
        GrantsExpire = "grants.expire": "A right ended by itself.",
        ApprovalPoliciesRead = "approval_policies.read": "Approval policies, or who stands in for whom, were read.",
        ApprovalPoliciesCreate = "approval_policies.create": "An approval policy was made.",
        ApprovalPoliciesUpdate = "approval_policies.update": "An approval policy was changed.",
        ApprovalPoliciesDelete = "approval_policies.delete": "An approval policy was deleted.",
        ApprovalPoliciesSimulate = "approval_policies.simulate": "Somebody asked whom a policy would ask.",
        DelegationsCreate = "delegations.create": "Somebody named who stands in for them.",
        DelegationsEnd = "delegations.end": "Somebody decides for themselves again.",
        AccessExplain = "access.explain": "Somebody asked who can see what, and why.",
        DepartmentsRead = "departments.read": "The departments were read.",
        DepartmentsCreate = "departments.create": "A department was made.",
        DepartmentsUpdate = "departments.update": "A department was renamed, moved or given a head.",
        DepartmentsDelete = "departments.delete": "An empty department was deleted.",
        MeRead = "me.read": "Somebody read their own account.",
        MeActivity = "me.activity": "Somebody read what the log says that they did.",
        RequestsReplay = "requests.replay": "A kept answer was given again to a retried request.",
        IntegrityFailed = "integrity.failed": "A sealed value did not open.",
        PurposesRead = "purposes.read": "Purposes, or the legal rules, were read.",
        PurposesCreate = "purposes.create": "A purpose was made.",
        PurposesUpdate = "purposes.update": "A purpose was changed.",
        PurposesRetire = "purposes.retire": "A purpose was ended.",
        NoticesRead = "notices.read": "Notices were read.",
        NoticesCreate = "notices.create": "A notice was drafted.",
        NoticesUpdate = "notices.update": "A draft of a notice was changed.",
        NoticesPublish = "notices.publish": "A notice was published.",
        NoticesRecord = "notices.record": "A notice was shown to a customer.",
        ConsentsRead = "consents.read": "Consents were read.",
        ConsentsRecord = "consents.record": "Consents or refusals were recorded.",
        ConsentsWithdraw = "consents.withdraw": "A consent was withdrawn.",
        ConsentsOptOut = "consents.opt_out": "Customers opted out by a signal of the browser.",
        ConsentsLink = "consents.link": "A link for withdrawing a consent was made.",
        ConsentsDecide = "consents.decide": "Somebody asked whether a use is allowed.",
        WithdrawalsAcknowledge = "withdrawals.acknowledge": "A partner acknowledged a withdrawal of consent.",
        PrivacyRequestsRead = "privacy_requests.read": "Requests of people about their data were read.",
        PrivacyRequestsCreate = "privacy_requests.create": "A request of somebody about their data was filed.",
        PrivacyRequestsCode = "privacy_requests.code": "A one-time code was asked for, to prove who asks.",
        PrivacyRequestsCodeFailed = "privacy_requests.code_failed": "A wrong or spent code was shown as proof of who asks.",
        PrivacyRequestsVerify = "privacy_requests.verify": "It was proved who asks.",
        PrivacyRequestsAcknowledge = "privacy_requests.acknowledge": "The receipt of a request was confirmed.",
        PrivacyRequestsAssign = "privacy_requests.assign": "A request was given to somebody.",
        PrivacyRequestsExtend = "privacy_requests.extend": "A request was given more time.",
        PrivacyRequestsComplete = "privacy_requests.complete": "A request was done.",
        PrivacyRequestsReject = "privacy_requests.reject": "A request was turned down.",
        PrivacyRequestsCancel = "privacy_requests.cancel": "A request was taken back.",
        PrivacyRequestsDueSoon = "privacy_requests.due_soon": "A request is due soon.",
        PrivacyRequestsOverdue = "privacy_requests.overdue": "A request was not done in time.",
        PrivacyRequestsArrange = "privacy_requests.arrange": "It was recorded that somebody arranged otherwise for after their death.",
        PrivacyRequestsPackage = "privacy_requests.package": "A person's data was handed over.",
        PrivacyRequestsPackageAgain = "privacy_requests.package_again": "A package that was fetched before was asked for again.",
        PrivacyRequestsRestrict = "privacy_requests.restrict": "The use of a person's data was restricted.",
        PrivacyRequestsAnnounce = "privacy_requests.announce": "A person was told that a restriction will be lifted.",
        PrivacyRequestsLift = "privacy_requests.lift": "A restriction was lifted.",
        PrivacyRequestsNotified = "privacy_requests.notified": "A partner acknowledged a correction or a restriction.",
        PrivacyRequestsSettings = "privacy_requests.settings": "The organisation's own limits or calendars for requests were changed.",
        ErasuresRead = "erasures.read": "Erasures, or what one would take, were read.",
        ErasuresRequest = "erasures.request": "Somebody asked for a customer to be erased.",
        ErasuresBlock = "erasures.block": "A duty to keep still runs; processing was restricted instead.",
        ErasuresErase = "erasures.erase": "A customer was made unreadable for good.",
        ErasuresCertify = "erasures.certify": "An erasure ended with its certificate.",
        RetentionRead = "retention.read": "Retention policies, or what one would meet, were read.",
        RetentionCreate = "retention.create": "A retention policy was made.",
        RetentionActivate = "retention.activate": "A retention policy was put in force.",
        RetentionPause = "retention.pause": "A retention policy was taken out of force.",
        RetentionRun = "retention.run": "A retention policy met people.",
        RetentionStop = "retention.stop": "The clock jumped; retention waits for a person's word.",
        RetentionConfirm = "retention.confirm": "Somebody said that the clock is right.",
        LegalHoldsRead = "legal_holds.read": "Duties to keep were read.",
        LegalHoldsCreate = "legal_holds.create": "A duty to keep was laid on customers.",
        LegalHoldsRelease = "legal_holds.release": "A duty to keep was ended.",
        SelfServicePortal = "self_service.portal": "The key of the organisation's own page was read.",
        SelfServiceCode = "self_service.code": "Somebody asked for a code at their own door.",
        SelfServiceFailed = "self_service.failed": "A wrong or spent code was shown at somebody's own door.",
        SelfServiceOpen = "self_service.open": "Somebody came in by their own door.",
        SelfServiceEnd = "self_service.end": "Somebody left by their own door.",
        SelfServiceRead = "self_service.read": "Somebody read what they prefer.",
        SelfServicePrefer = "self_service.prefer": "Somebody said what they prefer.",
        CatalogRead = "catalog.read": "The record types were read.",
        CatalogCreate = "catalog.create": "A field was made.",
        CatalogUpdate = "catalog.update": "A field was changed, or a change of it was brought about for stored values.",
        CatalogClassify = "catalog.classify": "Fields were proposed for the columns of a spreadsheet.",
        CatalogRetire = "catalog.retire": "A field was taken out of use.",
        OrganizationsCreate = "organizations.create": "An organisation was founded.",
    }
}

words! {
    /// How it ended.
    Verdict {
        Allowed = "allowed": "It was done.",
        Refused = "refused": "A rule said no.",
        Failed = "failed": "It was allowed and did not succeed.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own_and_reads_back() {
        let mut codes: Vec<_> = Action::ALL.iter().map(|action| action.code()).collect();
        assert!(Action::ALL.iter().all(|action| Action::from_code(action.code()) == Some(*action)));
        assert!(Verdict::ALL.iter().all(|word| Verdict::from_code(word.code()) == Some(*word)));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Action::ALL.len());
        assert_eq!(Action::from_code("customers.unheard_of"), None);
    }
}
