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
    pub rates: Vec<f64>,
    pub p50: Vec<f64>,
    pub p99: Vec<f64>,
    pub memory: Vec<f64>,
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
    /// Connections of the second series of reads.
    pub few_connections: usize,
    /// The single read's share of (a) before the catalog grew, where it did.
    pub plain: Option<f64>,
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

/// Everything that was found.
pub(super) struct Report {
    pub context: Context,
    pub cases: Vec<(&'static str, Series)>,
    /// Reads over few connections.
    pub few: Vec<(&'static str, Series)>,
}

impl Report {
    pub(super) fn select(&self) -> f64 {
        median(&self.context.select)
    }

    pub(super) fn audited(&self) -> f64 {
        median(&self.context.audited)
    }

    fn fenced(&self) -> f64 {
        median(&self.context.fenced)
    }

    pub(super) fn ratio(rate: f64, to: f64) -> f64 {
        if to > 0.0 { rate / to } else { 0.0 }
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
        self.few_rows(&mut text);
        for target in self.targets() {
            let (sign, word) = (if target.below { "<" } else { ">=" }, if target.met() { "met" } else { "MISSED" });
            let _ = writeln!(text, "{word:<7}{:<38}{:>10.2}  {sign} {}", target.what, target.value, target.bound);
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

    /// How long one answer takes, with the number of connections beside it.
    fn few_rows(&self, text: &mut String) {
        for (key, series) in &self.few {
            let (p50, p99, connections) = (median(&series.p50), median(&series.p99), self.context.few_connections);
            let _ = writeln!(text, "{key:<13}{connections:>4} connections: {p50:.2} ms (p50), {p99:.2} ms (p99)");
        }
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
        let (mut all, context) = (Map::new(), &self.context);
        for (key, series) in &self.cases {
            let rate = median(&series.rates);
            let case = json!({
                "rps": round(rate), "p50_ms": round(median(&series.p50)), "p99_ms": round(median(&series.p99)),
                "ratio_select": round(Self::ratio(rate, self.select())), "ratio_audited": round(Self::ratio(rate, self.audited())),
                "connections": context.connections, "rss_mib": round(median(&series.memory)), "server_cpu_us": round(series.share(0)), "postgres_cpu_us": round(series.share(1)),
            });
            all.insert((*key).to_owned(), case);
        }
        for (key, series) in &self.few {
            let case = json!({
                "connections": context.few_connections, "rps": round(median(&series.rates)), "p50_ms": round(median(&series.p50)),
                "p99_ms": round(median(&series.p99)), "server_cpu_us": round(series.share(0)), "postgres_cpu_us": round(series.share(1)),
            });
            all.insert(format!("{key}_p50"), case);
        }
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
            .map(|t| (t.what.clone(), json!({"value": round(t.value), "bound": t.bound, "met": t.met()})))
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
            few_connections: 2,
            plain: None,
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
        Report { context, cases: vec![("single_read", series.clone())], few: vec![("search_exact", series)] }
    }

    #[test]
    fn medians_of_odd_even_and_none() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])), (2.0, 2.5, 0.0));
    }

    #[test]
    fn how_long_an_answer_takes_is_told_with_its_connections() {
        let good = report(&[30.0]);
        assert_eq!(good.json().pointer("/search_exact_p50/connections").unwrap(), 2);
        assert_eq!(good.json().pointer("/single_read/connections").unwrap(), 64);
        assert!(good.table().contains("search_exact p50 ms, 2 connections"), "{}", good.table());
        let mut slow = good;
        slow.few.iter_mut().for_each(|(_, series)| series.p50 = vec![5.1]);
        assert!(!slow.all_met());
    }

    #[test]
    fn a_grown_catalog_may_cost_the_single_read_no_more_than_a_share() {
        let mut one = report(&[30.0]);
        one.context.plain = Some(0.55);
        assert!(one.all_met());
        one.context.plain = Some(0.6);
        assert!(!one.all_met() && one.table().contains("MISSED single_read, catalog grown"), "{}", one.table());
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
