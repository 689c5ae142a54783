//! Medians, ratios and targets: as a table for people and as JSON for later comparison.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::growth::Grown;
use super::load::Sample;
use super::rights::Rights;
use super::told::Told;

/// One case over all rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    memory: Vec<f64>,
    shares: Vec<[f64; 3]>,
}

impl Series {
    /// Adds one round: the sample, the peak of memory, and the processor microseconds per answer of server, database and load.
    pub(super) fn add(&mut self, sample: Sample, memory: f64, shares: [f64; 3]) {
        self.rates.push(sample.rate);
        self.p50.push(sample.p50);
        self.p99.push(sample.p99);
        self.memory.push(memory);
        self.shares.push(shares);
    }

    fn share(&self, of: usize) -> f64 {
        median(&self.shares.iter().filter_map(|all| all.get(of).copied()).collect::<Vec<_>>())
    }
}

/// The middle value, or the mean of the two in the middle; 0 of nothing.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(0.0);
    (at(low) + at(high)) / 2.0
}

/// What taking all customers in, or writing them to a file, took.
#[derive(Clone, Debug)]
pub(super) struct Bulk {
    /// Rows a second.
    pub rate: f64,
    /// Peak of the server's memory in MiB.
    pub memory: f64,
    /// Processor microseconds a row of server and database.
    pub shares: [f64; 2],
}

/// Where the figures come from.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub connections: usize,
    pub customers: u64,
    pub seconds: u64,
    pub rounds: usize,
    pub postgres: String,
    /// From the start of the process to readiness, on a migrated and filled database, in milliseconds.
    pub ready_ms: f64,
    pub imported: Bulk,
    pub exported: Bulk,
    /// Rates of pgbench, (a) and (b), per round.
    pub select: Vec<f64>,
    pub audited: Vec<f64>,
    /// Rates of (c), (a) behind row-level security, per round.
    pub fenced: Vec<f64>,
    /// Answers of the single read, and entries found for them.
    pub durable: Option<(u64, u64)>,
    /// The single read at several sizes of the log.
    pub grown: Vec<Grown>,
    /// What people's rights cost.
    pub rights: Option<Rights>,
    /// How soon a receiver heard of withdrawals.
    pub told: Option<Told>,
}

/// A figure and what it has to reach.
struct Target {
    what: &'static str,
    value: f64,
    /// The bound, and whether the value has to stay below it.
    bound: f64,
    below: bool,
}

impl Target {
    fn met(&self) -> bool {
        if self.below { self.value < self.bound } else { self.value >= self.bound }
    }
}

/// Everything that was found.
pub(super) struct Report {
    pub context: Context,
    pub cases: Vec<(&'static str, Series)>,
}

impl Report {
    fn select(&self) -> f64 {
        median(&self.context.select)
    }

    fn audited(&self) -> f64 {
        median(&self.context.audited)
    }

    fn fenced(&self) -> f64 {
        median(&self.context.fenced)
    }

    fn ratio(rate: f64, to: f64) -> f64 {
        if to > 0.0 { rate / to } else { 0.0 }
    }

    /// What is asked of the rates of the cases.
    fn rate_targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut at_least = |what, value, bound| targets.push(Target { what, value, bound, below: false });
        for (key, series) in &self.cases {
            let rate = median(&series.rates);
            match *key {
                "single_read" => {
                    at_least("single_read / (a)", Self::ratio(rate, self.select()), 0.4);
                    at_least("single_read / (b)", Self::ratio(rate, self.audited()), 1.5);
                }
                "create" => at_least("create / (b)", Self::ratio(rate, self.audited()), 0.4),
                "decide" => at_least("decide / (a)", Self::ratio(rate, self.select()), 0.6),
                "give" => at_least("give / (b)", Self::ratio(rate, self.audited()), 0.5),
                "withdraw" => at_least("withdraw / (b)", Self::ratio(rate, self.audited()), 0.5),
                _ => {}
            }
        }
        targets
    }

    /// What is asked of how long cases take.
    fn time_targets(&self) -> Vec<Target> {
        let series = |name: &str| self.cases.iter().find(|(key, _)| *key == name).map(|(_, series)| series);
        let below = |what, value, bound| Target { what, value, bound, below: true };
        let read = series("single_read").map(|read| below("single_read p99 ms", median(&read.p99), 10.0));
        let many = series("decide_10k").map(|many| below("decide_10k p50 ms", median(&many.p50), 150.0));
        let funnel = series("funnel").map(|funnel| below("funnel p50 ms", median(&funnel.p50), 300.0));
        [read, many, funnel].into_iter().flatten().collect()
    }

