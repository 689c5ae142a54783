//! The production door stays shut, with a sentence and without a trace, when what it needs is not as it must be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::audit::scene::settled;
use crate::dev::program::{
    Folder, Program, differing, dump, free_port, run, settings_of, superuser, superuser_url, until,
};
use crate::support::{Caller, Org, Service, own_instance};

/// Everything that a start may have written: the database's rows and schema, and the key store.
async fn traces(service: &Service) -> Vec<u8> {
    let mut all = dump(&service.data_dir, &[]).await;
    let mut folders = vec![service.settings.key_store_dir.clone()];
    while let Some(folder) = folders.pop() {
        let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for path in names {
            all.extend(path.to_string_lossy().bytes());
            if path.is_dir() { folders.push(path) } else { all.extend(fs::read(&path).unwrap()) }
        }
    }
    all
}

/// The traces once the service itself, which has just begun its first rounds, writes nothing more.
async fn at_rest(service: &Service) {
    let begun = Instant::now();
    let mut before = traces(service).await;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = traces(service).await;
        if now == before {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the service does not come to rest");
        before = now;
    }
}

fn new_key(folder: &Path) -> String {
    let path = folder.join("other.key");
    let (code, _, said) = run(&["keys", "generate", path.to_str().unwrap()], &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
    let (code, _, said) = run(&["keys", "generate", path.to_str().unwrap()], &[]);
    assert!(code != 0 && said.contains("never overwritten"), "{said}");
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_not_as_it_must_be_is_said_and_nothing_is_written() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let settings = settings_of(&service);
    let folder = Folder::new();
    let other_key = new_key(&folder.0);
    let empty = folder.0.join("empty-store");
    let open_key = folder.0.join("open.key");
    fs::copy(&service.settings.root_key_file, &open_key).unwrap();
    fs::set_permissions(&open_key, fs::Permissions::from_mode(0o644)).unwrap();
    let short_key = folder.0.join("short.key");
    fs::write(&short_key, "too short").unwrap();
    fs::set_permissions(&short_key, fs::Permissions::from_mode(0o400)).unwrap();
    let as_superuser = superuser_url(&service.data_dir);
    let as_owner = service.settings.owner_database_url.clone().unwrap().into_inner();
    let sql = superuser(&service.data_dir).await;
    settled(&sql, org.id).await;
    at_rest(&service).await;
    let future = "INSERT INTO audit_entries SELECT organization_id, 'ffffffff-ffff-7fff-bfff-ffffffffffff', customer_id, actor_id, action, verdict, entry, mac FROM audit_entries LIMIT 1";
    let past = "ALTER TABLE audit_entries DISABLE TRIGGER audit_append_only; \
        DELETE FROM audit_entries WHERE id = 'ffffffff-ffff-7fff-bfff-ffffffffffff'; \
        ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_append_only";
    let on = |name: &str| format!("ALTER SYSTEM RESET {name}; SELECT pg_reload_conf()");
    let off = |name: &str| format!("ALTER SYSTEM SET {name} = off; SELECT pg_reload_conf()");
    let nothing = (String::new(), String::new());
    let cases = [
        ("the root key is not the one", nothing.clone(), vec![("CUSTODIAN_ROOT_KEY_FILE", other_key.as_str())]),
        ("can be read by others", nothing.clone(), vec![("CUSTODIAN_ROOT_KEY_FILE", open_key.to_str().unwrap())]),
        ("must be 32 bytes", nothing.clone(), vec![("CUSTODIAN_ROOT_KEY_FILE", short_key.to_str().unwrap())]),
        ("key store is empty", nothing.clone(), vec![("CUSTODIAN_KEY_STORE_DIR", empty.to_str().unwrap())]),
        ("is a superuser", nothing.clone(), vec![("CUSTODIAN_DATABASE_URL", as_superuser.as_str())]),
        ("may change audit entries", nothing.clone(), vec![("CUSTODIAN_DATABASE_URL", as_owner.as_str())]),
        ("fsync=off", (off("fsync"), on("fsync")), vec![]),
        ("full_page_writes=off", (off("full_page_writes"), on("full_page_writes")), vec![]),
        ("synchronous_commit=off", (off("synchronous_commit"), on("synchronous_commit")), vec![]),
        ("before the last audit entry", (future.to_owned(), past.to_owned()), vec![]),
        (
            "may change audit entries",
            (
                "GRANT UPDATE ON audit_entries TO custodian_server".into(),
                "REVOKE UPDATE ON audit_entries FROM custodian_server".into(),
            ),
            vec![],
        ),
        (
            "may change audit entries",
            (
                "GRANT TRUNCATE ON audit_entries TO custodian_app".into(),
                "REVOKE TRUNCATE ON audit_entries FROM custodian_app".into(),
            ),
            vec![],
        ),
        (
            "bypasses row-level security",
            ("ALTER ROLE custodian_app BYPASSRLS".into(), "ALTER ROLE custodian_app NOBYPASSRLS".into()),
            vec![],
        ),
    ];
    for (sentence, (before, after), differs) in cases {
        for statement in before.split("; ").filter(|text| !text.is_empty()) {
            sql.batch_execute(statement).await.unwrap();
        }
        let was = traces(&service).await;
        let (code, _, said) = run(&["serve"], &differing(&settings, &differs));
        assert!(
            code != 0 && said.to_lowercase().contains(&sentence.to_lowercase()) && !said.contains("panicked"),
            "{sentence}: {said}"
        );
        assert!(traces(&service).await == was, "{sentence}: something was written");
        for statement in after.split("; ").filter(|text| !text.is_empty()) {
            sql.batch_execute(statement).await.unwrap();
        }
    }
    refuses_an_old_schema(&service, &settings).await;
    serves(&settings).await;
    drop(org);
}

async fn refuses_an_old_schema(service: &Service, settings: &[(&'static str, String)]) {
    let owner = service.settings.owner_database_url.clone().unwrap().into_inner();
    let as_owner = differing(settings, &[("CUSTODIAN_OWNER_DATABASE_URL", owner.as_str())]);
    let (code, printed, said) = run(&["migrate", "--down", "1"], &as_owner);
    assert_eq!(code, 0, "{printed}{said}");
    let was = traces(service).await;
    let (code, _, said) = run(&["serve"], &differing(settings, &[]));
    assert!(code != 0 && said.contains("lacks 1 migration") && said.contains("custodian migrate"), "{said}");
    assert!(traces(service).await == was);
    assert_eq!(run(&["migrate"], &as_owner).0, 0);
}

/// With everything right again it serves: the refusals above were about what they said.
async fn serves(settings: &[(&'static str, String)]) {
    let address = format!("127.0.0.1:{}", free_port());
    let mut program = Program::start(&["serve"], &differing(settings, &[("CUSTODIAN_BIND", address.as_str())]));
    until("the listener", || {
        assert!(program.runs(), "{}", program.said());
        std::net::TcpStream::connect(&address).ok()
    });
    Caller::new(&format!("http://{address}"), Vec::new()).get("/health/ready").await.shows(200);
    program.signal("TERM");
    assert!(program.ended().success());
}
