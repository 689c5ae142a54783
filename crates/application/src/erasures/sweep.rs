//! The sweep: an independent look through everything for every old identifier of people who were erased. It asks the database which tables there are,
//! so that a new one cannot be left out, and opens what those who stay have sealed.

use std::collections::{BTreeMap, HashMap};
use std::iter;

use custodian_crypto::DataKey;
use custodian_domain::erasures::{Trace, keeps_ids};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_persistence::attachments;
use custodian_persistence::erasures::{self as stored, Column, ErasureRow, Pages, RecordPack, Survivor};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::matcher::Matcher;
use super::traces;
use crate::App;
use crate::customers::open_one;

/// How many rows are read at once.
const PAGE: i64 = 1_000;
/// How many people are looked for in one pass.
const TOGETHER: i64 = 2_000;
/// How many passes one round makes at most: what is left waits for the next.
const MOST_PASSES: usize = 10;
/// The most findings that are noted of one person.
const MOST: usize = 100;

/// A place where a copy was found; never the value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Finding {
    /// Table, and column where there is one to name.
    pub place: String,
    /// Whose value it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Uuid>,
    /// In which record of theirs: its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_type: Option<String>,
    /// And its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<Uuid>,
    /// In the name of which file of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<Uuid>,
    /// In which field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The version that replaced it; none for a value of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// `id`, `identifier` or `unreadable`.
    pub kind: &'static str,
}

impl Finding {
    /// One that a table alone is named for.
    pub(super) fn in_table(table: &str, kind: &'static str) -> Self {
        let place = table.to_owned();
        Self {
            place,
            customer_id: None,
            record_type: None,
            record_id: None,
            attachment_id: None,
            field: None,
            version: None,
            kind,
        }
    }

    /// The same in a field.
    fn of_field(&self, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..self.clone() }
    }
}

/// How much was looked through.
#[derive(Clone, Debug, Default)]
pub(super) struct Looked {
    pub columns: u64,
    pub rows: u64,
    people: u64,
    values: u64,
    files: u64,
}

/// Passes until everybody was looked for once. Answers how many are clean now.
pub(super) async fn sweep_all(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let mut clean = 0;
    for _ in 0..MOST_PASSES {
        let (looked_for, found) = sweep(app, organization).await?;
        clean += found;
        if i64::try_from(looked_for).is_ok_and(|count| count < TOGETHER) {
            break;
        }
    }
    Ok(clean)
}

/// One pass for those whom no pass has found clean yet. Answers how many they were, and how many are clean now.
async fn sweep(app: &App, organization: OrganizationId) -> Result<(usize, usize), DomainError> {
    let rows = app.reading(organization, async |work| stored::unswept(work, TOGETHER).await).await?;
    if rows.is_empty() {
        return Ok((0, 0));
    }
    let mut sought = Vec::with_capacity(rows.len());
    for row in &rows {
        sought.push(traces::open(app, organization, row)?);
    }
    let mut pass = Pass::new(app, organization, &rows, &sought)?;
    pass.ids().await?;
    pass.texts().await?;
    pass.typed().await?;
    pass.people().await?;
    pass.files()?;
    Ok((rows.len(), pass.note().await?))
}

/// One pass over everything.
pub(super) struct Pass<'a> {
    pub app: &'a App,
    pub organization: OrganizationId,
    pub rows: &'a [ErasureRow],
    sought: &'a [Vec<Trace>],
    pub matcher: Matcher,
    pub looked: Looked,
    found: Vec<Vec<Finding>>,
    shared: Vec<u64>,
    /// In how many typed reasons each was named.
    pub blanked: Vec<u64>,
}

impl<'a> Pass<'a> {
    fn new(
        app: &'a App,
        organization: OrganizationId,
        rows: &'a [ErasureRow],
        sought: &'a [Vec<Trace>],
    ) -> Result<Self, DomainError> {
        let (found, shared) = (vec![Vec::new(); rows.len()], vec![0; rows.len()]);
        Ok(Self {
            app,
            organization,
            rows,
            sought,
            matcher: Matcher::new(sought)?,
            looked: Looked::default(),
            found,
            shared,
            blanked: vec![0; rows.len()],
        })
    }

