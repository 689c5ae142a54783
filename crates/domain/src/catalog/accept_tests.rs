//! What is accepted, what is refused with which code, and that what is shown can be sent back.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::catalog::{Labels, Mask, customer};

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 8, 14).unwrap()
}

fn of_customer(key: &str) -> &'static Field {
    customer().field(key).unwrap()
}

fn accept(key: &str, text: &str) -> Result<String, Refusal> {
    of_customer(key).accept(Input::Text(text), today())
}

fn code(key: &str, text: &str) -> &'static str {
    accept(key, text).unwrap_err().code
}

fn custom(data_type: DataType) -> Field {
    Field {
        data_type, mask: Mask::Everything, labels: Labels::new("Thing", "物"), ..of_customer("occupation").clone()
    }
}

#[test]
fn identifiers_are_stored_in_their_canonical_form() {
    for (key, typed, stored) in [
        ("mobile", "138 1234 5678", "+8613812345678"),
        ("id_number", "11010519491231002x", "11010519491231002X"),
        ("id_number", "110105491231002", "11010519491231002X"),
        ("bank_card", "6222 0200 0011 1122 222", "6222020000111122222"),
        ("email", " Zhang.San@EXAMPLE.com", "Zhang.San@example.com"),
        ("birthday", "1990-05-17", "1990-05-17"),
        ("name", "  张三 ", "张三"),
    ] {
        assert_eq!(accept(key, typed).as_deref(), Ok(stored));
    }
}

#[test]
fn each_type_refuses_with_its_own_code() {
    for (key, typed, expected) in [
        ("mobile", "12345", "invalid_mobile"),
        ("id_number", "110105194912310020", "invalid_resident_id"),
        ("bank_card", "6217001234567890", "invalid_bank_card"),
        ("email", "nobody", "invalid_email"),
        ("birthday", "1990-02-30", "invalid_date"),
        ("birthday", "1990-5-17", "invalid_date"),
        ("birthday", "2026-08-15", "invalid_date"),
        ("birthday", "1899-12-31", "invalid_date"),
        ("name", "", "required"),
        ("name", " \u{200b} ", "required"),
        ("company", "  ", "empty"),
        ("notes", "", "empty"),
        ("name", "a\0b", "control_character"),
        ("notes", "a\u{1b}[2Jb", "control_character"),
        ("name", "张\u{202e}三", "control_character"),
        ("company", "Acme\u{200b} Ltd", "control_character"),
        ("occupation", "a\nb", "control_character"),
    ] {
        assert_eq!(code(key, typed), expected, "{key}");
    }
    assert!(accept("birthday", "2026-08-14").is_ok());
}

#[test]
fn a_person_born_tomorrow_has_no_resident_id() {
    let field = of_customer("id_number");
    let before = NaiveDate::from_ymd_opt(2012, 8, 14).unwrap();
    let refused = field.accept(Input::Text("310101201208150039"), before).unwrap_err();
    assert_eq!(refused.code, "invalid_resident_id");
    assert!(field.accept(Input::Text("310101201208150039"), today()).is_ok());
}

#[test]
fn prose_comes_back_exactly_as_typed() {
    for text in ["  \"quoted\"\r\n\tand 'kept'\n", "=HYPERLINK(\"http://x\")", " ", "见 *附件*", "𠮷😀"] {
        assert_eq!(accept("notes", text).as_deref(), Ok(text));
        assert_eq!(accept("address", text).as_deref(), Ok(text));
    }
}

#[test]
fn too_long_names_its_limit_in_characters() {
    assert!(accept("notes", &"字".repeat(4000)).is_ok());
    let refused = accept("notes", &"字".repeat(4001)).unwrap_err();
    assert_eq!((refused.code, refused.arg.as_deref()), ("too_long", Some("4000")));
    assert_eq!(code("customer_no", &"1".repeat(65)), "too_long");
    assert_eq!(code("email", &format!("{}@b.cn", "a".repeat(300))), "too_long");
}

#[test]
fn a_mask_sent_back_is_refused() {
    for (key, shown) in [
        ("mobile", "138****5678"),
        ("mobile", " １３８＊＊＊＊５６７８ "),
        ("mobile", "138 **** 5678"),
        ("id_number", "1***************2X"),
        ("bank_card", "6222 **** **** **** 222"),
        ("bank_card", "6222************222"),
        ("email", "z*******@example.com"),
        ("name", "张*"),
        ("name", "*"),
        ("address", "北京市海淀区****"),
        ("birthday", "****-**-**"),
        ("notes", "****"),
        ("wechat", "z****n"),
        ("company", "阿里****"),
    ] {
        assert_eq!(code(key, shown), "masked_value", "{key}");
    }
    for data_type in [DataType::Number, DataType::Boolean, DataType::Money, DataType::Json, DataType::Plate] {
        let refused = custom(data_type).accept(Input::Text("****"), today()).unwrap_err();
        assert_eq!(refused.code, "masked_value");
    }
}

