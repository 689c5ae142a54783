//! What a catalog grown large costs: own fields, and opportunities to sum up.

use std::net::SocketAddr;

use custodian_application::startup::Unfit;
use serde_json::{Value, json};

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
