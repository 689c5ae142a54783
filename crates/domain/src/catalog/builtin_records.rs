//! The built-in record types that hang on a customer: interactions, opportunities, contracts, payments and tickets.

use super::Category::{Behaviour, Business};
use super::Classification::{Core, Internal};
use super::{Category, Classification, DataType, Field, Labels, Mask, RecordType, SearchKind};

/// A line of the tables below: key, names, data type, grade, category, required, longest value.
struct Line(&'static str, [&'static str; 2], DataType, Classification, Category, bool, usize);

fn choices(codes: &[&str]) -> DataType {
    DataType::Enum(codes.iter().map(|code| (*code).to_owned()).collect())
}

/// The record types, in the order in which they are listed.
pub(super) fn record_types() -> [RecordType; 5] {
    [
        made("interaction", ["Interaction", "跟进记录"], interaction()),
        made("opportunity", ["Opportunity", "商机"], opportunity()),
        made("contract", ["Contract", "合同"], contract()),
        made("payment", ["Payment", "回款"], payment()),
        made("ticket", ["Ticket", "工单"], ticket()),
    ]
}

fn made(code: &'static str, [en, zh]: [&str; 2], lines: Vec<Line>) -> RecordType {
    let field = |Line(key, [en, zh], data_type, classification, category, required, max)| {
        let searchable = if key.ends_with("_no") { vec![SearchKind::Exact] } else { Vec::new() };
        let base = Field::new(code, key, Labels::new(en, zh), data_type);
        Field { classification, category, required, searchable, mask: Mask::Everything, max_length: max, ..base }
    };
    let fields = lines.into_iter().map(field).collect();
    RecordType { code, labels: Labels::new(en, zh), fields, retired: Vec::new(), in_use: true }
}

#[rustfmt::skip]
fn interaction() -> Vec<Line> {
    vec![
        Line("channel", ["Channel", "渠道"], choices(&["phone", "wechat", "email", "sms", "visit", "meeting", "other"]), Internal, Behaviour, true, 64),
        Line("occurred_at", ["When", "跟进时间"], DataType::Datetime, Internal, Behaviour, true, 64),
        Line("summary", ["Summary", "跟进内容"], DataType::Text, Internal, Behaviour, false, 4000),
        Line("next_follow_up_at", ["Next follow-up", "下次跟进时间"], DataType::Datetime, Internal, Behaviour, false, 64),
    ]
}

#[rustfmt::skip]
fn opportunity() -> Vec<Line> {
    vec![
        Line("title", ["Title", "商机名称"], DataType::Text, Internal, Business, false, 200),
        Line("stage", ["Stage", "商机阶段"], choices(&["lead", "qualified", "proposal", "negotiation", "won", "lost"]), Internal, Business, true, 64),
        Line("amount", ["Amount", "预计金额"], DataType::Money, Internal, Business, false, 64),
        Line("expected_close", ["Expected close", "预计成交日期"], DataType::Date, Internal, Business, false, 10),
    ]
}

#[rustfmt::skip]
fn contract() -> Vec<Line> {
    vec![
        Line("contract_no", ["Contract number", "合同编号"], DataType::Text, Internal, Business, true, 64),
        Line("title", ["Title", "合同名称"], DataType::Text, Internal, Business, false, 200),
        Line("status", ["Status", "合同状态"], choices(&["draft", "signed", "ended"]), Internal, Business, true, 64),
        Line("amount", ["Amount", "合同金额"], DataType::Money, Internal, Business, false, 64),
        Line("signed_on", ["Signed on", "签订日期"], DataType::Date, Internal, Business, false, 10),
        Line("ends_on", ["Ends on", "到期日期"], DataType::Date, Internal, Business, false, 10),
    ]
}

// That somebody pays is for many to know; how much is for finance.
#[rustfmt::skip]
fn payment() -> Vec<Line> {
    vec![
        Line("payment_no", ["Payment number", "回款编号"], DataType::Text, Internal, Business, false, 64),
        Line("status", ["Status", "回款状态"], choices(&["due", "paid", "refunded"]), Internal, Business, true, 64),
        Line("amount", ["Amount", "回款金额"], DataType::Money, Core, Business, true, 64),
        Line("paid_at", ["Paid at", "回款时间"], DataType::Datetime, Internal, Business, false, 64),
        Line("due_on", ["Due on", "应付日期"], DataType::Date, Internal, Business, false, 10),
    ]
}

#[rustfmt::skip]
fn ticket() -> Vec<Line> {
    vec![
        Line("ticket_no", ["Ticket number", "工单编号"], DataType::Text, Internal, Business, false, 64),
        Line("subject", ["Subject", "主题"], DataType::Text, Internal, Behaviour, true, 200),
        Line("description", ["Description", "描述"], DataType::Text, Internal, Behaviour, false, 4000),
        Line("status", ["Status", "状态"], choices(&["open", "pending", "solved", "closed"]), Internal, Behaviour, true, 64),
        Line("priority", ["Priority", "优先级"], choices(&["low", "normal", "high", "urgent"]), Internal, Behaviour, false, 64),
        Line("due_at", ["Due at", "处理期限"], DataType::Datetime, Internal, Behaviour, false, 64),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::{built_in_types, field_faults, is_field_key};

    #[test]
    fn every_field_could_be_made_by_an_organisation() {
        for one in record_types() {
            for field in &one.fields {
                assert_eq!(field_faults(field, false), [], "{}", field.name);
                assert!(is_field_key(field.key) || field.key == "stage", "{}", field.name);
            }
        }
    }

    #[test]
    fn how_much_was_paid_is_guarded_and_that_it_was_is_not() {
        let payment = built_in_types().iter().find(|one| one.code == "payment").unwrap();
        assert_eq!(payment.field("amount").unwrap().classification, Core);
        assert!(
            payment.fields.iter().filter(|field| field.key != "amount").all(|field| field.classification == Internal)
        );
    }
}
