//! What a private instance prints when it is ready.

use std::path::Path;

use super::Demo;

/// Prints address, documents, people, key and three curl lines that work when pasted.
#[expect(clippy::print_stdout, reason = "the table is for the person at the terminal")]
pub(super) fn print(base: &str, metrics: &str, file: &Path, demo: &Demo) {
    println!("\nCustodian is ready.\n");
    println!("  API        {base}");
    println!("  documents  {base}/docs");
    println!("  metrics    {metrics}");
    println!("  all this   {}\n", file.display());
    println!("  {:<11}{:<26}password", "who", "log in as");
    for (who, person) in &demo.users {
        println!("  {who:<11}{:<26}{}", person.email, person.password);
    }
    println!("\n  partner key  {}\n", demo.partner_api_key);
    let Some(sales) = demo.users.get("sales_a") else { return };
    println!("Try:\n");
    println!(
        "TOKEN=$(curl -s {base}/v1/auth/login -H 'Content-Type: application/json' -d '{{\"email\":\"{}\",\"password\":\"{}\"}}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
        sales.email, sales.password
    );
    println!("curl -s '{base}/v1/customers?limit=2' -H \"Authorization: Bearer $TOKEN\"");
    println!("curl -s '{base}/v1/customers?limit=2' -H 'X-API-Key: {}'\n", demo.partner_api_key);
    println!("Ctrl-C stops everything; the data stays.");
}
