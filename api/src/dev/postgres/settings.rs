//! The cluster's settings as text: durable, private, and with a log that holds no values.

use super::error::SetupError;
use std::path::Path;

/// The file inside the data directory that is written anew at every start.
pub(super) const FILE: &str = "custodian.conf";

/// Settings of every cluster. The log ones keep statements, parameters, row contents (`DETAIL`) and the text of errors,
/// which quotes the offending value, out of the file.
const ALWAYS: [(&str, &str); 23] = [
    ("cluster_name", "custodian_dev"),
    ("listen_addresses", "127.0.0.1"),
    ("password_encryption", "scram-sha-256"),
    ("unix_socket_permissions", "0700"),
    ("max_connections", "200"),
    ("shared_buffers", "256MB"),
    ("max_wal_size", "4GB"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_line_prefix", "%m [%p] "),
    ("log_checkpoints", "off"),
    ("log_connections", "off"),
    ("log_disconnections", "off"),
    ("log_error_verbosity", "terse"),
    ("log_min_messages", "log"),
    ("log_min_error_statement", "panic"),
    ("log_statement", "none"),
    ("log_min_duration_statement", "-1"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
];

/// What decides whether an acknowledged commit survives a power cut.
const DURABILITY: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// The text of [`FILE`]. Later lines win, so `extra` may overrule anything above it.
pub(super) fn render(
    port: u16,
    sockets: &Path,
    durable: bool,
    extra: &[(String, String)],
) -> Result<String, SetupError> {
    let mut text = String::from("# Written by `custodian dev` at every start.\n");
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
    for (name, value) in ALWAYS {
        line(name, value);
    }
    for name in DURABILITY {
        line(name, if durable { "on" } else { "off" });
    }
    line("port", &port.to_string());
    line("unix_socket_directories", &sockets.to_string_lossy());
    for (name, value) in extra {
        if !sound(name, value) {
            return Err(SetupError::BadSetting { name: name.clone() });
        }
        // Backslashes are escapes in this file.
        line(name, &value.replace('\\', "\\\\"));
    }
    Ok(text)
}

/// A newline in a value, or a name that is none, would smuggle in a setting that nobody asked for.
fn sound(name: &str, value: &str) -> bool {
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    named && !value.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn text(durable: bool, extra: &[(&str, &str)]) -> Result<String, SetupError> {
        let extra: Vec<_> = extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        render(20123, Path::new("/s"), durable, &extra)
    }

    #[test]
    fn a_durable_cluster_says_so() {
        let durable = text(true, &[]).unwrap();
        for name in DURABILITY {
            assert!(durable.contains(&format!("\n{name} = 'on'\n")), "{name}");
            assert!(text(false, &[]).unwrap().contains(&format!("\n{name} = 'off'\n")), "{name}");
        }
        assert!(durable.contains("\nport = '20123'\n") && durable.contains("\nunix_socket_directories = '/s'\n"));
    }

    #[test]
    fn the_callers_settings_come_last_and_are_quoted() {
        let text = text(true, &[("max_connections", "7"), ("app.note", r"it's a \ here")]).unwrap();
        assert!(text.ends_with("max_connections = '7'\napp.note = 'it''s a \\\\ here'\n"), "{text}");
    }

    #[test]
    fn nothing_is_smuggled_in() {
        for bad in [("fsync", "on\nfsync = off"), ("a b", "1"), ("", "1"), ("x'", "1")] {
            assert!(text(true, &[bad]).unwrap_err().to_string().contains("no PostgreSQL setting"), "{bad:?}");
        }
    }
}
