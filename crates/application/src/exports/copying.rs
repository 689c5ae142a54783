//! De-identified copies: the values of a row changed by the recipe, and rows that look like too few others left out.

use custodian_crypto::{MacKey, Secret32, sha256};
use custodian_domain::catalog::Field;
use custodian_domain::datasets::{Below, Classes, Method, Person, Recipe, apply};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::exports::ExportRow;
use custodian_persistence::jobs::{self, Claim};
use serde::Deserialize as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::maker::{Maker, Trouble};
use super::pieces::piece_of;
use super::run::LEASE_SECONDS;
use crate::App;
use crate::consents::asked_for;
use crate::customers::{SeenValue, guard};

/// The copy under way: what was counted before anything is written, and what was written.
pub(super) struct Copying {
    recipe: Recipe,
    key: MacKey,
    today: chrono::NaiveDate,
    counting: bool,
    seen: Classes,
    written: Classes,
    suppressed: u32,
}

/// What becomes of a row.
pub(super) enum Fate {
    /// It is counted, and nothing more yet.
    Counted,
    /// It is written.
    Written,
    /// Too few are like it.
    Below,
}

impl Copying {
    /// Of an export that is one; each attempt draws a key of its own, kept nowhere.
    pub fn of(app: &App, row: &ExportRow) -> Result<Option<Self>, DomainError> {
        let Some(recipe) = &row.recipe else { return Ok(None) };
        let recipe = Recipe::deserialize(recipe).map_err(|_| DomainError::internal("a stored recipe"))?;
        let (key, today) = (MacKey::new(&Secret32::generate(app.rng())), app.now().date_naive());
        let (seen, written) = (Classes::default(), Classes::default());
        Ok(Some(Self { recipe, key, today, counting: true, seen, written, suppressed: 0 }))
    }

    /// The name of somebody in this data set alone.
    pub fn id(&self, customer: Uuid) -> Uuid {
        let signed = self.key.sign(&[b"id/".as_slice(), customer.as_bytes()].concat());
        uuid::Builder::from_custom_bytes(signed.first_chunk::<16>().copied().unwrap_or_default()).into_uuid()
    }

    /// A value as it leaves.
    pub fn value(&self, field: &Field, text: &str, customer: Uuid) -> Option<SeenValue> {
        let rule = self.recipe.rules.iter().find(|rule| rule.field == field.key)?;
        if rule.method == Method::Keep {
            return Some(SeenValue::from(field.present(text)));
        }
        let drawn = self.key.sign(&[b"shift/".as_slice(), customer.as_bytes()].concat());
        let seed = drawn.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let name = |field: &str, value: &str| {
            let signed = self.key.sign(format!("value/{field}/{value}").as_bytes());
            signed.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        apply(rule, field, text, &Person { today: self.today, seed, name: &name }).map(SeenValue::Text)
    }

    /// Whether nothing is written yet.
    pub fn is_counting(&self) -> bool {
        self.counting
    }

    /// What becomes of a row with these values, in the order of the fields.
    pub fn fate(&mut self, fields: &[Field], values: &[Option<SeenValue>]) -> Fate {
        let quasi = |field: &Field| self.recipe.quasi_identifiers.iter().any(|key| key == field.key);
        let told: Vec<Option<&str>> = fields
            .iter()
            .zip(values)
            .filter(|(field, _)| quasi(field))
            .map(|(_, value)| {
                value.as_ref().map(|value| match value {
                    SeenValue::Text(text) | SeenValue::Number(text) | SeenValue::Structure(text) => text.as_str(),
                    SeenValue::Bool(true) => "true",
                    SeenValue::Bool(false) => "false",
                })
            })
            .collect();
        let class = serde_json::to_vec(&told).map(|bytes| sha256(&bytes)).unwrap_or_default();
        let class = class.first_chunk::<16>().copied().unwrap_or_default();
        if self.counting {
            self.seen.add(class);
            return Fate::Counted;
        }
        if self.seen.holds(&class, self.recipe.k) {
            self.written.add(class);
            return Fate::Written;
        }
        self.suppressed += 1;
        Fate::Below
    }

    /// Ends the counting. False where the recipe wants no data set at all.
    fn counted(&mut self) -> bool {
        self.counting = false;
        self.recipe.below == Below::Suppress || self.seen.below(self.recipe.k) == 0
    }

    /// What came of it. `None` where people changed while it was written, so that somebody stands among too few after all.
    pub fn report(&self) -> Option<Value> {
        if !self.written.is_empty() && self.written.smallest() < self.recipe.k {
            return None;
        }
        Some(json!({"k": self.written.smallest(), "classes": self.written.len(), "suppressed": self.suppressed}))
    }
}

/// Counts who looks alike before anything is written. `None` where there is to be no data set.
pub(super) async fn count(
    app: &App,
    claim: &Claim,
    export: Uuid,
    mut maker: Maker,
) -> Result<Option<Maker>, DomainError> {
    if maker.copying.is_none() {
        return Ok(Some(maker));
    }
    let call = maker.call.clone();
    for sequence in 0.. {
        let Some(fetched) = piece_of(app, claim, export, sequence, asked_for(&call)).await? else { break };
        let work = app.begin(claim.organization).await?;
        if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
            work.abandon().await;
            return Err(DomainError::unavailable("another worker has the export"));
        }
        work.commit().await?;
        let went = tokio::task::spawn_blocking(move || maker.go(fetched)).await;
        maker = match went.map_err(|_| DomainError::internal("an export's maker ended early"))? {
            Ok((same, _)) => same,
            Err(Trouble::Other(error)) => return Err(error),
            Err(Trouble::Sealed(id)) => return Err(sealed(app, &call, id).await),
        };
    }
    // Whoever is left out is told of once, when the rows are written.
    maker.left_out.clear();
    let goes_on = maker.copying.as_mut().is_none_or(Copying::counted);
    Ok(goes_on.then_some(maker))
}

async fn sealed(app: &App, call: &crate::Call, id: CustomerId) -> DomainError {
    let failed: Result<(), DomainError> = Err(DomainError::Integrity);
    guard(app, call, id, failed).await.err().unwrap_or(DomainError::Integrity)
}
