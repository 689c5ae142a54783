//! Runs the migrations that are compiled into the program, as the owner, one at a time.

use include_dir::{Dir, include_dir};
use ring::digest::{SHA256, digest};

use crate::{Database, DbError};

static MIGRATIONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../migrations");

/// Any number will do; it must only be the same in every instance.
const LOCK: i64 = 0x6375_7374_6f64;

/// What a run did.
#[derive(Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Names applied now, oldest first.
    pub applied: Vec<String>,
    /// How many there are in all.
    pub total: usize,
}

struct Migration {
    name: String,
    up: &'static str,
    down: &'static str,
}

fn all() -> Result<Vec<Migration>, DbError> {
    let mut found = Vec::new();
    for dir in MIGRATIONS.dirs() {
        let name = dir.path().to_string_lossy().into_owned();
        let text = |file: &str| {
            dir.get_file(dir.path().join(file))
                .and_then(|f| f.contents_utf8())
                .ok_or_else(|| DbError::Internal(format!("migration {name} lacks {file}")))
        };
        found.push(Migration { up: text("up.sql")?, down: text("down.sql")?, name: name.clone() });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Brings the database up to date. Safe to run from several instances at once; refuses a database that holds an edited or unknown migration.
pub async fn up(db: &Database) -> Result<Migrated, DbError> {
    let mut client = db.dedicated().await?;
    client.batch_execute("SET statement_timeout = 0; SET lock_timeout = '30s'").await?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    client
        .batch_execute("CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, checksum bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())")
        .await?;
    let migrations = all()?;
    let known = applied(&client).await?;
    if let Some((name, _)) = known.iter().find(|(name, _)| !migrations.iter().any(|m| m.name == *name)) {
        return Err(DbError::Internal(format!(
            "the database holds migration {name}, which this program does not know: it is newer than the program"
        )));
    }
    let mut done = Vec::new();
    for migration in &migrations {
        let checksum = digest(&SHA256, migration.up.as_bytes());
        match known.iter().find(|(name, _)| *name == migration.name) {
            Some((_, sum)) if sum == checksum.as_ref() => continue,
            Some(_) => {
                return Err(DbError::Internal(format!("migration {} was edited after it ran", migration.name)));
            }
            None => {}
        }
        let work = client.transaction().await?;
        work.batch_execute(migration.up).await?;
        work.execute(
            "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)",
            &[&migration.name, &checksum.as_ref()],
        )
        .await?;
        work.commit().await?;
        done.push(migration.name.clone());
    }
    client.batch_execute("GRANT SELECT ON schema_migrations TO custodian_server").await?;
    Ok(Migrated { applied: done, total: migrations.len() })
}

/// Takes the newest `steps` migrations back. For development: data in the dropped tables is gone.
pub async fn down(db: &Database, steps: usize) -> Result<Vec<String>, DbError> {
    let mut client = db.dedicated().await?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    let migrations = all()?;
    let mut undone = Vec::new();
    for (name, _) in applied(&client).await?.into_iter().rev().take(steps) {
        let migration = migrations
            .iter()
            .find(|m| m.name == name)
            .ok_or_else(|| DbError::Internal(format!("unknown migration {name}")))?;
        let work = client.transaction().await?;
        work.batch_execute(migration.down).await?;
        work.execute("DELETE FROM schema_migrations WHERE name = $1", &[&name]).await?;
        work.commit().await?;
        undone.push(name);
    }
    Ok(undone)
}

/// Names of the migrations that the database still lacks, as the server role may ask.
pub async fn pending(db: &Database) -> Result<Vec<String>, DbError> {
    let client = db.client().await?;
    let known: Vec<String> = match client.query("SELECT name FROM schema_migrations", &[]).await {
        Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
        Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::UNDEFINED_TABLE) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(all()?.into_iter().map(|m| m.name).filter(|name| !known.contains(name)).collect())
}

/// The name of the newest migration that the database has; empty without any.
pub async fn newest(db: &Database) -> Result<String, DbError> {
    let sql = "SELECT coalesce(max(name), '') FROM schema_migrations";
    Ok(db.client().await?.query_one(sql, &[]).await?.get(0))
}

async fn applied(client: &tokio_postgres::Client) -> Result<Vec<(String, Vec<u8>)>, DbError> {
    let rows = client.query("SELECT name, checksum FROM schema_migrations ORDER BY name", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
