//! Whether the single read keeps its pace while the log grows: measured again at each size asked for.

use super::cases::Case;
use super::pgbench::{Postgres, Yardstick};
use super::{Bench, say};
use custodian_application::startup::Unfit;
use custodian_domain::kernel::OrganizationId;

/// Entries written in one statement.
const CHUNK: u64 = 500_000;

/// One size of the log, and the single read's share of (a) at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grown {
    /// Entries in the log, about.
    pub entries: u64,
    /// Single reads a second, as a share of (a) measured right before.
    pub ratio: f64,
}

impl Bench<'_> {
    /// Measures at the log's present size, then at each of `sizes`.
    pub(super) async fn growth(&mut self, sizes: &[u64]) -> Result<Vec<Grown>, Unfit> {
        let mut grown = Vec::new();
        if sizes.is_empty() {
            return Ok(grown);
        }
        for size in std::iter::once(0).chain(sizes.iter().copied()) {
            fill(&self.postgres, self.instance.demo.organization_id, size)?;
            self.log_in().await?;
            let entries = count(&self.postgres)?;
            say(&format!("the log holds {entries} entries ..."));
            let mut ratios = Vec::new();
            for round in 0..self.options.rounds {
                let select = self.postgres.measure(Yardstick::Select, self.push())?;
                let read = self.load(Case::SingleRead, self.push(), round).await?;
                ratios.push(read.rate / select.max(1.0));
            }
            grown.push(Grown { entries, ratio: super::report::median(&ratios) });
        }
        Ok(grown)
    }
}

fn count(postgres: &Postgres) -> Result<u64, Unfit> {
    postgres.sql("SELECT count(*) FROM audit_entries")?.parse().map_err(super::unfit)
}

/// Adds entries as wide as a read's until there are `size`. They are only in the way: no answer stands behind them, and they get no place.
fn fill(postgres: &Postgres, organization: OrganizationId, size: u64) -> Result<(), Unfit> {
    let mut have = count(postgres)?;
    while have < size {
        let more = CHUNK.min(size - have);
        postgres.sql(&format!(
            "INSERT INTO audit_entries (organization_id, id, customer_id, actor_id, action, verdict, entry, mac) \
             SELECT '{organization}', (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || right(gen_random_uuid()::text, 22))::uuid, \
             b.id, '{organization}', 'customers.read', 'allowed', decode(repeat('7b', 350), 'hex'), decode(repeat('ac', 32), 'hex') \
             FROM generate_series(1, {more}) AS new (number) JOIN bench_ids b ON b.n = 1 + new.number % (SELECT count(*) FROM bench_ids)"
        ))?;
        have = count(postgres)?;
    }
    postgres.sql("VACUUM ANALYZE audit_entries")?;
    postgres.sql("CHECKPOINT").map(drop)
}
