//! A log that was put back goes on under another name: what was carried out under the old one after the backup is not in it, and no size of a name
//! may ever be signed with two roots.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::audit::{heads, log as stored};
use custodian_persistence::backups as putting;

use super::LogKeys;
use super::edge::{self, Stored};
use crate::App;

/// What stands between the first name of a log and the time that it was put back at.
const AGAIN: &str = "-restored-";

/// The name that a log goes on under.
pub(crate) fn renamed(origin: &str, at: DateTime<Utc>) -> String {
    let first = origin.split_once(AGAIN).map_or(origin, |(first, _)| first);
    format!("{first}{AGAIN}{}", at.format("%Y%m%dT%H%M%SZ"))
}

/// Signs every head that there is under the new name. Heads that nobody of ours has signed stay as they are, and are found by the check of the log.
pub(crate) async fn go_on_as(app: &App, origin: &str) -> Result<(), DomainError> {
    let (before, keys) = (app.log().origin().to_owned(), app.log().keys());
    for head in heads::all(app.db()).await? {
        let (old, new) = (of(&before, head.organization), of(origin, head.organization));
        let stored = Stored { origin: &old, size: head.size, root: &head.root, note: &head.note };
        if let Some(note) = signed(&keys, stored, &new)? {
            let work = app.begin(head.organization).await?;
            putting::put_head_note(&work, &note).await?;
            work.commit().await?;
        }
    }
    let work = Work::begin_global(app.db()).await?;
    let head = stored::head(&work).await?;
    let all = Stored { origin: &before, size: head.size, root: &head.root, note: &head.note };
    let note = signed(&keys, all, origin)?.unwrap_or_default();
    putting::rename_log(&work, origin, &note).await?;
    Ok(work.commit().await?)
}

fn of(origin: &str, organization: OrganizationId) -> String {
    format!("{origin}/{organization}")
}

/// The checkpoint of the new name; none for a log without leaves, and none where the present one is not signed by us.
fn signed(keys: &LogKeys, head: Stored<'_>, origin: &str) -> Result<Option<String>, DomainError> {
    match edge::signed(head, keys) {
        Ok((0, _)) | Err(_) => Ok(None),
        Ok((size, root)) => keys.sign(origin, size, root).map(Some),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_name_keeps_its_beginning_however_often_it_is_put_back() {
        let (one, two): (DateTime<Utc>, DateTime<Utc>) =
            ("2026-11-23T00:15:30Z".parse().unwrap(), "2026-12-01T08:00:00Z".parse().unwrap());
        let first = renamed("host/audit", one);
        assert_eq!(first, "host/audit-restored-20261123T001530Z");
        assert_eq!(renamed(&first, two), "host/audit-restored-20261201T080000Z");
    }
}
