//! `custodian restore`: refuses what would bring somebody back, loads the rest, does again what ended since, and only then lets it be served.

use std::path::PathBuf;

use custodian_application::backups::{self, Manifest, PutBack};
use custodian_application::startup::Unfit;
use custodian_persistence::backups::{Restoring, mark};
use custodian_persistence::{Database, DbError};

use super::{files, programs, runtime, unfit};
use crate::config::Settings;
use crate::state::{self, Wiring};

/// What is put back, and where to.
#[derive(clap::Args)]
pub struct RestoreOptions {
    /// A backup's folder, or the folder that backups went to: then the newest
    #[arg(long)]
    from: PathBuf,
    /// The empty database that it goes to, as its owner: postgres://custodian_owner:password@host/database
    #[arg(long, env = "CUSTODIAN_RESTORE_DATABASE_URL", hide_env_values = true)]
    database: String,
    /// TOML file with settings: root key, key store, security ledger, keyring exports and anchor file as they are now
    #[arg(long, env = "CUSTODIAN_CONFIG")]
    config: Option<PathBuf>,
}

/// Where a backup is put back, and with what.
pub(super) struct Target<'a> {
    pub(super) settings: &'a Settings,
    pub(super) url: &'a str,
    pub(super) found: &'a files::Found,
}

pub(super) fn run(options: &RestoreOptions, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    let mut environment: Vec<(String, String)> = std::env::vars().collect();
    // It is an argument, and no setting.
    environment.retain(|(name, _)| name != "CUSTODIAN_RESTORE_DATABASE_URL");
    let settings = Settings::load(options.config.as_deref(), environment).map_err(unfit)?;
    let root = state::root_key(&settings.root_key_file)?;
    let found = files::find(&options.from, &root)?;
    let (custody, anchor) = (state::custody(&settings)?, state::anchor(&settings)?);
    let beside = backups::read_beside(&root, &custody, anchor.as_deref(), &found.manifest)?;
    tell_found(&found.manifest, anchor.is_some(), print);
    let target = Target { settings: &settings, url: &options.database, found: &found };
    let runtime = runtime()?;
    let owner = {
        let _inside = runtime.enter();
        state::database_at(target.url, &settings)?
    };
    let restoring = runtime.block_on(load(&target, &owner))?;
    let app = runtime.block_on(Wiring::new(&settings).open_put_back(owner))?;
    let done = runtime.block_on(backups::put_back(&app, &found.manifest, &beside)).map_err(unfit)?;
    tell(&done, print);
    if !done.is_whole() {
        return Ok(false);
    }
    if let (Some(anchor), Some(first)) = (&anchor, runtime.block_on(backups::first_anchor_line(&app)).map_err(unfit)?) {
        let name = format!(".until-{}", app.now().format("%Y%m%dT%H%M%S%6fZ"));
        let kept = anchor
            .set_aside(&first, &name)
            .map_err(|error| Unfit(format!("{}: {}.", anchor.path().display(), error.kind())))?;
        print(&format!(
            "The anchor file until now is kept as {}: what it tells beyond the backup is no longer in the log.",
            kept.display()
        ));
    }
    runtime.block_on(restoring.finish())?;
    print("The database may be served.");
    Ok(true)
}

/// Marks the database and loads the dump, unless an earlier attempt has.
pub(super) async fn load(target: &Target<'_>, owner: &Database) -> Result<Restoring, Unfit> {
    let restoring = mark(owner, target.found.manifest.id).await.map_err(refusal)?;
    if !restoring.is_loaded().await? {
        let loaded = tokio::task::block_in_place(|| programs::load(target.url, target.settings, &target.found.dump));
        // What an attempt that was killed left running may have come to its end meanwhile.
        if !restoring.is_loaded().await? {
            loaded?;
        }
    }
    programs::migrate(owner).await?;
    Ok(restoring)
}

fn refusal(error: DbError) -> Unfit {
    match error {
        DbError::Conflict(what) if what == "not_empty" => {
            unfit("The database is not empty. A backup is put back into a new one: make it with deploy/roles.sql.")
        }
        DbError::Conflict(what) if what == "other_backup" => {
            unfit("Another backup is being put back into this database. Name that one, or take a new database.")
        }
        DbError::Conflict(_) => unfit("Another restore into this database is under way."),
        other => Unfit::from(other),
    }
}

fn tell_found(manifest: &Manifest, anchored: bool, print: &dyn Fn(&str)) {
    print(&format!("Backup {} of {}, schema {}.", manifest.id, manifest.taken_at.to_rfc3339(), manifest.schema));
    if !anchored {
        print(
            "No anchor file is set: the security ledger was held against the backup alone, not against the audit log's last checkpoint.",
        );
    }
}

/// What was done, as the person at the terminal reads it.
pub(super) fn tell(done: &PutBack, print: &dyn Fn(&str)) {
    let PutBack { replayed, keys_exported, keys_as_backed_up, voided, people, values, lost, origin } = done;
    print(&format!(
        "Ledger: {} erased again, {} known to be erased, {} keys ended, {} consents withdrawn, {} rights ended, {} line(s) about what the backup does not know.",
        replayed.erased,
        replayed.erased_before,
        replayed.revoked,
        replayed.withdrawn,
        replayed.grants_ended,
        replayed.unknown
    ));
    for id in &replayed.suspended {
        print(&format!("  {id} may not log in. Offboard them again if they left."));
    }
    for id in &replayed.secrets {
        print(&format!("  {id} had been given another secret. Give it a new one."));
    }
    print(&format!("Keys: {keys_exported} from the keyring export, {keys_as_backed_up} as in the backup."));
    let voided: Vec<String> =
        voided.iter().filter(|(_, rows)| **rows > 0).map(|(what, rows)| format!("{rows} {what}")).collect();
    print(&format!("Voided: {}.", if voided.is_empty() { "nothing was in use".to_owned() } else { voided.join(", ") }));
    print(&format!("Opened: {values} values of {people} people who stay."));
    if lost.is_empty() {
        print(&format!("The audit log goes on as {origin}."));
        return;
    }
    print(&format!(
        "{} people cannot be opened by any key there is, and the ledger does not say that they were erased:",
        lost.len()
    ));
    lost.iter().take(20).for_each(|id| print(&format!("  {id}")));
    print(
        "The database stays closed. Bring the key store and the keyring exports that belong to it and run this again.",
    );
}
