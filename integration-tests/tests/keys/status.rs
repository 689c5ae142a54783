//! `custodian keys status`: every bucket key, whether it opens, and an exit code that tells.

use std::fs;

use crate::dev::program::{differing, run, settings_of};
use crate::support::{Org, own_instance};

#[tokio::test]
async fn a_bucket_key_that_is_gone_is_told_and_fails_the_command() {
    let service = own_instance(&[]);
    let org = Org::found_on(&service).await;
    let kept = Org::found_on(&service).await;
    let id = org.customer_of(&org.sales_a().await).await;
    let other = kept.customer_of(&kept.sales_a().await).await;
    let settings = settings_of(&service);
    let settings = differing(&settings, &[]);
    let (code, printed, said) = run(&["keys", "status"], &settings);
    assert_eq!(code, 0, "{printed}{said}");
    assert!(
        printed.contains(&org.id.to_string()) && printed.contains("own keys open") && printed.contains("/256  yes"),
        "{printed}"
    );
    assert!(!printed.contains("NO"), "{printed}");
    let folder = service.settings.key_store_dir.join(org.id.to_string());
    let key = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.ends_with("00001-0000000001.key"))
        .unwrap();
    let bytes = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let (code, printed, _) = run(&["keys", "status"], &settings);
    assert!(code != 0 && printed.contains("/256  NO"), "{code}: {printed}");
    assert_eq!(printed.matches("NO").count(), 1, "one key is gone, the others open: {printed}");
    let mut damaged = bytes.clone();
    damaged[20] ^= 1;
    fs::write(&key, &damaged).unwrap();
    let (code, printed, _) = run(&["keys", "status"], &settings);
    assert!(code != 0 && printed.contains("/256  NO"), "{code}: {printed}");
    fs::write(folder.join("00007-0000000001.key"), &bytes).unwrap();
    fs::write(&key, &bytes).unwrap();
    let (code, printed, _) = run(&["keys", "status"], &settings);
    assert!(code == 0 && printed.contains("unused key in the store"), "{code}: {printed}");
    org.sales_a().await.get(&format!("/v1/customers/{id}")).await.shows(200);
    kept.sales_a().await.get(&format!("/v1/customers/{other}")).await.shows(200);
}
