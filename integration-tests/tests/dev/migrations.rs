//! The schema: taken back and put up again, it is the same.

use uuid::Uuid;

use super::program::{differing, dump, run, settings_of, superuser};
use crate::support::{Org, own_instance};

#[tokio::test]
async fn down_and_up_again_is_the_same_schema() {
    let service = own_instance(&[]);
    let folder = service.data_dir.clone();
    let settings = settings_of(&service);
    let owner = service.settings.owner_database_url.clone().unwrap().into_inner();
    let settings = differing(&settings, &[("CUSTODIAN_OWNER_DATABASE_URL", &owner)]);
    let before = dump(&folder, &["--schema-only"]).await;
    assert!(String::from_utf8_lossy(&before).contains("CREATE TABLE public.audit_entries"));
    let (code, printed, said) = run(&["migrate"], &settings);
    assert!(code == 0 && printed.contains("0 migration(s) applied"), "{printed}{said}");
    let (code, printed, said) = run(&["migrate", "--down", "1000"], &settings);
    assert_eq!(code, 0, "{printed}{said}");
    let left = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%migration%'";
    let left: Option<String> = superuser(&folder).await.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!(left, None, "tables that no migration takes back");
    let (code, printed, said) = run(&["migrate"], &settings);
    assert_eq!(code, 0, "{printed}{said}");
    let after = dump(&folder, &["--schema-only"]).await;
    assert_eq!(String::from_utf8_lossy(&after), String::from_utf8_lossy(&before));
}

#[tokio::test]
async fn of_two_jobs_under_way_for_one_field_the_newer_decides_after_an_upgrade_and_looks_at_everybody() {
    const JOB: &str = "WITH job AS (INSERT INTO jobs (organization_id, id, kind, state, created_by, created_at) \
            VALUES ($1, $2, 'catalog_rebuild', 'running', $2, now())), \
        due AS (INSERT INTO job_queue (job_id, organization_id, kind, due_at) VALUES ($2, $1, 'catalog_rebuild', now() + interval '1 hour')) \
        INSERT INTO catalog_rebuilds (organization_id, job_id, key, after_id, since) VALUES ($1, $2, 'wechat', $2, now() - make_interval(hours => $3))";
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let owner = service.settings.owner_database_url.clone().unwrap().into_inner();
    let settings = settings_of(&service);
    let settings = differing(&settings, &[("CUSTODIAN_OWNER_DATABASE_URL", &owner)]);
    let sql = superuser(&service.data_dir).await;
    let since = "SELECT count(*) FROM schema_migrations WHERE name >= '20261124130100'";
    let steps: i64 = sql.query_one(since, &[]).await.unwrap().get(0);
    let (code, printed, said) = run(&["migrate", "--down", &steps.to_string()], &settings);
    assert_eq!(code, 0, "{printed}{said}");
    let (older, newer) = (Uuid::from_u128(2), Uuid::from_u128(1));
    for (job, hours) in [(older, 2), (newer, 1)] {
        sql.execute(JOB, &[&org.id, &job, &hours]).await.unwrap();
    }
    let (code, printed, said) = run(&["migrate"], &settings);
    assert_eq!(code, 0, "{printed}{said}");
    let kept = "SELECT job_id, builds, after_id FROM catalog_rebuilds WHERE organization_id = $1 ORDER BY since";
    let rows = sql.query(kept, &[&org.id]).await.unwrap();
    let kept: Vec<(Uuid, bool, Uuid)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(kept, [(older, false, older), (newer, true, Uuid::nil())]);
}
