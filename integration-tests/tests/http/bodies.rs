//! Bodies: their size, type, encoding and syntax.

use serde_json::{Value, json};

use crate::support::{Org, Person, customer, exchange, shared};

async fn asha() -> Person {
    Org::found().await.sales_a().await
}

/// A valid body of about so many bytes: blanks between the members do not count as content.
fn padded(bytes: usize) -> String {
    let body = customer().to_string();
    format!("{{{}{}", " ".repeat(bytes - body.len()), body.strip_prefix('{').unwrap())
}

#[tokio::test]
async fn a_body_up_to_the_limit_is_read_and_one_byte_more_is_not() {
    let asha = asha().await;
    asha.request("POST", "/v1/customers").body("application/json", padded(262_144)).await.shows(201);
    asha.request("POST", "/v1/customers")
        .body("application/json", padded(262_145))
        .await
        .refuses(413, "body_too_large");
}

#[tokio::test]
async fn a_body_without_a_length_is_counted_as_it_comes() {
    let asha = asha().await;
    for (bytes, status) in [(262_144, 201), (262_145, 413)] {
        let body = padded(bytes);
        let mut request = head(&asha, "Transfer-Encoding: chunked\r\n");
        for chunk in body.as_bytes().chunks(50_000) {
            request.push_str(&format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap()));
        }
        request.push_str("0\r\n\r\n");
        exchange(shared(), request).await.shows(status);
    }
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_refused_before_the_body_comes() {
    let request = head(&asha().await, "Content-Length: 1000000000\r\n");
    exchange(shared(), request).await.refuses(413, "body_too_large");
}

fn head(person: &Person, length: &str) -> String {
    let (host, token) = (shared().address(), &person.access_token);
    format!(
        "POST /v1/customers HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{length}Connection: close\r\n\r\n"
    )
}

#[tokio::test]
async fn only_json_in_utf_8_is_read() {
    let asha = asha().await;
    let body = customer().to_string();
    let post = || asha.request("POST", "/v1/customers").body("application/json", body.clone());
    for other in [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/json; charset=gb18030",
        "application/merge-patch+json",
        "application/problem+json",
        "text/json",
        "*/*",
    ] {
        post().instead("content-type", other).await.refuses(415, "unsupported_media_type");
    }
    post().without("content-type").await.refuses(415, "unsupported_media_type");
    post().header("content-type", "application/json").await.refuses(415, "unsupported_media_type");
    for same in ["Application/JSON", "application/json; charset=utf-8", "application/json;charset=\"UTF-8\""] {
        let mut body = customer();
        body["source"] = json!("event");
        asha.post("/v1/customers", &body).instead("content-type", same).await.shows(201);
    }
}

