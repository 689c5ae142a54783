//! CIDR ranges that an API key may be used from.

use std::net::IpAddr;

/// An address range such as `10.0.0.0/8` or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange {
    network: u128,
    prefix: u32,
    v4: bool,
}

fn bits(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, true),
        IpAddr::V6(v6) => (v6.to_bits(), false),
    }
}

impl IpRange {
    /// Reads CIDR text; `None` when it is not an address or the prefix is too long.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let (network, v4) = bits(address.parse().ok()?);
        let longest = if v4 { 32 } else { 128 };
        let prefix = prefix.map_or(Some(longest), |p| p.parse().ok().filter(|p| *p <= longest))?;
        Some(Self { network, prefix, v4 })
    }

    /// Is the address inside?
    pub fn contains(&self, address: IpAddr) -> bool {
        let (address, v4) = bits(address);
        let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
        v4 == self.v4 && (address ^ self.network) & mask == 0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn holds_exactly_what_the_prefix_says() {
        let inside = |range: &str, address: &str| IpRange::parse(range).unwrap().contains(address.parse().unwrap());
        assert!(inside("10.0.0.0/8", "10.255.0.1"));
        assert!(!inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("192.0.2.7", "192.0.2.7"));
        assert!(!inside("192.0.2.7", "192.0.2.8"));
        assert!(inside("0.0.0.0/0", "8.8.8.8"));
        assert!(!inside("0.0.0.0/0", "2001:db8::1"));
        assert!(inside("2001:db8::/32", "2001:db8:1::1"));
        assert!(inside("10.0.0.0/8", "::ffff:10.1.1.1"));
        for bad in ["10.0.0.0/33", "x", "10.0.0.0/", "::/129"] {
            assert_eq!(IpRange::parse(bad), None, "{bad}");
        }
    }
}
