//! A backup that is taken while people are erased and keys change: whatever moment it caught, it is put back with everybody who stays.

use super::{Operator, people, rounds};
use crate::dev::program::Program;
use crate::erasures::erase;
use crate::support::{Org, own_instance};

#[tokio::test]
async fn a_backup_that_is_taken_while_keys_change_is_put_back_whole() {
    let service = own_instance(&[]);
    let (org, operator) = (Org::found_on(&service).await, Operator::of(&service));
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let everybody = people(&sales, 380..392).await;
    let folder = operator.folder();
    let arguments = ["backup", "--config", &operator.config, "--to", folder.to_str().unwrap()];
    let mut program = Program::start(&arguments, &[]);
    let mut gone = 0;
    for (id, _) in everybody.iter().step_by(3) {
        erase(&dpo, &id.to_string()).await.shows(202);
        rounds(&org).await;
        gone += 1;
    }
    assert!(program.ended().success(), "{}", program.said());
    // What changes after its end changes, too.
    rounds(&org).await;
    let database = operator.empty("meanwhile").await;
    let (code, printed, said) = operator.restore(&folder, &database, &[]);
    assert_eq!(code, 0, "{printed}{said}");
    assert!(printed.contains(&format!("of {} people who stay", everybody.len() - gone)), "{printed}");
    let opened = operator.sql("meanwhile").await;
    let tombstones = "SELECT count(*) FROM customers WHERE erased_at IS NOT NULL AND wrapped_key = '' AND fields = ''";
    let count: i64 = opened.query_one(tombstones, &[]).await.unwrap().get(0);
    assert_eq!(usize::try_from(count).unwrap(), gone);
}
