//! Columns of a spreadsheet that go beside the fields: stage, source, region and the owner's address. Header and values must both say so.

use super::Column;
use super::classify::squeezed;
use crate::customers::{Stage, is_region_code, is_source_code};

/// What stands beside the fields of a customer, or of a record where it is the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Stage code.
    Stage,
    /// Source code.
    Source,
    /// ISO 3166-2 region.
    Region,
    /// The address that the owner logs in with.
    Owner,
}

type Test = fn(&str) -> bool;

/// Words of headers, and what each value must be.
const WORDS: &[(Beside, &[&str], Test)] = &[
    (Beside::Owner, &["owner", "salesrep", "负责人", "归属人", "客户经理", "销售邮箱", "跟进人"], is_address),
    (Beside::Stage, &["stage", "阶段", "客户状态"], is_stage),
    (Beside::Source, &["source", "来源"], is_source_code),
    (Beside::Region, &["region", "地区", "区域"], is_region_code),
];

fn is_stage(value: &str) -> bool {
    Stage::from_code(value).is_some()
}

fn is_address(value: &str) -> bool {
    value.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}

/// Where a column goes beside the fields, if it does: one without a value, or with one that would be refused there, goes nowhere.
pub fn beside(column: &Column<'_>) -> Option<Beside> {
    let header = squeezed(column.header);
    let mut values = column.values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).peekable();
    values.peek()?;
    let (found, _, fits) = WORDS.iter().find(|(_, words, _)| words.iter().any(|word| header.contains(word)))?;
    values.all(fits).then_some(*found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(header: &str, values: &[&str]) -> Option<Beside> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        beside(&Column { header, values: &values })
    }

    #[test]
    fn header_and_values_must_both_say_so() {
        assert_eq!(told("客户阶段", &["lead", "", " customer "]), Some(Beside::Stage));
        assert_eq!(told("Lead Source", &["web_form"]), Some(Beside::Source));
        assert_eq!(told("Region", &["CN-31"]), Some(Beside::Region));
        assert_eq!(told("负责人邮箱", &["a@demo.example"]), Some(Beside::Owner));
        assert_eq!(told("owner_email", &["a@demo.example"]), Some(Beside::Owner));
        for (header, values) in [
            ("客户阶段", &["成交"][..]),
            ("收入来源", &["工资"]),
            ("Region", &["East"]),
            ("负责人", &["张三"]),
            ("Owner", &[""]),
            ("阶段", &[]),
            ("邮箱", &["a@demo.example"]),
        ] {
            assert_eq!(told(header, values), None, "{header}");
        }
    }
}
