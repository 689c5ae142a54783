//! Customers as they are stored: sealed values, wrapped keys, blind-index tags. Nothing here can open them.

mod bag;
mod collaborators;
mod gone;
mod hand_over;
mod list;
mod merge;
mod reader;
mod reindex;
mod tags;
mod versions;
mod write;

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::kernel::{CustomerId, DepartmentId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

pub(crate) use bag::mark_of;
pub use bag::{ByKey, SealedFields, SealedValue};
pub(crate) use collaborators::IN_FORCE;
pub use collaborators::{CollaboratorRow, collaborators, end_collaborations, put_collaborators};
pub use gone::{
    Tombstone, deleted_with_contact, find_on_file, keep_contacts, lock_any, lock_by_now, lock_on_file, tombstone,
};
pub use hand_over::{HandOver, HandOverRow, hand_over, insert_hand_over, lock_hand_over, lock_owned, note_hand_over};
pub(crate) use list::Where;
pub use list::{
    Alike, Archived, Filter, Ground, Order, SortKey, alike, by_ids, count, handed_over_from, ids, list, sharing,
};
pub use merge::{
    MergeRow, Whoever, copied_from, hide_merged, insert_merge, lock_merge, lock_whoever, merged_ids, merged_into,
    merged_rows, merges, move_requests, note_undone, share_holds, show_merged,
};
pub use reader::CustomerReader;
pub use reindex::{changed_since, next_ids, retag, total, without};
pub use tags::{TagRow, add_codes, find_tag, insert_tag, list_tags, lock_tag, put_codes, update_tag, usable_tags};
use versions::insert_versions;
pub use versions::{VersionRow, list_versions, scrub_versions};
pub use write::{
    archive, by_unique_tags, insert_tagged, lock, lock_free, lock_many, remove_tags, store_change, unique_taken,
};

/// One row of `customers`.
#[derive(Clone, Debug)]
pub struct CustomerRow {
    /// Its id.
    pub id: CustomerId,
    /// Counts changes; the ETag.
    pub version: i32,
    /// Stage code.
    pub stage: Option<String>,
    /// Where the customer came from.
    pub source: Option<String>,
    /// ISO 3166-2.
    pub region: Option<String>,
    /// The member of staff who answers for this customer.
    pub owner: Option<UserId>,
    /// The department that this customer belongs to.
    pub department: Option<DepartmentId>,
    /// The data subject restricted processing.
    pub restricted: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Who created it.
    pub created_by: Uuid,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Who last changed it.
    pub updated_by: Uuid,
    /// Version of the data key that seals the values.
    pub key_version: i32,
    /// The data key, wrapped by its bucket key.
    pub wrapped_key: Vec<u8>,
    /// The sealed values, packed.
    pub fields: SealedFields,
    /// Blind-index tags, 16 bytes each. Empty in a row that was read to be shown, not locked to be changed.
    pub tags: Vec<u8>,
    /// Codes of the purposes that the person has agreed to, in the same snapshot as the values; with an exclamation mark before it that of one which the
    /// person objects to. `None` where nobody asked: then neither an agreement nor the absence of an objection may be assumed.
    pub consents: Option<Vec<String>>,
    /// Since when it lies in the archive.
    pub shelved_at: Option<DateTime<Utc>>,
    /// Codes of the tags that the organisation put on it, in order.
    pub codes: Vec<String>,
    /// Who works on it beside its owner, in the same snapshot.
    pub collaborators: Vec<UserId>,
    /// It was deleted, and is not another customer by now. Never in a row that was read to be shown: nobody is shown what was deleted.
    pub deleted: bool,
}

/// How many columns [`COLUMNS`] and [`SHOWN`] have.
pub(crate) const WIDTH: usize = 21;

/// Whether it is wanted what the people who are read have agreed or objected to. A call that rests on neither does without it, and saves the look-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consents {
    /// For a call under a purpose that needs one, or that may be objected to.
    Wanted,
    /// For every other one.
    Unwanted,
}

