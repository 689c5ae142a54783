//! The data dictionary: what is kept, how closely it is guarded, why, and for how long.

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::catalog::CUSTOMER;
use custodian_domain::kernel::DomainError;
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::catalog::{self as stored, VersionMark};
use custodian_persistence::retention::{self, PolicyRow};

use super::load;
use super::types::{TypeView, all};
use super::view::{FieldView, of_type};
use crate::audit::{Detail, Draft};
use crate::{App, Call, purposes};

/// The whole catalog at one moment.
pub struct Dictionary {
    /// Counts the organisation's changes.
    pub version: i64,
    /// When it was taken away.
    pub at: DateTime<Utc>,
    /// The record types, those out of use among them.
    pub types: Vec<TypeLine>,
}

/// A record type.
pub struct TypeLine {
    /// The type.
    pub view: TypeView,
    /// Its fields, those in use first.
    pub fields: Vec<FieldLine>,
}

/// A field with what uses it.
pub struct FieldLine {
    /// The field.
    pub view: FieldView,
    /// Purposes in force that use it: those that list it, those that list no field at all, and those that the field itself names.
    pub purposes: Vec<UsedBy>,
    /// Policies in force after which it goes, with the customer that it belongs to.
    pub policies: Vec<PolicyRow>,
    /// What each version changed since the organisation made or first changed it, oldest first.
    pub versions: Vec<VersionMark>,
}

/// A purpose that uses a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedBy {
    /// Its code.
    pub code: String,
    /// For how many days the purpose keeps what it uses; `None` where another measure decides.
    pub retention_days: Option<u32>,
}

/// Every record type and field, in use or not, with the purposes that use it, the retention that applies and its versions: for who may read all
/// three.
pub async fn export(app: &App, call: &Call) -> Result<Dictionary, DomainError> {
    for permission in [Permission::RetentionRead, Permission::CatalogRead, Permission::PurposesRead] {
        call.needs(permission)?;
    }
    let dictionary = app.reading(call.organization(), async |work| dictionary(app, work).await).await?;
    let count: usize = dictionary.types.iter().map(|one| one.fields.len()).sum();
    let draft =
        Draft::of(Action::CatalogExport).with("fields", Detail::Count(u32::try_from(count).unwrap_or(u32::MAX)));
    app.record_read(call, draft).await?;
    Ok(dictionary)
}

async fn dictionary(app: &App, work: &Work) -> Result<Dictionary, DomainError> {
    let (catalog, rows) = (load(work).await?, stored::fields(work).await?);
    let purposes = purposes::active(work).await?;
    let policies: Vec<PolicyRow> = retention::list_policies(work, true).await?;
    let marks = stored::all_versions(work).await?;
    let line = |view: FieldView| {
        let versions = marks.iter().filter(|mark| mark.record_type == view.record_type && mark.key == view.field.key);
        FieldLine {
            purposes: used_by(&purposes, &view),
            policies: policies.iter().filter(|policy| speaks_of(policy, &view)).cloned().collect(),
            versions: versions.cloned().collect(),
            view,
        }
    };
    let mut types = Vec::new();
    for view in all(work).await? {
        let of = catalog.record_type(view.record_type.code).ok_or(DomainError::NotFound)?;
        let fields = of_type(of, &rows, false).into_iter().chain(of_type(of, &rows, true));
        types.push(TypeLine { fields: fields.map(line).collect(), view });
    }
    Ok(Dictionary { version: catalog.version, at: app.now(), types })
}

/// Whether a policy in force may take a value of a field away: one about its type, and about all fields or this one.
fn speaks_of(policy: &PolicyRow, view: &FieldView) -> bool {
    // What is about customers takes what hangs on them along; a part of them it does not.
    let whole = policy.record_type.is_none() && policy.field.is_none();
    let of_type = policy.record_type.as_deref().unwrap_or(CUSTOMER) == view.record_type;
    whole || (of_type && policy.field.as_deref().is_none_or(|key| key == view.field.key))
}

fn used_by(purposes: &[(String, Purpose)], view: &FieldView) -> Vec<UsedBy> {
    let uses = |(code, purpose): &&(String, Purpose)| {
        // A purpose that lists no fields speaks of the customer's own.
        let listed = purpose
            .fields
            .as_ref()
            .map_or(view.record_type == CUSTOMER, |names| names.iter().any(|name| name == view.field.name));
        !view.retired && (listed || view.field.purposes.contains(code))
    };
    let used =
        |(code, purpose): &(String, Purpose)| UsedBy { code: code.clone(), retention_days: purpose.retention_days };
    purposes.iter().filter(uses).map(used).collect()
}
