//! Keeps the process's memory to itself: no core file, no reader of another account. And gives back what it does not need.

use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Turns core files and tracing by other accounts off. Where the kernel refuses, the log says so and the service starts all the same.
pub fn close() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let closed = setrlimit(Resource::Core, none).and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    if let Err(error) = closed {
        tracing::warn!(%error, "core files cannot be turned off");
    }
}

/// The allocator's setting: after how many milliseconds it gives back what was freed.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// Has the allocator give memory back as soon as it is free, unless the environment says otherwise: it would hold it for a second, which is tens of MiB
/// while a large file is written. It reads its settings before any code of ours runs, so the program begins once more, as the same process; where the system
/// does not let it, it goes on as it is.
pub fn give_back() {
    if std::env::var_os(PURGE_DELAY).is_some() {
        return;
    }
    let mut all = std::env::args_os();
    if let (Ok(program), Some(name)) = (std::env::current_exe(), all.next()) {
        // Returns only when it failed.
        let _ = Command::new(program).arg0(name).args(all).env(PURGE_DELAY, "0").exec();
    }
}
