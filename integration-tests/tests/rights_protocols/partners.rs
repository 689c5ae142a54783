//! Keeping the partners.

use serde_json::{Value, json};

use super::controller::{CERTIFICATE, Controller, DOMAIN, request, request_id};
use super::{PATH, REQUESTS, add, fresh, somebody};
use crate::support::{Org, own_instance};

const SELF_SIGNED: &str = include_str!("../support/rights/self_signed.pem");
const EXPIRED: &str = include_str!("../support/rights/expired.pem");
const WITHOUT_ISSUER: &str = include_str!("../support/rights/without_issuer.pem");
const NOT_FOR_SIGNING: &str = include_str!("../support/rights/not_for_signing.pem");
/// Issued for the service itself, by an authority that is none here.
const UNKNOWN: &str = include_str!("../support/rights/processor.pem");
const VERIFY_KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

#[tokio::test]
async fn officers_keep_the_list_and_nobody_else() {
    let org = Org::found().await;
    let members = json!({"protocol": "opendsr", "identifier": DOMAIN, "certificate": CERTIFICATE});
    let made = add(&org.dpo().await, &members).await.shows(201);
    assert!(made.text_at("/token").starts_with("crp_") && made.at("/signed_with") == "certificate");
    assert_eq!((made.at("/vouches"), made.at("/enabled")), (json!(false), json!(true)), "unless said so");
    let place = format!("{PATH}/{}", made.id());
    let read = org.auditor().await.get(&place).await.shows(200);
    assert_eq!((read.at("/identifier"), read.at("/token")), (json!(DOMAIN), Value::Null), "a token is shown once");
    for person in [org.sales_a().await, org.manager().await, org.support().await] {
        person.get(PATH).await.refuses(403, "forbidden");
        add(&person, &members).await.refuses(403, "forbidden");
        person.patch(&place, &json!({"vouches": true})).await.refuses(403, "forbidden");
    }
    let admin = org.admin().await;
    admin.patch(&place, &json!({"vouches": true, "name": "The shop"})).await.shows(200);
    let list = admin.get(PATH).await.shows(200);
    assert_eq!((list.at("/data/0/vouches"), list.at("/data/0/name")), (json!(true), json!("The shop")));
    for action in ["rights_partners.create", "rights_partners.update"] {
        let entries = org.auditor().await.get(&format!("/v1/audit/entries?action={action}")).await.shows(200);
        assert_eq!(entries.at("/data").as_array().unwrap().len(), 1, "{action}");
    }
}

#[tokio::test]
async fn a_partner_is_what_its_certificate_and_its_protocol_say() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let dsr = |more: Value| {
        let mut body = json!({"protocol": "opendsr", "identifier": DOMAIN});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let drp = |more: Value| {
        let mut body =
            json!({"protocol": "drp", "identifier": fresh("A_"), "business_id": fresh("B_"), "verify_key": VERIFY_KEY});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let cases = [
        (dsr(json!({"certificate": SELF_SIGNED})), "/certificate", "self_signed"),
        (dsr(json!({"certificate": EXPIRED})), "/certificate", "certificate_does_not_hold"),
        (
            dsr(json!({"certificate": CERTIFICATE, "identifier": "other.example"})),
            "/certificate",
            "certificate_does_not_hold",
        ),
        (dsr(json!({"certificate": "-----BEGIN"})), "/certificate", "invalid_certificate"),
        (dsr(json!({"certificate": CERTIFICATE, "verify_key": VERIFY_KEY})), "", "one_of"),
        (dsr(json!({"identifier": "Shop.example"})), "/identifier", "invalid_domain"),
        (dsr(json!({"business_id": "B"})), "/business_id", "not_allowed"),
        (dsr(json!({"callback_urls": ["https://10.1.2.3/dsr"]})), "/callback_urls/0", "invalid_url"),
        (dsr(json!({"callback_urls": ["http://shop.example/dsr"]})), "/callback_urls/0", "invalid_url"),
        (dsr(json!({"callback_urls": [format!("{}/v1", org.service().base_url)]})), "/callback_urls/0", "invalid_url"),
        (drp(json!({"business_id": null})), "/business_id", "required"),
        (drp(json!({"verify_key": null})), "/verify_key", "required"),
        (drp(json!({"verify_key": VERIFY_KEY.replace('=', "!")})), "/verify_key", "invalid_verify_key"),
        (drp(json!({"identifier": "13800138000"})), "/identifier", "invalid_plain_id"),
    ];
    for (body, pointer, code) in cases {
        let refused = add(&admin, &body).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [(pointer.to_owned(), code.to_owned())], "{body}");
    }
    let first = drp(json!({}));
    add(&admin, &first).await.shows(201);
    add(&admin, &first).await.refuses(409, "duplicate_value");
    let elsewhere = Org::found().await;
    let refused = add(&elsewhere.admin().await, &first).await.refuses(409, "duplicate_value");
    assert_eq!(refused.faults()[0].0, "/business_id", "a message leads to one organisation alone");
}

#[tokio::test]
async fn an_agent_makes_its_token_itself_and_a_request_of_staff_has_no_partner() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let id = super::to_try(&admin).await;
    admin.act(&format!("{PATH}/{id}/rotate-token")).await.refuses(409, "agent_makes_token");
    let (customer, _) = somebody(&org).await;
    let request = crate::privacy_requests::filed(&dpo, &customer).await;
    dpo.get(&format!("{REQUESTS}/{request}/exchange")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_certificate_leads_to_an_authority_that_is_believed_or_signs_nothing() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let with = |certificate: &str, domain: &str| json!({"protocol": "opendsr", "identifier": domain, "certificate": certificate});
    for (certificate, domain, code) in [
        (NOT_FOR_SIGNING, DOMAIN, "invalid_certificate"),
        (WITHOUT_ISSUER, DOMAIN, "unknown_issuer"),
        (UNKNOWN, "opendsr.custodian.example", "unknown_issuer"),
    ] {
        let refused = add(&admin, &with(certificate, domain)).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/certificate".to_owned(), code.to_owned())]);
    }
    // Another authority is believed here: what was pinned when it was not so signs no more.
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/rights/other_authority.pem");
    let service = own_instance(&[("opendsr_authorities_file", authority)]);
    let org = Org::found_on(&service).await;
    let admin = org.admin().await;
    add(&admin, &with(CERTIFICATE, DOMAIN)).await.refuses(422, "invalid_body");
    let controller = Controller::added(&service, &admin, json!({"certificate": null})).await;
    let (_, address) = somebody(&org).await;
    controller.submit(&request(&request_id(), "access", &address)).await.shows(201);
    let der = custodian_crypto::Certificate::from_pem(CERTIFICATE.as_bytes()).unwrap().der;
    let pin = "UPDATE rights_partners SET key_kind = 'certificate', key_bytes = $1 WHERE id = $2::text::uuid";
    org.sql().await.execute(pin, &[&der, &controller.id]).await.unwrap();
    let refused = controller.submit(&request(&request_id(), "access", &address)).await;
    assert_eq!(refused.status, 403, "{refused}");
}
