//! What operations are tried on: one of everything that a path can name.

use custodian_application::Clock;
use serde_json::{Value, json};

use super::fresh::{fresh_duties, fresh_notice, fresh_provider, fresh_purpose, fresh_review, fresh_role, fresh_tag};
use super::operations::import;
use crate::support::{Org, Person, customer, new_key};

/// Things that operations can be tried on.
pub struct Targets {
    /// A customer, by the id that the caller knows.
    pub customer: String,
    /// A member of staff.
    pub user: String,
    /// A department without anybody in it.
    pub department: String,
    /// A role that nobody holds.
    pub role: String,
    /// Two duties kept apart.
    pub duties: String,
    /// An access review.
    pub review: String,
    /// A line of it.
    pub line: String,
    /// A consent.
    pub consent: String,
    /// A draft of a notice.
    pub notice: String,
    /// A purpose.
    pub purpose: String,
    /// A session of that member of staff.
    pub session: String,
    /// A partner key.
    pub api_key: String,
    /// A provider of single sign-on.
    pub provider: String,
    /// A token of an identity provider.
    pub scim_token: String,
    /// An import.
    pub job: String,
    /// A request for access.
    pub access_request: String,
    /// What came of another one.
    pub grant: String,
    /// An approval policy.
    pub approval_policy: String,
    /// Who stands in for whom.
    pub delegation: String,
    /// A request of somebody about their data.
    pub privacy_request: String,
    /// An export that waits for approval.
    pub export: String,
    /// The company of a partner key.
    pub third_party: String,
    /// A webhook.
    pub webhook: String,
    /// What it was told.
    pub delivery: String,
    /// A duty to keep.
    pub legal_hold: String,
    /// An erasure that waits for it.
    pub erasure: String,
    /// An erasure of many that waits for a word.
    pub batch: String,
    /// A retention policy that meets nobody.
    pub retention_policy: String,
    /// A partner that passes requests of people on.
    pub rights_partner: String,
    /// An alarm.
    pub alert: String,
    /// An interaction.
    pub record: String,
    /// A tag that nobody carries.
    pub tag: String,
    /// A file that hangs on the customer.
    pub attachment: String,
    /// A segment, a view, a form.
    pub kept: [String; 3],
    /// Key of a field.
    pub field: &'static str,
}

impl Targets {
    /// Ids that nobody has.
    pub fn missing() -> Self {
        let id = || "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".to_owned();
        Self {
            customer: id(),
            user: id(),
            department: id(),
            role: id(),
            duties: id(),
            review: id(),
            line: id(),
            consent: id(),
            notice: id(),
            purpose: id(),
            session: id(),
            api_key: id(),
            provider: id(),
            scim_token: id(),
            job: id(),
            access_request: id(),
            grant: id(),
            approval_policy: id(),
            delegation: id(),
            privacy_request: id(),
            export: id(),
            third_party: id(),
            webhook: id(),
            delivery: id(),
            legal_hold: id(),
            erasure: id(),
            batch: id(),
            retention_policy: id(),
            rights_partner: id(),
            alert: id(),
            record: id(),
            tag: id(),
            attachment: id(),
            kept: [id(), id(), id()],
            field: "nobody_has_it",
        }
    }

