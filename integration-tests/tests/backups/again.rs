//! What ended after a backup ends again when it is put back; everybody who stays is there; and whoever stole the old dump opens nobody by it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use uuid::Uuid;

use super::{Operator, people, rounds};
use crate::customers::path;
use crate::dev::program::{postgres_program, superuser_url, until};
use crate::erasures::erase;
use crate::erasures::thief::{attack, copy_of, rows_of};
use crate::support::{Caller, Org, PASSWORD, Partner, Person, own_instance};

/// Logs somebody in at another address.
async fn log_in(url: &str, email: &str) -> Person {
    let body = json!({"email": email, "password": PASSWORD});
    let answer = Caller::new(url, Vec::new()).post("/v1/auth/login", &body).await.shows(200);
    Person::of(url, Uuid::nil(), email, &answer)
}

/// A partner's key at another address.
fn partner_at(url: &str, partner: &Partner) -> Caller {
    Caller::new(url, vec![("x-api-key".to_owned(), partner.secret.clone())])
}

async fn partner(org: &Org<'_>) -> Partner {
    org.partner(&["customer_no", "name"], &[], &["customers.read"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_put_back_brings_nobody_and_nothing_back() {
    let service = own_instance(&[]);
    let (org, operator) = (Org::found_on(&service).await, Operator::of(&service));
    let (admin, dpo, sales) = (org.admin().await, org.dpo().await, org.sales_a().await);
    let everybody = people(&sales, 300..308).await;
    let (revoked, rotated, kept) = (partner(&org).await, partner(&org).await, partner(&org).await);
    let consent = crate::consents::agreed(&sales, &dpo, &everybody[7].0.to_string()).await;
    let stolen = copy_of(&service.settings.key_store_dir);

    let backup = operator.backup();
    for name in ["database.dump", "manifest.jws"] {
        let mode = fs::metadata(backup.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let gone: Vec<Uuid> = everybody.iter().step_by(3).map(|(id, _)| *id).collect();
    for id in &gone {
        erase(&dpo, &id.to_string()).await.shows(202);
    }
    admin.act(&format!("/v1/api-keys/{}/revoke", revoked.key_id)).await.shows(200);
    admin.post(&format!("/v1/api-keys/{}/rotate", rotated.key_id), &json!({"overlap_minutes": 0})).await.shows(200);
    admin.act(&format!("/v1/users/{}/suspend", org.user_id("sales_b"))).await.shows(200);
    sales.post(&format!("/v1/consents/{consent}/withdraw"), &json!({})).await.shows(200);
    rounds(&org).await;

    let database = operator.empty("put_back").await;
    let (code, printed, said) = operator.restore(&operator.folder(), &database, &[]);
    assert_eq!(code, 0, "{printed}{said}");
    assert!(printed.contains("3 erased again") && printed.contains("5 from the keyring export"), "{printed}");
    let (code, found, said) = operator.says_of(&["audit", "fsck"], "put_back");
    assert_eq!(code, 0, "the log is sound under its new name: {found}{said}");

    // Before the database that was put back leaves the keys that both still open by.
    teeth(&operator, &org, &backup, &everybody, &gone).await;
    let (_program, url) = operator.serve("put_back");
    let again = log_in(&url, &sales.email).await;
    for (id, name) in &everybody {
        let answer = again.get(&path(&id.to_string())).await;
        match gone.contains(id) {
            true => drop(answer.refuses(410, "erased")),
            false => assert_eq!(&answer.shows(200).at("/fields/name"), name),
        }
    }
    assert_eq!(again.get(&format!("/v1/consents/{consent}")).await.shows(200).at("/state"), "withdrawn");
    partner_at(&url, &kept).get("/v1/customers").await.shows(200);
    for ended in [&revoked, &rotated] {
        assert_eq!(partner_at(&url, ended).get("/v1/customers").await.status, 401);
    }
    let old = Caller::new(&url, vec![("authorization".to_owned(), format!("Bearer {}", sales.access_token))]);
    assert_eq!(old.get("/v1/customers").await.status, 401, "no session outlives a restore");
    let stranger = Caller::new(&url, Vec::new());
    let refresh = stranger.post("/v1/auth/refresh", &json!({"refresh_token": sales.refresh_token})).await;
    assert_eq!(refresh.status, 401, "{refresh}");
    let suspended = json!({"email": org.email("sales_b"), "password": PASSWORD});
    assert_ne!(stranger.post("/v1/auth/login", &suspended).await.status, 200);

    let restored = operator.sql("put_back").await;
    until("the certificates of those who were erased again", || {
        let asked = restored.query_one("SELECT count(*) FROM erasures WHERE state = 'erased'", &[]);
        let count: i64 =
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(asked)).unwrap().get(0);
        (count == 3).then_some(())
    });
    let opened = attack(&org, &[&rows_of(&restored).await], &service.settings.key_store_dir);
    assert_eq!(opened.len(), 5, "what was put back opens those who stay, and nobody else");
    assert!(opened.iter().all(|id| !gone.contains(id)));
    let raw = operator.sql("raw").await;
    assert_eq!(attack(&org, &[&rows_of(&raw).await], &stolen).len(), everybody.len(), "the tool works");
    fs::remove_dir_all(stolen).unwrap();
}

/// Loads the old dump with nothing but PostgreSQL's own program, as a thief would, and tries what exists now on it.
async fn teeth(
    operator: &Operator<'_>,
    org: &Org<'_>,
    backup: &std::path::Path,
    everybody: &[(Uuid, serde_json::Value)],
    gone: &[Uuid],
) {
    operator.empty("raw").await;
    let url = operator.at(&superuser_url(&operator.service.data_dir), "raw");
    let program = postgres_program(&operator.service.data_dir, "pg_restore").await;
    let loaded =
        std::process::Command::new(program).args(["--dbname", &url]).arg(backup.join("database.dump")).output();
    let loaded = loaded.unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let (stolen, now) = (rows_of(&operator.sql("raw").await).await, rows_of(&org.sql().await).await);
    let opened = attack(org, &[&stolen, &now], &operator.service.settings.key_store_dir);
    assert!(opened.iter().all(|id| !gone.contains(id)), "0 of the erased");
    let stay: BTreeSet<Uuid> = everybody.iter().map(|(id, _)| *id).filter(|id| !gone.contains(id)).collect();
    assert_eq!(opened, stay, "all of those who stay, by what the live database has");
}
