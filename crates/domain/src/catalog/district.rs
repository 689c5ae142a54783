//! Where the district ends in a Chinese address.

/// The longest name of a county with its suffix (`积石山保安族东乡族撒拉族自治县`).
const LONGEST_UNIT: usize = 15;

/// The part of an address down to its district or county; shorter where none is recognised, empty where nothing is.
///
/// Errs towards less: a street, a compound or a market is never taken for a district.
pub(super) fn district_prefix(address: &str) -> &str {
    let mut end = 0;
    let mut cities = 0;
    while let Some((unit, kind)) = next_unit(address.get(end..).unwrap_or_default()) {
        if kind == Unit::City {
            cities += 1;
        }
        if cities > 2 {
            break;
        }
        end += unit;
        if kind == Unit::District {
            break;
        }
    }
    address.get(..end).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Province,
    City,
    District,
}

/// The first administrative unit at the start of a text: its length in bytes and its kind.
fn next_unit(text: &str) -> Option<(usize, Unit)> {
    for (count, (at, c)) in text.char_indices().take(LONGEST_UNIT).enumerate() {
        if is_street_mark(c) {
            return None;
        }
        let end = at + c.len_utf8();
        let name = text.get(..end)?;
        if let Some(kind) = unit_kind(name, c).filter(|_| count > 0) {
            return is_plausible(name, kind, count + 1).then_some((end, kind));
        }
    }
    None
}

fn unit_kind(name: &str, last: char) -> Option<Unit> {
    match last {
        '省' => Some(Unit::Province),
        '区' if name.ends_with("自治区") || name.ends_with("行政区") => Some(Unit::Province),
        '市' | '盟' => Some(Unit::City),
        // 杭州, 广州 are names that go on; only 自治州 ends one.
        '州' if name.ends_with("自治州") => Some(Unit::City),
        '区' | '县' | '旗' => Some(Unit::District),
        _ => None,
    }
}

fn is_plausible(name: &str, kind: Unit, length: usize) -> bool {
    const NOT_UNITS: [&str; 11] =
        ["小区", "社区", "校区", "厂区", "景区", "园区", "库区", "超市", "菜市", "门市", "城市"];
    let short_enough = match kind {
        Unit::District if name.ends_with('区') => length <= 5 || name.ends_with("族区"),
        Unit::City if name.ends_with('市') => length <= 6,
        _ => true,
    };
    short_enough && !NOT_UNITS.iter().any(|ending| name.ends_with(ending))
}

/// What stands in streets and house numbers and in no name of a district.
fn is_street_mark(c: char) -> bool {
    c.is_ascii() || c.is_whitespace() || c.is_numeric() && !is_chinese_numeral(c) || "街巷弄号栋园幢厦".contains(c)
}

/// These are written with characters that also begin names of counties (`三门县`, `九寨沟县`).
fn is_chinese_numeral(c: char) -> bool {
    "一二三四五六七八九十百千万".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_the_district() {
        for (address, kept) in [
            ("北京市海淀区中关村大街1号", "北京市海淀区"),
            ("上海市浦东新区世纪大道100号", "上海市浦东新区"),
            ("广东省深圳市南山区科技园南区8栋", "广东省深圳市南山区"),
            ("内蒙古自治区呼和浩特市新城区某街", "内蒙古自治区呼和浩特市新城区"),
            ("云南省大理白族自治州漾濞彝族自治县某镇", "云南省大理白族自治州漾濞彝族自治县"),
            ("浙江省台州市三门县海游街道", "浙江省台州市三门县"),
            ("浙江省嘉兴市桐乡市振兴东路", "浙江省嘉兴市桐乡市"),
            ("广州市天河区体育西路", "广州市天河区"),
            ("香港特别行政区中环皇后大道", "香港特别行政区"),
            ("内蒙古锡林郭勒盟正蓝旗某村", "内蒙古锡林郭勒盟正蓝旗"),
        ] {
            assert_eq!(district_prefix(address), kept);
        }
    }

    #[test]
    fn gives_nothing_away_where_it_is_unsure() {
        for (address, kept) in [
            ("深圳市科技园南区8栋", "深圳市"),
            ("上海市阳光小区3号楼", "上海市"),
            ("上海市华联超市旁", "上海市"),
            ("中关村大街1号", ""),
            ("1 Infinite Loop, Cupertino", ""),
            ("", ""),
            ("区", ""),
        ] {
            assert_eq!(district_prefix(address), kept);
        }
    }
}
