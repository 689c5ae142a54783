//! Paths and methods: what is there, what is not, and what a path takes.

use crate::support::{Org, shared};

#[tokio::test]
async fn an_unknown_path_is_a_problem_like_any_other() {
    let asha = Org::found().await.sales_a().await;
    for path in ["/nothing", "/v1", "/v1/", "/v2/customers", "/v1/customers/", "/v1//customers", "/V1/customers"] {
        shared().stranger().get(path).await.refuses(404, "not_found");
        asha.get(path).await.refuses(404, "not_found");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_told_which_it_takes() {
    let stranger = shared().stranger();
    for (method, path, allow) in [
        ("DELETE", "/v1/customers", "GET, POST, HEAD, OPTIONS"),
        ("PUT", "/v1/customers", "GET, POST, HEAD, OPTIONS"),
        ("POST", "/v1/customers/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("GET", "/v1/auth/login", "POST, OPTIONS"),
        ("HEAD", "/v1/auth/login", "POST, OPTIONS"),
        ("HEAD", "/v1/events/stream", "GET, OPTIONS"),
        ("HEAD", "/v1/auth/sso/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b/callback", "GET, OPTIONS"),
        ("TRACE", "/v1/customers", "GET, POST, HEAD, OPTIONS"),
        ("BREW", "/health/live", "GET, HEAD, OPTIONS"),
    ] {
        let answer = stranger.request(method, path).await.shows(405);
        assert_eq!(answer.sent("allow"), allow, "{answer}");
        if method != "HEAD" {
            answer.refuses(405, "method_not_allowed");
        }
    }
}

#[tokio::test]
async fn options_tells_the_methods_and_does_nothing() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let customer = format!("/v1/customers/{}", org.customer_of(&asha).await);
    let answer = asha.request("OPTIONS", &customer).await.shows(204);
    assert_eq!(answer.sent("allow"), "GET, PATCH, DELETE, HEAD, OPTIONS");
    assert!(answer.header("access-control-allow-origin").is_none(), "CORS is off: {answer}");
    shared().stranger().request("OPTIONS", "/v1/nothing").await.refuses(404, "not_found");
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let customer = format!("/v1/customers/{}", org.customer_of(&asha).await);
    let (get, head) = (asha.get(&customer).await.shows(200), asha.request("HEAD", &customer).await.shows(200));
    assert!(head.bytes.is_empty() && !get.bytes.is_empty());
    for name in ["content-type", "etag", "cache-control"] {
        assert_eq!(head.sent(name), get.sent(name), "{name}");
    }
    assert!(shared().stranger().request("HEAD", &customer).await.shows(401).bytes.is_empty());
    assert!(asha.request("HEAD", "/v1/customers/unknown").await.shows(404).bytes.is_empty());
}

#[tokio::test]
async fn nothing_overrides_a_method() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let customer = format!("/v1/customers/{}", org.customer_of(&asha).await);
    for header in ["x-http-method-override", "x-method-override", "x-http-method"] {
        admin.get(&customer).header(header, "DELETE").header("if-match", "*").await.shows(200);
    }
    admin.get(&format!("{customer}?_method=DELETE")).await.shows(200);
    admin.get(&customer).await.shows(200);
}

#[tokio::test]
async fn the_client_names_neither_itself_nor_its_tenant_in_a_header() {
    let org = Org::found().await;
    let other = Org::found().await;
    let (asha, theirs) = (org.sales_a().await, other.admin().await);
    let customer = format!("/v1/customers/{}", org.customer_of(&asha).await);
    let request = theirs.get(&customer).header("x-tenant-id", &org.id.to_string());
    let request = request.header("x-user-id", &asha.id.to_string()).header("x-organization-id", &org.id.to_string());
    request.await.refuses(404, "not_found");
}
