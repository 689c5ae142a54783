//! Row-level security as the second wall: one pooled connection, two organisations, panics and time-outs, and never a foreign row.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use custodian_domain::kernel::{DepartmentId, OrganizationId};
use custodian_persistence::checks::{visible_organizations, visible_outside};
use custodian_persistence::{Database, DatabaseSettings, Work, departments};
use uuid::Uuid;

use crate::support::{Org, shared};

/// How many requests are made, whatever time they take; `FOREIGN_ROWS_REQUESTS` sets another number.
const REQUESTS: u64 = 100_000;
/// Pools of one connection each, side by side: each is shared by both organisations.
const POOLS: usize = 4;
/// Callers who want the one connection of a pool.
const TASKS: u64 = 8;

/// What may befall a request while it holds the only connection.
async fn request(db: &Database, organization: Uuid, taken: Uuid, draw: u64) -> Option<Vec<Uuid>> {
    let work = Work::begin(db, OrganizationId::from(organization)).await.ok()?;
    let seen = visible_organizations(&work).await.ok()?;
    match draw % 64 {
        // A panic without a word: the hook that prints is not asked.
        0 => std::panic::resume_unwind(Box::new("a request panics with the connection in its hands")),
        1 => drop(work),
        // The transaction fails, and its commit takes everything back.
        2..6 => {
            let again =
                departments::insert(&work, DepartmentId::from(taken), None, "twice", chrono::DateTime::UNIX_EPOCH)
                    .await;
            assert!(again.is_err(), "the department exists");
            drop(work.commit().await);
        }
        6..10 => {
            work.savepoint().await.ok()?;
            work.rollback_to_savepoint().await.ok()?;
            work.commit().await.ok()?;
        }
        even if even % 2 == 0 => work.commit().await.ok()?,
        _ => work.abandon().await,
    }
    Some(seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_shared_by_two_organisations_shows_no_foreign_row() {
    let service = shared();
    let (one, other) = (Org::found().await, Org::found().await);
    for org in [&one, &other] {
        org.customer_of(&org.admin().await).await;
    }
    let url = service.settings.database_url.expose().clone();
    let pool = || Database::new(&DatabaseSettings { url: url.clone(), ca_file: None, pool_size: 1 }).unwrap();
    let pools: Vec<Database> = (0..POOLS).map(|_| pool()).collect();
    let tenants = [(one.id, one.department_id("Sales")), (other.id, other.department_id("Sales"))];
    let wanted: u64 = std::env::var("FOREIGN_ROWS_REQUESTS").map_or(REQUESTS, |text| text.parse().unwrap());
    let tally = Tally::default();
    let callers =
        pools.iter().enumerate().flat_map(|(at, db)| (0..TASKS).map(move |task| (at as u64 * TASKS + task, db)));
    let callers = callers.map(|(number, db)| call(db, tenants, number + 1, wanted, &tally));
    futures_util::future::join_all(callers).await;
    let (answered, cut) = (tally.answered.into_inner(), tally.cut.into_inner());
    assert_eq!(answered + cut, wanted);
    assert!(answered > wanted / 2 && cut > wanted / 100, "too few to tell: {answered} answered, {cut} cut short");
}

/// What became of the requests.
#[derive(Default)]
struct Tally {
    made: AtomicU64,
    answered: AtomicU64,
    cut: AtomicU64,
}

/// Makes requests for the one organisation or the other until enough were made by all.
async fn call(db: &Database, tenants: [(Uuid, Uuid); 2], seed: u64, wanted: u64, tally: &Tally) {
    let mut draw = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while tally.made.fetch_add(1, Ordering::Relaxed) < wanted {
        // xorshift: the same draws in every run.
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        let (organization, taken) = tenants[usize::from(draw & 64 != 0)];
        let (pool, fate) = (db.clone(), draw >> 8);
        let running = tokio::spawn(async move { request(&pool, organization, taken, fate).await });
        // One in thirty-two is given up wherever it happens to stand.
        let patience = if draw & 31 == 0 { Duration::from_micros(draw >> 16 & 4095) } else { Duration::from_secs(10) };
        let abort = running.abort_handle();
        match tokio::time::timeout(patience, running).await {
            Ok(Ok(Some(seen))) => {
                assert_eq!(seen, [organization], "a foreign row");
                tally.answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => drop(tally.cut.fetch_add(1, Ordering::Relaxed)),
            Err(_) => {
                abort.abort();
                tally.cut.fetch_add(1, Ordering::Relaxed);
            }
        }
        if draw & 127 == 0 {
            assert_eq!(visible_outside(db).await.unwrap_or_default(), 0, "a connection kept its organisation");
        }
    }
}
