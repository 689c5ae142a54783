//! Entries changed, removed, moved, invented and kept out.

use uuid::Uuid;

use super::service;
use crate::audit::scene::{Scene, settled, until};

#[tokio::test]
async fn a_changed_entry_is_found_whatever_was_changed() {
    let scene = Scene::with(service(), 6).await;
    scene.is_sound().await;
    let id = scene.places().await[3];
    for (set, back, code, words) in [
        (
            "entry = set_byte(entry, 12, get_byte(entry, 12) # 1)",
            None,
            "leaf",
            "not the one that this place was given to",
        ),
        ("entry = entry || ' '::bytea", Some("entry = substr(entry, 1, length(entry) - 1)"), "leaf", "not the one"),
        ("mac = set_byte(mac, 0, get_byte(mac, 0) # 1)", None, "mac", "MAC is not that of its bytes"),
        ("action = 'me.read2'", Some("action = 'me.read'"), "columns", "columns that the entry is found by"),
        ("customer_id = organization_id", Some("customer_id = NULL"), "columns", "columns"),
        ("verdict = 'refused'", Some("verdict = 'allowed'"), "columns", "columns"),
    ] {
        scene.tamper(&format!("UPDATE audit_entries SET {set} WHERE id = '{id}'")).await;
        scene.shows(set, code, words).await;
        let found = scene.findings().await;
        assert!(found.iter().all(|found| found.place == Some(3) && found.subject == Some(id)), "{set}: {found:?}");
        scene.tamper(&format!("UPDATE audit_entries SET {} WHERE id = '{id}'", back.unwrap_or(set))).await;
        scene.is_sound().await;
    }
}

#[tokio::test]
async fn a_removed_entry_is_found_in_the_middle_and_at_the_end() {
    let scene = Scene::with(service(), 8).await;
    let places = scene.places().await;
    scene.tamper(&format!("DELETE FROM audit_entries WHERE id = '{}'", places[4])).await;
    scene.shows("a deletion", "missing", "is gone").await;
    assert_eq!(scene.findings().await[0].place, Some(4));
    let scene = Scene::with(service(), 8).await;
    let size = scene.places().await.len() as u64;
    let tail = "DELETE FROM audit_entries WHERE organization_id = $org AND id IN \
        (SELECT id FROM audit_entries WHERE organization_id = $org ORDER BY id DESC LIMIT 3)";
    scene.tamper(tail).await;
    let found: Vec<_> = scene.findings().await.iter().map(|found| (found.code, found.place)).collect();
    assert_eq!(found, [size - 3, size - 2, size - 1].map(|place| ("missing", Some(place))));
}

#[tokio::test]
async fn entries_that_changed_places_are_found() {
    let scene = Scene::with(service(), 6).await;
    let places = scene.places().await;
    let (one, other) = (places[1], places[4]);
    let swap = format!(
        "UPDATE audit_entries a SET entry = b.entry, mac = b.mac FROM audit_entries b WHERE a.organization_id = $org \
         AND b.organization_id = $org AND (a.id, b.id) IN (('{one}', '{other}'), ('{other}', '{one}'))"
    );
    scene.tamper(&swap).await;
    scene.shows("a swap", "leaf", "one of ours, but not the one").await;
    scene.tamper(&swap).await;
    scene.is_sound().await;
    let mut moved = places.clone();
    moved.swap(1, 4);
    scene.rebuild(&moved).await;
    scene.shows("a swap with its tree", "head", "roots differ").await;
    scene.rebuild(&places).await;
    scene.is_sound().await;
}

#[tokio::test]
async fn removed_and_renumbered_is_found() {
    let scene = Scene::with(service(), 8).await;
    let mut places = scene.places().await;
    let gone = places.remove(4);
    scene.tamper(&format!("DELETE FROM audit_entries WHERE id = '{gone}'")).await;
    scene.rebuild(&places).await;
    scene.shows("renumbering", "head", "the signed checkpoint").await;
    scene.shows("renumbering", "shorter", "were published").await;
}

/// An entry that was never made: another one's bytes with one letter changed, under an id of its own.
async fn forge(scene: &Scene<'_>, id: Uuid) {
    let forged = format!(
        "INSERT INTO audit_entries SELECT organization_id, '{id}', customer_id, actor_id, action, verdict, \
         convert_to(replace(convert_from(entry, 'UTF8'), 'staff', 'robot'), 'UTF8'), mac FROM audit_entries \
         WHERE organization_id = $org AND action = 'me.read' LIMIT 1"
    );
    scene.tamper(&forged).await;
}

