//! Where one person stands with every use that they have a say in: what a page of preferences is made from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use custodian_domain::consents::{Choice, Judgement, Question, Reason, Standing, choice, judge};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_domain::purposes::Purpose;
use custodian_persistence::consents as stored;
use custodian_persistence::{Work, notices, privacy_requests as requests, purposes};
use uuid::Uuid;

use super::decide::{Stops, one, read};

/// One use that a person has a say in.
#[derive(Clone, Debug)]
pub struct Say {
    /// Code of the purpose.
    pub code: String,
    /// The purpose.
    pub purpose: Purpose,
    /// Whether it is allowed now, by any channel.
    pub reason: Reason,
    /// The consent that says so.
    pub consent: Option<Uuid>,
    /// The same for each channel of the purpose, in its order.
    pub channels: Vec<ChannelSay>,
    /// What the person may do about it.
    pub choice: Option<Choice>,
    /// The version of a notice to read before agreeing; none where none is published, or none since the purpose became another.
    pub notice: Option<Uuid>,
}

/// How one channel stands.
#[derive(Clone, Debug)]
pub struct ChannelSay {
    /// Its code.
    pub channel: String,
    /// Whether it is allowed now.
    pub reason: Reason,
    /// The consent that says so.
    pub consent: Option<Uuid>,
}

/// Every use that needs the person's consent or that they may object to, in order of its code, and when a signal of the browser last opted out.
pub(crate) async fn says(work: &Work, customer: CustomerId) -> Result<(Vec<Say>, Option<DateTime<Utc>>), DomainError> {
    let (id, now) = (customer.uuid(), work.database_time().await?);
    let mut standings: HashMap<String, Vec<Standing>> = HashMap::new();
    for (code, standing) in stored::standings_of(work, id).await? {
        standings.entry(code).or_default().push(standing);
    }
    let notices: HashMap<String, Uuid> = notices::to_agree_under(work).await?.into_iter().collect();
    let restricted = requests::restricted_at(work, &[id], now).await?.into_iter().collect();
    let opted_out = stored::last_opt_outs(work, &[id]).await?;
    let stops = Stops { restricted, opted_out };
    let mut all = Vec::new();
    for row in purposes::in_use(work).await? {
        let purpose = read(&row.content)?;
        if !purpose.needs_consent() && !purpose.may_object() {
            continue;
        }
        let own = standings.remove(&row.code).unwrap_or_default();
        let question = Question { purpose: Some(&purpose), channel: None, renewed_from: row.consents_from, at: now };
        let notice = notices.get(&row.code).copied();
        all.push(say(&question, row.code, &purpose, (id, own), &stops, notice));
    }
    Ok((all, stops.opted_out.get(&id).copied()))
}

fn say(
    question: &Question<'_>,
    code: String,
    purpose: &Purpose,
    (id, own): (Uuid, Vec<Standing>),
    stops: &Stops,
    notice: Option<Uuid>,
) -> Say {
    let said = judge(question, &own).reason;
    let standings = HashMap::from([(id, own)]);
    let judged = |channel| one(&Question { channel, ..*question }, &[id], &standings, stops);
    let channels = purpose.channels.iter().map(|channel| {
        let Judgement { reason, consent, .. } = judged(Some(channel.as_str()));
        ChannelSay { channel: channel.clone(), reason, consent }
    });
    let channels = channels.collect();
    let Judgement { reason, consent, .. } = judged(None);
    let choice = choice(purpose, said).filter(|what| *what != Choice::Agree || notice.is_some());
    Say { code, purpose: purpose.clone(), reason, consent, channels, choice, notice }
}
