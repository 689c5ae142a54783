//! Query strings: known parameters only, each once, every fault at once.

use crate::support::Org;

const LISTS: [&str; 6] =
    ["/v1/customers", "/v1/users", "/v1/departments", "/v1/roles", "/v1/api-keys", "/v1/record-types"];
const PAGED: [&str; 4] = ["/v1/customers", "/v1/users", "/v1/api-keys", "/v1/jobs"];

#[tokio::test]
async fn a_parameter_that_a_list_does_not_know_is_refused() {
    let org = Org::found().await;
    let admin = org.admin().await;
    for list in LISTS {
        admin.get(list).await.shows(200);
        for parameter in
            ["tenant_id", "organization_id", "org_path", "offset", "page", "Limit", "api_key", "access_token"]
        {
            let answer = admin.get(&format!("{list}?{parameter}={}", org.id)).await.refuses(400, "unknown_parameter");
            assert_eq!(answer.faults(), [(format!("/{parameter}"), "unknown_parameter".to_owned())], "{answer}");
        }
    }
}

#[tokio::test]
async fn a_parameter_given_twice_is_refused() {
    let admin = Org::found().await.admin().await;
    for query in ["limit=1&limit=1", "limit=1&%6cimit=2", "stage=lead&stage=lost"] {
        let answer = admin.get(&format!("/v1/customers?{query}")).await.refuses(400, "invalid_query");
        assert!(answer.faults().iter().any(|(_, code)| code == "repeated"), "{answer}");
    }
}

#[tokio::test]
async fn a_limit_is_a_number_from_1_to_200() {
    let admin = Org::found().await.admin().await;
    for list in PAGED {
        for bad in ["0", "201", "-1", "abc", "1000000000", "%2B5", "5.0", "", "1e2", "99999999999999999999999999", "٥"]
        {
            let answer = admin.get(&format!("{list}?limit={bad}")).await.refuses(400, "invalid_query");
            assert_eq!(answer.faults(), [("/limit".to_owned(), "out_of_range".to_owned())], "{answer}");
        }
        for good in ["1", "200"] {
            admin.get(&format!("{list}?limit={good}")).await.shows(200);
        }
    }
}

#[tokio::test]
async fn every_fault_of_a_query_is_listed() {
    let admin = Org::found().await.admin().await;
    let answer =
        admin.get("/v1/customers?limit=0&owner_id=me&updated_since=yesterday&count=maybe&sort=name&tenant_id=1").await;
    let answer = answer.refuses(400, "invalid_query");
    let places: Vec<String> = answer.faults().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/count", "/limit", "/owner_id", "/sort", "/tenant_id", "/updated_since"], "{answer}");
}

#[tokio::test]
async fn what_is_no_text_is_refused() {
    let admin = Org::found().await.admin().await;
    for bad in ["source=%ff", "source=%zz", "source=%", "source=a%00b", "source=a%0d%0ab", "%00=1"] {
        admin.get(&format!("/v1/customers?{bad}")).await.refuses(400, "invalid_query");
    }
}

#[tokio::test]
async fn wildcards_and_lists_are_plain_values() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    org.customer_of(&asha).await;
    for filter in
        ["source=%25", "source=*", "source=_", "stage=%27%20OR%201%3D1--", "region=CN-%25", "q%5Bcustomer_no%5D=C-%25"]
    {
        let answer = admin.get(&format!("/v1/customers?{filter}")).await;
        let found = answer.at("/data").as_array().map(Vec::len);
        assert!(found == Some(0) || (answer.status == 400 && answer.problem_faults().is_empty()), "{answer}");
    }
    admin.get(&format!("/v1/customers?owner_id%5B%5D={}", asha.id)).await.refuses(400, "unknown_parameter");
}

#[tokio::test]
async fn a_count_is_of_ones_own_scope_and_only_on_demand() {
    let org = Org::found().await;
    let (asha, ben, admin) = (org.sales_a().await, org.sales_b().await, org.admin().await);
    for _ in 0..2 {
        org.customer_of(&asha).await;
    }
    org.customer_of(&ben).await;
    for (person, count) in [(&asha, 2), (&ben, 1), (&admin, 3)] {
        assert_eq!(person.get("/v1/customers?count=true&limit=1").await.shows(200).at("/count"), count);
        assert!(person.get("/v1/customers").await.shows(200).at("/count").is_null());
    }
}
