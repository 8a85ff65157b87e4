//! Names that are unique within a document, and the same in every run.

use std::collections::HashMap;

/// Letters, digits, `.` and `-` of a text, the rest `-`; at most 40 bytes. For people: uniqueness comes from a hash or [`Unique`].
pub(super) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.len() >= 40 {
            break;
        }
        if c.is_ascii_alphanumeric() || c == '.' {
            out.push(c);
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches(['-', '.']).len());
    out
}

/// Hands out names, each once.
#[derive(Debug, Default)]
pub(super) struct Unique {
    /// Names, and how often each was wanted.
    taken: HashMap<String, usize>,
}

impl Unique {
    /// The name that is wanted, or, where that is taken, the same with `SEPARATOR2`, `SEPARATOR3` and so on.
    pub(super) fn name(&mut self, wanted: &str, separator: &str) -> String {
        let wanted = if wanted.is_empty() { "-" } else { wanted };
        let mut times = self.taken.get(wanted).copied().unwrap_or(0);
        let mut name = wanted.to_owned();
        while self.taken.contains_key(&name) {
            times += 1;
            name = format!("{wanted}{separator}{}", times + 1);
        }
        // The next one who wants it begins to count where this one ended.
        self.taken.insert(wanted.to_owned(), times);
        self.taken.entry(name.clone()).or_insert(0);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_once_even_where_the_numbered_one_is_taken_too() {
        let mut unique = Unique::default();
        let names = ["a", "a#2", "a", "a", "", ""].map(|wanted| unique.name(wanted, "#"));
        assert_eq!(names, ["a", "a#2", "a#3", "a#4", "-", "-#2"]);
    }

    #[test]
    fn a_slug_has_only_what_an_identifier_may_have() {
        assert_eq!(slug("@scope/päckage_1.0"), "scope-p-ckage-1.0");
        assert_eq!(slug("\u{0}\n…"), "");
        assert_eq!(slug(&"x".repeat(1000)).len(), 40);
    }
}