    fn targets(&self) -> Vec<Target> {
        let mut targets = self.rate_targets();
        let mut at_least = |what, value, bound| targets.push(Target { what, value, bound, below: false });
        at_least("import rows/s", self.context.imported.rate, 8000.0);
        at_least("export rows/s", self.context.exported.rate, 30_000.0);
        let ratios = || self.context.grown.iter().map(|grown| grown.ratio);
        if let Some(first) = ratios().next() {
            // Within a tenth of what it was with a small log.
            at_least("single_read, log grown", ratios().fold(f64::INFINITY, f64::min) / first.max(f64::EPSILON), 0.9);
        }
        targets.extend(self.time_targets());
        let mut below = |what, value, bound| targets.push(Target { what, value, bound, below: true });
        let peaks = self.cases.iter().flat_map(|(_, series)| series.memory.iter().copied());
        below(
            "memory MiB, peak of all",
            peaks.fold(self.context.imported.memory.max(self.context.exported.memory), f64::max),
            100.0,
        );
        below("start to ready ms", self.context.ready_ms, 1000.0);
        if let Some(rights) = self.context.rights {
            below("erase p50 ms", rights.erase_ms, 50.0);
            below("erase 10,000 s", rights.many_seconds * 1e4 / (rights.many.max(1) as f64), 300.0);
            below("package of 1,000 records s", rights.package_seconds, 2.0);
            below("a bucket left behind ms", rights.barrier_ms.unwrap_or(f64::INFINITY), 200.0);
            below("1,000,000 deadlines s", rights.deadlines_seconds, 10.0);
        }
        if let Some(told) = &self.context.told {
            below("withdrawals told p99 ms", told.p99, 2000.0);
            targets.push(Target { what: "withdrawals told /s", value: told.rate, bound: 990.0, below: false });
        }
        targets
    }

    /// Whether every target that was measured is met.
    pub(super) fn all_met(&self) -> bool {
        self.targets().iter().all(Target::met)
    }

