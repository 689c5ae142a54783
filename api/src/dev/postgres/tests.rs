//! The cluster tried for real: made, refused, started again, left behind, taken away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};

/// A data folder of one test, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("custodian-cluster-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn start(&self) -> Result<Cluster, SetupError> {
        Cluster::start(&self.0, &small())
    }

    /// The sentence with which a start is refused.
    fn refusal(&self) -> String {
        self.start().unwrap_err().to_string()
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0).or_else(|_| fs::remove_file(&self.0));
    }
}

fn small() -> ClusterOptions {
    ClusterOptions { extra: vec![("shared_buffers".into(), "16MB".into())], ..ClusterOptions::default() }
}

fn accepts(cluster: &Cluster) -> bool {
    let socket = cluster.socket_dir().join(format!(".s.PGSQL.{}", cluster.port()));
    TcpStream::connect((Ipv4Addr::LOCALHOST, cluster.port())).is_ok() && UnixStream::connect(socket).is_ok()
}

fn lives(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

#[test]
fn a_cluster_is_made_locked_stopped_and_found_again() {
    let folder = Folder::new();
    let first = folder.start().unwrap();
    let (port, pid, password) = (first.port(), first.pid(), first.superuser_password().to_owned());
    assert!(accepts(&first) && port < 32_768 && password.len() == 48);
    assert_ne!(fs::metadata(format!("/proc/{pid}")).unwrap().uid(), 0, "the server runs as root");
    assert_eq!(fs::metadata(first.home.password_file()).unwrap().mode() & 0o777, 0o600);
    assert!(!format!("{first:?}").contains(&password));
    let refused = folder.refusal();
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    first.stop().unwrap();
    assert!(!lives(pid) && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());

    let again = folder.start().unwrap();
    assert_eq!((again.port(), again.superuser_password()), (port, password.as_str()));
    drop(again);

    let _somebody_else = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let moved = folder.start().unwrap();
    assert!(accepts(&moved) && moved.port() != port);
}

#[test]
fn an_interrupted_first_start_is_begun_anew() {
    let folder = Folder::new();
    folder.put("postgres/data.new-0badcafe/base/1", "half");
    folder.put("postgres/password", "");
    fs::create_dir(folder.0.join("postgres/data")).unwrap();
    if account::effective_ids().0 == 0 {
        let account = account::Account::for_cluster(Path::new("/nonexistent")).unwrap();
        std::os::unix::fs::chown(folder.0.join("postgres"), Some(account.uid), Some(account.gid)).unwrap();
    }
    let cluster = folder.start().unwrap();
    assert!(accepts(&cluster) && !folder.0.join("postgres/data.new-0badcafe").exists());
}

#[test]
fn a_stale_lock_file_with_a_living_stranger_in_it_is_survived() {
    let folder = Folder::new();
    folder.start().unwrap().stop().unwrap();
    let stale = format!("{}\n{}\n", std::process::id(), folder.0.join("postgres/data").display());
    folder.put("postgres/data/postmaster.pid", &stale);
    assert!(accepts(&folder.start().unwrap()));
}

#[test]
fn what_was_not_made_here_is_left_alone() {
    for name in ["postgres/data/holiday.jpg", "postgres/letters.txt", "postgres"] {
        let folder = Folder::new();
        let file = folder.put(name, "mine");
        if account::effective_ids().0 == 0 && folder.0.join("postgres").is_dir() {
            std::os::unix::fs::chown(folder.0.join("postgres"), Some(65_534), Some(65_534)).unwrap();
        }
        let refused = folder.refusal();
        assert!(refused.contains("in the way"), "{refused}");
        assert_eq!(fs::read_to_string(file).unwrap(), "mine");
    }
    let folder = Folder::new();
    fs::write(&folder.0, "no folder").unwrap();
    assert!(folder.refusal().contains("in the way"));
}

#[test]
fn a_server_left_behind_is_replaced() {
    let folder = Folder::new();
    let mut first = folder.start().unwrap();
    // As after kill -9 of this program and of its guard: nobody holds the lock, the server runs on.
    std::mem::forget(first.guard.take());
    let left = first.pid();
    drop(first);
    assert!(lives(left));
    let second = folder.start().unwrap();
    assert!(accepts(&second) && second.pid() != left);
}

#[test]
fn the_server_ends_when_the_pipe_to_its_guard_closes() {
    let folder = Folder::new();
    let mut cluster = folder.start().unwrap();
    let guard = cluster.guard.take().unwrap();
    assert!(guard.deserted().unwrap().success());
    assert!(!accepts(&cluster));
}

#[test]
fn a_cluster_for_a_test_leaves_nothing() {
    let folder = Folder::new();
    let options = ClusterOptions { remove_on_exit: true, durable: false, ..small() };
    Cluster::start(&folder.0, &options).unwrap().stop().unwrap();
    assert!(!folder.0.exists());
    let note = folder.put("note", "kept, since the folder was not empty");
    Cluster::start(&folder.0, &options).unwrap().stop().unwrap();
    assert!(note.exists() && !folder.0.join("postgres").exists() && !folder.0.join("postgres.log").exists());
}

#[test]
fn a_setting_the_server_refuses_is_told() {
    let folder = Folder::new();
    let options = ClusterOptions { extra: vec![("shared_buffers".into(), "a lot".into())], ..small() };
    let refused = Cluster::start(&folder.0, &options).unwrap_err().to_string();
    assert!(refused.contains("shared_buffers") && refused.contains("postgres.log"), "{refused}");
}

#[test]
fn a_long_path_gets_a_short_socket() {
    let folder = Folder::new();
    let long = folder.0.join("d".repeat(90));
    let cluster = Cluster::start(&long, &ClusterOptions { remove_on_exit: true, ..small() }).unwrap();
    assert!(accepts(&cluster) && !cluster.socket_dir().starts_with(&folder.0));
    let sockets = cluster.socket_dir().to_owned();
    drop(cluster);
    assert!(!sockets.exists());
}

#[test]
fn the_reason_is_what_the_log_ends_on() {
    let log = "2026-01-01 [7] LOG:  starting\n2026-01-01 [7] FATAL:  lock file is there\nmore\n";
    assert_eq!(telling(log), "lock file is there");
    assert_eq!(telling("initdb: error: no space\n"), "no space");
    assert_eq!(telling("LOG: x\n"), "it ended without a word");
}
