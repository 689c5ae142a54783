//! The measured server: this very program as `serve`, a process of its own so that its memory and time are its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use custodian_application::startup::Unfit;

use super::http::{Connection, get};
use super::unfit;

/// How long a start or a stop may take at all.
const LIMIT: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(2);
/// Clock ticks per second in `/proc` (USER_HZ): 100 on every Linux of ours.
const TICKS: f64 = 100.0;

/// A running server. Dropped, it is killed.
pub(super) struct Process {
    child: Child,
    /// Where it serves.
    pub address: SocketAddr,
    /// From the start of the process to the first `200` of the readiness probe.
    pub ready: Duration,
}

impl Process {
    /// Starts a server with the settings that the private instance in this folder keeps, without a rate limit, and waits until it is ready.
    pub(super) async fn start(dir: &Path) -> Result<Self, Unfit> {
        let address = free_address()?;
        let log = File::options().create(true).append(true).open(dir.join("server.log"));
        let mut command = Command::new(std::env::current_exe().map_err(unfit)?);
        command
            .args(["serve", "--config"])
            .arg(dir.join("custodian.toml"))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.map_err(unfit)?);
        for (name, value) in environment(address) {
            command.env(format!("CUSTODIAN_{name}"), value);
        }
        let begun = Instant::now();
        let child = command.spawn().map_err(unfit)?;
        let mut process = Self { child, address, ready: Duration::ZERO };
        process.until_ready(begun, dir).await?;
        process.ready = begun.elapsed();
        Ok(process)
    }

    async fn until_ready(&mut self, begun: Instant, dir: &Path) -> Result<(), Unfit> {
        let probe = get("/health/ready", "127.0.0.1", "Accept-Language: en");
        while begun.elapsed() < LIMIT {
            if self.child.try_wait().map_err(unfit)?.is_some() {
                let said = fs::read_to_string(dir.join("server.log")).unwrap_or_default();
                let last = said.lines().last().unwrap_or("nothing").to_owned();
                return Err(Unfit(format!("the server ended at its start and said: {last}")));
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && connection.send(&probe).await.is_ok_and(|status| status == 200)
            {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(Unfit("the server did not get ready.".into()))
    }

    /// Lets it stop in order.
    pub(super) async fn stop(mut self) -> Result<(), Unfit> {
        let signal = format!("kill -TERM {}", self.child.id());
        Command::new("/bin/sh").args(["-c", &signal]).status().map_err(unfit)?;
        let begun = Instant::now();
        while self.child.try_wait().map_err(unfit)?.is_none() {
            if begun.elapsed() > LIMIT {
                return Err(Unfit("the server did not stop.".into()));
            }
            tokio::time::sleep(POLL * 10).await;
        }
        Ok(())
    }

    /// Begins to watch the peak of its memory anew, where the kernel lets us; otherwise the peak since its start stays.
    pub(super) fn reset_peak(&self) {
        let _ = fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
    }

    /// The peak of its resident memory in MiB.
    pub(super) fn peak_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        peak(&status).unwrap_or(0.0)
    }

    /// Seconds of processor time that it has used.
    pub(super) fn cpu(&self) -> f64 {
        cpu_of(self.child.id(), false)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A child that has ended already cannot be killed, and that is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> Result<SocketAddr, Unfit> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(unfit)?;
    listener.local_addr().map_err(unfit)
}

/// What differs from the settings of the private instance: those of a production server, without limits on how often one may ask.
fn environment(address: SocketAddr) -> [(&'static str, String); 7] {
    [
        ("BIND", address.to_string()),
        ("METRICS_BIND", "127.0.0.1:0".into()),
        ("PUBLIC_BASE_URL", format!("http://{address}")),
        ("LOG_LEVEL", "info".into()),
        ("ACCESS_TOKEN_MINUTES", "60".into()),
        ("REVEAL_BUDGET_PER_DAY", "1000000".into()),
        ("LAST4_SEARCHES_PER_DAY", "1000000".into()),
    ]
}

/// `VmHWM` of `/proc/<pid>/status` in MiB.
fn peak(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

/// Processor seconds of a process, on request with those of its children that have ended.
pub(super) fn cpu_of(pid: u32, with_ended: bool) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    ticks(&stat, with_ended) / TICKS
}

/// Processor seconds of a process and everything below it directly: a Postgres with all its backends.
pub(super) fn cpu_of_family(pid: u32) -> f64 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let living = children.split_whitespace().filter_map(|child| child.parse().ok());
    cpu_of(pid, true) + living.map(|child| cpu_of(child, false)).sum::<f64>()
}

/// Fields 14 to 17 of `/proc/<pid>/stat`; the name before them may hold spaces.
fn ticks(stat: &str, with_ended: bool) -> f64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(if with_ended { 4 } else { 2 });
    fields.filter_map(|field| field.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_time_are_read_from_their_places() {
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t  20480 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(peak(status), Some(20.0));
        assert_eq!(peak(""), None);
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4 20 0";
        assert_eq!((ticks(stat, false), ticks(stat, true)), (120.0, 127.0));
        assert_eq!(ticks("", true), 0.0);
    }
}
