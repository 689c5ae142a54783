//! The cluster's folder: found or made, locked, and told apart from a half-made or a foreign one.
//!
//! It holds `data` (PostgreSQL's own, there only when finished), `data.new-*` (being made), `run` (socket), `lock`, `password` and `port`.

use super::account::{Account, effective_ids};
use super::error::{SetupError, refused};
use super::network::path_hash;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown, symlink};
use std::path::{Path, PathBuf};

/// Where a cluster goes when the account cannot get into the data folder.
const SUBSTITUTE: &str = "/var/lib/custodian";
const HALF_MADE: &str = "data.new-";
/// A log larger than this is set aside at the next start.
const LOG_LIMIT: u64 = 16 << 20;

/// The folder of one cluster, held by a lock until dropped.
pub(super) struct Home {
    /// The data folder of the caller, canonical.
    pub dir: PathBuf,
    /// The cluster's folder: `DIR/postgres`, or where that link leads.
    pub path: PathBuf,
    pub account: Account,
    /// True if `dir` was missing or empty before.
    pub made_dir: bool,
    /// The system lets go of the lock when this process ends, however it ends.
    _lock: File,
}

impl Home {
    /// Finds or makes the folder for `dir` and locks it.
    pub fn open(dir: &Path) -> Result<Self, SetupError> {
        let made_dir = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
        let dir = make_data_folder(dir)?;
        if dir.to_str().is_none() {
            return Err(SetupError::OddPath { path: dir });
        }
        let link = dir.join("postgres");
        let (path, account) = match fs::symlink_metadata(&link) {
            Ok(found) if found.is_symlink() => {
                in_place(&dir.join(fs::read_link(&link).map_err(refused("read", &link))?))?
            }
            Ok(found) if found.is_dir() => in_place(&link)?,
            Ok(_) => return Err(SetupError::InTheWay { path: link }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => afresh(&link)?,
            Err(cause) => return Err(refused("read", &link)(cause)),
        };
        let lock = lock(&dir, &path, &account)?;
        let home = Self { dir, path, account, made_dir, _lock: lock };
        home.set_long_log_aside()?;
        Ok(home)
    }

    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub fn password_file(&self) -> PathBuf {
        self.path.join("password")
    }

    pub fn port_file(&self) -> PathBuf {
        self.path.join("port")
    }

    /// A folder for `initdb`, under a name of its own so that one still being cleaned up elsewhere does no harm.
    pub fn new_data(&self) -> Result<PathBuf, SetupError> {
        Ok(self.path.join(format!("{HALF_MADE}{}", hex(&random_bytes::<4>()?))))
    }

    /// Whether a finished cluster is here. Clears away what an interrupted attempt of this program left, and refuses to touch anything else.
    pub fn is_finished(&self) -> Result<bool, SetupError> {
        let names =
            fs::read_dir(&self.path).map_err(refused("read", &self.path))?.flatten().map(|entry| entry.file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        for half_made in names.iter().filter(|name| name.starts_with(HALF_MADE)) {
            // Best effort: an `initdb` may still be cleaning up in it, and its name is never used again.
            let _ = fs::remove_dir_all(self.path.join(half_made));
        }
        let data = self.data();
        if data.join("PG_VERSION").is_file() {
            return self.password().map(|_| true);
        }
        if let Some(foreign) = names.iter().find(|name| !is_ours(name)) {
            return Err(SetupError::InTheWay { path: self.path.join(foreign) });
        }
        match fs::remove_dir(&data) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(_) => Err(SetupError::InTheWay { path: data }),
            Ok(()) => Ok(false),
        }
    }

    /// The superuser's password, made at the first start.
    pub fn password(&self) -> Result<String, SetupError> {
        let lost = || SetupError::Lost { folder: self.path.clone(), file: "password" };
        let text = match fs::read_to_string(self.password_file()) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Err(lost()),
            other => other.map_err(refused("read", &self.password_file()))?,
        };
        Some(text.trim().to_owned()).filter(|password| !password.is_empty()).ok_or_else(lost)
    }

    pub fn make_password(&self) -> Result<(), SetupError> {
        self.write(&self.password_file(), &format!("{}\n", hex(&random_bytes::<24>()?)))
    }

    /// Writes a file of mode 0600 that belongs to the account.
    pub fn write(&self, path: &Path, text: &str) -> Result<(), SetupError> {
        let mut file = private_file(path, &self.account, OpenOptions::new().write(true).truncate(true))?;
        file.write_all(text.as_bytes()).map_err(refused("write", path))
    }

    pub fn log_file(&self) -> PathBuf {
        self.dir.join("postgres.log")
    }

    /// `DIR/postgres.log`, opened for appending.
    pub fn open_log(&self) -> Result<File, SetupError> {
        private_file(&self.log_file(), &self.account, OpenOptions::new().append(true))
    }

    fn set_long_log_aside(&self) -> Result<(), SetupError> {
        let path = self.log_file();
        if fs::metadata(&path).is_ok_and(|found| found.len() > LOG_LIMIT) {
            fs::rename(&path, self.dir.join("postgres.log.1")).map_err(refused("rename", &path))?;
        }
        Ok(())
    }

