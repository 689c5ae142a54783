//! The rows that SQL finds and the rows that the decision allows, over random worlds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Org, customer};

/// xorshift: the same worlds in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }
}

const DEPARTMENTS: [&str; 5] = ["Headquarters", "Sales", "Sales East", "Sales West", "Services"];
const REGIONS: [&str; 3] = ["CN-11", "CN-31", "CN-44"];
const SCOPES: [&str; 5] = ["own", "department", "department_tree", "region", "organization"];

#[tokio::test]
async fn what_sql_lists_and_counts_is_what_the_decision_lets_be_read() {
    let org = Org::found().await;
    let (admin, sql) = (org.admin().await, org.sql().await);
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    let mut customers = Vec::new();
    for _ in 0..40 {
        let mut body = customer();
        body["department_id"] = json!(org.department_id(draw.one(&DEPARTMENTS)));
        body["region"] = json!(draw.one(&REGIONS));
        body["owner_id"] = json!(org.user_id(draw.one(&["nobody", "sales_a", "sales_b"])));
        customers.push(admin.post("/v1/customers", &body).await.shows(201).id());
    }
    for scope in SCOPES {
        let body = json!({"code": scope, "labels": {"en": "x", "zh": "x"}, "permissions": ["customers.read"], "data_scope": scope});
        admin.post("/v1/roles", &body).await.shows(201);
    }
    let (mut partly, user) = (0, org.user_id("nobody"));
    for _ in 0..16 {
        let roles: Vec<&str> = SCOPES.into_iter().take(4).filter(|_| draw.below(3) == 0).collect();
        let roles = if roles.is_empty() { vec![draw.one(&SCOPES)] } else { roles };
        let regions: Vec<&str> = REGIONS.into_iter().filter(|_| draw.below(2) == 0).collect();
        let department = (draw.below(4) > 0).then(|| org.department_id(draw.one(&DEPARTMENTS)));
        sql.execute("DELETE FROM user_roles WHERE user_id = $1", &[&user]).await.unwrap();
        let give = "INSERT INTO user_roles (organization_id, user_id, role_code) SELECT $1, $2, unnest($3::text[])";
        sql.execute(give, &[&org.id, &user, &roles]).await.unwrap();
        let place = "UPDATE users SET department_id = $2, regions = $3 WHERE id = $1";
        sql.execute(place, &[&user, &department, &regions]).await.unwrap();
        let person = org.nobody().await;
        let mut allowed = BTreeSet::new();
        for id in &customers {
            let read = person.get(&format!("/v1/customers/{id}")).await;
            assert!([200, 404].contains(&read.status), "{read}");
            if read.status == 200 {
                allowed.insert(id.clone());
            }
        }
        let page = person.get("/v1/customers?limit=200&count=true").await.shows(200);
        let ids =
            |page: &Value| page.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        let listed: BTreeSet<String> = ids(&page.at("/data"));
        assert_eq!(listed, allowed, "{roles:?} {regions:?} {department:?}");
        assert_eq!(page.at("/count"), json!(allowed.len()), "{roles:?} {regions:?} {department:?}");
        partly += usize::from(!allowed.is_empty() && allowed.len() < customers.len());
    }
    assert!(partly > 5, "the worlds are too plain to tell anything: {partly}");
}
