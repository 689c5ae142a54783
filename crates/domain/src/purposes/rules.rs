//! The legal rules that the service applies, as data: what, from which article, since when, and how sure the wording is.

use super::bases::Law;

/// How the wording of a rule is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The article itself was read.
    Text,
    /// A secondary source quotes or reports it.
    Secondary,
    /// Known by heart; to be checked before it is relied on.
    Memory,
}

impl Evidence {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Secondary => "secondary",
            Self::Memory => "memory",
        }
    }
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct LegalRule {
    /// The stable code.
    pub code: &'static str,
    /// The law's short name.
    pub law: &'static str,
    /// The article.
    pub article: &'static str,
    /// What the service does about it.
    pub en: &'static str,
    /// The same in Chinese.
    pub zh: &'static str,
    /// Since when, as `YYYY-MM-DD`.
    pub effective_from: &'static str,
    /// How the wording is known.
    pub evidence: Evidence,
}

/// Where the text of a law was read.
pub fn source_of(law: &str) -> &'static str {
    match law {
        "pipl" => "《中华人民共和国个人信息保护法》(2021-08-20)",
        "ndsr" => "《网络数据安全管理条例》(2024-09-24)",
        "csl" => "《中华人民共和国网络安全法》(2025-10-28)",
        "gdpr" => "Regulation (EU) 2016/679",
        "ccpa" => "Cal. Civ. Code 1798.100 et seq. and Cal. Code Regs. tit. 11",
        _ => "",
    }
}

/// The name of a law by its code.
pub const fn law_of(law: Law) -> &'static str {
    law.code()
}

macro_rules! rules {
    ($($code:literal $law:literal $article:literal $from:literal $evidence:ident, $en:literal / $zh:literal;)*) => {
        /// Every rule but the legal bases, which have a table of their own.
        pub const LEGAL_RULES: &[LegalRule] = &[$(LegalRule {
            code: $code,
            law: $law,
            article: $article,
            en: $en,
            zh: $zh,
            effective_from: $from,
            evidence: Evidence::$evidence,
        }),*];
    };
}

