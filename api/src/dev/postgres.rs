//! A private PostgreSQL cluster that this program makes, starts and stops: on loopback and a socket, with passwords, never as root.

mod account;
mod binaries;
mod error;
mod guard;
mod home;
mod network;
mod settings;
#[cfg(test)]
mod tests;

pub use error::SetupError;

use binaries::Binaries;
use error::refused;
use guard::{Guard, Watch};
use home::Home;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

const SUPERUSER: &str = "custodian_superuser";
/// Recovery after a crash may take this long; a sound cluster takes a tenth of a second.
const START_LIMIT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(5);
/// Lost races for a port or for the shared memory of a server that is just ending.
const START_TRIES: usize = 20;

/// One of PostgreSQL's own programs beside the server, such as `pg_dump`, with nothing of the caller's environment.
///
/// # Errors
/// A [`SetupError`] where no PostgreSQL is found.
pub fn program(name: &str) -> Result<Command, SetupError> {
    let binaries = Binaries::find(None, Path::new(""))?;
    Ok(account::clean_command(&binaries.folder.join(name)))
}

/// How a cluster is run.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// `fsync`, `full_page_writes` and `synchronous_commit` on. Off only to test that a server refuses such a database.
    pub durable: bool,
    /// Further `postgresql.conf` settings; they overrule this program's own.
    pub extra: Vec<(String, String)>,
    /// Shut the cluster down when this process ends in whatever way, `kill -9` included.
    pub watch_parent: bool,
    /// Remove the cluster when it stops, and the data folder with everything in it if that was missing or empty at the start. For tests.
    pub remove_on_exit: bool,
}

impl Default for ClusterOptions {
    /// Durable, watched, kept.
    fn default() -> Self {
        Self { durable: true, extra: Vec::new(), watch_parent: true, remove_on_exit: false }
    }
}

/// A running cluster. Dropping it stops it and waits; call that outside an async runtime's workers.
pub struct Cluster {
    home: Home,
    guard: Option<Guard>,
    pid: u32,
    port: u16,
    sockets: PathBuf,
    password: String,
}

impl Cluster {
    /// Makes the cluster under `dir/postgres` if there is none, starts it, and returns once it accepts connections. Blocks.
    ///
    /// The server's messages go to `dir/postgres.log`. The port is kept from run to run while it is free.
    ///
    /// # Errors
    /// A [`SetupError`] for everything that stands in the way; nothing that this program did not make is ever touched.
    pub fn start(dir: &Path, options: &ClusterOptions) -> Result<Self, SetupError> {
        Self::start_in(dir, options).map_err(|refusal| refusal.about(dir))
    }

    fn start_in(dir: &Path, options: &ClusterOptions) -> Result<Self, SetupError> {
        let folder = dir.join("postgres");
        let made_by = fs::read_to_string(folder.join("data/PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
        let binaries = Binaries::find(made_by, &folder)?;
        let home = Home::open(dir)?;
        let sockets = network::socket_folder(&home.path, &home.account)?;
        if !home.is_finished()? {
            initialise(&home, &binaries)?;
        }
        guard::clear_leftover(&home, &sockets)?;
        let (guard, port) = serve(&home, &binaries, &sockets, options)?;
        let password = home.password()?;
        Ok(Self { pid: guard.pid, guard: Some(guard), port, sockets, password, home })
    }

    /// The TCP port on 127.0.0.1, below 32768.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the unix socket; only the account that runs the cluster, and root, may enter it.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.sockets
    }

    /// The name of the superuser.
    #[must_use]
    pub fn superuser(&self) -> &str {
        SUPERUSER
    }

    /// The superuser's password; 48 hexadecimal digits, made at the first start.
    #[must_use]
    pub fn superuser_password(&self) -> &str {
        &self.password
    }

    /// The process id of the postmaster.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// A `postgres://` URL for the superuser over TCP.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        network::url(SUPERUSER, &self.password, "127.0.0.1", self.port, database)
    }

    /// A `postgres://` URL over the unix socket, its folder percent-encoded in the place of the host.
    #[must_use]
    pub fn socket_url(&self, user: &str, password: &str, database: &str) -> String {
        network::url(user, password, &self.sockets.to_string_lossy(), self.port, database)
    }

    /// Ends all sessions, stops the server and waits for it.
    ///
    /// # Errors
    /// [`SetupError::Stop`] if it has not ended within a minute.
    pub fn stop(mut self) -> Result<(), SetupError> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), SetupError> {
        self.guard.take().map_or(Ok(()), Guard::stop)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nobody is left to be told; the next start deals with a server that would not stop.
        let _ = self.shut_down();
    }
}

