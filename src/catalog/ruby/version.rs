//! Versions and constraints of gems. Format: `Gem::Version`, `Gem::Requirement`.

use std::cmp::Ordering;

/// Parts of one version. Real ones have up to six.
const MAX_PARTS: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Digits without leading zeros: longer is greater.
    Number(String),
    /// Letters: what comes before a release, and so is less than any number.
    Word(String),
}

/// Which of two versions is newer.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let zero = Part::Number(String::new());
    for place in 0..a.len().max(b.len()) {
        let (a, b) = (a.get(place).unwrap_or(&zero), b.get(place).unwrap_or(&zero));
        let order = match (a, b) {
            (Part::Number(a), Part::Number(b)) => (a.len(), a).cmp(&(b.len(), b)),
            (Part::Word(a), Part::Word(b)) => a.cmp(b),
            (Part::Number(_), Part::Word(_)) => Ordering::Greater,
            (Part::Word(_), Part::Number(_)) => Ordering::Less,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// Whether a version satisfies `>= 1.6, < 2`. An operator that is not known is taken to be satisfied.
pub(super) fn satisfies(version: &str, constraint: &str) -> bool {
    constraint.split(',').map(str::trim).filter(|one| !one.is_empty()).all(|one| {
        let end = one.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(one.len());
        let (operator, wanted) = one.split_at_checked(end).unwrap_or_default();
        let order = compare(version, wanted);
        match operator.trim() {
            "" | "=" => order == Ordering::Equal,
            "!=" => order != Ordering::Equal,
            ">" => order == Ordering::Greater,
            ">=" => order != Ordering::Less,
            "<" => order == Ordering::Less,
            "<=" => order != Ordering::Greater,
            "~>" => order != Ordering::Less && compare(&release(version), &bump(wanted)) == Ordering::Less,
            _ => true,
        }
    })
}

fn parts(version: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next().filter(|_| parts.len() < MAX_PARTS) {
        let is_same = |c: char| c.is_ascii_alphanumeric() && c.is_ascii_digit() == first.is_ascii_digit();
        let end = if is_same(first) { rest.find(|c| !is_same(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (part, after) = rest.split_at_checked(end).unwrap_or_default();
        rest = after;
        if first.is_ascii_digit() {
            parts.push(Part::Number(part.trim_start_matches('0').to_owned()));
        } else if first == '-' {
            // `Gem::Version`: a hyphen is `.pre.`.
            parts.push(Part::Word("pre".into()));
        } else if first.is_ascii_alphabetic() {
            parts.push(Part::Word(part.to_owned()));
        }
    }
    parts
}

/// The version without what comes before a release.
fn release(version: &str) -> String {
    let words = version.split(['.', '-']).take_while(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    words.take(MAX_PARTS).collect::<Vec<_>>().join(".")
}

/// What `~>` stays below: `1.4.2` to `1.5`, `2` to `3`.
fn bump(version: &str) -> String {
    let release = release(version);
    let mut parts: Vec<&str> = release.split('.').collect();
    if parts.len() > 1 {
        parts.pop();
    }
    let last = parts.pop().and_then(|part| part.parse::<u64>().ok()).unwrap_or(0).saturating_add(1).to_string();
    parts.push(&last);
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_rubygems_orders_them() {
        for (less, more) in [
            ("1.9", "1.10"),
            ("1.0.pre1", "1.0"),
            ("1.0.a", "1.0.b"),
            ("1.0-rc1", "1.0"),
            ("1", "99999999999999999999999.1"),
            ("1.0.rc1", "1.0.rc2"),
        ] {
            assert_eq!((compare(less, more), compare(more, less)), (Ordering::Less, Ordering::Greater), "{less} {more}");
        }
        assert_eq!(compare("1.0", "1"), Ordering::Equal);
        assert_eq!(compare("01.2", "1.2"), Ordering::Equal);
    }

    #[test]
    fn constraints_hold_as_rubygems_has_them() {
        for (version, constraint, holds) in [
            ("1.9", "~> 1.4", true),
            ("2.0", "~> 1.4", false),
            ("1.5.0", "~> 1.4.2", false),
            ("1.4.9", "~> 1.4.2", true),
            ("3.9", "~> 3", true),
            ("4.0", "~> 3", false),
            ("2.0.rc1", "~> 1.4", false),
            ("1.10.0", ">= 1.6, < 2", true),
            ("2.0", ">= 1.6, < 2", false),
            ("1.0", "!= 1.0", false),
            ("1.0", "1.0.0", true),
            ("1.0", "", true),
        ] {
            assert_eq!(satisfies(version, constraint), holds, "{version} {constraint}");
        }
    }
}
