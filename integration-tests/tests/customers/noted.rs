//! What a customer's row notes of its tags, collaborators and opt-outs never says less than their tables hold, whatever is done, and by whomever.

use custodian_crypto::{Randomness, SeededRandomness};
use serde_json::{Value, json};

use super::{merge::merge, path, whole};
use crate::support::{Org, Person};

const CODES: [&str; 3] = ["vip", "fair", "lapsed"];

/// A number below `most`.
fn draw(random: &SeededRandomness, most: usize) -> usize {
    let mut byte = [0_u8; 1];
    random.fill(&mut byte);
    usize::from(byte[0]) % most
}

/// Whether a row notes tags, collaborators, and opt-outs.
async fn noted(org: &Org<'_>, id: &str) -> (bool, bool, bool) {
    let sql = "SELECT had_tags, had_collaborators, had_opt_outs FROM customers WHERE id = $1::text::uuid";
    let row = org.sql().await.query_one(sql, &[&id]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// Nobody has a tag, a collaborator or an opt-out that the row does not know of, and answers tell what the tables hold: of everybody's tags, and of who reaches one.
async fn holds(org: &Org<'_>, owner: &Person, guest: &Person, all: &[String], one: &str) {
    const UNKNOWN: &str = "SELECT count(*) FROM customers c WHERE \
         NOT c.had_tags AND EXISTS (SELECT FROM customer_tags g WHERE g.customer_id = c.id) \
         OR NOT c.had_collaborators AND EXISTS (SELECT FROM customer_collaborators k WHERE k.customer_id = c.id) \
         OR NOT c.had_opt_outs AND EXISTS (SELECT FROM opt_outs o WHERE o.customer_id = c.id)";
    const HELD: &str = "SELECT ARRAY(SELECT code FROM customer_tags WHERE customer_id = $1::text::uuid ORDER BY code), \
         EXISTS (SELECT FROM customer_collaborators WHERE customer_id = $1::text::uuid AND user_id = $2 AND (ends_at IS NULL OR ends_at > clock_timestamp()))";
    let sql = org.sql().await;
    assert_eq!(sql.query_one(UNKNOWN, &[]).await.unwrap().get::<_, i64>(0), 0);
    for id in all {
        let row = sql.query_one(HELD, &[&id, &guest.id]).await.unwrap();
        let (tags, reached): (Vec<String>, bool) = (row.get(0), row.get(1));
        let seen = owner.get(&path(id)).await;
        if seen.status == 200 {
            assert_eq!(seen.at("/tags"), json!(tags));
        }
        if seen.status == 200 && id == one {
            assert_eq!(guest.get(&path(id)).await.status, if reached { 200 } else { 404 });
        }
    }
}

/// One change of a customer, drawn.
async fn step(org: &Org<'_>, owner: &Person, guest: &Person, all: &[String], id: &str, random: &SeededRandomness) {
    let put =
        |body: Value| owner.request("PUT", &format!("{}/collaborators", path(id))).header("if-match", "*").json(&body);
    match draw(random, 6) {
        0 => drop(owner.patch(&path(id), &json!({"tags": [CODES[draw(random, 3)]]})).await),
        1 => drop(owner.patch(&path(id), &json!({"tags": null})).await),
        2 => drop(put(json!({"collaborators": [{"user_id": guest.id}]})).await),
        3 => drop(put(json!({"collaborators": []})).await),
        4 => drop(merge(owner, &all[draw(random, all.len())], id).await),
        // A program of an older version knows of no notes.
        _ => {
            let tag = "INSERT INTO customer_tags (organization_id, customer_id, code) VALUES ($1, $2::text::uuid, $3) ON CONFLICT DO NOTHING";
            let sql = org.sql().await;
            sql.execute(tag, &[&org.id, &id, &CODES[draw(random, 3)]]).await.unwrap();
            let over =
                "UPDATE customer_collaborators SET ends_at = clock_timestamp() WHERE customer_id = $1::text::uuid";
            sql.execute(over, &[&id]).await.unwrap();
            let out = "INSERT INTO opt_outs (organization_id, id, customer_id, signal, at, by_kind, by_id) \
                 VALUES ($1, gen_random_uuid(), $2::text::uuid, 'gpc', clock_timestamp(), 'user', $3)";
            sql.execute(out, &[&org.id, &id, &owner.id]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn no_change_leaves_a_tag_a_collaborator_or_an_opt_out_unknown_to_the_row() {
    let org = Org::found().await;
    let (manager, asha, ben) = (org.manager().await, org.sales_a().await, org.sales_b().await);
    for code in CODES {
        manager.post("/v1/tags", &json!({"code": code, "name": code})).await.shows(201);
    }
    let mut all = Vec::new();
    for number in 1..=4 {
        let mut body = whole(number);
        if number == 4 {
            body["tags"] = json!(["vip"]);
        }
        all.push(asha.post("/v1/customers", &body).await.shows(201).id());
    }
    assert_eq!(noted(&org, &all[0]).await, (false, false, false), "who has none is looked up nowhere");
    assert_eq!(noted(&org, &all[3]).await, (true, false, false));
    let random = SeededRandomness::new(20_261_123);
    for _ in 0..24 {
        let one = &all[draw(&random, all.len())];
        step(&org, &asha, &ben, &all, one, &random).await;
        holds(&org, &asha, &ben, &all, one).await;
    }
}
