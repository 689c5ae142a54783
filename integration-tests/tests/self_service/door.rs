//! Coming in, and what a token of one's own opens.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{another, ask, code, come_in, portal, show, somebody};
use crate::house::{Targets, operations};
use crate::support::mailbox::{letter, letter_about, letters};
use crate::support::{Answer, Caller, Org};

fn shape(answer: &Answer) -> (u16, Value, usize) {
    (answer.status, answer.at("/expires_in"), answer.text_at("/challenge").len())
}

#[tokio::test]
async fn asking_for_a_code_tells_nobody_who_is_on_file() {
    let org = Org::found().await;
    let ((_, address), key) = (somebody(&org).await, portal(&org).await);
    let known = ask(&org, &key, "email", &address).await.shows(202);
    let unknown = ask(&org, &key, "email", "nobody@door.example").await.shows(202);
    assert_eq!(shape(&known), shape(&unknown));
    let sent = code(&letter(org.service(), &address, 1).await);
    assert!(letters(&org.service().stranger(), "nobody@door.example").await.is_empty());
    let wrong = show(&org, &known.at("/challenge"), another(&sent)).await.refuses(401, "invalid_code");
    let never = show(&org, &unknown.at("/challenge"), "00000000").await.refuses(401, "invalid_code");
    assert_eq!(wrong.timeless(), never.timeless());
    let crossed = show(&org, &unknown.at("/challenge"), &sent).await.refuses(401, "invalid_code");
    assert_eq!(crossed.timeless(), never.timeless(), "a code is good with its own challenge alone");
    let mut forged = known.text_at("/challenge");
    forged.replace_range(10..11, if forged.as_bytes()[10] == b'A' { "B" } else { "A" });
    show(&org, &json!(forged), &sent).await.refuses(401, "invalid_code");
    show(&org, &known.at("/challenge"), &sent).await.shows(200);
    show(&org, &known.at("/challenge"), &sent).await.refuses(401, "invalid_code");
}

#[tokio::test]
async fn a_code_is_spent_after_five_tries_and_letters_are_three_an_hour() {
    let org = Org::found().await;
    let ((_, address), key) = (somebody(&org).await, portal(&org).await);
    let asked = ask(&org, &key, "email", &address).await.shows(202);
    let sent = code(&letter(org.service(), &address, 1).await);
    for _ in 0..5 {
        show(&org, &asked.at("/challenge"), another(&sent)).await.refuses(401, "invalid_code");
    }
    show(&org, &asked.at("/challenge"), &sent).await.refuses(401, "invalid_code");
    for count in 2..=3 {
        ask(&org, &key, "email", &address).await.shows(202);
        letter(org.service(), &address, count).await;
    }
    let fourth = ask(&org, &key, "email", &address).await;
    let fifth = ask(&org, &key, "email", &address).await;
    let sixth = ask(&org, &key, "email", &address).await.refuses(429, "too_many_attempts");
    assert_eq!((fourth.status, fifth.status), (202, 202), "answered alike, whatever follows");
    sixth.sent("retry-after");
    // A letter to somebody else, asked for later, is there: those of before have been seen to.
    let (_, other) = somebody(&org).await;
    ask(&org, &key, "email", &other).await.shows(202);
    letter(org.service(), &other, 1).await;
    assert_eq!(letters(&org.service().stranger(), &address).await.len(), 3);
}

#[tokio::test]
async fn a_code_opens_nothing_once_its_address_was_corrected() {
    let org = Org::found().await;
    let ((customer, address), key) = (somebody(&org).await, portal(&org).await);
    let asked = ask(&org, &key, "email", &address).await.shows(202);
    let sent = code(&letter(org.service(), &address, 1).await);
    let (path, moved) = (format!("/v1/customers/{customer}"), format!("new-{address}"));
    org.admin().await.patch(&path, &json!({"fields": {"email": moved}})).await.shows(200);
    show(&org, &asked.at("/challenge"), &sent).await.refuses(401, "invalid_code");
    come_in(&org, &moved, 1).await.get("/v1/self/data").await.shows(200);
}

/// Whether a session ends: calls without pause until it does, or a second is over.
async fn ends(me: &Caller) {
    let begun = Instant::now();
    loop {
        let answer = me.get("/v1/self/preferences").await;
        if answer.status != 200 {
            answer.refuses(401, "session_ended");
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "the session lives on");
    }
}

#[tokio::test]
async fn a_session_ends_with_the_contact_point_that_opened_it() {
    let org = Org::found().await;
    let ((customer, address), (other, theirs)) = (somebody(&org).await, somebody(&org).await);
    let (admin, path) = (org.admin().await, format!("/v1/customers/{customer}"));
    let (me, them) = (come_in(&org, &address, 1).await, come_in(&org, &theirs, 1).await);
    me.get("/v1/self/data").await.shows(200);
    let beside = json!({"fields": {"address": "2 Harbour Street", "mobile": "13712340002"}});
    admin.patch(&path, &beside).await.shows(200);
    let moved = format!("new-{address}");
    // What else is on file may change: the next call tells that this session goes on.
    me.get("/v1/self/data").await.shows(200);
    admin.patch(&path, &json!({"fields": {"email": moved}})).await.shows(200);
    ends(&me).await;
    let again = come_in(&org, &moved, 1).await;
    again.get("/v1/self/data").await.shows(200);
    admin.patch(&path, &json!({"fields": {"email": null}})).await.shows(200);
    ends(&again).await;
    // Another person who comes to have the address does not bring it back.
    let taken = json!({"fields": {"email": moved}});
    admin.patch(&format!("/v1/customers/{other}"), &taken).await.shows(200);
    ends(&them).await;
    ends(&again).await;
}

