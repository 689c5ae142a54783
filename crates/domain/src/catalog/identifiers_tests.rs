//! The check vectors of the standards.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn resident_ids_of_the_standard() {
    for (text, birth) in [
        ("11010519491231002X", "1949-12-31"),
        ("440524188001010014", "1880-01-01"),
        ("110101190001010006", "1900-01-01"),
        ("310101201208150039", "2012-08-15"),
        ("810000199101011238", "1991-01-01"),
        ("830000199505053219", "1995-05-05"),
    ] {
        let id = resident_id(text).unwrap();
        assert_eq!((id.text.as_str(), id.birth.to_string().as_str()), (text, birth));
    }
}

#[test]
fn resident_ids_that_do_not_hold_together() {
    for text in [
        "440306198502300015",  // 30 February
        "110105194912310020",  // wrong check character
        "11010519491231002",   // too short
        "11010519491231002XX", // too long
        "X1010519491231002X",
        "990105194912310027", // no such province
        "",
        "身份证",
    ] {
        assert!(resident_id(text).is_none(), "{text}");
    }
}

#[test]
fn a_wrong_province_is_refused_even_with_a_right_check() {
    let body = "99010519491231002";
    let check = resident_check(body).unwrap();
    assert!(resident_id(&format!("{body}{check}")).is_none());
}

#[test]
fn resident_ids_are_made_canonical() {
    for typed in
        ["11010519491231002x", "110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ", "110105491231002"]
    {
        assert_eq!(resident_id(typed).unwrap().text, "11010519491231002X", "{typed}");
    }
}

#[test]
fn social_credit_codes() {
    for good in
        ["91350100M000100Y43", "9144030071526726XG", "91330100799655058B", "52100000500000784G", "91110108MA01YBNX62"]
    {
        assert_eq!(uscc(good).as_deref(), Some(good));
        assert_eq!(uscc(&good.to_lowercase()).as_deref(), Some(good));
    }
    for bad in ["91350100M000100Y44", "9135O100M000100Y43", "91350100M000100Y4", ""] {
        assert_eq!(uscc(bad), None, "{bad}");
    }
}

#[test]
fn bank_cards() {
    for good in [
        "4111111111111111",
        "5555555555554444",
        "378282246310005",
        "6222020000111122222",
        "6217001234567893",
        "6212260000000000018",
    ] {
        assert_eq!(bank_card(good).as_deref(), Some(good));
    }
    assert_eq!(bank_card("4111 1111-1111 1111").as_deref(), Some("4111111111111111"));
    for bad in ["6217001234567890", "6222021234567890", "000000000000", "00000000000000000000", "4111a11111111111", ""]
    {
        assert_eq!(bank_card(bad), None, "{bad}");
    }
}

#[test]
fn phones() {
    for typed in [
        "13812345678",
        "+8613812345678",
        "008613812345678",
        "8613812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 138-1234-5678",
        "１３８１２３４５６７８",
        "＋86 13812345678",
        "\u{202d}13812345678\u{202c}",
    ] {
        assert_eq!(phone(typed).as_deref(), Some("+8613812345678"), "{typed}");
    }
    assert_eq!(phone("+1 (415) 555-0123").as_deref(), Some("+14155550123"));
    assert_eq!(phone("+85291234567").as_deref(), Some("+85291234567"));
    for bad in [
        "12812345678",
        "1381234567",
        "138123456789",
        "+8612812345678",
        "+861012345678",
        "1410012345678",
        "4155550123",
        "+04155550123",
        "+1234567",
        "+1234567890123456",
        "138a2345678",
        "",
    ] {
        assert_eq!(phone(bad), None, "{bad}");
    }
}

#[test]
fn plates() {
    for good in ["苏D40000", "陕A12345D", "京AD12345", "京AF12345", "粤Z1234港", "京A1234警", "沪AA0001"] {
        assert_eq!(plate(good).as_deref(), Some(good), "{good}");
    }
    assert_eq!(plate("京a·d12345").as_deref(), Some("京AD12345"));
    for bad in ["京I12345", "京A1234O", "京A1234", "京A123456", "A京12345", "京AG12345", "京A12345港", ""] {
        assert_eq!(plate(bad), None, "{bad}");
    }
}

#[test]
fn emails() {
    assert_eq!(email(" Zhang.San@Example.COM ").as_deref(), Some("Zhang.San@example.com"));
    assert_eq!(email("ａ＠ｂ．ｃｎ").as_deref(), Some("a@b.cn"));
    assert_eq!(email("张三@例子.中国").as_deref(), Some("张三@例子.中国"));
    let long = format!("{}@example.com", "a".repeat(64));
    assert_eq!(email(&long).as_deref(), Some(long.as_str()));
    let bad = [
        "",
        "@",
        "a@",
        "@b.cn",
        "a@b",
        "a b@c.cn",
        "a@b c.cn",
        "a..b@c.cn",
        ".a@c.cn",
        "a.@c.cn",
        "a@c..cn",
        "a@.cn",
        "a@c.cn.",
        "a@-c.cn",
        "a@1.2.3.4",
        "a@b@c.cn",
        "\"a b\"@c.cn",
        "a@c_d.cn",
    ];
    for bad in bad {
        assert_eq!(email(bad), None, "{bad}");
    }
    assert_eq!(email(&format!("{}@example.com", "a".repeat(65))), None);
    assert_eq!(email(&format!("a@{}.com", "b".repeat(64))), None);
    assert_eq!(email(&format!("a@{}com", format!("{}.", "b".repeat(60)).repeat(5))), None);
}
