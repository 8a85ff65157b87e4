//! Lists in findings that stay readable however long the truth is.

/// Lines of a list that a finding shows. The total is always said, so that a cut list never reads as a whole one.
pub(super) const SHOWN: usize = 20;

/// The first [`SHOWN`] items, then how many more there are.
pub(super) fn capped<I>(items: I) -> Vec<String>
where
    I: IntoIterator<Item = String>,
{
    let mut items = items.into_iter();
    let mut lines: Vec<String> = items.by_ref().take(SHOWN).collect();
    let more = items.count();
    if more > 0 {
        lines.push(format!("… and {more} more ({} in all)", SHOWN + more));
    }
    lines
}

/// `1 function`, `2 functions`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) => format!("{number} {stem}ies"),
        None if noun.ends_with('s') => format!("{number} {noun}es"),
        None => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_list_says_how_much_is_missing() {
        let lines = capped((0..25).map(|n| n.to_string()));
        assert_eq!(lines.len(), SHOWN + 1);
        assert_eq!(lines[SHOWN], "… and 5 more (25 in all)");
        assert_eq!(capped((0..20).map(|n| n.to_string())).len(), 20);
    }

    #[test]
    fn plurals() {
        assert_eq!((count(1, "alias"), count(2, "alias"), count(3, "copy")), ("1 alias".into(), "2 aliases".into(), "3 copies".into()));
    }
}