/// Each purpose is looked up for itself: of a table that nobody has analysed yet a join expects so few rows that it goes through all of them for each
/// person. One that is agreed to by two channels stands there twice. A yes from before an opt-out does not count, and what the opt-out stops is objected
/// to; functions say which those are, as the rules written out here would be planned anew with every row that is locked.
macro_rules! consents {
    () => {
        "ARRAY(SELECT CASE s.state WHEN 'given' THEN s.purpose ELSE '!' || s.purpose END FROM consent_states s \
         WHERE s.organization_id = c.organization_id AND s.customer_id = c.id AND (s.state = 'given' \
         AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp()) \
         AND s.at >= (SELECT p.consents_from FROM purposes p WHERE p.organization_id = s.organization_id AND p.code = s.purpose) \
         AND NOT (c.had_opt_outs AND ended_by_opt_out(c.organization_id, c.id, s.purpose, s.at)) \
         OR s.state IN ('refused', 'withdrawn') AND s.channel = '*') \
         UNION ALL SELECT '!' || u.code FROM unnest(CASE WHEN c.had_opt_outs THEN purposes_stopped(c.organization_id, c.id) END) AS u (code))"
    };
}

/// The database notes on the row whether it ever had a tag, a collaborator or an opt-out: whoever had none, as most, costs no look-up.
macro_rules! columns {
    ($sealed:literal, $tags:literal, $consents:expr, $deleted:literal) => {
        concat!(
            "c.id, c.version, c.stage, c.source, c.region, c.owner_id, c.department_id, c.restricted, c.created_at, c.created_by, \
             c.updated_at, c.updated_by, c.key_version, ",
            $sealed,
            ", ",
            $tags,
            ", ",
            $consents,
            ", c.shelved_at, CASE WHEN c.had_tags THEN ARRAY(SELECT g.code FROM customer_tags g \
             WHERE g.organization_id = c.organization_id AND g.customer_id = c.id ORDER BY g.code) ELSE '{}' END, \
             CASE WHEN c.had_collaborators THEN ARRAY(SELECT k.user_id FROM customer_collaborators k \
             WHERE k.organization_id = c.organization_id AND k.customer_id = c.id AND (k.ends_at IS NULL OR k.ends_at > clock_timestamp())) ELSE '{}' END, ",
            $deleted
        )
    };
}

/// A customer that is to be changed.
pub(crate) const COLUMNS: &str =
    columns!("c.wrapped_key, c.fields", "c.tags", consents!(), "c.archived_at IS NOT NULL AND c.merged_into IS NULL");

/// A customer that is to be shown: without its tags, which are a fifth of the row.
pub(crate) const fn shown(consents: Consents) -> &'static str {
    match consents {
        Consents::Wanted => columns!("c.wrapped_key, c.fields", "''::bytea", consents!(), "false"),
        Consents::Unwanted => columns!("c.wrapped_key, c.fields", "''::bytea", "NULL::text[]", "false"),
    }
}

/// A customer about whom a decision is made and of whom no value is opened: without all that is sealed, which is nearly the whole row.
pub(crate) const fn bare(consents: Consents) -> &'static str {
    match consents {
        Consents::Wanted => columns!("''::bytea, ''::bytea", "''::bytea", consents!(), "false"),
        Consents::Unwanted => columns!("''::bytea, ''::bytea", "''::bytea", "NULL::text[]", "false"),
    }
}

impl From<&Row> for CustomerRow {
    fn from(row: &Row) -> Self {
        Self {
            id: CustomerId::from(row.get::<_, Uuid>(0)),
            version: row.get(1),
            stage: row.get(2),
            source: row.get(3),
            region: row.get(4),
            owner: row.get::<_, Option<Uuid>>(5).map(UserId::from),
            department: row.get::<_, Option<Uuid>>(6).map(DepartmentId::from),
            restricted: row.get(7),
            created_at: row.get(8),
            created_by: row.get(9),
            updated_at: row.get(10),
            updated_by: row.get(11),
            key_version: row.get(12),
            wrapped_key: row.get(13),
            fields: SealedFields::from_packed(row.get(14)),
            tags: row.get(15),
            consents: row.get(16),
            shelved_at: row.get(17),
            codes: row.get(18),
            collaborators: row.get::<_, Vec<Uuid>>(19).into_iter().map(UserId::from).collect(),
            deleted: row.get(20),
        }
    }
}

