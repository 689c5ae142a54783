//! The built program at a terminal: started with arguments, watched for what it says and how it ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use crate::support::{Caller, Person, Service};

/// A first start makes a cluster; a machine under load takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until something holds; stops the test if it never does.
#[track_caller]
pub fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = holds() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} does not come about");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A folder of a test's own; it goes with its holder.
pub struct Folder(pub PathBuf);

impl Folder {
    /// A new one, which other accounts may pass through.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("custodian-program-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What a Postgres that is just ending still writes is taken once it is gone.
        for _ in 0..200 {
            if fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A running program.
pub struct Program {
    child: Child,
    output: Folder,
}

impl Program {
    /// Starts it with these arguments and settings.
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let output = Folder::new();
        let file = |name: &str| Stdio::from(File::create(output.0.join(name)).unwrap());
        let mut command = Command::new(path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CUSTODIAN_") && name != "CUSTODIAN_PG_BIN" || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        command.args(arguments).envs(environment.iter().copied());
        let child = command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr")).spawn();
        Self { child: child.expect("the built program starts"), output }
    }

    /// `custodian dev` in a folder, on any port, with hashes as cheap as allowed; waits until it serves.
    pub fn dev(folder: &Path, arguments: &[&str]) -> (Self, Value) {
        let file = folder.join("dev.json");
        let _ = fs::remove_file(&file);
        let mut program = Self::start(&[&Self::dev_arguments(folder), arguments].concat(), &[]);
        let facts = until("a private instance", || {
            assert!(program.child.try_wait().unwrap().is_none(), "it ended: {}", program.said());
            serde_json::from_slice(&fs::read(&file).ok()?).ok()
        });
        (program, facts)
    }

    /// The arguments of [`Program::dev`].
    pub fn dev_arguments(folder: &Path) -> Vec<&str> {
        let folder = folder.to_str().unwrap();
        let cheap = ["--set", "argon2_memory_kib=8192", "--set", "argon2_iterations=1"];
        [["dev", "--bind", "127.0.0.1:0", "--data-dir", folder].as_slice(), &cheap].concat()
    }

    /// What it wrote to standard error so far.
    pub fn said(&self) -> String {
        fs::read_to_string(self.output.0.join("stderr")).unwrap()
    }

    /// What it wrote to standard output so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.output.0.join("stdout")).unwrap()
    }

    /// Sends a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// How it ended.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        until("the end of the program", || self.child.try_wait().unwrap())
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end: its exit code, what it printed and what it said.
pub fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut program = Program::start(arguments, environment);
    let status = program.ended();
    (status.code().unwrap_or(-1), program.printed(), program.said())
}

fn path() -> PathBuf {
    let beside = || std::env::current_exe().unwrap().parent().and_then(Path::parent).unwrap().join("custodian");
    std::env::var_os("DEV_PROGRAM").map_or_else(beside, PathBuf::from)
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Logs a person of a private instance's demo organisation in.
pub async fn person(facts: &Value, key: &str) -> Person {
    person_at(facts["base_url"].as_str().unwrap(), facts, key).await
}

/// The same at another instance on the same database.
pub async fn person_at(base_url: &str, facts: &Value, key: &str) -> Person {
    let user = &facts["users"][key];
    let (id, email) = (user["id"].as_str().unwrap().parse().unwrap(), user["email"].as_str().unwrap());
    let body = json!({"email": email, "password": user["password"]});
    let answer = Caller::new(base_url, Vec::new()).post("/v1/auth/login", &body).await.shows(200);
    Person::of(base_url, id, email, &answer)
}

/// A connection as the superuser of the cluster in a private instance's folder.
pub async fn superuser(folder: &Path) -> Client {
    let (client, connection) = tokio_postgres::connect(&superuser_url(folder), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The superuser's address.
pub fn superuser_url(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join("postgres").join(name)).unwrap().trim().to_owned();
    format!("postgres://custodian_superuser:{}@127.0.0.1:{}/custodian", read("password"), read("port"))
}

/// One of PostgreSQL's own programs, of the version that runs the cluster.
pub async fn postgres_program(folder: &Path, name: &str) -> PathBuf {
    let row = superuser(folder).await.query_one("SELECT setting FROM pg_config WHERE name = 'BINDIR'", &[]).await;
    Path::new(&row.unwrap().get::<_, String>(0)).join(name)
}

/// A dump of the database in a private instance's folder.
pub async fn dump(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let program = postgres_program(folder, "pg_dump").await;
    let output = Command::new(program).args(arguments).arg(superuser_url(folder)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Newer versions fence a dump with a random word.
    let fence = |line: &&[u8]| !line.starts_with(b"\\restrict") && !line.starts_with(b"\\unrestrict");
    output.stdout.split(|b| *b == b'\n').filter(fence).collect::<Vec<_>>().join(&b'\n')
}

/// The settings with which `custodian serve` runs beside a service on its database.
pub fn settings_of(service: &Service) -> Vec<(&'static str, String)> {
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    vec![
        ("CUSTODIAN_BIND", "127.0.0.1:0".to_owned()),
        ("CUSTODIAN_METRICS_BIND", "127.0.0.1:0".to_owned()),
        ("CUSTODIAN_DATABASE_URL", service.settings.database_url.expose().to_owned()),
        ("CUSTODIAN_ROOT_KEY_FILE", path(&service.settings.root_key_file)),
        ("CUSTODIAN_KEY_STORE_DIR", path(&service.settings.key_store_dir)),
    ]
}

/// Settings with some of them replaced or added.
pub fn differing<'s>(settings: &'s [(&'static str, String)], other: &[(&'s str, &'s str)]) -> Vec<(&'s str, &'s str)> {
    let kept = settings.iter().filter(|(name, _)| other.iter().all(|(replaced, _)| replaced != name));
    kept.map(|(name, value)| (*name, value.as_str())).chain(other.iter().copied()).collect()
}
