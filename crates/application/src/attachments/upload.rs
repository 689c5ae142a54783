//! Taking a file in: sealed piece by piece as it streams and looked through at the same time, never whole in memory, never plain on disk.

use custodian_domain::attachments::{HEAD, MOST_ATTACHMENTS, State, kind_of, safe_name};
use custodian_domain::audit::{Action, Verdict as Ended};
use custodian_domain::kernel::{CustomerId, DomainError, JobId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_outbound::{Scan, ScanError, Verdict};
use custodian_persistence::attachments::{self as stored, AttachmentRow};
use custodian_persistence::customers::{self as people, CustomerReader, CustomerRow};
use custodian_persistence::{DbError, Work, jobs};
use ring::digest::{Context as Hash, SHA256};
use uuid::Uuid;

use super::read::AttachmentView;
use super::sealing::{Facts, FileKey, seal};
use super::{KIND, entry, open_to, reached};
use crate::audit::Detail;
use crate::consents::{agreed, refreshed};
use crate::customers::{decide_row, guard, open_row, refuse};
use crate::detections::note_malware;
use crate::pieces::{Incoming, Pieces};
use crate::{App, Call};

/// A file on its way in. Each piece is durable by itself, so that a slow sender holds no transaction open; it hangs on nobody until [`Upload::attach`].
pub struct Upload<'a> {
    app: &'a App,
    call: &'a Call,
    id: Uuid,
    customer: CustomerId,
    key: FileKey,
    head: Vec<u8>,
    file: Incoming<'a>,
    size: u64,
    hash: Hash,
    scan: Option<Scan>,
    held: bool,
}

fn refused(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Unprocessable, code)
}

fn unscanned(error: ScanError) -> DomainError {
    tracing::warn!(%error, "a file cannot be looked through and is not taken in");
    match error {
        ScanError::Refused => refused("file_unscannable"),
        ScanError::Unreachable | ScanError::Late => DomainError::refused(RefusedAs::Upstream, "scanner_unavailable"),
    }
}

/// Whether one more file of this size fits, with what the customer has (files and bytes) and the organisation has (bytes).
fn has_room(app: &App, ((files, bytes), in_all): ((i64, i64), i64), size: u64) -> Result<(), DomainError> {
    let conflict = |code| Err(DomainError::refused(RefusedAs::Conflict, code));
    if files >= i64::try_from(MOST_ATTACHMENTS).unwrap_or(i64::MAX) {
        return conflict("too_many_attachments");
    }
    let rules = &app.tuning().files;
    let fits = |used: i64, most: u64| u64::try_from(used).unwrap_or(u64::MAX).saturating_add(size) <= most;
    if fits(bytes, rules.customer_bytes) && fits(in_all, rules.total_bytes) {
        return Ok(());
    }
    tracing::warn!(bytes, in_all, "there is no room for a file");
    metrics::counter!("custodian_attachments_without_room_total").increment(1);
    conflict("no_room_for_attachments")
}

impl<'a> Upload<'a> {
    /// Begins to take a file in for a customer that the caller may hang files on.
    ///
    /// Errors: 403 `field_hidden`; 404; 409 `customer_restricted`, `too_many_attachments`, `no_room_for_attachments`; 503 `scanner_unavailable`.
    pub async fn begin(
        app: &'a App,
        reader: &CustomerReader,
        call: &'a Call,
        customer: Uuid,
    ) -> Result<Self, DomainError> {
        let row = reached(app, reader, call, customer, Permission::AttachmentsWrite).await?;
        let work = app.begin(call.organization()).await?;
        let held = (stored::held_by(&work, row.id).await?, stored::held_in_all(&work).await?);
        work.abandon().await;
        has_room(app, held, 1)?;
        let (id, key) = (app.new_id(), FileKey::fresh(app));
        let pieces = Pieces::new(call.organization(), "attachment", id, key.key());
        let mut upload = Self {
            app,
            call,
            id,
            customer: row.id,
            key,
            head: Vec::new(),
            file: Incoming::new(app, pieces, 1),
            size: 0,
            hash: Hash::new(&SHA256),
            scan: None,
            held: false,
        };
        if let Some(scanner) = &app.tuning().files.scanner {
            let begun = scanner.begin().await;
            upload.scan = upload.or_held(begun)?;
        }
        Ok(upload)
    }

    /// What the scanner said; nothing where it does not answer and the file is to be held back for that.
    fn or_held<T>(&mut self, said: Result<T, ScanError>) -> Result<Option<T>, DomainError> {
        match said {
            Ok(said) => Ok(Some(said)),
            Err(error) if error == ScanError::Refused || !self.app.tuning().files.hold_unscanned => {
                Err(unscanned(error))
            }
            Err(error) => {
                tracing::warn!(%error, "a file cannot be looked through and is held back");
                (self.scan, self.held) = (None, true);
                Ok(None)
            }
        }
    }

