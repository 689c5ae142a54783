//! Taking a file in: sealed piece by piece as it streams, never whole in memory, never plain on disk.

use custodian_crypto::DataKey;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, JobId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::imports::{self as stored, ImportRow};
use custodian_persistence::{Work, jobs};

use super::options::{Format, UploadOptions};
use super::run::KIND;
use crate::audit::{Detail, Draft};
use crate::keys::DATA_KEY_VERSION;
use crate::pieces::{Incoming, Pieces};
use crate::{App, Call};

/// Sealed pieces that are stored together: each commit waits for the disk.
const TOGETHER: usize = 16;

/// A file on its way in. Some pieces at a time are made durable, so that a slow sender holds no transaction open; the job is queued when all are there.
pub struct Upload<'a> {
    app: &'a App,
    call: &'a Call,
    id: JobId,
    file: Incoming<'a>,
    reader: Encoding,
}

/// Tells UTF-8 from GB18030 while bytes pass.
#[derive(Default)]
struct Encoding {
    pending: Vec<u8>,
    not_utf8: bool,
    gb18030: Option<encoding_rs::Decoder>,
    not_gb18030: bool,
}

impl Encoding {
    fn pass(&mut self, bytes: &[u8]) {
        if !self.not_utf8 {
            self.pending.extend_from_slice(bytes);
            match std::str::from_utf8(&self.pending) {
                Ok(_) => self.pending.clear(),
                Err(error) if error.error_len().is_some() => self.not_utf8 = true,
                Err(error) => {
                    self.pending.drain(..error.valid_up_to());
                }
            }
        }
        let decoder = self.gb18030.get_or_insert_with(|| encoding_rs::GB18030.new_decoder_without_bom_handling());
        let mut out = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3));
        let (_, _, malformed) = decoder.decode_to_string(bytes, &mut out, false);
        self.not_gb18030 |= malformed;
    }

    fn name(&self) -> Option<&'static str> {
        match (self.not_utf8 || !self.pending.is_empty(), self.not_gb18030) {
            (false, _) => Some("utf-8"),
            (true, false) => Some("gb18030"),
            (true, true) => None,
        }
    }
}

impl<'a> Upload<'a> {
    /// Begins an import. The caller must be staff: an import has an owner.
    pub fn begin(app: &'a App, call: &'a Call) -> Result<Self, DomainError> {
        call.needs(Permission::ImportsRun)?;
        let key = DataKey::generate(DATA_KEY_VERSION, app.rng());
        let id = JobId::from(app.new_id());
        let pieces = Pieces::new(call.organization(), "import", id.uuid(), key);
        Ok(Self { app, call, id, file: Incoming::new(app, pieces, TOGETHER), reader: Encoding::default() })
    }

    /// Takes the next bytes of the file.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), DomainError> {
        self.reader.pass(bytes);
        let id = self.id;
        self.file.push(bytes, async |work, at, sealed| stored::insert_chunks(work, id, at, sealed).await).await
    }

    /// Stores what is left of the file.
    pub async fn complete(&mut self) -> Result<(), DomainError> {
        let id = self.id;
        self.file.complete(async |work, at, sealed| stored::insert_chunks(work, id, at, sealed).await).await
    }

    /// Throws the pieces away: the upload was refused, or was a retry.
    pub async fn discard(self) -> Result<(), DomainError> {
        let work = self.app.begin(self.call.organization()).await?;
        stored::forget_pieces(&work, self.id).await?;
        Ok(work.commit().await?)
    }

    /// Queues the job; the caller commits. Call [`Upload::complete`] before.
    ///
    /// Errors: 422 `unknown_encoding` for text that is neither UTF-8 nor GB18030, `empty_file`; 403 `field_not_editable`.
    pub async fn queue(&self, work: &Work, options: &UploadOptions) -> Result<JobId, DomainError> {
        options.mapping.check_rights(self.call, options.record_type)?;
        if self.file.count() == 0 {
            return Err(DomainError::invalid("/file", "empty_file"));
        }
        let encoding = match options.format {
            Format::Xlsx => "utf-8",
            _ => self.reader.name().ok_or_else(|| DomainError::invalid("/file", "unknown_encoding"))?,
        };
        let (app, call) = (self.app, self.call);
        let (Some(owner), Some(session)) = (call.identity.user(), call.identity.session) else {
            return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
        };
        let now = app.now();
        let wrapped = app.keys().wrap_passing(app.db(), work, self.id.uuid(), self.file.key(), app.rng(), now).await?;
        jobs::insert(work, self.id, KIND, owner.uuid(), now).await?;
        let row = ImportRow {
            id: self.id,
            mode: if options.upsert { "upsert" } else { "create" }.to_owned(),
            dry_run: options.dry_run,
            record_type: options.record_type.to_owned(),
            on_conflict: options.on_conflict.as_str().to_owned(),
            sheet: options.sheet.clone(),
            utc_offset: options.utc_offset.clone(),
            format: options.format.as_str().to_owned(),
            encoding: encoding.to_owned(),
            mapping: options.mapping.to_json(),
            owner,
            session,
            key_version: i32::try_from(DATA_KEY_VERSION).unwrap_or(i32::MAX),
            wrapped_key: Some(wrapped),
            chunks: self.file.count(),
            rows_done: 0,
            created: 0,
            updated: 0,
            rejected: 0,
            created_at: now,
        };
        stored::insert(work, &row).await?;
        let told = Draft::of(Action::ImportsCreate)
            .with("job", Detail::Code(self.id.to_string()))
            .with("record_type", Detail::Code(options.record_type.to_owned()));
        app.record_change(work, call, told).await?;
        Ok(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[&[u8]]) -> Option<&'static str> {
        let mut encoding = Encoding::default();
        pieces.iter().for_each(|piece| encoding.pass(piece));
        encoding.name()
    }

    #[test]
    fn encodings_are_told_apart_even_when_a_character_is_cut() {
        assert_eq!(told(&[b"abc"]), Some("utf-8"));
        assert_eq!(told(&["张".as_bytes()]), Some("utf-8"));
        assert_eq!(told(&[&[0xE5], &[0xBC, 0xA0]]), Some("utf-8"));
        let (gb, _, _) = encoding_rs::GB18030.encode("姓名,手机号\n张三");
        assert_eq!(told(&[&gb]), Some("gb18030"));
        assert_eq!(told(&[gb.get(..1).unwrap_or_default(), gb.get(1..).unwrap_or_default()]), Some("gb18030"));
        assert_eq!(told(&[&[0xFF, 0xFF, 0xFF]]), None);
    }
}
