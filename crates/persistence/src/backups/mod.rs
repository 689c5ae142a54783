//! A database that is being put back: its mark, what of it must not come to life again, and the keys that its people are opened with.

mod address;
mod taken;

use tokio_postgres::Client;
use uuid::Uuid;

use crate::{Database, DbError, Work};

pub use address::environment;
pub use taken::{BackupRow, DrillRow, LastGood, Newest, insert, insert_drill, last_good, list, newest};

/// The schema whose being there says that a restore is not finished. It is made before anything is loaded and is in no dump.
const MARK: &str = "custodian_restore";
/// Any number will do; it must only be the same in every process.
const LOCK: i64 = 0x0063_7573_746f_7265;

/// The one restore that may go on in a database; others are kept out until it is dropped.
pub struct Restoring {
    client: Client,
}

/// Whether a restore into this database has begun and not ended. Any role may ask.
pub async fn is_unfinished(db: &Database) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    Ok(db.client().await?.query_one(sql, &[&MARK]).await?.get(0))
}

/// Marks an empty database as one that is being put back from this backup, or goes on with one that is, as its owner.
///
/// Errors: `Conflict` naming `not_empty`, `other_backup` or `under_way`.
pub async fn mark(owner: &Database, backup: Uuid) -> Result<Restoring, DbError> {
    let mut client = owner.dedicated().await?;
    client.batch_execute("SET statement_timeout = 0").await?;
    if !client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await?.get::<_, bool>(0) {
        return Err(DbError::Conflict("under_way".into()));
    }
    let marked = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    if client.query_one(marked, &[&MARK]).await?.get(0) {
        let row = client.query_one("SELECT backup_id FROM custodian_restore.unfinished", &[]).await?;
        if row.get::<_, Uuid>(0) != backup {
            return Err(DbError::Conflict("other_backup".into()));
        }
    } else {
        const FOREIGN: &str = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%')";
        if client.query_one(FOREIGN, &[]).await?.get(0) {
            return Err(DbError::Conflict("not_empty".into()));
        }
        let work = client.transaction().await?;
        work.batch_execute(
            "CREATE SCHEMA custodian_restore; CREATE TABLE custodian_restore.unfinished (backup_id uuid PRIMARY KEY, begun_at timestamptz NOT NULL DEFAULT now())",
        )
        .await?;
        work.execute("INSERT INTO custodian_restore.unfinished (backup_id) VALUES ($1)", &[&backup]).await?;
        work.commit().await?;
    }
    Ok(Restoring { client })
}

impl Restoring {
    /// Whether the backup's tables are in it already: an earlier attempt was ended after that.
    pub async fn is_loaded(&self) -> Result<bool, DbError> {
        let sql = "SELECT to_regclass('public.schema_migrations') IS NOT NULL";
        Ok(self.client.query_one(sql, &[]).await?.get(0))
    }

    /// Takes the mark away: from now on the database may be served.
    pub async fn finish(self) -> Result<(), DbError> {
        Ok(self.client.batch_execute("DROP SCHEMA custodian_restore CASCADE").await?)
    }
}

/// Lets this transaction's statements take as long as they need.
pub async fn patiently(work: &Work) -> Result<(), DbError> {
    work.execute("SET LOCAL statement_timeout = 0", &[]).await?;
    work.execute("SET LOCAL idle_in_transaction_session_timeout = 0", &[]).await?;
    Ok(())
}