    /// Everything of the cluster, for a caller that wants nothing left: files, log and link, and the data folder too if it was empty before.
    pub fn belongings(&self) -> Vec<PathBuf> {
        if self.made_dir {
            return vec![self.path.clone(), self.dir.clone()];
        }
        vec![self.path.clone(), self.dir.join("postgres"), self.log_file()]
    }
}

fn is_ours(name: &str) -> bool {
    ["lock", "password", "port", "data", "run"].contains(&name) || name.starts_with(HALF_MADE)
}

/// Makes DIR. As root it lets others pass through but not list it, or the account could not reach its cluster.
fn make_data_folder(dir: &Path) -> Result<PathBuf, SetupError> {
    let mode = if effective_ids().0 == 0 { 0o711 } else { 0o700 };
    match DirBuilder::new().recursive(true).mode(mode).create(dir) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists || cause.kind() == io::ErrorKind::NotADirectory => {
            return Err(SetupError::InTheWay { path: dir.to_owned() });
        }
        other => other.map_err(refused("create", dir))?,
    }
    fs::canonicalize(dir).map_err(refused("open", dir))
}

/// A folder that was chosen before; made again if it is gone.
fn in_place(path: &Path) -> Result<(PathBuf, Account), SetupError> {
    let account = Account::for_cluster(path)?;
    make_folder(path, &account)?;
    let owner = fs::metadata(path).map_err(refused("read", path))?.uid();
    if owner != account.uid {
        return Err(SetupError::WrongOwner { path: path.to_owned(), owner, expected: account.uid });
    }
    if !account.reaches(path) {
        return Err(SetupError::Unreachable { path: path.to_owned(), account: account.name });
    }
    Ok((fs::canonicalize(path).map_err(refused("open", path))?, account))
}

/// A new folder at `link`, or where the account cannot get in, one of its own under `/var/lib` with a link to it.
fn afresh(link: &Path) -> Result<(PathBuf, Account), SetupError> {
    let account = Account::for_cluster(link)?;
    make_folder(link, &account)?;
    if account.reaches(link) {
        return Ok((link.to_owned(), account));
    }
    let unreachable = || SetupError::Unreachable { path: link.to_owned(), account: account.name.clone() };
    if !account.stepped_down {
        return Err(unreachable());
    }
    fs::remove_dir(link).map_err(refused("replace", link))?;
    let path = substitute(link)?;
    // The link comes first: an interruption then leaves a link to follow, never a folder that nobody knows of.
    symlink(&path, link).map_err(refused("create", link))?;
    in_place(&path).map_err(|_| unreachable())
}

/// The first free name for this link. One already there belongs to a data folder that was moved or deleted; it is not ours to reuse.
fn substitute(link: &Path) -> Result<PathBuf, SetupError> {
    let above = Path::new(SUBSTITUTE);
    DirBuilder::new().recursive(true).mode(0o755).create(above).map_err(refused("create", above))?;
    let name = format!("dev-{:016x}", path_hash(link));
    let names = std::iter::once(name.clone()).chain((2..).map(|number: u64| format!("{name}-{number}")));
    let mut free = names.map(|name| above.join(name)).filter(|path| fs::symlink_metadata(path).is_err());
    free.next().ok_or_else(|| SetupError::InTheWay { path: above.join(name) })
}

/// Makes a folder of mode 0700 that belongs to the account; one that exists is left alone, unless it is empty and still root's.
pub(super) fn make_folder(path: &Path, account: &Account) -> Result<(), SetupError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            let unfinished = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
            let owner = fs::symlink_metadata(path).map_or(u32::MAX, |found| found.uid());
            if !(unfinished && owner == 0 && account.stepped_down) {
                return Ok(());
            }
        }
        other => other.map_err(refused("create", path))?,
    }
    if account.stepped_down {
        chown(path, Some(account.uid), Some(account.gid)).map_err(refused("hand over", path))?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(refused("close", path))
}

fn private_file(path: &Path, account: &Account, options: &mut OpenOptions) -> Result<File, SetupError> {
    let file = options.create(true).mode(0o600).open(path).map_err(refused("write", path))?;
    if account.stepped_down {
        fchown(&file, Some(account.uid), Some(account.gid)).map_err(refused("hand over", path))?;
    }
    Ok(file)
}

fn lock(dir: &Path, home: &Path, account: &Account) -> Result<File, SetupError> {
    let path = home.join("lock");
    let mut file = private_file(&path, account, OpenOptions::new().read(true).write(true).truncate(false))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(SetupError::Running { dir: dir.to_owned(), pid: text.trim().parse().ok() });
        }
        Err(fs::TryLockError::Error(cause)) => return Err(refused("lock", &path)(cause)),
    }
    file.set_len(0).map_err(refused("write", &path))?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(refused("write", &path))?;
    Ok(file)
}

/// Bytes from the system's generator.
pub(super) fn random_bytes<const N: usize>() -> Result<[u8; N], SetupError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; N];
    File::open(path).and_then(|mut source| source.read_exact(&mut bytes)).map_err(refused("read", path))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
