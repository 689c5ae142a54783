//! The judgement: may this person's data be used for this purpose, by this channel, at this moment. Pure, so that the same facts answer alike for ever.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{EVERY_CHANNEL, State};
use crate::purposes::Purpose;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $allows:literal),* $(,)?) => {
        /// Why a use is allowed or not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $variant),* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// Whether it allows the use.
            pub const fn allows(self) -> bool {
                match self { $(Self::$variant => $allows),* }
            }
        }
    };
}

reasons! {
    /// Consent is in force.
    ConsentInForce = "consent_in_force" true,
    /// The purpose rests on another ground.
    OtherBasis = "other_basis" true,
    /// Nobody of this id or contact point is known to the caller.
    UnknownPerson = "unknown_person" false,
    /// The purpose was not in force.
    PurposeNotInForce = "purpose_not_in_force" false,
    /// The purpose does not cover the channel.
    ChannelNotCovered = "channel_not_covered" false,
    /// Nobody ever agreed or refused.
    NoConsent = "no_consent" false,
    /// The person said no.
    Refused = "refused" false,
    /// The person took it back.
    Withdrawn = "withdrawn" false,
    /// Its time has run out.
    Expired = "expired" false,
    /// What was agreed to is another by now.
    NeedsRenewal = "needs_renewal" false,
    /// The person objected to a use that rests on interests.
    Objected = "objected" false,
    /// The person had the use of their data restricted.
    Restricted = "restricted" false,
    /// The browser says that its user opts out.
    OptOutSignal = "opt_out_signal" false,
}

/// Where a customer stands with a purpose on one channel: the last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// A channel, or [`EVERY_CHANNEL`].
    pub channel: String,
    /// What the event says.
    pub state: State,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it runs out.
    pub expires_at: Option<DateTime<Utc>>,
    /// The consent.
    pub consent: Uuid,
    /// The version of the notice that it was given under.
    pub notice: Uuid,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The purpose as it was; `None` where none was in force.
    pub purpose: Option<&'a Purpose>,
    /// By this channel; `None` for any.
    pub channel: Option<&'a str>,
    /// Consents count from this moment on.
    pub renewed_from: DateTime<Utc>,
    /// At this moment.
    pub at: DateTime<Utc>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Why.
    pub reason: Reason,
    /// The consent that decided.
    pub consent: Option<Uuid>,
    /// The notice that it was given under.
    pub notice: Option<Uuid>,
}

impl Judgement {
    /// Without a consent that decided.
    pub const fn of(reason: Reason) -> Self {
        Self { reason, consent: None, notice: None }
    }

    fn by(reason: Reason, standing: &Standing) -> Self {
        Self { reason, consent: Some(standing.consent), notice: Some(standing.notice) }
    }
}

/// Judges for one person. A standing of the channel itself beats that of every channel: whatever is said for every channel supersedes
/// what was said for one.
pub fn judge(question: &Question<'_>, standings: &[Standing]) -> Judgement {
    let Some(purpose) = question.purpose else {
        return Judgement::of(Reason::PurposeNotInForce);
    };
    if question.channel.is_some_and(|channel| !purpose.channels.iter().any(|known| known == channel)) {
        return Judgement::of(Reason::ChannelNotCovered);
    }
    let of = |channel: &str| standings.iter().find(|one| one.channel == channel && one.state != State::Superseded);
    if !purpose.needs_consent() {
        return match question.channel.and_then(of).or_else(|| of(EVERY_CHANNEL)) {
            Some(standing) if standing.state != State::Given => Judgement::by(Reason::Objected, standing),
            _ => Judgement::of(Reason::OtherBasis),
        };
    }
    let told = |standing: &Standing| Judgement::by(reason(question, standing), standing);
    match question.channel {
        Some(channel) => of(channel).or_else(|| of(EVERY_CHANNEL)).map_or(Judgement::of(Reason::NoConsent), told),
        None => {
            let mut all = standings.iter().filter(|one| one.state != State::Superseded).map(told).collect::<Vec<_>>();
            // One channel agreed to is enough where none is named; or else what was said last speaks.
            all.sort_by_key(|judgement| !judgement.reason.allows());
            all.into_iter().next().unwrap_or(Judgement::of(Reason::NoConsent))
        }
    }
}

fn reason(question: &Question<'_>, standing: &Standing) -> Reason {
    match standing.state {
        State::Refused => Reason::Refused,
        State::Withdrawn => Reason::Withdrawn,
        State::Superseded => Reason::NoConsent,
        State::Given if standing.at < question.renewed_from => Reason::NeedsRenewal,
        State::Given if standing.expires_at.is_some_and(|end| end <= question.at) => Reason::Expired,
        State::Given => Reason::ConsentInForce,
    }
}