impl std::fmt::Debug for Cluster {
    /// Everything but the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("home", &self.home.path)
            .field("pid", &self.pid)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Makes the data directory beside its place and moves it there when it is complete, so that `data` is never half-made.
fn initialise(home: &Home, binaries: &Binaries) -> Result<(), SetupError> {
    home.make_password()?;
    let data = home.new_data()?;
    let (target, password) =
        (format!("--pgdata={}", data.display()), format!("--pwfile={}", home.password_file().display()));
    let user = format!("--username={SUPERUSER}");
    let said = LogEnd::of(home);
    let args = [
        target.as_str(),
        &password,
        &user,
        "--auth=scram-sha-256",
        "--data-checksums",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
    ];
    if !guard::run(&binaries.initdb(), &args, home)?.success() {
        return Err(SetupError::Initdb { why: said.reason(), log: home.log_file() });
    }
    let settings = data.join("postgresql.conf");
    let include = format!("\ninclude '{}'\n", settings::FILE);
    let text = fs::read_to_string(&settings).map_err(refused("read", &settings))?;
    home.write(&settings, &(text + &include))?;
    fs::rename(&data, home.data()).map_err(refused("rename", &data))
}

/// Starts the server, on another port if somebody was faster.
fn serve(
    home: &Home,
    binaries: &Binaries,
    sockets: &Path,
    options: &ClusterOptions,
) -> Result<(Guard, u16), SetupError> {
    let mut kept = fs::read_to_string(home.port_file()).ok().and_then(|text| network::parse_port(&text));
    let remove =
        if options.remove_on_exit { [home.belongings(), vec![sockets.to_owned()]].concat() } else { Vec::new() };
    let watch = Watch { parent: options.watch_parent, remove };
    let data = home.data();
    let place = data.to_string_lossy();
    let mut why = String::new();
    for _ in 0..START_TRIES {
        let port = network::choose_port(kept)?;
        home.write(&data.join(settings::FILE), &settings::render(port, sockets, options.durable, &options.extra)?)?;
        let said = LogEnd::of(home);
        let guard = Guard::start(&binaries.postgres(), &["-D", &place], home, &watch)?;
        if let Some(guard) = until_ready(guard, &data)? {
            home.write(&home.port_file(), &format!("{port}\n"))?;
            return Ok((guard, port));
        }
        why = said.reason();
        let port_lost = why.contains("TCP/IP socket");
        if !port_lost && !why.contains("shared memory block") {
            break;
        }
        kept = Some(port).filter(|_| !port_lost);
        sleep(POLL * 20);
    }
    Err(SetupError::Start { why, log: home.log_file(), folder: home.path.clone() })
}

/// The guard once its server accepts connections; nothing if the server ended first.
fn until_ready(mut guard: Guard, data: &Path) -> Result<Option<Guard>, SetupError> {
    let begun = Instant::now();
    while begun.elapsed() < START_LIMIT {
        if guard.ended().is_some() {
            return Ok(None);
        }
        if guard::is_ready(data, guard.pid) {
            return Ok(Some(guard));
        }
        sleep(POLL);
    }
    guard.stop().map(|()| None)
}

/// Where the log ended before something was started.
struct LogEnd {
    log: PathBuf,
    offset: u64,
}

impl LogEnd {
    fn of(home: &Home) -> Self {
        let log = home.log_file();
        let offset = fs::metadata(&log).map_or(0, |found| found.len());
        Self { log, offset }
    }

    /// What was said since, if it tells why nothing came of it.
    fn reason(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(self.offset))?;
            log.take(1 << 20).read_to_end(&mut text)
        });
        read.map_or_else(|_| "its log cannot be read".to_owned(), |_| telling(&String::from_utf8_lossy(&text)))
    }
}

/// The lines that matter, without time and process: at most three, joined.
fn telling(text: &str) -> String {
    const LEVELS: [&str; 4] = ["FATAL:", "PANIC:", "LOG:", "error:"];
    const MARKS: [&str; 8] = [
        "FATAL:",
        "PANIC:",
        "error:",
        "could not",
        "invalid value for",
        "unrecognized configuration",
        "not found",
        "ermission denied",
    ];
    let matters = |line: &&str| MARKS.iter().any(|mark| line.contains(mark));
    let short =
        |line: &str| LEVELS.iter().find_map(|level| line.split_once(level)).map_or(line, |cut| cut.1).trim().to_owned();
    let mut lines: Vec<String> = text.lines().filter(matters).map(short).collect();
    let excess = lines.len().saturating_sub(3);
    lines.drain(..excess);
    if lines.is_empty() { "it ended without a word".to_owned() } else { lines.join("; ") }
}
