//! ISO 3166-2 region codes, and the provinces of China by name.

/// Name, what the full name adds, the letters after `CN-` (ISO 3166-2:CN).
const PROVINCES: [(&str, &str, &str); 34] = [
    ("北京", "市", "CN-BJ"),
    ("天津", "市", "CN-TJ"),
    ("河北", "省", "CN-HE"),
    ("山西", "省", "CN-SX"),
    ("内蒙古", "自治区", "CN-NM"),
    ("辽宁", "省", "CN-LN"),
    ("吉林", "省", "CN-JL"),
    ("黑龙江", "省", "CN-HL"),
    ("上海", "市", "CN-SH"),
    ("江苏", "省", "CN-JS"),
    ("浙江", "省", "CN-ZJ"),
    ("安徽", "省", "CN-AH"),
    ("福建", "省", "CN-FJ"),
    ("江西", "省", "CN-JX"),
    ("山东", "省", "CN-SD"),
    ("河南", "省", "CN-HA"),
    ("湖北", "省", "CN-HB"),
    ("湖南", "省", "CN-HN"),
    ("广东", "省", "CN-GD"),
    ("广西", "壮族自治区", "CN-GX"),
    ("海南", "省", "CN-HI"),
    ("重庆", "市", "CN-CQ"),
    ("四川", "省", "CN-SC"),
    ("贵州", "省", "CN-GZ"),
    ("云南", "省", "CN-YN"),
    ("西藏", "自治区", "CN-XZ"),
    ("陕西", "省", "CN-SN"),
    ("甘肃", "省", "CN-GS"),
    ("青海", "省", "CN-QH"),
    ("宁夏", "回族自治区", "CN-NX"),
    ("新疆", "维吾尔自治区", "CN-XJ"),
    ("台湾", "省", "CN-TW"),
    ("香港", "特别行政区", "CN-HK"),
    ("澳门", "特别行政区", "CN-MO"),
];

/// Whether this has the shape of an ISO 3166-2 code (`CN-BJ`, `CN-31`) or of a country alone (`CN`).
pub fn is_region_code(code: &str) -> bool {
    let (country, part) = match code.split_once('-') {
        Some((country, part)) => (country, Some(part)),
        None => (code, None),
    };
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && part.is_none_or(|part| {
            (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        })
}

/// The ISO 3166-2 code of a Chinese province by its name: `北京市`, `北京`, `内蒙古自治区`, `广西自治区`, `广西`.
pub fn province_region(name: &str) -> Option<&'static str> {
    let name = name.trim();
    PROVINCES.iter().find_map(|(short, suffix, code)| {
        let rest = name.strip_prefix(short)?;
        let known = rest.is_empty()
            || rest == *suffix
            || (rest == "自治区" && suffix.ends_with("自治区"))
            || (rest == "特区" && *suffix == "特别行政区");
        known.then_some(*code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_province_is_found_with_and_without_its_suffix() {
        for (short, suffix, code) in PROVINCES {
            assert_eq!(province_region(short), Some(code));
            assert_eq!(province_region(&format!(" {short}{suffix} ")), Some(code));
            assert!(is_region_code(code));
        }
        let mut codes: Vec<_> = PROVINCES.iter().map(|province| province.2).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 34);
    }

    #[test]
    fn neighbours_are_not_mixed_up() {
        assert_eq!(province_region("陕西省"), Some("CN-SN"));
        assert_eq!(province_region("山西省"), Some("CN-SX"));
        assert_eq!(province_region("广西自治区"), Some("CN-GX"));
        for unknown in ["", "省", "北京省", "北京市海淀区", "Beijing"] {
            assert_eq!(province_region(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn region_codes_have_the_iso_shape() {
        for good in ["CN", "CN-BJ", "CN-31", "GB-ENG", "FR-2"] {
            assert!(is_region_code(good), "{good}");
        }
        for bad in ["", "C", "cn", "CHN", "CN-", "CN-ABCD", "CN-bj", "CN-B J", "CN-BJ-1", "中国"] {
            assert!(!is_region_code(bad), "{bad}");
        }
    }
}
