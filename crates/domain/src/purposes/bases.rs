//! Legal bases: grounds on which the law lets personal data be used, as data with article and source.

use chrono::NaiveDate;

/// A body of law that bases and rules belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Personal Information Protection Law of the PRC.
    Pipl,
    /// Regulation (EU) 2016/679.
    Gdpr,
}

impl Law {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pipl => "pipl",
            Self::Gdpr => "gdpr",
        }
    }
}

/// One ground.
#[derive(Clone, Copy, Debug)]
pub struct LegalBasis {
    /// The stable code, such as `cn_consent`.
    pub code: &'static str,
    /// Where it stands.
    pub law: Law,
    /// The article, to the item.
    pub article: &'static str,
    /// In English.
    pub en: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// Whether it is the person's consent.
    pub is_consent: bool,
    /// Whether the person may end the use by objecting, without having consented.
    pub may_object: bool,
    /// Whether it stays open on a person who has had processing restricted.
    pub open_under_restriction: bool,
    /// The nearest term of the W3C Data Privacy Vocabulary.
    pub dpv: Option<&'static str>,
}

/// Since when PIPL applies.
const PIPL_SINCE: (i32, u32, u32) = (2021, 11, 1);
/// Since when the GDPR applies.
const GDPR_SINCE: (i32, u32, u32) = (2018, 5, 25);

impl LegalBasis {
    /// The basis of a code.
    pub fn of(code: &str) -> Option<&'static Self> {
        LEGAL_BASES.iter().find(|basis| basis.code == code)
    }

    /// Since when it applies.
    pub fn effective_from(&self) -> Option<NaiveDate> {
        let (year, month, day) = match self.law {
            Law::Pipl => PIPL_SINCE,
            Law::Gdpr => GDPR_SINCE,
        };
        NaiveDate::from_ymd_opt(year, month, day)
    }
}

/// One line of the table.
macro_rules! bases {
    ($($code:literal $law:ident $article:literal [$($mark:ident)*] $dpv:expr, $en:literal / $zh:literal;)*) => {
        /// Every ground, in the order of the laws. PIPL art. 13 knows no legitimate interest of the processor.
        pub const LEGAL_BASES: &[LegalBasis] = &[$(LegalBasis {
            code: $code,
            law: Law::$law,
            article: $article,
            en: $en,
            zh: $zh,
            is_consent: has(&[$(stringify!($mark)),*], "consent"),
            may_object: has(&[$(stringify!($mark)),*], "object"),
            open_under_restriction: has(&[$(stringify!($mark)),*], "open"),
            dpv: $dpv,
        }),*];
    };
}

/// Whether a line carries a mark; at compile time, where strings cannot be compared otherwise.
const fn has(marks: &[&str], mark: &str) -> bool {
    let mut rest = marks;
    while let Some((first, others)) = rest.split_first() {
        if same(first.as_bytes(), mark.as_bytes()) {
            return true;
        }
        rest = others;
    }
    false
}

const fn same(mut a: &[u8], mut b: &[u8]) -> bool {
    loop {
        match (a.split_first(), b.split_first()) {
            (None, None) => return true,
            (Some((x, left)), Some((y, right))) if *x == *y => {
                a = left;
                b = right;
            }
            _ => return false,
        }
    }
}

