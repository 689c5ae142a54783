//! The letters that a private instance shows.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Answer, Caller, Service};

/// A letter is written within a second; a machine under load takes its time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Letters to an address, newest first, as they are now.
pub async fn letters(caller: &Caller, to: &str) -> Vec<Value> {
    let answer: Answer = caller.get(&format!("/dev/mailbox?to={to}")).await.shows(200);
    answer.at("/data").as_array().unwrap().clone()
}

/// Waits until there are so many letters to an address; the newest one's text.
pub async fn letter(service: &Service, to: &str, count: usize) -> String {
    let begun = Instant::now();
    loop {
        let all = letters(&service.stranger(), to).await;
        if all.len() >= count {
            assert_eq!(all.len(), count, "{all:?}");
            return all[0]["text"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "no letter {count} to {to}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a letter to an address says this; its whole text.
pub async fn letter_about(service: &Service, to: &str, what: &str) -> String {
    let begun = Instant::now();
    loop {
        let all = letters(&service.stranger(), to).await;
        let mut texts = all.iter().filter_map(|letter| letter["text"].as_str());
        if let Some(found) = texts.find(|text| text.contains(what)) {
            return found.to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "no letter about {what:?} to {to}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The one-time token in a letter.
pub fn token(letter: &str) -> String {
    let found = letter.split_whitespace().find(|word| word.starts_with("ci_") || word.starts_with("cp_"));
    found.unwrap_or_else(|| panic!("no token in {letter}")).to_owned()
}
