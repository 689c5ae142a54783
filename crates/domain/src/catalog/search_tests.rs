//! That a search meets the index, and refuses what it cannot look up.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::catalog::{Input, customer};

fn field(key: &str) -> &'static Field {
    customer().field(key).unwrap()
}

fn stored(key: &str, typed: &str) -> String {
    let today = NaiveDate::from_ymd_opt(2026, 8, 14).unwrap();
    field(key).accept(Input::Text(typed), today).unwrap()
}

fn term(key: &str, kind: SearchKind, value: &str) -> Option<String> {
    let terms = field(key).search_terms(value);
    terms.into_iter().find(|(found, _)| *found == kind).map(|(_, term)| term)
}

#[test]
fn a_name_is_indexed_whole_and_by_its_first_four_characters() {
    let terms = field("name").search_terms("Zhang San");
    let expected = [
        (SearchKind::Exact, "zhangsan"),
        (SearchKind::Prefix, "z"),
        (SearchKind::Prefix, "zh"),
        (SearchKind::Prefix, "zha"),
        (SearchKind::Prefix, "zhan"),
    ];
    assert_eq!(terms, expected.map(|(kind, term)| (kind, term.to_owned())));
    assert_eq!(field("name").search_terms("张三").len(), 3);
}

#[test]
fn every_way_of_typing_meets_the_index() {
    for (key, typed) in [
        ("mobile", vec!["13812345678", "+86 138-1234-5678", "8613812345678", "００８６１３８１２３４５６７８"]),
        ("id_number", vec!["11010519491231002X", "11010519491231002x", "110105491231002", "110105 19491231 002x"]),
        ("bank_card", vec!["6222020000111122222", "6222 0200 0011 1122 222", "６２２２０２００００１１１１２２２２２"]),
        ("email", vec!["Zhang.San@example.com", " zhang.san@EXAMPLE.COM ", "ＺＨＡＮＧ．ＳＡＮ＠example.com"]),
        ("name", vec!["张三", " 张 三", "张\u{3000}三"]),
        ("company", vec!["ACME Trading", "acme  trading", "ＡＣＭＥ trading"]),
    ] {
        let indexed = term(key, SearchKind::Exact, &stored(key, typed[0])).unwrap();
        for raw in &typed {
            assert_eq!(field(key).query_term(SearchKind::Exact, raw).as_deref(), Ok(indexed.as_str()), "{key}");
        }
    }
}

#[test]
fn last_four_meets_the_index() {
    for (key, typed, raw) in [
        ("mobile", "13812345678", " ５６７８"),
        ("id_number", "11010519491231002X", "002x"),
        ("bank_card", "6222020000111122222", "2222"),
    ] {
        let indexed = term(key, SearchKind::Last4, &stored(key, typed)).unwrap();
        assert_eq!(field(key).query_term(SearchKind::Last4, raw).as_deref(), Ok(indexed.as_str()));
        for bad in ["", "123", "12345", "12a4", "X123"] {
            assert!(field(key).query_term(SearchKind::Last4, bad).is_err(), "{bad}");
        }
    }
}

#[test]
fn refuses_what_it_cannot_look_up() {
    let code = |key, kind, raw| field(key).query_term(kind, raw).unwrap_err().code;
    assert_eq!(code("mobile", SearchKind::Prefix, "138"), "not_searchable");
    assert_eq!(code("birthday", SearchKind::Exact, "1990-05-17"), "not_searchable");
    assert_eq!(code("mobile", SearchKind::Exact, "138"), "invalid_mobile");
    assert_eq!(code("name", SearchKind::Exact, " "), "required");
    assert_eq!(code("name", SearchKind::Prefix, "欧阳娜娜娜"), "too_long");
    assert_eq!(code("mobile", SearchKind::Last4, "567"), "invalid_last4");
}

#[test]
fn what_is_not_searchable_leaves_no_term() {
    for key in ["birthday", "address", "notes", "occupation"] {
        assert!(field(key).search_terms("1990-05-17").is_empty(), "{key}");
    }
}

proptest! {
    #[test]
    fn a_search_for_the_stored_value_meets_its_own_index(text in "[A-Za-z张三丰·• 　Ａ-Ｚİß-]{1,12}") {
        let today = NaiveDate::from_ymd_opt(2026, 8, 14).unwrap();
        for key in ["name", "company", "wechat", "customer_no"] {
            let Ok(value) = field(key).accept(Input::Text(&text), today) else { continue };
            let indexed = term(key, SearchKind::Exact, &value);
            for raw in [text.clone(), text.to_uppercase().to_lowercase(), format!(" {text} ")] {
                if raw.to_lowercase() == text.to_lowercase() || raw.trim() == text.trim() {
                    prop_assert_eq!(field(key).query_term(SearchKind::Exact, &raw).ok(), indexed.clone());
                }
            }
        }
    }

    #[test]
    fn a_prefix_search_meets_the_index(text in "[A-Za-z张三丰]{1,12}", length in 1usize..=4) {
        let raw: String = text.chars().take(length).collect();
        let asked = field("name").query_term(SearchKind::Prefix, &raw).unwrap();
        prop_assert!(field("name").search_terms(&text).contains(&(SearchKind::Prefix, asked)));
    }

    #[test]
    fn a_mobile_is_found_however_it_is_spaced(
        digits in "1[3-9][0-9]{9}", lead in prop::sample::select(vec!["", "+86", "86", "0086", "＋８６ "]),
        gap in prop::sample::select(vec!["", " ", "-", "\u{3000}", "\u{2013}"]),
    ) {
        let indexed = term("mobile", SearchKind::Exact, &stored("mobile", &digits));
        let raw = format!("{lead}{}{gap}{}{gap}{}", &digits[..3], &digits[3..7], &digits[7..]);
        prop_assert_eq!(field("mobile").query_term(SearchKind::Exact, &raw).ok(), indexed);
        prop_assert_eq!(stored("mobile", &raw), stored("mobile", &digits));
    }
}