#[rustfmt::skip]
rules! {
    "purpose_limitation" "pipl" "6" "2021-11-01" Text, "A call sees the fields that its purpose lists, and no others." / "调用仅能获取其处理目的所列明的字段。";
    "renewal_on_change" "pipl" "14(2)" "2021-11-01" Text, "When the purpose, the method or the kinds of data change, consents given before must be renewed." / "处理目的、处理方式或个人信息种类发生变更的，须重新取得同意。";
    "renewal_on_longer_retention" "ndsr" "22(1)(4)" "2025-01-01" Text, "A longer retention goes beyond the consent that was given, which must be renewed." / "延长保存期限即超出原同意的范围，须重新取得同意。";
    "written_or_separate_consent" "pipl" "14(1)" "2021-11-01" Text, "A purpose says which kind of consent it needs: plain, separate, written, or a guardian's." / "处理目的须载明所需同意的类型：一般、单独、书面或监护人同意。";
    "separate_consent_third_party" "pipl" "23" "2021-11-01" Text, "Consent to giving data to another processor is separate." / "向其他个人信息处理者提供的，须取得单独同意。";
    "separate_consent_sensitive" "pipl" "29" "2021-11-01" Text, "Consent to the use of sensitive data is separate." / "处理敏感个人信息须取得单独同意。";
    "separate_consent_abroad" "pipl" "39" "2021-11-01" Text, "Consent to providing data abroad is separate." / "向境外提供个人信息须取得单独同意。";
    "separate_consent_is_for_one" "ndsr" "62(7)" "2025-01-01" Text, "A separate consent covers exactly one thing." / "单独同意须针对一项特定处理作出具体、明确的同意。";
    "withdrawal_any_time" "pipl" "15" "2021-11-01" Text, "Consent is withdrawn in one call, without a reason, at once; what was done before stays lawful." / "个人有权撤回同意，一次调用即可、无需理由、立即生效，不影响撤回前的处理活动。";
    "withdrawal_as_easy_as_giving" "gdpr" "7(3)" "2018-05-25" Text, "Withdrawing is as easy as giving." / "撤回同意应与作出同意同样容易。";
    "consent_is_proved" "gdpr" "7(1)" "2018-05-25" Text, "Each consent keeps who, how, where, when, under which words and on what evidence." / "每项同意均保留主体、方式、地点、时间、告知文本与证据。";
    "guardian_under_14" "pipl" "31" "2021-11-01" Text, "For a person under fourteen a guardian consents." / "不满十四周岁未成年人的个人信息，须取得其监护人的同意。";
    "no_asking_again" "ndsr" "22(1)(5)" "2025-01-01" Text, "After a refusal nobody is asked again before the cool-down of the purpose has passed." / "个人明确拒绝后，在冷却期内不得再次征求同意。";
    "notice_general" "pipl" "17" "2021-11-01" Text, "A notice is published only with every element that the article lists." / "告知文本须包含本条所列全部事项方可发布。";
    "notice_third_party" "pipl" "23" "2021-11-01" Text, "A notice of a purpose with recipients names them, their contact, purpose, method and kinds." / "涉及向他人提供的，告知文本须载明接收方的名称、联系方式、处理目的、处理方式和个人信息种类。";
    "notice_sensitive" "pipl" "30" "2021-11-01" Text, "A notice of a purpose with sensitive data says why it is necessary and what it means for the person." / "涉及敏感个人信息的，须告知处理的必要性以及对个人权益的影响。";
    "notice_abroad" "pipl" "39" "2021-11-01" Text, "A notice of a purpose with recipients abroad says how rights are exercised against them." / "涉及境外接收方的，须告知个人向其行使权利的方式和程序。";
    "notice_gdpr" "gdpr" "13, 14" "2018-05-25" Text, "A notice under the GDPR is published only with the elements that the articles list." / "GDPR 告知文本须包含第 13、14 条所列事项方可发布。";
    "restriction" "gdpr" "18(2)" "2018-05-25" Text, "On a person who has had processing restricted everything is masked, but for purposes that the law leaves open." / "处理受限的个人仅显示掩码，法律保留的目的除外。";
    "objection" "gdpr" "21" "2018-05-25" Text, "An objection ends uses that rest on interests or a public task." / "数据主体反对后，基于正当利益或公共任务的处理即告终止。";
    "request_deadline_gdpr" "gdpr" "12(3)" "2018-05-25" Text, "A request is answered within one month of receipt." / "应在收到请求后一个月内答复。";
    "request_extension_gdpr" "gdpr" "12(3)" "2018-05-25" Text, "Two more months where a request is complex or there are many; the person is told of it and why within the first month." / "请求复杂或数量众多的，可再延长两个月，并须在第一个月内告知个人延期及其理由。";
    "opt_out_signal" "ccpa" "1798.135, 11 CCR 7025" "2026-01-01" Secondary, "`Sec-GPC: 1` is honoured as an opt-out; its later absence changes nothing." / "`Sec-GPC: 1` 视为有效的退出选择，其后不再发送亦不改变该选择。";
    "opt_out_wait" "ccpa" "1798.135(c)(4)" "2020-01-01" Secondary, "Who opted out of selling and sharing is not asked to agree again for twelve months, unless they come forward by themselves." / "选择退出出售或共享的个人，十二个月内不得再次征求其同意，本人主动提出的除外。";
    "log_retention" "csl" "23(3)" "2026-01-01" Secondary, "Entries of the audit log are kept for six months at least." / "审计日志至少保存六个月。";
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn every_rule_has_its_own_code_a_date_and_a_source() {
        let mut codes: Vec<_> = LEGAL_RULES.iter().map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), LEGAL_RULES.len());
        for rule in LEGAL_RULES {
            assert!(rule.effective_from.parse::<NaiveDate>().is_ok(), "{}", rule.code);
            assert!(!source_of(rule.law).is_empty() && !rule.zh.is_ascii(), "{}", rule.code);
        }
    }
}
