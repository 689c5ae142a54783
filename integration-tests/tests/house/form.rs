//! The form that imports are tried with.

/// A form with one customer.
pub fn import() -> (String, Vec<u8>) {
    let part = |head: &str, text: &str| format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n");
    let body = [
        part("name=\"mapping\"", r#"{"Name":"name"}"#),
        part("name=\"file\"; filename=\"one.csv\"", "Name\nZhang"),
        "--edge--\r\n".to_owned(),
    ];
    ("multipart/form-data; boundary=edge".to_owned(), body.concat().into_bytes())
}
