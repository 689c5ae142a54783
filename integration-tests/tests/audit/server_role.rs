//! What the server's own database role can do to the log: add to it and read it.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::support::{Org, shared};

/// A connection as the server has it, with one organisation's rows open.
async fn as_server(org: &Org<'_>) -> Client {
    let mut config: tokio_postgres::Config = shared().settings.database_url.expose().parse().unwrap();
    config.options(format!("-c app.organization_id={}", org.id));
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn it_cannot_change_or_remove_what_was_written() {
    let org = Org::found().await;
    org.customer_of(&org.sales_a().await).await;
    let server = as_server(&org).await;
    let before: i64 = server.query_one("SELECT count(*) FROM audit_entries", &[]).await.unwrap().get(0);
    assert!(before >= 2);
    for statement in [
        "UPDATE audit_entries SET verdict = 'allowed'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "UPDATE audit_subjects SET entry_id = entry_id",
        "DELETE FROM audit_subjects",
        "TRUNCATE audit_subjects",
        "DROP TABLE audit_entries",
        "ALTER TABLE audit_entries ADD COLUMN note text",
        "ALTER TABLE audit_entries DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "CREATE POLICY open ON audit_entries USING (true)",
        "CREATE TABLE mine (id int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET session_replication_role = replica",
        "SET ROLE custodian_owner",
        "ALTER ROLE custodian_app BYPASSRLS",
        "INSERT INTO organizations VALUES (gen_random_uuid(), 'x', now())",
        "UPDATE deployment SET root_key_version = 2",
        "DELETE FROM signing_keys",
        "COPY audit_entries TO PROGRAM 'cat'",
        "SELECT * FROM audit_entries_default",
        "INSERT INTO audit_entries_default SELECT * FROM audit_entries",
        "UPDATE audit_queue SET id = id",
        "DELETE FROM audit_tiles",
        "DELETE FROM audit_bundles",
        "DELETE FROM audit_heads",
        "UPDATE audit_log_leaves SET size = 0",
        "DELETE FROM audit_log_leaves",
        "DELETE FROM audit_log_tiles",
        "DELETE FROM audit_log_head",
        "INSERT INTO audit_log_head (origin, size, root, note, made_at) VALUES ('x', 0, '', '', now())",
        "DELETE FROM audit_log_cosignatures",
        "DELETE FROM audit_set_aside",
        "SELECT audit_fence('users')",
    ] {
        let refused = server.batch_execute(statement).await.expect_err(statement);
        let code = refused.code().unwrap_or_else(|| panic!("{statement}: {refused}"));
        assert!(
            [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::WRONG_OBJECT_TYPE].contains(code),
            "{statement}: {refused}"
        );
    }
    let after: i64 = server.query_one("SELECT count(*) FROM audit_entries", &[]).await.unwrap().get(0);
    assert_eq!(after, before);
}

#[tokio::test]
async fn it_sees_one_organizations_rows_and_without_one_none() {
    let (org, other) = (Org::found().await, Org::found().await);
    for org in [&org, &other] {
        org.customer_of(&org.sales_a().await).await;
    }
    let server = as_server(&org).await;
    let tables = "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' \
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND c.relrowsecurity AND c.relforcerowsecurity";
    let tables: Vec<String> = server.query(tables, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(tables.len() >= 18, "{tables:?}");
    for table in &tables {
        let foreign = format!("SELECT count(*) FROM {table} WHERE organization_id <> $1");
        assert_eq!(server.query_one(&foreign, &[&org.id]).await.unwrap().get::<_, i64>(0), 0, "{table}");
    }
    let foreign = "INSERT INTO audit_subjects (organization_id, customer_id, entry_id) VALUES ($1, $1, $1)";
    let refused = server.execute(foreign, &[&other.id]).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{refused}");
    server.batch_execute("RESET app.organization_id; SET app.organization_id = ''").await.unwrap();
    for table in &tables {
        let any = format!("SELECT count(*) FROM {table}");
        assert_eq!(server.query_one(&any, &[]).await.unwrap().get::<_, i64>(0), 0, "{table} without an organisation");
    }
}
