//! What a backup is put back with: the security ledger and the newest keyring exports, held against what the backup, the ledger and the audit log's last
//! checkpoint say of them. Nothing of the database is needed for it, so that a refusal comes before anything is loaded.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use custodian_crypto::RootKey;
use custodian_domain::backups::{LedgerAt, LedgerGap, LedgerKind};
use custodian_domain::kernel::OrganizationId;
use custodian_outbound::{AnchorFile, KeyringFolder};

use super::manifest::Manifest;
use crate::Custody;
use crate::audit::sequencer::AnchorLine;
use crate::erasures::{Exported, Ledger, ledger_key, newest_keyring};
use crate::startup::Unfit;

/// How much of the anchor file is looked at for its last line.
const TAIL: u64 = 1 << 16;

/// Everything beside a backup, found whole.
#[derive(Debug)]
pub struct Beside {
    pub(super) ledger: Ledger,
    pub(super) keyrings: HashMap<OrganizationId, Exported>,
}

fn short(gap: &LedgerGap, says: &str) -> Unfit {
    Unfit(match gap {
        LedgerGap::Short { has, needs } => format!(
            "The security ledger has {has} line(s); {says} it must have {needs}. Bring the newest copy: without its end people who were erased would come back."
        ),
        LedgerGap::Other { sequence } => {
            format!("Line {sequence} of the security ledger is not the one that {says} it is. It is another ledger.")
        }
    })
}

/// Reads and checks everything. Blocks.
///
/// A sentence that names the gap where the ledger or an export is missing, damaged, or older than it must be.
pub fn read(
    root: &RootKey,
    custody: &Custody,
    anchor: Option<&AnchorFile>,
    manifest: &Manifest,
) -> Result<Beside, Unfit> {
    let (Some(file), Some(folder)) = (&custody.ledger, &custody.keyrings) else {
        return Err(Unfit(
            "security_ledger_file and keyring_export_dir must be set: a backup is put back with both.".into(),
        ));
    };
    let public = ledger_key(root).map_err(|error| Unfit(format!("{error}.")))?.public();
    let ledger = Ledger::read(file, &public).map_err(Unfit)?;
    if let Some(gap) = ledger.gap(&(&manifest.ledger).into()) {
        return Err(short(&gap, "the backup says that"));
    }
    if let Some(told) = anchor.map(|anchor| carried(anchor, manifest)).transpose()?.flatten()
        && let Some(gap) = ledger.gap(&told)
    {
        return Err(short(&gap, "the audit log's last checkpoint says that"));
    }
    let keyrings = keyrings(&public, folder, &ledger)?;
    Ok(Beside { ledger, keyrings })
}

/// How far the ledger must be as the newest line of the anchor file says; refused where that file is older than the backup.
fn carried(anchor: &AnchorFile, manifest: &Manifest) -> Result<Option<LedgerAt>, Unfit> {
    let unreadable = |error: std::io::Error| Unfit(format!("{}: {}.", anchor.path().display(), error.kind()));
    let lines = anchor.tail(TAIL).map_err(unreadable)?;
    let last = lines.last().and_then(|line| serde_json::from_str::<AnchorLine>(line).ok());
    let Some(AnchorLine { note, ledger, .. }) = last else {
        return if manifest.checkpoint.size == 0 { Ok(None) } else { Err(older(anchor)) };
    };
    let mut said = note.lines();
    let (origin, size) = (said.next().unwrap_or_default(), said.next().and_then(|size| size.parse::<u64>().ok()));
    if origin == manifest.checkpoint.origin && size.is_none_or(|size| size < manifest.checkpoint.size) {
        return Err(older(anchor));
    }
    Ok(ledger.map(|at| LedgerAt { sequence: at.sequence, sha256: at.sha256 }))
}

fn older(anchor: &AnchorFile) -> Unfit {
    Unfit(format!(
        "{}: the anchor file is older than the backup. Bring the newest copy: it says how long the security ledger must be.",
        anchor.path().display()
    ))
}

/// The newest export of each organisation that the ledger tells of.
fn keyrings(
    public: &[u8; 32],
    folder: &KeyringFolder,
    ledger: &Ledger,
) -> Result<HashMap<OrganizationId, Exported>, Unfit> {
    let mut told: HashMap<OrganizationId, DateTime<Utc>> = HashMap::new();
    for line in ledger.lines().iter().filter(|line| line.kind == LedgerKind::KeyringExported.as_str()) {
        let at = DateTime::parse_from_rfc3339(&line.at)
            .map_err(|_| Unfit("The security ledger holds a bad time.".into()))?;
        let newest = told.entry(OrganizationId::from(line.organization)).or_insert(DateTime::UNIX_EPOCH);
        *newest = at.to_utc().max(*newest);
    }
    let mut keyrings = HashMap::new();
    for (organization, at) in told {
        match newest_keyring(public, folder, organization).map_err(Unfit)? {
            Some(exported) if exported.at >= at => drop(keyrings.insert(organization, exported)),
            Some(exported) => {
                return Err(Unfit(format!(
                    "The newest keyring export of organisation {organization} is of {}; the security ledger says that there is one of {at}. Bring it: \
                     without it people who stay cannot be opened.",
                    exported.at
                )));
            }
            None => {
                return Err(Unfit(format!(
                    "The keyring export of organisation {organization} is missing; the security ledger says that there is one of {at}."
                )));
            }
        }
    }
    Ok(keyrings)
}
