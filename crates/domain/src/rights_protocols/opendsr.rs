//! OpenDSR 2.0 (github opengdpr/OpenDSR, `specification.md`), and OpenGDPR 1.0, which it replaces and whose names it keeps (its section 10.1).

use crate::kernel::codes;
use crate::privacy_requests::{Jurisdiction, Right, State};

codes! {
    /// Under which law.
    Regulation {
        /// European Union.
        Gdpr = "gdpr",
        /// California.
        Ccpa = "ccpa",
    }
}

impl Regulation {
    /// The law as we name it.
    pub const fn jurisdiction(self) -> Jurisdiction {
        match self {
            Self::Gdpr => Jurisdiction::Eu,
            Self::Ccpa => Jurisdiction::UsCa,
        }
    }
}

codes! {
    /// What is asked for (section 6.2).
    RequestType {
        /// To have a copy.
        Access = "access",
        /// To take it along.
        Portability = "portability",
        /// To have it gone.
        Erasure = "erasure",
    }
}

impl RequestType {
    /// The right as we name it.
    pub const fn right(self) -> Right {
        match self {
            Self::Access => Right::Access,
            Self::Portability => Right::Portability,
            Self::Erasure => Right::Erasure,
        }
    }
}

codes! {
    /// What names a person (section 5.1).
    IdentityType {
        /// The controller's own number of them.
        ControllerCustomerId = "controller_customer_id",
        /// Of a device.
        AndroidAdvertisingId = "android_advertising_id",
        /// Of a device.
        AndroidId = "android_id",
        /// An address.
        Email = "email",
        /// Of a device.
        FireAdvertisingId = "fire_advertising_id",
        /// Of a device.
        IosAdvertisingId = "ios_advertising_id",
        /// Of a device.
        IosVendorId = "ios_vendor_id",
        /// Of a device.
        MicrosoftAdvertisingId = "microsoft_advertising_id",
        /// Of a device.
        MicrosoftPublisherId = "microsoft_publisher_id",
        /// Of a device.
        RokuPublisherId = "roku_publisher_id",
        /// Of a device.
        RokuAdvertisingId = "roku_advertising_id",
    }
}

codes! {
    /// How it is written (section 5.2).
    IdentityFormat {
        /// As it is.
        Raw = "raw",
        /// A digest.
        Sha1 = "sha1",
        /// A digest.
        Md5 = "md5",
        /// A digest.
        Sha256 = "sha256",
    }
}

codes! {
    /// Where a request stands (section 8).
    Status {
        /// It came in.
        Pending = "pending",
        /// It is acted on.
        InProgress = "in_progress",
        /// Done.
        Completed = "completed",
        /// Taken back, or turned down: the protocol has no word of its own for that.
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Where one of our requests stands in the protocol's words.
    pub const fn of(state: State) -> Self {
        match state {
            State::Received | State::Verifying => Self::Pending,
            State::InProgress => Self::InProgress,
            State::Completed => Self::Completed,
            State::Rejected | State::Cancelled => Self::Cancelled,
        }
    }
}

codes! {
    /// Whose names a partner uses.
    Naming {
        /// Version 2.
        OpenDsr = "opendsr",
        /// Version 1.
        OpenGdpr = "opengdpr",
    }
}

impl Naming {
    /// `api_version`.
    pub const fn version(self) -> &'static str {
        match self {
            Self::OpenDsr => "2.0",
            Self::OpenGdpr => "1.0",
        }
    }

    /// The headers that carry the signer's domain and the signature.
    pub const fn headers(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenDsr => ("X-OpenDSR-Processor-Domain", "X-OpenDSR-Signature"),
            Self::OpenGdpr => ("X-OpenGDPR-Processor-Domain", "X-OpenGDPR-Signature"),
        }
    }
}

/// Whether a text is a UUID of version 4 in lower case, as section 1.1 wants it.
pub fn is_request_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        14 => *byte == b'4',
        19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
        _ => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
    };
    bytes.len() == 36 && bytes.iter().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_words_of_the_protocol() {
        let words: Vec<_> = State::ALL.iter().map(|state| Status::of(*state).as_str()).collect();
        assert_eq!(words, ["pending", "pending", "in_progress", "completed", "cancelled", "cancelled"]);
    }

    #[test]
    fn a_request_id_is_a_lower_case_uuid_of_version_4() {
        assert!(is_request_id("a7551968-d5d6-44b2-9831-815ac9017798"));
        for bad in [
            "",
            "A7551968-D5D6-44B2-9831-815AC9017798",
            "a7551968-d5d6-74b2-9831-815ac9017798",
            "a7551968-d5d6-44b2-c831-815ac9017798",
            "a7551968d5d644b29831815ac9017798",
            "a7551968-d5d6-44b2-9831-815ac901779",
            "{a7551968-d5d6-44b2-9831-815ac901779}",
        ] {
            assert!(!is_request_id(bad), "{bad}");
        }
    }

    #[test]
    fn regulations_and_types_are_laws_and_rights_of_ours() {
        assert_eq!(Regulation::Gdpr.jurisdiction(), Jurisdiction::Eu);
        assert_eq!(Regulation::Ccpa.jurisdiction(), Jurisdiction::UsCa);
        for kind in RequestType::ALL {
            assert_eq!(kind.as_str(), kind.right().as_str());
        }
        assert_eq!(Naming::OpenGdpr.headers().1, "X-OpenGDPR-Signature");
    }
}
