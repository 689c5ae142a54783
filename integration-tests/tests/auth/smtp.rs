//! Letters by SMTP: handed over once the server is there, and again when it was not sure.

use std::time::Duration;

use serde_json::json;

use crate::support::{MailServer, Org, own_instance};

#[tokio::test]
async fn a_letter_that_was_put_off_arrives_once_and_leaves_no_row() {
    let post = MailServer::start().await;
    let service = own_instance(&[
        ("smtp_url", &post.url),
        ("mail_from", "Custodian <custodian@example.com>"),
        ("account_url", "https://crm.example.com/account"),
    ]);
    let org = Org::found_on(&service).await;
    let body = json!({"email": org.email("wren"), "name": "Wren"});
    org.admin().await.post("/v1/users", &body).await.shows(201);
    post.has_refused().await;
    post.takes().await;
    let sql = org.sql().await;
    let begun = std::time::Instant::now();
    while sql.query_one("SELECT count(*) FROM mail_queue", &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the letter is not taken out");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let letters = post.letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].contains("Message-ID: <") && letters[0].contains(&format!("To: {}", org.email("wren"))));
    assert_eq!(sql.query_one("SELECT count(*) FROM mail_outbox", &[]).await.unwrap().get::<_, i64>(0), 0);
}
