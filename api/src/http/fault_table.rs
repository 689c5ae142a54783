//! Every code that may stand in `errors[]`, with its sentence in both languages. `{}` takes the fault's argument.

use super::locale::Text;

macro_rules! faults {
    ($($code:literal: $en:literal / $zh:literal;)*) => {
        /// The table.
        pub static FAULTS: &[(&str, Text)] = &[$(($code, Text { en: $en, zh: $zh })),*];
    };
}

#[rustfmt::skip]
faults! {
    "required": "This member is required." / "此项必填。";
    "wrong_type": "The type is wrong; expected {}." / "类型错误，应为 {}。";
    "unknown_field": "This member is not known here." / "未知的字段。";
    "unknown_parameter": "This parameter is not known here." / "未知的参数。";
    "repeated": "This parameter may stand only once." / "该参数只能出现一次。";
    "too_long": "It may have at most {} characters." / "最多 {} 个字符。";
    "too_short": "It needs at least {} characters." / "至少 {} 个字符。";
    "too_many": "At most {} are allowed." / "最多允许 {} 个。";
    "too_few": "At least {} are needed." / "至少需要 {} 个。";
    "out_of_range": "It is out of range; the limit is {}." / "超出范围，限值为 {}。";
    "not_a_choice": "It must be one of: {}." / "必须是以下之一：{}。";
    "not_unique": "No two items may be the same." / "各项不得重复。";
    "not_allowed": "This value is not allowed here." / "此处不允许该值。";
    "empty": "It may not be empty." / "不能为空。";
    "invalid_format": "The format is wrong; expected {}." / "格式错误，应为 {}。";
    "malformed_json": "It must be valid JSON." / "必须是有效的 JSON。";
    "duplicate_key": "An object may name each key once." / "对象中每个键只能出现一次。";
    "invalid_id": "It must be a UUID." / "必须是 UUID。";
    "not_searchable": "This field cannot be searched in this way." / "该字段不支持此检索方式。";
    "singles_out": "What singles out a person is not kept in a filter." / "可识别到个人的取值不能保存在筛选条件中。";
    "no_tier_field": "A tier is a choice of an enum field that is searchable by its exact value." / "等级须取自可按完整值检索的枚举字段。";
    "unknown_saved_filter": "There is no such segment or view." / "分群或视图不存在。";
    "set_by_saved_filter": "The segment or view says otherwise." / "与分群或视图中的设置不一致。";
    "purpose_lists_no_fields": "A form collects for a purpose that lists its fields." / "表单所用的处理目的须列明字段。";
    "not_on_a_form": "People are not asked for {}; it is a number of ours." / "不应向个人收集 {}，该编号由我方编制。";
    "required_by_catalog": "Nobody can be entered without {}; the form must require it." / "录入客户必须有 {}，表单须将其设为必填。";
    "lacks_required": "Nobody can be entered without {}." / "录入客户必须有 {}。";
    "no_contact_field": "One required field must be an e-mail address or a telephone number that is searchable by its exact value." / "须有一个必填的邮箱或电话字段，且可按完整值检索。";
    "consent_needed": "This takes agreement." / "须同意后才能提交。";
    "method_does_not_fit": "This cannot be done to a field of type {}." / "该处理方式不适用于 {} 类型的字段。";
    "must_be_transformed": "This field does not leave as it is." / "该字段不得原样输出。";
    "one_shift": "All dates of a data set move by one measure." / "同一数据集中的日期须按同一幅度平移。";
    "no_such_column": "It is no column that leaves otherwise than as a pseudonym." / "不是数据集中的列，或仅以假名输出。";
    "must_be_named": "What tells who somebody is counts: name {}, too." / "可表明身份的列须计入：请同时列出 {}。";
    "invalid_text": "It must be text." / "必须是文本。";
    "invalid_last4": "It must be the last four characters." / "必须是末四位字符。";
    "invalid_mobile": "It is not a valid phone number." / "手机号码无效。";
    "invalid_resident_id": "It is not a valid resident identity number." / "居民身份证号码无效。";
    "invalid_email": "It is not a valid e-mail address." / "邮箱地址无效。";
    "invalid_bank_card": "It is not a valid bank card number." / "银行卡号无效。";
    "invalid_uscc": "It is not a valid unified social credit code." / "统一社会信用代码无效。";
    "invalid_plate": "It is not a valid number plate." / "车牌号码无效。";
    "invalid_date": "It must be a date such as 2026-01-31." / "必须是日期，例如 2026-01-31。";
    "invalid_datetime": "It must be a time such as 2026-01-31T08:00:00Z." / "必须是时间，例如 2026-01-31T08:00:00Z。";
    "invalid_number": "It must be a number." / "必须是数字。";
    "invalid_money": "It must be an amount such as {\"amount\":\"12.30\",\"currency\":\"CNY\"}." / "必须是金额，例如 {\"amount\":\"12.30\",\"currency\":\"CNY\"}。";
    "invalid_boolean": "It must be true or false." / "必须是 true 或 false。";
    "masked_value": "A masked value cannot be written back." / "不能写回掩码值。";
    "control_character": "Control characters and invisible marks are not allowed." / "不允许包含控制字符或不可见字符。";
    "duplicate_value": "The value is taken by another record." / "该值已被其他记录占用。";
    "below_legal_floor": "The law asks for at least {}; a lower grade needs exception_reason." / "法律要求至少为 {}，更低的分级须填写 exception_reason。";
    "needs_exact": "What is unique must be searchable by its exact value." / "唯一字段必须可按完整值（exact）检索。";
    "mask_too_open": "A mask may leave at most {} characters at either end." / "掩码首尾各最多保留 {} 个字符。";
    "choices_only_grow": "Choices may be added, none taken away." / "选项只能增加，不能删除。";
    "only_for_enum": "Only a field of type enum has choices." / "仅 enum 类型的字段可设选项。";
    "fixed": "This cannot be changed." / "不可更改。";
    "customers_lack_it": "{} records lack it." / "有 {} 条记录缺少该字段。";
    "unknown_record": "There is no such record of this customer." / "该客户没有此记录。";
    "only_for_set": "Only a rule that sets works by itself." / "只有 set 规则可以定时执行。";
    "unknown_tag": "There is no such tag, or it is out of use." / "标签不存在或已停用。";
    "personal_value": "This looks like an address or a number of somebody, which may not stand here." / "此内容疑似个人的地址或号码，不得填写于此。";
    "unknown_owner": "There is no such owner." / "负责人不存在。";
    "unknown_department": "There is no such department." / "部门不存在。";
    "department_cycle": "A department cannot stand beneath itself." / "部门不能位于其自身之下。";
    "tree_too_deep": "The tree may have at most {} levels." / "部门层级最多 {} 层。";
    "password_too_short": "A password needs at least {} characters." / "密码至少需要 {} 个字符。";
    "password_common": "It is among the first that a guesser tries; take a longer or less usual one." / "该密码过于常见，极易被猜中，请换用更长或更少见的密码。";
    "password_personal": "It is made mostly of the person's name, the organisation or the address." / "密码主要由姓名、组织名称或邮箱构成。";
    "password_unchanged": "The new password is the present one." / "新密码与当前密码相同。";
    "supervisor_cycle": "Nobody reports to themselves or to somebody beneath them." / "不得以本人或其下属为上级。";
    "unknown_role": "There is no such role." / "角色不存在。";
    "role_beyond_own": "The role gives more than the caller holds: {}." / "该角色的权限超出当前调用者所持有的范围：{}。";
    "unknown_user": "There is no such active colleague." / "不存在该在职同事。";
    "unknown_region": "It must be an ISO 3166-2 code such as CN-31." / "必须是 ISO 3166-2 代码，例如 CN-31。";
    "not_held": "It goes beyond what the caller holds: {}." / "超出调用者自身持有的权限：{}。";
    "duties_meet": "These duties are kept apart: {}." / "以下职责须相互分离：{}。";
    "unknown_duty": "It must be permission:<code> or role:<code> of something that exists." / "必须是存在的 permission:<代码> 或 role:<代码>。";
    "unknown_rule_target": "It must be field:<key>, category:<code> or classification:<code> of something that exists." / "必须是存在的 field:<键>、category:<代码> 或 classification:<代码>。";
    "says_nothing": "It says nothing: give view, edit or deny." / "未作任何规定，请给出 view、edit 或 deny。";
    "unknown_approver": "It must be supervisor, department_head, role:<code> or user:<id> of something that exists." / "必须是 supervisor、department_head，或存在的 role:<代码>、user:<标识>。";
    "matches_more": "The filter matches more than {}." / "符合条件的客户超过 {} 位。";
    "purpose_excludes_field": "The purpose does not list this field." / "该处理目的未列出此字段。";
    "matches_nobody": "It matches nobody." / "没有符合条件的客户。";
    "unknown_permission": "There is no such permission." / "权限不存在。";
    "one_of": "Exactly one of these members is needed: {}." / "必须且只能包含以下成员之一：{}。";
    "invalid_url": "It must be an https URL of a public address." / "必须是公网地址的 https 网址。";
    "self_signed": "A certificate that was issued by itself is not taken." / "不接受自签名证书。";
    "invalid_certificate": "It must be an X.509 certificate as PEM, for signatures, with a key of RSA (2048 bits and more) or P-256." / "必须是 PEM 格式的 X.509 证书，密钥为 RSA（2048 位以上）或 P-256。";
    "certificate_does_not_hold": "The certificate is not for this domain, or not in force." / "证书并非为该域名签发，或不在有效期内。";
    "unknown_issuer": "The certificate, with those that came along, leads to no authority that is believed here." / "该证书及随附证书无法追溯至受信任的颁发机构。";
    "invalid_verify_key": "It must be 32 bytes in base64." / "必须是 32 字节的 base64 编码。";
    "invalid_domain": "It must be a domain in lower case, such as privacy.example.com." / "必须是小写域名，例如 privacy.example.com。";
    "invalid_plain_id": "It must be up to 100 letters, digits and ._:- and nobody's number." / "必须由字母、数字和 ._:- 组成，最长 100 个字符，且不得为个人号码。";
    "unknown_third_party": "No partner key was given to a company of this name." / "不存在持有密钥的该名称合作方。";
    "unknown_event_type": "It must name known types of events, with commas between." / "必须是已知的事件类型，以逗号分隔。";
    "unknown_purpose": "There is no such purpose." / "处理目的不存在。";
    "missing_element": "The notice must tell this: {}." / "告知文本缺少此项，依据：{}。";
    "not_in_text": "These words do not stand in the text." / "文本中没有这段文字。";
    "unknown_element": "There is no such element of a notice." / "不存在该告知事项。";
    "unknown_language": "It must be a language of the text, such as zh-CN." / "必须是文本所具有的语言，例如 zh-CN。";
    "not_for_relatives": "Relatives of somebody who has died may look, copy, correct and delete, and nothing else." / "近亲属仅可行使查阅、复制、更正、删除的权利。";
    "not_objectable": "This use rests on a ground that an objection does not end." / "该处理所依据的合法性基础不因反对而终止。";
    "not_a_ground": "This is no ground for turning down this right under this law." / "该法律下此理由不得用于拒绝该项权利。";
    "calendar_missing": "No calendar of the year {} is known." / "缺少 {} 年的工作日历。";
    "in_the_future": "It must not lie in the future." / "不得是将来的时间。";
    "unknown_notice_version": "There is no such published version of a notice." / "不存在该已发布的告知文本版本。";
    "notice_of_other_purposes": "The notice does not tell of this purpose." / "该告知文本未涉及此处理目的。";
    "notice_outdated": "The notice or the purpose has changed since these words were first published; show a version whose text differs and tells of the change." / "告知文本或处理目的在该文字首次发布后已有实质变更，请出示文字不同且载明变更的版本。";
    "separate_consent_bundled": "A separate consent needs a notice about its purpose alone." / "单独同意须使用仅涉及该处理目的的告知文本。";
    "written_evidence_needed": "Written consent needs a proof on paper or an electronic signature, with its SHA-256." / "书面同意须有纸质或电子签名证据及其 SHA-256。";
    "guardian_needed": "A guardian must consent." / "须由监护人同意。";
    "unknown_legal_basis": "There is no such legal basis." / "不存在该合法性基础。";
    "basis_of_another_law": "The legal basis belongs to a law that none of the jurisdictions names: {}." / "该合法性基础所属法律与所列法域不符：{}。";
    "basis_without_counterpart": "A law that one of the jurisdictions names knows no such ground: {}." / "所列法域之一的法律没有此种合法性基础：{}。";
    "consent_kind_needed": "This legal basis is consent: say which kind." / "该合法性基础为同意，须指明同意类型。";
    "basis_needs_no_consent": "This legal basis needs no consent." / "该合法性基础无需同意。";
    "separate_consent_needed": "Plain consent is not enough here: {}." / "此处仅有一般同意不足，依据：{}。";
    "unknown_country": "It must be an ISO 3166-1 country such as CN." / "必须是 ISO 3166-1 国家代码，例如 CN。";
    "unknown_encoding": "The text must be UTF-8 or GB18030." / "文本编码须为 UTF-8 或 GB18030。";
    "empty_file": "The file is empty." / "文件为空。";
    "wrong_column_count": "The line has another number of columns than the head of the file." / "该行的列数与表头不一致。";
    "invalid_encoding": "The text cannot be read in the encoding of the file." / "无法按文件编码读取文本。";
    "import_missing": "The uploaded file is no longer there." / "上传的文件已不存在。";
    "import_unreadable": "The file cannot be read as CSV or NDJSON." / "文件无法按 CSV 或 NDJSON 读取。";
    "importer_inactive": "The member of staff who started the import is no longer active." / "发起导入的员工已停用。";
    "workbook_unreadable": "The file is no workbook that can be read." / "文件不是可读取的工作簿。";
    "workbook_too_large": "The workbook is too large when unpacked; send the data as CSV." / "工作簿解压后过大，请改用 CSV。";
    "unknown_sheet": "The workbook has no such sheet, or none that is not hidden." / "工作簿中没有该工作表，或所有工作表均已隐藏。";
    "cell_error": "The cell shows an error." / "单元格为错误值。";
    "digits_lost": "The number has more digits than a workbook keeps; write it as text." / "数字位数超出工作簿精度，请改为文本。";
    "merged_cell": "The cell is merged with one of another row." / "单元格与其他行合并。";
    "unknown_customer": "There is no such customer." / "客户不存在。";
    "customer_restricted": "The person has had processing restricted." / "当事人已要求限制处理。";
    "value_held": "There is a value already." / "该字段已有值。";
    "needs_unique_field": "What exists is found by a unique field; map one." / "更新现有记录需映射一个唯一字段。";
    "unknown_column": "The file has no such column." / "文件中没有该列。";
    "duplicate_column": "The file has two columns of this name." / "文件中有两个同名列。";
    "invalid_stage": "It must be one of the stages: {}." / "必须是以下阶段之一：{}。";
    "invalid_source": "It must be a code of a-z, 0-9 and '_', at most 40 characters." / "必须是 a-z、0-9、“_”组成的代码，最长 40 个字符。";
    "invalid_transition": "The stage cannot go there from where it is." / "不能从当前阶段变更到该阶段。";
    "invalid_network": "It must be an IP address or a range such as 192.0.2.0/24." / "必须是 IP 地址或网段，例如 192.0.2.0/24。";
    "in_the_past": "It must lie in the future." / "必须是将来的时间。";
    "too_far": "It lies too far ahead." / "时间过远。";
    "core_field": "A core field cannot be given to a partner." / "核心字段不得提供给合作方。";
    "field_not_editable": "This field may not be changed by this caller." / "当前调用者不可修改此字段。";
    "field_hidden": "This field is not open to this caller." / "此字段对当前调用者不可见。";
    "field_not_revealable": "This field may not be revealed to this caller." / "当前调用者不可明文查看此字段。";
    "legal_hold": "Legal hold {} is in force." / "法律保全 {} 正在生效。";
    "unknown_privacy_request": "There is no such request of this customer." / "该客户没有此项请求。";
    "erased_customer": "The customer was erased." / "该客户已被清除。";
    "unknown_finding": "The last sweep found nothing there, or it is there no more." / "最近一次清查未在此处发现残留，或残留已不存在。";
}

/// The sentence of a fault's code.
pub fn fault_text(code: &str) -> Option<Text> {
    FAULTS.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_take_their_argument_in_both_languages() {
        let codes: BTreeSet<_> = FAULTS.iter().map(|(code, _)| code).collect();
        assert_eq!(codes.len(), FAULTS.len());
        for (code, text) in FAULTS {
            assert_eq!(text.en.contains("{}"), text.zh.contains("{}"), "{code}");
            assert!(!text.zh.is_ascii(), "{code} lacks Chinese");
        }
    }
}
