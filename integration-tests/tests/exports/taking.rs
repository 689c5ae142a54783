//! Taking a file away: once, by the requester alone, with the newest token.

use serde_json::json;
use tokio::task::JoinSet;

use super::{PATH, customers, download, entries, left, ready, taken, token};
use crate::support::Org;

#[tokio::test]
async fn it_goes_once_and_to_its_requester_alone() {
    let (org, other) = (Org::found().await, Org::found().await);
    customers(&org, 1).await;
    let (manager, export) = ready(&org, json!({})).await;
    let id = export.id();
    let first = token(&manager, &id).await;
    assert!(first.len() - 3 >= 43, "at least 128 bits: {} characters", first.len());
    for stranger in [org.admin().await, org.dpo().await, other.manager().await] {
        download(&stranger, &id, &first).await.refuses(404, "not_found");
        stranger.act(&format!("{PATH}/{id}/link")).await.refuses(404, "not_found");
    }
    let second = token(&manager, &id).await;
    download(&manager, &id, &first).await.refuses(404, "not_found");
    let changed: String = second.chars().rev().collect();
    for wrong in [changed.as_str(), &second[..second.len() - 1], &format!("{second}A")] {
        download(&manager, &id, wrong).await.refuses(404, "not_found");
    }
    let refused = entries(&org, "access.refused").await;
    assert!(refused.len() >= 7, "every wrong try is on record: {}", refused.len());
    download(&manager, &id, &second).await.shows(200);
    download(&manager, &id, &second).await.refuses(410, "gone");
    manager.act(&format!("{PATH}/{id}/link")).await.refuses(410, "gone");
    assert_eq!(left(&org).await, [0, 0, 0]);
}

#[tokio::test]
async fn no_other_way_leads_to_it() {
    let org = Org::found().await;
    customers(&org, 1).await;
    let (manager, export) = ready(&org, json!({})).await;
    let token = token(&manager, &export.id()).await;
    let path = format!("{PATH}/{}/download", export.id());
    for method in ["GET", "HEAD"] {
        assert_eq!(manager.request(method, &format!("{path}?token={token}")).await.status, 405);
    }
    let range = manager.post(&path, &json!({"token": token})).header("range", "bytes=0-3");
    let file = range.await.shows(200);
    assert_eq!(json!(file.bytes.len()), export.at("/size"), "there are no parts of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_who_come_at_once_one_gets_it() {
    let org = Org::found().await;
    customers(&org, 1).await;
    let (manager, export) = ready(&org, json!({})).await;
    let (id, token) = (export.id(), token(&manager, &export.id()).await);
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let (manager, id, token) = (manager.clone(), id.clone(), token.clone());
        all.spawn(async move { download(&manager, &id, &token).await });
    }
    let mut got = 0;
    while let Some(answer) = all.join_next().await {
        let answer = answer.unwrap();
        if answer.status == 200 {
            got += 1;
        } else {
            answer.refuses(410, "gone");
        }
    }
    assert_eq!(got, 1);
    assert_eq!(entries(&org, "exports.download").await.len(), 1);
}

#[tokio::test]
async fn a_suspended_requester_does_not_get_it() {
    let org = Org::found().await;
    customers(&org, 1).await;
    let (manager, export) = ready(&org, json!({})).await;
    let token = token(&manager, &export.id()).await;
    org.admin().await.act(&format!("/v1/users/{}/suspend", manager.id)).await.shows(200);
    assert_eq!(download(&manager, &export.id(), &token).await.status, 401);
    assert_eq!(entries(&org, "exports.download").await.len(), 0);
}

#[tokio::test]
async fn what_lies_in_the_database_is_sealed_and_a_changed_piece_does_not_leave() {
    let org = Org::found().await;
    customers(&org, 1).await;
    let (manager, export) = ready(&org, json!({"format": "ndjson"})).await;
    let sql = org.sql().await;
    let sealed: Vec<u8> =
        sql.query_one("SELECT string_agg(sealed, '' ORDER BY sequence) FROM export_chunks", &[]).await.unwrap().get(0);
    for part in [b"Zhang".as_slice(), b"custodian_export", b"+86138"] {
        assert!(!sealed.windows(part.len()).any(|window| window == part), "in the clear");
    }
    let keys = "SELECT count(DISTINCT wrapped_key) FROM exports";
    let (_, second) = ready(&org, json!({"format": "ndjson"})).await;
    assert_eq!(sql.query_one(keys, &[]).await.unwrap().get::<_, i64>(0), 2, "a key for each file");
    let swap = "UPDATE export_chunks SET sealed = (SELECT c.sealed FROM export_chunks c WHERE c.export_id = $1::text::uuid LIMIT 1) WHERE export_id = $2::text::uuid";
    sql.execute(swap, &[&export.id(), &second.id()]).await.unwrap();
    let token = token(&manager, &second.id()).await;
    let cut = manager.post(&format!("{PATH}/{}/download", second.id()), &json!({"token": token})).attempt().await;
    assert!(cut.is_none_or(|answer| answer.bytes.is_empty()), "another file's piece");
    assert_eq!(taken(&manager, &export.id()).await.status, 200);
}
