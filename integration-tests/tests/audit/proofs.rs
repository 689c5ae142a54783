//! Proofs: what the service says of its log is recomputed by somebody who does not believe it.

use custodian_crypto::merkle::{leaf_hash, verify_consistency, verify_inclusion};
use custodian_crypto::note::{KeyKind, Note, VerifierKey, cosign};
use custodian_crypto::{SeededRandomness, SigningKey};
use serde_json::{Value, json};

use super::Ledger;
use super::reader::{hash, hashes, inclusion, keys, opened, proves, settled};
use super::scene::until;
use crate::customers::path;
use crate::support::{Org, customer, shared};

const MISSING: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

#[tokio::test]
async fn the_entry_that_an_answer_names_is_proven_under_the_published_key() {
    let org = Org::found().await;
    let (sales, auditor, keys) = (org.sales_a().await, org.auditor().await, keys(shared()).await);
    let id = org.customer_of(&sales).await;
    let mut ledger = Ledger::of(&org).await;
    let entry = sales.get(&path(&id)).await.shows(200).sent("audit-id");
    let written = ledger.only().await;
    assert_eq!((&written["id"], &written["action"]), (&json!(entry), &json!("customers.read")));
    let text = org.sql().await.query_one("SELECT entry FROM audit_entries WHERE id = $1::text::uuid", &[&entry]).await;
    let leaf = leaf_hash(text.unwrap().get(0));
    let proof = settled(&auditor, &inclusion(&entry)).await.shows(200);
    let checkpoint = proves(&keys, &proof, &leaf);
    assert!(checkpoint.origin.ends_with(&format!("/audit/{}", org.id)), "{}", checkpoint.origin);
    assert_eq!(proof.at("/entry_id"), json!(entry));
    let (place, hashes) = (proof.at("/place").as_u64().unwrap(), hashes(&proof.at("/hashes")));
    let refused = |place, leaf, hashes: &[[u8; 32]]| {
        verify_inclusion(place, checkpoint.size, &leaf, hashes, &checkpoint.root).is_err()
    };
    assert!(refused(place, leaf_hash(b"another entry"), &hashes));
    assert!(refused(place ^ 1, leaf, &hashes));
    assert!(refused(place, leaf, &hashes[1..]));
}

#[tokio::test]
async fn the_log_is_shown_to_have_only_grown() {
    let org = Org::found().await;
    let (auditor, keys) = (org.auditor().await, keys(shared()).await);
    let early = settled(&auditor, "/v1/audit/checkpoint").await.shows(200);
    assert!(early.sent("content-type").starts_with("text/plain"));
    let early = opened(&keys, early.text());
    let last = auditor.get("/v1/me").await.shows(200).sent("audit-id");
    settled(&auditor, &inclusion(&last)).await.shows(200);
    let late = opened(&keys, auditor.get("/v1/audit/checkpoint").await.shows(200).text());
    assert!(late.size > early.size && late.origin == early.origin);
    let path = |from: &str, to: &str| format!("/v1/audit/proofs/consistency?from={from}&to={to}");
    let between = |from: u64, to: u64| path(&from.to_string(), &to.to_string());
    let proof = auditor.get(&between(early.size, late.size)).await.shows(200);
    assert_eq!(proof.at("/origin"), json!(late.origin));
    let shown = hashes(&proof.at("/hashes"));
    verify_consistency(early.size, &early.root, late.size, &late.root, &shown).unwrap();
    assert!(verify_consistency(early.size, &[7; 32], late.size, &late.root, &shown).is_err());
    let open = auditor.get(&format!("/v1/audit/proofs/consistency?from={}", early.size)).await.shows(200);
    assert!(open.at("/to").as_u64() >= Some(late.size));
    assert_eq!(auditor.get(&between(late.size, late.size)).await.shows(200).at("/hashes"), json!([]));
    for (from, to) in [(late.size, early.size), (1, late.size + 100_000), (u64::MAX, u64::MAX)] {
        auditor.get(&between(from, to)).await.refuses(400, "place_out_of_range");
    }
    for (from, to) in [("+1", "2"), ("-1", "2"), ("1", "x"), ("1", "18446744073709551616"), ("", "2")] {
        auditor.get(&path(from, to)).await.refuses(400, "invalid_query");
    }
    let missing = auditor.get("/v1/audit/proofs/consistency?to=1").await.refuses(400, "invalid_query");
    assert_eq!(missing.faults(), [("/from".to_owned(), "required".to_owned())]);
    auditor.get("/v1/audit/checkpoint?size=1").await.refuses(400, "unknown_parameter");
}

