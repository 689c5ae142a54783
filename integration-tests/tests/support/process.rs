//! The built program as a process of its own, for tests that kill it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::service::fresh_folder;
use super::{Caller, Person};

/// A first start makes a cluster; a machine under load takes its time.
const READY: Duration = Duration::from_secs(120);

/// `custodian dev` in a folder of its own, which goes with it.
pub struct Process {
    folder: PathBuf,
    settings: Vec<String>,
    child: Option<Child>,
    /// What `dev.json` says.
    pub facts: Value,
}

impl Process {
    /// Starts it with these settings and waits until it serves.
    pub async fn start(settings: &[&str]) -> Self {
        let settings = settings.iter().map(|text| (*text).to_owned()).collect();
        let mut process = Self { folder: fresh_folder(), settings, child: None, facts: Value::Null };
        process.again().await;
        process
    }

    /// Where everything of it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts it anew in its folder.
    pub async fn again(&mut self) {
        self.kill();
        let file = self.folder.join("dev.json");
        let _ = fs::remove_file(&file);
        let mut command = Command::new(program());
        command.args(["dev", "--empty", "--bind", "127.0.0.1:0", "--data-dir"]).arg(&self.folder);
        for setting in ["argon2_memory_kib=8192", "argon2_iterations=1"]
            .into_iter()
            .chain(self.settings.iter().map(String::as_str))
        {
            command.args(["--set", setting]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the built program starts");
        let child = self.child.insert(child);
        let begun = Instant::now();
        self.facts = loop {
            if let Ok(bytes) = fs::read(&file) {
                break serde_json::from_slice(&bytes).unwrap();
            }
            assert!(child.try_wait().unwrap().is_none(), "the program ended before it served");
            assert!(begun.elapsed() < READY, "the program does not get ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
    }

    /// Ends it as a power cut would: no signal that it could handle.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The settings that another command on its database needs.
    pub fn config(&self) -> PathBuf {
        self.folder.join("custodian.toml")
    }

    /// Where it serves.
    pub fn base_url(&self) -> &str {
        self.facts["base_url"].as_str().unwrap()
    }

    /// Somebody without a credential.
    pub fn stranger(&self) -> Caller {
        Caller::new(self.base_url(), Vec::new())
    }

    /// Logs a person of the demo organisation in.
    pub async fn person(&self, key: &str) -> Person {
        let user = &self.facts["users"][key];
        let (id, email) = (user["id"].as_str().unwrap().parse().unwrap(), user["email"].as_str().unwrap());
        let body = json!({"email": email, "password": user["password"]});
        let answer = self.stranger().post("/v1/auth/login", &body).await.shows(200);
        Person::of(self.base_url(), id, email, &answer)
    }
}

/// Another instance on the database of the first.
pub struct Beside {
    /// Where it serves.
    pub base_url: String,
    child: Child,
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts `custodian serve` with the settings of this one on addresses of its own, and waits until it is ready.
    pub async fn beside(&self) -> Beside {
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (bind, metrics) = (free(), free());
        let mut command = Command::new(program());
        command.arg("serve").arg("--config").arg(self.config());
        // How often a test kills is no setting of the service, which refuses what it does not know.
        command.env_remove("CUSTODIAN_KILLS");
        command.env("CUSTODIAN_BIND", bind.to_string()).env("CUSTODIAN_METRICS_BIND", metrics.to_string());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the built program starts");
        let beside = Beside { base_url: format!("http://{bind}"), child };
        let (asked, begun) = (Caller::new(&beside.base_url, Vec::new()), Instant::now());
        while asked.get("/health/ready").attempt().await.is_none_or(|answer| answer.status != 200) {
            assert!(begun.elapsed() < READY, "the second instance does not get ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        beside
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        // The guard of its Postgres may still be shutting it down; what it leaves in the way is taken once it is gone.
        for _ in 0..200 {
            if fs::remove_dir_all(&self.folder).is_ok() || !self.folder.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// `DEV_PROGRAM`, else what was built beside this test.
pub fn program() -> PathBuf {
    let beside = || std::env::current_exe().unwrap().parent().and_then(Path::parent).unwrap().join("custodian");
    let program = std::env::var_os("DEV_PROGRAM").map_or_else(beside, PathBuf::from);
    assert!(program.exists(), "{} is missing: cargo build --package custodian-api --bin custodian", program.display());
    program
}
