//! `custodian bench`: the service against pgbench on the same temporary cluster, alternating, in medians and ratios.

mod cases;
mod catalog;
mod consents;
mod deadlines;
mod export;
mod growth;
mod http;
mod load;
mod people;
mod pgbench;
mod process;
mod report;
mod rights;
mod rounds;
mod targets;
mod told;

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use custodian_application::SystemClock;
use custodian_application::startup::Unfit;
use custodian_crypto::SeededRandomness;

pub use cases::Case;

use self::cases::Material;
use self::pgbench::Postgres;
use self::process::{Process, cpu_of_family};
use self::report::{Bulk, Report};
use self::rounds::Bench;
use crate::dev::{self, Instance, Person};

/// The most ids that the partner gathers by listing.
const PARTNER_IDS: usize = 20_000;
/// Different bodies to create with.
const BODIES: u64 = 2_000;

/// How to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Customers on file
    #[arg(long, default_value_t = 100_000)]
    customers: u64,
    /// Fields of its own that the organisation has beside the built-in ones
    #[arg(long, default_value_t = 0)]
    fields: usize,
    /// Record types of its own that the organisation has beside the built-in ones
    #[arg(long, default_value_t = 0)]
    record_types: usize,
    /// Opportunities on file
    #[arg(long, default_value_t = 100_000)]
    opportunities: u64,
    /// Connections at once
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Connections of the second series of reads, which tells how long one answer takes
    #[arg(long, default_value_t = 2)]
    few_connections: usize,
    /// Length of one run
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds; every second one in reverse order
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only these cases, separated by commas; import, export and pgbench are always measured
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Case::ALL)]
    cases: Vec<Case>,
    /// Grow the log to these sizes, too, and measure the single read at each (such as 1000000,10000000)
    #[arg(long, value_delimiter = ',')]
    log_entries: Vec<u64>,
    /// Leave out what people's rights cost: erasures and a package
    #[arg(long)]
    without_rights: bool,
    /// A folder that does not exist yet, to be removed at the end [default: one in the system's temporary folder]
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Where the results go as JSON
    #[arg(long, default_value = "target/bench.json")]
    output: PathBuf,
    /// Fail when a target is missed
    #[arg(long)]
    strict: bool,
}

impl Options {
    fn dir(&self) -> PathBuf {
        let own = || std::env::temp_dir().join(format!("custodian-bench-{}", std::process::id()));
        self.data_dir.clone().unwrap_or_else(own)
    }
}

pub(crate) fn unfit(error: impl std::fmt::Display) -> Unfit {
    Unfit(error.to_string())
}

/// Measures, prints the table and writes the JSON. False when a target was missed and that was to count.
pub fn run(options: &Options) -> Result<bool, Unfit> {
    let dir = options.dir();
    if dir.exists() {
        return Err(Unfit(format!("{} exists. Name a folder that does not.", dir.display())));
    }
    // Migrations need a runtime of several threads; the load one of its own, so that it costs little.
    let setup = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(unfit)?;
    let instance = setup.block_on(dev::prepare(&dev::Options {
        data_dir: dir.clone(),
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        empty: true,
        // The receiver that hears of withdrawals is in this process.
        settings: vec![("outbound_allow_loopback".to_owned(), "true".to_owned())],
        clock: Arc::new(SystemClock),
        remove_on_exit: true,
    }))?;
    let load = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unfit)?;
    let report = load.block_on(measure(options, &instance, &dir));
    drop(setup);
    let (report, failed) = report?;
    say(&report.table());
    let text = serde_json::to_string_pretty(&report.json()).map_err(unfit)?;
    write(&options.output, &text)?;
    if let Some(failed) = failed {
        return Err(failed);
    }
    Ok(report.all_met() || !options.strict)
}

#[expect(clippy::print_stdout, reason = "the table is for the person at the terminal")]
fn say(text: &str) {
    println!("{text}");
}

fn write(path: &Path, text: &str) -> Result<(), Unfit> {
    let failed = |error: std::io::Error| Unfit(format!("{} cannot be written ({}).", path.display(), error.kind()));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(path, format!("{text}\n")).map_err(failed)
}

