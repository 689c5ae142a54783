//! The yardstick: pgbench on the same cluster and the same rows, over the unix socket, as the superuser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use custodian_application::startup::Unfit;
use custodian_domain::kernel::OrganizationId;

use super::load::Push;
use super::unfit;
use crate::dev::postgres::Cluster;

/// The columns that the service's own single read fetches.
const COLUMNS: &str = "c.id, c.version, c.stage, c.source, c.region, c.owner_id, c.department_id, c.restricted, c.created_at, c.created_by, \
     c.updated_at, c.updated_by, c.key_version, c.wrapped_key, c.fields";

/// The programs of the cluster's own release, and how to reach it.
pub(super) struct Postgres {
    programs: PathBuf,
    environment: [(&'static str, String); 5],
    dir: PathBuf,
    /// Its postmaster.
    pub pid: u32,
}

impl Postgres {
    /// Finds `psql` and `pgbench` beside the running server's own program.
    pub(super) fn of(cluster: &Cluster, dir: &Path) -> Result<Self, Unfit> {
        let program = fs::read_link(format!("/proc/{}/exe", cluster.pid())).map_err(unfit)?;
        let programs = program.parent().map(Path::to_owned).unwrap_or_default();
        if !programs.join("pgbench").exists() {
            return Err(Unfit(format!("{} has no pgbench. Install it to compare with.", programs.display())));
        }
        let environment = [
            ("PGHOST", cluster.socket_dir().to_string_lossy().into_owned()),
            ("PGPORT", cluster.port().to_string()),
            ("PGUSER", cluster.superuser().to_owned()),
            ("PGPASSWORD", cluster.superuser_password().to_owned()),
            ("PGDATABASE", "custodian".to_owned()),
        ];
        Ok(Self { programs, environment, dir: dir.to_owned(), pid: cluster.pid() })
    }

    fn run(&self, program: &str, arguments: &[&str], more: &[(&str, String)]) -> Result<String, Unfit> {
        let mut command = Command::new(self.programs.join(program));
        command.env_clear().envs(self.environment.iter().chain(more).map(|(n, v)| (n, v))).args(arguments);
        let done = command.output().map_err(unfit)?;
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        let told = said.lines().find(|line| line.contains("ERROR")).or(said.lines().last());
        Err(Unfit(format!("{program} failed: {}", told.unwrap_or("it said nothing"))))
    }

    /// Runs SQL; its rows as lines, columns separated by `|`.
    pub(super) fn sql(&self, text: &str) -> Result<String, Unfit> {
        self.run("psql", &["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text], &[]).map(|out| out.trim_end().to_owned())
    }

    /// Numbers the customers, so that pgbench can draw one, and writes the two scripts.
    pub(super) fn prepare(&self, organization: OrganizationId) -> Result<(), Unfit> {
        self.sql(
            "CREATE TABLE bench_ids (n int PRIMARY KEY, id uuid NOT NULL); \
             INSERT INTO bench_ids SELECT row_number() OVER (ORDER BY random()), id FROM customers; \
             GRANT SELECT ON bench_ids TO custodian_server; \
             CREATE TABLE bench_audit (LIKE audit_entries, PRIMARY KEY (organization_id, id))",
        )?;
        // Fresh statistics and visibility, as a database that has been up for a day has them.
        self.sql("VACUUM ANALYZE")?;
        let customers: u64 = self.sql("SELECT count(*) FROM bench_ids")?.parse().map_err(unfit)?;
        fs::write(self.script(Yardstick::Select), select(organization, customers)).map_err(unfit)?;
        fs::write(self.script(Yardstick::Audited), audited(organization, customers)).map_err(unfit)?;
        fs::write(self.dir.join(FENCE), fence(organization)).map_err(unfit)
    }

    fn script(&self, yardstick: Yardstick) -> PathBuf {
        self.dir.join(match yardstick {
            Yardstick::Select | Yardstick::Fenced => "select.sql",
            Yardstick::Audited => "audited.sql",
        })
    }

    /// Transactions per second of one run.
    pub(super) fn measure(&self, yardstick: Yardstick, push: Push) -> Result<f64, Unfit> {
        // Connecting may take most of a second on a busy machine, and counts against its time.
        let (clients, seconds) = (push.connections.to_string(), push.length.as_secs().max(2).to_string());
        let script = self.script(yardstick).to_string_lossy().into_owned();
        let threads = if push.connections > 1 { "2" } else { "1" };
        let arguments = ["-n", "-M", "prepared", "-c", &clients, "-j", threads, "-T", &seconds, "-f", &script];
        let said = match yardstick {
            Yardstick::Select | Yardstick::Audited => self.run("pgbench", &arguments, &[])?,
            Yardstick::Fenced => {
                let fence = fs::read_to_string(self.dir.join(FENCE)).map_err(unfit)?;
                self.run("pgbench", &arguments, &[("PGOPTIONS", fence)])?
            }
        };
        rate(&said).ok_or_else(|| Unfit("pgbench told no rate.".into()))
    }
}

/// What the service is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Yardstick {
    /// (a): the row of one customer by its primary key.
    Select,
    /// (b): the same, an audit row inserted, and a commit.
    Audited,
    /// (c): (a) as the server's own role, behind row-level security.
    Fenced,
}

/// Holds the session settings of (c).
const FENCE: &str = "fence.options";

fn fence(organization: OrganizationId) -> String {
    format!("-c role=custodian_server -c app.organization_id={organization}")
}

/// One row by primary key. The row's number is turned into its id by a second look-up in a table of two columns; pgbench has no arrays.
fn select(organization: OrganizationId, customers: u64) -> String {
    format!(
        "\\set n random(1, {customers})\n\
         SELECT {COLUMNS} FROM customers c WHERE c.organization_id = '{organization}' AND c.id = (SELECT b.id FROM bench_ids b WHERE b.n = :n) \
         AND c.archived_at IS NULL;\n"
    )
}

/// The same and an audit row as wide as ours, under an id that begins with the time as ours does, so that both fill the index from its end.
fn audited(organization: OrganizationId, customers: u64) -> String {
    let read = select(organization, customers);
    let (set, query) = read.split_once('\n').unwrap_or_default();
    format!(
        "{set}\nBEGIN;\n{query}\
         INSERT INTO bench_audit (organization_id, id, customer_id, actor_id, action, verdict, entry, mac) \
         VALUES ('{organization}', (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || right(gen_random_uuid()::text, 22))::uuid, \
         '{organization}', '{organization}', 'customers.read', 'allowed', decode(repeat('7b', 350), 'hex'), decode(repeat('ac', 32), 'hex'));\nCOMMIT;\n"
    )
}

/// The rate that pgbench tells, without the time of connecting.
fn rate(said: &str) -> Option<f64> {
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_rate_is_found_in_what_pgbench_says() {
        let said = "number of failed transactions: 0 (0.000%)\nlatency average = 1.1 ms\ntps = 58312.25 (without initial connection time)\n";
        assert_eq!(rate(said), Some(58_312.25));
        assert_eq!(rate("nothing"), None);
    }

    #[test]
    fn the_audited_script_reads_the_same_row_inside_a_transaction() {
        let organization = OrganizationId::from(Uuid::nil());
        let (read, both) = (select(organization, 9), audited(organization, 9));
        let query = read.lines().nth(1).unwrap();
        let lines: Vec<&str> = both.lines().collect();
        assert_eq!(lines.first().copied(), read.lines().next());
        assert_eq!(lines.get(1..3).unwrap(), ["BEGIN;", query]);
        assert_eq!(lines.last().copied(), Some("COMMIT;"));
        assert!(lines.get(3).unwrap().starts_with("INSERT INTO bench_audit"));
    }
}
