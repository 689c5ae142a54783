//! `custodian org`: the first people of an organisation, and a role that nobody in it may give.

use serde_json::{Value, json};

use super::program::{differing, run, settings_of};
use crate::support::{Org, Person, Service, own_instance, try_log_in};

struct Operator<'s> {
    service: &'s Service,
    owner: String,
}

impl<'s> Operator<'s> {
    fn of(service: &'s Service) -> Self {
        let owner = service.settings.owner_database_url.as_ref().unwrap().expose().to_owned();
        Self { service, owner }
    }

    /// The exit code, what was printed, what was said.
    fn org(&self, arguments: &[&str]) -> (i32, String, String) {
        let settings = settings_of(self.service);
        let owner = [("CUSTODIAN_OWNER_DATABASE_URL", self.owner.as_str())];
        run(&[&["org"], arguments].concat(), &differing(&settings, &owner))
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], words: &str) {
        let (code, printed, said) = self.org(arguments);
        assert!(code != 0 && said.contains(words), "{printed}{said}");
    }
}

/// The word after another one.
fn after<'t>(text: &'t str, word: &str) -> &'t str {
    let mut words = text.split_whitespace().skip_while(|one| *one != word);
    words.nth(1).unwrap_or_else(|| panic!("no {word} in {text}"))
}

#[tokio::test]
async fn an_organisation_begins_with_the_people_whom_its_administrator_cannot_appoint() {
    let service = own_instance(&[]);
    let operator = Operator::of(&service);
    let (code, printed, said) = operator.org(&[
        "create",
        "--name",
        "Fresh",
        "--admin-email",
        "admin@fresh.example",
        "--appoint",
        "dpo=dpo@fresh.example",
        "--appoint",
        "auditor=auditor@fresh.example",
    ]);
    assert_eq!(code, 0, "{said}");
    let mut people = Vec::new();
    for role in ["admin", "dpo", "auditor"] {
        let (_, from) = printed.split_once(&format!("{role} ")).unwrap();
        let (email, password) = (from.split_whitespace().next().unwrap(), after(from, "password"));
        let answer = try_log_in(&service, email, password).await.shows(200);
        people.push(Person::of(&service.base_url, uuid::Uuid::nil(), email, &answer));
        let me = people.last().unwrap().get("/v1/me").await.shows(200);
        assert_eq!(me.at("/role_ids"), json!([role]));
    }
    let entries = people[2].get("/v1/audit/entries?action=organizations.create").await.shows(200);
    assert_eq!(entries.at("/data").as_array().map(Vec::len), Some(1), "{entries}");
    // The data protection officer gives the role on; the administrator could not.
    let all = people[0].get("/v1/users?role_id=auditor").await.shows(200);
    let roles = |person: &Person, roles: Value| {
        person
            .request("PUT", &format!("/v1/users/{}/roles", all.at("/data/0/id").as_str().unwrap()))
            .header("if-match", "*")
            .json(&roles)
    };
    roles(&people[0], json!({"role_ids": ["auditor", "dpo"]})).await.refuses(422, "invalid_body");
    roles(&people[1], json!({"role_ids": ["auditor", "dpo"]})).await.shows(200);
}

#[tokio::test]
async fn an_operator_gives_a_role_that_nobody_is_left_to_give() {
    let service = own_instance(&[]);
    let (operator, org) = (Operator::of(&service), Org::found_on(&service).await);
    let (id, email) = (org.id.to_string(), org.email("nobody"));
    let nobody = org.nobody().await;
    nobody.get("/v1/audit/entries").await.refuses(403, "forbidden");
    let appoint = |email: &'_ str, role: &'_ str| {
        operator.org(&["appoint", "--organization", &id, "--email", email, "--role", role])
    };
    let (code, printed, said) = appoint(&email.to_uppercase(), "auditor");
    assert_eq!((code, printed.trim()), (0, format!("{} has the role auditor.", nobody.id).as_str()), "{said}");
    let again = appoint(&email, "auditor");
    assert_eq!(again.0, 0, "{}", again.2);
    let nobody = org.nobody().await;
    let entries = nobody.get("/v1/audit/entries?action=users.update").await.shows(200);
    assert_eq!(entries.at("/data").as_array().map(Vec::len), Some(1), "asked twice, given once: {entries}");
    assert_eq!(
        (entries.at("/data/0/actor/kind"), entries.at("/data/0/details/roles")),
        (json!("system"), json!(["auditor"])),
        "{entries}"
    );
    let other = Org::found_on(&service).await;
    for (email, role, words) in [
        (email.clone(), "admin", "may not meet"),
        (email.clone(), "root", "no such role"),
        (other.email("nobody"), "auditor", "Nobody who is active"),
        ("nobody@nowhere.example".to_owned(), "auditor", "Nobody who is active"),
    ] {
        let (code, printed, said) = appoint(&email, role);
        assert!(code != 0 && said.contains(words), "{role}: {printed}{said}");
    }
    org.sql().await.execute("UPDATE users SET state = 'suspended' WHERE id = $1", &[&nobody.id]).await.unwrap();
    let (code, _, said) = appoint(&email, "dpo");
    assert!(code != 0 && said.contains("Nobody who is active"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_founded_is_not() {
    let service = own_instance(&[]);
    let operator = Operator::of(&service);
    let with =
        |more: &[&'static str]| [&["create", "--name", "Fresh", "--admin-email", "a@fresh.example"], more].concat();
    operator.refused(&with(&["--appoint", "dpo=A@fresh.example"]), "address of their own");
    operator.refused(&with(&["--appoint", "root=b@fresh.example"]), "no such role");
    operator.refused(&with(&["--appoint", "dpo"]), "ROLE=ADDRESS");
    operator.refused(&with(&["--appoint", "dpo=nowhere"]), "no e-mail address");
    let sql = Org::found_on(&service).await.sql().await;
    let count = sql.query_one("SELECT count(*) FROM organizations WHERE name = 'Fresh'", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 0);
}
