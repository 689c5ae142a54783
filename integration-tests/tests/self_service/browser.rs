//! The whole way of a person through the page of examples/self.html, in a real browser, where there is one.

use serde_json::json;
use tokio::net::TcpListener;

use super::{code, portal, somebody};
use crate::erasures::round;
use crate::support::browser::{PageFile, Tab, browser, serve};
use crate::support::mailbox::{letter, letter_about, letters};
use crate::support::{Org, Person, own_instance};

const FILES: &[PageFile] = &[
    ("/self.html", "text/html", include_str!("../../../examples/self.html")),
    ("/self.css", "text/css", include_str!("../../../examples/self.css")),
    ("/self.js", "text/javascript", include_str!("../../../examples/self.js")),
    ("/self-words.js", "text/javascript", include_str!("../../../examples/self-words.js")),
];

/// No line of the page may stand in the document itself, and it calls nobody but the service.
fn policy(service: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src {service}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Comes in: the contact point, the code from the letter, and there is the data.
async fn come_in(tab: &mut Tab, org: &Org<'_>, address: &str) {
    tab.types("#contact", address).await;
    tab.clicks("#ask button").await;
    tab.until("!document.querySelector('#show').hidden").await;
    let sent = code(&letter(org.service(), address, 1).await);
    tab.types("#code", &sent).await;
    tab.clicks("#show button").await;
    tab.until("document.querySelector('#told').textContent === 'You are in.'").await;
}

async fn views(tab: &mut Tab) {
    let shown = tab.eval("document.querySelector('#inside').innerText").await;
    let shown = shown.as_str().unwrap();
    for part in ["12 Harbour Street", "Source: web_form", "Given to", "Kept for"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let uses = tab.eval("document.querySelectorAll('#purposes tr').length").await;
    assert!(uses.as_u64().unwrap() > 0, "{shown}");
}

async fn withdraws(tab: &mut Tab, dpo: &Person, consent: &str) {
    let marketing = "#choices tr[data-purpose=marketing]";
    tab.until(&format!("document.querySelector('{marketing}').dataset.allowed === 'true'")).await;
    tab.clicks(&format!("{marketing} button")).await;
    tab.until(&format!("document.querySelector('{marketing}').dataset.allowed === 'false'")).await;
    assert_eq!(dpo.get(&format!("/v1/consents/{consent}")).await.shows(200).at("/state"), "withdrawn");
}

async fn sees_who_looked(tab: &mut Tab, admin: &Person) {
    let revealed =
        "[...document.querySelectorAll('#log tr')].find(line => line.innerText.includes('customers.reveal')).innerText";
    let line = tab.eval(revealed).await;
    let line = line.as_str().unwrap();
    assert!(line.contains(&admin.id.to_string()) && line.contains("mobile"), "{line}");
    assert!(line.contains("digest checked"), "the page reckons the leaf's hash itself: {line}");
    let place = "[...document.querySelectorAll('#log tr')].find(line => line.innerText.includes('customers.reveal'))";
    tab.eval(&format!("{place}.querySelector('button').click()")).await;
    tab.until(&format!("{place}.innerText.includes('stands in the signed log')")).await;
    let wrong = tab.eval("document.querySelector('#log').innerText.includes('does not fit')").await;
    assert_eq!(wrong, false);
}

/// The newest request of this right, as the page shows it.
async fn request(tab: &mut Tab, name: &str) -> String {
    let line =
        format!("[...document.querySelectorAll('#requests tr')].find(line => line.innerText.startsWith('{name}'))");
    tab.until(&format!("{line}.dataset.state === 'in_progress'")).await;
    tab.eval(&format!("{line}.dataset.request")).await.as_str().unwrap().to_owned()
}

async fn downloads(tab: &mut Tab, dpo: &Person) {
    tab.clicks("#other button").await;
    let id = request(tab, "A copy").await;
    dpo.post(&format!("/v1/privacy-requests/{id}/complete"), &json!({})).await.shows(200);
    tab.clicks("#download").await;
    tab.hears("Browser.downloadProgress", |progress| progress["state"] == "completed").await;
    let files: Vec<_> = std::fs::read_dir(tab.downloads()).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let bytes = std::fs::read(file).unwrap();
    assert!(bytes.starts_with(b"PK") && String::from_utf8_lossy(&bytes).contains("12 Harbour Street"));
    tab.until("document.querySelector('#told').textContent === 'Downloaded.'").await;
    tab.clicks("#download").await;
    tab.until("!['Downloaded.', 'Working …'].includes(document.querySelector('#told').textContent)").await;
    assert!(
        !tab.eval("document.querySelector('#inside').hidden").await.as_bool().unwrap(),
        "once, and the door stays open"
    );
}

async fn is_erased(tab: &mut Tab, org: &Org<'_>, customer: &str, address: &str) {
    tab.clicks("#sure").await;
    tab.clicks("#erase .grave").await;
    let id = request(tab, "Erase my data").await;
    let (dpo, ground) = (org.dpo().await, json!({"ground": "subject_request", "privacy_request_id": id}));
    dpo.post(&format!("/v1/customers/{customer}/erase"), &ground).await.shows(202);
    letter_about(org.service(), address, "was erased").await;
    round(org).await;
    tab.clicks("#again").await;
    tab.until("document.querySelector('#inside').hidden && !document.querySelector('#door').hidden").await;
    let left = tab.eval("document.documentElement.outerHTML").await;
    assert!(!left.as_str().unwrap().contains("Harbour"), "nothing stays on the page: {left}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_goes_the_whole_way_in_a_browser() {
    let Some(program) = browser() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let service = own_instance(&[("cors_origins", &origin)]);
    let serving = tokio::spawn(serve(listener, FILES, policy(&service.base_url)));
    let org = Org::found_on(&service).await;
    let ((customer, address), (_, other)) = (somebody(&org).await, somebody(&org).await);
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let consent = crate::consents::agreed(&dpo, &admin, &customer).await;
    let look = json!({"fields": ["mobile"], "reason": "called back"});
    admin.post(&format!("/v1/customers/{customer}/reveal"), &look).await.shows(200);
    let mut tab = Tab::start(program).await;
    tab.open(&format!("{origin}/self.html?base={}&portal={}&language=en", service.base_url, portal(&org).await)).await;
    come_in(&mut tab, &org, &address).await;
    views(&mut tab).await;
    sees_who_looked(&mut tab, &admin).await;
    withdraws(&mut tab, &dpo, &consent).await;
    downloads(&mut tab, &dpo).await;
    is_erased(&mut tab, &org, &customer, &address).await;
    assert!(tab.faults().is_empty(), "{:?}", tab.faults());
    // The door is shut: no code comes any more, though others still get theirs.
    let before = letters(&service.stranger(), &address).await.len();
    tab.types("#contact", &address).await;
    tab.clicks("#ask button").await;
    tab.until("document.querySelector('#told').textContent.includes('a code is on its way')").await;
    super::ask(&org, &portal(&org).await, "email", &other).await.shows(202);
    letter(&service, &other, 1).await;
    assert_eq!(letters(&service.stranger(), &address).await.len(), before, "nobody of this address is on file");
    serving.abort();
}