    /// New ones, made by those who may.
    pub async fn fresh(org: &Org<'_>, owner: &Person, admin: &Person) -> Self {
        let customer = owner.post("/v1/customers", &customer()).await.shows(201).id();
        let api_key = admin.post("/v1/api-keys", &new_key()).await.shows(201).id();
        let provider = fresh_provider(admin).await;
        let (media, body) = import();
        let job = owner.request("POST", "/v1/imports").body(&media, body).await.shows(202).id();
        let sessions = admin.get(&format!("/v1/users/{}/sessions", org.user_id("nobody"))).await.shows(200);
        let session = sessions.at("/data/0/id").as_str().map_or_else(|| Self::missing().session, str::to_owned);
        let department = admin.post("/v1/departments", &json!({"name": "Empty"})).await.shows(201).id();
        let (role, duties) = (fresh_role(admin).await, fresh_duties(admin).await);
        let (review, line) = fresh_review(org, admin).await;
        let attachment = crate::attachments::hung(owner, &customer).await;
        let called = crate::records::call_on("2026-03-11");
        let record = crate::records::enter(owner, &customer, "interaction", called).await.shows(201).id();
        let scim_token = admin.post("/v1/scim-tokens", &json!({"name": "HR"})).await.shows(201).id();
        let consent = crate::consents::agreed(owner, admin, &customer).await;
        let (purpose, notice) = (fresh_purpose(admin).await, fresh_notice(admin).await);
        let [access_request, grant, approval_policy, delegation] = usable(org, owner, admin, &customer).await;
        let privacy_request = crate::privacy_requests::filed(admin, &customer).await;
        let export = fresh_export(org).await;
        let third_party = admin.get(&format!("/v1/api-keys/{api_key}")).await.shows(200).text_at("/third_party_id");
        let (webhook, delivery) = fresh_webhook(org, admin).await;
        let [legal_hold, erasure, retention_policy, batch] = crate::retention::to_try(owner, admin).await;
        let ([segment, view], form) = (crate::segments::to_try(owner).await, crate::forms::to_try(admin).await);
        Self {
            customer,
            user: org.user_id("nobody").to_string(),
            department,
            role,
            duties,
            review,
            line,
            consent,
            notice,
            purpose,
            session,
            api_key,
            provider,
            scim_token,
            job,
            access_request,
            grant,
            approval_policy,
            delegation,
            privacy_request,
            export,
            third_party,
            webhook,
            delivery,
            legal_hold,
            erasure,
            batch,
            retention_policy,
            rights_partner: crate::rights_protocols::to_try(admin).await,
            alert: crate::detections::raised(org).await,
            record,
            tag: fresh_tag(admin).await,
            attachment,
            kept: [segment, view, form],
            field: "occupation",
        }
    }

    pub fn of(&self, route: &str, parameter: &str) -> &str {
        match (route.split('/').nth(2), parameter) {
            (Some("customers"), "id") => &self.customer,
            (Some("customers"), "attachment_id") => &self.attachment,
            (Some("tags"), "id") => &self.tag,
            (Some("users"), "id") => &self.user,
            (Some("users"), "session_id") | (Some("me"), "id") => &self.session,
            (Some("departments"), "id") => &self.department,
            (Some("api-keys"), "id") => &self.api_key,
            (Some("scim-tokens"), "id") => &self.scim_token,
            (Some("sso-providers"), "id") | (Some("auth"), "provider") => &self.provider,
            (Some("jobs" | "imports"), "id") => &self.job,
            (Some("roles"), "id") if route.contains("/separation-of-duties/") => &self.duties,
            (Some("access-reviews"), "id") => &self.review,
            (Some("access-reviews"), "line_id") => &self.line,
            (Some("roles"), "id") => &self.role,
            (Some("purposes"), "id") => &self.purpose,
            (Some("consents" | "withdrawals"), "id") => &self.consent,
            (Some("notices" | "public"), "id") => &self.notice,
            (Some("access-requests"), "id") => &self.access_request,
            (Some("grants"), "id") => &self.grant,
            (Some("approval-policies"), "id") => &self.approval_policy,
            (Some("delegations"), "id") => &self.delegation,
            (Some("privacy-requests" | "privacy-notifications" | "self"), "id") => &self.privacy_request,
            (Some("exports"), "id") => &self.export,
            (Some("third-parties"), "id") => &self.third_party,
            (Some("webhooks"), "id") => &self.webhook,
            (Some("webhooks"), "delivery_id") => &self.delivery,
            (Some("rights-partners"), "id") => &self.rights_partner,
            (Some("alerts"), "id") => &self.alert,
            (Some("legal-holds"), "id") => &self.legal_hold,
            (Some("erasures"), "id") => &self.erasure,
            (Some("erasure-batches"), "id") => &self.batch,
            (Some("retention-policies" | "destruction-register"), "id") => &self.retention_policy,
            (Some("segments"), "id") => &self.kept[0],
            (Some("views"), "id") => &self.kept[1],
            (Some("forms"), "id") => &self.kept[2],
            (Some("forms"), "submission_id") => &self.session,
            (Some("record-types"), "type") => "customer",
            (Some("records" | "customers"), "type") => "interaction",
            (Some("records"), "id") => &self.record,
            (Some("record-types"), "key") => self.field,
            (Some("{code}"), "code") => "not_found",
            (Some("audit"), "level") => "0",
            (Some("audit"), "path") => "000.p/1",
            _ => panic!("{route} needs something to be tried on: add it to Targets"),
        }
    }
}

