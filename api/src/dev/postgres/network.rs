//! Where the cluster is reached: a TCP port on loopback and a folder for its unix socket.

use super::account::Account;
use super::error::SetupError;
use super::home::{make_folder, random_bytes};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// `sockaddr_un` holds 108 bytes and a closing zero.
const LONGEST_SOCKET: usize = 107;
/// Below the range from which the system deals out ports to outgoing connections, so that none sits on ours by chance.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 400;

/// The port kept from last time if it is still free, else a free one by chance.
pub(super) fn choose_port(kept: Option<u16>) -> Result<u16, SetupError> {
    if let Some(port) = kept.filter(|port| is_free(*port)) {
        return Ok(port);
    }
    for _ in 0..TRIES {
        let port = scaled(u16::from_le_bytes(random_bytes()?));
        if is_free(port) {
            return Ok(port);
        }
    }
    Err(SetupError::NoPort)
}

fn scaled(random: u16) -> u16 {
    PORTS.start + random % (PORTS.end - PORTS.start)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// What was written down at the last start; anything else counts as nothing.
pub(super) fn parse_port(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|port| (1024..32_768).contains(port))
}

/// A folder for the socket, 0700 and the account's own: inside the cluster where the path is short enough, else under `/run` or `/tmp`
/// by a name that stays the same for this cluster.
pub(super) fn socket_folder(home: &Path, account: &Account) -> Result<PathBuf, SetupError> {
    let inside = home.join("run");
    if fits(&inside) {
        make_folder(&inside, account)?;
        return Ok(inside);
    }
    let name = format!("custodian-{:016x}", path_hash(home));
    let places = if account.stepped_down { ["/run", "/tmp"].as_slice() } else { ["/tmp"].as_slice() };
    let mut path = inside;
    for place in places {
        path = Path::new(place).join(&name);
        // In a folder open to all, somebody else may have been there first.
        if make_folder(&path, account).is_ok() && is_private(&path, account) {
            return Ok(path);
        }
    }
    Err(SetupError::NoSocketFolder { path })
}

fn is_private(path: &Path, account: &Account) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|found| found.is_dir() && found.uid() == account.uid && found.mode() & 0o077 == 0)
}

/// Short enough, and free of the characters that mean something in `unix_socket_directories`.
fn fits(folder: &Path) -> bool {
    let Some(text) = folder.to_str() else { return false };
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    plain && text.len() + "/.s.PGSQL.65535".len() <= LONGEST_SOCKET
}

/// FNV-1a, 64 bits: a name that is the same on every run and every build; it guards nothing.
pub(super) fn path_hash(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A connection URL; `host` is an address or the socket's folder.
pub(super) fn url(user: &str, password: &str, host: &str, port: u16, database: &str) -> String {
    let [user, password, host, database] = [user, password, host, database].map(percent_encoded);
    format!("postgres://{user}:{password}@{host}:{port}/{database}")
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_kept_port_is_taken_again_only_while_free() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let other = choose_port(Some(port)).unwrap();
        assert_ne!(other, port);
        assert!(PORTS.contains(&other));
        assert_eq!(choose_port(Some(other)).unwrap(), other);
    }

    #[test]
    fn every_random_number_is_a_port_in_range() {
        assert!((0..=u16::MAX).all(|random| PORTS.contains(&scaled(random))));
    }

    #[test]
    fn only_a_port_is_read_as_one() {
        assert_eq!(parse_port("20123\n"), Some(20123));
        for bad in ["", "80", "40000", "x", "-1", "20123 4"] {
            assert_eq!(parse_port(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_limit_is_one_hundred_and_seven_bytes() {
        let folder = |length: usize| PathBuf::from(format!("/{}", "a".repeat(length - 1)));
        let room = LONGEST_SOCKET - "/.s.PGSQL.65535".len();
        assert!(fits(&folder(room)));
        assert!(!fits(&folder(room + 1)));
        assert!(!fits(Path::new("/a,b")) && !fits(Path::new("/a b")) && !fits(Path::new("/å")));
    }

    #[test]
    fn the_hash_is_fnv() {
        assert_eq!(path_hash(Path::new("")), 0xcbf2_9ce4_8422_2325);
        assert_eq!(path_hash(Path::new("a")), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn urls_escape_what_would_end_a_part() {
        let made = url("own er", "p@:/%", "/a b/run", 20123, "d?b");
        assert_eq!(made, "postgres://own%20er:p%40%3A%2F%25@%2Fa%20b%2Frun:20123/d%3Fb");
    }
}
