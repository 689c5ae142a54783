//! Sentences that everybody knows: long as they are, guessers have them in their lists, word by word and run together.

/// In lower case, letters alone; each line of a verse by itself, as it is typed.
const FAMOUS: [&str; 52] = [
    "correcthorsebatterystaple",
    "correcthorsebattery",
    "tobeornottobe",
    "thatisthequestion",
    "thequickbrownfox",
    "jumpsoverthelazydog",
    "jumpedoverthelazydog",
    "loremipsumdolorsitamet",
    "consecteturadipiscingelit",
    "maytheforcebewithyou",
    "livelongandprosper",
    "houstonwehaveaproblem",
    "onceuponatime",
    "inthebeginning",
    "ihaveadream",
    "winteriscoming",
    "callmeishmael",
    "itwasthebestoftimes",
    "itwastheworstoftimes",
    "fourscoreandsevenyearsago",
    "supercalifragilisticexpialidocious",
    "allyourbasearebelongtous",
    "openthepodbaydoors",
    "thecakeisalie",
    "twinkletwinklelittlestar",
    "maryhadalittlelamb",
    "happybirthdaytoyou",
    "thisismypassword",
    "mypasswordis",
    "chuangqianmingyueguang",
    "yishidishangshuang",
    "haohaoxuexi",
    "tiantianxiangshang",
    "woaibeijingtiananmen",
    "床前明月光",
    "疑是地上霜",
    "举头望明月",
    "低头思故乡",
    "春眠不觉晓",
    "处处闻啼鸟",
    "夜来风雨声",
    "花落知多少",
    "白日依山尽",
    "黄河入海流",
    "欲穷千里目",
    "更上一层楼",
    "锄禾日当午",
    "汗滴禾下土",
    "谁知盘中餐",
    "粒粒皆辛苦",
    "好好学习",
    "天天向上",
];

/// A character as a guesser reads it: what stands for a letter is that letter, and what stands between words is nothing.
fn read(c: char) -> Option<char> {
    match c {
        '0' => Some('o'),
        '1' | '!' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        c => c.is_alphanumeric().then_some(c),
    }
}

/// What is left of a password, in lower case, once what everybody knows is taken out of it; all of it where nothing is.
pub(super) fn without_famous(plain: &str) -> String {
    let text: String = plain.chars().filter_map(read).collect();
    let rest = FAMOUS.iter().fold(text.clone(), |rest, famous| rest.replace(famous, ""));
    if rest == text { plain.to_owned() } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_written_as_it_is_looked_for() {
        for famous in FAMOUS {
            let read: String = famous.to_lowercase().chars().filter_map(read).collect();
            assert_eq!(read, famous);
            assert_eq!(without_famous(famous), "");
        }
    }

    #[test]
    fn however_it_is_spaced_or_spelt_it_is_known_and_nothing_else_is_touched() {
        for same in ["correct horse battery staple", "correct-horse-battery-staple", "c0rr3ct h0r$e b@tt3ry 5t@p!e"] {
            let left = without_famous(same);
            assert!(left.chars().count() < 8, "{same} leaves {left}");
        }
        assert_eq!(without_famous("seven green kites!"), "seven green kites!");
    }
}