/// A webhook at an address where nobody stands, which takes what no test does, and what it was told to try it out. There is room for fifty: one that is there
/// is used again.
async fn fresh_webhook(org: &Org<'_>, admin: &Person) -> (String, String) {
    const KNOWN: &str = "SELECT id::text FROM webhooks WHERE disabled IS NULL LIMIT 1";
    let known = org.sql().await.query_opt(KNOWN, &[]).await.unwrap();
    let body = json!({"name": "Fresh", "url": "http://127.0.0.1:1/", "event_types": ["webhooks.disabled"]});
    let id = match known {
        Some(row) => row.get(0),
        None => admin.post("/v1/webhooks", &body).await.shows(201).id(),
    };
    let delivery = admin.act(&format!("/v1/webhooks/{id}/ping")).await.shows(202).id();
    (id, delivery)
}

/// A request that waits, a right, a policy and a delegation: those of before as long as they are still what they were.
async fn usable(org: &Org<'_>, owner: &Person, admin: &Person, customer: &str) -> [String; 4] {
    const KNOWN: &str = "SELECT (SELECT id::text FROM access_requests WHERE state = 'pending' AND requester_id = $1 LIMIT 1), \
         (SELECT id::text FROM access_grants WHERE revoked_at IS NULL AND user_id = $1 LIMIT 1), \
         (SELECT id::text FROM approval_policies LIMIT 1), (SELECT id::text FROM approval_delegations WHERE ended_at IS NULL AND user_id = $2 LIMIT 1)";
    let row = org.sql().await.query_one(KNOWN, &[&owner.id, &admin.id]).await.unwrap();
    let known = |at: usize| row.get::<_, Option<String>>(at);
    let body = json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "to be tried on"});
    let request = match known(0) {
        Some(id) => id,
        None => owner.post("/v1/access-requests", &body).await.shows(201).id(),
    };
    let grant = match known(1) {
        Some(id) => id,
        None => fresh_grant(org, owner, &body).await,
    };
    match (known(2), known(3)) {
        (Some(policy), Some(delegation)) => [request, grant, policy, delegation],
        _ => {
            let (policy, delegation) = fresh_approvals(org, admin).await;
            [request, grant, policy, delegation]
        }
    }
}

/// What came of a request that the officer approved.
async fn fresh_grant(org: &Org<'_>, owner: &Person, body: &Value) -> String {
    let decided = owner.post("/v1/access-requests", body).await.shows(201).id();
    let asked =
        "UPDATE access_requests SET steps = jsonb_set(steps, '{0,approver}', '\"role:dpo\"') WHERE id = $1::text::uuid";
    org.sql().await.execute(asked, &[&decided]).await.unwrap();
    let dpo = org.dpo().await;
    dpo.post(&format!("/v1/access-requests/{decided}/approve"), &json!({})).await.shows(200).text_at("/grant/id")
}

/// A policy that speaks of nothing that a test asks for, and a minute of next month in which a colleague stands in for the administrator.
async fn fresh_approvals(org: &Org<'_>, admin: &Person) -> (String, String) {
    static NUMBER: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    let body = json!({"name": "Fresh", "conditions": {"min_customers": 900_000}, "steps": [{"approver": "role:dpo"}]});
    let policy = admin.post("/v1/approval-policies", &body).await.shows(201).id();
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let at = |minute| {
        let at =
            org.service().clock.now() + chrono::Duration::days(30) + chrono::Duration::minutes(2 * number + minute);
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    let body = json!({"delegate_id": org.user_id("dpo"), "from": at(0), "until": at(1)});
    (policy, admin.post("/v1/delegations", &body).await.shows(201).id())
}

/// An export that the data protection officer asks for: the one of before as long as it waits.
async fn fresh_export(org: &Org<'_>) -> String {
    const KNOWN: &str = "SELECT id::text FROM access_requests WHERE state = 'pending' AND kind = 'export' LIMIT 1";
    let known = org.sql().await.query_opt(KNOWN, &[]).await.unwrap();
    match known {
        Some(row) => row.get(0),
        None => crate::exports::ask(&org.dpo().await, json!({})).await.shows(201).id(),
    }
}

/// A role code that nothing else has.
pub fn fresh_code() -> String {
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    format!("fresh_{}", NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}
