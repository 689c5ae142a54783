//! Each transformation by examples and properties; and that nobody stands alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use chrono::{Datelike, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::catalog::{Labels, customer};

fn field(key: &str, data_type: DataType) -> Field {
    Field::new("customer", key, Labels::new("x", "x"), data_type)
}

fn rule(method: Method, size: Option<u32>) -> Rule {
    Rule { field: "f".into(), method, size }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn made_with(key: u8, seed: u64, rule: &Rule, of: &Field, text: &str) -> Option<String> {
    let name = |field: &str, value: &str| {
        format!("{key}:{field}:{}", value.len() * 7 + value.bytes().map(usize::from).sum::<usize>())
    };
    apply(rule, of, text, &Person { today: day("2026-11-22"), seed, name: &name })
}

fn made(rule: &Rule, of: &Field, text: &str) -> Option<String> {
    made_with(1, 5, rule, of, text)
}

#[test]
fn each_method_does_what_it_says() {
    let (text, number) = (field("t", DataType::Text), field("n", DataType::Number));
    let (date, moment) = (field("d", DataType::Date), field("m", DataType::Datetime));
    let is = |made: Option<String>, expected: &str| assert_eq!(made.as_deref(), Some(expected));
    is(made(&rule(Method::Keep, None), &text, "Shanghai"), "Shanghai");
    is(
        made(&rule(Method::Mask, None), customer().field("mobile").unwrap(), "+8613812345678"),
        &customer().field("mobile").unwrap().mask("+8613812345678"),
    );
    is(made(&rule(Method::Prefix, Some(2)), &text, "上海市浦东"), "上海*");
    is(made(&rule(Method::Prefix, Some(9)), &text, "上海"), "上海*");
    is(made(&rule(Method::Range, Some(10)), &number, "25.3"), "20..30");
    is(made(&rule(Method::Range, Some(10)), &number, "-0.5"), "-10..0");
    is(made(&rule(Method::Range, Some(10)), &number, "-10"), "-10..0");
    is(made(&rule(Method::AgeBand, Some(10)), &date, "1990-11-22"), "30-39");
    is(made(&rule(Method::AgeBand, Some(10)), &date, "1986-11-23"), "30-39");
    is(made(&rule(Method::AgeBand, Some(10)), &date, "1920-01-01"), "90+");
    is(made(&rule(Method::Year, None), &date, "1985-03-02"), "1985");
    is(made(&rule(Method::Month, None), &moment, "2026-01-31T23:30:00Z"), "2026-01");
    is(made(&rule(Method::Pseudonymise, None), &text, "x"), "1:t:127");
    assert_eq!(made(&rule(Method::AgeBand, Some(10)), &date, "2030-01-01"), None, "who is not born has no age");
    assert_eq!(made(&rule(Method::Range, Some(10)), &number, "many"), None);
}

#[test]
fn a_recipe_names_what_it_does_to_what() {
    let of = customer();
    let told = |rules: Vec<Rule>, quasi: &[&str]| {
        let quasi_identifiers = quasi.iter().map(|key| (*key).to_owned()).collect();
        let recipe = Recipe { rules, quasi_identifiers, k: 5, below: Below::Suppress };
        faults(&recipe, of).into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>()
    };
    let of_field = |field: &str, method, size| Rule { field: field.into(), method, size };
    let one = |pointer: &str, code| vec![(pointer.to_owned(), code)];
    let good = vec![
        of_field("birthday", Method::AgeBand, Some(10)),
        of_field("name", Method::Pseudonymise, None),
        of_field("company", Method::Keep, None),
    ];
    assert!(told(good.clone(), &["birthday"]).is_empty());
    assert_eq!(
        told(good.clone(), &[]),
        one("/quasi_identifiers", "must_be_named"),
        "what tells who somebody is counts"
    );
    assert_eq!(told(good, &["birthday", "name"]), one("/quasi_identifiers/1", "no_such_column"));
    for key in ["name", "mobile", "id_number", "bank_card", "birthday", "notes", "customer_no"] {
        let kept = told(vec![of_field(key, Method::Keep, None)], &[key]);
        assert_eq!(kept, one("/rules/0/method", "must_be_transformed"), "{key}");
    }
    assert_eq!(
        told(vec![of_field("company", Method::AgeBand, Some(10))], &[]),
        one("/rules/0/method", "method_does_not_fit")
    );
    assert_eq!(
        told(vec![of_field("birthday", Method::AgeBand, None)], &["birthday"]),
        one("/rules/0/size", "required")
    );
    assert_eq!(
        told(vec![of_field("birthday", Method::AgeBand, Some(1))], &["birthday"]),
        one("/rules/0/size", "out_of_range")
    );
    assert_eq!(told(vec![of_field("company", Method::Keep, Some(1))], &[]), one("/rules/0/size", "not_allowed"));
    assert_eq!(told(vec![of_field("shoe", Method::Keep, None)], &[]), one("/rules/0/field", "unknown_field"));
}

#[test]
fn the_dates_of_one_data_set_move_by_one_measure() {
    let mut of = customer().clone();
    of.fields.push(field("joined_on", DataType::Date));
    let shift = |field: &str, size| Rule { field: field.into(), method: Method::Shift, size: Some(size) };
    let recipe = |other| Recipe {
        rules: vec![shift("birthday", 30), shift("joined_on", other)],
        quasi_identifiers: vec!["birthday".into()],
        k: 5,
        below: Below::Refuse,
    };
    assert!(faults(&recipe(30), &of).is_empty());
    assert_eq!(faults(&recipe(60), &of)[0].code, "one_shift");
}

proptest! {
    #[test]
    fn a_range_holds_its_number(whole in -1_000_000_i64..1_000_000, cents in 0_u8..100, width in 2_u32..5_000) {
        let text = format!("{whole}.{cents:02}");
        let told = made(&rule(Method::Range, Some(width)), &field("n", DataType::Number), &text).unwrap();
        let (from, to) = told.split_once("..").unwrap();
        let (from, to, value) = (from.parse::<f64>().unwrap(), to.parse::<f64>().unwrap(), text.parse::<f64>().unwrap());
        prop_assert!(from <= value && value < to, "{} in {}", text, told);
        prop_assert_eq!(to - from, f64::from(width));
    }

    #[test]
    fn a_band_holds_its_age_and_tells_no_more(days in 0_i64..45_000, years in 2_u32..50) {
        let born = day("2026-11-22") - chrono::TimeDelta::days(days);
        let age = day("2026-11-22").years_since(born).unwrap();
        let told = made(&rule(Method::AgeBand, Some(years)), &field("d", DataType::Date), &born.to_string()).unwrap();
        match told.split_once('-') {
            None => prop_assert!(age >= OLDEST_BAND),
            Some((from, to)) => {
                let (from, to) = (from.parse::<u32>().unwrap(), to.parse::<u32>().unwrap());
                prop_assert!(from <= age && age <= to && from % years == 0 && to < from + years);
            }
        }
    }

    #[test]
    fn what_lies_between_two_dates_of_one_person_stays(first in 0_i64..30_000, second in 0_i64..30_000, seed: u64, most in 1_u32..366) {
        let (of, rule) = (field("d", DataType::Date), rule(Method::Shift, Some(most)));
        let at = |days| day("1950-01-01") + chrono::TimeDelta::days(days);
        let moved = |days| day(&made_with(1, seed, &rule, &of, &at(days).to_string()).unwrap());
        prop_assert_eq!(moved(second) - moved(first), at(second) - at(first));
        let by = (moved(first) - at(first)).num_days();
        prop_assert!(by != 0 && by.abs() <= i64::from(most), "moved by {}", by);
    }

    #[test]
    fn a_year_and_a_month_are_those_of_the_date(days in 0_i64..40_000) {
        let (of, at) = (field("d", DataType::Date), day("1920-01-01") + chrono::TimeDelta::days(days));
        prop_assert_eq!(made(&rule(Method::Year, None), &of, &at.to_string()), Some(format!("{}", at.year())));
        prop_assert_eq!(made(&rule(Method::Month, None), &of, &at.to_string()), Some(at.format("%Y-%m").to_string()));
    }

    #[test]
    fn a_prefix_tells_what_everybody_with_it_tells(text in "\\PC{0,20}", other in "\\PC{0,20}", size in 1_u32..20) {
        let (of, rule) = (field("t", DataType::Text), rule(Method::Prefix, Some(size)));
        let cut = |text: &str| text.chars().take(size as usize).collect::<String>();
        let (one, two) = (made(&rule, &of, &text).unwrap(), made(&rule, &of, &other).unwrap());
        prop_assert_eq!(one == two, cut(&text) == cut(&other));
    }

    #[test]
    fn names_are_those_of_one_data_set(text in "[a-z]{1,12}") {
        let (of, rule) = (field("t", DataType::Text), rule(Method::Pseudonymise, None));
        prop_assert_eq!(made_with(1, 1, &rule, &of, &text), made_with(1, 2, &rule, &of, &text), "alike for whoever has the value");
        prop_assert_ne!(made_with(1, 1, &rule, &of, &text), made_with(2, 1, &rule, &of, &text), "different in another");
    }

    #[test]
    fn nobody_who_is_left_stands_among_fewer_than_k(rows in proptest::collection::vec(0_u8..12, 0..120), k in 2_u32..12) {
        let class = |value: u8| [value; 16];
        let mut all = Classes::default();
        rows.iter().for_each(|value| all.add(class(*value)));
        let kept: Vec<u8> = rows.iter().copied().filter(|value| all.holds(&class(*value), k)).collect();
        let mut left = Classes::default();
        kept.iter().for_each(|value| left.add(class(*value)));
        prop_assert!(left.is_empty() || left.smallest() >= k);
        prop_assert_eq!(all.below(k) as usize, rows.len() - kept.len());
    }
}
