//! Whether the tables of the log are guarded as they were migrated: rights, row-level security, triggers.

use tokio_postgres::Client;

use crate::{Database, DbError};

/// The tables of the log, what the server may do with each, whether rows are fenced by organisation, and whether they are only added to.
const TABLES: [(&str, &[&str], bool, bool); 11] = [
    ("audit_bundles", &["INSERT", "SELECT", "UPDATE"], true, false),
    ("audit_entries", &["INSERT", "SELECT"], true, true),
    ("audit_heads", &["INSERT", "SELECT", "UPDATE"], false, false),
    ("audit_log_cosignatures", &["INSERT", "SELECT"], false, false),
    ("audit_log_head", &["SELECT", "UPDATE"], false, false),
    ("audit_log_leaves", &["INSERT", "SELECT"], false, true),
    ("audit_log_tiles", &["INSERT", "SELECT", "UPDATE"], false, false),
    ("audit_queue", &["DELETE", "INSERT", "SELECT"], false, false),
    ("audit_set_aside", &["INSERT", "SELECT"], false, true),
    ("audit_subjects", &["INSERT", "SELECT"], true, true),
    ("audit_tiles", &["INSERT", "SELECT", "UPDATE"], true, false),
];
const SERVER: &str = "custodian_server";
const POLICY: &str = "(organization_id = (NULLIF(current_setting('app.organization_id'::text, true), ''::text))::uuid)";
const REFUSAL: &str = "RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'insufficient_privilege';";

/// A table as the catalog has it.
struct Table {
    name: String,
    parent: Option<String>,
    fenced: bool,
    rules: bool,
    /// Rights of others than the owner: grantee and right.
    rights: Vec<(String, String)>,
    /// Name, condition.
    policies: Vec<(String, String)>,
    /// Name and how it is enabled; A is always.
    triggers: Vec<(String, String)>,
}

/// What differs from the migrations, a sentence for each; nothing when all is as it should be. Rights to read are not looked at.
pub async fn guards(db: &Database) -> Result<Vec<String>, DbError> {
    let client = db.client().await?;
    let tables = tables(&client).await?;
    let mut faults = Vec::new();
    for (name, rights, fenced, append_only) in TABLES {
        match tables.iter().find(|table| table.name == name) {
            None => faults.push(format!("The table {name} is gone.")),
            Some(table) => compare(table, rights, fenced, append_only, &mut faults),
        }
        for part in tables.iter().filter(|table| table.parent.as_deref() == Some(name)) {
            compare(part, &[], fenced, append_only, &mut faults);
        }
    }
    let body =
        "SELECT prosrc FROM pg_proc WHERE proname = 'audit_refuse_change' AND pronamespace = 'public'::regnamespace";
    let body: Option<String> = client.query_opt(body, &[]).await?.map(|row| row.get(0));
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if body.map(words) != Some(format!("BEGIN {REFUSAL} END")) {
        faults.push("The function audit_refuse_change does not refuse.".to_owned());
    }
    Ok(faults)
}

fn compare(table: &Table, rights: &[&str], fenced: bool, append_only: bool, faults: &mut Vec<String>) {
    let name = &table.name;
    for (grantee, right) in table.rights.iter().filter(|(_, right)| right != "SELECT") {
        if grantee != SERVER || !rights.contains(&right.as_str()) {
            faults.push(format!("{grantee} may {right} on {name}."));
        }
    }
    for right in rights {
        if !table.rights.iter().any(|(grantee, held)| grantee == SERVER && held == right) {
            faults.push(format!("{SERVER} may not {right} on {name}."));
        }
    }
    if fenced
        && !(table.fenced
            && matches!(table.policies.as_slice(), [(policy, text)] if policy == "organization" && text == POLICY))
    {
        faults.push(format!("{name} is not fenced by organisation as it was."));
    }
    if table.rules {
        faults.push(format!("{name} has rewrite rules."));
    }
    let mut expected: Vec<&str> = if append_only { vec!["audit_append_only"] } else { Vec::new() };
    if append_only && table.parent.is_none() {
        expected.push("audit_no_truncate");
    }
    for wanted in &expected {
        match table.triggers.iter().find(|(trigger, _)| trigger == wanted) {
            None => faults.push(format!("{name} has lost its trigger {wanted}.")),
            Some((_, enabled)) if enabled != "A" => {
                faults.push(format!("The trigger {wanted} of {name} is turned off."))
            }
            Some(_) => {}
        }
    }
    for (other, _) in table.triggers.iter().filter(|(trigger, _)| !expected.contains(&trigger.as_str())) {
        faults.push(format!("{name} has a trigger {other} that is not ours."));
    }
}

async fn tables(client: &Client) -> Result<Vec<Table>, DbError> {
    const SQL: &str = "SELECT c.relname::text, p.relname::text, c.relrowsecurity AND c.relforcerowsecurity, EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid), \
         coalesce((SELECT array_agg(CASE a.grantee WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(a.grantee)::text END || ' ' || a.privilege_type ORDER BY 1) \
           FROM (SELECT * FROM aclexplode(c.relacl) UNION ALL SELECT x.* FROM pg_attribute t, aclexplode(t.attacl) x WHERE t.attrelid = c.oid) a \
           WHERE a.grantee <> c.relowner), '{}'), \
         coalesce((SELECT array_agg(l.polname || ' ' || pg_get_expr(l.polqual, l.polrelid)) FROM pg_policy l WHERE l.polrelid = c.oid), '{}'), \
         coalesce((SELECT array_agg(g.tgname || ' ' || g.tgenabled::text) FROM pg_trigger g WHERE g.tgrelid = c.oid AND \
           (NOT g.tgisinternal OR g.tgparentid <> 0)), '{}') \
         FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent \
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname LIKE 'audit\\_%' ORDER BY 1";
    let pairs = |texts: Vec<String>| -> Vec<(String, String)> {
        texts.iter().filter_map(|text| text.split_once(' ')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    };
    let rows = client.query(SQL, &[]).await?;
    let table = |row: &tokio_postgres::Row| Table {
        name: row.get(0),
        parent: row.get(1),
        fenced: row.get(2),
        rules: row.get(3),
        rights: pairs(row.get(4)),
        policies: pairs(row.get(5)),
        triggers: pairs(row.get(6)),
    };
    Ok(rows.iter().map(table).collect())
}
