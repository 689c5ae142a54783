//! A backup is not put back with less than must lie beside it, and nothing is loaded before that is known.

use std::fs;
use std::path::Path;

use super::{Operator, people, rounds};
use crate::erasures::erase;
use crate::support::{Org, fresh_folder, own_instance};

/// A copy of a file without its last lines.
fn without_end(file: &Path, lines: usize) -> String {
    let text = fs::read_to_string(file).unwrap();
    let all: Vec<&str> = text.lines().collect();
    let copy = fresh_folder();
    fs::write(&copy, all[..all.len() - lines].iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    copy.to_str().unwrap().to_owned()
}

fn copy(from: &Path, but: impl Fn(&str) -> bool) -> String {
    let to = fresh_folder();
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if !but(entry.file_name().to_str().unwrap()) {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    to.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn with_less_than_there_is_or_with_damage_nothing_is_put_back() {
    let service = own_instance(&[]);
    let (org, operator) = (Org::found_on(&service).await, Operator::of(&service));
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let everybody = people(&sales, 320..324).await;
    let backup = operator.backup();
    let keyrings = service.settings.keyring_export_dir.as_ref().unwrap();
    let before: Vec<_> = fs::read_dir(keyrings).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    erase(&dpo, &everybody[0].0.to_string()).await.shows(202);
    rounds(&org).await;
    let ledger = service.settings.security_ledger_file.as_ref().unwrap();
    let database = operator.empty("refused").await;
    let refused = |from: &Path, settings: &[(&str, &str)], word: &str| {
        let (code, printed, said) = operator.restore(from, &database, settings);
        assert!(code != 0 && said.contains(word), "{word}: {printed}{said}");
    };

    let short = without_end(ledger, 1);
    refused(&backup, &[("CUSTODIAN_SECURITY_LEDGER_FILE", &short)], "the audit log's last checkpoint says");
    let none = fresh_folder();
    refused(&backup, &[("CUSTODIAN_SECURITY_LEDGER_FILE", none.to_str().unwrap())], "0 line(s)");
    let old_anchor = without_end(service.settings.audit_anchor_file.as_ref().unwrap(), 0);
    fs::write(&old_anchor, "").unwrap();
    refused(&backup, &[("CUSTODIAN_AUDIT_ANCHOR_FILE", &old_anchor)], "older than the backup");
    let swapped = fs::read_to_string(ledger).unwrap();
    let (first, rest) = swapped.split_once('\n').unwrap();
    let forged = fresh_folder();
    fs::write(&forged, format!("{}\n{rest}", first.to_lowercase())).unwrap();
    refused(&backup, &[("CUSTODIAN_SECURITY_LEDGER_FILE", forged.to_str().unwrap())], "Line 1 ");

    let empty = copy(keyrings, |_| true);
    refused(&backup, &[("CUSTODIAN_KEYRING_EXPORT_DIR", &empty)], "is missing");
    let older = copy(keyrings, |name| !before.iter().any(|known| known == name));
    refused(&backup, &[("CUSTODIAN_KEYRING_EXPORT_DIR", &older)], "The newest keyring export");
    let damaged = copy(keyrings, |_| false);
    for file in fs::read_dir(&damaged).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&file).unwrap().replacen("\"version\":1", "\"version\":2", 1);
        fs::write(&file, text).unwrap();
    }
    refused(&backup, &[("CUSTODIAN_KEYRING_EXPORT_DIR", &damaged)], "damaged");

    let broken = copy(&backup, |_| false);
    let dump = Path::new(&broken).join("database.dump");
    let mut bytes = fs::read(&dump).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&dump, bytes).unwrap();
    refused(Path::new(&broken), &[], "It is damaged");
    let other = fresh_folder();
    fs::write(&other, [7_u8; 32]).unwrap();
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    refused(&backup, &[("CUSTODIAN_ROOT_KEY_FILE", other.to_str().unwrap())], "was not signed with this root key");

    let sql = operator.sql("refused").await;
    let made = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'custodian_restore')";
    assert_eq!(sql.query_one(made, &[]).await.unwrap().get::<_, i64>(0), 0, "nothing was loaded");
    let live = service.settings.owner_database_url.as_ref().unwrap().expose().to_owned();
    let (code, _, said) = operator.restore(&backup, &live, &[]);
    assert!(code != 0 && said.contains("is not empty"), "{said}");
    let (code, printed, said) = operator.restore(&backup, &database, &[]);
    assert_eq!(code, 0, "with everything it is put back: {printed}{said}");
}

#[tokio::test]
async fn without_the_keys_of_those_who_stay_the_database_stays_closed() {
    let service = own_instance(&[]);
    let (org, operator) = (Org::found_on(&service).await, Operator::of(&service));
    let everybody = people(&org.sales_a().await, 330..333).await;
    let backup = operator.backup();
    let database = operator.empty("closed").await;
    let keys = fresh_folder();
    fs::create_dir_all(keys.join(org.id.to_string())).unwrap();
    fs::copy(service.settings.key_store_dir.join("check-value"), keys.join("check-value")).unwrap();
    let kept = service.settings.key_store_dir.join(org.id.to_string());
    for entry in fs::read_dir(&kept).unwrap().map(Result::unwrap) {
        // Bucket 0 is the organisation's own; the people are in the next.
        if entry.file_name().to_str().unwrap().starts_with("00000-") {
            fs::copy(entry.path(), keys.join(org.id.to_string()).join(entry.file_name())).unwrap();
        }
    }
    let settings = [("CUSTODIAN_KEY_STORE_DIR", keys.to_str().unwrap())];
    let (code, printed, said) = operator.restore(&backup, &database, &settings);
    assert!(code != 0 && printed.contains("3 people cannot be opened"), "{printed}{said}");
    assert!(everybody.iter().all(|(id, _)| printed.contains(&id.to_string())), "{printed}");
    let (code, _, said) = operator.says_of(&["keys", "status"], "closed");
    assert!(code != 0 && said.contains("is not finished"), "{said}");
    let (code, printed, said) = operator.restore(&backup, &database, &[]);
    assert_eq!(code, 0, "with the key store that belongs to it, it goes on: {printed}{said}");
}
