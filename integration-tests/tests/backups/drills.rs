//! Backups are put back to try them, beside the running service, and what came of it is there to be read by those who watch over it.

use std::fs;

use serde_json::json;

use super::{Operator, people, rounds};
use crate::customers::path;
use crate::dev::program::{run, superuser};
use crate::erasures::erase;
use crate::support::{Org, fresh_folder, own_instance};

impl Operator<'_> {
    fn drill(&self, settings: &[(&str, &str)]) -> (i32, String, String) {
        let (from, work) = (self.folder(), self.service.data_dir.parent().unwrap().to_owned());
        let arguments = ["backup", "drill", "--config", &self.config, "--from", from.to_str().unwrap()];
        run(&[arguments.as_slice(), &["--work-dir", work.to_str().unwrap()]].concat(), settings)
    }
}

#[tokio::test]
async fn a_drill_tries_the_newest_backup_and_touches_nothing_of_the_service() {
    let service = own_instance(&[]);
    let (org, operator) = (Org::found_on(&service).await, Operator::of(&service));
    let (auditor, dpo, sales) = (org.auditor().await, org.dpo().await, org.sales_a().await);
    let everybody = people(&sales, 360..366).await;
    let none = auditor.get("/v1/backups").await.shows(200);
    assert_eq!((none.at("/data"), none.at("/health")), (json!([]), json!("missing")));
    operator.backup();
    assert_eq!(auditor.get("/v1/backups").await.shows(200).at("/health"), "undrilled");
    erase(&dpo, &everybody[1].0.to_string()).await.shows(202);
    rounds(&org).await;
    let files = || {
        let keys = fs::read_dir(service.settings.key_store_dir.join(org.id.to_string())).unwrap();
        let mut names: Vec<_> = keys.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        (names, fs::read(service.settings.security_ledger_file.as_ref().unwrap()).unwrap())
    };
    let before = files();
    let (code, printed, said) = operator.drill(&[]);
    assert_eq!(code, 0, "{printed}{said}");
    assert!(printed.contains("somebody planted as erased was erased, and a broken key was found"), "{printed}");
    assert!(printed.contains("2 erased again") && printed.contains("of 4 people who stay"), "{printed}");
    assert!(files() == before, "neither the key store nor the ledger was written to");
    for (at, (id, name)) in everybody.iter().enumerate() {
        let answer = sales.get(&path(&id.to_string())).await;
        match at {
            1 => drop(answer.refuses(410, "erased")),
            _ => assert_eq!(&answer.shows(200).at("/fields/name"), name),
        }
    }
    let listed = auditor.get("/v1/backups").await.shows(200);
    assert_eq!(listed.at("/health"), "sound");
    let drill = listed.at("/data/0/last_drill");
    assert_eq!(
        (&drill["outcome"], &drill["controlled"], &drill["people_opened"], &drill["erased_again"]),
        (&json!("passed"), &json!(true), &json!(4), &json!(2))
    );
    assert_eq!(listed.at("/data/0/sha256").as_str().unwrap().len(), 64);

    let none = fresh_folder();
    let (code, printed, said) = operator.drill(&[("CUSTODIAN_SECURITY_LEDGER_FILE", none.to_str().unwrap())]);
    assert!(code != 0 && said.contains("0 line(s)"), "{printed}{said}");
    let listed = auditor.get("/v1/backups").await.shows(200);
    assert_eq!(
        (listed.at("/health"), listed.at("/data/0/last_drill/outcome")),
        (json!("drill_failed"), json!("refused"))
    );
}

#[tokio::test]
async fn backups_are_read_by_those_who_watch_over_the_service_newest_first_and_it_is_on_record() {
    let service = own_instance(&[]);
    let (org, operator) = (Org::found_on(&service).await, Operator::of(&service));
    let (admin, auditor, sales) = (org.admin().await, org.auditor().await, org.sales_a().await);
    let places = [operator.backup(), operator.backup()];
    let listed = admin.get("/v1/backups").await.shows(200);
    let ids: Vec<String> = (0..2).map(|at| listed.text_at(&format!("/data/{at}/id"))).collect();
    assert!(listed.text_at("/data/0/taken_at") > listed.text_at("/data/1/taken_at"), "{listed}");
    assert!(listed.at("/data/0/age_seconds").as_i64().unwrap() >= 0 && listed.at("/data/0/last_drill").is_null());
    let bytes = fs::metadata(places[1].join("database.dump")).unwrap().len();
    assert_eq!(listed.at("/data/0/bytes"), json!(bytes));
    let first = auditor.get("/v1/backups?limit=1").await.shows(200);
    assert_eq!(first.text_at("/data/0/id"), ids[0]);
    let next = first.text_at("/next_cursor");
    let second = auditor.get(&format!("/v1/backups?limit=1&cursor={next}")).await.shows(200);
    assert_eq!((second.text_at("/data/0/id"), second.at("/next_cursor")), (ids[1].clone(), json!(null)));
    sales.get("/v1/backups").await.refuses(403, "forbidden");
    auditor.get("/v1/backups?limit=0").await.refuses(400, "invalid_query");
    let told = "SELECT count(*) FROM audit_entries WHERE organization_id = $1 AND action = $2";
    let sql = superuser(&service.data_dir).await;
    for (action, times) in [("backups.take", 2_i64), ("backups.read", 3)] {
        let count: i64 = sql.query_one(told, &[&org.id, &action]).await.unwrap().get(0);
        assert!(count >= times, "{action}: {count}");
    }
}