#[tokio::test]
async fn an_invented_entry_gets_no_place_and_is_found() {
    let scene = Scene::with(service(), 6).await;
    let places = scene.places().await;
    let invented = Uuid::from_u128(places[5].as_u128() + 1);
    forge(&scene, invented).await;
    service().clock.advance(chrono::Duration::seconds(11));
    scene.shows("an entry beside the queue", "unplaced", "does not wait for one").await;
    let queue = format!("INSERT INTO audit_queue VALUES ($org, '{invented}', ARRAY['{invented}'::uuid])");
    scene.tamper(&queue).await;
    settled(&scene.sql, scene.org.id).await;
    scene.shows("an entry in the queue", "aside", "not made by this service").await;
    let alarms = alarms(&scene, "mac", 1).await;
    assert_eq!(scene.places().await.len(), places.len() + alarms);
}

/// How many alarms of this kind stand in the log once there are as many as must come.
async fn alarms(scene: &Scene<'_>, code: &str, least: i64) -> usize {
    let text = "SELECT count(*) FROM audit_entries WHERE organization_id = $1 AND action = 'audit.alarm' \
        AND convert_from(entry, 'UTF8')::jsonb #>> '{details,finding}' = $2";
    let found = until("an alarm", async || {
        let count: i64 = scene.sql.query_one(text, &[&scene.org.id, &code]).await.unwrap().get(0);
        usize::try_from(count).ok().filter(|_| count >= least)
    });
    let found = found.await;
    settled(&scene.sql, scene.org.id).await;
    found
}

#[tokio::test]
async fn an_entry_put_between_with_a_new_tree_is_found() {
    let scene = Scene::with(service(), 6).await;
    let mut places = scene.places().await;
    let invented = Uuid::from_u128(places[2].as_u128() + 1);
    forge(&scene, invented).await;
    places.insert(3, invented);
    scene.rebuild(&places).await;
    scene.shows("a new tree", "head", "the signed checkpoint").await;
    scene.shows("a new tree", "published", "not the one").await;
}

#[tokio::test]
async fn an_entry_kept_from_its_place_is_found() {
    let scene = Scene::with(service(), 3).await;
    let person = scene.org.auditor().await;
    settled(&scene.sql, scene.org.id).await;
    for (what, code, words) in [
        ("DELETE FROM audit_queue WHERE organization_id = $org", "unplaced", "does not wait for one"),
        (
            "DELETE FROM audit_entries e USING audit_queue q WHERE q.organization_id = $org AND e.id = q.id",
            "aside",
            "was gone",
        ),
    ] {
        // Whoever holds the head's row keeps the sequencer out.
        scene.sql.execute("BEGIN", &[]).await.unwrap();
        scene
            .sql
            .execute("SELECT FROM audit_heads WHERE organization_id = $1 FOR UPDATE", &[&scene.org.id])
            .await
            .unwrap();
        person.get("/v1/me").await.shows(200);
        let org = format!("'{}'", scene.org.id);
        scene.sql.batch_execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_append_only").await.unwrap();
        let text = what.replace("$org", &org);
        assert_eq!(scene.sql.execute(&text, &[]).await.unwrap(), 1, "{what}");
        scene
            .sql
            .batch_execute("ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_append_only; COMMIT")
            .await
            .unwrap();
        settled(&scene.sql, scene.org.id).await;
        service().clock.advance(chrono::Duration::seconds(11));
        scene.shows(what, code, words).await;
    }
}

#[tokio::test]
async fn a_place_is_given_once() {
    let scene = Scene::with(service(), 4).await;
    let places = scene.places().await;
    let again =
        format!("INSERT INTO audit_queue VALUES ($org, '{0}', ARRAY['{0}'::uuid, '{1}'::uuid])", places[2], places[0]);
    scene.tamper(&again).await;
    settled(&scene.sql, scene.org.id).await;
    // One for each of the two that were queued again.
    let alarms = alarms(&scene, "twice", 2).await;
    assert_eq!(scene.places().await.len(), places.len() + alarms);
    scene.is_sound().await;
}
