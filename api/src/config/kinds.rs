//! The kinds of settings: what their text must look like.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;

use custodian_application::audit::sequencer::Witness;
use custodian_application::auth::IpRange;
use custodian_crypto::note::{KeyKind, VerifierKey};
use custodian_domain::kernel::Redacted;

use super::Setting;

/// An absolute http or https URL without query, fragment or slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether callers come over TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl Setting for BaseUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let base = text.trim_end_matches('/');
        let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://")).unwrap_or_default();
        let plain =
            rest.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'@' | b'"' | b'<' | b'>' | b'\\'));
        if rest.is_empty() || rest.starts_with('/') || !plain {
            return Err("it must be a URL such as https://custodian.example.com".to_owned());
        }
        Ok(Self(base.to_owned()))
    }
}

/// A whole number between two bounds, both allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Bounded<LEAST, MOST> {
    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number as a size.
    pub const fn size(self) -> usize {
        self.0 as usize
    }
}

impl<const LEAST: u32, const MOST: u32> Setting for Bounded<LEAST, MOST> {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            _ => Err(format!("it must be a whole number from {LEAST} to {MOST}")),
        }
    }
}

/// Items separated by commas; empty text is an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Setting> Setting for List<T> {
    fn parse(text: &str) -> Result<Self, String> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(T::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// A browser's origin, word for word as browsers send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for Origin {
    fn parse(text: &str) -> Result<Self, String> {
        let base =
            BaseUrl::parse(text).map_err(|_| "each must be an origin such as https://crm.example.com".to_owned())?;
        let host = base.as_str().split_once("://").map_or("", |(_, host)| host);
        if base.as_str() != text
            || host.contains('/')
            || host.contains('*')
            || host.bytes().any(|b| b.is_ascii_uppercase())
        {
            return Err(
                "each must be an origin such as https://crm.example.com, in lower case and without a path".to_owned()
            );
        }
        Ok(Self(text.to_owned()))
    }
}

impl Setting for IpRange {
    fn parse(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| "each must be an address or a range such as 10.0.0.0/8".to_owned())
    }
}

/// A witness: where it answers and the key that it cosigns with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessAddress(pub Witness);

impl Setting for WitnessAddress {
    fn parse(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(' ').and_then(|(url, key)| {
            let key = VerifierKey::parse(key.trim()).ok().filter(|key| key.kind() == KeyKind::Cosignature)?;
            Some(Witness { url: BaseUrl::parse(url).ok()?.0, key })
        });
        parsed.map(Self).ok_or_else(|| "each must be an address, a space and a witness's verifier key".to_owned())
    }
}

/// A media type, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType(pub String);

impl Setting for MediaType {
    fn parse(text: &str) -> Result<Self, String> {
        let word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.+".contains(&b))
        };
        match text.split_once('/') {
            Some((kind, rest)) if word(kind) && word(rest) => Ok(Self(text.to_owned())),
            _ => Err("each must be a media type such as application/pdf".to_owned()),
        }
    }
}

/// Where a scanner listens: a host and a port, or a socket of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannerAddress(pub String);

impl Setting for ScannerAddress {
    fn parse(text: &str) -> Result<Self, String> {
        let socket = text.strip_prefix("unix:").is_some_and(|path| path.starts_with('/'));
        let usable = socket
            || text.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty()
                    && host.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
                    && port.parse::<u16>().is_ok_and(|port| port > 0)
            });
        if usable {
            return Ok(Self(text.to_owned()));
        }
        Err("it must be host:port, such as 127.0.0.1:3310, or unix:/path".to_owned())
    }
}

/// What becomes of a file while nobody can look through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unscanned {
    /// It is refused.
    Refuse,
    /// It is taken in, and handed to nobody before somebody has.
    Hold,
}

impl Setting for Unscanned {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "hold" => Ok(Self::Hold),
            _ => Err("it must be refuse or hold".to_owned()),
        }
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(&'static str);

impl LogLevel {
    /// The level's name, as the log filter takes it.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl Setting for LogLevel {
    fn parse(text: &str) -> Result<Self, String> {
        let known = ["error", "warn", "info", "debug", "trace"].into_iter().find(|level| *level == text);
        known.map(Self).ok_or_else(|| "it must be error, warn, info, debug or trace".to_owned())
    }
}

/// Where weaknesses are reported (RFC 9116).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(String);

impl Contact {
    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for Contact {
    fn parse(text: &str) -> Result<Self, String> {
        let uri =
            ["mailto:", "https://", "tel:"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        if uri && text.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err("it must be a mailto:, https:// or tel: address".to_owned())
    }
}

/// The address that letters come from, with or without a name before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(String);

impl MailAddress {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for MailAddress {
    fn parse(text: &str) -> Result<Self, String> {
        let plain = !text.chars().any(char::is_control);
        if plain && text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()) {
            return Ok(Self(text.to_owned()));
        }
        Err("it must be an address such as custodian@example.com".to_owned())
    }
}

impl Setting for SocketAddr {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "it must be an address and a port such as 127.0.0.1:8080".to_owned())
    }
}

impl Setting for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("it must name a path".to_owned()) } else { Ok(Self::from(text)) }
    }
}

impl Setting for Redacted<String> {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("it must not be empty".to_owned()) } else { Ok(Self::new(text.to_owned())) }
    }
}

impl<T: Setting> Setting for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// `true` or `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(bool);

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self.0
    }
}

impl Setting for Switch {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "it must be true or false".to_owned())
    }
}
