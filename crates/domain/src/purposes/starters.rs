//! The purposes that an organisation begins with. They are its own from then on, to be changed or retired.

use super::{ConsentKind, Purpose};
use crate::catalog::Labels;

/// A purpose with its code.
#[derive(Clone, Debug)]
pub struct Starter {
    /// The code.
    pub code: &'static str,
    /// The purpose.
    pub purpose: Purpose,
}

fn set(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn contract(code: &'static str, [en, zh]: [&str; 2], description: &str, dpv: &str) -> Starter {
    let purpose = Purpose {
        labels: Labels::new(en, zh),
        description: description.to_owned(),
        legal_basis: "cn_contract".to_owned(),
        consent_kind: ConsentKind::None,
        necessary: true,
        fields: None,
        methods: set(&["collection", "storage", "use"]),
        recipients: Vec::new(),
        channels: set(&["sms", "email", "phone", "wechat", "app", "post"]),
        retention_days: None,
        jurisdictions: set(&["CN"]),
        dpv: Some(dpv.to_owned()),
        cool_down_days: 0,
    };
    Starter { code, purpose }
}

/// Those that hang on the contract with the customer, and marketing, which needs consent.
pub fn starters() -> Vec<Starter> {
    let mut marketing = contract(
        "marketing",
        ["Marketing", "营销推广"],
        "Tells people of products and offers by the ways of contact that they agreed to.",
        "dpv:DirectMarketing",
    );
    marketing.purpose.legal_basis = "cn_consent".to_owned();
    marketing.purpose.consent_kind = ConsentKind::Consent;
    marketing.purpose.necessary = false;
    marketing.purpose.fields = Some(set(&["name", "mobile", "email", "wechat", "province"]));
    marketing.purpose.cool_down_days = 180;
    vec![
        contract(
            "care",
            ["Customer care", "客户服务"],
            "Looks after the customer's account and wishes.",
            "dpv:CustomerCare",
        ),
        contract(
            "support",
            ["Support", "售后支持"],
            "Answers questions and mends what went wrong.",
            "dpv:CommunicationForCustomerCare",
        ),
        contract(
            "sales",
            ["Sales", "销售"],
            "Prepares and concludes contracts that the customer asked for.",
            "dpv:CustomerRelationshipManagement",
        ),
        contract("delivery", ["Delivery", "配送"], "Brings what was ordered to the customer.", "dpv:DeliveryOfGoods"),
        contract("billing", ["Billing", "结算"], "Bills the customer and settles payments.", "dpv:PaymentManagement"),
        contract(
            "sms_delivery",
            ["Service messages", "服务短信"],
            "Sends messages that the contract needs, such as codes and delivery times.",
            "dpv:ServiceProvision",
        ),
        marketing,
    ]
}
