//! Bodies: what an operation does not know of, it does not take in silence.

use serde_json::json;

use super::operations::{Targets, operations};
use crate::support::{Caller, Org};

/// What only the server decides, wherever it stands.
const DECIDED_HERE: [&str; 5] = ["organization_id", "created_at", "approved_by", "key_version", "erased_at"];

#[tokio::test]
async fn no_operation_takes_a_member_that_the_server_decides() {
    let org = Org::found().await;
    let (asha, admin) = (org.sales_a().await, org.admin().await);
    let targets = Targets::fresh(&org, &asha, &admin).await;
    let (dpo, manager, me) = (org.dpo().await, org.manager().await, crate::self_service::somebody_in(&org).await);
    let callers: [&Caller; 5] = [&admin, &dpo, &manager, &asha, &me];
    let members = DECIDED_HERE.map(|name| (name, json!("x")));
    let (mut named, mut silent) = (0, Vec::new());
    // SCIM has clients send what a server need not know (RFC 7644, 3.3).
    for operation in operations().iter().filter(|operation| !operation.route.starts_with("/scim/")) {
        let mut told = None;
        for caller in callers {
            let Some(request) = operation.request_with(caller, &targets, &members) else { break };
            let answer = request.await;
            assert!((400..500).contains(&answer.status), "{}: {answer}", operation.name());
            let faults = answer.faults();
            let all =
                DECIDED_HERE.iter().all(|name| faults.contains(&(format!("/{name}"), "unknown_field".to_owned())));
            told = Some(told == Some(true) || all);
        }
        match told {
            Some(true) => named += 1,
            Some(false) => silent.push(operation.name()),
            None => {}
        }
    }
    assert_eq!(silent, Vec::<String>::new(), "refused, and not for these members");
    assert!(named > 25, "only {named} operations were reached");
}