/// What must not come to life again in an organisation; how many of each. $1 organisation.
const VOID: [(&str, &str); 16] = [
    (
        "sessions",
        "UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'restored' WHERE organization_id = $1 AND ended_at IS NULL",
    ),
    (
        "self_sessions",
        "UPDATE self_sessions SET ended_at = clock_timestamp() WHERE organization_id = $1 AND ended_at IS NULL",
    ),
    ("one_time_tokens", "DELETE FROM one_time_tokens WHERE organization_id = $1"),
    ("mfa_challenges", "DELETE FROM mfa_challenges WHERE organization_id = $1"),
    ("sso_logins", "DELETE FROM sso_logins WHERE organization_id = $1"),
    ("privacy_codes", "DELETE FROM privacy_codes WHERE organization_id = $1"),
    ("event_tickets", "DELETE FROM event_tickets WHERE organization_id = $1"),
    ("kept_answers", "DELETE FROM idempotency_keys WHERE organization_id = $1"),
    ("mail_queue", "DELETE FROM mail_queue WHERE organization_id = $1"),
    ("letters", "DELETE FROM mail_outbox WHERE organization_id = $1"),
    ("export_chunks", "DELETE FROM export_chunks WHERE organization_id = $1"),
    ("import_chunks", "DELETE FROM import_chunks WHERE organization_id = $1"),
    ("queued_files", "DELETE FROM job_queue WHERE organization_id = $1 AND kind IN ('import', 'export')"),
    (
        "files",
        "UPDATE jobs SET state = 'failed', failure = 'restored', finished_at = clock_timestamp() WHERE organization_id = $1 \
         AND kind IN ('import', 'export') AND state IN ('queued', 'running')",
    ),
    (
        "export_members",
        "DELETE FROM export_members m USING exports e WHERE m.organization_id = $1 AND e.organization_id = $1 AND e.id = m.export_id \
         AND e.stage IN ('waiting', 'preparing', 'ready')",
    ),
    (
        "exports",
        "UPDATE exports SET stage = 'expired', wrapped_key = NULL, token_digest = NULL WHERE organization_id = $1 AND stage IN ('waiting', 'preparing', 'ready')",
    ),
];

/// Voids sessions, tokens, codes, links, files on their way and kept answers. How many of each; doing it again finds none.
pub async fn void(work: &Work) -> Result<Vec<(&'static str, u64)>, DbError> {
    let organization = work.organization().uuid();
    let mut voided = Vec::with_capacity(VOID.len());
    for (what, sql) in VOID {
        voided.push((what, work.execute(sql, &[&organization]).await?));
    }
    work.execute("UPDATE imports SET wrapped_key = NULL WHERE organization_id = $1", &[&organization]).await?;
    work.execute("DELETE FROM password_reset_requests", &[]).await?;
    work.execute(
        "UPDATE job_queue SET lease_token = NULL, lease_until = NULL WHERE organization_id = $1",
        &[&organization],
    )
    .await?;
    Ok(voided)
}

/// Ends a partner's key, or a directory's token. False where there is none of this id.
pub async fn revoke_key(work: &Work, id: Uuid) -> Result<bool, DbError> {
    const SQL: [&str; 2] = [
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE organization_id = $1 AND id = $2",
        "UPDATE scim_tokens SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE organization_id = $1 AND id = $2",
    ];
    either(work, SQL, id).await
}

/// Takes a secret out of force that was replaced: the key waits for another one, the webhook is off until it is given one.
pub async fn forget_secret(work: &Work, id: Uuid) -> Result<bool, DbError> {
    const SQL: [&str; 2] = [
        "UPDATE api_keys SET secret_digest = '', previous_digest = NULL, previous_until = NULL WHERE organization_id = $1 AND id = $2",
        "UPDATE webhooks SET disabled = 'by_hand', previous_secret = NULL, previous_until = NULL WHERE organization_id = $1 AND id = $2",
    ];
    either(work, SQL, id).await
}

async fn either(work: &Work, statements: [&str; 2], id: Uuid) -> Result<bool, DbError> {
    let mut found = 0;
    for sql in statements {
        found += work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    }
    Ok(found > 0)
}

/// Closes the way in for somebody. False where there is nobody of this id.
pub async fn suspend(work: &Work, user: Uuid) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE users SET state = 'suspended', version = version + 1 WHERE organization_id = $1 AND id = $2 AND state IN ('invited', 'active')";
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, &user]).await?;
    let known = "SELECT EXISTS (SELECT FROM users WHERE organization_id = $1 AND id = $2)";
    Ok(work.query_one(known, &[&organization, &user]).await?.get(0))
}

/// A bucket of an organisation as it is by now: the epoch in force.
pub async fn put_bucket(work: &Work, bucket: u16, epoch: u32) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO key_buckets (organization_id, bucket, epoch, reserved, created_at) VALUES ($1, $2, $3, 256, clock_timestamp()) \
         ON CONFLICT (organization_id, bucket) DO UPDATE SET epoch = $3";
    work.execute(SQL, &[&work.organization().uuid(), &i32::from(bucket), &i64::from(epoch)]).await?;
    Ok(())
}

