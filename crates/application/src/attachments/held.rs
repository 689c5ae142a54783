//! Files that were taken in while the scanner did not answer: looked through when it does, and handed to nobody before.

use custodian_domain::attachments::State;
use custodian_domain::audit::{Action, Verdict as Ended};
use custodian_domain::kernel::DomainError;
use custodian_outbound::{ScanError, Scanner, Verdict};
use custodian_persistence::Work;
use custodian_persistence::attachments::{self as stored, AttachmentRow};
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::jobs::{self, Claim};
use serde_json::json;
use uuid::Uuid;

use super::entry;
use super::read::Download;
use super::sealing::{Facts, FileKey, facts, file_key, key_of, seal};
use crate::App;
use crate::audit::record_all;
use crate::detections::note_malware;

/// The kind of these jobs; the id of each is its file's.
pub const KIND: &str = "attachment_scan";

/// Longer than the scan of a large file takes.
const LEASE_SECONDS: f64 = 300.0;

/// A file that is held back, with all that is needed to look into it.
struct Held {
    customer: CustomerRow,
    row: AttachmentRow,
    key: FileKey,
    facts: Facts,
}

/// Has one file looked through. As long as the scanner does not answer, or there is none any more, it is put off.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let id = claim.job.uuid();
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let Some(file) = held(app, &work, id).await? else {
        jobs::finish(&work, claim.job, Ok(json!({})), app.now()).await?;
        return Ok(work.commit().await?);
    };
    work.commit().await?;
    let scanner = app.tuning().files.scanner.as_ref().ok_or_else(|| DomainError::unavailable("there is no scanner"))?;
    let download = Download::of(app, claim.organization, id, &file.key, file.facts);
    let said = look(scanner, download).await?;
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(());
    }
    let ended = match said {
        Ok(verdict) => conclude(app, &work, id, verdict).await?,
        // It stays where it is: nobody takes it away, and whoever hung it on can take it off.
        Err(ScanError::Refused) => Err("file_unscannable"),
        Err(ScanError::Unreachable | ScanError::Late) => {
            work.abandon().await;
            return Err(DomainError::unavailable("the scanner does not answer"));
        }
    };
    jobs::finish(&work, claim.job, ended.map(|verdict| json!({"verdict": verdict})), app.now()).await?;
    Ok(work.commit().await?)
}

/// The file with its customer locked; nothing where either went, or it is not held back any more.
async fn held(app: &App, work: &Work, id: Uuid) -> Result<Option<Held>, DomainError> {
    let Some(customer) = stored::customer_of(work, id).await? else { return Ok(None) };
    let Some(customer) = people::lock(work, customer).await? else { return Ok(None) };
    let Some(row) = stored::find(work, customer.id, id).await? else { return Ok(None) };
    let own = key_of(app, work.organization(), &customer)?;
    let (key, facts) = (file_key(&own, work.organization(), &row)?, facts(&own, work.organization(), &row)?);
    Ok((facts.state == State::Held.as_str()).then_some(Held { customer, row, key, facts }))
}

async fn look(scanner: &Scanner, mut file: Download) -> Result<Result<Verdict, ScanError>, DomainError> {
    let mut scan = match scanner.begin().await {
        Ok(scan) => scan,
        Err(error) => return Ok(Err(error)),
    };
    while let Some(bytes) = file.next().await? {
        if let Err(error) = scan.feed(&bytes).await {
            return Ok(Err(error));
        }
    }
    Ok(scan.finish().await)
}

/// Lets a file go, or throws it away; answers in a word which.
async fn conclude(
    app: &App,
    work: &Work,
    id: Uuid,
    verdict: Verdict,
) -> Result<Result<&'static str, &'static str>, DomainError> {
    let Some(Held { customer, row, key, facts }) = held(app, work, id).await? else { return Ok(Ok("gone")) };
    let organization = work.organization();
    let draft = match verdict {
        Verdict::Clean => {
            let facts = Facts { state: State::Ready.as_str().to_owned(), ..facts };
            let (sealed_key, sealed_facts) = seal(app, organization, &customer, id, (&key, &facts))?;
            let next = AttachmentRow { state: facts.state, sealed_key, sealed_facts, ..row };
            stored::set_state(work, &next).await?;
            entry(Action::AttachmentsClear, customer.id, id)
        }
        Verdict::Malicious => {
            stored::delete(work, customer.id, id).await?;
            note_malware(app, work, row.created_by).await?;
            let mut draft = entry(Action::AttachmentsRefuse, customer.id, id);
            (draft.verdict, draft.rule) = (Ended::Refused, Some("file_infected".to_owned()));
            draft
        }
    };
    let told = app.own_entry(organization, draft).await?;
    record_all(work, &[&told]).await?;
    Ok(Ok(if verdict == Verdict::Clean { "clean" } else { "malicious" }))
}
