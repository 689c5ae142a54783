//! The eight built-in roles. `matrix.txt` beside this file shows what they come to, and a test holds the two together.

use std::sync::OnceLock;

use uuid::Uuid;

use super::Permission::{self, *};
use super::manager::MANAGER;
use super::{Budgets, DataScope, FieldRule, Role, RuleTarget};
use crate::access::View;
use crate::catalog::{Classification, Labels};

/// The roles that every organisation has from the start.
pub fn built_in() -> &'static [Role] {
    static ROLES: OnceLock<[Role; 8]> = OnceLock::new();
    ROLES.get_or_init(|| [admin(), dpo(), manager(), sales(), finance(), support(), marketing(), auditor()])
}

/// The built-in role of this code.
pub fn built_in_role(code: &str) -> Option<&'static Role> {
    built_in().iter().find(|role| role.code == code)
}

/// The id of the built-in role of this code: the same in every organisation, and shaped as a UUIDv7 like any other.
pub fn built_in_id(code: &str) -> Option<Uuid> {
    const FIRST: u128 = 0x0193_a000_0000_7000_8000_0000_0000_0001;
    let place = built_in().iter().position(|role| role.code == code)?;
    Some(Uuid::from_u128(FIRST + u128::try_from(place).ok()?))
}

fn role(
    code: &str,
    [en, zh]: [&str; 2],
    data_scope: DataScope,
    permissions: impl IntoIterator<Item = Permission>,
    field_rules: Vec<FieldRule>,
) -> Role {
    Role {
        code: code.to_owned(),
        labels: Labels::new(en, zh),
        permissions: permissions.into_iter().collect(),
        data_scope,
        field_rules,
        purposes: Vec::new(),
        budgets: Budgets::default(),
    }
}

fn of_field(key: &str, view: View) -> FieldRule {
    FieldRule { on: RuleTarget::Field(key.to_owned()), view: Some(view), edit: None, deny: false }
}

fn of_class(class: Classification, view: View) -> FieldRule {
    FieldRule { on: RuleTarget::Classification(class), view: Some(view), edit: None, deny: false }
}

/// Editing on for every field, whatever may be seen of it.
fn edit_everything() -> impl Iterator<Item = FieldRule> {
    Classification::ALL.iter().map(|class| FieldRule {
        on: RuleTarget::Classification(*class),
        view: None,
        edit: Some(true),
        deny: false,
    })
}

fn edit_fields(keys: &[&str]) -> impl Iterator<Item = FieldRule> {
    keys.iter().map(|key| FieldRule {
        on: RuleTarget::Field((*key).to_owned()),
        view: None,
        edit: Some(true),
        deny: false,
    })
}

/// Runs the place, and for that very reason does not read the log that watches it.
fn admin() -> Role {
    let mut rules = vec![
        of_class(Classification::Sensitive, View::Reveal),
        of_class(Classification::Core, View::Masked),
        of_field("notes", View::Read),
    ];
    rules.extend(edit_everything());
    let permissions = Permission::ALL.iter().copied().filter(|permission| *permission != AuditRead);
    role("admin", ["Administrator", "管理员"], DataScope::Organization, permissions, rules)
}

