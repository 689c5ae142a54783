//! Guards taken off the tables of the log: rights, fences, triggers.

use crate::audit::scene::{Scene, whole};
use crate::dev::program::superuser;
use crate::support::own_instance;

/// What is done, how it is undone, and what is said.
const CASES: [(&str, &str, &str); 14] = [
    (
        "ALTER TABLE audit_entries DISABLE TRIGGER audit_append_only",
        "ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_append_only",
        "The trigger audit_append_only of audit_entries is turned off.",
    ),
    (
        "ALTER TABLE audit_entries_default DISABLE TRIGGER ALL",
        "ALTER TABLE audit_entries_default ENABLE ALWAYS TRIGGER audit_append_only",
        "The trigger audit_append_only of audit_entries_default is turned off.",
    ),
    (
        "ALTER TABLE audit_log_leaves ENABLE TRIGGER audit_no_truncate",
        "ALTER TABLE audit_log_leaves ENABLE ALWAYS TRIGGER audit_no_truncate",
        "The trigger audit_no_truncate of audit_log_leaves is turned off.",
    ),
    (
        "DROP TRIGGER audit_append_only ON audit_set_aside",
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_set_aside FOR EACH ROW EXECUTE FUNCTION audit_refuse_change(); \
         ALTER TABLE audit_set_aside ENABLE ALWAYS TRIGGER audit_append_only",
        "audit_set_aside has lost its trigger audit_append_only.",
    ),
    (
        "CREATE TRIGGER other BEFORE INSERT ON audit_queue FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()",
        "DROP TRIGGER other ON audit_queue",
        "audit_queue has a trigger other that is not ours.",
    ),
    (
        "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'insufficient_privilege'; END $$",
        "The function audit_refuse_change does not refuse.",
    ),
    (
        "GRANT DELETE ON audit_entries TO custodian_server",
        "REVOKE DELETE ON audit_entries FROM custodian_server",
        "custodian_server may DELETE on audit_entries.",
    ),
    (
        "GRANT UPDATE ON audit_log_leaves TO PUBLIC",
        "REVOKE UPDATE ON audit_log_leaves FROM PUBLIC",
        "everybody may UPDATE on audit_log_leaves.",
    ),
    (
        "GRANT UPDATE (entry) ON audit_entries TO custodian_app",
        "REVOKE UPDATE (entry) ON audit_entries FROM custodian_app",
        "custodian_app may UPDATE on audit_entries.",
    ),
    (
        "GRANT INSERT ON audit_entries_default TO custodian_server",
        "REVOKE INSERT ON audit_entries_default FROM custodian_server",
        "custodian_server may INSERT on audit_entries_default.",
    ),
    (
        "REVOKE INSERT ON audit_set_aside FROM custodian_server",
        "GRANT INSERT ON audit_set_aside TO custodian_server",
        "custodian_server may not INSERT on audit_set_aside.",
    ),
    (
        "ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY",
        "audit_entries is not fenced by organisation as it was.",
    ),
    (
        "CREATE POLICY other ON audit_tiles USING (true)",
        "DROP POLICY other ON audit_tiles",
        "audit_tiles is not fenced by organisation as it was.",
    ),
    (
        "CREATE RULE quiet AS ON DELETE TO audit_queue DO INSTEAD NOTHING",
        "DROP RULE quiet ON audit_queue",
        "audit_queue has rewrite rules.",
    ),
];

#[tokio::test]
async fn each_guard_that_is_taken_off_is_found() {
    let service = own_instance(&[]);
    let sql = superuser(&service.data_dir).await;
    // Somebody who may only read is nobody's concern.
    sql.batch_execute("CREATE ROLE reader; GRANT SELECT ON audit_entries, audit_log_leaves TO reader").await.unwrap();
    assert_eq!(whole(&service).await.findings, []);
    for (done, undone, says) in CASES {
        sql.batch_execute(done).await.unwrap();
        let found = whole(&service).await.findings;
        assert!(found.iter().any(|found| found.code == "guards" && found.says == says), "{done}: {found:#?}");
        sql.batch_execute(undone).await.unwrap();
        assert_eq!(whole(&service).await.findings, [], "after {undone}");
    }
}

#[tokio::test]
async fn the_owner_cannot_change_the_log_by_mistake() {
    let service = own_instance(&[]);
    let sql = Scene::with(&service, 1).await.sql;
    for statement in [
        "UPDATE audit_entries SET verdict = 'allowed'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "SET session_replication_role = replica; DELETE FROM audit_entries",
        "SET session_replication_role = replica; DELETE FROM audit_log_leaves",
        "TRUNCATE audit_log_leaves",
    ] {
        let refused = sql.batch_execute(statement).await.expect_err(statement);
        assert!(format!("{refused:?}").contains("the audit log is only added to"), "{statement}: {refused:?}");
    }
}
