//! Which network addresses the service may call on behalf of a setting: public ones, so that a URL somebody typed cannot reach what stands behind our own wall.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address may be called. `loopback` lets this machine itself through, for development.
pub fn may_call(address: IpAddr, loopback: bool) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => (loopback && v4.is_loopback()) || is_public_v4(v4),
        IpAddr::V6(v6) => (loopback && v6.is_loopback()) || is_public_v6(v6),
    }
}

/// The special-purpose registry of IANA (RFC 6890 and its successors), read as: what is not plainly public is refused.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

/// Global unicast alone (2000::/3), without what carries another address inside (Teredo, 6to4) and without documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) || first == 0x2002 || first == 0x3fff;
    global && !special
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn may(text: &str, loopback: bool) -> bool {
        may_call(text.parse().unwrap(), loopback)
    }

    #[test]
    fn public_addresses_may_be_called() {
        for text in
            ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "::ffff:8.8.8.8"]
        {
            assert!(may(text, false), "{text}");
        }
    }

    #[test]
    fn what_stands_behind_the_wall_may_not() {
        for text in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
        ] {
            assert!(!may(text, false), "{text}");
        }
    }

    #[test]
    fn development_reaches_this_machine_and_nothing_else() {
        assert!(may("127.0.0.1", true) && may("::1", true) && may("::ffff:127.0.0.1", true));
        for text in ["10.0.0.1", "169.254.169.254", "0.0.0.0", "fe80::1"] {
            assert!(!may(text, true), "{text}");
        }
    }
}
