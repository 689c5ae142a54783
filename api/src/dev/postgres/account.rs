//! Under whose name PostgreSQL runs: the caller's own, or as root an unprivileged account.

use super::error::SetupError;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The accounts root steps down to, best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The user and group that own the cluster and run its processes; never root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub uid: u32,
    pub gid: u32,
    /// A name for messages: the account's, or `uid N`.
    pub name: String,
    /// True if this program is root and has to step down to it.
    pub stepped_down: bool,
}

impl Account {
    /// The account for the cluster at `home`: the caller; for root the owner of an existing cluster, else `postgres` or `nobody`.
    pub fn for_cluster(home: &Path) -> Result<Self, SetupError> {
        let (uid, gid) = effective_ids();
        if uid != 0 {
            return Ok(Self { uid, gid, name: format!("uid {uid}"), stepped_down: false });
        }
        let owner = fs::symlink_metadata(home).ok().filter(|found| found.is_dir() && found.uid() != 0);
        if let Some(owner) = owner {
            let name = format!("uid {}", owner.uid());
            return Ok(Self { uid: owner.uid(), gid: owner.gid(), name, stepped_down: true });
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        choose(&passwd).ok_or(SetupError::NoAccount)
    }

    /// A command that runs under this account with an environment of its own, so that no `PG*` variable of the caller reaches PostgreSQL.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = clean_command(program);
        if self.stepped_down {
            // With a user id set, the standard library also drops root's supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// The words to put before a command line so that `sh`, still under the caller's name, runs it under this account.
    pub fn prefix(&self) -> Vec<String> {
        if !self.stepped_down {
            return Vec::new();
        }
        let (uid, gid) = (format!("--reuid={}", self.uid), format!("--regid={}", self.gid));
        ["setpriv".to_owned(), uid, gid, "--clear-groups".to_owned(), "--".to_owned()].into()
    }

    /// Whether the account can get into `folder` and write there; asked of the system, since modes alone do not tell (ACLs, mounts).
    pub fn reaches(&self, folder: &Path) -> bool {
        let mut probe = self.command(Path::new("/bin/sh"));
        probe.args(["-c", "test -x \"$1\" && test -w \"$1\"", "probe"]).arg(folder).current_dir("/");
        probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }
}

/// A command with nothing of the caller's environment but the search paths, and English messages.
pub(super) fn clean_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C.UTF-8");
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Effective user and group id of this process.
pub(super) fn effective_ids() -> (u32, u32) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    // An unreadable /proc must not be taken for root.
    (effective(&status, "Uid:").unwrap_or(u32::MAX), effective(&status, "Gid:").unwrap_or(u32::MAX))
}

/// The second number of a `Uid:` or `Gid:` line: real, effective, saved, file system.
fn effective(status: &str, label: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn choose(passwd: &str) -> Option<Account> {
    CANDIDATES.iter().find_map(|wanted| passwd.lines().find_map(|line| entry(line, wanted)))
}

fn entry(line: &str, wanted: &str) -> Option<Account> {
    let mut parts = line.split(':');
    let name = parts.next().filter(|name| *name == wanted)?;
    let uid = parts.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
    let gid = parts.next()?.parse().ok()?;
    Some(Account { uid, gid, name: name.to_owned(), stepped_down: true })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/bin/false\npostgres:x:101:104:,,,:/var:/bin/bash\n";

    #[test]
    fn root_steps_down_to_postgres_before_nobody() {
        let found = choose(PASSWD).unwrap();
        assert_eq!((found.uid, found.gid, found.name.as_str()), (101, 104, "postgres"));
        let without: String =
            PASSWD.lines().filter(|line| !line.starts_with("postgres")).map(|line| format!("{line}\n")).collect();
        assert_eq!(choose(&without).unwrap().gid, 65533);
        assert_eq!(choose("root:x:0:0::/root:/bin/sh\n"), None);
    }

    #[test]
    fn an_account_that_is_root_by_another_name_is_refused() {
        assert_eq!(choose("postgres:x:0:0::/:/bin/sh\nnobody:x:7:8::/:/bin/sh\n").unwrap().uid, 7);
        assert_eq!(choose("postgres:x\n"), None);
    }

    #[test]
    fn the_effective_id_is_read_not_the_real_one() {
        let status = "Name:\tx\nUid:\t1000\t7\t1000\t1000\nGid:\t5\t6\t5\t5\n";
        assert_eq!((effective(status, "Uid:"), effective(status, "Gid:")), (Some(7), Some(6)));
        assert_eq!(effective("", "Uid:"), None);
    }

    #[test]
    fn only_an_account_stepped_down_to_needs_a_prefix() {
        let own = Account { uid: 5, gid: 6, name: "uid 5".into(), stepped_down: false };
        assert!(own.prefix().is_empty());
        let other = Account { stepped_down: true, ..own };
        assert_eq!(other.prefix().join(" "), "setpriv --reuid=5 --regid=6 --clear-groups --");
    }
}
