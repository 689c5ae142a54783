//! Scope as SQL and the decision: in random worlds a list shows exactly those whom a single read shows.

use std::collections::BTreeSet;

use custodian_crypto::{Randomness, SeededRandomness};
use serde_json::json;

use super::{ids, path};
use crate::support::{Org, Person};

const NAMED: [&str; 3] = ["sales_a", "sales_b", "sales_c"];

/// A number below `most`.
fn draw(random: &SeededRandomness, most: usize) -> usize {
    let mut byte = [0_u8; 1];
    random.fill(&mut byte);
    usize::from(byte[0]) % most
}

/// Customers whose owners, departments, regions, collaborators and ends are drawn.
async fn world(org: &Org<'_>, admin: &Person, random: &SeededRandomness) -> Vec<String> {
    let departments = ["Sales East", "Sales West", "Services", "Headquarters"];
    let (sql, mut all) = (org.sql().await, Vec::new());
    for _ in 0..14 {
        let region = ["CN-SH", "CN-BJ"][draw(random, 2)];
        let mut body = json!({"fields": {"name": "张三"}, "region": region});
        body["owner_id"] = json!(org.user_id(["sales_a", "sales_b", "sales_c", "admin"][draw(random, 4)]));
        body["department_id"] = json!(org.department_id(departments[draw(random, 4)]));
        let id = admin.post("/v1/customers", &body).await.shows(201).id();
        for who in NAMED.iter().filter(|_| draw(random, 3) == 0) {
            let end = ["NULL", "clock_timestamp() - interval '1 second'", "clock_timestamp() + interval '1 day'"]
                [draw(random, 3)];
            let insert = format!(
                "INSERT INTO customer_collaborators (organization_id, customer_id, user_id, added_at, added_by, ends_at) \
                 VALUES ($1, $2::text::uuid, $3, clock_timestamp(), $3, {end}) ON CONFLICT DO NOTHING"
            );
            sql.execute(&insert, &[&org.id, &id, &org.user_id(who)]).await.unwrap();
        }
        all.push(id);
    }
    all
}

#[tokio::test]
async fn a_list_shows_exactly_those_whom_a_single_read_shows() {
    for seed in 0..3 {
        let org = Org::found().await;
        let admin = org.admin().await;
        let all = world(&org, &admin, &SeededRandomness::new(seed)).await;
        let mut reached = 0;
        for person in
            [org.sales_a().await, org.sales_b().await, org.sales_c().await, org.manager().await, admin.clone()]
        {
            let page = person.get("/v1/customers?limit=200&count=true").await.shows(200);
            let listed: BTreeSet<String> = ids(&page.json()).into_iter().collect();
            let mut read = BTreeSet::new();
            for id in &all {
                match person.get(&path(id)).await.status {
                    200 => drop(read.insert(id.clone())),
                    status => assert_eq!(status, 404),
                }
            }
            assert_eq!(listed, read, "seed {seed}");
            assert_eq!(page.at("/count"), read.len());
            reached += usize::from(!read.is_empty() && read.len() < all.len());
        }
        assert!(reached > 1, "seed {seed}: nobody reached some and not others");
    }
}
