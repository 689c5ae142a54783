//! The grounds on which a request may be turned down, and what somebody who was turned down is told to do about it.

use super::Jurisdiction::{self, Cn, Eu, UsCa};
use super::Right;

/// A ground.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// The stable code.
    pub code: &'static str,
    /// Under these laws, each with its article.
    pub articles: &'static [(Jurisdiction, &'static str)],
    /// For these rights; for all when empty.
    pub rights: &'static [Right],
    /// What it says, in English and in Chinese.
    pub text: [&'static str; 2],
}

impl Ground {
    /// The article that it rests on there; `None` where it is no ground.
    pub fn article(&self, jurisdiction: Jurisdiction, right: Right) -> Option<&'static str> {
        let fits = self.rights.is_empty() || self.rights.contains(&right);
        self.articles.iter().find(|(of, _)| fits && *of == jurisdiction).map(|(_, article)| *article)
    }
}

macro_rules! grounds {
    ($($code:literal [$($law:ident $article:literal),*] [$($right:ident),*] $en:literal / $zh:literal;)*) => {
        /// Every ground.
        pub const GROUNDS: &[Ground] = &[$(Ground {
            code: $code,
            articles: &[$(($law, $article)),*],
            rights: &[$(Right::$right),*],
            text: [$en, $zh],
        }),*];
    };
}

#[rustfmt::skip]
grounds! {
    "identity_not_proved" [Cn "50", Eu "12(2), 12(6)", UsCa "11 CCR 7062"] []
        "It could not be established who asks." / "无法确认请求人的身份。";
    "not_authorised" [Cn "50", Eu "12(2)", UsCa "11 CCR 7063"] []
        "Who asks may not speak for the person." / "请求人无权代表该个人。";
    "nothing_held" [Cn "45", Eu "11, 15(1)", UsCa "1798.145(j)"] []
        "Nothing is held about the person." / "未持有该个人的个人信息。";
    "manifestly_unfounded" [Eu "12(5)(b)", UsCa "1798.145(h)(3)"] []
        "The request is manifestly unfounded." / "请求明显缺乏依据。";
    "excessive" [Eu "12(5)(b)", UsCa "1798.145(h)(3)"] []
        "The request is excessive, above all by its repetition." / "请求过度，尤其是重复提出。";
    "secrecy_required" [Cn "18, 35, 45(1)"] [Access, Portability, Explanation]
        "The law demands secrecy, or telling would hinder a public body." / "法律要求保密，或告知将妨碍国家机关履行法定职责。";
    "rights_of_others" [Cn "45(3)", Eu "15(4), 20(4)", UsCa "1798.145(k)"] [Access, Portability]
        "It would harm the rights of others." / "将损害他人的合法权益。";
    "not_by_consent_or_contract" [Cn "45(3)", Eu "20(1)"] [Portability]
        "The data was not given by consent or under a contract." / "相关信息并非基于同意或合同收集。";
    "not_feasible" [Cn "45(3)", Eu "20(2)"] [Portability]
        "Handing it over is technically not feasible." / "转移在技术上不可行。";
    "found_correct" [Cn "46", Eu "16", UsCa "11 CCR 7023"] [Rectification]
        "What is held was checked and found correct." / "经核实，所持有的信息准确。";
    "retention_required" [Cn "47(2)", Eu "17(3)(b)", UsCa "1798.105(d)(8)"] [Erasure]
        "The law demands that it be kept; meanwhile it is only stored." / "法定保存期限未届满，期间仅作存储并采取安全保护措施。";
    "legal_claims" [Eu "17(3)(e), 21(1)", UsCa "1798.145(a)"] [Erasure, Objection, Restriction]
        "It is needed for legal claims." / "为法律请求权的确立、行使或抗辩所必需。";
    "expression_or_archive" [Eu "17(3)(a), 17(3)(d)", UsCa "1798.105(d)(4), (6)"] [Erasure]
        "Free expression, or an archive or research in the public interest, demands it." / "为表达自由，或为公共利益的存档、研究所必需。";
    "transaction_pending" [Cn "13(2), 47(1)", UsCa "1798.105(d)(1)"] [Erasure]
        "It is needed to perform a contract that is under way." / "为履行正在进行的合同所必需。";
    "compelling_grounds" [Eu "21(1)"] [Objection]
        "Compelling legitimate grounds outweigh the objection." / "存在压倒性的正当理由。";
    "no_such_processing" [Cn "44, 24", Eu "18, 21, 22", UsCa "1798.120, 1798.121"] [Restriction, Objection, WithdrawConsent, Explanation]
        "The use in question does not take place." / "不存在所述的处理活动。";
    "arranged_otherwise" [Cn "49"] [Access, Portability, Rectification, Erasure]
        "The person had arranged otherwise before dying." / "死者生前另有安排。";
}

/// The ground of a code.
pub fn ground(code: &str) -> Option<&'static Ground> {
    GROUNDS.iter().find(|ground| ground.code == code)
}

/// What somebody who was turned down may do about it, in English and in Chinese (PIPL arts. 50, 65; GDPR art. 12(4); Cal. Civ. Code 1798.199.45).
pub const fn remedy(jurisdiction: Jurisdiction) -> [&'static str; 2] {
    match jurisdiction {
        Cn => [
            "You may bring a suit before a people's court, and complain to the authority that protects personal information.",
            "您可以依法向人民法院提起诉讼，也可以向履行个人信息保护职责的部门投诉、举报。",
        ],
        Eu => [
            "You may lodge a complaint with a supervisory authority and seek a judicial remedy.",
            "您可以向监管机构投诉，也可以寻求司法救济。",
        ],
        UsCa => [
            "You may file a complaint with the California Privacy Protection Agency or the Attorney General.",
            "您可以向加州隐私保护局或加州总检察长投诉。",
        ],
    }
}
