//! Sizes as people read them.

use messages::Catalogue;

/// A number of bytes: exact below 10,000, then in KB or MB of 1,000 with one digit after the point.
pub(crate) fn bytes(texts: &Catalogue, count: u64) -> String {
    let (key, shown) = match count {
        0..10_000 => ("cli-size-bytes", count.to_string()),
        10_000..1_000_000 => ("cli-size-kb", tenths(count, 1_000)),
        _ => ("cli-size-mb", tenths(count, 1_000_000)),
    };
    texts.text(key, &[("n", shown.into())])
}

fn tenths(count: u64, unit: u64) -> String {
    let tenths = (count.saturating_mul(10) + unit / 2) / unit;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocab::Lang;

    #[test]
    fn sizes_are_exact_while_they_are_small() {
        let shown = |count| bytes(Catalogue::of(Lang::En), count);
        assert_eq!([shown(0), shown(9_999), shown(10_040), shown(2_549_999)], ["0 B", "9999 B", "10.0 KB", "2.5 MB"]);
    }
}
