//! The schema: taken back and put up again, it is the same.

use super::program::{differing, dump, run, settings_of, superuser};
use crate::support::own_instance;

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
    let (code, printed, said) = run(&["migrate", "--down", "100"], &settings);
    assert_eq!(code, 0, "{printed}{said}");
    let left = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%migration%'";
    let left: Option<String> = superuser(&folder).await.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!(left, None, "tables that no migration takes back");
    let (code, printed, said) = run(&["migrate"], &settings);
    assert_eq!(code, 0, "{printed}{said}");
    let after = dump(&folder, &["--schema-only"]).await;
    assert_eq!(String::from_utf8_lossy(&after), String::from_utf8_lossy(&before));
}
