//! A shell that stands between this program and PostgreSQL and shuts the server down when this program is gone, even by `kill -9`.

use super::account::clean_command;
use super::error::{SetupError, refused};
use super::home::Home;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// `$1` is 1 to end the program with us, `$2` what to do at the very end, the rest the program. The end of standard input is our end;
/// the word `stop` on it is our wish. INT is PostgreSQL's fast shutdown. Status 1 means that the server never came up: another attempt follows.
const SCRIPT: &str = r#"
watch=$1 finally=$2; shift 2
exec 3<&0 </dev/null
"$@" 3<&- >&2 &
program=$!
echo "$program"
exec >&2
trap 'kill -INT "$program" 2>/dev/null' HUP INT TERM
( trap - HUP INT TERM; read -r word <&3; if [ "$word" = stop ] || [ "$watch" = 1 ]; then kill -INT "$program" 2>/dev/null; fi ) &
watcher=$!
exec 3<&-
status=0
while kill -0 "$program" 2>/dev/null; do wait "$program"; status=$?; done
kill "$watcher" 2>/dev/null
[ "$status" = 1 ] || eval "$finally"
exit "$status"
"#;

const POLL: Duration = Duration::from_millis(5);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// A running program and its guard.
pub(super) struct Guard {
    shell: Child,
    /// Closing it is what the guard waits for.
    wish: Option<ChildStdin>,
    /// The program's process id.
    pub pid: u32,
}

/// How to guard.
pub(super) struct Watch {
    /// End the program when this process ends.
    pub parent: bool,
    /// Paths to remove after it has ended.
    pub remove: Vec<PathBuf>,
}

impl Guard {
    /// Starts `program` under the home's account, its output going to the home's log.
    pub fn start(program: &Path, args: &[&str], home: &Home, watch: &Watch) -> Result<Self, SetupError> {
        let mut shell = clean_command(Path::new("/bin/sh"));
        shell.args(["-c", SCRIPT, "custodian-guard", if watch.parent { "1" } else { "0" }, &farewell(&watch.remove)]);
        shell.args(home.account.prefix()).arg(program).args(args);
        // A group of its own: Ctrl-C at the terminal must reach this program first, or the database would leave before its server.
        shell.process_group(0).current_dir("/");
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(home.open_log()?);
        let mut shell = shell.spawn().map_err(refused("run", Path::new("/bin/sh")))?;
        let wish = shell.stdin.take();
        let mut line = String::new();
        if let Some(output) = shell.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(refused("run", program))?;
        }
        let cause = || std::io::Error::other("its guard ended at once");
        let pid = line.trim().parse().map_err(|_| refused("run", program)(cause()))?;
        Ok(Self { shell, wish, pid })
    }

    /// The program's status if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().ok().flatten()
    }

    /// Waits for the program to end by itself.
    pub fn wait(mut self) -> Result<ExitStatus, SetupError> {
        // The pipe has to stay open meanwhile; `Child::wait` closes only what is still in the child.
        self.shell.wait().map_err(refused("wait for", Path::new("/bin/sh")))
    }

    /// What happens when this process dies: the pipe closes without a word.
    #[cfg(test)]
    pub fn deserted(mut self) -> Result<ExitStatus, SetupError> {
        drop(self.wish.take());
        self.wait()
    }

    /// Asks the program to end and waits until it has, and until what was to be removed is removed.
    pub fn stop(mut self) -> Result<(), SetupError> {
        if let Some(mut wish) = self.wish.take() {
            // A guard that is gone already has nothing left to hear.
            let _ = wish.write_all(b"stop\n");
        }
        let begun = Instant::now();
        while begun.elapsed() < STOP_LIMIT {
            if self.ended().is_some() {
                return Ok(());
            }
            sleep(POLL);
        }
        Err(SetupError::Stop { pid: self.pid })
    }
}

fn farewell(remove: &[PathBuf]) -> String {
    let quoted: Vec<String> = remove.iter().map(|path| quoted(&path.to_string_lossy())).collect();
    if quoted.is_empty() { ":".to_owned() } else { format!("rm -rf -- {}", quoted.join(" ")) }
}

/// One word for `sh`, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Ends a server that an earlier run left behind, and clears a lock file whose process is gone or is something else by now.
pub(super) fn clear_leftover(home: &Home, sockets: &Path) -> Result<(), SetupError> {
    let file = home.data().join("postmaster.pid");
    let pid = fs::read_to_string(&file).ok().and_then(|text| first_number(&text));
    if let Some(pid) = pid.filter(|pid| serves(*pid, &home.data())) {
        end(pid, &home.data())?;
    }
    // The home's lock is ours and nobody serves from it, so these files say nothing true.
    remove_if_there(&file)?;
    let left = fs::read_dir(sockets).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in left.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".s.PGSQL.")))
    {
        remove_if_there(&path)?;
    }
    Ok(())
}

/// Ends the server `pid` of `data`: its guard may be at it already.
fn end(pid: u32, data: &Path) -> Result<(), SetupError> {
    let begun = Instant::now();
    let shell = Path::new("/bin/sh");
    clean_command(shell)
        .args(["-c", "kill -INT \"$1\" 2>/dev/null", "end", &pid.to_string()])
        .status()
        .map_err(refused("run", shell))?;
    while serves(pid, data) {
        if begun.elapsed() > STOP_LIMIT {
            return Err(SetupError::Stop { pid });
        }
        sleep(POLL);
    }
    Ok(())
}

/// A postmaster works in its data directory, so that is how one is told from a stranger that got the same number.
fn serves(pid: u32, data: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data)
}

fn remove_if_there(path: &Path) -> Result<(), SetupError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(refused("remove", path)),
    }
}

/// Whether the server `pid` has written into its `postmaster.pid` that it accepts connections.
pub(super) fn is_ready(data: &Path, pid: u32) -> bool {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    first_number(&text) == Some(pid) && text.lines().nth(7).is_some_and(|status| status.trim() == "ready")
}

fn first_number(text: &str) -> Option<u32> {
    text.lines().next()?.trim().parse().ok()
}

/// Runs a program to its end; it is interrupted if this process ends first.
pub(super) fn run(program: &Path, args: &[&str], home: &Home) -> Result<ExitStatus, SetupError> {
    Guard::start(program, args, home, &Watch { parent: true, remove: Vec::new() })?.wait()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn paths_are_one_word_each_for_the_shell() {
        assert_eq!(farewell(&[]), ":");
        assert_eq!(farewell(&["/a b".into(), "/it's".into()]), r"rm -rf -- '/a b' '/it'\''s'");
    }

    #[test]
    fn a_process_that_works_elsewhere_serves_nothing() {
        let here = std::env::current_dir().unwrap();
        assert!(serves(std::process::id(), &here));
        assert!(!serves(std::process::id(), Path::new("/nonexistent")));
        assert!(!serves(u32::MAX, &here));
    }

    #[test]
    fn the_number_is_on_the_first_line() {
        assert_eq!(first_number("4711\n/data\n"), Some(4711));
        assert_eq!(first_number(""), None);
        assert_eq!(first_number("-3\n"), None);
    }
}
