//! Requests of people who turn out to be one: what was answered is fetched still, and what is asked twice is answered once.

use serde_json::{Value, json};

use super::duplicates::linked;
use super::{PATH, act, entries, file, proved, somebody};
use crate::customers::merge::merge;
use crate::customers::path;
use crate::support::{Answer, Org, Person};

async fn unmerge(person: &Person, stays: &str, merge: &str) -> Answer {
    let body = json!({"merge_id": merge, "reason": "Two brothers with one telephone"});
    person.post(&format!("{}/unmerge", path(stays)), &body).await
}

/// Whether a package, whose entries are stored as they are, holds a text.
fn holds(package: &Answer, text: &str) -> bool {
    package.bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A request for access that was answered, and whose package nobody has fetched.
async fn answered(dpo: &Person, customer: &str) -> String {
    let id = proved(dpo, customer, &json!({})).await;
    act(dpo, &id, "complete", &json!({})).await.shows(200);
    id
}

#[tokio::test]
async fn what_was_answered_before_a_merge_is_handed_out_once_with_the_data_of_the_one_that_they_are_now() {
    let org = Org::found().await;
    let (dpo, (stays, kept), (goes, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let (last, (_, further)) = (somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let (id, again) = (answered(&dpo, &goes).await, answered(&dpo, &goes).await);
    merge(&admin, &stays, &goes).await.shows(200);
    let fetched = format!("{PATH}/{id}/package");
    let package = dpo.get(&fetched).await.shows(200);
    assert!(holds(&package, &kept) && !holds(&package, &further));
    dpo.get(&fetched).await.refuses(410, "package_fetched");
    let told = entries(&org, "privacy_requests.package").await;
    assert_eq!((told.len(), &told[0]["customer"]), (1, &json!(stays)), "whose data it showed: {told:?}");
    merge(&admin, &last.0, &stays).await.shows(200);
    let package = dpo.get(&format!("{PATH}/{again}/package")).await.shows(200);
    assert!(holds(&package, &last.1), "all the way");
}

#[tokio::test]
async fn what_was_answered_before_a_merge_that_is_undone_is_theirs_again() {
    let org = Org::found().await;
    let (dpo, (stays, kept), (goes, gone)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let id = answered(&dpo, &goes).await;
    let merged = merge(&admin, &stays, &goes).await.shows(200).id();
    unmerge(&admin, &stays, &merged).await.shows(200);
    let package = dpo.get(&format!("{PATH}/{id}/package")).await.shows(200);
    assert!(holds(&package, &gone) && !holds(&package, &kept));
}

#[tokio::test]
async fn nothing_is_handed_out_of_somebody_who_was_merged_and_erased() {
    let org = Org::found().await;
    let (dpo, (stays, _), (goes, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let id = answered(&dpo, &goes).await;
    merge(&org.admin().await, &stays, &goes).await.shows(200);
    crate::erasures::erase(&dpo, &stays).await.shows(202);
    dpo.get(&format!("{PATH}/{id}/package")).await.refuses(410, "erased");
}

/// Two customers who are one person: one of them asked twice, and of the other a request is proved.
struct Two {
    stays: String,
    goes: String,
    /// Whoever of the two asked twice.
    others: String,
    own: String,
    first: String,
    second: String,
}

impl Two {
    async fn with_requests(org: &Org<'_>, dpo: &Person, proved_goes: bool) -> Self {
        let ((stays, _), (goes, _)) = (somebody(org).await, somebody(org).await);
        let (theirs, others) = if proved_goes { (&goes, stays.clone()) } else { (&stays, goes.clone()) };
        let first = file(dpo, &json!({"customer_id": others})).await.shows(201).id();
        let second = file(dpo, &json!({"customer_id": others})).await.shows(201).id();
        let own = proved(dpo, theirs, &json!({})).await;
        Self { stays, goes, others, own, first, second }
    }
}

#[tokio::test]
async fn of_two_who_are_one_the_proved_request_stands_and_the_others_are_answered_with_it() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    for proved_goes in [true, false] {
        let Two { stays, goes, others, own, first, second } = Two::with_requests(&org, &dpo, proved_goes).await;
        let other_right = file(&dpo, &json!({"customer_id": others, "right": "erasure"})).await.shows(201).id();
        merge(&admin, &stays, &goes).await.shows(200);
        assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("in_progress")), "proved, it stands");
        for id in [&first, &second] {
            assert_eq!(linked(&dpo, id).await, (json!(own), json!("received")));
        }
        assert_eq!(linked(&dpo, &other_right).await, (Value::Null, json!("received")));
        act(&dpo, &first, "extend", &json!({"reason": "Much is held."})).await.refuses(409, "duplicate_request");
        act(&dpo, &own, "complete", &json!({})).await.shows(200);
        for id in [&first, &second] {
            assert_eq!(linked(&dpo, id).await, (json!(own), json!("cancelled")));
        }
        assert_eq!(linked(&dpo, &other_right).await.1, "received");
    }
}

#[tokio::test]
async fn where_nothing_or_everything_is_proved_the_oldest_stands() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    for goes_first in [true, false] {
        for is_proved in [true, false] {
            let ((stays, _), (goes, _)) = (somebody(&org).await, somebody(&org).await);
            let (one, other) = if goes_first { (&goes, &stays) } else { (&stays, &goes) };
            let mut ids = Vec::new();
            for customer in [one, other] {
                ids.push(if is_proved {
                    proved(&dpo, customer, &json!({})).await
                } else {
                    file(&dpo, &json!({"customer_id": customer})).await.shows(201).id()
                });
            }
            merge(&admin, &stays, &goes).await.shows(200);
            assert_eq!(linked(&dpo, &ids[0]).await.0, Value::Null, "{goes_first} {is_proved}");
            assert_eq!(linked(&dpo, &ids[1]).await.0, json!(ids[0]), "{goes_first} {is_proved}");
        }
    }
}

#[tokio::test]
async fn a_merge_undone_leaves_each_with_a_request_that_stands() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    for proved_goes in [true, false] {
        let Two { stays, goes, own, first, second, .. } = Two::with_requests(&org, &dpo, proved_goes).await;
        let merged = merge(&admin, &stays, &goes).await.shows(200).id();
        unmerge(&admin, &stays, &merged).await.shows(200);
        assert_eq!(linked(&dpo, &own).await, (Value::Null, json!("in_progress")));
        assert_eq!(linked(&dpo, &first).await, (Value::Null, json!("received")), "it waits for nobody else's answer");
        assert_eq!(linked(&dpo, &second).await.0, json!(first));
        act(&dpo, &own, "complete", &json!({})).await.shows(200);
        assert_eq!(linked(&dpo, &first).await.1, "received");
    }
}

/// Whose a request is, as staff read it.
async fn whose(dpo: &Person, id: &str) -> Value {
    dpo.get(&format!("{PATH}/{id}")).await.shows(200).at("/customer_id")
}

#[tokio::test]
async fn what_was_answered_while_they_were_one_goes_back_and_hands_out_nobody_else_s_data() {
    let org = Org::found().await;
    let (dpo, (stays, kept), (goes, gone)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let id = proved(&dpo, &goes, &json!({})).await;
    let merged = merge(&admin, &stays, &goes).await.shows(200).id();
    act(&dpo, &id, "complete", &json!({})).await.shows(200);
    let later = answered(&dpo, &stays).await;
    unmerge(&admin, &stays, &merged).await.shows(200);
    assert_eq!(whose(&dpo, &id).await, json!(goes));
    assert_eq!(whose(&dpo, &later).await, json!(stays), "filed since, it stays");
    let package = dpo.get(&format!("{PATH}/{id}/package")).await.shows(200);
    assert!(holds(&package, &gone) && !holds(&package, &kept));
    let package = dpo.get(&format!("{PATH}/{later}/package")).await.shows(200);
    assert!(holds(&package, &kept) && !holds(&package, &gone));
}

#[tokio::test]
async fn what_was_answered_with_the_request_of_another_is_answered_by_itself_once_the_merge_is_undone() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    for (standing_goes, is_proved) in [(true, true), (true, false), (false, true), (false, false)] {
        let ((stays, _), (goes, _)) = (somebody(&org).await, somebody(&org).await);
        let (theirs, others) = if standing_goes { (&goes, &stays) } else { (&stays, &goes) };
        let standing = proved(&dpo, theirs, &json!({})).await;
        let own_again = file(&dpo, &json!({"customer_id": theirs})).await.shows(201).id();
        let other = if is_proved {
            proved(&dpo, others, &json!({})).await
        } else {
            file(&dpo, &json!({"customer_id": others})).await.shows(201).id()
        };
        let taken_back = file(&dpo, &json!({"customer_id": others})).await.shows(201).id();
        let state = linked(&dpo, &other).await.1;
        let merged = merge(&admin, &stays, &goes).await.shows(200).id();
        act(&dpo, &taken_back, "cancel", &json!({})).await.shows(200);
        act(&dpo, &standing, "complete", &json!({})).await.shows(200);
        assert_eq!(linked(&dpo, &other).await, (json!(standing), json!("cancelled")));
        unmerge(&admin, &stays, &merged).await.shows(200);
        assert_eq!(linked(&dpo, &standing).await, (Value::Null, json!("completed")));
        assert_eq!(linked(&dpo, &own_again).await, (json!(standing), json!("cancelled")), "their own was answered");
        assert_eq!(linked(&dpo, &taken_back).await.1, "cancelled", "nobody waits for it");
        assert_eq!(linked(&dpo, &other).await, (Value::Null, state), "{standing_goes} {is_proved}");
        let read = dpo.get(&format!("{PATH}/{other}")).await.shows(200);
        assert_eq!((read.at("/customer_id"), read.at("/closed_at")), (json!(others), Value::Null));
        let events = read.at("/events");
        assert_eq!(events.as_array().unwrap().last().unwrap()["kind"], "reopened", "{events}");
        if !is_proved {
            act(&dpo, &other, "verify", &json!({"method": "document"})).await.shows(200);
        }
        act(&dpo, &other, "complete", &json!({})).await.shows(200);
        dpo.get(&format!("{PATH}/{other}/package")).await.shows(200);
    }
}

#[tokio::test]
async fn of_several_that_are_open_again_one_stands_and_is_watched() {
    let org = Org::found().await;
    let (dpo, (stays, _), (goes, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    let standing = proved(&dpo, &goes, &json!({})).await;
    let merged = merge(&admin, &stays, &goes).await.shows(200).id();
    let first = file(&dpo, &json!({"customer_id": stays})).await.shows(201).id();
    let second = file(&dpo, &json!({"customer_id": stays})).await.shows(201).id();
    act(&dpo, &standing, "complete", &json!({})).await.shows(200);
    unmerge(&admin, &stays, &merged).await.shows(200);
    assert_eq!(linked(&dpo, &first).await, (Value::Null, json!("received")));
    assert_eq!(linked(&dpo, &second).await, (json!(first), json!("received")));
    let sql = org.sql().await;
    for passed in [
        "UPDATE privacy_requests SET due_at = clock_timestamp() - interval '1 day' WHERE id = $1::text::uuid",
        "UPDATE job_queue SET due_at = clock_timestamp() WHERE job_id = $1::text::uuid",
    ] {
        assert_eq!(sql.execute(passed, &[&first]).await.unwrap(), 1, "{passed}");
    }
    let told = super::times::said(&org, "privacy_requests.overdue", &first).await;
    assert_eq!(told["customer"], json!(stays));
    act(&dpo, &first, "verify", &json!({"method": "document"})).await.shows(200);
    act(&dpo, &first, "complete", &json!({})).await.shows(200);
    assert_eq!(linked(&dpo, &second).await, (json!(first), json!("cancelled")));
}

#[tokio::test]
async fn somebody_known_by_the_id_of_before_the_merge_files_and_is_proved_as_the_one_that_they_are_now() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let ((last, _), (stays, _), (goes, _)) = (somebody(&org).await, somebody(&org).await, somebody(&org).await);
    merge(&admin, &stays, &goes).await.shows(200);
    let id = file(&dpo, &json!({"customer_id": goes})).await.shows(201).id();
    let seen = act(&dpo, &id, "verify", &json!({"method": "document"})).await.shows(200);
    assert_eq!(seen.at("/customer_id"), json!(stays));
    merge(&admin, &last, &stays).await.shows(200);
    let unknown = json!({"right": "portability", "contact": {"field": "mobile", "value": "13999999999"}});
    let id = file(&dpo, &unknown).await.shows(201).id();
    let shown = json!({"method": "document", "customer_id": goes});
    let seen = act(&dpo, &id, "verify", &shown).await.shows(200);
    assert_eq!(seen.at("/customer_id"), json!(last), "all the way");
    crate::erasures::erase(&dpo, &last).await.shows(202);
    let id = file(&dpo, &unknown).await.shows(201).id();
    act(&dpo, &id, "verify", &shown).await.refuses(404, "not_found");
}

#[tokio::test]
async fn somebody_merged_into_one_who_was_deleted_since_is_erased_where_that_one_is() {
    let org = Org::found().await;
    let (dpo, (stays, _), (goes, _)) = (org.dpo().await, somebody(&org).await, somebody(&org).await);
    let admin = org.admin().await;
    merge(&admin, &stays, &goes).await.shows(200);
    admin.delete(&path(&stays)).await.shows(204);
    let elsewhere = crate::erasures::erase(&dpo, &goes).await.shows(308);
    assert_eq!(elsewhere.sent("location"), format!("/v1/customers/{stays}/erase"));
    admin.get(&path(&goes)).await.refuses(404, "not_found");
    crate::erasures::erase(&dpo, &stays).await.shows(202);
}
