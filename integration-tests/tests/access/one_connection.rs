//! Row-level security as the second wall: one pooled connection, two organisations, panics and time-outs, and never a foreign row.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use custodian_domain::kernel::{DepartmentId, OrganizationId};
use custodian_persistence::checks::{visible_organizations, visible_outside};
use custodian_persistence::{Database, DatabaseSettings, Work, departments};
use uuid::Uuid;

use crate::support::{Org, shared};

/// `FOREIGN_ROWS_REQUESTS` sets how many requests are made whatever time they take; without it, as many of this number as fit into [`TIME`].
const REQUESTS: u64 = 100_000;
const TIME: Duration = Duration::from_secs(20);
const TASKS: u64 = 16;

/// What may befall a request while it holds the only connection.
async fn request(db: &Database, organization: Uuid, taken: Uuid, draw: u64) -> Option<Vec<Uuid>> {
    let work = Work::begin(db, OrganizationId::from(organization)).await.ok()?;
    let seen = visible_organizations(&work).await.ok()?;
    match draw % 16 {
        // A panic without a word: the hook that prints is not asked.
        0 => std::panic::resume_unwind(Box::new("a request panics with the connection in its hands")),
        1 => drop(work),
        // The transaction fails, and its commit takes everything back.
        2 => {
            let again =
                departments::insert(&work, DepartmentId::from(taken), None, "twice", chrono::DateTime::UNIX_EPOCH)
                    .await;
            assert!(again.is_err(), "the department exists");
            drop(work.commit().await);
        }
        3 => {
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
    let db = Database::new(&DatabaseSettings { url, ca_file: None, pool_size: 1 }).unwrap();
    let tenants = [(one.id, one.department_id("Sales")), (other.id, other.department_id("Sales"))];
    let wanted: Option<u64> = std::env::var("FOREIGN_ROWS_REQUESTS").ok().map(|text| text.parse().unwrap());
    let (begun, made, answered, cut) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let going = || match wanted {
        Some(all) => made.load(Ordering::Relaxed) < all,
        None => made.load(Ordering::Relaxed) < REQUESTS && begun.elapsed() < TIME,
    };
    let tasks = (0..TASKS).map(|task| {
        let (db, going, made, answered, cut) = (db.clone(), &going, &made, &answered, &cut);
        async move {
            let mut draw = task.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            while going() {
                made.fetch_add(1, Ordering::Relaxed);
                // xorshift: the same draws in every run.
                draw ^= draw << 13;
                draw ^= draw >> 7;
                draw ^= draw << 17;
                let (organization, taken) = tenants[usize::from(draw & 64 != 0)];
                let (pool, fate) = (db.clone(), draw >> 8);
                let running = tokio::spawn(async move { request(&pool, organization, taken, fate).await });
                // One in eight is given up wherever it happens to stand.
                let patience =
                    if draw & 7 == 0 { Duration::from_micros(draw >> 16 & 2047) } else { Duration::from_secs(10) };
                let abort = running.abort_handle();
                match tokio::time::timeout(patience, running).await {
                    Ok(Ok(Some(seen))) => {
                        assert_eq!(seen, [organization], "a foreign row");
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(_) => drop(cut.fetch_add(1, Ordering::Relaxed)),
                    Err(_) => {
                        abort.abort();
                        cut.fetch_add(1, Ordering::Relaxed);
                    }
                }
                if draw & 127 == 0 {
                    assert_eq!(visible_outside(&db).await.unwrap_or_default(), 0, "a connection kept its organisation");
                }
            }
        }
    });
    futures_util::future::join_all(tasks).await;
    let (answered, cut) = (answered.into_inner(), cut.into_inner());
    assert!(answered > 500 && cut > 50, "too few to tell: {answered} answered, {cut} cut short");
}
