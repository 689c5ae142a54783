//! The lines of a campaign: every account, every role held, every key, every right given for a while, with last use and what stands out.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::access_reviews::{Flag, LineKind, SHARED_FROM, most_at_once, unused};
use custodian_domain::kernel::{DomainError, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::{self, GrantRow};
use custodian_persistence::access_reviews::{LineRow, Used, sessions_since, used_since};
use custodian_persistence::api_keys::{self, ApiKeyRow};
use custodian_persistence::users::{self, UserFilter, UserRow};
use custodian_persistence::{Work, roles as stored_roles};
use uuid::Uuid;

use crate::App;
use crate::roles::{Known, all_roles};

/// The most accounts, and the most keys, of a campaign.
const MOST: i64 = 100_000;

struct Gathering {
    used: HashMap<Uuid, Used>,
    at_once: HashMap<Uuid, usize>,
    known: Known,
    managers: Vec<Uuid>,
    creator: Uuid,
    since: DateTime<Utc>,
}

/// Every line of a campaign begun now by `creator`, looking back over `window`.
pub(super) async fn gather(
    app: &App,
    work: &Work,
    creator: UserId,
    now: DateTime<Utc>,
    window: TimeDelta,
) -> Result<Vec<LineRow>, DomainError> {
    let since = now - window;
    let used = used_since(work, first_id_of(since)).await?.into_iter().collect();
    let mut spans: HashMap<Uuid, Vec<_>> = HashMap::new();
    for (user, from, until) in sessions_since(work, since).await? {
        spans.entry(user).or_default().push((from, until));
    }
    let at_once = spans.into_iter().map(|(user, spans)| (user, most_at_once(&spans))).collect();
    let known = all_roles(work).await?;
    let manages =
        |code: &String| known.get(code).is_some_and(|role| role.permissions.contains(&Permission::AccessReviewsManage));
    let holders = stored_roles::holders(work, None).await?;
    let managers = holders.iter().filter(|one| one.state == "active" && one.roles.iter().any(manages));
    let managers = managers.map(|one| one.user.uuid()).collect();
    let gathering = Gathering { used, at_once, known, managers, creator: creator.uuid(), since };
    let people = users::list(work, &UserFilter::default(), None, MOST).await?;
    let supervisor_of =
        |user: &UserRow| user.supervisor.filter(|id| people.iter().any(|one| one.id == *id && one.state == "active"));
    let mut lines = Vec::new();
    for user in people.iter().filter(|user| matches!(user.state.as_str(), "active" | "suspended" | "invited")) {
        let supervisor = supervisor_of(user);
        lines.push(gathering.account(app, user, supervisor));
        lines.extend(user.roles.iter().map(|role| gathering.role(app, user, supervisor, role)));
    }
    let keys = api_keys::list(work, None, MOST).await?;
    lines.extend(keys.iter().filter(|(_, live)| *live).map(|(key, _)| gathering.key(app, key)));
    for grant in access_requests::grants_in_force(work).await? {
        let holder = people.iter().find(|user| user.id == grant.user);
        lines.extend(holder.map(|user| gathering.grant(app, &grant, supervisor_of(user))));
    }
    Ok(lines)
}

/// The least UUIDv7 of a moment.
fn first_id_of(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(millis << 80 | 0x7000_8000_0000_0000_0000)
}

fn time_of(id: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

impl Gathering {
    fn line(&self, app: &App, kind: LineKind, subject: Uuid, reviewer: Option<Uuid>) -> LineRow {
        LineRow {
            id: app.new_id(),
            kind: kind.as_str().to_owned(),
            subject,
            role: None,
            flags: Vec::new(),
            unused: Vec::new(),
            last_used_at: self.used.get(&subject).and_then(|used| used.last).and_then(time_of),
            reviewer,
            answer: None,
        }
    }

    /// The supervisor, else whoever began the campaign, else another who manages reviews: never the person.
    fn reviewer(&self, person: Uuid, supervisor: Option<UserId>) -> Option<Uuid> {
        let first = supervisor.map(|id| id.uuid()).into_iter().chain([self.creator]);
        first.chain(self.managers.iter().copied()).find(|one| *one != person)
    }

    fn account(&self, app: &App, user: &UserRow, supervisor: Option<UserId>) -> LineRow {
        let id = user.id.uuid();
        let mut line = self.line(app, LineKind::Account, id, self.reviewer(id, supervisor));
        let mut flag = |stands_out: bool, flag: Flag| line.flags.extend(stands_out.then(|| flag.as_str().to_owned()));
        // A new account has had no time to be used.
        flag(line.last_used_at.is_none() && user.created_at < self.since, Flag::Dormant);
        flag(supervisor.is_none() || user.department.is_none(), Flag::Orphaned);
        flag(self.at_once.get(&id).is_some_and(|count| *count >= SHARED_FROM), Flag::Shared);
        line
    }

    fn role(&self, app: &App, user: &UserRow, supervisor: Option<UserId>, code: &str) -> LineRow {
        let id = user.id.uuid();
        let mut line = self.line(app, LineKind::Role, id, self.reviewer(id, supervisor));
        let actions = self.used.get(&id).map(|used| used.actions.clone()).unwrap_or_default();
        let idle = self.known.get(code).map(|role| unused(role, &actions)).unwrap_or_default();
        if !idle.is_empty() {
            line.flags.push(Flag::OverPrivileged.as_str().to_owned());
        }
        line.unused = idle.iter().map(|permission| permission.code().to_owned()).collect();
        line.role = Some(code.to_owned());
        line
    }

    fn key(&self, app: &App, key: &ApiKeyRow) -> LineRow {
        let mut line = self.line(app, LineKind::Key, key.id.uuid(), self.reviewer(key.created_by, None));
        let actions = self.used.get(&key.id.uuid()).map(|used| used.actions.clone()).unwrap_or_default();
        let used = |code: &String| {
            let permission = Permission::from_code(code);
            permission
                .is_some_and(|one| actions.iter().any(|action| custodian_domain::access_reviews::is_use(one, action)))
        };
        line.unused = key.permissions.iter().filter(|code| !used(code)).cloned().collect();
        if line.last_used_at.is_none() && key.created_at < self.since {
            line.flags.push(Flag::Dormant.as_str().to_owned());
        }
        if !line.unused.is_empty() {
            line.flags.push(Flag::OverPrivileged.as_str().to_owned());
        }
        line
    }

    /// A right that was never used is one that was not needed.
    fn grant(&self, app: &App, grant: &GrantRow, supervisor: Option<UserId>) -> LineRow {
        let mut line = self.line(app, LineKind::Grant, grant.id, self.reviewer(grant.user.uuid(), supervisor));
        line.last_used_at = grant.first_used_at;
        line.flags.extend(grant.first_used_at.is_none().then(|| Flag::Dormant.as_str().to_owned()));
        line
    }
}