#[rustfmt::skip]
bases! {
    "cn_consent" Pipl "13(1)(1)" [consent] Some("dpv:Consent"), "The person consents" / "取得个人的同意";
    "cn_contract" Pipl "13(1)(2)" [] Some("dpv:Contract"), "Necessary to conclude or perform a contract to which the person is a party" / "为订立、履行个人作为一方当事人的合同所必需";
    "cn_hr" Pipl "13(1)(2)" [] Some("dpv:Contract"), "Necessary for human resources management under lawful labour rules and collective contracts" / "按照依法制定的劳动规章制度和依法签订的集体合同实施人力资源管理所必需";
    "cn_legal_duty" Pipl "13(1)(3)" [] Some("dpv:LegalObligation"), "Necessary to fulfil statutory duties or obligations" / "为履行法定职责或者法定义务所必需";
    "cn_emergency" Pipl "13(1)(4)" [open] Some("dpv:VitalInterest"), "Necessary in a public health event, or in an emergency to protect life, health or property" / "为应对突发公共卫生事件，或者紧急情况下为保护自然人的生命健康和财产安全所必需";
    "cn_news" Pipl "13(1)(5)" [] Some("dpv:PublicInterest"), "News reporting and supervision by public opinion in the public interest, within reason" / "为公共利益实施新闻报道、舆论监督等行为，在合理的范围内处理";
    "cn_public_info" Pipl "13(1)(6)" [object] None, "Information that the person made public, or that is lawfully public, within reason" / "在合理的范围内处理个人自行公开或者其他已经合法公开的个人信息";
    "cn_other_law" Pipl "13(1)(7)" [] None, "Other cases laid down by laws and administrative regulations" / "法律、行政法规规定的其他情形";
    "eu_consent" Gdpr "6(1)(a)" [consent] Some("eu-gdpr:A6-1-a"), "The person consents" / "数据主体同意";
    "eu_contract" Gdpr "6(1)(b)" [] Some("eu-gdpr:A6-1-b"), "Necessary for a contract with the person" / "履行与数据主体的合同所必需";
    "eu_legal_obligation" Gdpr "6(1)(c)" [] Some("eu-gdpr:A6-1-c"), "Necessary for a legal obligation" / "履行法定义务所必需";
    "eu_vital_interests" Gdpr "6(1)(d)" [open] Some("eu-gdpr:A6-1-d"), "Necessary to protect vital interests" / "保护重大利益所必需";
    "eu_public_task" Gdpr "6(1)(e)" [object] Some("eu-gdpr:A6-1-e"), "Necessary for a task in the public interest" / "履行公共利益任务所必需";
    "eu_legitimate_interests" Gdpr "6(1)(f)" [object] Some("eu-gdpr:A6-1-f"), "Necessary for legitimate interests that the person's do not override" / "为追求不被数据主体利益所超越的正当利益所必需";
    "eu_explicit_consent" Gdpr "9(2)(a)" [consent] Some("eu-gdpr:A9-2-a"), "The person consents explicitly (special categories)" / "数据主体明示同意（特殊类别）";
    "eu_special_employment" Gdpr "9(2)(b)" [] Some("eu-gdpr:A9-2-b"), "Employment, social security and social protection law (special categories)" / "就业、社会保障与社会保护法（特殊类别）";
    "eu_special_vital_interests" Gdpr "9(2)(c)" [open] Some("eu-gdpr:A9-2-c"), "Vital interests of a person who cannot consent (special categories)" / "无法表示同意者的重大利益（特殊类别）";
    "eu_special_non_profit" Gdpr "9(2)(d)" [] Some("eu-gdpr:A9-2-d"), "Legitimate activities of a not-for-profit body (special categories)" / "非营利机构的正当活动（特殊类别）";
    "eu_special_made_public" Gdpr "9(2)(e)" [] Some("eu-gdpr:A9-2-e"), "Manifestly made public by the person (special categories)" / "数据主体明显已公开的数据（特殊类别）";
    "eu_special_claims" Gdpr "9(2)(f)" [open] Some("eu-gdpr:A9-2-f"), "Legal claims (special categories)" / "法律主张（特殊类别）";
    "eu_special_public_interest" Gdpr "9(2)(g)" [] Some("eu-gdpr:A9-2-g"), "Substantial public interest (special categories)" / "重大公共利益（特殊类别）";
    "eu_special_health_care" Gdpr "9(2)(h)" [] Some("eu-gdpr:A9-2-h"), "Health care and occupational medicine (special categories)" / "医疗保健与职业医学（特殊类别）";
    "eu_special_public_health" Gdpr "9(2)(i)" [] Some("eu-gdpr:A9-2-i"), "Public health (special categories)" / "公共卫生（特殊类别）";
    "eu_special_research" Gdpr "9(2)(j)" [] Some("eu-gdpr:A9-2-j"), "Archiving, research and statistics (special categories)" / "存档、研究与统计（特殊类别）";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn china_knows_no_legitimate_interest_and_every_law_knows_consent() {
        let pipl: Vec<_> = LEGAL_BASES.iter().filter(|basis| basis.law == Law::Pipl).collect();
        assert_eq!(pipl.len(), 8);
        assert!(pipl.iter().all(|basis| basis.article.starts_with("13(1)") && !basis.en.contains("legitimate")));
        let consents: Vec<_> = LEGAL_BASES.iter().filter(|basis| basis.is_consent).map(|basis| basis.code).collect();
        assert_eq!(consents, ["cn_consent", "eu_consent", "eu_explicit_consent"]);
        let special = LEGAL_BASES.iter().filter(|basis| basis.article.starts_with("9(2)")).count();
        assert_eq!(special, 10);
    }

    #[test]
    fn codes_are_unique_and_every_basis_says_since_when() {
        let mut codes: Vec<_> = LEGAL_BASES.iter().map(|basis| basis.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), LEGAL_BASES.len());
        assert!(LEGAL_BASES.iter().all(|basis| basis.effective_from().is_some() && !basis.zh.is_ascii()));
        assert!(LegalBasis::of("cn_legitimate_interests").is_none());
    }
}
