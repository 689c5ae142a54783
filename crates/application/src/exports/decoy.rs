//! The row about nobody that each file carries; and values about nobody for whoever needs such a row.

use std::collections::BTreeSet;

use custodian_crypto::Randomness;
use custodian_domain::catalog::{DataType, Field, SearchKind};
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

/// Values of nobody, in the order of the fields that they were made up for, and the digests of what stands there alone.
pub(crate) struct Invented {
    pub values: Vec<Option<String>>,
    pub tags: Vec<Vec<u8>>,
}

/// How often other values are tried where somebody has one of them.
const TRIES: usize = 20;

/// A random number below the one that it is asked with.
pub(crate) fn dice(rng: &dyn Randomness) -> impl FnMut(u32) -> u32 {
    move |below| {
        let mut bytes = [0; 4];
        rng.fill(&mut bytes);
        u32::from_be_bytes(bytes) % below.max(1)
    }
}

/// A new one for these fields, that looks as old as the members beside it.
pub(super) async fn decoy(
    app: &App,
    work: &Work,
    (fields, all): (&[Field], &[Field]),
    members: &[CustomerId],
) -> Result<Decoy, DomainError> {
    let places = u32::try_from(members.len()).unwrap_or(u32::MAX);
    let before = dice(app.rng())(places) as usize;
    let id = beside(app, members.get(before).copied());
    let Invented { values, tags } = invented(app, work, (fields, all), &id.to_string()).await?;
    let values = values.into_iter().map(|value| value.map(SeenValue::Text)).collect();
    Ok(Decoy { line: Line { id, values }, before, tags })
}

/// Values for these fields of a customer who has `all` of them. None of what is telling stands in another decoy, nor on file about anybody, in
/// whatever field of its kind: a number that somebody is reached by never becomes a decoy's. `beside` is a further text that is the decoy's alone.
pub(crate) async fn invented(
    app: &App,
    work: &Work,
    (fields, all): (&[Field], &[Field]),
    beside: &str,
) -> Result<Invented, DomainError> {
    let mut dice = dice(app.rng());
    let keys = app.keys().open_organization(work).await?;
    for _ in 0..TRIES {
        let values: Vec<Option<MadeUp>> = fields.iter().map(|field| made_up(field, &mut dice)).collect();
        let pairs = fields.iter().zip(&values);
        let telling: Vec<(&Field, &str)> = pairs
            .filter_map(|(field, value)| Some((field, value.as_ref().filter(|one| one.telling)?.text.as_str())))
            .collect();
        let texts = telling.iter().map(|(_, text)| *text).chain([beside]);
        let tags: Vec<Vec<u8>> = texts.map(|text| tag_of(app, work.organization(), text)).collect();
        if stored::any_decoy(work, &tags, &terms(&keys, &telling, all)).await? {
            continue;
        }
        let values = values.into_iter().map(|value| value.map(|value| value.text)).collect();
        return Ok(Invented { values, tags });
    }
    Err(DomainError::internal("no decoy could be made up"))
}

/// What the values would be found by, were they somebody's: in their own field, and a number or address in every field that holds such.
fn terms(keys: &OrganizationKeys, telling: &[(&Field, &str)], all: &[Field]) -> Vec<Vec<u8>> {
    let of = |(field, text): &(&Field, &str)| -> BTreeSet<Vec<u8>> {
        let alike = |other: &&Field| {
            other.key == field.key || field.data_type != DataType::Text && other.data_type == field.data_type
        };
        let tag = |other: &Field| -> Vec<Vec<u8>> {
            let whole = other.search_terms(text).into_iter().filter(|(kind, _)| *kind == SearchKind::Exact);
            whole.map(|(kind, term)| keys.tag(other.key, kind, &term).to_vec()).collect()
        };
        std::iter::once(*field).chain(all.iter().filter(alike)).flat_map(tag).collect()
    };
    telling.iter().flat_map(of).collect()
}

/// An id of the moment of another one: lists and files are in the order of their ids, and one that is younger than its neighbours would be told at once.
pub(crate) fn beside(app: &App, other: Option<CustomerId>) -> Uuid {
    let Some(other) = other else { return app.new_id() };
    let at = other.uuid().as_bytes().iter().take(6).fold(0_u64, |at, byte| (at << 8) | u64::from(*byte));
    let mut random = [0; 10];
    app.rng().fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(at, &random).into_uuid()
}
