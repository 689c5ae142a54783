//! Nothing that the service writes about itself holds a value: log, metrics, errors, and the audit log itself.

use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::customers::path;
use crate::dev::program::{Folder, Program, person};
use crate::imports::{Form, finished};
use crate::support::{Answer, Caller};

/// Values that stand for themselves: none of them occurs anywhere by chance. Some are refused by the catalog on purpose.
const CANARIES: [&str; 18] = [
    "CANARY-NO-7431",
    "金丝雀之名",
    "13974317431",
    "11010519491231002X",
    "canary7431@example.org",
    "6222020000111122222",
    "金丝雀路七四三一号",
    "1974-03-17",
    "金丝雀公司",
    "金丝雀职业",
    "wx_canary_7431",
    "金丝雀的秘密",
    "金丝雀的理由",
    "canary-password-7431",
    "1397431",
    "金丝雀之州",
    "canary-refused@",
    "99010519491231002",
];

fn fields() -> Value {
    json!({"customer_no": CANARIES[0], "name": CANARIES[1], "mobile": CANARIES[2], "id_number": CANARIES[3], "email": CANARIES[4], "bank_card": CANARIES[5],
        "address": CANARIES[6], "birthday": CANARIES[7], "company": CANARIES[8], "occupation": CANARIES[9], "wechat": CANARIES[10], "notes": CANARIES[11],
        "province": CANARIES[15]})
}

/// Calls of every kind, right and wrong. Answers the error answers.
async fn everything(base_url: &str, facts: &Value) -> Vec<Answer> {
    let [admin, sales_b, dpo, support] = [
        person(facts, "admin").await,
        person(facts, "sales_b").await,
        person(facts, "dpo").await,
        person(facts, "support").await,
    ];
    let stranger = Caller::new(base_url, Vec::new());
    let made = admin.post("/v1/customers", &json!({"fields": fields()})).await.shows(201);
    let own = path(&made.id());
    let query = |name: &str, value: &str| format!("/v1/customers?q[{name}]={}", crate::customers::encoded(value));
    let reveal = json!({"fields": ["mobile", "address"], "reason": CANARIES[12]});
    admin.with("idempotency-key", "canary").post(&format!("{own}/reveal"), &reveal).await.shows(200);
    admin.get(&own).await.shows(200);
    dpo.get(&format!("{own}/history")).await.shows(200);
    admin.get(&query("mobile", CANARIES[2])).await.shows(200);
    admin.get(&query("name_prefix", "金丝雀")).await.shows(200);
    admin.patch(&own, &json!({"fields": {"notes": format!("{} zwei", CANARIES[11])}})).await.shows(200);
    let mapping = json!({"n": "name", "m": "mobile"});
    let file = format!("n,m\n{},{}\n{},{}\n", CANARIES[1], CANARIES[14], CANARIES[1], CANARIES[2]);
    let job = Form::csv(&mapping, file.clone()).hand_in(&admin).await.shows(202).sent("location");
    finished(&admin, &job).await;
    let broken = format!("{}\u{0}", CANARIES[11]);
    let mut errors = vec![
        admin.post("/v1/customers", &json!({"fields": fields()})).await,
        admin.post("/v1/customers", &json!({"fields": {"name": "x", "mobile": CANARIES[14], "id_number": CANARIES[17], "email": CANARIES[16], "birthday": CANARIES[1]}})).await,
        admin.post("/v1/customers", &json!({"fields": {"name": broken, "nickname": CANARIES[11]}, "stage": CANARIES[8]})).await,
        admin.request("POST", "/v1/customers").body("application/json", format!("{{\"fields\":{{\"name\":\"{}\",}}", CANARIES[1])).await,
        admin.request("POST", "/v1/customers").body("application/json", format!("{{\"fields\":{{\"name\":\"{}\"}},\"stage\":\"a\",\"stage\":\"b\"}}", CANARIES[1])).await,
        sales_b.get(&query("id_number", CANARIES[3])).await,
        sales_b.get(&query("mobile", CANARIES[14])).await,
        sales_b.get(&format!("/v1/customers?{}=1", crate::customers::encoded(CANARIES[11]).len())).await,
        sales_b.get(&own).await,
        support.patch(&own, &json!({"fields": {"name": CANARIES[1]}})).await,
        support.post(&format!("{own}/reveal"), &json!({"fields": ["address"], "reason": CANARIES[12]})).await,
        stranger.post("/v1/auth/login", &json!({"email": CANARIES[4], "password": CANARIES[13]})).await,
        stranger.with("authorization", "Bearer canary-password-7431").get("/v1/me").await,
        stranger.with("x-api-key", "ck_canary-password-7431").get("/v1/me").await,
        Form::csv(&json!({"n": CANARIES[11]}), file).hand_in(&admin).await,
    ];
    errors.push(admin.delete(&own).without("if-match").await);
    errors
}

#[tokio::test]
async fn no_value_is_written_anywhere_but_under_seal() {
    let folder = Folder::new();
    let (mut program, facts) = Program::dev(&folder.0, &["--empty", "--set", "log_level=trace"]);
    let base_url = facts["base_url"].as_str().unwrap();
    let errors = everything(base_url, &facts).await;
    // The log cannot be written: its failure is told at length, and without a value.
    let superuser = crate::dev::program::superuser(&folder.0).await;
    let admin = person(&facts, "admin").await;
    superuser.batch_execute("REVOKE INSERT ON audit_entries FROM custodian_server").await.unwrap();
    let failed = admin.post("/v1/customers", &json!({"fields": {"name": CANARIES[1], "mobile": CANARIES[2]}})).await;
    let unread = admin.get(&format!("/v1/customers?q[mobile]={}", CANARIES[2])).await;
    superuser.batch_execute("GRANT INSERT ON audit_entries TO custodian_server").await.unwrap();
    assert_eq!((failed.status, unread.status), (503, 503));
    // A sealed value that does not open.
    superuser.batch_execute("UPDATE customers SET fields = set_byte(fields, length(fields) - 1, get_byte(fields, length(fields) - 1) # 1)").await.unwrap();
    let damaged = admin.get("/v1/customers").await.refuses(500, "integrity_error");
    for answer in errors.iter().chain([&failed, &unread, &damaged]) {
        assert!(answer.status >= 400, "{answer}");
        for canary in CANARIES {
            assert!(!answer.text().contains(canary), "{canary} in {answer}");
        }
    }
    let metrics = Caller::new(facts["metrics_url"].as_str().unwrap(), Vec::new()).get("").await.shows(200);
    let (client, connection) =
        tokio_postgres::connect(facts["owner_database_url"].as_str().unwrap(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!("SET app.organization_id = '{}'", facts["organization_id"].as_str().unwrap()))
        .await
        .unwrap();
    let rows = client.query("SELECT convert_from(entry, 'UTF8') FROM audit_entries", &[]).await.unwrap();
    let entries: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(entries.len() > 20);
    program.signal("INT");
    assert!(program.ended().success());
    let said = program.said();
    assert!(said.contains("TRACE") || said.contains("\"level\":\"TRACE\""), "the log is not as talkative as asked");
    let database = std::fs::read_to_string(folder.0.join("postgres.log")).unwrap();
    for (what, text) in [
        ("the log", &said),
        ("the metrics", &metrics.text().to_owned()),
        ("the audit log", &entries.join("\n")),
        ("Postgres's log", &database),
    ] {
        for canary in CANARIES {
            assert!(
                !text.contains(canary),
                "{canary} in {what}: {}",
                text.lines().find(|line| line.contains(canary)).unwrap()
            );
        }
    }
}
