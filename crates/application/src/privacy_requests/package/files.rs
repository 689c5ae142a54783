//! The archive of a package as it leaves: what is small at once, files piece by piece, in bounded memory.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use custodian_domain::catalog::name_without_others;
use custodian_domain::kernel::DomainError;
use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::content::Files;
use crate::attachments::{AttachmentView, Download};

/// A file that hangs on the person.
pub(super) struct Attached {
    view: AttachmentView,
    /// Where it lies in the archive: numbered, so that no two names meet, and without what no file system takes.
    place: String,
    download: Download,
}

impl Attached {
    /// Their names lose the identifiers that are not among the person's own: whoever hung a file on somebody typed what they liked.
    pub fn all(files: Vec<(AttachmentView, Download)>, identifiers: &[String]) -> Vec<Self> {
        let numbered = files.into_iter().zip(1..);
        numbered
            .map(|((view, download), number): (_, u32)| {
                let name = name_without_others(&view.name, identifiers);
                let place = format!("attachments/{number:03}-{}", name.replace('*', "_"));
                Self { view: AttachmentView { name, ..view }, place, download }
            })
            .collect()
    }

    pub fn name(&self) -> &str {
        &self.view.name
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// As `data.json` tells of it.
    pub fn told(&self, enclosed: bool) -> Value {
        let row = &self.view.row;
        json!({"id": row.id, "name": self.view.name, "media_type": row.media_type, "size": row.size, "at": row.created_at,
            "file": enclosed.then_some(&self.place)})
    }

    /// As a row of a table.
    pub fn cells(&self, enclosed: bool) -> [String; 6] {
        let row = &self.view.row;
        let place = if enclosed { self.place.clone() } else { String::new() };
        let (id, size, at) = (row.id.to_string(), row.size.to_string(), row.created_at.to_rfc3339());
        [id, self.view.name.clone(), row.media_type.clone(), size, at, place]
    }
}

pub(super) fn attached_bytes(files: &[Attached]) -> u64 {
    files.iter().map(|one| one.download.size).sum()
}

/// Where the writer leaves what is to be sent next.
#[derive(Clone, Default)]
struct Outbox(Arc<Mutex<Vec<u8>>>);

impl Outbox {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Outbox {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Written as far as it was asked for.
pub(super) struct Archive {
    writer: Option<ZipWriter<StreamWriter<Outbox>>>,
    outbox: Outbox,
    left: VecDeque<Attached>,
    current: Option<Download>,
}

fn broken(_: impl std::error::Error) -> DomainError {
    DomainError::internal("a package cannot be written")
}

/// Stored as they are: whatever opens an archive opens this one.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
}

impl Archive {
    pub fn of(files: Files, attached: Vec<Attached>) -> Result<Self, DomainError> {
        let outbox = Outbox::default();
        let mut writer = ZipWriter::new_stream(outbox.clone());
        for (name, content) in files.each() {
            writer.start_file(name, options()).map_err(broken)?;
            writer.write_all(&content).map_err(broken)?;
        }
        Ok(Self { writer: Some(writer), outbox, left: attached.into(), current: None })
    }

    /// The next bytes; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, DomainError> {
        loop {
            let ready = self.outbox.take();
            if !ready.is_empty() {
                return Ok(Some(ready));
            }
            let Some(writer) = &mut self.writer else { return Ok(None) };
            if let Some(download) = &mut self.current {
                match download.next().await? {
                    Some(bytes) => writer.write_all(&bytes).map_err(broken)?,
                    None => self.current = None,
                }
            } else if let Some(next) = self.left.pop_front() {
                writer.start_file(next.place, options()).map_err(broken)?;
                self.current = Some(next.download);
            } else if let Some(writer) = self.writer.take() {
                writer.finish().map_err(broken)?;
            }
        }
    }
}