/// A scope as SQL: the only place where one becomes a WHERE clause. `$1` is the organisation; `first` is the number of its own first parameter.
pub(crate) struct ScopeSql {
    /// Whom the scope covers: those of `whose` and those of `named`.
    pub clause: String,
    /// Covered for whose they are: an owner's, a department's, a region's.
    pub whose: String,
    /// Covered one by one, if any are: somebody collaborates on them, or a grant names them.
    pub named: Option<String>,
    owner: Option<Uuid>,
    departments: Vec<Uuid>,
    regions: Vec<String>,
    customers: Vec<Uuid>,
}

impl ScopeSql {
    /// `scope.department_trees` must have been resolved to departments by the caller of this crate; see [`resolve_trees`].
    pub(crate) fn new(scope: &RowScope, first: usize) -> Self {
        let (mut whose, mut named, mut next) = (Vec::new(), Vec::new(), first..);
        let mut place = || format!("${}", next.next().unwrap_or_default());
        let narrowed = !scope.everything;
        if narrowed && scope.owner.is_some() {
            let owner = place();
            whose.push(format!("c.owner_id = {owner}"));
            named.push(collaborating(&owner));
        }
        if narrowed && !scope.departments.is_empty() {
            whose.push(format!("c.department_id = ANY({})", place()));
        }
        if narrowed && !scope.regions.is_empty() {
            whose.push(format!("c.region = ANY({})", place()));
        }
        if narrowed && !scope.customers.is_empty() {
            named.push(format!("c.id = ANY({})", place()));
        }
        let any = |parts: &[String]| (!parts.is_empty()).then(|| format!("({})", parts.join(" OR ")));
        let none = || scope.everything.to_string();
        Self {
            clause: any(&[whose.as_slice(), &named].concat()).unwrap_or_else(none),
            whose: any(&whose).unwrap_or_else(none),
            named: any(&named),
            owner: scope.owner.filter(|_| narrowed).map(|o| o.uuid()),
            departments: scope.departments.iter().filter(|_| narrowed).map(|d| d.uuid()).collect(),
            regions: scope.regions.iter().filter(|_| narrowed).cloned().collect(),
            customers: scope.customers.iter().filter(|_| narrowed).map(|c| c.uuid()).collect(),
        }
    }

    /// Adds the parameters in the order in which the clause numbers them.
    pub(crate) fn push_params<'a>(&'a self, params: &mut Vec<&'a (dyn tokio_postgres::types::ToSql + Sync)>) {
        if let Some(owner) = &self.owner {
            params.push(owner)
        }
        if !self.departments.is_empty() {
            params.push(&self.departments)
        }
        if !self.regions.is_empty() {
            params.push(&self.regions)
        }
        if !self.customers.is_empty() {
            params.push(&self.customers)
        }
    }
}

/// Of customers that somebody works on beside their owner. An array that is made first: it is then looked up by index, also in an OR.
fn collaborating(user: &str) -> String {
    format!(
        "c.id = ANY(ARRAY(SELECT k.customer_id FROM customer_collaborators k \
         WHERE k.organization_id = $1 AND k.user_id = {user} AND {IN_FORCE}))"
    )
}

/// Replaces trees by the departments below them. `path_of` lists every department with its path from the root, itself included.
pub fn resolve_trees<'a>(
    mut scope: RowScope,
    paths: impl Iterator<Item = (DepartmentId, &'a [DepartmentId])>,
) -> RowScope {
    for (department, path) in paths {
        if scope.department_trees.iter().any(|root| path.contains(root)) && !scope.departments.contains(&department) {
            scope.departments.push(department);
        }
    }
    scope.department_trees.clear();
    scope
}