/// The report, and what could not be measured at the end: minutes of figures are not thrown away for it.
async fn measure(options: &Options, instance: &Instance, dir: &Path) -> Result<(Report, Option<Unfit>), Unfit> {
    let rng = SeededRandomness::new(20_261_122);
    let postgres = Postgres::of(instance.cluster(), dir)?;
    say(&format!("importing {} customers ...", options.customers));
    let form = people::form(options.customers, &rng);
    let imported = import(options, instance, &form, dir, postgres.pid).await?;
    postgres.prepare(instance.demo.organization_id)?;
    let server = Process::start(dir).await?;
    let mut material = Material {
        staff: String::new(),
        partner: format!("X-API-Key: {}", instance.demo.partner_api_key),
        view: String::new(),
        ids: postgres.sql("SELECT id FROM customers")?.lines().map(str::to_owned).collect(),
        partner_ids: Vec::new(),
        mobiles: people::mobiles(&form),
        bodies: people::bodies(BODIES, &rng),
        written: Cell::new(0),
        agreed: consents::Agreed::default(),
    };
    drop(form);
    if options.cases.iter().any(|case| Case::OF_CONSENTS.contains(case)) {
        say("recording consents ...");
        material.agreed = consents::of_instance(instance, server.address, &material.ids).await?;
    }
    let mut bench = Bench::new(options, instance, postgres, server, material);
    if options.fields + options.record_types > 0 {
        bench.plain = Some(bench.read_ratio().await?);
    }
    prepare_catalog(&mut bench).await?;
    if options.cases.contains(&Case::PartnerRead) {
        bench.material.partner_ids = people::listed(bench.server.address, &bench.material.partner, PARTNER_IDS).await?;
    }
    bench.rounds().await?;
    let grown = bench.growth(&options.log_entries).await?;
    let exported = bench.export().await?;
    let mut failed = None;
    let told = bench.told().await.unwrap_or_else(|error| failed.replace(error).and(None));
    let rights = bench.rights().await.unwrap_or_else(|error| failed.replace(error).and(None));
    Ok((bench.report([imported, exported], grown, told, rights)?, failed))
}

/// Own fields and record types, a view of the list, and opportunities, as far as the cases need them.
async fn prepare_catalog(bench: &mut Bench<'_>) -> Result<(), Unfit> {
    let Bench { options, instance, server, postgres, material, .. } = bench;
    let (admin, owner) = (person(instance, "admin")?, importer(instance)?);
    let credential = async |person: &Person| people::log_in(server.address, &person.email, &person.password).await;
    let (admin, owner) = (credential(admin).await?, credential(owner).await?);
    say(&format!("defining {} fields and {} record types ...", options.fields, options.record_types));
    material.view = catalog::fields(server.address, [&admin, &owner], options.fields).await?;
    catalog::record_types(server.address, &admin, options.record_types).await?;
    if options.cases.contains(&Case::List50View) {
        catalog::fill(server.address, &owner, options.fields).await?;
    }
    // Of somebody who is neither handed over nor erased later: these are copies of one, and do not open.
    if options.cases.contains(&Case::Funnel)
        && let Some(customer) = material.ids.last()
    {
        say(&format!("entering {} opportunities ...", options.opportunities));
        catalog::opportunities(server.address, &owner, postgres, customer, options.opportunities).await?;
    }
    Ok(())
}

fn person<'a>(instance: &'a Instance, key: &str) -> Result<&'a Person, Unfit> {
    instance.demo.users.get(key).ok_or_else(|| Unfit(format!("the demo organisation lacks {key}.")))
}

/// The customers through the front door.
async fn import(options: &Options, instance: &Instance, form: &[u8], dir: &Path, postgres: u32) -> Result<Bulk, Unfit> {
    let server = Process::start(dir).await?;
    let person = importer(instance)?;
    let credential = people::log_in(server.address, &person.email, &person.password).await?;
    server.reset_peak();
    let (server_before, postgres_before) = (server.cpu(), cpu_of_family(postgres));
    let seconds = people::import(server.address, &credential, form).await?;
    let (server_after, postgres_after) = (server.cpu(), cpu_of_family(postgres));
    let memory = server.peak_mib();
    server.stop().await?;
    let rows = options.customers.max(1) as f64;
    let share = |after: f64, before: f64| (after - before) * 1e6 / rows;
    let shares = [share(server_after, server_before), share(postgres_after, postgres_before)];
    Ok(Bulk { rate: rows / seconds, memory, shares })
}

/// The member of staff who owns every customer.
fn importer(instance: &Instance) -> Result<&Person, Unfit> {
    instance.demo.users.get("sales_a").ok_or_else(|| Unfit("the demo organisation lacks sales_a.".into()))
}
