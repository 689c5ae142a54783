//! The text of a package that can be read without tools.

use custodian_domain::kernel::Language;
use custodian_domain::privacy_requests::{encloses_files, remedy};

use super::content::{FieldLine, Source, is_used};
use super::files::Attached;
use super::records::RecordLine;

/// The readable text, in the person's language.
pub(super) fn summary(
    source: &Source<'_>,
    lines: &[FieldLine<'_>],
    records: &[RecordLine<'_>],
    submissions: usize,
    former: usize,
) -> String {
    let zh = source.language == Language::Zh;
    let say = |in_chinese: &str, in_english: &str| if zh { in_chinese.to_owned() } else { in_english.to_owned() };
    let on = source.at.date_naive();
    let mut text = vec![
        say("您的个人信息", "Your data"),
        say(
            &format!("生成日期：{on}。请求编号：{}。", source.request),
            &format!("Made on {on}. Request {}.", source.request),
        ),
        String::new(),
        say("我们持有的信息：", "What is held:"),
    ];
    text.extend(lines.iter().map(|line| format!("- {}: {}", line.label(source.language), line.text())));
    text.extend(histories(source.language, records));
    text.extend(attached(source));
    text.extend(beside(source.language, submissions, former));
    text.push(String::new());
    text.push(say("用途、接收方与保存期限：", "What it is used for, who receives it, and for how long it is kept:"));
    for (code, purpose) in source.purposes.iter().filter(|(code, _)| is_used(code, lines, records)) {
        let label = purpose.labels.in_language(source.language);
        let names: Vec<&str> = purpose.recipients.iter().map(|one| one.name.as_str()).collect();
        let to = if names.is_empty() { say("无", "nobody") } else { names.join(", ") };
        let kept = purpose.retention_days.map_or_else(
            || say("依其他标准", "by another measure"),
            |days| say(&format!("{days} 天"), &format!("{days} days")),
        );
        text.push(say(
            &format!("- {label}（{code}）：接收方 {to}；保存 {kept}"),
            &format!("- {label} ({code}): given to {to}; kept {kept}"),
        ));
    }
    if let Some(from) = &source.row.source {
        text.push(say(&format!("来源：{from}"), &format!("Source: {from}")));
    }
    let [en, in_chinese] = remedy(source.jurisdiction);
    text.push(String::new());
    text.push(say(in_chinese, en));
    text.join("\n") + "\n"
}

/// The files by their names, and where they are; of those that are left out, how many and why.
fn attached(source: &Source<'_>) -> Vec<String> {
    let (zh, enclosed) = (source.language == Language::Zh, encloses_files(source.jurisdiction));
    let line = |one: &Attached| match (zh, enclosed) {
        (true, true) => format!("- 附件：{}，见 {}", one.name(), one.place()),
        (true, false) => format!("- 附件：{}（不随本包提供）", one.name()),
        (false, true) => format!("- File: {}, in {}", one.name(), one.place()),
        (false, false) => format!("- File: {} (not enclosed)", one.name()),
    };
    let mut told: Vec<String> = source.attached.iter().map(line).collect();
    match (source.files_left_out, zh) {
        (0, _) => {}
        (count, true) => told.push(format!(
            "- 附件：{count} 个，由我们的工作人员上传，没有由您提供的记录，故不在本包之内；您可以另行请求查阅、复制。"
        )),
        (count, false) => told.push(format!(
            "- Files: {count}, hung on by our staff and not recorded as provided by you, so not in this package. You can have a copy by a request for access."
        )),
    }
    told
}

/// How much was sent and is not decided about, and how much was kept before: each where there is any.
fn beside(language: Language, submissions: usize, former: usize) -> Vec<String> {
    let zh = language == Language::Zh;
    let sent = if zh {
        format!("- 您通过表单提交、尚未处理的内容：{submissions} 条，详见 submissions.csv")
    } else {
        format!("- Sent by you in a form and not yet decided about: {submissions}, each in submissions.csv")
    };
    let before = if zh {
        format!("- 仍保存的历史信息（更改或合并前的内容）：{former} 条，详见 former_values.csv")
    } else {
        format!("- Former values still held, from before a change or a merge: {former}, each in former_values.csv")
    };
    [(submissions, sent), (former, before)].into_iter().filter(|(count, _)| *count > 0).map(|(_, line)| line).collect()
}

/// How much of what happened is in the other files, by kind.
fn histories(language: Language, records: &[RecordLine<'_>]) -> Vec<String> {
    let mut kinds: Vec<(&str, &str, usize)> = Vec::new();
    for record in records {
        let label = record.label.get(language.tag()).copied().unwrap_or(record.code);
        match kinds.iter_mut().find(|(code, _, _)| *code == record.code) {
            Some((_, _, count)) => *count += 1,
            None => kinds.push((record.code, label, 1)),
        }
    }
    let line = |(_, label, count): &(&str, &str, usize)| match language {
        Language::Zh => format!("- {label}：{count} 条，详见 records.csv"),
        Language::En => format!("- {label}: {count}, each in records.csv"),
    };
    kinds.iter().map(line).collect()
}
