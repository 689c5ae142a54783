//! `custodian backup`: the dump, the newest keyring exports beside it, and the manifest.

use std::path::Path;

use custodian_application::backups;
use custodian_application::startup::Unfit;

use super::files::Draft;
use super::{programs, runtime, unfit};
use crate::config::Settings;
use crate::state::{self, Wiring};

pub(super) fn run(to: &Path, config: Option<&Path>, print: &dyn Fn(&str)) -> Result<(), Unfit> {
    let settings = Settings::load(config, std::env::vars()).map_err(unfit)?;
    let url = settings.backup_database_url.as_ref().ok_or_else(|| {
        Unfit(
            "backup_database_url must be set: a role that reads past row-level security, such as custodian_backup."
                .into(),
        )
    })?;
    let runtime = runtime()?;
    let app = runtime.block_on(Wiring::new(&settings).start())?;
    let begun = runtime.block_on(backups::begin(&app)).map_err(unfit)?;
    let number = u64::from_be_bytes(app.new_id().as_bytes().last_chunk().copied().unwrap_or_default());
    let draft = Draft::begin(to, number)?;
    programs::dump(url.expose(), &settings, &draft.dump())?;
    let dump = draft.close_dump()?;
    let manifest = runtime.block_on(backups::finish(&app, begun, dump)).map_err(unfit)?;
    let place = draft.finish(&manifest, &state::root_key(&settings.root_key_file)?)?;
    runtime.block_on(backups::note_taken(&app, &manifest)).map_err(unfit)?;
    print(&format!("{}", place.display()));
    print(&format!(
        "{} bytes, SHA-256 {}, {} organisation(s), ledger at line {}.",
        manifest.dump.bytes, manifest.dump.sha256, manifest.organizations, manifest.ledger.sequence
    ));
    print(
        "Keep the security ledger, the keyring exports and the root key apart from it: it is put back with the newest of them.",
    );
    Ok(())
}
