//! Attachments: taken in sealed and looked through, taken away as files, gone with the customer.

mod files;
mod rights;
mod scanner;
mod told;

use crate::support::{Answer, Person};

/// A form with one file.
pub fn form(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let head = format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let body = [head.as_bytes(), bytes, b"\r\n--edge--\r\n"].concat();
    ("multipart/form-data; boundary=edge".to_owned(), body)
}

/// Hangs a file on a customer.
pub async fn hang(person: &Person, customer: &str, name: &str, bytes: &[u8]) -> Answer {
    let (media, body) = form(name, bytes);
    person.request("POST", &format!("/v1/customers/{customer}/attachments")).body(&media, body).await
}

/// A file that hangs on a customer, for whoever needs one to try things on.
pub async fn hung(person: &Person, customer: &str) -> String {
    hang(person, customer, "note.txt", b"to be tried on").await.shows(201).id()
}

/// A document of so many bytes.
pub fn document(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((bytes.len()..size).map(|at| u8::try_from(at % 251).unwrap_or_default()));
    bytes
}
