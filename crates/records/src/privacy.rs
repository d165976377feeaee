//! Real contact data never enters a document, since old values stay readable in its bytes. Phone numbers, e-mail addresses
//! and 18-digit identity numbers are looked for in every text before it is committed.
//!
//! Numbers are read as people write them: full-width digits, spaces, hyphens and brackets inside, +86 before. What is found
//! is a suspicion by form. Digits after Latin letters (`REQ01000001001`, `SN-13912345678`) are an identifier's, unless the
//! letters say telephone; an order number of eleven digits alone that begins like a mobile number is taken for one.

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Private {
    /// A mobile, fixed or service number.
    Phone,
    /// An e-mail address.
    Email,
    /// An identity number of 18 digits with a right checksum.
    Identity,
}

impl Private {
    /// Key of its name.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Private::Phone => "private-phone",
            Private::Email => "private-email",
            Private::Identity => "private-identity",
        }
    }
}

/// The first private datum in a text, and where: characters from the first to one past the last.
#[must_use]
pub fn find_private(text: &str) -> Option<(Private, std::ops::Range<usize>)> {
    let chars: Vec<char> = text.chars().map(narrow).collect();
    let numbers = runs(&chars).into_iter().filter_map(|run| found_in(&run));
    numbers.chain(emails(&chars)).min_by_key(|(_, place)| (place.start, place.end))
}

/// Full-width forms as their ASCII twins.
fn narrow(c: char) -> char {
    match u32::from(c) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
        0x3000 => ' ',
        0x2010..=0x2015 => '-',
        _ => c,
    }
}

/// Digits with single separators between them.
struct Run {
    digits: String,
    /// Where separators stand, by the number of digits before them.
    breaks: Vec<usize>,
    /// It follows the letters of an identifier.
    named: bool,
    /// Where each digit stands in the text, in characters.
    places: Vec<usize>,
}

/// Longest separator inside a number, in characters: ` - `.
const SEPARATOR_CHARS_MAX: usize = 3;

fn runs(chars: &[char]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut place = 0;
    while place < chars.len() {
        if !chars[place].is_ascii_digit() {
            place += 1;
            continue;
        }
        let named = is_named(&chars[..place]);
        let mut run = Run { digits: String::new(), breaks: Vec::new(), named, places: Vec::new() };
        loop {
            while place < chars.len() && (chars[place].is_ascii_digit() || is_check_letter(chars, place, &run)) {
                run.digits.push(chars[place].to_ascii_uppercase());
                run.places.push(place);
                place += 1;
            }
            let separators = chars[place..].iter().take_while(|c| matches!(c, ' ' | '-' | '(' | ')' | '.')).count();
            let next = place + separators;
            let goes_on =
                (1..=SEPARATOR_CHARS_MAX).contains(&separators) && chars.get(next).is_some_and(char::is_ascii_digit);
            if !goes_on {
                break;
            }
            run.breaks.push(run.digits.len());
            place = next;
        }
        runs.push(run);
    }
    runs
}

/// Latin words before a number that is one to call.
const CALL_WORDS: [&str; 9] = ["tel", "tell", "telephone", "phone", "ph", "mobile", "mob", "cell", "call"];

/// Whether letters, with or without a hyphen behind them, make the digits that follow part of a name.
fn is_named(before: &[char]) -> bool {
    let before = before.strip_suffix(&['-']).or_else(|| before.strip_suffix(&['_'])).unwrap_or(before);
    let word: String =
        before.iter().rev().take_while(|c| c.is_ascii_alphabetic()).map(char::to_ascii_lowercase).collect();
    let word: String = word.chars().rev().collect();
    !word.is_empty() && !CALL_WORDS.contains(&word.as_str())
}

/// The X that may end an identity number.
fn is_check_letter(chars: &[char], place: usize, run: &Run) -> bool {
    matches!(chars[place], 'x' | 'X')
        && run.digits.len() == 17
        && !chars.get(place + 1).is_some_and(char::is_ascii_alphanumeric)
}

/// Longest number looked for, in digits: an identity number, or 0086 and a mobile one.
const NUMBER_DIGITS_MAX: usize = 18;

fn found_in(run: &Run) -> Option<(Private, std::ops::Range<usize>)> {
    // Written in parts, any run of whole parts may be the number: `2024-05-01 138 0013 8000`.
    let mut ends = run.breaks.clone();
    ends.push(run.digits.len());
    let mut starts = vec![0];
    starts.extend(&run.breaks);
    let mut found = None;
    let place = |start: usize, end: usize| run.places[start]..run.places[end - 1] + 1;
    for (first, start) in starts.iter().enumerate() {
        for (parts, end) in ends[first..].iter().enumerate() {
            let digits = &run.digits[*start..*end];
            if digits.len() > NUMBER_DIGITS_MAX {
                break;
            }
            let breaks: Vec<usize> = run.breaks[first..first + parts].iter().map(|place| place - start).collect();
            if is_identity(digits) {
                return Some((Private::Identity, place(*start, *end)));
            }
            if !(run.named && first == 0) && is_phone(digits, &breaks) {
                found = found.or_else(|| Some((Private::Phone, place(*start, *end))));
            }
        }
    }
    found
}