    pub(super) fn find(&mut self, person: usize, finding: Finding) {
        if let Some(findings) = self.found.get_mut(person).filter(|findings| findings.len() < MOST)
            && !findings.contains(&finding)
        {
            findings.push(finding);
        }
    }

    /// Ids, in every column of ids but those that keep them on a ground.
    async fn ids(&mut self) -> Result<(), DomainError> {
        let work = self.app.begin(self.organization).await?;
        let columns = stored::id_columns(&work).await?;
        let ids: Vec<Uuid> = self.rows.iter().map(|row| row.customer.uuid()).collect();
        for column in columns.iter().filter(|column| !keeps_ids(&column.table, &column.name)) {
            self.looked.columns += 1;
            for (id, _) in stored::ids_in(&work, column, &ids).await? {
                if let Some(person) = ids.iter().position(|known| *known == id) {
                    let place = format!("{}.{}", column.table, column.name);
                    self.find(person, Finding::in_table(&place, "id"));
                }
            }
        }
        work.abandon().await;
        Ok(())
    }

    /// Identifiers in every column of text.
    async fn texts(&mut self) -> Result<(), DomainError> {
        let work = self.app.begin(self.organization).await?;
        let columns = stored::text_columns(&work).await?;
        work.abandon().await;
        let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Column { table, name, .. } in &columns {
            self.looked.columns += 1;
            tables.entry(table).or_default().push(name);
        }
        for (table, names) in tables {
            let mut pages = Pages::of(table);
            while !pages.ended() {
                let work = self.app.begin(self.organization).await?;
                let page = stored::text_rows(&work, &names, &mut pages).await;
                work.abandon().await;
                for text in &page? {
                    self.looked.rows += 1;
                    for hit in self.matcher.hits(text) {
                        self.find(hit.person, Finding::in_table(table, "identifier"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Identifiers in what those who stay have sealed, now and before. In the same field of somebody else it is their own: a number that two people share
    /// stays the other's, and is only counted.
    async fn people(&mut self) -> Result<(), DomainError> {
        let mut after = Uuid::nil();
        loop {
            let work = self.app.begin(self.organization).await?;
            let page = stored::survivors(&work, after, PAGE).await?;
            let ids: Vec<Uuid> = page.iter().map(|survivor| survivor.id.uuid()).collect();
            let records = stored::record_packs(&work, &ids).await?;
            let files = attachments::of_customers(&work, &ids).await?;
            work.abandon().await;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id.uuid();
            let mut hanging: HashMap<Uuid, Vec<RecordPack>> = HashMap::new();
            records.into_iter().for_each(|record| hanging.entry(record.customer).or_default().push(record));
            for survivor in &page {
                let records = hanging.remove(&survivor.id.uuid()).unwrap_or_default();
                if let Some(key) = self.survivor(survivor) {
                    records.iter().for_each(|record| self.record(&key, record));
                    files
                        .iter()
                        .filter(|file| file.customer == survivor.id)
                        .for_each(|file| self.file_name(&key, file));
                }
            }
        }
    }

    /// Answers the key, for what hangs on them.
    fn survivor(&mut self, survivor: &Survivor) -> Option<DataKey> {
        self.looked.people += 1;
        let id = survivor.id;
        let key = self.app.keys().data_key(self.organization, id, survivor.key_version, &survivor.wrapped_key);
        let spot = Finding { customer_id: Some(id.uuid()), ..Finding::in_table("customers", "identifier") };
        let Ok(key) = key else {
            self.unreadable(&spot);
            return None;
        };
        let versions = survivor.versions.iter().copied().map(Some);
        // Whatever the versions are called: no pack is left out.
        let versions = iter::once(None).chain(versions).chain(iter::repeat(None));
        for (bytes, version) in survivor.packs.iter().zip(versions) {
            self.values(&key, survivor.id, bytes, &Finding { version, ..spot.clone() });
        }
        Some(key)
    }

    /// One pack of somebody who stays.
    fn values(&mut self, key: &DataKey, id: CustomerId, bytes: &[u8], spot: &Finding) {
        for value in traces::pack(bytes).iter() {
            let Some(value) = value else {
                self.unreadable(spot);
                continue;
            };
            if value.key.is_empty() {
                continue;
            }
            self.looked.values += 1;
            let Ok(text) = open_one(key, self.organization, id, &value) else {
                self.unreadable(&spot.of_field(value.key));
                continue;
            };
            for hit in self.matcher.hits(&text) {
                let trace = self.sought.get(hit.person).and_then(|traces| traces.get(hit.trace));
                if trace.is_some_and(|trace| trace.field == value.key) {
                    if let Some(shared) = self.shared.get_mut(hit.person) {
                        *shared += 1;
                    }
                    continue;
                }
                self.find(hit.person, spot.of_field(value.key));
            }
        }
    }

    /// What hangs on somebody who stays: a copy there is a copy, in whatever field.
    fn record(&mut self, key: &DataKey, record: &RecordPack) {
        let spot = Finding {
            customer_id: Some(record.customer),
            record_type: Some(record.record_type.clone()),
            record_id: Some(record.record),
            version: record.version,
            ..Finding::in_table("records", "identifier")
        };
        for value in traces::pack(&record.fields).iter() {
            let Some(value) = value else {
                self.unreadable(&spot);
                continue;
            };
            if value.key.is_empty() {
                continue;
            }
            self.looked.values += 1;
            let Some(text) = traces::open_of_record(key, self.organization, record, &value) else {
                self.unreadable(&spot.of_field(value.key));
                continue;
            };
            for hit in self.matcher.hits(&text) {
                self.find(hit.person, spot.of_field(value.key));
            }
        }
    }

    /// What cannot be looked into may hold anything: nobody is certified past it.
    pub(super) fn unreadable(&mut self, spot: &Finding) {
        for person in 0..self.rows.len() {
            self.find(person, Finding { kind: "unreadable", ..spot.clone() });
        }
    }

    /// The ledger and the keyring exports, as bytes.
    fn files(&mut self) -> Result<(), DomainError> {
        let custody = self.app.custody();
        let ledger = custody.ledger.iter().map(|file| file.path().to_owned());
        let anchor = self.app.log().settings().anchor.iter().map(|file| file.path().to_owned());
        let keyrings = custody.keyrings.iter().flat_map(|folder| folder.files().unwrap_or_default());
        let all: Vec<_> = ledger.chain(anchor).chain(keyrings).collect();
        for path in all {
            let Ok(lines) = custodian_outbound::keyring_lines(&path) else { continue };
            self.looked.files += 1;
            for line in lines.map_while(Result::ok) {
                for hit in self.matcher.hits(&line) {
                    let place = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    self.find(hit.person, Finding::in_table(&place, "identifier"));
                }
            }
        }
        Ok(())
    }

    async fn note(self) -> Result<usize, DomainError> {
        let Self { app, organization, rows, sought, looked, found, shared, blanked, .. } = self;
        let work = app.begin(organization).await?;
        let at = work.database_time().await?;
        let mut clean = 0;
        let each = rows.iter().zip(&found).zip(&shared).zip(&blanked).zip(sought);
        for ((((row, findings), shared), blanked), traces) in each {
            let sweep = json!({"at": at, "columns": looked.columns, "rows": looked.rows, "people": looked.people, "values": looked.values,
                "files": looked.files, "identifiers": traces.len() + 1, "found": findings.len(), "shared_with_others": shared, "reasons_blanked": blanked});
            let findings = serde_json::to_value(findings).map_err(|_| DomainError::internal("findings"))?;
            let none = findings.as_array().is_some_and(Vec::is_empty);
            clean += usize::from(none);
            stored::note_swept(&work, row.id, &sweep, &findings, none).await?;
        }
        work.commit().await?;
        Ok(clean)
    }
}