#[tokio::test]
async fn a_patch_takes_a_merge_patch_or_json_and_nothing_else() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let path = format!("/v1/customers/{}", org.customer_of(&asha).await);
    for (media, status) in
        [("application/merge-patch+json", 200), ("application/json", 200), ("application/json-patch+json", 415)]
    {
        asha.patch(&path, &json!({"stage": "prospect"})).instead("content-type", media).await.shows(status);
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_unread_wherever_it_is_sent() {
    let asha = asha().await;
    for encoding in ["gzip", "br", "zstd", "deflate", "x-gzip", "identity, gzip", "GZIP"] {
        let post = asha.post("/v1/customers", &customer()).header("content-encoding", encoding);
        post.await.refuses(415, "unsupported_content_encoding");
        let login = shared().stranger().post("/v1/auth/login", &json!({})).header("content-encoding", encoding);
        login.await.refuses(415, "unsupported_content_encoding");
    }
    asha.post("/v1/customers", &customer()).header("content-encoding", "identity").await.shows(201);
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_its_place_and_never_quoted() {
    let asha = asha().await;
    for text in [
        "{",
        "{\"fields\":{\"mobile\":13812345678x}}",
        "[1,]",
        "{'a':1}",
        "",
        " ",
        "{} {}",
        "nul",
        "\"\\ud800\"",
        "{\"a\":1e999}",
    ] {
        let answer = asha.request("POST", "/v1/customers").body("application/json", text).await;
        let answer = answer.refuses(400, "malformed_json");
        assert!(!answer.timeless().to_string().contains("13812"), "{answer}");
    }
    let bytes = b"{\"fields\":{\"name\":\"\xff\xfe\"}}".to_vec();
    asha.request("POST", "/v1/customers").body("application/json", bytes).await.refuses(400, "malformed_json");
    let bom = [b"\xef\xbb\xbf".as_slice(), customer().to_string().as_bytes()].concat();
    asha.request("POST", "/v1/customers").body("application/json", bom).await.refuses(400, "malformed_json");
}

#[tokio::test]
async fn a_key_given_twice_is_refused_at_any_depth() {
    let asha = asha().await;
    for text in [
        r#"{"fields":{"name":"A"},"fields":{"name":"B"}}"#,
        r#"{"fields":{"name":"A","name":"A"}}"#,
        r#"{"fields":{"name":"A","\u006eame":"B"}}"#,
    ] {
        asha.request("POST", "/v1/customers").body("application/json", text).await.refuses(400, "duplicate_key");
    }
}

#[tokio::test]
async fn json_nests_thirty_two_levels_and_no_deeper() {
    let asha = asha().await;
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let post = |text: String| asha.request("POST", "/v1/customers").body("application/json", text);
    post(nested(32)).await.refuses(422, "invalid_body");
    post(nested(33)).await.refuses(400, "too_deep");
    post(nested(100_000)).await.refuses(400, "too_deep");
    post("{\"a\":".repeat(40_000)).await.refuses(400, "too_deep");
}

#[tokio::test]
async fn many_items_and_long_numbers_cost_little() {
    let asha = asha().await;
    let items = format!("[{}1]", "1,".repeat(100_000));
    asha.request("POST", "/v1/customers").body("application/json", items).await.refuses(422, "invalid_body");
    let keys: Vec<String> = (0..10_000).map(|n| format!("\"k{n}\":1")).collect();
    let answer =
        asha.request("POST", "/v1/customers").body("application/json", format!("{{{}}}", keys.join(","))).await;
    answer.refuses(422, "invalid_body");
    let number = format!("{{\"fields\":{{\"name\":{}}}}}", "9".repeat(200_000));
    let answer = asha.request("POST", "/v1/customers").body("application/json", number).await;
    assert!([400, 422].contains(&answer.status) && answer.problem_faults().is_empty(), "{answer}");
}

#[tokio::test]
async fn a_nul_is_a_fault_with_its_place() {
    let asha = asha().await;
    let mut body = customer();
    body["fields"]["name"] = json!("Zhang\0");
    body["source"] = json!("\0");
    let answer = asha.post("/v1/customers", &body).await.refuses(422, "invalid_body");
    let expected = ["/fields/name", "/source"].map(|place| (place.to_owned(), "control_character".to_owned()));
    assert_eq!(answer.faults(), expected, "{answer}");
}

#[tokio::test]
async fn an_action_without_a_body_takes_none_or_an_empty_object() {
    let asha = asha().await;
    asha.post("/v1/auth/logout", &json!({"everywhere": true})).await.refuses(422, "unknown_field");
    asha.post("/v1/auth/logout", &json!([])).await.refuses(422, "invalid_body");
    asha.request("POST", "/v1/auth/logout").body("text/plain", "bye").await.refuses(415, "unsupported_media_type");
    asha.post("/v1/auth/logout", &json!({})).await.shows(204);
}

#[tokio::test]
async fn what_looks_like_code_is_stored_as_it_stands() {
    let asha = asha().await;
    for text in [
        "'; DROP TABLE customers; --",
        "$1",
        "\\",
        "%",
        "_",
        "::int",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "${jndi:ldap://x}",
    ] {
        let mut body: Value = customer();
        body["fields"]["notes"] = json!(text);
        let made = asha.post("/v1/customers", &body).await.shows(201);
        let read = asha.get(&format!("/v1/customers/{}", made.id())).await.shows(200);
        assert_eq!(read.at("/fields/notes"), text, "{read}");
    }
}