    /// Takes the next bytes of the file.
    ///
    /// Errors: 422 `file_too_large`; 503 `scanner_unavailable`.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), DomainError> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.size > self.app.tuning().files.most_bytes {
            return Err(refused("file_too_large"));
        }
        if let Some(scan) = &mut self.scan {
            let fed = scan.feed(bytes).await;
            self.or_held(fed)?;
        }
        self.hash.update(bytes);
        let wanted = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(bytes.get(..wanted).unwrap_or_default());
        let id = self.id;
        self.file.push(bytes, async |work, at, sealed| stored::insert_chunks(work, id, at, sealed).await).await
    }

    /// There are no more bytes: what is left is kept, and nothing is that should not be.
    ///
    /// Errors: 422 `empty_file` at `/file`, `file_type_not_allowed`, `file_infected`, `file_unscannable`; 503 `scanner_unavailable`.
    pub async fn complete(&mut self) -> Result<(), DomainError> {
        let id = self.id;
        self.file.complete(async |work, at, sealed| stored::insert_chunks(work, id, at, sealed).await).await?;
        if self.file.count() == 0 {
            return Err(DomainError::invalid("/file", "empty_file"));
        }
        let kind = kind_of(&self.head);
        let said = match self.scan.take() {
            Some(scan) => scan.finish().await,
            None => Ok(Verdict::Clean),
        };
        let verdict = self.or_held(said)?;
        let allowed = self.app.tuning().files.types.iter().any(|known| known == kind);
        match verdict {
            Some(Verdict::Malicious) => {
                self.alarm().await?;
                self.tell("file_infected").await
            }
            _ if !allowed => self.tell("file_type_not_allowed").await,
            _ => Ok(()),
        }
    }

    async fn alarm(&self) -> Result<(), DomainError> {
        let Some(user) = self.call.identity.user() else { return Ok(()) };
        let work = self.app.begin(self.call.organization()).await?;
        note_malware(self.app, &work, user.uuid()).await?;
        Ok(work.commit().await?)
    }

    /// A file that is not taken in is on record, by the rule and never by its name.
    async fn tell(&self, code: &'static str) -> Result<(), DomainError> {
        let mut draft = entry(Action::AttachmentsRefuse, self.customer, self.id);
        (draft.verdict, draft.rule) = (Ended::Refused, Some(code.to_owned()));
        self.app.record_read(self.call, draft).await?;
        Err(refused(code))
    }

    /// Throws the pieces away: the file was refused, or was a retry.
    pub async fn discard(self) -> Result<(), DomainError> {
        let work = self.app.begin(self.call.organization()).await?;
        stored::forget_chunks(&work, self.id).await?;
        Ok(work.commit().await?)
    }

    /// Hangs the file on its customer; the caller commits. Call [`Upload::complete`] before.
    ///
    /// Errors: 404, also for a customer that went meanwhile; 409 `customer_restricted`, `too_many_attachments`, `no_room_for_attachments`; 422 `unknown_record` for a record of
    /// somebody else.
    pub async fn attach(&self, work: &Work, name: &str, record: Option<Uuid>) -> Result<AttachmentView, DomainError> {
        let (app, call) = (self.app, self.call);
        let customer = self.locked(work).await?;
        has_room(app, (stored::held_by(work, customer.id).await?, stored::held_in_all(work).await?), self.size)?;
        if let Some(record) = record
            && !stored::has_record(work, customer.id, record).await?
        {
            return Err(DomainError::invalid("/record_id", "unknown_record"));
        }
        let digest = self.hash.clone().finish();
        let facts = Facts {
            name: safe_name(name),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            chunks: self.file.count(),
            media_type: kind_of(&self.head).to_owned(),
            state: if self.held { State::Held } else { State::Ready }.as_str().to_owned(),
            sha256: digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let (sealed_key, sealed_facts) = seal(app, call.organization(), &customer, self.id, (&self.key, &facts))?;
        let row = AttachmentRow {
            id: self.id,
            customer: customer.id,
            record,
            media_type: facts.media_type.clone(),
            size: facts.size,
            chunks: facts.chunks,
            state: facts.state.clone(),
            sealed_key,
            sealed_facts,
            created_at: app.now(),
            created_by: call.identity.actor_id(),
        };
        stored::insert(work, &row).await?;
        if self.held {
            jobs::insert(work, JobId::from(row.id), KIND, row.created_by, row.created_at).await?;
        }
        let draft = entry(Action::AttachmentsCreate, customer.id, row.id);
        app.record_change(work, call, draft.with("state", Detail::Code(facts.state))).await?;
        Ok(AttachmentView { name: facts.name, row })
    }

    /// The customer as it is now, held, if the caller may still hang files on it. Its key must be the one that its values are closed under.
    async fn locked(&self, work: &Work) -> Result<CustomerRow, DomainError> {
        let (app, call) = (self.app, self.call);
        let found: Result<Option<CustomerRow>, DbError> = people::lock(work, self.customer).await;
        let mut row = found?.ok_or(DomainError::NotFound)?;
        refreshed(work, call, &mut row).await?;
        refuse(decide_row(app, call, &row, Permission::AttachmentsWrite).outcome, Permission::AttachmentsWrite)?;
        agreed(call, &row)?;
        open_to(call, &row)?;
        guard(app, call, row.id, open_row(app, call.organization(), &row)).await?;
        Ok(row)
    }
}
