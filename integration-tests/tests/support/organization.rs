//! An organisation of one's own: founded for one test, seen by no other.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use custodian_application::organizations::{Founded, Founder, NewDepartment, found};
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{Partner, Person, Service, customer, shared};

/// Departments: a tree with two teams beneath sales.
const DEPARTMENTS: [(&str, Option<usize>); 5] = [
    ("Headquarters", None),
    ("Sales", Some(0)),
    ("Sales East", Some(1)),
    ("Sales West", Some(1)),
    ("Services", Some(0)),
];

/// Name, role, department, supervisor. Sales A and sales C sit in one department, sales B in another, the manager above all three.
const PEOPLE: [(&str, &str, usize, Option<usize>); 11] = [
    ("admin", "admin", 0, None),
    ("dpo", "dpo", 0, Some(0)),
    ("manager", "manager", 1, Some(0)),
    ("sales_a", "sales", 2, Some(2)),
    ("sales_b", "sales", 3, Some(2)),
    ("sales_c", "sales", 2, Some(2)),
    ("finance", "finance", 4, Some(0)),
    ("support", "support", 4, Some(0)),
    ("marketing", "marketing", 4, Some(0)),
    ("auditor", "auditor", 0, None),
    ("nobody", "", 4, Some(0)),
];

/// An organisation with one person of every role, and one without any.
pub struct Org<'s> {
    /// Its id.
    pub id: Uuid,
    service: &'s Service,
    founded: Founded,
    name: String,
}

macro_rules! people {
    ($($name:ident)*) => {
        impl Org<'_> {
            $(#[doc = concat!("Logs ", stringify!($name), " in.")]
            pub async fn $name(&self) -> Person {
                self.person(stringify!($name)).await
            })*
        }
    };
}

people! { admin dpo manager sales_a sales_b sales_c finance support marketing auditor nobody }

impl Org<'static> {
    /// On the shared service.
    pub async fn found() -> Self {
        Self::found_on(shared()).await
    }
}

impl<'s> Org<'s> {
    /// On another service.
    pub async fn found_on(service: &'s Service) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("org{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let people: Vec<Founder> = PEOPLE
            .iter()
            .map(|(key, role, department, supervisor)| Founder {
                email: address(key, &name),
                name: (*key).to_owned(),
                password_hash: service.password_hash.clone(),
                roles: Some(*role).filter(|role| !role.is_empty()).map(str::to_owned).into_iter().collect(),
                department: Some(*department),
                supervisor: *supervisor,
            })
            .collect();
        let tree = DEPARTMENTS.map(|(name, parent)| NewDepartment { name: name.to_owned(), parent });
        let (app, owner, title) = (service.app.clone(), service.owner.clone(), name.clone());
        let founded = service.run(async move { found(&app, &owner, &title, &tree, &people).await }).await.unwrap();
        Self { id: founded.organization.uuid(), service, founded, name }
    }

    /// The service that it lives on.
    pub fn service(&self) -> &'s Service {
        self.service
    }

    /// The address that a person logs in with.
    pub fn email(&self, key: &str) -> String {
        address(key, &self.name)
    }

    /// The account of a person.
    pub fn user_id(&self, key: &str) -> Uuid {
        let at = PEOPLE.iter().position(|(known, ..)| *known == key).unwrap();
        self.founded.people[at].uuid()
    }

    /// A department by its name.
    pub fn department_id(&self, name: &str) -> Uuid {
        let at = DEPARTMENTS.iter().position(|(known, _)| *known == name).unwrap();
        self.founded.departments[at].uuid()
    }

    /// Logs a person in; each call opens a session of its own.
    pub async fn person(&self, key: &str) -> Person {
        Person::log_in(self.service, self.user_id(key), &self.email(key)).await
    }

    /// A partner with a key to these fields, bound to these purposes, with these permissions; each has a company of its own.
    pub async fn partner(&self, fields: &[&str], purposes: &[&str], permissions: &[&str]) -> Partner {
        self.partner_with(json!({"fields": fields, "purposes": purposes, "permissions": permissions})).await
    }

    /// A partner whose key differs in these members.
    pub async fn partner_with(&self, members: Value) -> Partner {
        let mut body = new_key();
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        let made = self.admin().await.post("/v1/api-keys", &body).await.shows(201);
        Partner::of(&self.service.base_url, &made)
    }

    /// A customer entered by somebody; answers its id.
    pub async fn customer_of(&self, person: &Person) -> String {
        person.post("/v1/customers", &customer()).await.shows(201).id()
    }

    /// The database as its owner, with this organisation's rows open.
    pub async fn sql(&self) -> Client {
        self.service.sql(self.id).await
    }

    /// Returns once somebody waits for what this connection holds.
    pub async fn waited_for(&self, holder: &Client) {
        let own: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let (sql, begun) = (self.sql().await, Instant::now());
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))";
        while sql.query_one(waiting, &[&own]).await.unwrap().get::<_, i64>(0) == 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits");
            tokio::task::yield_now().await;
        }
    }
}

/// A body for `POST /v1/api-keys`; the company is a new one each time.
pub fn new_key() -> Value {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    json!({"third_party": format!("Partner {number}"), "name": "test", "permissions": ["customers.read"], "fields": ["customer_no", "name", "mobile"]})
}

fn address(key: &str, organization: &str) -> String {
    format!("{key}@{organization}.example")
}