/// What the data protection officer may do.
const OFFICER: &[Permission] = &[
    CustomersRead,
    SegmentsRead,
    SegmentsWrite,
    SegmentsShare,
    FormsRead,
    FormsManage,
    FormsDecide,
    EventsRead,
    CustomersWrite,
    CustomersAssign,
    CustomersDelete,
    CustomersArchive,
    CustomersMerge,
    CustomersShare,
    TagsManage,
    CustomersReveal,
    CustomersHistory,
    RecordsRead,
    RecordsDelete,
    AttachmentsRead,
    AttachmentsWrite,
    AccessLogRead,
    AuditRead,
    UsersRead,
    DepartmentsRead,
    RolesRead,
    RolesAssign,
    AccessExplain,
    AccessReviewsRead,
    AccessReviewsManage,
    ApiKeysRead,
    WebhooksRead,
    JobsRead,
    PurposesRead,
    PurposesManage,
    NoticesRead,
    NoticesManage,
    NoticesRecord,
    ConsentsRead,
    ConsentsRecord,
    ConsentsWithdraw,
    ConsentsDecide,
    PrivacyRequestsRead,
    PrivacyRequestsCreate,
    PrivacyRequestsManage,
    RightsPartnersRead,
    RightsPartnersManage,
    SelfServiceManage,
    CatalogRead,
    CatalogManage,
    AccessRequestsRead,
    AccessRequestsCreate,
    GrantsRead,
    AccessRequestsDecide,
    GrantsRevoke,
    ApprovalPoliciesRead,
    ExportsRead,
    ExportsRequest,
    LeakTracesRun,
    InboxRead,
    BackupsRead,
    AlertsRead,
    AlertsClose,
    DisclosuresRead,
    ErasuresRead,
    ErasuresRequest,
    RetentionRead,
    RetentionManage,
    LegalHoldsRead,
    LegalHoldsManage,
];

/// The data protection officer (PIPL art. 52) answers to the people on file and must be able to see what is held.
fn dpo() -> Role {
    let mut rules =
        vec![of_class(Classification::Sensitive, View::Reveal), of_class(Classification::Core, View::Reveal)];
    rules.extend(edit_everything());
    let labels = ["Data protection officer", "个人信息保护负责人"];
    role("dpo", labels, DataScope::Organization, OFFICER.iter().copied(), rules)
}

/// How much somebody paid: finance enters and reads it, and nobody who sells enters it.
const PAID: &str = "payment.amount";
const PAYMENTS: [&str; 5] = ["payment.payment_no", "payment.status", PAID, "payment.paid_at", "payment.due_on"];
const CONTRACTS: [&str; 6] = [
    "contract.contract_no",
    "contract.title",
    "contract.status",
    "contract.amount",
    "contract.signed_on",
    "contract.ends_on",
];
const TICKETS: [&str; 6] =
    ["ticket.ticket_no", "ticket.subject", "ticket.description", "ticket.status", "ticket.priority", "ticket.due_at"];
const INTERACTIONS: [&str; 4] =
    ["interaction.channel", "interaction.occurred_at", "interaction.summary", "interaction.next_follow_up_at"];

fn not_what_was_paid() -> FieldRule {
    FieldRule { on: RuleTarget::Field(PAID.to_owned()), view: None, edit: Some(false), deny: false }
}

/// Filters that are kept, and what comes in by forms: for whoever works with customers.
const DESK: [Permission; 4] = [SegmentsRead, SegmentsWrite, FormsRead, FormsDecide];

fn manager() -> Role {
    let mut rules = vec![
        of_class(Classification::Sensitive, View::Reveal),
        of_class(Classification::Core, View::Masked),
        of_field("name", View::Read),
        of_field("notes", View::Read),
    ];
    rules.extend(edit_everything());
    rules.push(not_what_was_paid());
    role("manager", ["Manager", "部门经理"], DataScope::DepartmentTree, MANAGER.iter().copied().chain(DESK), rules)
}

/// Enters everything about their own customers, resident ids included, and reads the core fields of none back.
fn sales() -> Role {
    let mut rules = vec![
        of_class(Classification::Sensitive, View::Reveal),
        of_field("name", View::Read),
        of_field("notes", View::Read),
    ];
    rules.extend(edit_everything());
    rules.push(not_what_was_paid());
    let permissions = [
        CustomersRead,
        EventsRead,
        CustomersCreate,
        CustomersWrite,
        CustomersArchive,
        CustomersMerge,
        CustomersShare,
        CustomersReveal,
        CustomersHistory,
        RecordsRead,
        RecordsWrite,
        AttachmentsRead,
        AttachmentsWrite,
        ImportsRun,
        JobsRead,
        PurposesRead,
        NoticesRead,
        NoticesRecord,
        ConsentsRead,
        ConsentsRecord,
        ConsentsWithdraw,
        ConsentsDecide,
        PrivacyRequestsCreate,
        CatalogRead,
        AccessRequestsRead,
        AccessRequestsCreate,
        GrantsRead,
        InboxRead,
    ];
    let permissions = permissions.into_iter().chain(DESK);
    role("sales", ["Sales", "销售"], DataScope::Own, permissions, rules)
}

