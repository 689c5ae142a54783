//! An account that was stopped is stopped: within a second on every instance, whoever wrote it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Org, PASSWORD, Person, shared, try_log_in};

const AT_MOST: Duration = Duration::from_secs(1);

/// Calls without pause; answers when it was last let in, once it has been refused.
async fn last_let_in(person: &Person) -> Instant {
    let mut last = Instant::now();
    loop {
        let begun = Instant::now();
        let answer = person.get("/v1/me/permissions").await;
        match answer.status {
            200 => last = begun,
            _ => {
                answer.refuses(401, "session_ended");
                return last;
            }
        }
        assert!(last.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_suspended_person_is_refused_within_a_second() {
    for state in ["suspended", "offboarded"] {
        let org = Org::found().await;
        let (asha, sql) = (org.sales_a().await, org.sql().await);
        asha.get("/v1/me/permissions").await.shows(200);
        let calling = tokio::spawn(async move { last_let_in(&asha).await });
        tokio::task::yield_now().await;
        sql.execute("UPDATE users SET state = $2 WHERE id = $1", &[&org.user_id("sales_a"), &state]).await.unwrap();
        let written = Instant::now();
        let last = calling.await.unwrap();
        assert!(last.saturating_duration_since(written) <= AT_MOST, "{state}: let in {:?} later", last - written);
        try_log_in(shared(), &org.email("sales_a"), PASSWORD).await.refuses(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_suspended_person_cannot_refresh() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    org.sql().await.execute("UPDATE users SET state = 'suspended' WHERE id = $1", &[&asha.id]).await.unwrap();
    let refresh = shared().stranger().post("/v1/auth/refresh", &json!({"refresh_token": asha.refresh_token}));
    refresh.await.refuses(401, "session_ended");
}

#[tokio::test]
async fn a_session_ended_by_an_operator_is_dead_within_a_second() {
    let org = Org::found().await;
    let (asha, sql) = (org.sales_a().await, org.sql().await);
    asha.get("/v1/me/permissions").await.shows(200);
    sql.execute(
        "UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'logout' WHERE user_id = $1",
        &[&asha.id],
    )
    .await
    .unwrap();
    let written = Instant::now();
    assert!(last_let_in(&asha).await.saturating_duration_since(written) <= AT_MOST);
}

#[tokio::test]
async fn a_permission_that_was_taken_away_is_gone_within_a_second() {
    let org = Org::found().await;
    let (asha, sql) = (org.sales_a().await, org.sql().await);
    asha.get("/v1/customers").await.shows(200);
    sql.execute("DELETE FROM user_roles WHERE user_id = $1", &[&asha.id]).await.unwrap();
    let written = Instant::now();
    while asha.get("/v1/customers").await.status == 200 {
        assert!(
            written.elapsed() <= AT_MOST + Duration::from_millis(200),
            "still let in after {:?}",
            written.elapsed()
        );
    }
    let refused = asha.get("/v1/customers").await.refuses(403, "forbidden");
    assert!(refused.text_at("/detail").contains("customers.read"), "{refused}");
}
