//! Files in packages: by names that tell of nobody else, and only where the right asked for reaches them.

use serde_json::json;

use super::package::{data, done, unpack};
use super::{come_in, somebody};
use crate::support::Org;

#[tokio::test]
async fn the_names_of_files_tell_nobody_else_s_identifiers() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let admin = org.admin().await;
    let own = json!({"fields": {"mobile": "13712340003"}});
    admin.patch(&format!("/v1/customers/{customer}"), &own).await.shows(200);
    let scan = crate::attachments::document(100);
    for name in ["13712340003 与 139-8765-4321.pdf", "she@wife.example.pdf", "13987654321"] {
        crate::attachments::hang(&admin, &customer, name, &scan).await.shows(201);
    }
    let me = come_in(&org, &address, 1).await;
    let shown = me.get("/v1/self/data").await.shows(200);
    done(&org, &me, "access", "EU").await;
    let package = me.get("/v1/self/package").await.shows(200);
    let (files, data) = (unpack(&package.bytes), data(&package));
    let told: Vec<(&str, &str)> = data["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["file"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("13712340003 与 ***.pdf", "attachments/001-13712340003 与 ___.pdf"),
            ("***.pdf", "attachments/002-___.pdf"),
            ("***", "attachments/003-___")
        ]
    );
    assert!(told.iter().all(|(_, file)| files[*file] == scan), "each lies where it is said to");
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    assert!(text("summary.txt").contains("与 ***.pdf") && text("attachments.csv").contains("与 ***.pdf"));
    // Not the archive's own directory either.
    for bytes in [&package.bytes[..], shown.text().as_bytes()] {
        let all = String::from_utf8_lossy(bytes);
        for absent in ["8765-4321", "wife.example"] {
            assert!(!all.contains(absent), "{absent} is somebody else's");
        }
    }
}

#[tokio::test]
async fn files_that_staff_hung_on_a_person_are_not_taken_along() {
    let org = Org::found().await;
    let ((customer, address), dpo) = (somebody(&org).await, org.dpo().await);
    for name in ["评估.pdf", "合同.pdf"] {
        crate::attachments::hang(&org.admin().await, &customer, name, &crate::attachments::document(100))
            .await
            .shows(201);
    }
    let me = come_in(&org, &address, 1).await;
    let english = json!({"language": "en"});
    for (language, left) in [("zh-CN", "附件：2 个"), ("en", "Files: 2, hung on by our staff")] {
        if language == "en" {
            me.request("PUT", "/v1/self/preferences").json(&english).header("if-match", "*").await.shows(200);
        }
        let id = done(&org, &me, "portability", "EU").await;
        let package = dpo.get(&format!("/v1/privacy-requests/{id}/package")).await.shows(200);
        let files = unpack(&package.bytes);
        assert!(!files.keys().any(|name| name.starts_with("attachments/")), "{:?}", files.keys());
        assert_eq!(data(&package)["attachments"], json!([]));
        let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
        assert!(text("summary.txt").contains(left), "{}", text("summary.txt"));
        for name in ["data.json", "attachments.csv", "summary.txt"] {
            assert!(!text(name).contains("评估"), "{name}");
        }
    }
    done(&org, &me, "access", "EU").await;
    let whole = me.get("/v1/self/package").await.shows(200);
    assert!(unpack(&whole.bytes).contains_key("attachments/001-评估.pdf"), "access is to everything");
}
