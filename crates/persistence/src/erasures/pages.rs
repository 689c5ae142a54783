//! Going through all the rows that an organisation has in a table, a bounded page at a time.

use std::iter;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::{DbError, Work};

/// The most rows that are read at once along a key.
const ROWS: usize = 500;
/// How many blocks of a table are read at once where no key leads to the rows: 512 KiB where nobody built Postgres otherwise.
const BLOCKS: i64 = 64;

/// A walk through the rows that the organisation has in one table. Every row that keeps its place meanwhile is met. One that comes to a place which was passed
/// is not, and need not be: it was written after whoever is looked for was gone.
pub struct Pages {
    table: String,
    way: Option<Way>,
    ended: bool,
}

/// How the rows are come by.
enum Way {
    /// In the order of the primary key, after the last row that was read. The key begins with the organisation: of what others keep nothing is read.
    Key(Vec<KeyColumn>, Option<Vec<String>>),
    /// By the places of everybody's rows, from this block on.
    Blocks(i64),
}

/// A column of a primary key behind the organisation.
struct KeyColumn {
    /// Quoted.
    name: String,
    /// The type, as SQL writes it.
    kind: String,
}

/// Names come from the database's own catalogue, and are quoted all the same.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Pages {
    /// Before the first row of this table.
    pub fn of(table: &str) -> Self {
        Self { table: quoted(table), way: None, ended: false }
    }

    /// Whether every row was read.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The next rows, of each what is selected from `t`. There may be none before the end.
    pub(super) async fn read(&mut self, work: &Work, selected: &str) -> Result<Vec<Row>, DbError> {
        let way = match self.way {
            Some(ref mut way) => way,
            None => {
                let found = Way::of(work, &self.table).await?;
                self.way.insert(found)
            }
        };
        match way {
            Way::Key(key, after) => {
                let rows = along_key(work, &self.table, selected, key, after.as_deref()).await?;
                self.ended = rows.len() < ROWS;
                *after = rows.last().map(|row| row.get(row.len() - 1));
                Ok(rows)
            }
            Way::Blocks(from) => {
                let rows = in_blocks(work, &self.table, selected, *from).await?;
                *from += BLOCKS;
                // Asked after the rows were read: what came into a new block meanwhile is not missed.
                self.ended = *from >= blocks_of(work, &self.table).await?;
                Ok(rows)
            }
        }
    }
}

impl Way {
    /// Along the primary key where that begins with the organisation, which it does in every table but a few of the service's own.
    async fn of(work: &Work, table: &str) -> Result<Self, DbError> {
        const SQL: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_index i \
             CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum \
             WHERE i.indrelid = $1::text::regclass AND i.indisprimary AND i.indisvalid AND k.place <= i.indnkeyatts ORDER BY k.place";
        let rows = work.query(SQL, &[&table]).await?;
        let leads = rows.first().is_some_and(|first| first.get::<_, &str>(0) == "organization_id");
        if !leads {
            return Ok(Self::Blocks(0));
        }
        let column = |row: &Row| KeyColumn { name: quoted(row.get(0)), kind: row.get(1) };
        Ok(Self::Key(rows.iter().skip(1).map(column).collect(), None))
    }
}

/// The rows after a key, in its order; the key of each is its last column, as text, whatever the types are.
async fn along_key(
    work: &Work,
    table: &str,
    selected: &str,
    key: &[KeyColumn],
    after: Option<&[String]>,
) -> Result<Vec<Row>, DbError> {
    let names: Vec<String> = key.iter().map(|column| format!("t.{}", column.name)).collect();
    let texts: Vec<String> = names.iter().map(|name| format!("{name}::text")).collect();
    let bounds = key.iter().enumerate().map(|(at, column)| format!("($2::text[])[{}]::{}", at + 1, column.kind));
    let bounds: Vec<String> = bounds.collect();
    // A comparison of rows, without the organisation: so the index is entered at the key, and not read up to it.
    let beyond = after.map(|_| format!("AND ({}) > ({})", names.join(", "), bounds.join(", "))).unwrap_or_default();
    let order: Vec<&str> = iter::once("t.organization_id").chain(names.iter().map(String::as_str)).collect();
    let sql = format!(
        "SELECT {selected}, ARRAY[{}]::text[] FROM {table} t WHERE t.organization_id = $1 {beyond} ORDER BY {} LIMIT {ROWS}",
        texts.join(", "),
        order.join(", ")
    );
    // Where an organisation has grown faster than the statistics, all that is left of it would be sorted for each page.
    work.execute("SET LOCAL enable_sort = off", &[]).await?;
    let organization = work.organization().uuid();
    match after {
        Some(after) => work.query(&sql, &[&organization, &after]).await,
        None => work.query(&sql, &[&organization]).await,
    }
}

/// The rows in some blocks. Both ends are named, so that nothing else is read: in the order of places the database would go through all that is left for each page.
async fn in_blocks(work: &Work, table: &str, selected: &str, from: i64) -> Result<Vec<Row>, DbError> {
    let sql = format!(
        "SELECT {selected} FROM {table} t WHERE t.organization_id = $1 AND t.ctid >= $2::text::tid AND t.ctid < $3::text::tid"
    );
    let [first, end] = [from, from + BLOCKS].map(|block| format!("({block},0)"));
    let params: [&(dyn ToSql + Sync); 3] = [&work.organization().uuid(), &first, &end];
    work.query(&sql, &params).await
}

/// How many blocks a table has by now; of one in parts, its largest part.
async fn blocks_of(work: &Work, table: &str) -> Result<i64, DbError> {
    const SQL: &str = "SELECT coalesce((SELECT max(pg_relation_size(p.relid)) FROM pg_partition_tree(t.oid) p), pg_relation_size(t.oid)) \
         / current_setting('block_size')::bigint FROM (SELECT $1::text::regclass::oid AS oid) t";
    Ok(work.query_one(SQL, &[&table]).await?.get(0))
}
