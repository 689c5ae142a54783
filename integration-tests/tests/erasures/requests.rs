//! Copies in what was said in other people's requests: nobody is certified past one, and none outlasts its use.

use serde_json::json;

use super::{certified, erase, round};
use crate::privacy_requests::{act, proved};
use crate::support::Org;

#[tokio::test]
async fn a_copy_in_the_words_of_somebody_elses_request_is_found_and_blanked_once_that_has_ended() {
    let org = Org::found().await;
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let fields = json!({"fields": {"name": "Li Lei", "wechat": "wx_li_lei_78"}});
    let gone = sales.post("/v1/customers", &fields).await.shows(201).id();
    let other = org.customer_of(&sales).await;
    let said = json!({"right": "access", "words": "Answer\nwx_li_lei_78 instead."});
    let copy = proved(&dpo, &other, &said).await;
    let innocent = json!({"right": "portability", "words": "In a table, please."});
    let innocent = proved(&dpo, &other, &innocent).await;
    let erasure = erase(&dpo, &gone).await.shows(202).id();
    for _ in 0..2 {
        round(&org).await;
    }
    let told = dpo.get(&format!("/v1/erasures/{erasure}")).await.shows(200);
    assert_eq!(told.at("/findings"), json!([{"place": "privacy_requests", "kind": "identifier"}]));
    let certificate = format!("/v1/erasures/{erasure}/certificate");
    dpo.get(&certificate).await.refuses(409, "certificate_pending");
    let read = async |id: &str| dpo.get(&format!("/v1/privacy-requests/{id}")).await.shows(200).at("/details/words");
    assert_eq!(read(&copy).await, "Answer\nwx_li_lei_78 instead.", "whoever answers it still needs it");
    for request in [&copy, &innocent] {
        act(&dpo, request, "cancel", &json!({})).await.shows(200);
    }
    certified(&org, &dpo, &erasure).await;
    assert_eq!((read(&copy).await, read(&innocent).await), (json!("[erased]"), json!("In a table, please.")));
    let signed = dpo.get(&certificate).await.shows(200);
    assert_eq!(signed.at("/certificate/sweep/reasons_blanked"), 1);
}