    /// For people.
    pub(super) fn table(&self) -> String {
        let (context, mut text) = (&self.context, String::new());
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\n{} customers, {} connections, {} round(s) of {} s, PostgreSQL {}",
            context.customers, context.connections, context.rounds, context.seconds, context.postgres
        );
        let _ = writeln!(
            text,
            "(a) pgbench SELECT {:.0}/s   (b) pgbench BEGIN, SELECT, INSERT, COMMIT {:.0}/s\n\
             (c) pgbench SELECT behind row-level security {:.0}/s, {:.2} of (a)\n",
            self.select(),
            self.audited(),
            self.fenced(),
            Self::ratio(self.fenced(), self.select())
        );
        let _ = writeln!(
            text,
            "{:<13}{:>9}{:>9}{:>9}{:>8}{:>8}{:>9}   CPU us server/PG/load",
            "median", "rps", "p50 ms", "p99 ms", "/(a)", "/(b)", "RSS MiB"
        );
        self.rows(&mut text);
        for target in self.targets() {
            let (sign, word) = (if target.below { "<" } else { ">=" }, if target.met() { "met" } else { "MISSED" });
            let _ = writeln!(text, "{word:<7}{:<25}{:>10.2}  {sign} {}", target.what, target.value, target.bound);
        }
        for grown in &context.grown {
            let _ = writeln!(text, "single_read at {:>9} entries in the log: {:.2} of (a)", grown.entries, grown.ratio);
        }
        if let Some(Told { rate, p50, p99 }) = context.told {
            let _ = writeln!(text, "{rate:.0} withdrawals a second, told after {p50:.0} ms (p50), {p99:.0} ms (p99)");
        }
        if let Some((answers, entries)) = context.durable {
            let _ = writeln!(text, "\n{answers} answers of single_read, {entries} durable entries for them");
        }
        text
    }

    fn bulks(&self) -> [(&'static str, &Bulk); 2] {
        [("import", &self.context.imported), ("export", &self.context.exported)]
    }

    /// A line for each case.
    fn rows(&self, text: &mut String) {
        for (key, series) in &self.cases {
            let rate = median(&series.rates);
            let (to_select, to_audited) = (Self::ratio(rate, self.select()), Self::ratio(rate, self.audited()));
            let _ = writeln!(
                text,
                "{key:<13}{rate:>9.0}{:>9.2}{:>9.2}{to_select:>8.2}{to_audited:>8.2}{:>9.1}   {:.0}/{:.0}/{:.0}",
                median(&series.p50),
                median(&series.p99),
                median(&series.memory),
                series.share(0),
                series.share(1),
                series.share(2)
            );
        }
        for (key, Bulk { rate, memory, shares: [server, postgres] }) in self.bulks() {
            let _ = writeln!(
                text,
                "{key:<13}{rate:>9.0}{:>9}{:>9}{:>8}{:>8}{memory:>9.1}   {server:.0}/{postgres:.0} a row",
                "-", "-", "-", "-"
            );
        }
        text.push('\n');
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let mut all = Map::new();
        for (key, series) in &self.cases {
            let rate = median(&series.rates);
            let case = json!({
                "rps": round(rate), "p50_ms": round(median(&series.p50)), "p99_ms": round(median(&series.p99)),
                "ratio_select": round(Self::ratio(rate, self.select())), "ratio_audited": round(Self::ratio(rate, self.audited())),
                "rss_mib": round(median(&series.memory)), "server_cpu_us": round(series.share(0)), "postgres_cpu_us": round(series.share(1)),
            });
            all.insert((*key).to_owned(), case);
        }
        let context = &self.context;
        for (key, Bulk { rate, memory, shares: [server, postgres] }) in self.bulks() {
            let (to_select, to_audited) = (Self::ratio(*rate, self.select()), Self::ratio(*rate, self.audited()));
            let case = json!({
                "rps": round(*rate), "p50_ms": null, "p99_ms": null, "ratio_select": round(to_select), "ratio_audited": round(to_audited),
                "rss_mib": round(*memory), "server_cpu_us": round(*server), "postgres_cpu_us": round(*postgres),
            });
            all.insert(key.into(), case);
        }
        let grown: Vec<Value> =
            context.grown.iter().map(|g| json!({"entries": g.entries, "ratio_select": round(g.ratio)})).collect();
        all.insert("log_growth".into(), grown.into());
        let targets: Map<String, Value> = self
            .targets()
            .iter()
            .map(|t| (t.what.to_owned(), json!({"value": round(t.value), "bound": t.bound, "met": t.met()})))
            .collect();
        all.insert("context".into(), json!({
            "connections": context.connections, "customers": context.customers, "seconds": context.seconds, "rounds": context.rounds,
            "cores": std::thread::available_parallelism().map_or(1, usize::from), "postgres": context.postgres,
            "select_tps": round(self.select()), "audited_tps": round(self.audited()),
            "row_level_security_tps": round(self.fenced()), "ready_ms": round(context.ready_ms),
            "told": context.told.map(|told| json!({"rate": round(told.rate), "p50_ms": round(told.p50), "p99_ms": round(told.p99)})),
            "answers": context.durable.map(|(answers, _)| answers), "entries": context.durable.map(|(_, entries)| entries), "targets": targets,
        }));
        all.into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn report(rates: &[f64]) -> Report {
        let mut series = Series::default();
        for rate in rates {
            series.add(Sample { answers: 1, rate: *rate, p50: 1.0, p99: 5.0 }, 20.0, [30.0, 20.0, 10.0]);
        }
        let context = Context {
            connections: 64,
            customers: 10,
            seconds: 1,
            rounds: rates.len(),
            postgres: "15".into(),
            ready_ms: 100.0,
            imported: Bulk { rate: 9000.0, memory: 40.0, shares: [50.0, 60.0] },
            exported: Bulk { rate: 31_000.0, memory: 50.0, shares: [20.0, 10.0] },
            select: vec![100.0, 50.0, 60.0],
            audited: vec![10.0, 20.0],
            fenced: vec![90.0, 45.0, 54.0],
            durable: None,
            grown: Vec::new(),
            rights: None,
            told: None,
        };
        Report { context, cases: vec![("single_read", series)] }
    }

    #[test]
    fn medians_of_odd_even_and_none() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])), (2.0, 2.5, 0.0));
    }

    #[test]
    fn ratios_are_of_medians_and_decide_the_targets() {
        let good = report(&[30.0, 24.0, 10.0]);
        assert_eq!(good.json().pointer("/single_read/ratio_select").unwrap(), 0.4);
        assert_eq!(good.json().pointer("/single_read/ratio_audited").unwrap(), 1.6);
        assert_eq!(good.json().pointer("/context/row_level_security_tps").unwrap(), 54.0);
        assert!(good.table().contains("row-level security 54/s, 0.90 of (a)"), "{}", good.table());
        assert!(good.all_met());
        let bad = report(&[22.4]);
        assert!(!bad.all_met());
        assert!(bad.table().contains("MISSED single_read / (a)"), "{}", bad.table());
    }
}