#[test]
fn the_mask_of_every_stored_value_is_refused() {
    for (key, typed) in [
        ("name", "段正淳"),
        ("mobile", "13812345678"),
        ("mobile", "+14155550123"),
        ("email", "a@b.cn"),
        ("id_number", "440524188001010014"),
        ("bank_card", "4111111111111111"),
        ("address", "某街 1 号"),
    ] {
        let field = of_customer(key);
        let shown = field.mask(&accept(key, typed).unwrap());
        assert_eq!(code(key, &shown), "masked_value", "{key}");
    }
}

#[test]
fn other_shapes_are_refused() {
    let refused = of_customer("mobile").accept(Input::Number("13812345678"), today()).unwrap_err();
    assert_eq!(refused.code, "wrong_type");
    assert_eq!(of_customer("name").accept(Input::Bool(true), today()).unwrap_err().code, "wrong_type");
    assert_eq!(custom(DataType::Number).accept(Input::Text("12"), today()).unwrap_err().code, "wrong_type");
    assert_eq!(custom(DataType::Boolean).accept(Input::Number("1"), today()).unwrap_err().code, "wrong_type");
}

#[test]
fn numbers_have_one_spelling() {
    let field = custom(DataType::Number);
    for (typed, stored) in [
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("12.50", "12.5"),
        ("1e3", "1000"),
        ("1.25E-3", "0.00125"),
        ("-12.5e1", "-125"),
        ("0.1", "0.1"),
        ("100", "100"),
        ("1e+2", "100"),
        ("120e-1", "12"),
    ] {
        assert_eq!(field.accept(Input::Number(typed), today()).as_deref(), Ok(stored));
    }
    for bad in ["", "-", ".5", "5.", "1e", "1e99", "NaN", "1e38", "0x10", "1.2.3", "１"] {
        assert_eq!(field.accept(Input::Number(bad), today()).unwrap_err().code, "invalid_number", "{bad}");
    }
}

#[test]
fn money_dates_and_choices() {
    let money = custom(DataType::Money);
    let typed = r#"{"amount":"12.30","currency":"CNY"}"#;
    assert_eq!(money.accept(Input::Structure(typed), today()).as_deref(), Ok(typed));
    for bad in [
        r#"{"amount":"12.30"}"#,
        r#"{"amount":"1e3","currency":"CNY"}"#,
        r#"{"amount":"012","currency":"CNY"}"#,
        r#"{"amount":"1","currency":"cny"}"#,
        r#"{"amount":"","currency":"CNY"}"#,
        "[]",
    ] {
        assert_eq!(money.accept(Input::Structure(bad), today()).unwrap_err().code, "invalid_money", "{bad}");
    }
    let moment = custom(DataType::Datetime);
    assert_eq!(moment.accept(Input::Text("2026-08-14T08:00:00+08:00"), today()).as_deref(), Ok("2026-08-14T00:00:00Z"));
    assert_eq!(moment.accept(Input::Text("2026-08-14"), today()).unwrap_err().code, "invalid_datetime");
    let choice = custom(DataType::Enum(vec!["gold".into(), "silver".into()]));
    assert_eq!(choice.accept(Input::Text("gold"), today()).as_deref(), Ok("gold"));
    let refused = choice.accept(Input::Text("iron"), today()).unwrap_err();
    assert_eq!((refused.code, refused.arg.as_deref()), ("not_a_choice", Some("gold,silver")));
}

#[test]
fn a_contract_may_end_in_the_future() {
    let field = custom(DataType::Date);
    assert!(field.accept(Input::Text("2030-01-01"), today()).is_ok());
}

proptest! {
    #[test]
    fn what_is_shown_can_be_sent_back(
        key in prop::sample::select(customer().fields.iter().map(|field| field.key).collect::<Vec<_>>()),
        text in prop_oneof![
            any::<String>(),
            "1[3-9][0-9]{9}",
            "\\+[1-9][0-9]{7,14}",
            "[a-zA-Z.*]{1,8}@[a-zA-Zİß-]{1,6}\\.(cn|COM)",
            "[ 　张三*a\\n]{0,8}",
            "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]",
        ],
    ) {
        let field = of_customer(key);
        if let Ok(stored) = field.accept(Input::Text(&text), today()) {
            let again = field.accept(field.present(&stored).into(), today());
            prop_assert_eq!(again.as_deref(), Ok(stored.as_str()));
        }
    }

    #[test]
    fn numbers_are_accepted_again_as_they_are_shown(typed in "-?[0-9]{1,12}(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?") {
        let field = custom(DataType::Number);
        if let Ok(stored) = field.accept(Input::Number(&typed), today()) {
            let again = field.accept(field.present(&stored).into(), today());
            prop_assert_eq!(again.as_deref(), Ok(stored.as_str()));
        }
    }
}