#[tokio::test]
async fn an_entry_without_a_place_yet_is_told_so_and_anothers_is_unknown() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (auditor, theirs) = (org.auditor().await, other.auditor().await);
    let first = auditor.get("/v1/me").await.shows(200).sent("audit-id");
    settled(&auditor, &inclusion(&first)).await.shows(200);
    // Whoever holds the head's row keeps the sequencer from it.
    let mut sql = org.sql().await;
    let held = sql.transaction().await.unwrap();
    held.query("SELECT FROM audit_heads WHERE organization_id = $1 FOR UPDATE", &[&org.id]).await.unwrap();
    let entry = auditor.get("/v1/me").await.shows(200).sent("audit-id");
    let early = auditor.get(&inclusion(&entry)).await.refuses(409, "not_yet_placed");
    assert_eq!(early.sent("retry-after"), "1");
    let line = auditor.get("/v1/audit/entries?limit=10").await.shows(200).at("/data");
    let line = line.as_array().unwrap().iter().find(|line| line["id"] == json!(entry)).unwrap().clone();
    assert_eq!(line["proof"]["place"], Value::Null);
    held.rollback().await.unwrap();
    settled(&auditor, &inclusion(&entry)).await.shows(200);
    theirs.get(&inclusion(&entry)).await.refuses(404, "not_found");
    auditor.get(&inclusion(MISSING)).await.refuses(404, "not_found");
    for odd in ["", "1", "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b", "%00", "../checkpoint"] {
        auditor.get(&inclusion(odd)).await.refuses(400, "invalid_query");
    }
    auditor.get("/v1/audit/proofs/inclusion").await.refuses(400, "invalid_query");
    auditor.get(&format!("{}&size=3", inclusion(&entry))).await.refuses(400, "unknown_parameter");
}

#[tokio::test]
async fn whoever_has_an_entry_before_them_can_have_it_proven_and_nobody_else() {
    let org = Org::found().await;
    let (sales, manager, finance) = (org.sales_a().await, org.manager().await, org.finance().await);
    let id = org.customer_of(&sales).await;
    let read = sales.get(&path(&id)).await.shows(200).sent("audit-id");
    settled(&sales, &inclusion(&read)).await.shows(200);
    settled(&manager, &inclusion(&read)).await.shows(200);
    finance.get(&inclusion(&read)).await.refuses(403, "forbidden");
    let own = sales.get("/v1/me").await.shows(200).sent("audit-id");
    settled(&sales, &inclusion(&own)).await.shows(200);
    manager.get(&inclusion(&own)).await.refuses(403, "forbidden");
    for person in [&sales, &manager, &finance] {
        for path in [
            inclusion(MISSING).as_str(),
            "/v1/audit/checkpoint",
            "/v1/audit/proofs/consistency?from=x",
            "/v1/audit/log/checkpoint",
            "/v1/audit/log/proof",
        ] {
            let refused = person.get(path).await.refuses(403, "forbidden");
            assert!(refused.text().contains("audit.read"), "{refused}");
        }
    }
}