/// Notes an epoch that was left without this database's knowledge, and that its key is still in the store.
pub async fn note_left(work: &Work, bucket: u16, epoch: u32, commitment: &[u8]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO key_epochs (organization_id, bucket, epoch, commitment, rewrapped, retired_at) VALUES ($1, $2, $3, $4, 0, clock_timestamp()) \
         ON CONFLICT DO NOTHING";
    work.execute(SQL, &[&work.organization().uuid(), &i32::from(bucket), &i64::from(epoch), &commitment]).await?;
    Ok(())
}

/// Notes that the keys of left epochs are destroyed that the store does not have any more; `kept` are those that it has.
pub async fn note_gone(work: &Work, kept: &[(u16, u32)]) -> Result<(), DbError> {
    const SQL: &str = "UPDATE key_epochs k SET destroyed_at = clock_timestamp() WHERE k.organization_id = $1 AND k.destroyed_at IS NULL \
         AND NOT EXISTS (SELECT FROM unnest($2::int[], $3::bigint[]) AS u(bucket, epoch) WHERE u.bucket = k.bucket AND u.epoch = k.epoch)";
    let buckets: Vec<i32> = kept.iter().map(|(bucket, _)| i32::from(*bucket)).collect();
    let epochs: Vec<i64> = kept.iter().map(|(_, epoch)| i64::from(*epoch)).collect();
    work.execute(SQL, &[&work.organization().uuid(), &buckets, &epochs]).await?;
    Ok(())
}

/// Has erasures that are under way wait for the epoch in force, where the one that they waited for is unknown here: it was left and destroyed after the
/// backup. What a sweep of before looked for went with its key.
pub async fn wait_anew(work: &Work) -> Result<(), DbError> {
    const PEOPLE: &str = "UPDATE erasures e SET epoch = k.epoch FROM key_buckets k WHERE e.organization_id = $1 AND k.organization_id = $1 \
         AND e.state = 'erasing' AND e.destroyed_at IS NULL AND k.bucket = e.bucket AND e.epoch < k.epoch \
         AND NOT EXISTS (SELECT FROM key_epochs o WHERE o.organization_id = $1 AND o.bucket = e.bucket AND o.epoch = e.epoch)";
    const PASSING: &str = "UPDATE erasures e SET passing_epoch = k.epoch, sealed_traces = NULL FROM key_buckets k WHERE e.organization_id = $1 \
         AND k.organization_id = $1 AND e.state = 'erasing' AND e.destroyed_at IS NULL AND k.bucket = 65535 AND e.passing_epoch < k.epoch \
         AND NOT EXISTS (SELECT FROM key_epochs o WHERE o.organization_id = $1 AND o.bucket = 65535 AND o.epoch = e.passing_epoch AND o.destroyed_at IS NULL)";
    let organization = work.organization().uuid();
    work.execute(PEOPLE, &[&organization]).await?;
    work.execute(PASSING, &[&organization]).await?;
    Ok(())
}

/// Puts the organisation's own keys in the place of those that were wrapped before.
pub async fn put_own_keys(work: &Work, keys: &[crate::erasures::WrappedKey]) -> Result<(), DbError> {
    let sql =
        "UPDATE organization_keys SET wrapped_key = $3 WHERE organization_id = $1 AND kind = 'data' AND version = $2";
    for key in keys {
        work.execute(sql, &[&work.organization().uuid(), &key.version, &key.wrapped]).await?;
    }
    Ok(())
}

/// Names the log of an organisation anew: the same size and root under a checkpoint of the new name.
pub async fn put_head_note(work: &Work, note: &str) -> Result<(), DbError> {
    let sql = "UPDATE audit_heads SET note = $2 WHERE organization_id = $1";
    work.execute(sql, &[&work.organization().uuid(), &note]).await?;
    Ok(())
}

/// Names the log of all logs anew. What witnesses have signed is of the name before.
pub async fn rename_log(work: &Work, origin: &str, note: &str) -> Result<(), DbError> {
    work.execute("UPDATE audit_log_head SET origin = $1, note = $2", &[&origin, &note]).await?;
    work.execute("DELETE FROM audit_log_cosignatures", &[]).await?;
    Ok(())
}
