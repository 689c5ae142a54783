//! Keeps the process's memory to itself: no core file, no reader of another account.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Turns core files and tracing by other accounts off. Where the kernel refuses, the log says so and the service starts all the same.
pub fn close() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let closed = setrlimit(Resource::Core, none).and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable));
    if let Err(error) = closed {
        tracing::warn!(%error, "core files cannot be turned off");
    }
}
