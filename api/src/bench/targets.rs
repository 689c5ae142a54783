//! What is asked of the figures.

use super::report::{Report, median};

/// A figure and what it has to reach.
pub(super) struct Target {
    pub what: String,
    pub value: f64,
    /// The bound, and whether the value has to stay below it.
    pub bound: f64,
    pub below: bool,
}

impl Target {
    pub(super) fn met(&self) -> bool {
        if self.below { self.value < self.bound } else { self.value >= self.bound }
    }
}

impl Report {
    /// What is asked of the rates of the cases.
    fn rate_targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut at_least = |what: &str, value, bound| {
            targets.push(Target { what: what.to_owned(), value, bound, below: false });
        };
        for (key, series) in &self.cases {
            let rate = median(&series.rates);
            match *key {
                "single_read" => {
                    at_least("single_read / (a)", Self::ratio(rate, self.select()), 0.4);
                    at_least("single_read / (b)", Self::ratio(rate, self.audited()), 1.5);
                    if let Some(plain) = self.context.plain {
                        at_least("single_read, catalog grown", Self::ratio(rate, self.select()) / plain, 0.85);
                    }
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
        let below = |what: &str, value, bound| Target { what: what.to_owned(), value, bound, below: true };
        let read = series("single_read").map(|read| below("single_read p99 ms", median(&read.p99), 10.0));
        let many = series("decide_10k").map(|many| below("decide_10k p50 ms", median(&many.p50), 150.0));
        let funnel = series("funnel").map(|funnel| below("funnel p50 ms", median(&funnel.p50), 300.0));
        let few = self.few.iter().filter_map(|(key, series)| {
            let bound = match *key {
                "list_50_view" => 10.0,
                "search_exact" | "search_last4" => 5.0,
                _ => return None,
            };
            let what = format!("{key} p50 ms, {} connections", self.context.few_connections);
            Some(Target { what, value: median(&series.p50), bound, below: true })
        });
        [read, many, funnel].into_iter().flatten().chain(few).collect()
    }

    pub(super) fn targets(&self) -> Vec<Target> {
        let mut targets = self.rate_targets();
        let mut at_least = |what: &str, value, bound| {
            targets.push(Target { what: what.to_owned(), value, bound, below: false });
        };
        at_least("import rows/s", self.context.imported.rate, 8000.0);
        at_least("export rows/s", self.context.exported.rate, 30_000.0);
        let ratios = || self.context.grown.iter().map(|grown| grown.ratio);
        if let Some(first) = ratios().next() {
            // Within a tenth of what it was with a small log.
            at_least("single_read, log grown", ratios().fold(f64::INFINITY, f64::min) / first.max(f64::EPSILON), 0.9);
        }
        targets.extend(self.time_targets());
        let mut below = |what: &str, value, bound| {
            targets.push(Target { what: what.to_owned(), value, bound, below: true });
        };
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
            let what = "withdrawals told /s".to_owned();
            targets.push(Target { what, value: told.rate, bound: 990.0, below: false });
        }
        targets
    }

    /// Whether every target that was measured is met.
    pub(super) fn all_met(&self) -> bool {
        self.targets().iter().all(Target::met)
    }
}