#[tokio::test]
async fn the_organisations_head_stands_in_the_log_of_all_logs() {
    let org = Org::found().await;
    let (auditor, keys) = (org.auditor().await, keys(shared()).await);
    let proof = settled(&auditor, "/v1/audit/log/proof").await.shows(200);
    let log = opened(&keys, &proof.text_at("/checkpoint"));
    assert_eq!((log.origin.as_str(), json!(log.size)), (keys[0].name(), proof.at("/tree_size")));
    let text = proof.text_at("/leaf");
    let (position, shown) = (proof.at("/position").as_u64().unwrap(), hashes(&proof.at("/hashes")));
    verify_inclusion(position, log.size, &leaf_hash(text.as_bytes()), &shown, &log.root).unwrap();
    let leaf: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(leaf["organization"], json!(org.id));
    // The head that it tells of is that of the organisation's own log.
    let own = opened(&keys, auditor.get("/v1/audit/checkpoint").await.shows(200).text());
    let size = leaf["size"].as_u64().unwrap();
    let path = format!("/v1/audit/proofs/consistency?from={size}&to={}", own.size);
    let grown = hashes(&auditor.get(&path).await.shows(200).at("/hashes"));
    let root: Vec<u8> = leaf["root"]
        .as_str()
        .unwrap()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    verify_consistency(size, &root.try_into().unwrap(), own.size, &own.root, &grown).unwrap();
    let newest = opened(&keys, auditor.get("/v1/audit/log/checkpoint").await.shows(200).text());
    assert!(newest.origin == log.origin && newest.size >= log.size);
}

#[tokio::test]
async fn a_checkpoint_that_a_witness_signed_is_served_after_the_log_has_grown() {
    let org = Org::found().await;
    let (auditor, keys) = (org.auditor().await, keys(shared()).await);
    settled(&auditor, "/v1/audit/log/proof").await.shows(200);
    let wanted = "/v1/audit/log/checkpoint?witnessed=true";
    auditor.get(wanted).await.refuses(409, "not_yet_placed");
    auditor.get("/v1/audit/log/checkpoint?witnessed=1").await.refuses(400, "invalid_query");
    let text = auditor.get("/v1/audit/log/checkpoint").await.shows(200).text().to_owned();
    let (seen, note) = (opened(&keys, &text), Note::parse(&text).unwrap());
    let (name, (key, _)) = ("witness.example/w1", SigningKey::generate(&SeededRandomness::new(7)));
    let line = cosign(note.text(), name, &key, 1_800_000_000).unwrap().to_string();
    let sql = "INSERT INTO audit_log_cosignatures (size, witness, line, received_at) VALUES ($1, $2, $3, now())";
    let size = i64::try_from(seen.size).unwrap();
    org.sql().await.execute(sql, &[&size, &name, &line]).await.unwrap();
    until("growth", async || {
        let newest = opened(&keys, auditor.get("/v1/audit/log/checkpoint").await.shows(200).text());
        (newest.size > seen.size).then_some(())
    })
    .await;
    let served = auditor.get(wanted).await.shows(200);
    assert_eq!(opened(&keys, served.text()), seen);
    let witness = VerifierKey::new(KeyKind::Cosignature, name, key.public()).unwrap();
    let verified = Note::parse(served.text()).unwrap().verify(&[witness]).unwrap();
    assert_eq!((verified[0].name.as_str(), verified[0].time), (name, Some(1_800_000_000)));
}

#[tokio::test]
async fn each_read_of_the_log_is_in_the_log() {
    let org = Org::found().await;
    let auditor = org.auditor().await;
    let first = auditor.get("/v1/me").await.shows(200).sent("audit-id");
    settled(&auditor, &inclusion(&first)).await.shows(200);
    settled(&auditor, "/v1/audit/log/checkpoint").await.shows(200);
    settled(&auditor, "/v1/audit/log/proof").await.shows(200);
    let mut ledger = Ledger::of(&org).await;
    for (path, read) in [
        ("/v1/audit/checkpoint", "checkpoint"),
        (inclusion(&first).as_str(), "inclusion"),
        ("/v1/audit/proofs/consistency?from=1", "consistency"),
        ("/v1/audit/tiles/0/000.p/1", "tile"),
        ("/v1/audit/tiles/entries/000.p/1", "entries"),
        ("/v1/audit/log/checkpoint", "log_checkpoint"),
        ("/v1/audit/log/consistency?from=1", "log_consistency"),
        ("/v1/audit/log/proof", "log_proof"),
        ("/v1/audit/export?to=1", "export"),
    ] {
        let answer = auditor.get(path).await.shows(200);
        let entry = ledger.only().await;
        assert_eq!((&entry["action"], &entry["details"]["read"]), (&json!("audit.read"), &json!(read)), "{path}");
        assert_eq!(answer.sent("audit-id"), entry["id"].as_str().unwrap());
    }
}

