//! Credentials: one, in its header, of its own kind.

use crate::support::{Org, exchange, shared};

#[tokio::test]
async fn two_credentials_are_one_too_many() {
    let org = Org::found().await;
    let (asha, partner) = (org.sales_a().await, org.partner(&["name"], &[], &["customers.read"]).await);
    let bearer = format!("Bearer {}", asha.access_token);
    asha.get("/v1/customers").header("x-api-key", &partner.secret).await.refuses(400, "two_credentials");
    asha.get("/v1/customers").header("authorization", &bearer).await.refuses(400, "two_credentials");
    partner.get("/v1/customers").header("x-api-key", &partner.secret).await.refuses(400, "two_credentials");
    partner.get("/v1/customers").header("authorization", "Basic eDp5").await.refuses(400, "two_credentials");
}

#[tokio::test]
async fn only_the_two_documented_headers_carry_a_credential() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let stranger = shared().stranger();
    let token = &asha.access_token;
    for query in [format!("access_token={token}"), format!("token={token}")] {
        stranger.get(&format!("/v1/customers?{query}")).await.refuses(401, "unauthenticated");
    }
    stranger
        .get("/v1/customers")
        .header("cookie", &format!("access_token={token}"))
        .await
        .refuses(401, "unauthenticated");
    stranger.get("/v1/customers").header("x-api-key", token).await.refuses(401, "invalid_api_key");
    stranger
        .get("/v1/customers")
        .header("proxy-authorization", &format!("Bearer {token}"))
        .await
        .refuses(401, "unauthenticated");
    for scheme in ["", "Token ", "Basic ", "Bearer", "Bearer: "] {
        stranger
            .get("/v1/customers")
            .header("authorization", &format!("{scheme}{token}"))
            .await
            .refuses(401, "invalid_token");
    }
    let two = format!("Bearer {token}, Bearer {token}");
    stranger.get("/v1/customers").header("authorization", &two).await.refuses(401, "invalid_token");
    stranger.get("/v1/customers").header("authorization", &format!("bearer {token}")).await.shows(200);
}

#[tokio::test]
async fn a_header_cannot_be_split() {
    let token = Org::found().await.sales_a().await.access_token;
    let request = format!(
        "GET /v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nX-Request-Id: abcdefgh\rSet-Cookie: a=b\r\nConnection: close\r\n\r\n"
    );
    let answer = exchange(shared(), request).await;
    assert!(answer.header("set-cookie").is_none(), "{answer}");
}

#[tokio::test]
async fn a_purpose_is_one_code() {
    let asha = Org::found().await.sales_a().await;
    let long = "a".repeat(65);
    for bad in ["", "Two Words", "UPPER", "_x", "-x", "a;b", &long] {
        asha.get("/v1/customers").header("processing-purpose", bad).await.refuses(400, "invalid_purpose");
    }
    let twice = asha.get("/v1/customers").header("processing-purpose", "a").header("processing-purpose", "b");
    twice.await.refuses(400, "invalid_purpose");
}
