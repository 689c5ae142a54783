//! Segments as they come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_application::segments::{SavedFilter, SegmentDraft, SegmentView};
use custodian_domain::segments::{Mode, Schedule, TierRule};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Body, given};
use crate::v1::access_requests::FilterBody;

/// The filter of exports and access requests, as it is kept.
pub(super) fn kept(filter: FilterBody) -> Option<SavedFilter> {
    serde_json::from_value(serde_json::to_value(filter).ok()?).ok()
}

/// Which tier those of a segment are of.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierRuleBody {
    /// Key of an enum field of customers that is searchable by its exact value.
    #[schema(min_length = 1, max_length = 64)]
    field: String,
    /// One of its choices.
    #[schema(min_length = 1, max_length = 64)]
    value: String,
    /// `set`: whoever applies it sets all; `propose`: somebody looks at each and names those who are set.
    #[schema(pattern = "^(set|propose)$")]
    mode: String,
    /// `hourly`, `daily` or `weekly`: how often a rule that sets works by itself, with the rights of whoever last changed the segment, as they are then; absent for never.
    #[schema(pattern = "^(hourly|daily|weekly)$")]
    schedule: Option<String>,
}

/// What came of a rule that works by itself.
#[derive(Serialize, ToSchema)]
pub struct TierRunBody {
    /// When it ran last; null before it has.
    at: Option<String>,
    /// Of so many the tier was set.
    changed: Option<u64>,
    /// So many might not be changed.
    skipped: Option<u64>,
    /// Why nothing was done: the code of a problem, or `not_allowed_any_more`, after which it does not run again before somebody changes the segment.
    failure: Option<String>,
    /// When it runs next.
    next_at: Option<DateTime<Utc>>,
}

impl TierRunBody {
    fn of(told: Option<&Value>, next_at: Option<DateTime<Utc>>) -> Self {
        let text = |name: &str| told?.get(name)?.as_str().map(str::to_owned);
        let number = |name: &str| told?.get(name)?.as_u64();
        Self {
            at: text("at"),
            changed: number("changed"),
            skipped: number("skipped"),
            failure: text("failure"),
            next_at,
        }
    }
}

impl TierRuleBody {
    fn into_rule(self) -> Option<TierRule> {
        let Self { field, value, mode, schedule } = self;
        let schedule = match schedule {
            None => None,
            Some(code) => Some(Schedule::from_code(&code)?),
        };
        Some(TierRule { field, value, mode: Mode::from_code(&mode)?, schedule })
    }
}

/// A segment to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSegmentBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Whether colleagues see it.
    #[serde(default)]
    shared: bool,
    /// What stands beside the fields; everybody when absent.
    filter: Option<FilterBody>,
    /// Values looked for, as in `q[...]` of the list: `province`, `company_prefix`.
    #[serde(default)]
    q: BTreeMap<String, String>,
    /// Which tier its customers are of.
    tier: Option<TierRuleBody>,
}

impl Body for NewSegmentBody {}

impl NewSegmentBody {
    /// The draft; `None` for a body that the schema had to refuse.
    pub fn into_draft(self) -> Option<SegmentDraft> {
        let Self { name, shared, filter, q, tier } = self;
        let filter = match filter {
            None => None,
            Some(filter) => Some(kept(filter)?),
        };
        let tier = match tier {
            None => None,
            Some(tier) => Some(Some(tier.into_rule()?)),
        };
        Some(SegmentDraft { name: Some(name), shared: Some(shared), filter, terms: Some(q), tier })
    }
}

/// A change of a segment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchSegmentBody {
    /// New name.
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Whether colleagues see it.
    #[schema(nullable = false)]
    shared: Option<bool>,
    /// New filter, replaced whole.
    #[schema(nullable = false)]
    filter: Option<FilterBody>,
    /// New values, replaced whole.
    #[schema(nullable = false)]
    q: Option<BTreeMap<String, String>>,
    /// New tier rule; `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TierRuleBody>)]
    tier: Option<Option<TierRuleBody>>,
}

impl Body for PatchSegmentBody {}

impl PatchSegmentBody {
    /// The draft; `None` for a body that the schema had to refuse.
    pub fn into_draft(self) -> Option<SegmentDraft> {
        let Self { name, shared, filter, q, tier } = self;
        let filter = match filter {
            None => None,
            Some(filter) => Some(kept(filter)?),
        };
        let tier = match tier {
            None => None,
            Some(None) => Some(None),
            Some(Some(tier)) => Some(Some(tier.into_rule()?)),
        };
        Some(SegmentDraft { name, shared, filter, terms: q, tier })
    }
}

/// A segment as the reader has it.
#[derive(Serialize, ToSchema)]
pub struct SegmentBody {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// Who made it.
    owner_id: Uuid,
    /// Whether colleagues see it.
    shared: bool,
    /// What stands beside the fields.
    #[schema(value_type = FilterBody)]
    filter: Value,
    /// Values looked for.
    q: BTreeMap<String, String>,
    /// Which tier its customers are of.
    tier: Option<TierRuleBody>,
    /// What came of its rule where that works by itself; null where it does not.
    tier_run: Option<TierRunBody>,
    /// How many of those whom the reader reaches match now, on whom a role of the reader shows every field that is looked at; null where that is not told.
    count: Option<i64>,
    /// Why it is not told: `field_hidden`, `segment_unusable` or `count_not_available`.
    count_unavailable: Option<&'static str>,
    /// Counts changes.
    version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// By whom.
    updated_by: Uuid,
}

impl From<SegmentView> for SegmentBody {
    fn from(view: SegmentView) -> Self {
        let SegmentView { row, saved, tier, count } = view;
        let told = |TierRule { field, value, mode, schedule }| TierRuleBody {
            field,
            value,
            mode: mode.as_str().to_owned(),
            schedule: schedule.map(|one| one.as_str().to_owned()),
        };
        let scheduled = tier.as_ref().is_some_and(|rule| rule.schedule.is_some());
        let tier_run = scheduled.then(|| TierRunBody::of(row.last_run.as_ref(), row.next_run_at));
        Self {
            id: row.id,
            name: row.name,
            owner_id: row.owner,
            shared: row.shared,
            filter: row.filter,
            q: saved.terms,
            tier: tier.map(told),
            tier_run,
            count: count.ok(),
            count_unavailable: count.err(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        }
    }
}

/// For the document.
pub fn segment_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2aa0", "name": "Shanghai, active", "owner_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "shared": false,
        "filter": {"stage": "customer"}, "q": {"province": "上海"}, "tier": null, "tier_run": null, "count": 42, "count_unavailable": null, "version": 1,
        "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z", "updated_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11"})
}
