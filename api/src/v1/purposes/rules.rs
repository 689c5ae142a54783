//! The legal rules that the service applies, for anybody to check.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use custodian_application::{App, purposes};
use custodian_domain::purposes::{Evidence, LEGAL_BASES, LEGAL_RULES, LegalBasis, LegalRule, law_of, source_of};
use serde::Serialize;
use utoipa::ToSchema;

use super::ReadPurposes;
use crate::http::{ListProblems, Listing, May, Pages, Problem, Query, page_of};

/// One rule.
#[derive(Serialize, ToSchema)]
pub struct RuleBody {
    /// Its code.
    code: &'static str,
    /// `legal_basis` or `rule`.
    kind: &'static str,
    /// `pipl`, `ndsr`, `csl`, `gdpr` or `ccpa`.
    law: &'static str,
    /// The article.
    article: &'static str,
    /// The text that was read.
    source: &'static str,
    /// What it says, or what the service does about it, in English and Chinese.
    text: TextBody,
    /// Since when it applies.
    effective_from: Option<NaiveDate>,
    /// Until when; null while it is in force.
    effective_to: Option<NaiveDate>,
    /// The wording of the article itself was read for it.
    verified: bool,
    /// How the wording is known: `text`, `secondary` or `memory`.
    evidence: &'static str,
    /// The lawyer or officer who checked it; null as long as no person has.
    checked_by: Option<String>,
    /// For a legal basis: whether it is the person's consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_consent: Option<bool>,
    /// For a legal basis: the nearest term of the Data Privacy Vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    dpv: Option<&'static str>,
}

/// In both languages.
#[derive(Serialize, ToSchema)]
pub struct TextBody {
    /// English.
    en: &'static str,
    /// Chinese.
    zh: &'static str,
}

impl From<&'static LegalBasis> for RuleBody {
    fn from(basis: &'static LegalBasis) -> Self {
        let law = law_of(basis.law);
        Self {
            code: basis.code,
            kind: "legal_basis",
            law,
            article: basis.article,
            source: source_of(law),
            text: TextBody { en: basis.en, zh: basis.zh },
            effective_from: basis.effective_from(),
            effective_to: None,
            verified: true,
            evidence: Evidence::Text.code(),
            checked_by: None,
            is_consent: Some(basis.is_consent),
            dpv: basis.dpv,
        }
    }
}

impl From<&'static LegalRule> for RuleBody {
    fn from(rule: &'static LegalRule) -> Self {
        Self {
            code: rule.code,
            kind: "rule",
            law: rule.law,
            article: rule.article,
            source: source_of(rule.law),
            text: TextBody { en: rule.en, zh: rule.zh },
            effective_from: rule.effective_from.parse().ok(),
            effective_to: None,
            verified: rule.evidence == Evidence::Text,
            evidence: rule.evidence.code(),
            checked_by: None,
            is_consent: None,
            dpv: None,
        }
    }
}

/// List the legal rules.
///
/// Every legal basis, then every rule of law that the service applies: article, source, since when, and how sure its wording is. `checked_by` is null until
/// a person has checked it; nothing here is legal advice.
#[utoipa::path(
    tag = "purposes", security(("bearer" = []), ("api_key" = [])),
    params(("law" = Option<String>, Query, description = "`pipl`, `ndsr`, `csl`, `gdpr` or `ccpa`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of rules.", body = Listing<RuleBody>, example = json!({"data": [{
        "code": "cn_consent", "kind": "legal_basis", "law": "pipl", "article": "13(1)(1)", "source": "《中华人民共和国个人信息保护法》(2021-08-20)",
        "text": {"en": "The person consents", "zh": "取得个人的同意"}, "effective_from": "2021-11-01", "effective_to": null, "verified": true,
        "evidence": "text", "checked_by": null, "is_consent": true, "dpv": "dpv:Consent"}], "next_cursor": null})), ListProblems))]
#[get("/rules")]
pub async fn list_rules(may: May<ReadPurposes>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/rules", &query);
    let law = query.choice("law", &["pipl", "ndsr", "csl", "gdpr", "ccpa"]);
    let bases = LEGAL_BASES.iter().map(RuleBody::from);
    let all = bases.chain(LEGAL_RULES.iter().map(RuleBody::from));
    let data = all.filter(|rule| law.is_none_or(|law| rule.law == law)).collect();
    let page = page_of(data, &pages, &mut query)?;
    purposes::record_rules_read(&app, &may).await?;
    Ok(HttpResponse::Ok().json(page))
}
