//! Telling an edit of a text from a rewrite.

/// Longest pair of changed middles compared character by character; past it only what both ends share counts as kept.
const MIDDLE_CHARS_MAX: usize = 600;

/// Whether `after` keeps less than half of the characters of `before`, in order. Two such rewrites made apart merge into
/// nonsense even by diff: 设备无法开机 rewritten to 无问题 beside 电源故障 gave 电源故障问题.
pub(crate) fn is_rewrite(before: &str, after: &str) -> bool {
    let before: Vec<char> = before.chars().collect();
    let after: Vec<char> = after.chars().collect();
    let prefix = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (rest, other) = (&before[prefix..], &after[prefix..]);
    let suffix = rest.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let (rest, other) = (&rest[..rest.len() - suffix], &other[..other.len() - suffix]);
    let middle =
        if rest.len() <= MIDDLE_CHARS_MAX && other.len() <= MIDDLE_CHARS_MAX { common(rest, other) } else { 0 };
    !before.is_empty() && (prefix + suffix + middle) * 2 < before.len()
}

/// Length of the longest common subsequence.
fn common(a: &[char], b: &[char]) -> usize {
    let mut row = vec![0_usize; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (place, y) in b.iter().enumerate() {
            let above = row[place + 1];
            row[place + 1] = if x == y { diagonal + 1 } else { above.max(row[place]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_most_of_a_text_is_a_rewrite_and_adding_to_it_is_not() {
        assert!(is_rewrite("设备无法开机", "无问题"));
        assert!(is_rewrite("设备无法开机", "电源故障"));
        assert!(!is_rewrite("设备无法开机", "设备无法开机，已更换电源"));
        assert!(!is_rewrite("设备无法开机", "客户说设备仍无法开机"));
        assert!(!is_rewrite("", "设备无法开机"));
        assert!(is_rewrite(&"长".repeat(2_000), &"短".repeat(2_000)));
    }
}
