//! What can stand in the way of the private PostgreSQL, each as a sentence with its remedy.

use std::io;
use std::path::{Path, PathBuf};

/// A sentence for the person at the terminal: what is wrong and what to do.
///
/// No variant carries a password or anything out of the database.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No server programs of version 15 or newer are on this machine.
    #[error(
        "No PostgreSQL 15 or newer was found. Install it with `apt-get install -y postgresql`, \
         or set CUSTODIAN_PG_BIN to the folder that holds `initdb` and `postgres`."
    )]
    NoPostgres,
    /// `CUSTODIAN_PG_BIN` names a folder that does not serve.
    #[error(
        "CUSTODIAN_PG_BIN is {}, but that folder holds no working `initdb` and `postgres` of version 15 or newer. \
         Correct it or unset it.", .path.display()
    )]
    BadBinaries {
        /// The folder as set.
        path: PathBuf,
    },
    /// The data were made by a major version that is no longer installed.
    #[error(
        "The database in {} was made by PostgreSQL {made_by}, which is not installed here. Install it with \
         `apt-get install -y postgresql-{made_by}`, or delete that folder to begin anew.", .folder.display()
    )]
    OtherVersion {
        /// The cluster's folder.
        folder: PathBuf,
        /// Major version out of its `PG_VERSION`.
        made_by: u32,
    },
    /// A live process holds the lock of this folder.
    #[error("{} already runs from {}. Stop it, or choose another folder with --data-dir.", holder(*.pid), .dir.display())]
    Running {
        /// The data folder.
        dir: PathBuf,
        /// The holder, where it wrote its id down.
        pid: Option<u32>,
    },
    /// The calling user may not write here.
    #[error(
        "User id {uid} may not write {}. Choose another data folder with --data-dir, or have root hand this one over: \
         `mkdir -p {dir} && chown -R {uid} {dir}`.", .path.display(), dir = .dir.display()
    )]
    NoRight {
        /// What could not be written or read.
        path: PathBuf,
        /// The data folder.
        dir: PathBuf,
        /// The user this program runs as.
        uid: u32,
    },
    /// The cluster was made by somebody else.
    #[error(
        "The database folder {} belongs to user id {owner}. Run as that user, give it back as root with \
         `chown -R {expected} {}`, or choose another folder with --data-dir.", .path.display(), .path.display()
    )]
    WrongOwner {
        /// The cluster's folder.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who should.
        expected: u32,
    },
    /// Something that this program did not make is in the way.
    #[error(
        "{} is in the way: it is no part of a finished database made by `custodian dev`, so it is left untouched. \
         Move it away or delete it, then run again.", .path.display()
    )]
    InTheWay {
        /// The file or folder.
        path: PathBuf,
    },
    /// A file without which an existing cluster cannot be used is gone.
    #[error(
        "The database in {} has lost its file `{file}` and cannot be opened. Restore it, or delete the folder to begin anew.",
        .folder.display()
    )]
    Lost {
        /// The cluster's folder.
        folder: PathBuf,
        /// The missing file.
        file: &'static str,
    },
    /// PostgreSQL refuses to run as root and there is nobody else to run it.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither an account `postgres` nor `nobody`. \
         Create one with `useradd --system postgres`, or run as an ordinary user."
    )]
    NoAccount,
    /// The account that runs PostgreSQL cannot get into the folder, nor into the substitute.
    #[error(
        "The account `{account}`, which runs PostgreSQL because root may not, cannot get into {}. Open the folders above it \
         with `chmod o+x`, or choose another folder with --data-dir.", .path.display()
    )]
    Unreachable {
        /// The folder.
        path: PathBuf,
        /// The account's name.
        account: String,
    },
    /// A path that PostgreSQL's settings cannot express.
    #[error("The folder {} has a name that is not UTF-8. Choose another with --data-dir.", .path.display())]
    OddPath {
        /// The folder.
        path: PathBuf,
    },
    /// No place for the unix socket.
    #[error(
        "No folder for the database's socket could be made: {} is held by somebody else. Delete it, \
         or choose a data folder with a shorter path with --data-dir.", .path.display()
    )]
    NoSocketFolder {
        /// The last place tried.
        path: PathBuf,
    },
    /// Nothing free to listen on.
    #[error(
        "No free TCP port between 20000 and 32000 was found on 127.0.0.1. Stop a program that listens there, then run again."
    )]
    NoPort,
    /// A setting that cannot be written into `postgresql.conf`.
    #[error(
        "`{name}` is no PostgreSQL setting that can be passed on. Use letters, digits, `_` and `.`, and a value of one line."
    )]
    BadSetting {
        /// The name as given.
        name: String,
    },
    /// `initdb` gave up.
    #[error("PostgreSQL could not create its database: {why}. See {}; free some disk space if that is the cause, then run again.", .log.display())]
    Initdb {
        /// The last lines it said, without any value.
        why: String,
        /// The log.
        log: PathBuf,
    },
    /// The server ended before it accepted connections.
    #[error(
        "PostgreSQL did not start: {why}. See {}; if the database is beyond help, delete {} to begin anew.",
        .log.display(), .folder.display()
    )]
    Start {
        /// The last fatal lines of its log.
        why: String,
        /// The log.
        log: PathBuf,
        /// The cluster's folder.
        folder: PathBuf,
    },
    /// The server did not end in time.
    #[error(
        "PostgreSQL (process {pid}) did not stop within a minute. End it with `kill -QUIT {pid}`; nothing that was committed is lost."
    )]
    Stop {
        /// The server.
        pid: u32,
    },
    /// Anything else the system refused.
    #[error("Could not {what} {}: {cause}. Put that right, then run again.", .path.display())]
    Io {
        /// A verb phrase: `create`, `read`, `run`.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
}

impl SetupError {
    /// Names the data folder in a sentence that was made where only a path inside it was known.
    pub(super) fn about(self, dir: &Path) -> Self {
        match self {
            Self::NoRight { path, uid, .. } => Self::NoRight { path, dir: dir.to_owned(), uid },
            other => other,
        }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "Another `custodian dev`".to_owned(), |pid| format!("Another `custodian dev` (process {pid})"))
}

/// Turns a refusal of the system on `path` into a sentence; a missing right becomes [`SetupError::NoRight`].
pub(super) fn refused(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SetupError {
    let path = path.to_owned();
    move |cause| match cause.kind() {
        io::ErrorKind::PermissionDenied => {
            SetupError::NoRight { dir: path.clone(), path, uid: super::account::effective_ids().0 }
        }
        _ => SetupError::Io { what, path, cause },
    }
}
