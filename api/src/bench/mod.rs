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
mod told;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use custodian_application::SystemClock;
use custodian_application::startup::Unfit;
use custodian_crypto::SeededRandomness;

pub use cases::Case;

use self::cases::Material;
use self::growth::Grown;
use self::load::{Push, Sample};
use self::pgbench::{Postgres, Yardstick};
use self::process::{Process, cpu_of, cpu_of_family};
use self::report::{Bulk, Context, Report, Series};
use self::rights::Rights;
use self::told::Told;
use crate::dev::{self, Instance, Person};

/// The most ids that the partner gathers by listing.
const PARTNER_IDS: usize = 20_000;
/// Different bodies to create with.
const BODIES: u64 = 2_000;
/// Length of the run that warms each case up before the series.
const WARM_UP: Duration = Duration::from_secs(1);

/// How to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Customers on file
    #[arg(long, default_value_t = 100_000)]
    customers: u64,
    /// Fields of its own that the organisation has beside the built-in ones
    #[arg(long, default_value_t = 0)]
    fields: usize,
    /// Opportunities on file
    #[arg(long, default_value_t = 100_000)]
    opportunities: u64,
    /// Connections at once
    #[arg(long, default_value_t = 64)]
    connections: usize,
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
    prepare_catalog(options, instance, &server, &postgres, &mut material).await?;
    if options.cases.contains(&Case::PartnerRead) {
        material.partner_ids = people::listed(server.address, &material.partner, PARTNER_IDS).await?;
    }
    let mut bench = Bench {
        options,
        instance,
        postgres,
        server,
        material,
        series: BTreeMap::new(),
        select: Vec::new(),
        audited: Vec::new(),
        fenced: Vec::new(),
        durable: None,
    };
    bench.rounds().await?;
    let grown = bench.growth(&options.log_entries).await?;
    let exported = bench.export().await?;
    let mut failed = None;
    let told = bench.told().await.unwrap_or_else(|error| failed.replace(error).and(None));
    let rights = bench.rights().await.unwrap_or_else(|error| failed.replace(error).and(None));
    Ok((bench.report([imported, exported], grown, told, rights)?, failed))
}

/// Own fields, a view of the list, and opportunities, as far as the cases need them.
async fn prepare_catalog(
    options: &Options,
    instance: &Instance,
    server: &Process,
    postgres: &Postgres,
    material: &mut Material,
) -> Result<(), Unfit> {
    let (admin, owner) = (person(instance, "admin")?, importer(instance)?);
    let credential = async |person: &Person| people::log_in(server.address, &person.email, &person.password).await;
    let (admin, owner) = (credential(admin).await?, credential(owner).await?);
    say(&format!("defining {} fields ...", options.fields));
    material.view = catalog::fields(server.address, [&admin, &owner], options.fields).await?;
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

struct Bench<'a> {
    options: &'a Options,
    instance: &'a Instance,
    postgres: Postgres,
    server: Process,
    material: Material,
    series: BTreeMap<Case, Series>,
    select: Vec<f64>,
    audited: Vec<f64>,
    fenced: Vec<f64>,
    durable: Option<(u64, u64)>,
}

#[derive(Clone, Copy)]
enum Step {
    Yardstick(Yardstick),
    Case(Case),
}

