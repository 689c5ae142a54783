//! Start-up checks: settings of Postgres that could lose an acknowledged write, and rights that the server must not hold.

use chrono::{DateTime, Utc};

use uuid::Uuid;

use crate::{Database, DbError, Work};

/// What Postgres says of itself and of our role.
#[derive(Debug)]
pub struct ServerFacts {
    /// Settings that are not `on` although losing power would then lose data.
    pub unsafe_settings: Vec<String>,
    /// Rights of the login role that it must not have, as sentences.
    pub excess_rights: Vec<String>,
    /// Server version, as `server_version_num`.
    pub version: i32,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

/// Asks Postgres for everything the start-up checks need.
pub async fn server_facts(db: &Database) -> Result<ServerFacts, DbError> {
    let client = db.client().await?;
    let plain = db.plain().await?;
    let mut unsafe_settings = Vec::new();
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        let value: String = plain.query_one("SELECT current_setting($1)", &[&name]).await?.get(0);
        if !matches!(value.as_str(), "on" | "remote_apply") {
            unsafe_settings.push(format!("{name}={value}"));
        }
    }
    let row = client
        .query_one(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, has_table_privilege('audit_entries', 'UPDATE, DELETE, TRUNCATE'), \
             has_schema_privilege('public', 'CREATE'), current_setting('server_version_num')::int, clock_timestamp() \
             FROM pg_roles WHERE rolname = current_user",
            &[],
        )
        .await?;
    let says = [
        "is a superuser",
        "bypasses row-level security",
        "may create roles",
        "may change audit entries",
        "may create tables",
    ];
    let excess_rights = says
        .iter()
        .enumerate()
        .filter(|(column, _)| row.get::<_, bool>(*column))
        .map(|(_, text)| (*text).to_owned())
        .collect();
    Ok(ServerFacts { unsafe_settings, excess_rights, version: row.get(5), now: row.get(6) })
}

/// Does Postgres answer? For the readiness probe.
pub async fn ping(db: &Database) -> Result<(), DbError> {
    let client = db.client().await?;
    client.batch_execute("").await?;
    Ok(())
}

/// The organisations whose customers a transaction can see when it names none: row-level security alone answers.
pub async fn visible_organizations(work: &Work) -> Result<Vec<Uuid>, DbError> {
    let rows = work.query("SELECT DISTINCT organization_id FROM customers", &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// How many customers a pooled connection can see outside any transaction of ours, whatever was done with it before: none.
pub async fn visible_outside(db: &Database) -> Result<i64, DbError> {
    Ok(db.client().await?.query_one("SELECT count(*) FROM customers", &[]).await?.get(0))
}
