//! The audit log: its entries, and what proves them to somebody who trusts neither the staff nor the database.

mod activity;
mod entries;
mod export;
mod log;
mod proofs;
mod tiles;

use std::str::FromStr;

use actix_web::HttpResponse;
use utoipa_actix_web::service_config::ServiceConfig;

pub use entries::EntryBody;
pub(crate) use entries::{entry_example, first_id, page_of_entries};
pub(crate) use proofs::{InclusionBody, inclusion_example};

use crate::needs;

/// Routes of this capability. The bundles stand before the tiles: `entries` is no level.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(entries::list_audit_entries)
        .service(proofs::show_checkpoint)
        .service(proofs::prove_inclusion)
        .service(proofs::prove_consistency)
        .service(tiles::show_entry_bundle)
        .service(tiles::show_tile)
        .service(log::show_log_checkpoint)
        .service(log::prove_log_consistency)
        .service(log::prove_head)
        .service(export::export_log)
        .service(activity::list_my_activity);
}

needs! {
    /// Reads the log.
    ReadAudit = AuditRead;
}

/// A size or a place: digits alone, for `+5` is a number to Rust and not to this contract.
struct Number(u64);

impl FromStr for Number {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).map(Self).ok_or(())
    }
}

/// A checkpoint as C2SP writes it.
fn note(note: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(note)
}

/// What a checkpoint looks like.
const NOTE: &str = "custodian.example/audit/0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10\n4712\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    \u{2014} custodian.example/audit/0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling_but_for_leading_zeros() {
        assert_eq!("18446744073709551615".parse().map(|Number(n)| n), Ok(u64::MAX));
        for text in ["", "+5", "-1", "1.0", " 1", "0x1", "１", "18446744073709551616"] {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
    }
}
