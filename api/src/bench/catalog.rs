//! What a catalog grown large costs: own fields, and opportunities to sum up.

use std::net::SocketAddr;

use custodian_application::startup::Unfit;
use serde_json::{Map, Value, json};

use super::http::{Connection, get, post};
use super::pgbench::Postgres;
use super::unfit;

/// Columns of the view that a list is seen through.
const COLUMNS: usize = 20;

/// Sends a body; the answer.
async fn send(address: SocketAddr, credential: &str, path: &str, body: &Value) -> Result<Value, Unfit> {
    let host = address.to_string();
    let request = post(path, &host, credential, "application/json", body.to_string().as_bytes());
    Connection::open(address).await?.json(&request).await
}

fn text(answer: &Value, pointer: &str) -> Result<String, Unfit> {
    let found = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| unfit("an answer lacks what it should hold"))
}

/// Makes so many fields of customers, of every type in turn; answers a view of twenty columns that the owner sees the list through.
pub(super) async fn fields(address: SocketAddr, [admin, owner]: [&str; 2], count: usize) -> Result<String, Unfit> {
    const TYPES: [&str; 6] = ["text", "number", "date", "boolean", "enum", "email"];
    let path = "/v1/record-types/customer/fields";
    for (number, data_type) in (0..count).zip(TYPES.into_iter().cycle()) {
        let mut body = json!({"key": format!("own_{number}"), "data_type": data_type, "labels": {"en": format!("Own {number}"), "zh": format!("自定义{number}")}});
        if let (true, Some(members)) = (data_type == "enum", body.as_object_mut()) {
            members.insert("choices".to_owned(), json!(["a", "b", "c"]));
        }
        send(address, admin, path, &body).await?;
    }
    let host = address.to_string();
    let known = Connection::open(address).await?.json(&get(path, &host, admin)).await?;
    let known = known.get("data").and_then(Value::as_array).ok_or_else(|| unfit("a page without data"))?;
    let keys: Vec<&Value> = known.iter().filter_map(|field| field.get("key")).take(COLUMNS).collect();
    let view = send(address, owner, "/v1/views", &json!({"name": "Bench", "columns": keys})).await?;
    text(&view, "/id")
}

/// Makes so many record types with three fields each.
pub(super) async fn record_types(address: SocketAddr, admin: &str, count: usize) -> Result<(), Unfit> {
    for number in 0..count {
        let labels = json!({"en": format!("Type {number}"), "zh": format!("类型{number}")});
        let code = format!("bench_type_{number}");
        send(address, admin, "/v1/record-types", &json!({"code": code, "labels": labels})).await?;
        for (key, data_type) in [("about", "text"), ("amount", "number"), ("done_on", "date")] {
            let field = json!({"key": key, "data_type": data_type, "labels": labels});
            send(address, admin, &format!("/v1/record-types/{code}/fields"), &field).await?;
        }
    }
    Ok(())
}

/// Gives the oldest fifty customers a value in every column of the view that a file of customers does not fill.
pub(super) async fn fill(address: SocketAddr, owner: &str, own: usize) -> Result<(), Unfit> {
    let values = [json!("text"), json!(7), json!("2026-11-22"), json!(true), json!("a"), json!("own@example.com")];
    let columns = (0..own.min(COLUMNS)).zip(values.into_iter().cycle());
    let mut fields: Map<String, Value> = columns.map(|(number, value)| (format!("own_{number}"), value)).collect();
    fields.insert("wechat".to_owned(), json!("bench_wechat"));
    fields.insert("notes".to_owned(), json!("约好下周回电"));
    let (host, body) = (address.to_string(), json!({ "fields": fields }).to_string());
    let mut connection = Connection::open(address).await?;
    let page = connection.json(&get("/v1/customers?limit=50&sort=created_at", &host, owner)).await?;
    for one in page.get("data").and_then(Value::as_array).into_iter().flatten() {
        let id = text(one, "/id")?;
        let head = format!("PATCH /v1/customers/{id} HTTP/1.1\r\nHost: {host}\r\n{owner}\r\nIf-Match: *");
        let kind = "Content-Type: application/merge-patch+json";
        let request = format!("{head}\r\n{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        connection.json(request.as_bytes()).await?;
    }
    Ok(())
}

/// Enters an opportunity through the front door and copies it in the database, spread over customers, stages and a year. The sealed values of the copies
/// are not those of their customers: a sum reads none.
pub(super) async fn opportunities(
    address: SocketAddr,
    owner: &str,
    postgres: &Postgres,
    customer: &str,
    count: u64,
) -> Result<(), Unfit> {
    let body = json!({"fields": {"stage": "lead", "amount": {"amount": "12000.00", "currency": "CNY"}}});
    send(address, owner, &format!("/v1/customers/{customer}/records/opportunity"), &body).await?;
    postgres.sql(&format!(
        "INSERT INTO records (organization_id, customer_id, id, record_type, version, owner_id, at, state, amount, currency, ended, created_at, created_by, updated_at, \
             updated_by, fields, tags) \
         SELECT r.organization_id, b.id, gen_random_uuid(), r.record_type, 1, r.owner_id, r.at, \
             (ARRAY['lead', 'qualified', 'proposal', 'negotiation', 'won', 'lost'])[1 + g.number % 6], 100 + g.number % 9000, 'CNY', g.number % 6 > 3, \
             r.created_at - (g.number % 365) * interval '1 day', r.created_by, r.updated_at, r.updated_by, r.fields, r.tags \
         FROM records r CROSS JOIN generate_series(1, {count}) g(number) JOIN bench_ids b ON b.n = 1 + g.number % (SELECT count(*) FROM bench_ids) \
         WHERE r.record_type = 'opportunity'"
    ))?;
    postgres.sql("VACUUM ANALYZE records").map(drop)
}
