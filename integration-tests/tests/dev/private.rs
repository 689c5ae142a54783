//! `custodian dev`: one folder, one command, and a sentence for what stands in the way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::program::{Folder, Program, person, run};
use crate::support::Caller;

const PEOPLE: [&str; 9] =
    ["admin", "dpo", "manager", "sales_a", "sales_b", "finance", "support", "marketing", "auditor"];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_private_instance_tells_all_it_takes_to_use_it_and_keeps_it() {
    let folder = Folder::new();
    let (mut program, facts) = Program::dev(&folder.0, &[]);
    for name in ["base_url", "metrics_url", "database_url", "owner_database_url", "organization_id", "partner_api_key"]
    {
        assert!(facts[name].is_string(), "{name}");
    }
    assert_eq!(mode(&folder.0.join("dev.json")), 0o600);
    assert_eq!(mode(&folder.0.join("root.key")), 0o400);
    for secret in ["secrets.json", "postgres/password"] {
        assert_eq!(mode(&folder.0.join(secret)) & 0o077, 0, "{secret} is for its owner alone");
    }
    for key in PEOPLE {
        let me = person(&facts, key).await.get("/v1/me").await.shows(200);
        assert_eq!(
            (me.at("/id"), me.at("/email")),
            (facts["users"][key]["id"].clone(), facts["users"][key]["email"].clone())
        );
        assert!(program.printed().contains(facts["users"][key]["password"].as_str().unwrap()), "the table lists {key}");
    }
    let admin = person(&facts, "admin").await;
    let [a, b, above] = [
        account(&admin, &facts, "sales_a").await,
        account(&admin, &facts, "sales_b").await,
        account(&admin, &facts, "manager").await,
    ];
    assert_ne!(a["department_id"], b["department_id"]);
    assert_eq!((&a["supervisor_id"], &b["supervisor_id"]), (&above["id"], &above["id"]));
    let count =
        |caller: Caller| async move { caller.get("/v1/customers?count=true&limit=1").await.shows(200).at("/count") };
    assert_eq!(count(Caller::clone(&admin)).await, 1_000);
    assert_eq!(count(Caller::clone(&*person(&facts, "manager").await)).await, 1_000);
    let key = vec![("x-api-key".to_owned(), facts["partner_api_key"].as_str().unwrap().to_owned())];
    let partner = Caller::new(facts["base_url"].as_str().unwrap(), key);
    assert_eq!(count(partner).await, 1_001, "and the row about nobody that its feed carries");
    let made = admin.post("/v1/customers", &json!({"fields": {"name": "留下"}})).await.shows(201);

    refuses_a_second_start(&folder.0, &facts).await;

    program.signal("INT");
    assert!(program.ended().success(), "{}", program.said());
    assert!(!folder.0.join("dev.json").exists(), "what it says is no longer true");
    assert!(!folder.0.join("postgres/data/postmaster.pid").exists(), "Postgres stops with it");
    let (_program, again) = Program::dev(&folder.0, &[]);
    for name in ["organization_id", "users", "partner_api_key"] {
        assert_eq!(again[name], facts[name], "{name}");
    }
    let admin = person(&again, "admin").await;
    admin.get(&format!("/v1/customers/{}", made.id())).await.shows(200);
    assert_eq!(count(Caller::clone(&admin)).await, 1_001);
}

async fn account(admin: &Caller, facts: &Value, key: &str) -> Value {
    admin.get(&format!("/v1/users/{}", facts["users"][key]["id"].as_str().unwrap())).await.shows(200).json()
}

/// A second start in the folder of a running instance, on its port and on another.
async fn refuses_a_second_start(folder: &Path, facts: &Value) {
    let address = facts["base_url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let (code, _, said) = run(&["dev", "--data-dir", folder.to_str().unwrap(), "--bind", address], &[]);
    assert!(code != 0 && said.contains(address) && said.contains("taken"), "{said}");
    let (code, _, said) = run(&Program::dev_arguments(folder), &[]);
    assert!(code != 0 && said.lines().count() == 1 && said.contains(folder.to_str().unwrap()), "{said}");
    let kept: Value = serde_json::from_slice(&fs::read(folder.join("dev.json")).unwrap()).unwrap();
    assert_eq!(&kept, facts, "the running instance is not touched");
    Caller::new(facts["base_url"].as_str().unwrap(), Vec::new()).get("/health/ready").await.shows(200);
}

#[tokio::test]
async fn an_empty_instance_has_people_and_no_customers_and_passwords_of_its_own() {
    let (one, other) = (Folder::new(), Folder::new());
    let (_one, facts) = Program::dev(&one.0, &["--empty"]);
    let (_other, others) = Program::dev(&other.0, &["--empty"]);
    let admin = person(&facts, "admin").await;
    assert_eq!(admin.get("/v1/customers?count=true").await.shows(200).at("/count"), 0);
    for key in PEOPLE {
        assert_ne!(facts["users"][key]["password"], others["users"][key]["password"], "{key}");
    }
    assert_ne!(facts["partner_api_key"], others["partner_api_key"]);
    assert_ne!(fs::read(one.0.join("root.key")).unwrap(), fs::read(other.0.join("root.key")).unwrap());
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence() {
    let folder = Folder::new();
    let file = folder.0.join("file");
    fs::write(&file, "x").unwrap();
    let foreign = folder.0.join("foreign");
    fs::create_dir_all(foreign.join("postgres")).unwrap();
    fs::write(foreign.join("postgres/important"), "x").unwrap();
    for (arguments, word) in [
        (vec!["dev", "--data-dir", file.to_str().unwrap(), "--bind", "127.0.0.1:0"], "file"),
        (vec!["dev", "--data-dir", foreign.to_str().unwrap(), "--bind", "127.0.0.1:0"], "foreign"),
        (
            vec!["dev", "--data-dir", folder.0.to_str().unwrap(), "--bind", "127.0.0.1:0", "--set", "loglevel=x"],
            "LOGLEVEL",
        ),
        (
            vec!["dev", "--data-dir", folder.0.to_str().unwrap(), "--bind", "127.0.0.1:0", "--set", "workers"],
            "name=value",
        ),
    ] {
        let (code, _, said) = run(&arguments, &[]);
        assert!(code != 0 && said.contains(word) && !said.contains("panicked"), "{arguments:?}: {said}");
    }
    assert_eq!(
        fs::read_to_string(foreign.join("postgres/important")).unwrap(),
        "x",
        "what it did not make it does not touch"
    );
    let (code, _, said) = run(&["serve"], &[]);
    for name in ["database_url", "root_key_file", "key_store_dir"] {
        assert!(code != 0 && said.contains(name), "every missing setting is named: {said}");
    }
}
