//! Partners that pass on what people ask about their data: OpenDSR 2.0 and the Data Rights Protocol 1.0, and how each protocol's words stand for ours.

pub mod drp;
pub mod opendsr;

use crate::kernel::codes;

/// The most partners of one organisation.
pub const MOST_PARTNERS: usize = 200;

codes! {
    /// What a partner speaks.
    Protocol {
        /// OpenDSR 2.0, once OpenGDPR.
        OpenDsr = "opendsr",
        /// Data Rights Protocol 1.0.
        Drp = "drp",
    }
}

codes! {
    /// Why a partner is refused: the protocols have words for it and no codes; these stand in the audit log.
    Refused {
        /// A message, or a request, of another agent.
        WrongAgent = "wrong_agent",
        /// A message for another business.
        WrongBusiness = "wrong_business",
        /// A message that begins later.
        NotYetInForce = "not_yet_in_force",
        /// A message that has ended.
        MessageExpired = "message_expired",
        /// A message that was taken before.
        MessageReplayed = "message_replayed",
        /// A right that cannot be exercised through an agent.
        UnsupportedRight = "unsupported_right",
        /// A law that the protocol does not know.
        UnsupportedRegime = "unsupported_regime",
        /// An id that the partner has used before.
        RequestExists = "request_exists",
        /// Somebody has begun with the request.
        RequestNotPending = "request_not_pending",
    }
}

codes! {
    /// Where a callback stands.
    CallbackState {
        /// It waits for its turn, or for its next one.
        Pending = "pending",
        /// The partner took it.
        Delivered = "delivered",
        /// Every try failed.
        Failed = "failed",
        /// It was not to be told any more: a later one arrived before, or the partner was switched off.
        Dropped = "dropped",
    }
}

/// Whether a text is a host name of at least two labels, in lower case, as certificates name it.
pub fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// Whether a text can stand for an agent, a business or a request: up to a hundred letters, digits and `._:-`.
pub fn is_plain_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
    (1..=100).contains(&text.len()) && text.bytes().all(plain)
}

/// Whether an address is among those that a partner may be called back at: one of them, or beneath one that ends with a slash. `called` gives an address
/// as it is called: the text alone may climb out of where it begins.
pub fn may_call_back(allowed: &[String], url: &str, called: impl Fn(&str) -> Option<String>) -> bool {
    let Some(url) = called(url) else { return false };
    let covers = |base: &String| {
        let Some(called) = called(base) else { return false };
        called == url || (base.ends_with('/') && called.ends_with('/') && url.starts_with(&called))
    };
    allowed.iter().any(covers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_what_a_certificate_can_name() {
        for good in ["privacy.shop.example", "a.b", "xn--fiqs8s.example", "1.example"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "Shop.example",
            "shop.example.",
            ".example",
            "a..b",
            "-a.example",
            "a b.example",
            "a/b.example",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }

    #[test]
    fn a_plain_id_holds_no_address_and_no_spaces() {
        assert!(is_plain_id("PERMISSION_SLIP") && is_plain_id("c789ff35-7644-4ceb-9981-4b35c264aac3"));
        assert!(
            !is_plain_id("") && !is_plain_id("a@b.example") && !is_plain_id("a b") && !is_plain_id(&"a".repeat(101))
        );
    }

    #[test]
    fn a_callback_goes_where_it_was_agreed_and_not_beside() {
        let allowed = ["https://shop.example/hook".to_owned(), "https://api.shop.example/dsr/".to_owned()];
        let as_is = |url: &str| Some(url.to_owned());
        for good in ["https://shop.example/hook", "https://api.shop.example/dsr/", "https://api.shop.example/dsr/a?b=c"]
        {
            assert!(may_call_back(&allowed, good, as_is), "{good}");
        }
        for bad in [
            "https://shop.example/hook/more",
            "https://shop.example/hooks",
            "https://shop.example.evil.example/hook",
            "https://api.shop.example/dsr",
            "https://api.shop.example.evil.example/dsr/",
            "http://api.shop.example/dsr/",
        ] {
            assert!(!may_call_back(&allowed, bad, as_is), "{bad}");
        }
        assert!(!may_call_back(&[], "https://shop.example/hook", as_is));
        let climbs = |url: &str| Some(url.replace("/dsr/../", "/"));
        assert!(!may_call_back(&allowed, "https://api.shop.example/dsr/../other", climbs));
    }
}
