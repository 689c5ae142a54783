//! Where webhooks may not reach: nothing behind the wall, whatever is typed and whatever a name resolves to.

use serde_json::json;

use super::{Receiver, log_says};
use crate::support::{Org, own_instance};

#[tokio::test]
async fn addresses_that_may_not_be_called_are_refused_when_they_are_typed() {
    let service = own_instance(&[("outbound_allow_loopback", "false")]);
    let org = Org::found_on(&service).await;
    let admin = org.admin().await;
    let own = service.base_url.replace("http://", "https://");
    let targets = [
        "http://shop.example.com/",
        "ftp://shop.example.com/",
        "file:///etc/passwd",
        "gopher://shop.example.com/",
        "data:text/plain,a",
        "javascript:alert(1)",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::127.0.0.1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::1]/",
        "https://shop.example.com/#part",
        "https://user:pass@shop.example.com/",
        own.as_str(),
        "shop.example.com",
        "https://",
    ];
    for url in targets {
        let refused =
            admin.post("/v1/webhooks", &json!({"name": "Test", "url": url})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/url".to_owned(), "invalid_url".to_owned())], "{url}");
    }
    let made =
        admin.post("/v1/webhooks", &json!({"name": "Test", "url": "https://shop.example.com/"})).await.shows(201);
    let path = format!("/v1/webhooks/{}", made.id());
    admin.patch(&path, &json!({"url": "https://10.0.0.1/"})).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn a_name_that_turns_out_to_be_this_machine_is_not_dialled() {
    let service = own_instance(&[("outbound_allow_loopback", "false")]);
    let org = Org::found_on(&service).await;
    let (admin, receiver) = (org.admin().await, Receiver::start());
    // As a name that was public when it was typed and is not when it is called: the text says nothing, the look-up decides.
    let port = receiver.url.rsplit(':').next().unwrap().split('/').next().unwrap();
    let url = format!("https://localhost:{port}/hook");
    let id = admin.post("/v1/webhooks", &json!({"name": "Test", "url": url})).await.shows(201).id();
    admin.act(&format!("/v1/webhooks/{id}/ping")).await.shows(202);
    let log = log_says(&admin, &id, |log| log[0]["tries"][0]["outcome"].is_string()).await;
    assert_eq!(log[0]["tries"][0]["outcome"], "blocked_ip");
    assert_eq!(receiver.heard().len(), 0);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_trusted() {
    let org = Org::found().await;
    let (admin, receiver) = (org.admin().await, Receiver::start());
    // The receiver does not even speak TLS: whatever is behind https must prove who it is before it is told anything.
    let url = receiver.url.replace("http://", "https://");
    let id = admin.post("/v1/webhooks", &json!({"name": "Test", "url": url})).await.shows(201).id();
    admin.act(&format!("/v1/webhooks/{id}/ping")).await.shows(202);
    let log = log_says(&admin, &id, |log| log[0]["tries"][0]["outcome"].is_string()).await;
    assert_eq!(log[0]["tries"][0]["outcome"], "unreachable");
    assert_eq!(receiver.heard().len(), 0);
}