impl Bench<'_> {
    async fn rounds(&mut self) -> Result<(), Unfit> {
        let yardsticks = [Yardstick::Select, Yardstick::Audited, Yardstick::Fenced].map(Step::Yardstick);
        let mut steps: Vec<Step> =
            yardsticks.into_iter().chain(self.options.cases.iter().copied().map(Step::Case)).collect();
        self.log_in().await?;
        say("warming up ...");
        for step in &steps {
            self.warm_up(*step).await?;
        }
        for round in 1..=self.options.rounds {
            say(&format!("round {round} of {} ...", self.options.rounds));
            self.log_in().await?;
            // Each round then pays alike for the first change of a page after a checkpoint.
            self.postgres.sql("CHECKPOINT")?;
            for step in &steps {
                self.step(*step, round).await?;
            }
            steps.reverse();
        }
        Ok(())
    }

    async fn log_in(&mut self) -> Result<(), Unfit> {
        let person = importer(self.instance)?;
        self.material.staff = people::log_in(self.server.address, &person.email, &person.password).await?;
        Ok(())
    }

    fn push(&self) -> Push {
        Push { connections: self.options.connections, length: Duration::from_secs(self.options.seconds) }
    }

    async fn warm_up(&self, step: Step) -> Result<(), Unfit> {
        let push = Push { length: WARM_UP, ..self.push() };
        match step {
            Step::Yardstick(yardstick) => self.postgres.measure(yardstick, push).map(drop),
            Step::Case(case) => self.load(case, push, 0).await.map(drop),
        }
    }

    async fn load(&self, case: Case, push: Push, round: usize) -> Result<Sample, Unfit> {
        let seed = 7 + round as u64;
        // One call about 10,000 people, or about all opportunities, is measured by how long it takes, not by how many fit beside one another.
        let alone = matches!(case, Case::Decide10k | Case::Funnel);
        let push = if alone { Push { connections: 1, ..push } } else { push };
        let sample =
            load::run(self.server.address, push, seed, &|draw, out| self.material.write(case, draw, out)).await;
        sample.map_err(|error| Unfit(format!("{}: {error}", case.key())))
    }

    async fn step(&mut self, step: Step, round: usize) -> Result<(), Unfit> {
        match step {
            Step::Yardstick(yardstick) => {
                let rate = self.postgres.measure(yardstick, self.push())?;
                match yardstick {
                    Yardstick::Select => self.select.push(rate),
                    Yardstick::Audited => self.audited.push(rate),
                    Yardstick::Fenced => self.fenced.push(rate),
                }
            }
            Step::Case(case) => self.case(case, round).await?,
        }
        Ok(())
    }

    async fn case(&mut self, case: Case, round: usize) -> Result<(), Unfit> {
        let proved = case == Case::SingleRead && self.durable.is_none();
        let entries_before = if proved { self.entries()? } else { 0 };
        self.server.reset_peak();
        let before = self.spent();
        let sample = self.load(case, self.push(), round).await?;
        let after = self.spent();
        let answers = sample.answers.max(1) as f64;
        let mut shares = [0.0; 3];
        for (share, (after, before)) in shares.iter_mut().zip(after.into_iter().zip(before)) {
            *share = (after - before) * 1e6 / answers;
        }
        self.series.entry(case).or_default().add(sample, self.server.peak_mib(), shares);
        if proved {
            let entries = self.entries()? - entries_before;
            if entries < sample.answers {
                return Err(Unfit(format!("{} answers left, but only {entries} entries are durable.", sample.answers)));
            }
            self.durable = Some((sample.answers, entries));
        }
        Ok(())
    }

    /// Entries of reads that are committed.
    fn entries(&self) -> Result<u64, Unfit> {
        self.postgres.sql("SELECT count(*) FROM audit_entries WHERE action = 'customers.read'")?.parse().map_err(unfit)
    }

    /// Processor seconds so far of server, database and load.
    fn spent(&self) -> [f64; 3] {
        [self.server.cpu(), cpu_of_family(self.postgres.pid), cpu_of(std::process::id(), false)]
    }

    /// Everybody into a file, with the server idle otherwise.
    async fn export(&self) -> Result<Bulk, Unfit> {
        say("writing an export of everybody ...");
        self.server.reset_peak();
        let spent = || [self.server.cpu(), cpu_of_family(self.postgres.pid)];
        export::measure(self.server.address, self.instance, spent, || self.server.peak_mib()).await
    }

    fn report(
        self,
        [imported, exported]: [Bulk; 2],
        grown: Vec<Grown>,
        told: Option<Told>,
        rights: Option<Rights>,
    ) -> Result<Report, Unfit> {
        let Options { customers, connections, seconds, rounds, .. } = *self.options;
        let context = Context {
            connections,
            customers,
            seconds,
            rounds,
            postgres: self.postgres.sql("SHOW server_version")?,
            ready_ms: self.server.ready.as_secs_f64() * 1e3,
            imported,
            exported,
            select: self.select,
            audited: self.audited,
            fenced: self.fenced,
            durable: self.durable,
            grown,
            rights,
            told,
        };
        Ok(Report { context, cases: self.series.into_iter().map(|(case, series)| (case.key(), series)).collect() })
    }
}
