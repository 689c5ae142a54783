//! Ids in a path: one that is none is answered like one that nobody has.

use crate::support::{Org, Person, exchange, shared};

const MISSING: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

/// Every resource that is found by id, and who may look for one.
const PLACES: [(&str, &str, &str); 6] = [
    ("GET", "/v1/customers/{}", "admin"),
    ("GET", "/v1/customers/{}/history", "admin"),
    ("GET", "/v1/users/{}", "admin"),
    ("GET", "/v1/api-keys/{}", "admin"),
    ("GET", "/v1/jobs/{}", "admin"),
    ("GET", "/v1/imports/{}/errors", "admin"),
];

#[tokio::test]
async fn a_malformed_id_is_answered_like_a_missing_one() {
    let org = Org::found().await;
    for (method, route, who) in PLACES {
        let person = org.person(who).await;
        let missing = person.request(method, &route.replace("{}", MISSING)).await.refuses(404, "not_found");
        for bad in [
            "1",
            "unknown",
            "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b",
            "%7B0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b%7D",
            "a%00b",
            "%F0%9F%92%A3",
        ] {
            let answer = person.request(method, &route.replace("{}", bad)).await;
            assert_eq!((answer.status, answer.timeless()), (404, missing.timeless()), "{answer}");
            assert_eq!(answer.headers.len(), missing.headers.len(), "{answer}\n{missing}");
        }
    }
}

#[tokio::test]
async fn a_path_cannot_climb_or_hide() {
    let asha = Org::found().await.sales_a().await;
    for path in [
        "/v1/customers/..%2f..%2fetc%2fpasswd",
        "/v1/customers/a%00b",
        "/v1/customers/%ff",
        "/v1/customers/%2e%2e/users",
        "/docs/../v1/users",
    ] {
        let answer = exchange(shared(), get(&asha, path)).await;
        assert!([400, 404].contains(&answer.status), "{answer}");
        assert_eq!(answer.problem_faults(), Vec::<String>::new(), "{answer}");
    }
}

fn get(person: &Person, path: &str) -> String {
    let (host, token) = (shared().address(), &person.access_token);
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn an_id_has_one_spelling_but_for_case() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    asha.get(&format!("/v1/customers/{}", id.to_uppercase())).await.shows(200);
    for other in
        [id.replace('-', ""), format!("%7B{id}%7D"), format!("urn:uuid:{id}"), format!("{id}%20"), format!("%00{id}")]
    {
        asha.get(&format!("/v1/customers/{other}")).await.refuses(404, "not_found");
        asha.get(&format!("/v1/customers?owner_id={other}")).await.refuses(400, "invalid_query");
    }
}
