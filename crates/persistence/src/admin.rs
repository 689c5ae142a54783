//! What a superuser does once for a private cluster: the two login roles and the database.

use crate::{Database, DbError};

/// Creates or refreshes the owner and server login roles and the database, owned by the owner. `superuser` must be connected
/// to another database of the cluster. Names are ours; passwords are quoted.
pub async fn prepare(
    superuser: &Database,
    database: &str,
    owner_password: &str,
    server_password: &str,
) -> Result<(), DbError> {
    let client = superuser.dedicated().await?;
    client.batch_execute("SET statement_timeout = 0").await?;
    let roles = [("custodian_owner", owner_password, "CREATEROLE"), ("custodian_app", server_password, "NOCREATEROLE")];
    client
        .batch_execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'custodian_server') THEN CREATE ROLE custodian_server NOLOGIN NOBYPASSRLS; END IF; END $$")
        .await?;
    for (role, password, extra) in roles {
        let exists = client.query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&role]).await?.is_some();
        let verb = if exists { "ALTER" } else { "CREATE" };
        let quoted = password.replace('\'', "''");
        client
            .batch_execute(&format!("{verb} ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS {extra} PASSWORD '{quoted}'"))
            .await?;
    }
    client.batch_execute("GRANT custodian_server TO custodian_app").await?;
    if client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&database]).await?.is_none() {
        client
            .batch_execute(&format!("CREATE DATABASE \"{}\" OWNER custodian_owner", database.replace('"', "")))
            .await?;
    }
    Ok(())
}
