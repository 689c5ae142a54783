//! The rounds: yardsticks and cases in turn, every second time in reverse order.

use std::collections::BTreeMap;
use std::time::Duration;

use custodian_application::startup::Unfit;

use super::cases::{Case, Material};
use super::growth::Grown;
use super::load::{self, Push, Sample};
use super::pgbench::{Postgres, Yardstick};
use super::process::{Process, cpu_of, cpu_of_family};
use super::report::{Bulk, Context, Report, Series, median};
use super::rights::Rights;
use super::told::Told;
use super::{Options, export, importer, people, say, unfit};
use crate::dev::Instance;

/// Length of the run that warms each case up before the series.
const WARM_UP: Duration = Duration::from_secs(1);

pub(super) struct Bench<'a> {
    pub options: &'a Options,
    pub instance: &'a Instance,
    pub postgres: Postgres,
    pub server: Process,
    pub material: Material,
    series: BTreeMap<Case, Series>,
    /// Reads over few connections: at many that never rest, how long an answer takes only says how many there are.
    few: BTreeMap<Case, Series>,
    /// The single read's share of (a) before the catalog grew.
    pub plain: Option<f64>,
    select: Vec<f64>,
    audited: Vec<f64>,
    fenced: Vec<f64>,
    durable: Option<(u64, u64)>,
}

#[derive(Clone, Copy)]
enum Step {
    Yardstick(Yardstick),
    Case(Case),
    Few(Case),
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        options: &'a Options,
        instance: &'a Instance,
        postgres: Postgres,
        server: Process,
        material: Material,
    ) -> Self {
        let (series, few) = (BTreeMap::new(), BTreeMap::new());
        let (select, audited, fenced) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            options,
            instance,
            postgres,
            server,
            material,
            series,
            few,
            plain: None,
            select,
            audited,
            fenced,
            durable: None,
        }
    }

    /// The single read's share of (a) as things are now.
    pub(super) async fn read_ratio(&mut self) -> Result<f64, Unfit> {
        self.log_in().await?;
        let mut ratios = Vec::new();
        for round in 0..self.options.rounds {
            let select = self.postgres.measure(Yardstick::Select, self.push())?;
            let read = self.load(Case::SingleRead, self.push(), round).await?;
            ratios.push(read.rate / select.max(1.0));
        }
        Ok(median(&ratios))
    }

    pub(super) async fn rounds(&mut self) -> Result<(), Unfit> {
        let yardsticks = [Yardstick::Select, Yardstick::Audited, Yardstick::Fenced].map(Step::Yardstick);
        let cases = self.options.cases.iter().copied();
        let few = cases.clone().filter(|case| Case::TIMED.contains(case)).map(Step::Few);
        let mut steps: Vec<Step> = yardsticks.into_iter().chain(cases.map(Step::Case)).chain(few).collect();
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

    pub(super) async fn log_in(&mut self) -> Result<(), Unfit> {
        let person = importer(self.instance)?;
        self.material.staff = people::log_in(self.server.address, &person.email, &person.password).await?;
        Ok(())
    }

    pub(super) fn push(&self) -> Push {
        Push { connections: self.options.connections, length: Duration::from_secs(self.options.seconds) }
    }

    async fn warm_up(&self, step: Step) -> Result<(), Unfit> {
        let push = Push { length: WARM_UP, ..self.push() };
        match step {
            Step::Yardstick(yardstick) => self.postgres.measure(yardstick, push).map(drop),
            Step::Case(case) => self.load(case, push, 0).await.map(drop),
            Step::Few(_) => Ok(()),
        }
    }

    pub(super) async fn load(&self, case: Case, push: Push, round: usize) -> Result<Sample, Unfit> {
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
            Step::Few(case) => {
                let push = Push { connections: self.options.few_connections, ..self.push() };
                let (sample, shares) = self.timed(case, push, round).await?;
                self.few.entry(case).or_default().add(sample, self.server.peak_mib(), shares);
            }
        }
        Ok(())
    }

    async fn case(&mut self, case: Case, round: usize) -> Result<(), Unfit> {
        let proved = case == Case::SingleRead && self.durable.is_none();
        let entries_before = if proved { self.entries()? } else { 0 };
        let (sample, shares) = self.timed(case, self.push(), round).await?;
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

    /// One run, and the processor microseconds per answer of server, database and load.
    async fn timed(&self, case: Case, push: Push, round: usize) -> Result<(Sample, [f64; 3]), Unfit> {
        self.server.reset_peak();
        let before = self.spent();
        let sample = self.load(case, push, round).await?;
        let after = self.spent();
        let answers = sample.answers.max(1) as f64;
        let mut shares = [0.0; 3];
        for (share, (after, before)) in shares.iter_mut().zip(after.into_iter().zip(before)) {
            *share = (after - before) * 1e6 / answers;
        }
        Ok((sample, shares))
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
    pub(super) async fn export(&self) -> Result<Bulk, Unfit> {
        say("writing an export of everybody ...");
        self.server.reset_peak();
        let spent = || [self.server.cpu(), cpu_of_family(self.postgres.pid)];
        export::measure(self.server.address, self.instance, spent, || self.server.peak_mib()).await
    }

    pub(super) fn report(
        self,
        [imported, exported]: [Bulk; 2],
        grown: Vec<Grown>,
        told: Option<Told>,
        rights: Option<Rights>,
    ) -> Result<Report, Unfit> {
        let Options { customers, connections, few_connections, seconds, rounds, .. } = *self.options;
        let context = Context {
            connections,
            few_connections,
            plain: self.plain,
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
        let keyed = |all: BTreeMap<Case, Series>| all.into_iter().map(|(case, series)| (case.key(), series)).collect();
        Ok(Report { context, cases: keyed(self.series), few: keyed(self.few) })
    }
}
