//! The tree and its entries as C2SP tlog-tiles lays them out, for auditors of the whole log.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use custodian_application::App;
use custodian_application::audit;
use custodian_crypto::merkle::{TileId, parse_tile_path};

use super::ReadAudit;
use crate::http::{May, Problem, ProofProblems, Query};

/// Read a tile of the tree.
///
/// Up to 256 hashes of 32 bytes of one level, one after the other: leaf hashes at level 0, above it the root of each whole tile of the level below. The path is that of
/// C2SP tlog-tiles: `067` or `x001/067`, with `.p/W` for the first W hashes. A full tile never changes.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(("level" = String, Path, description = "0 to 7", example = "0"),
        ("path" = String, Path, description = "Number of the tile, such as `x001/067` or `000.p/4`", example = "000.p/1")),
    responses((status = 200, description = "The hashes.", body = Vec<u8>, content_type = "application/octet-stream"), ProofProblems))]
#[get("/audit/tiles/{level}/{path:.*}")]
pub async fn show_tile(
    may: May<ReadAudit>,
    app: Data<App>,
    path: Path<(String, String)>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let (level, path) = path.into_inner();
    // One digit: `00` and `+1` are not the path of anything.
    let level = level.parse::<u8>().ok().filter(|known| *known < 8 && known.to_string() == level);
    let (Some(level), Some((number, width))) = (level, parse_tile_path(&path)) else {
        return Err(Problem::of("not_found"));
    };
    query.done()?;
    Ok(bytes(audit::tile(&app, &may, TileId { level, number }, width).await?))
}

/// Read a bundle of entries.
///
/// Up to 256 entries in the order of their places, those whose hashes the tile of level 0 with the same path holds: for each its length in two bytes, the greater first,
/// then its canonical text. 410 where old detail was let go; its hashes stay.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(("path" = String, Path, description = "Number of the bundle, such as `x001/067` or `000.p/4`", example = "000.p/1")),
    responses((status = 200, description = "The entries.", body = Vec<u8>, content_type = "application/octet-stream"), ProofProblems))]
#[get("/audit/tiles/entries/{path:.*}")]
pub async fn show_entry_bundle(
    may: May<ReadAudit>,
    app: Data<App>,
    path: Path<String>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let Some((number, width)) = parse_tile_path(&path) else {
        return Err(Problem::of("not_found"));
    };
    query.done()?;
    Ok(bytes(audit::bundle(&app, &may, number, width).await?))
}

fn bytes(bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/octet-stream").body(bytes)
}
