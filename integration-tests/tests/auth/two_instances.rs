//! Two instances on one database: whatever one of them ends is dead on the other within a second.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Caller, Person, Process, new_key};

const AT_MOST: Duration = Duration::from_secs(1);
const NEW: &str = "seven green kites at dawn";

/// The other instance, asked with the credential of a person.
fn there(base_url: &str, person: &Person) -> Caller {
    Caller::new(base_url, vec![("authorization".to_owned(), format!("Bearer {}", person.access_token))])
}

/// Stops the test unless the caller, who is let in now, is refused within a second of `end`.
async fn dies(caller: &Caller, what: &str, end: impl Future<Output = ()>) {
    let path = "/v1/me/permissions";
    caller.get(path).await.shows(200);
    end.await;
    let ended = Instant::now();
    loop {
        let begun = ended.elapsed();
        if caller.get(path).await.status == 401 {
            return;
        }
        assert!(begun <= AT_MOST, "{what}: let in {begun:?} later");
    }
}

#[tokio::test]
async fn whatever_one_instance_ends_is_dead_on_the_other_within_a_second() {
    let one = Process::start(&[]).await;
    let other = one.beside().await;
    let admin = one.person("admin").await;
    let user = |key: &str| format!("/v1/users/{}", one.facts["users"][key]["id"].as_str().unwrap());
    let act = async |path: String, body: Value, status: u16| {
        admin.post(&path, &body).await.shows(status);
    };

    let leaving = one.person("sales_a").await;
    let out = async { drop(leaving.act("/v1/auth/logout").await.shows(204)) };
    dies(&there(&other.base_url, &leaving), "log-out", out).await;

    let (kept, lost) = (one.person("sales_a").await, one.person("sales_a").await);
    let listed = kept.get("/v1/me/sessions").await.shows(200).text_at("/data/0/id");
    let end = async { drop(kept.act(&format!("/v1/me/sessions/{listed}/end")).await.shows(204)) };
    dies(&there(&other.base_url, &lost), "a session ended by its owner", end).await;
    there(&other.base_url, &kept).get("/v1/me").await.shows(200);

    let elsewhere = one.person("sales_a").await;
    let present = one.facts["users"]["sales_a"]["password"].clone();
    let body = json!({"current_password": present, "new_password": NEW});
    let change = async { drop(kept.post("/v1/me/password", &body).await.shows(204)) };
    dies(&there(&other.base_url, &elsewhere), "a changed password", change).await;

    let sessions = format!("{}/sessions/end", user("sales_a"));
    dies(&there(&other.base_url, &kept), "an administrator", act(sessions, json!({}), 204)).await;

    let ben = one.person("sales_b").await;
    let suspend = act(format!("{}/suspend", user("sales_b")), json!({}), 200);
    dies(&there(&other.base_url, &ben), "a suspension", suspend).await;

    let carl = one.person("sales_c").await;
    let successor = json!({"successor_id": one.facts["users"]["manager"]["id"]});
    let offboard = act(format!("{}/offboard", user("sales_c")), successor, 200);
    dies(&there(&other.base_url, &carl), "an offboarding", offboard).await;

    let made = admin.post("/v1/api-keys", &new_key()).await.shows(201);
    let key = Caller::new(&other.base_url, vec![("x-api-key".to_owned(), made.text_at("/secret"))]);
    dies(&key, "a revoked key", act(format!("/v1/api-keys/{}/revoke", made.id()), json!({}), 200)).await;
}
