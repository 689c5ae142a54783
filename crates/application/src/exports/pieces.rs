//! Walking through the members piece by piece: one is fetched while another is written and a third is stored, sealed, with its entry in the log.

use custodian_crypto::DataKey;
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::exports::HOURS;
use custodian_domain::kernel::{DomainError, JobId};
use custodian_persistence::access_requests::RequestRow;
use custodian_persistence::customers::Consents;
use custodian_persistence::exports::{self as stored, ExportRow, Made};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::{Work, customers};
use serde_json::json;

use super::decoy::Decoy;
use super::maker::{Fetched, Maker, Trouble, Went};
use super::run::LEASE_SECONDS;
use super::sheet::Ended;
use super::{entry, hex, news};
use crate::access_requests::tell_ready;
use crate::audit::{Detail, Draft, Shown};
use crate::consents::asked_for;
use crate::customers::guard;
use crate::{App, Call, pieces};

/// Where the pieces go.
pub(super) struct Pieces<'a> {
    app: &'a App,
    claim: &'a Claim,
    row: &'a ExportRow,
    sealed: pieces::Pieces,
    call: Call,
    shown: Vec<&'static str>,
    chunks: i32,
    done: i32,
}

impl<'a> Pieces<'a> {
    pub fn new(app: &'a App, claim: &'a Claim, row: &'a ExportRow, key: DataKey, call: Call, fields: &[Field]) -> Self {
        let shown = fields.iter().map(|field| field.key).collect();
        let sealed = pieces::Pieces::new(claim.organization, "export", row.id, key);
        Self { app, claim, row, sealed, call, shown, chunks: 0, done: 0 }
    }

    /// Every member; `None` when another worker has taken the job.
    pub async fn walk(&mut self, mut maker: Maker) -> Result<Option<Maker>, DomainError> {
        let (app, claim, export) = (self.app.clone(), self.claim.clone(), self.row.id);
        let consents = asked_for(&self.call);
        let fetch = async |sequence: i32| piece_of(&app, &claim, export, sequence, consents).await;
        let mut next = fetch(0).await?;
        let mut made: Option<Went> = None;
        while let Some(fetched) = next.take() {
            let after = fetched.sequence + 1;
            let going = tokio::task::spawn_blocking(move || maker.go(fetched));
            let (went, coming, stored) = tokio::join!(going, fetch(after), self.store(made.take()));
            let went = went.map_err(|_| DomainError::internal("an export's maker ended early"))?;
            if !stored? {
                return Ok(None);
            }
            match went {
                Ok((same, went)) => (maker, made) = (same, Some(went)),
                Err(trouble) => return Err(self.alarm(trouble).await),
            }
            next = coming?;
        }
        Ok(self.store(made).await?.then_some(maker))
    }

    /// A value that does not open is an alarm, and no file.
    async fn alarm(&self, trouble: Trouble) -> DomainError {
        match trouble {
            Trouble::Other(error) => error,
            Trouble::Sealed(id) => {
                let failed: Result<(), DomainError> = Err(DomainError::Integrity);
                guard(self.app, &self.call, id, failed).await.err().unwrap_or(DomainError::Integrity)
            }
        }
    }

    /// Stores a piece. False when another worker has taken the job.
    async fn store(&mut self, went: Option<Went>) -> Result<bool, DomainError> {
        let Some(Went { sequence, members, piece, shown }) = went else { return Ok(true) };
        let work = self.app.begin(self.claim.organization).await?;
        if !jobs::hold(&work, self.claim, LEASE_SECONDS).await? {
            work.abandon().await;
            return Ok(false);
        }
        self.seal(&work, piece).await?;
        stored::note_shown(&work, self.row.id, sequence, &shown).await?;
        if !shown.is_empty() {
            let fields = Shown { read: self.shown.clone(), ..Shown::default() };
            let draft = Draft { customers: shown, shown: fields, ..entry(Action::CustomersExport, self.row.id) };
            self.app.record_change(&work, &self.call, draft).await?;
        }
        self.done += members;
        stored::note_done(&work, self.row.id, self.done).await?;
        let (done, total) = (i64::from(self.done), Some(i64::from(self.row.members)));
        jobs::progress(&work, self.claim.job, done, total, 0, self.app.now()).await?;
        work.commit().await?;
        Ok(true)
    }

    async fn seal(&mut self, work: &Work, piece: Option<Vec<u8>>) -> Result<(), DomainError> {
        let Some(piece) = piece.filter(|piece| !piece.is_empty()) else { return Ok(()) };
        let sealed = self.sealed.seal(self.chunks, &piece, self.app.rng())?;
        stored::insert_chunk(work, self.row.id, self.chunks, &sealed).await?;
        self.chunks += 1;
        Ok(())
    }

    /// The file is whole: its digest is on record, its decoy is known, and its requester is told.
    pub async fn finish(&mut self, maker: Maker, decoy: Decoy, request: &RequestRow) -> Result<(), DomainError> {
        let Maker { rows, left_out, sheet, copying, .. } = maker;
        let changed = || DomainError::unavailable("people changed while a data set was written");
        let report = copying.map(|copy| copy.report().ok_or_else(changed)).transpose()?;
        let Ended { last, sha256, size } = sheet.finish()?;
        let work = self.app.begin(self.claim.organization).await?;
        if !jobs::hold(&work, self.claim, LEASE_SECONDS).await? {
            work.abandon().await;
            return Ok(());
        }
        // Whoever ends exports locks the file: one that was ended meanwhile stays so.
        let row = stored::lock(&work, self.row.id).await?;
        if row.is_none_or(|row| row.stage != "preparing" || row.job != self.claim.job.uuid()) {
            work.abandon().await;
            return Err(DomainError::unavailable("the export ended while it was written"));
        }
        self.seal(&work, Some(last)).await?;
        stored::insert_decoys(&work, self.row.id, &decoy.tags).await?;
        let (left_out, left) = (json!(left_out), left_out.values().sum::<u32>());
        let made = Made {
            rows,
            left_out: left_out.clone(),
            sha256: sha256.to_vec(),
            size: i64::try_from(size).unwrap_or(i64::MAX),
            chunks: self.chunks,
            report,
        };
        let expires_at = stored::finish(&work, self.row.id, &made, HOURS).await?;
        let draft = entry(Action::ExportsPrepare, self.row.id)
            .with("sha256", Detail::Code(hex(&sha256)))
            .with("rows", Detail::Count(u32::try_from(rows).unwrap_or_default()))
            .with("left_out", Detail::Count(left));
        self.app.record_change(&work, &self.call, draft).await?;
        tell_ready(self.app, &work, request, expires_at).await?;
        news::ready(self.app, &work, self.row, rows, expires_at).await?;
        let result = json!({"export_id": self.row.id, "rows": rows, "left_out": left_out});
        jobs::finish(&work, self.claim.job, Ok(result), self.app.now()).await?;
        jobs::put_off(&work, JobId::from(self.row.id), expires_at).await?;
        Ok(work.commit().await?)
    }
}

/// A piece of the members as they are now; `None` behind the last.
pub(super) async fn piece_of(
    app: &App,
    claim: &Claim,
    export: uuid::Uuid,
    sequence: i32,
    consents: Consents,
) -> Result<Option<Fetched>, DomainError> {
    let work = app.begin(claim.organization).await?;
    let fetched = match stored::members(&work, export, sequence).await? {
        None => None,
        Some(members) => {
            let rows = customers::by_ids(&work, &members, consents).await?;
            Some(Fetched { sequence, members, rows })
        }
    };
    work.abandon().await;
    Ok(fetched)
}
