//! Names of tiles as C2SP tlog-tiles writes them: `x001/x234/067`, and `x001/067.p/12` for one that is not full.

use super::{MAX_SIZE, TILE_WIDTH};

/// The path of tile `number`, `width` hashes wide: groups of three digits, all but the last behind an `x`; `.p/W` unless it is full.
pub fn tile_path(number: u64, width: u16) -> String {
    let mut path = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width == TILE_WIDTH { path } else { format!("{path}.p/{width}") }
}

/// The number and width of a path; only what [`tile_path`] writes for a width of 1 to 256 is accepted.
pub fn parse_tile_path(path: &str) -> Option<(u64, u16)> {
    let (digits, width) = match path.split_once(".p/") {
        Some((digits, width)) => (digits, width.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))?),
        None => (path, TILE_WIDTH),
    };
    let group = |text: &str| text.parse::<u64>().ok();
    let mut number = 0u64;
    for part in digits.split('/') {
        number = number.checked_mul(1000)?.checked_add(group(part.strip_prefix('x').unwrap_or(part))?)?;
    }
    // Signs, missing zeros and other spellings of the same number are not the path of anything.
    (number <= MAX_SIZE && tile_path(number, width) == path).then_some((number, width))
}