fn finance() -> Role {
    let mut rules = vec![
        of_field("name", View::Read),
        of_field("bank_card", View::Reveal),
        of_field("id_number", View::Masked),
        of_field(PAID, View::Read),
    ];
    rules.extend(edit_fields(&PAYMENTS));
    rules.extend(edit_fields(&CONTRACTS));
    let permissions = [
        CustomersRead,
        SegmentsRead,
        SegmentsWrite,
        EventsRead,
        CustomersReveal,
        RecordsRead,
        RecordsWrite,
        PurposesRead,
        NoticesRead,
        CatalogRead,
        AccessRequestsRead,
        AccessRequestsCreate,
        GrantsRead,
        JobsRead,
        ExportsRead,
        ExportsRequest,
        InboxRead,
    ];
    role("finance", ["Finance", "财务"], DataScope::Organization, permissions, rules)
}

fn support() -> Role {
    let mut rules =
        vec![of_field("name", View::Read), of_field("mobile", View::Reveal), of_field("email", View::Reveal)];
    rules.extend(edit_fields(&["mobile", "email", "address", "wechat", "notes"]));
    rules.extend(edit_fields(&TICKETS));
    rules.extend(edit_fields(&INTERACTIONS));
    let permissions = [
        CustomersRead,
        EventsRead,
        CustomersWrite,
        CustomersReveal,
        RecordsRead,
        RecordsWrite,
        PurposesRead,
        NoticesRead,
        NoticesRecord,
        PrivacyRequestsCreate,
        CatalogRead,
        AccessRequestsRead,
        AccessRequestsCreate,
        AccessRequestsEmergency,
        GrantsRead,
        InboxRead,
    ];
    let permissions = permissions.into_iter().chain(DESK);
    role("support", ["Support", "客服"], DataScope::Organization, permissions, rules)
}

fn marketing() -> Role {
    let permissions = [
        CustomersRead,
        SegmentsRead,
        SegmentsWrite,
        SegmentsShare,
        FormsRead,
        FormsManage,
        EventsRead,
        PurposesRead,
        NoticesRead,
        ConsentsRead,
        ConsentsDecide,
        CatalogRead,
        AccessRequestsRead,
        AccessRequestsCreate,
        GrantsRead,
        JobsRead,
        ExportsRead,
        ExportsRequest,
        InboxRead,
    ];
    role("marketing", ["Marketing", "市场"], DataScope::Organization, permissions, Vec::new())
}

/// Reads what people did, not whom they did it to.
fn auditor() -> Role {
    let permissions = [
        CustomersRead,
        SegmentsRead,
        FormsRead,
        EventsRead,
        AccessLogRead,
        AuditRead,
        UsersRead,
        DepartmentsRead,
        RolesRead,
        AccessExplain,
        AccessReviewsRead,
        ApiKeysRead,
        WebhooksRead,
        PurposesRead,
        NoticesRead,
        ConsentsRead,
        ConsentsDecide,
        PrivacyRequestsRead,
        RightsPartnersRead,
        CatalogRead,
        AccessRequestsRead,
        GrantsRead,
        ApprovalPoliciesRead,
        ExportsRead,
        LeakTracesRun,
        InboxRead,
        BackupsRead,
        AlertsRead,
        DisclosuresRead,
        ErasuresRead,
        RetentionRead,
        LegalHoldsRead,
    ];
    role("auditor", ["Auditor", "审计员"], DataScope::Organization, permissions, Vec::new())
}

#[cfg(test)]
#[path = "builtin_tests.rs"]
mod tests;
