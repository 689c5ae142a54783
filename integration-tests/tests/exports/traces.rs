//! A value turns up elsewhere: from which file?

use serde_json::json;

use super::{customers, entries, parted, ready, taken};
use crate::support::{Answer, Org, Person};

const TRACES: &str = "/v1/leak-traces";

async fn trace(person: &Person, value: &str) -> Answer {
    person.post(TRACES, &json!({"value": value})).await
}

#[tokio::test]
async fn any_value_of_the_decoy_names_the_file_who_had_it_and_why() {
    let org = Org::found().await;
    let ids = customers(&org, 3).await;
    let fields = json!(["name", "mobile", "email", "address", "wechat"]);
    let (manager, one) = ready(&org, json!({"fields": fields, "reason": "spring letters"})).await;
    let (_, other) = ready(&org, json!({"fields": fields})).await;
    let (people, decoys) = parted(&taken(&manager, &one.id()).await, &ids);
    let (_, others) = parted(&taken(&manager, &other.id()).await, &ids);
    let (decoy, dpo) = (&decoys[0], org.dpo().await);
    assert!(decoy[..6].iter().zip(&others[0]).all(|(one, other)| one != other), "{decoy:?} {others:?}");
    let mobile = decoy[2].trim_start_matches("'+86");
    let typed = [format!("{} {}", &mobile[..3], &mobile[3..]), decoy[3].to_uppercase(), format!(" {} ", decoy[4])];
    for value in decoy[..6].iter().chain(&typed) {
        let found = trace(&dpo, value).await.shows(200);
        assert_eq!((found.at("/source"), found.at("/export/id")), (json!("export"), json!(one.id())), "{value}");
        assert_eq!(found.at("/export/requester_id"), json!(manager.id));
        assert_eq!(found.at("/export/approver_ids"), json!([org.user_id("admin")]));
        assert_eq!(
            (found.at("/export/reason"), found.at("/export/state")),
            (json!("spring letters"), json!("downloaded"))
        );
    }
    assert_eq!(trace(&dpo, &others[0][3]).await.shows(200).at("/export/id"), json!(other.id()));
    for nobody in [people[0][1].as_str(), people[0][2].as_str(), &ids[0], "somebody@example.com", "..", &one.id()] {
        trace(&dpo, nobody).await.refuses(404, "not_found");
    }
    assert_eq!(entries(&org, "leak_traces.trace").await.len(), 9 + 1 + 6);
}

#[tokio::test]
async fn tracing_is_for_who_may_and_within_the_organisation() {
    let (org, other) = (Org::found().await, Org::found().await);
    let ids = customers(&org, 1).await;
    let (manager, export) = ready(&org, json!({})).await;
    let (_, decoys) = parted(&taken(&manager, &export.id()).await, &ids);
    trace(&manager, &decoys[0][2]).await.refuses(403, "forbidden");
    trace(&other.dpo().await, &decoys[0][2]).await.refuses(404, "not_found");
    trace(&org.auditor().await, &decoys[0][2]).await.shows(200);
    let log = entries(&org, "leak_traces.trace").await;
    assert!(!format!("{log:?}").contains(decoys[0][2].trim_start_matches('\'')), "the value is kept nowhere");
}
