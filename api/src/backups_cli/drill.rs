//! `custodian backup drill`: the newest backup put back into a cluster beside that goes again, with everything that a restore does.

use std::path::{Path, PathBuf};
use std::time::Instant;

use custodian_application::backups::{self, Drilled};
use custodian_application::startup::Unfit;
use custodian_crypto::{Randomness as _, SystemRandomness};
use custodian_persistence::admin;

use super::restore::{Target, load, tell};
use super::{files, runtime, unfit};
use crate::config::Settings;
use crate::dev;
use crate::dev::postgres::{Cluster, ClusterOptions};
use crate::state::{self, Wiring};

/// The database in the cluster beside.
const DATABASE: &str = "custodian";

/// What is tried, and with which settings.
#[derive(clap::Args)]
pub struct DrillOptions {
    /// A backup's folder, or the folder that backups went to: then the newest
    #[arg(long)]
    from: PathBuf,
    /// Folder that the cluster beside is made in, and taken away from at the end
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    work_dir: PathBuf,
    /// TOML file with settings
    #[arg(long, env = "CUSTODIAN_CONFIG")]
    config: Option<PathBuf>,
}

pub(super) fn run(options: &DrillOptions, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    let settings = Settings::load(options.config.as_deref(), std::env::vars()).map_err(unfit)?;
    let runtime = runtime()?;
    let app = runtime.block_on(Wiring::new(&settings).start())?;
    let root = state::root_key(&settings.root_key_file)?;
    let found = files::find(&options.from, &root)?;
    let begun = Instant::now();
    let tried = attempt(&runtime, &settings, &found, &options.work_dir, print);
    let seconds = i64::try_from(begun.elapsed().as_secs()).unwrap_or(i64::MAX);
    let (outcome, drilled, why) = match tried {
        Ok(drilled) => (drilled.outcome(), Some(drilled), None),
        Err(Failed { outcome, why }) => (outcome, None, Some(why)),
    };
    let noted = backups::note_drilled(&app, found.manifest.id, seconds, outcome, drilled.as_ref());
    runtime.block_on(noted).map_err(unfit)?;
    if let Some(why) = why {
        print(&format!("The trial of backup {} failed ({outcome}).", found.manifest.id));
        return Err(why);
    }
    print(&format!(
        "The trial of backup {} of {}: {outcome}, in {seconds} s.",
        found.manifest.id,
        found.manifest.taken_at.to_rfc3339()
    ));
    Ok(outcome == "passed")
}

/// A trial that came to no end.
struct Failed {
    outcome: &'static str,
    why: Unfit,
}

fn attempt(
    runtime: &tokio::runtime::Runtime,
    settings: &Settings,
    found: &files::Found,
    work_dir: &Path,
    print: &dyn Fn(&str),
) -> Result<Drilled, Failed> {
    let refused = |why| Failed { outcome: "refused", why };
    let not_loaded = |why| Failed { outcome: "not_loaded", why };
    let root = state::root_key(&settings.root_key_file).map_err(refused)?;
    let custody = state::custody(settings).map_err(refused)?;
    let anchor = state::anchor(settings).map_err(refused)?;
    let beside = backups::read_beside(&root, &custody, anchor.as_deref(), &found.manifest).map_err(refused)?;
    let (cluster, url) = cluster(runtime, work_dir).map_err(not_loaded)?;
    let owner = {
        let _inside = runtime.enter();
        state::database_at(&url, settings).map_err(not_loaded)?
    };
    let target = Target { settings, url: &url, found };
    let restoring = runtime.block_on(load(&target, &owner)).map_err(not_loaded)?;
    let app = runtime.block_on(Wiring::new(settings).open_beside(owner)).map_err(not_loaded)?;
    let drilled = runtime.block_on(backups::drill(&app, &found.manifest, beside));
    let drilled = drilled.map_err(|error| Failed { outcome: "not_loaded", why: unfit(error) })?;
    tell(&drilled.done, print);
    print(match drilled.control {
        Some(true) => "Control: somebody planted as erased was erased, and a broken key was found.",
        Some(false) => "Control: what was planted was not noticed. The trial proves nothing.",
        None => "Control: there was nobody to plant.",
    });
    drop(restoring);
    drop(app);
    cluster.stop().map_err(|error| Failed { outcome: "not_loaded", why: unfit(error) })?;
    Ok(drilled)
}

/// A cluster of its own that goes with this process, and the address of its empty database as the owner. It need not outlive a power cut.
fn cluster(runtime: &tokio::runtime::Runtime, work_dir: &Path) -> Result<(Cluster, String), Unfit> {
    let mut number = [0_u8; 8];
    SystemRandomness.fill(&mut number);
    let folder = work_dir.join(format!("custodian-drill-{:016x}", u64::from_be_bytes(number)));
    let options = ClusterOptions { durable: false, remove_on_exit: true, ..ClusterOptions::default() };
    let cluster = Cluster::start(&folder, &options).map_err(unfit)?;
    let (owner, server) = (dev::password(), dev::password());
    let superuser = {
        let _inside = runtime.enter();
        dev::open_database(&cluster.superuser_url("postgres"))?
    };
    runtime.block_on(admin::prepare(&superuser, DATABASE, &owner, &server))?;
    let url = cluster.socket_url("custodian_owner", &owner, DATABASE);
    Ok((cluster, url))
}