fn is_mobile(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1])
}

fn is_phone(digits: &str, breaks: &[usize]) -> bool {
    let national = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86")).unwrap_or(digits);
    if is_mobile(digits) || is_mobile(national) {
        // 138-0013-8000 and 13800138000, but no chain of other numbers that adds up to eleven digits by chance.
        let offset = digits.len() - national.len();
        let inner: Vec<usize> = breaks.iter().filter(|place| **place > offset).map(|place| place - offset).collect();
        return matches!(inner.as_slice(), [] | [3 | 7] | [3, 7] | [4] | [4, 8] | [3, 6] | [5]);
    }
    // 400-800-1234, 4008001234, 400 8001234.
    if digits.len() == 10 && (digits.starts_with("400") || digits.starts_with("800")) {
        return matches!(breaks, [] | [3] | [3, 6] | [3, 7] | [4, 7]);
    }
    // 010-12345678, 0755 1234567, 021 1234 5678; an area code of zero and two or three digits.
    let area = if digits.starts_with("01") || digits.starts_with("02") { 3 } else { 4 };
    let fixed =
        digits.starts_with('0') && !digits.starts_with("00") && matches!(digits.len() - area.min(digits.len()), 7 | 8);
    let split = matches!(breaks, [first] if *first == area)
        || matches!(breaks, [first, second] if *first == area && *second >= area + 3);
    fixed && (breaks.is_empty() || split)
}

/// GB 11643: six digits of region, a birthday, three of sequence, a checksum modulo 11.
fn is_identity(digits: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let bytes = digits.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let month: u32 = digits[10..12].parse().unwrap_or(0);
    let day: u32 = digits[12..14].parse().unwrap_or(0);
    CHECKS[(sum % 11) as usize] == bytes[17] && (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn emails(chars: &[char]) -> impl Iterator<Item = (Private, std::ops::Range<usize>)> + '_ {
    let local = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let ats = chars.iter().enumerate().filter(|(_, c)| **c == '@').map(|(place, _)| place);
    ats.filter_map(move |at| {
        let before = chars[..at].iter().rev().take_while(|c| local(c)).count();
        let after: String =
            chars[at + 1..].iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
        let after = after.trim_end_matches(['.', '-']);
        let (name, top) = after.rsplit_once('.')?;
        let is_domain = !name.is_empty() && top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
        (before > 0 && is_domain).then(|| (Private::Email, at - before..at + 1 + after.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(Private, String)> {
        let (kind, place) = find_private(text)?;
        Some((kind, text.chars().skip(place.start).take(place.len()).collect()))
    }

    #[test]
    fn phone_numbers_are_found_however_people_write_them() {
        for (text, number) in [
            ("请回电13800138000谢谢", "13800138000"),
            ("138 0013 8000", "138 0013 8000"),
            ("138-0013-8000", "138-0013-8000"),
            ("电话：+86 138 0013 8000。", "86 138 0013 8000"),
            ("１３８００１３８０００", "１３８００１３８０００"),
            ("座机010-12345678", "010-12345678"),
            ("(0755) 1234567", "0755) 1234567"),
            ("热线 400-800-1234", "400-800-1234"),
            ("Tel13800138000", "13800138000"),
            ("EXEC001 13800138000", "13800138000"),
        ] {
            assert_eq!(found(text), Some((Private::Phone, number.to_owned())), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "2024-05-02 09:00 至 2024-05-02 11:00",
            "订单 202405020001234",
            "金额 1234567.89 元，共 12 台",
            "型号 HX-2000-13-800",
            "编号 CUST-07-12345678901",
            "REQ01000001001",
            "EXEC13000001001 与 SN-13912345678",
            "23800138000",
            "1380013800",
            "138001380001",
            "批次 0512",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn identity_numbers_are_known_by_their_checksum() {
        assert_eq!(found("证件11010519491231002X"), Some((Private::Identity, "11010519491231002X".to_owned())));
        assert_eq!(found("440524188001010014 "), Some((Private::Identity, "440524188001010014".to_owned())));
        assert_eq!(found("110105194912310021"), None, "the last digit is wrong");
        assert_eq!(found("110105194913310028"), None);
    }

    #[test]
    fn addresses_are_found() {
        assert_eq!(
            found("写信到 zhang.san@example.com.cn，"),
            Some((Private::Email, "zhang.san@example.com.cn".to_owned()))
        );
        assert_eq!(found("ｚｈａｎｇ＠ｑｑ．ｃｏｍ").map(|(kind, _)| kind), Some(Private::Email));
        for text in ["@某人 请看", "a@b", "每台 5@10 元", "x@.com"] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