#[tokio::test]
async fn a_session_by_a_number_ends_with_the_number_and_not_with_the_address() {
    let org = Org::found().await;
    let ((customer, _), key, admin) = (somebody(&org).await, portal(&org).await, org.admin().await);
    let (number, path) = ("13712345679", format!("/v1/customers/{customer}"));
    admin.patch(&path, &json!({"fields": {"mobile": number}})).await.shows(200);
    let asked = ask(&org, &key, "mobile", number).await.shows(202);
    let sent = code(&letter(org.service(), "+8613712345679", 1).await);
    let opened = show(&org, &asked.at("/challenge"), &sent).await.shows(200);
    let token = format!("Bearer {}", opened.text_at("/access_token"));
    let me = org.service().stranger().with("authorization", &token);
    admin.patch(&path, &json!({"fields": {"email": null}})).await.shows(200);
    me.get("/v1/self/data").await.shows(200);
    admin.patch(&path, &json!({"fields": {"mobile": "13712345680"}})).await.shows(200);
    ends(&me).await;
}

#[tokio::test]
async fn whoever_has_their_address_corrected_comes_in_by_the_new_one() {
    let org = Org::found().await;
    let ((_, address), dpo) = (somebody(&org).await, org.dpo().await);
    let me = come_in(&org, &address, 1).await;
    let moved = format!("new-{address}");
    let wish = json!({"right": "rectification", "jurisdiction": "EU", "corrections": {"email": moved}});
    let id = me.post("/v1/self/privacy-requests", &wish).await.shows(201).id();
    dpo.post(&format!("/v1/privacy-requests/{id}/complete"), &json!({})).await.shows(200);
    ends(&me).await;
    let asked = ask(&org, &portal(&org).await, "email", &moved).await.shows(202);
    let sent = code(&letter_about(org.service(), &moved, "您的验证码是").await);
    show(&org, &asked.at("/challenge"), &sent).await.shows(200);
}

#[tokio::test]
async fn a_shared_contact_point_opens_nobody_s_door() {
    let org = Org::found().await;
    let ((_, address), key) = (somebody(&org).await, portal(&org).await);
    let mut twin = crate::support::customer();
    twin["fields"]["email"] = json!(address);
    org.admin().await.post("/v1/customers", &twin).await.shows(201);
    ask(&org, &key, "email", &address).await.shows(202);
    let (_, other) = somebody(&org).await;
    ask(&org, &key, "email", &other).await.shows(202);
    letter(org.service(), &other, 1).await;
    assert!(letters(&org.service().stranger(), &address).await.is_empty());
}

#[tokio::test]
async fn a_number_is_sent_its_code_by_message() {
    let org = Org::found().await;
    let (mut body, key) = (crate::support::customer(), portal(&org).await);
    let number = "13712345678";
    body["fields"]["mobile"] = json!(number);
    org.admin().await.post("/v1/customers", &body).await.shows(201);
    let asked = ask(&org, &key, "mobile", number).await.shows(202);
    let sent = code(&letter(org.service(), "+8613712345678", 1).await);
    show(&org, &asked.at("/challenge"), &sent).await.shows(200);
}

#[tokio::test]
async fn the_page_s_key_is_ours_and_a_contact_point_is_one() {
    let org = Org::found().await;
    let key = portal(&org).await;
    for wrong in [format!("{key}x"), "portal".to_owned(), key.replace('.', "")] {
        ask(&org, &wrong, "email", "a@door.example").await.refuses(403, "invalid_portal");
    }
    let refused = ask(&org, &key, "mobile", "call me").await.refuses(422, "invalid_body");
    assert_eq!(refused.faults()[0].0, "/contact/value");
    org.sales_a().await.get("/v1/self-service/portal").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn a_person_s_token_opens_their_own_door_and_no_other() {
    let org = Org::found().await;
    let (_, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    let mut tried = 0;
    for operation in operations().into_iter().filter(|operation| !operation.at_own_door()) {
        let answer = operation.request(&me, &Targets::missing()).await;
        let stranger = operation.request(&org.service().stranger(), &Targets::missing()).await;
        if stranger.status == 401 && stranger.at("/code") == "unauthenticated" {
            answer.refuses(401, "invalid_token");
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} operations");
    me.get("/v1/self/data").await.shows(200);
}

#[tokio::test]
async fn nobody_else_s_credential_opens_a_person_s_door() {
    let org = Org::found().await;
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    for operation in operations().into_iter().filter(|operation| operation.at_own_door()) {
        if ["ask_for_code", "open_own_session"].contains(&operation.id.as_str()) {
            continue;
        }
        operation.request(&*org.admin().await, &Targets::missing()).await.refuses(401, "invalid_token");
        operation.request(&partner, &Targets::missing()).await.refuses(401, "invalid_token");
    }
}

#[tokio::test]
async fn a_session_ends_when_its_person_says_so_or_is_gone() {
    let org = Org::found().await;
    let (_, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    me.act("/v1/self/sessions/end").await.shows(204);
    me.get("/v1/self/data").await.refuses(401, "session_ended");
    let (customer, address) = somebody(&org).await;
    let me = come_in(&org, &address, 1).await;
    me.get("/v1/self/data").await.shows(200);
    crate::erasures::erase(&org.dpo().await, &customer).await.shows(202);
    let begun = Instant::now();
    loop {
        let answer = me.get("/v1/self/data").await;
        if answer.status == 401 {
            answer.refuses(401, "session_ended");
            break;
        }
        assert!([404, 410].contains(&answer.status), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{answer}");
    }
}
