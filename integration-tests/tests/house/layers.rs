//! Which crate may know which: read from the manifests, so that no rule can come to reach the network.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate with the crates of ours that it may know.
const MAY_KNOW: [(&str, &[&str]); 7] = [
    ("custodian-domain", &[]),
    ("custodian-crypto", &[]),
    ("custodian-persistence", &["custodian-domain"]),
    ("custodian-verify", &["custodian-crypto"]),
    ("custodian-outbound", &["custodian-crypto", "custodian-domain"]),
    ("custodian-application", &["custodian-crypto", "custodian-domain", "custodian-outbound", "custodian-persistence"]),
    (
        "custodian-api",
        &[
            "custodian-application",
            "custodian-crypto",
            "custodian-domain",
            "custodian-outbound",
            "custodian-persistence",
            "custodian-verify",
        ],
    ),
];

/// Libraries that only these crates may use.
const KEPT_TO: [(&str, &[&str]); 12] = [
    ("tokio-postgres", &["custodian-persistence"]),
    ("deadpool-postgres", &["custodian-persistence"]),
    ("actix-web", &["custodian-api"]),
    ("actix-multipart", &["custodian-api"]),
    ("utoipa", &["custodian-api"]),
    ("clap", &["custodian-api"]),
    ("argon2", &["custodian-crypto"]),
    ("aes", &["custodian-crypto"]),
    ("jsonwebtoken", &["custodian-crypto"]),
    ("tracing-subscriber", &["custodian-api"]),
    ("openidconnect", &["custodian-outbound"]),
    ("reqwest", &["custodian-outbound"]),
];

/// What the rules themselves must never reach.
const NOT_FOR_RULES: [&str; 6] = ["tokio", "serde_json", "tracing", "metrics", "ring", "rustls"];

/// Each crate's dependencies; those of its tests are left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--manifest-path", manifest]);
    let metadata: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let names = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        let own = all.filter(|dependency| dependency["kind"] != "dev");
        own.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
    };
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), names(package))).collect()
}

#[test]
fn each_crate_knows_only_those_beneath_it() {
    let crates = dependencies();
    let ours: BTreeSet<&str> = crates.keys().map(String::as_str).filter(|name| *name != "integration-tests").collect();
    assert_eq!(ours, MAY_KNOW.iter().map(|(name, _)| *name).collect(), "every crate has its line");
    for (name, allowed) in MAY_KNOW {
        let known = crates[name].iter().filter(|other| ours.contains(other.as_str()));
        let strangers: Vec<_> = known.filter(|other| !allowed.contains(&other.as_str())).collect();
        assert!(strangers.is_empty(), "{name} must not know {strangers:?}");
    }
}

#[test]
fn each_library_stays_in_its_crate() {
    for (name, all) in dependencies() {
        for (library, homes) in KEPT_TO.iter().filter(|(library, _)| all.contains(*library)) {
            assert!(homes.contains(&name.as_str()), "{name} uses {library}, which is kept to {homes:?}");
        }
    }
}

#[test]
fn the_rules_reach_nothing_outside_themselves() {
    let crates = dependencies();
    let reached: Vec<_> =
        NOT_FOR_RULES.iter().filter(|library| crates["custodian-domain"].contains(**library)).collect();
    assert!(reached.is_empty(), "custodian-domain reaches {reached:?}");
}
