//! The demo organisation: departments, people of every built-in role, a partner key and generated customers.

use std::collections::BTreeMap;
use std::sync::Arc;

use custodian_application::api_keys::NewApiKey;
use custodian_application::auth::{hash_password, identity_of_user};
use custodian_application::imports::{self, Mapping, Upload, UploadOptions};
use custodian_application::organizations::{Founder, NewDepartment, found, found_api_key};
use custodian_application::{App, Call};
use custodian_crypto::Randomness;
use custodian_domain::kernel::{DomainError, OrganizationId, SessionId, UserId};
use custodian_persistence::{Database, jobs};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::people;

/// How many customers the demo organisation has.
const CUSTOMERS: u64 = 1_000;

/// One person of the demo organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Account id.
    pub id: Uuid,
    /// Log-in address.
    pub email: String,
    /// Password, random for this data folder.
    pub password: String,
}

/// What the demo organisation needs to be used. Holds passwords: written with mode 0600 only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Demo {
    /// The organisation.
    pub organization_id: OrganizationId,
    /// People by the name that the documents call them.
    pub users: BTreeMap<String, Person>,
    /// The partner's key.
    pub partner_api_key: String,
}

struct Role {
    key: &'static str,
    email: &'static str,
    name: &'static str,
    role: &'static str,
    department: usize,
    supervisor: Option<usize>,
}

const fn role(
    key: &'static str,
    email: &'static str,
    name: &'static str,
    role: &'static str,
    department: usize,
    supervisor: Option<usize>,
) -> Role {
    Role { key, email, name, role, department, supervisor }
}

/// Index in this list is what `supervisor` names.
const PEOPLE: [Role; 10] = [
    role("admin", "admin@demo.example", "Administrator", "admin", 0, None),
    role("dpo", "dpo@demo.example", "Data protection officer", "dpo", 6, Some(0)),
    role("manager", "manager@demo.example", "Sales manager", "manager", 1, Some(0)),
    role("sales_a", "sales.a@demo.example", "Sales A", "sales", 2, Some(2)),
    role("sales_b", "sales.b@demo.example", "Sales B", "sales", 3, Some(2)),
    role("sales_c", "sales.c@demo.example", "Sales C", "sales", 2, Some(2)),
    role("finance", "finance@demo.example", "Finance", "finance", 4, Some(0)),
    role("support", "support@demo.example", "Support", "support", 5, Some(0)),
    role("marketing", "marketing@demo.example", "Marketing", "marketing", 7, Some(0)),
    role("auditor", "auditor@demo.example", "Auditor", "auditor", 6, None),
];

const DEPARTMENTS: [(&str, Option<usize>); 8] = [
    ("Headquarters", None),
    ("Sales", Some(0)),
    ("Sales East", Some(1)),
    ("Sales West", Some(1)),
    ("Finance", Some(0)),
    ("Support", Some(0)),
    ("Compliance", Some(0)),
    ("Marketing", Some(0)),
];

/// Founds the demo organisation; `customers` says whether it gets any.
pub async fn create(app: &App, owner: &Database, customers: bool) -> Result<Demo, DomainError> {
    let passwords: Vec<String> = PEOPLE.iter().map(|_| password(app.rng())).collect();
    let hashing = app.clone();
    let texts = passwords.clone();
    let hashes =
        tokio::task::spawn_blocking(move || texts.iter().map(|text| hash_password(&hashing, text)).collect::<Vec<_>>())
            .await
            .map_err(|_| DomainError::internal("hashing ended early"))?;
    let people: Vec<Founder> = PEOPLE
        .iter()
        .zip(hashes)
        .map(|(person, password_hash)| Founder {
            email: person.email.into(),
            name: person.name.into(),
            password_hash,
            roles: vec![person.role.into()],
            department: Some(person.department),
            supervisor: person.supervisor,
        })
        .collect();
    let tree: Vec<NewDepartment> =
        DEPARTMENTS.iter().map(|(name, parent)| NewDepartment { name: (*name).into(), parent: *parent }).collect();
    let founded = found(app, owner, "Demo", &tree, &people).await?;
    let admin = founded.people.first().copied().ok_or_else(|| DomainError::internal("no administrator"))?;
    let key = found_api_key(app, founded.organization, partner_key(), admin).await?;
    let users: BTreeMap<String, Person> = PEOPLE
        .iter()
        .zip(founded.people.iter().zip(passwords))
        .map(|(person, (id, password))| {
            (person.key.to_owned(), Person { id: id.uuid(), email: person.email.into(), password })
        })
        .collect();
    if customers {
        for (key, numbers) in [("sales_a", 0..CUSTOMERS / 2), ("sales_b", CUSTOMERS / 2..CUSTOMERS)] {
            if let Some(person) = users.get(key) {
                import(app, founded.organization, UserId::from(person.id), numbers).await?;
            }
        }
    }
    Ok(Demo { organization_id: founded.organization, users, partner_api_key: key.expose().to_owned() })
}

fn partner_key() -> NewApiKey {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    NewApiKey {
        third_party: "SMS gateway".into(),
        name: "demo".into(),
        permissions: texts(&["customers.read", "catalog.read"]),
        fields: texts(&["customer_no", "name", "mobile", "province"]),
        purposes: Vec::new(),
        ip_ranges: Vec::new(),
        expires_at: None,
        daily_quota: None,
    }
}

/// Generated customers come in through the same door as a sales team's file.
async fn import(
    app: &App,
    organization: OrganizationId,
    user: UserId,
    numbers: std::ops::Range<u64>,
) -> Result<(), DomainError> {
    let session = SessionId::from(Uuid::nil());
    let identity = identity_of_user(app, organization, user, session).await?.ok_or(DomainError::NotFound)?;
    let call = Call { identity: Arc::new(identity), request: "setup".into(), purpose: None };
    let mapping = Mapping::parse(call.customer(), &people::mapping())?;
    let options = UploadOptions::new_customers(mapping);
    let mut upload = Upload::begin(app, &call)?;
    upload.push(people::csv(numbers, app.rng()).as_bytes()).await?;
    upload.complete().await?;
    let work = app.begin(organization).await?;
    upload.queue(&work, &options).await?;
    work.commit().await?;
    while let Some(claim) = jobs::claim(app.db(), app.new_id(), 60.0).await? {
        imports::run(app, &claim).await?;
    }
    Ok(())
}

/// 18 characters of an alphabet without look-alikes: 104 bits.
pub fn password(rng: &dyn Randomness) -> String {
    const ALPHABET: &[u8; 56] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz2345678";
    let mut text = String::with_capacity(18);
    while text.len() < 18 {
        let mut byte = [0_u8; 1];
        rng.fill(&mut byte);
        // 224 is the last multiple of 56 in a byte: without this the first letters would come more often.
        if byte[0] < 224 {
            text.extend(ALPHABET.get(usize::from(byte[0] % 56)).map(|b| char::from(*b)));
        }
    }
    text
}
