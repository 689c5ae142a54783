//! One transaction under one organisation. Nothing below the use cases writes outside it.

use custodian_domain::kernel::OrganizationId;
use deadpool_postgres::Object;
use futures_util::TryStreamExt;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::{Database, DbError};

/// A transaction whose rows are fenced to one organisation by row-level security. Dropped without
/// [`Work::commit`] it leaves nothing behind.
pub struct Work {
    client: Option<Object>,
    organization: OrganizationId,
}

pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Work {
    /// Opens a transaction for this organisation.
    pub async fn begin(db: &Database, organization: OrganizationId) -> Result<Self, DbError> {
        Self::on(db.client().await?, organization).await
    }

    /// Opens one if a connection is free at once: for a caller that holds one already and must not wait for another.
    pub async fn begin_if_free(db: &Database, organization: OrganizationId) -> Result<Option<Self>, DbError> {
        match db.client_if_free().await? {
            Some(client) => Self::on(client, organization).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens one that commits by itself while the caller's own is still open.
    pub async fn begin_beside(db: &Database, organization: OrganizationId) -> Result<Self, DbError> {
        Self::on(db.client_beside().await?, organization).await
    }

    /// Opens one for the global tables alone: no row of any organisation is seen in it.
    pub async fn begin_global(db: &Database) -> Result<Self, DbError> {
        Self::begin(db, OrganizationId::from(uuid::Uuid::nil())).await
    }

    async fn on(client: Object, organization: OrganizationId) -> Result<Self, DbError> {
        // A piece of work from the first byte on: whoever gives up while it begins closes the connection, instead of giving it back in a transaction.
        let work = Self { client: Some(client), organization };
        // Sent, and not waited for: answers come in the order of the statements, and the first of them tells of a connection that is gone. Whatever ran
        // outside of the transaction would see no row, for nothing else names the organisation.
        let begin = begin_for(organization);
        match futures_util::FutureExt::now_or_never(work.client()?.batch_execute(&begin)) {
            Some(Err(error)) => Err(error.into()),
            Some(Ok(())) | None => Ok(work),
        }
    }

    /// Opens a transaction and asks its first question on the same way to the database.
    pub(crate) async fn begin_asking(
        db: &Database,
        organization: OrganizationId,
        sql: &str,
        params: Params<'_>,
    ) -> Result<(Self, Vec<Row>), DbError> {
        let client = db.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let (work, begin) = (Self { client: Some(client), organization }, begin_for(organization));
        let client = work.client()?;
        let ((), rows) = tokio::try_join!(biased; client.batch_execute(&begin), client.query(&statement, params))?;
        Ok((work, rows))
    }

    /// The organisation that this transaction is fenced to.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Makes everything durable. An error means that nothing may be assumed: the commit may or may not have happened.
    pub async fn commit(mut self) -> Result<(), DbError> {
        let client = self.client.take().ok_or_else(|| DbError::Internal("commit after the end".into()))?;
        match client.batch_execute("COMMIT").await {
            Ok(()) => Ok(()),
            Err(error) => {
                Database::discard(client);
                Err(error.into())
            }
        }
    }

    /// Ends the transaction without a trace and gives the connection back.
    pub async fn abandon(mut self) {
        if let Some(client) = self.client.take()
            && client.batch_execute("ROLLBACK").await.is_err()
        {
            Database::discard(client);
        }
    }

    /// Commits what went well; takes back what did not, and gives the connection back either way.
    pub async fn settle<T, E: From<DbError>>(self, outcome: Result<T, E>) -> Result<T, E> {
        match outcome {
            Ok(value) => {
                self.commit().await?;
                Ok(value)
            }
            Err(error) => {
                self.abandon().await;
                Err(error)
            }
        }
    }

    fn client(&self) -> Result<&deadpool_postgres::ClientWrapper, DbError> {
        self.client.as_deref().ok_or_else(|| DbError::Internal("work after the end".into()))
    }

    pub(crate) async fn query(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, DbError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, params).await?)
    }

    /// The same for many wide rows: each is read as it arrives, so that the answer is not in memory twice.
    pub(crate) async fn collect<T: for<'r> From<&'r Row>>(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<T>, DbError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        let mut rows = std::pin::pin!(client.query_raw(&statement, params.iter().copied()).await?);
        let mut read = Vec::new();
        while let Some(row) = rows.try_next().await? {
            read.push(T::from(&row));
        }
        Ok(read)
    }

    pub(crate) async fn query_opt(&self, sql: &str, params: Params<'_>) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    pub(crate) async fn query_one(&self, sql: &str, params: Params<'_>) -> Result<Row, DbError> {
        self.query_opt(sql, params).await?.ok_or_else(|| DbError::Internal("a row was expected".into()))
    }

    pub(crate) async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64, DbError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.execute(&statement, params).await?)
    }

    /// A savepoint around what may fail without ending the transaction.
    pub async fn savepoint(&self) -> Result<(), DbError> {
        Ok(self.client()?.batch_execute("SAVEPOINT attempt").await?)
    }

    /// Goes back to the last savepoint.
    pub async fn rollback_to_savepoint(&self) -> Result<(), DbError> {
        Ok(self.client()?.batch_execute("ROLLBACK TO SAVEPOINT attempt").await?)
    }

    /// The database's own clock, which decides every expiry that two instances must agree on.
    pub async fn database_time(&self) -> Result<chrono::DateTime<chrono::Utc>, DbError> {
        Ok(self.query_one("SELECT clock_timestamp()", &[]).await?.get(0))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // A connection inside a transaction is closed, never returned to the pool: the server rolls back.
        if let Some(client) = self.client.take() {
            Database::discard(client);
        }
    }
}

/// One round trip: the transaction and the organisation it is fenced to. `SET LOCAL` dies with it.
pub(crate) fn begin_for(organization: OrganizationId) -> String {
    format!("BEGIN; SET LOCAL app.organization_id = '{organization}'")
}
