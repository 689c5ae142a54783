//! The row about nobody that each file carries.

use custodian_crypto::Randomness;
use custodian_domain::catalog::{Field, SearchKind};
use custodian_domain::exports::{MadeUp, made_up};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::Work;
use custodian_persistence::exports as stored;
use uuid::Uuid;

use super::sheet::Line;
use super::tag_of;
use crate::App;
use crate::customers::SeenValue;
use crate::keys::OrganizationKeys;

/// A decoy: where among the first members it goes, and the digests of what stands in it alone.
pub(super) struct Decoy {
    pub line: Line,
    pub before: usize,
    pub tags: Vec<Vec<u8>>,
}

/// How often other values are tried where somebody has one of them.
const TRIES: usize = 20;

fn dice(rng: &dyn Randomness) -> impl FnMut(u32) -> u32 {
    move |below| {
        let mut bytes = [0; 4];
        rng.fill(&mut bytes);
        u32::from_be_bytes(bytes) % below.max(1)
    }
}

/// A new one for these fields, that looks as old as the members beside it. None of its telling values stands in another file or on file about anybody.
pub(super) async fn decoy(
    app: &App,
    work: &Work,
    fields: &[Field],
    members: &[CustomerId],
) -> Result<Decoy, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let mut dice = dice(app.rng());
    let places = u32::try_from(members.len()).unwrap_or(u32::MAX);
    let before = dice(places) as usize;
    let id = beside(app, members.get(before));
    for _ in 0..TRIES {
        let values: Vec<Option<MadeUp>> = fields.iter().map(|field| made_up(field, &mut dice)).collect();
        let pairs = fields.iter().zip(&values);
        let telling: Vec<(&Field, String)> = pairs
            .filter_map(|(field, value)| {
                let value = value.clone().filter(|value| value.telling)?;
                Some((field, value.text))
            })
            .collect();
        let texts = telling.iter().map(|(_, text)| text.clone()).chain([id.to_string()]);
        let tags: Vec<Vec<u8>> = texts.map(|text| tag_of(app, work.organization(), &text)).collect();
        if stored::any_decoy(work, &tags, &terms(&keys, &telling)).await? {
            continue;
        }
        let values = values.into_iter().map(|value| value.map(|value| SeenValue::Text(value.text))).collect();
        return Ok(Decoy { line: Line { id, values }, before, tags });
    }
    Err(DomainError::internal("no decoy could be made up"))
}

/// What the values would be found by, were they somebody's.
fn terms(keys: &OrganizationKeys, telling: &[(&Field, String)]) -> Vec<Vec<u8>> {
    let of = |(field, text): &(&Field, String)| -> Vec<Vec<u8>> {
        let whole = field.search_terms(text).into_iter().filter(|(kind, _)| *kind == SearchKind::Exact);
        whole.map(|(kind, term)| keys.tag(field.key, kind, &term).to_vec()).collect()
    };
    telling.iter().flat_map(of).collect()
}

/// An id of the moment of another one: files are in the order of their ids, and one that is younger than its neighbours would be told at once.
fn beside(app: &App, other: Option<&CustomerId>) -> Uuid {
    let Some(other) = other else { return app.new_id() };
    let at = other.uuid().as_bytes().iter().take(6).fold(0_u64, |at, byte| (at << 8) | u64::from(*byte));
    let mut random = [0; 10];
    app.rng().fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(at, &random).into_uuid()
}
