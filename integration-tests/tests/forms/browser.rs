//! The page of examples/form.html, filled in and sent in a real browser, where there is one.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::Opened;

const PAGE: &str = include_str!("../../../examples/form.html");

/// Serves the page to whoever asks, at an origin of its own.
async fn serve(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut request = [0_u8; 4_096];
            let _ = stream.read(&mut request).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                PAGE.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(PAGE.as_bytes()).await;
            let _ = stream.shutdown().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_fills_it_in_and_is_entered() {
    let browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let Some(browser) = browsers.into_iter().find(|path| Path::new(path).exists()) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let serving = tokio::spawn(serve(listener));
    let opened = Opened::new(json!({"origins": [origin]})).await;
    let filled = json!({"fields/name": "张三", "fields/email": "zhang@forms.example", "fields/province": "上海", "consents/marketing": true});
    let filled: String = filled.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let url = format!("{origin}/?base={}&form={}&language=en#{filled}", opened.org.service().base_url, opened.form);
    let folder = crate::support::fresh_folder();
    let profile = format!("--user-data-dir={}", folder.display());
    let shown = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--virtual-time-budget=30000",
            "--dump-dom",
            &profile,
            &url,
        ])
        .stderr(Stdio::null())
        .output()
        .await
        .unwrap();
    serving.abort();
    let _ = std::fs::remove_dir_all(folder);
    let dom = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(dom.contains("received "), "the page says: {dom}");
    assert!(dom.contains("Name *") && !dom.contains("Province *"), "what must be filled in is told from what may");
    let people = opened.people("zhang@forms.example").await;
    assert_eq!(people.len(), 1);
    assert_eq!(opened.consents(&people[0]).await, [("marketing".to_owned(), "given".to_owned())]);
    let seen = opened.admin.get(&format!("/v1/customers/{}", people[0])).await.shows(200);
    assert_eq!(seen.at("/fields/province"), "上海");
}
