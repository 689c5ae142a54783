//! A real browser, driven by the DevTools protocol over a pipe, and an origin of its own to serve pages at.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A browser's start, and each answer of it, on a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a browser is found, if there is one.
pub fn browser() -> Option<&'static str> {
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    known.into_iter().find(|path| Path::new(path).exists())
}

/// A file of a page: its path, its media type and its text.
pub type PageFile = (&'static str, &'static str, &'static str);

/// Serves files to whoever asks, each with this policy, until the task ends.
pub async fn serve(listener: TcpListener, files: &'static [PageFile], policy: String) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let policy = policy.clone();
        tokio::spawn(async move {
            let mut request = [0_u8; 8_192];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/").to_owned();
            let found = files.iter().find(|(name, ..)| *name == path);
            let (status, kind, text) =
                found.map_or(("404 Not Found", "text/plain", ""), |(_, k, t)| ("200 OK", *k, *t));
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}; charset=utf-8\r\ncontent-security-policy: {policy}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
                text.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        });
    }
}

/// A page open in a browser. Dropped, the browser ends and its folder goes with it.
pub struct Tab {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    folder: PathBuf,
    heard: Vec<Value>,
}

impl Tab {
    /// Starts a browser with an empty page; what it downloads goes into [`Tab::downloads`].
    pub async fn start(program: &str) -> Self {
        let folder = super::fresh_folder();
        // The protocol is spoken over descriptors 3 and 4, which the shell puts there.
        let mut child = Command::new("/bin/sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null", "sh", program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut tab = Self { child, to, from, session: None, last: 0, folder, heard: Vec::new() };
        let target = tab.call("Target.createTarget", json!({"url": "about:blank"})).await["targetId"].clone();
        let attached = tab.call("Target.attachToTarget", json!({"targetId": target, "flatten": true})).await;
        let allowed = json!({"behavior": "allow", "downloadPath": tab.downloads(), "eventsEnabled": true});
        tab.call("Browser.setDownloadBehavior", allowed).await;
        tab.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            tab.call(domain, json!({})).await;
        }
        tab
    }

    /// Where downloads lie.
    pub fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    async fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.from.read_until(0, &mut bytes)).await;
        assert!(read.expect("the browser answers").unwrap() > 0, "the browser has ended");
        bytes.pop();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// One command, and what it answers.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).await.unwrap();
        loop {
            let heard = self.next().await;
            if heard["id"] == self.last {
                assert!(heard["error"].is_null(), "{method}: {heard}");
                return heard["result"].clone();
            }
            self.heard.push(heard);
        }
    }

    /// Waits until the browser tells of this, and whatever else it holds true of it.
    pub async fn hears(&mut self, method: &str, holds: impl Fn(&Value) -> bool) {
        let fits = |event: &Value| event["method"] == method && holds(&event["params"]);
        while !self.heard.iter().any(fits) {
            let heard = self.next().await;
            self.heard.push(heard);
        }
    }

    /// Faults that the page made: exceptions, and what its policy or the network refused. Statuses of answers are none.
    pub fn faults(&self) -> Vec<&Value> {
        let fault = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Log.entryAdded") => {
                let entry = &event["params"]["entry"];
                entry["level"] == "error" && entry["source"] != "network"
            }
            _ => false,
        };
        self.heard.iter().filter(fault).collect()
    }

    /// Opens an address.
    pub async fn open(&mut self, url: &str) {
        self.heard.clear();
        self.call("Page.navigate", json!({"url": url})).await;
        self.hears("Page.loadEventFired", |_| true).await;
    }

    /// What an expression comes to in the page.
    pub async fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let answer = self.call("Runtime.evaluate", params).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true of the page; it is looked at whenever the page changes.
    pub async fn until(&mut self, expression: &str) {
        let waiting = format!(
            "new Promise((done, failed) => {{ const holds = () => {{ try {{ return {expression}; }} catch {{ return false; }} }}; \
             if (holds()) return done(true); \
             const looking = new MutationObserver(() => {{ if (holds()) {{ looking.disconnect(); done(true); }} }}); \
             looking.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}}); \
             setTimeout(() => failed(new Error(document.body.innerText)), 30000); }})"
        );
        self.eval(&waiting).await;
    }

    /// Puts text where a person would type it.
    pub async fn types(&mut self, selector: &str, text: &str) {
        self.eval(&format!("document.querySelector({}).focus()", json!(selector))).await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Presses something.
    pub async fn clicks(&mut self, selector: &str) {
        self.eval(&format!("document.querySelector({}).click()", json!(selector))).await;
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