#[tokio::test]
async fn each_line_of_an_access_log_can_be_proven() {
    let org = Org::found().await;
    let (sales, manager, keys) = (org.sales_a().await, org.manager().await, keys(shared()).await);
    let partner = org.partner(&["customer_no", "name", "mobile"], &[], &["customers.read"]).await;
    let body = customer();
    let id = sales.post("/v1/customers", &body).await.shows(201).id();
    sales.get(&path(&id)).await.shows(200);
    sales.get("/v1/customers").await.shows(200);
    let number = body["fields"]["customer_no"].as_str().unwrap();
    sales.get(&format!("/v1/customers?q[customer_no]={number}")).await.shows(200);
    let page = partner.get("/v1/customers?limit=1").await.shows(200);
    partner.get(&path(&page.text_at("/data/0/id"))).await.shows(200);
    let log = format!("{}/access-log", path(&id));
    let lines = manager.get(&log).await.shows(200).at("/data");
    let lines = lines.as_array().unwrap();
    let told = |line: &Value| {
        (line["action"].as_str().unwrap().to_owned(), line["actor"]["kind"].as_str().unwrap().to_owned())
    };
    let told: Vec<_> = lines.iter().map(told).collect();
    for (action, kind) in [
        ("customers.create", "staff"),
        ("customers.read", "staff"),
        ("customers.list", "staff"),
        ("customers.search", "staff"),
        ("customers.list", "partner"),
        ("customers.read", "partner"),
    ] {
        assert!(told.contains(&(action.to_owned(), kind.to_owned())), "{action} by {kind}: {told:?}");
    }
    for line in lines {
        let text = line["proof"]["entry"].as_str().unwrap();
        let entry: Value = serde_json::from_str(text).unwrap();
        for member in ["id", "time", "action", "actor"] {
            assert_eq!(entry[member], line[member], "{member} of the line is not what is proven");
        }
        let leaf = hash(&line["proof"]["leaf_hash"]);
        assert_eq!(leaf, leaf_hash(text.as_bytes()));
        let proof = settled(&manager, line["proof"]["inclusion"].as_str().unwrap()).await.shows(200);
        proves(&keys, &proof, &leaf);
    }
    let again = manager.get(&log).await.shows(200).at("/data");
    assert!(again.as_array().unwrap()[1..].iter().all(|line| line["proof"]["place"].is_u64()), "{again:#}");
}

#[tokio::test]
async fn an_answer_names_its_entry_and_a_refusal_of_a_stranger_names_none() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let mut ledger = Ledger::of(&org).await;
    let body = customer();
    let made = sales.post("/v1/customers", &body).header("idempotency-key", "once").await.shows(201);
    assert_eq!(ledger.only().await["id"], json!(made.sent("audit-id")));
    let again = sales.post("/v1/customers", &body).header("idempotency-key", "once").await.shows(201);
    let entry = ledger.only().await;
    assert_eq!((&entry["details"]["repeated"], &entry["id"]), (&json!(1), &json!(again.sent("audit-id"))));
    for (refused, status) in [(path(MISSING), 404), ("/v1/audit/entries".to_owned(), 403)] {
        let answer = sales.get(&refused).await.shows(status);
        assert_eq!(ledger.only().await["id"], json!(answer.sent("audit-id")));
    }
    let taken = sales.post("/v1/customers", &body).await.refuses(409, "duplicate_value");
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["id"]), (&json!("access.refused"), &json!(taken.sent("audit-id"))));
    let faulty = sales.post("/v1/customers", &json!({"stage": 1})).await.shows(422);
    assert_eq!(faulty.header("audit-id"), None);
    let wrong = json!({"email": org.email("admin"), "password": "another password altogether"});
    let stranger = org.service().stranger().post("/v1/auth/login", &wrong).await.shows(401);
    assert_eq!(stranger.header("audit-id"), None, "it would tell that the account exists");
    assert_eq!(org.service().stranger().get("/health/live").await.shows(200).header("audit-id"), None);
}
