//! Where PostgreSQL's programs are: `initdb` and `postgres`, version 15 or newer.

use super::account::clean_command;
use super::error::SetupError;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Older servers lack what the schema needs.
const OLDEST: u32 = 15;

/// A folder with `initdb` and `postgres` of one major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub folder: PathBuf,
    pub major: u32,
}

impl Binaries {
    /// The programs for a new cluster, or for one made by `made_by` (its major version) in `cluster`.
    pub fn find(made_by: Option<u32>, cluster: &Path) -> Result<Self, SetupError> {
        if let Some(set) = std::env::var_os("CUSTODIAN_PG_BIN").filter(|set| !set.is_empty()) {
            let path = PathBuf::from(set);
            let found = probe(&path).ok_or(SetupError::BadBinaries { path })?;
            return pick([found].into_iter(), made_by, cluster);
        }
        pick(places().into_iter().filter_map(|folder| probe(&folder)), made_by, cluster)
    }

    pub fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }
}

/// The first that fits; lazily, since every look costs a process.
fn pick(
    mut found: impl Iterator<Item = Binaries>,
    made_by: Option<u32>,
    cluster: &Path,
) -> Result<Binaries, SetupError> {
    match made_by {
        None => found.next().ok_or(SetupError::NoPostgres),
        Some(made_by) => found
            .find(|found| found.major == made_by)
            .ok_or_else(|| SetupError::OtherVersion { folder: cluster.to_owned(), made_by }),
    }
}

/// Folders worth a look, best first: what `pg_config` on the search path says, Debian's newest first, a build from source.
fn places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = pg_config().into_iter().collect();
    let listing = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let names: Vec<String> = listing.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    places.extend(newest_first(names).iter().map(|name| Path::new("/usr/lib/postgresql").join(name).join("bin")));
    places.push("/usr/local/pgsql/bin".into());
    places
}

fn pg_config() -> Option<PathBuf> {
    let output = clean_command(Path::new("pg_config")).arg("--bindir").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim())).filter(|path| path.is_absolute())
}

/// Version folders by number, not by letter: 9.6 comes after 18.
fn newest_first(mut names: Vec<String>) -> Vec<String> {
    let number = |name: &String| name.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or(0);
    names.sort_by_key(|name| std::cmp::Reverse(number(name)));
    names
}

fn probe(folder: &Path) -> Option<Binaries> {
    if !folder.join("initdb").is_file() {
        return None;
    }
    let output = clean_command(&folder.join("postgres")).arg("--version").stdin(Stdio::null()).output().ok()?;
    let major = major_version(&String::from_utf8_lossy(&output.stdout)).filter(|major| *major >= OLDEST)?;
    Some(Binaries { folder: folder.to_owned(), major })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `18beta2`, `16devel` to 15, 18, 16.
fn major_version(text: &str) -> Option<u32> {
    let version = text.split("PostgreSQL)").nth(1)?.trim_start();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn at(major: u32) -> Binaries {
        Binaries { folder: format!("/v/{major}").into(), major }
    }

    #[test]
    fn versions_as_servers_print_them() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(major_version(debian), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta2\n"), Some(18));
        assert_eq!(major_version("postgres (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(major_version("postgres (PostgreSQL)"), None);
        assert_eq!(major_version("something else 17"), None);
    }

    #[test]
    fn eighteen_is_newer_than_nine() {
        let sorted = newest_first(["9.6", "15", "18", "lost"].map(str::to_owned).to_vec());
        assert_eq!(sorted, ["18", "15", "9.6", "lost"]);
    }

    #[test]
    fn an_old_cluster_keeps_its_version() {
        let cluster = Path::new("/c");
        assert_eq!(pick([at(17), at(15)].into_iter(), None, cluster).unwrap().major, 17);
        assert_eq!(pick([at(17), at(15)].into_iter(), Some(15), cluster).unwrap().major, 15);
        let refused = pick([at(17)].into_iter(), Some(15), cluster).unwrap_err().to_string();
        assert!(refused.contains("/c") && refused.contains("postgresql-15"), "{refused}");
        let none = pick([].into_iter(), None, cluster).unwrap_err().to_string();
        assert!(none.contains("apt-get install -y postgresql"), "{none}");
    }

    #[test]
    fn a_folder_without_programs_is_passed_over() {
        assert_eq!(probe(Path::new("/nonexistent")), None);
    }
}
