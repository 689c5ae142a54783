//! Whom a file is about.

use custodian_domain::access::RowScope;
use custodian_domain::kernel::CustomerId;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::consents::{IN_FORCE, JOIN_PURPOSE, OBJECTED, stopped_by_opt_out};
use crate::customers::{Filter, Where};
use crate::{DbError, Work};

/// How many match inside the scope, counted no further than `most`.
pub async fn count_matching(work: &Work, scope: &RowScope, filter: &Filter, most: i64) -> Result<i64, DbError> {
    let organization = work.organization().uuid();
    let matching = Where::new(scope, filter, 2);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    matching.push_params(filter, &mut params);
    params.push(&most);
    let Where { from, sql, .. } = &matching;
    let sql = format!("SELECT count(*) FROM (SELECT FROM {from} WHERE {sql} LIMIT ${}) t", params.len());
    Ok(work.query_one(&sql, &params).await?.get(0))
}

/// In which order a file tells of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Oldest first.
    OldestFirst,
    /// By chance: in a de-identified copy the place of a row must not say whose it is.
    ByChance,
}

/// Fixes whom a file is about: those who match inside the scope, `piece` of them in each row and `most` at most. They do not leave the database. Says in
/// the file how many they are.
pub async fn insert_matching(
    work: &Work,
    id: Uuid,
    (scope, filter): (&RowScope, &Filter),
    told: Told,
    most: i64,
    piece: i64,
) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let matching = Where::new(scope, filter, 2);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    matching.push_params(filter, &mut params);
    let n = params.len();
    params.extend([&most as &(dyn ToSql + Sync), &piece, &id]);
    let order = match told {
        Told::OldestFirst => "c.id",
        Told::ByChance => "gen_random_uuid()",
    };
    let sql = format!(
        "INSERT INTO export_members (organization_id, export_id, sequence, customer_ids) \
         SELECT $1, ${}, (f.place / ${})::integer, array_agg(f.id ORDER BY f.place) FROM ( \
             SELECT s.id, row_number() OVER (ORDER BY s.turn) - 1 AS place FROM ( \
                 SELECT c.id, {order} AS turn FROM {} WHERE {} ORDER BY c.id LIMIT ${}) s) f GROUP BY 3",
        n + 3,
        n + 2,
        matching.from,
        matching.sql,
        n + 1
    );
    work.execute(&sql, &params).await?;
    let sql = "UPDATE exports SET members = (SELECT coalesce(sum(cardinality(customer_ids)), 0)::integer FROM export_members \
         WHERE organization_id = $1 AND export_id = $2) WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&organization, &id]).await?;
    Ok(())
}

/// A piece of those whom a file is about.
pub async fn members(work: &Work, id: Uuid, sequence: i32) -> Result<Option<Vec<CustomerId>>, DbError> {
    let sql = "SELECT customer_ids FROM export_members WHERE organization_id = $1 AND export_id = $2 AND sequence = $3";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id, &sequence]).await?;
    Ok(row.map(|row| row.get::<_, Vec<Uuid>>(0).into_iter().map(CustomerId::from).collect()))
}

/// Notes who of a piece is in the file.
pub async fn note_shown(work: &Work, id: Uuid, sequence: i32, shown: &[CustomerId]) -> Result<(), DbError> {
    let shown: Vec<Uuid> = shown.iter().map(|id| id.uuid()).collect();
    let sql = "UPDATE export_members SET shown = $4 WHERE organization_id = $1 AND export_id = $2 AND sequence = $3";
    work.execute(sql, &[&work.organization().uuid(), &id, &sequence, &shown]).await?;
    Ok(())
}

/// Whether somebody in the file must not be in it any more: gone, restricted where that counts, without the consent in force that its
/// purpose needs, or objecting to it.
pub async fn outdated(
    work: &Work,
    id: Uuid,
    restriction_counts: bool,
    consent_to: Option<&str>,
    objection_to: Option<&str>,
) -> Result<bool, DbError> {
    let sql = format!(
        "SELECT EXISTS (SELECT FROM export_members m CROSS JOIN unnest(m.shown) AS i(id) \
             LEFT JOIN customers c ON c.organization_id = $1 AND c.id = i.id \
         WHERE m.organization_id = $1 AND m.export_id = $2 AND (c.id IS NULL OR c.archived_at IS NOT NULL OR ($3 AND c.restricted) \
             OR ($4::text IS NOT NULL AND NOT EXISTS (SELECT FROM consent_states s {JOIN_PURPOSE} \
                 WHERE s.organization_id = $1 AND s.customer_id = i.id AND s.purpose = $4 AND {IN_FORCE})) \
             OR ($5::text IS NOT NULL AND EXISTS (SELECT FROM consent_states s WHERE s.organization_id = $1 AND s.customer_id = i.id AND s.purpose = $5 \
                 AND {OBJECTED})) \
             OR ($5::text IS NOT NULL AND EXISTS (SELECT FROM purposes p WHERE p.organization_id = $1 AND p.code = $5 AND {}))))",
        stopped_by_opt_out!("i.id")
    );
    let params: [&(dyn ToSql + Sync); 5] =
        [&work.organization().uuid(), &id, &restriction_counts, &consent_to, &objection_to];
    let row = work.query_one(&sql, &params).await?;
    Ok(row.get(0))
}

/// Forgets whom a file is about.
pub async fn drop_members(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM export_members WHERE organization_id = $1 AND export_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}
