//! `custodian audit verify`: opens the files, shows how far it is, and says what the check found.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use custodian_application::startup::Unfit;
use custodian_crypto::note::VerifierKey;
use custodian_verify::{Fault, Input, Kind, Report, Text, Verifier};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::live::{Live, Source};
use crate::config::Settings;
use crate::state::Wiring;

/// What to check, and against what.
#[derive(clap::Args)]
pub struct Options {
    /// Exports of organisations' logs, or of the global log
    #[arg(required_unless_present_any = ["checkpoints", "anchors", "url"])]
    exports: Vec<PathBuf>,
    #[command(flatten)]
    live: Source,
    /// A signed checkpoint that was kept elsewhere; may be repeated
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// A verifier key of the log or of a witness; may be repeated. The key of `<host>/audit` counts for its organisations too
    #[arg(long = "vkey", value_name = "KEY", value_parser = super::vkey)]
    keys: Vec<VerifierKey>,
    /// An anchor file; may be repeated
    #[arg(long = "anchor", value_name = "FILE")]
    anchors: Vec<PathBuf>,
    /// A consistency proof between two checkpoints; may be repeated
    #[arg(long = "proof", value_name = "FILE")]
    proofs: Vec<PathBuf>,
    /// Check the MACs too, with the keys of the instance of these settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Runs the check: false when something is wrong.
pub fn run(options: &Options, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    let live = options.live.open(&options.keys)?;
    let checked = gather(options, live.as_ref()).and_then(|mut verifier| {
        if let Some(config) = &options.config {
            open_mac_keys(&mut verifier, config)?;
        }
        let checked = check(verifier, options);
        match &live {
            Some(live) => live.outcome(checked),
            None => Ok(checked?),
        }
    });
    let sound = match checked {
        Ok(report) => {
            print(&if options.json { json!({"ok": true, "report": report}).to_string() } else { told(&report) });
            true
        }
        Err(Stopped::Fault(fault)) if options.json => {
            print(&json!({"ok": false, "fault": fault}).to_string());
            false
        }
        Err(Stopped::Fault(fault)) => {
            print(&format!("NOT SOUND  {fault}"));
            false
        }
        Err(Stopped::Unfit(unfit)) => return Err(unfit),
    };
    Ok(sound)
}

/// Why there is no report.
pub(super) enum Stopped {
    Fault(Fault),
    Unfit(Unfit),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Unfit> for Stopped {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let text = format!("it cannot be read ({}).", error.kind());
    Fault { kind: Kind::Form, file: path.display().to_string(), line: None, place: None, text }
}

fn text(path: &Path) -> Result<Text, Fault> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Ok(Text { name: path.display().to_string(), text })
}

fn gather(options: &Options, live: Option<&Live>) -> Result<Verifier, Stopped> {
    let mut verifier = Verifier::new(options.keys.clone());
    for path in &options.exports {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        verifier.export(Input { name: path.display().to_string(), bytes: Box::new(file) })?;
    }
    options.checkpoints.iter().try_for_each(|path| verifier.checkpoint(&text(path)?))?;
    options.anchors.iter().try_for_each(|path| verifier.anchor(&text(path)?))?;
    options.proofs.iter().try_for_each(|path| verifier.proof(&text(path)?))?;
    // After what was kept: the database has then grown past it, never the other way round.
    if let Some(live) = live {
        live.hand_in(&mut verifier)?;
    }
    Ok(verifier)
}

/// The MAC keys are wrapped in the database and need the root key: only the operator can check MACs.
fn open_mac_keys(verifier: &mut Verifier, config: &Path) -> Result<(), Unfit> {
    let unfit = |error: String| Unfit(error);
    let settings = Settings::load(Some(config), std::env::vars()).map_err(|error| unfit(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| unfit(error.to_string()))?;
    let app = runtime.block_on(Wiring::new(&settings).open())?;
    for id in verifier.organizations() {
        let keys = runtime.block_on(app.keys().organization(app.db(), id.into()));
        let keys = keys.map_err(|error| unfit(format!("The keys of organisation {id} do not open ({error}).")))?;
        verifier.mac_key(id, keys.audit.clone());
    }
    Ok(())
}

fn check(verifier: Verifier, options: &Options) -> Result<Report, Fault> {
    let sizes = options.exports.iter().filter_map(|path| path.metadata().ok()).map(|found| found.len());
    // Draws nothing unless standard error is a terminal.
    let (bar, style) = match options.live.given() {
        true => (ProgressBar::no_length(), "{spinner} {bytes}  {bytes_per_sec}"),
        false => {
            (ProgressBar::new(sizes.sum()), "{bar:40} {percent:>3} %  {bytes}/{total_bytes}  {bytes_per_sec}  {eta}")
        }
    };
    let style = ProgressStyle::with_template(style);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let outcome = verifier.run(&|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    outcome
}

/// The report for people.
fn told(report: &Report) -> String {
    let mut lines = vec![format!("sound  {} entries", report.entries)];
    for log in &report.logs {
        lines.push(format!("log    {}  {} checkpoint(s)", log.origin, log.checkpoints));
        lines
            .extend(log.ranges.iter().map(|(from, to)| format!("       places {from} to {to}, the last not included")));
    }
    for anchor in &report.anchors {
        let cut = if anchor.cut { ", the last one cut off" } else { "" };
        lines.push(format!("anchor {}  {} line(s){cut}", anchor.file, anchor.lines));
    }
    for one in &report.cosigned {
        lines.push(format!("seen   by {} at {} s: {} of {} entries", one.witness, one.time, one.origin, one.size));
    }
    if report.heads_compared > 0 {
        lines.push(format!("heads  {} of the global log are those of the entries", report.heads_compared));
    }
    lines.push(match report.macs_checked {
        0 => "MACs   not checked: no --config was given".to_owned(),
        count => format!("MACs   {count} checked"),
    });
    if !report.signatures_checked {
        lines.push("SIGNATURES NOT CHECKED: no --vkey of a log was given".to_owned());
    }
    lines.join("\n")
}
