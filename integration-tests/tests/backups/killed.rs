//! A restore is killed, as often as `CUSTODIAN_KILLS` says, at any moment: the database is not served until it was run to its end.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Operator, people, rounds};
use crate::customers::path;
use crate::dev::program::{Program, until};
use crate::erasures::erase;
use crate::support::{Caller, Org, PASSWORD, Person, own_instance};

fn kills() -> u32 {
    std::env::var("CUSTODIAN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[tokio::test]
async fn a_restore_that_is_killed_serves_nobody_and_goes_on() {
    let service = own_instance(&[]);
    let (org, operator) = (Org::found_on(&service).await, Operator::of(&service));
    let (dpo, sales) = (org.dpo().await, org.sales_a().await);
    let everybody = people(&sales, 340..346).await;
    let backup = operator.backup();
    erase(&dpo, &everybody[2].0.to_string()).await.shows(202);
    rounds(&org).await;
    let database = operator.empty("killed").await;
    let sql = operator.sql("killed").await;
    let marked = "SELECT count(*) FROM pg_namespace WHERE nspname = 'custodian_restore'";
    for turn in 0..kills() {
        let mut program = Program::start(&operator.arguments(&backup, &database), &[]);
        let mut begun = 0_i64;
        while begun == 0 && program.runs() {
            begun = sql.query_one(marked, &[]).await.unwrap().get(0);
        }
        // Later from turn to turn: in the load, in the replay, at the end.
        let mut left = Duration::from_millis(u64::from(turn) * 2_000 / u64::from(kills().max(1)));
        while program.runs() && !left.is_zero() {
            let step = left.min(Duration::from_millis(20));
            tokio::time::sleep(step).await;
            left -= step;
        }
        drop(program);
        if sql.query_one(marked, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            // It was faster than the power cut.
            break;
        }
        let (code, _, said) = operator.says_of(&["serve"], "killed");
        assert!(code != 0 && said.contains("is not finished"), "{said}");
    }
    if sql.query_one(marked, &[]).await.unwrap().get::<_, i64>(0) == 1 {
        // What the killed one held in the database is let go when the database notices.
        let done = until("the end of the restore", || {
            let (code, printed, said) = operator.restore(&backup, &database, &[]);
            let busy = said.contains("is under way");
            (!busy).then_some((code, printed, said))
        });
        assert_eq!(done.0, 0, "{}{}", done.1, done.2);
    }
    let (_program, url) = operator.serve("killed");
    let body = json!({"email": sales.email, "password": PASSWORD});
    let answer = Caller::new(&url, Vec::new()).post("/v1/auth/login", &body).await.shows(200);
    let again = Person::of(&url, Uuid::nil(), &sales.email, &answer);
    for (at, (id, name)) in everybody.iter().enumerate() {
        let answer = again.get(&path(&id.to_string())).await;
        match at {
            2 => drop(answer.refuses(410, "erased")),
            _ => assert_eq!(&answer.shows(200).at("/fields/name"), name),
        }
    }
}
