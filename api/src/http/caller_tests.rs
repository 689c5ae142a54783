//! Tests of credentials, purposes and addresses.

#![allow(clippy::unwrap_used)]
use std::time::Duration;

use actix_web::http::header::HeaderName;
use actix_web::test::TestRequest;
use custodian_application::auth::IpRange;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn sent(pairs: &[(&'static str, &str)]) -> Result<String, &'static str> {
    match credential(&headers(pairs)) {
        Ok(Sent::Bearer(token)) => Ok(format!("token {token}")),
        Ok(Sent::ApiKey(key)) => Ok(format!("key {key}")),
        Ok(Sent::Ticket(_)) => Err("a ticket is in no header"),
        Err(problem) => Err(problem.code()),
    }
}

#[test]
fn exactly_one_credential_is_taken() {
    assert_eq!(sent(&[("authorization", "Bearer a.b.c")]), Ok("token a.b.c".into()));
    assert_eq!(sent(&[("authorization", "bearer  a.b.c")]), Ok("token a.b.c".into()));
    assert_eq!(sent(&[("x-api-key", "ck_1_2")]), Ok("key ck_1_2".into()));
    assert_eq!(sent(&[]), Err("unauthenticated"));
    for bad in ["Bearer", "Bearer ", "Basic dTpw", "a.b.c", "Bearer a b", "Bearer a, Bearer b"] {
        assert_eq!(sent(&[("authorization", bad)]), Err("invalid_token"), "{bad}");
    }
    for two in [
        [("authorization", "Bearer a"), ("x-api-key", "b")],
        [("authorization", "Bearer a"), ("authorization", "Bearer a")],
        [("x-api-key", "a"), ("x-api-key", "a")],
    ] {
        assert_eq!(sent(&two), Err("two_credentials"));
    }
}

#[test]
fn a_purpose_is_one_code() {
    let read = |value: &str| purpose(&headers(&[("processing-purpose", value)])).map_err(|problem| problem.code());
    assert_eq!(read("customer_service-1.2"), Ok(Some("customer_service-1.2".into())));
    assert_eq!(read(&"a".repeat(64)), Ok(Some("a".repeat(64))));
    assert_eq!(purpose(&HeaderMap::new()).unwrap(), None);
    for bad in ["", "_x", "Sales", "a b", "a,b", &"a".repeat(65)] {
        assert_eq!(read(bad), Err("invalid_purpose"), "{bad}");
    }
    let two = headers(&[("processing-purpose", "a"), ("processing-purpose", "b")]);
    assert_eq!(purpose(&two).unwrap_err().code(), "invalid_purpose");
}

fn address(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
    let mut edge = Edge::new("http://localhost", 1024, Duration::from_secs(1));
    edge.trusted_proxies = trusted.iter().map(|range| IpRange::parse(range).unwrap()).collect();
    let mut request = TestRequest::get().peer_addr(format!("{peer}:1234").parse().unwrap());
    for value in forwarded {
        request = request.append_header(("x-forwarded-for", *value));
    }
    client_address(&edge, &request.to_http_request()).unwrap().to_string()
}

#[test]
fn forwarded_addresses_count_only_behind_a_trusted_proxy() {
    assert_eq!(address(&[], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    assert_eq!(address(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    assert_eq!(address(&["10.0.0.0/8"], "10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    // What the client itself wrote stands in front and is not believed.
    assert_eq!(address(&["10.0.0.0/8"], "10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
    assert_eq!(address(&["10.0.0.0/8"], "10.0.0.1", &["1.1.1.1", "203.0.113.9"]), "203.0.113.9");
    assert_eq!(address(&["10.0.0.0/8"], "10.0.0.1", &["10.9.9.9"]), "10.9.9.9");
    assert_eq!(address(&["10.0.0.0/8"], "10.0.0.1", &["nonsense"]), "10.0.0.1");
    assert_eq!(address(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(address(&["10.0.0.0/8"], "[::ffff:10.0.0.1]", &["203.0.113.9"]), "203.0.113.9");
}
