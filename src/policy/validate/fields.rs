//! Typed access to a raw mapping: what is missing, unknown or of another kind becomes a problem.

use std::ops::Range;

use super::super::parse::{Key, Node, PlainKind, Value};
use super::super::problem::Problems;

/// A mapping whose keys are known.
pub(in crate::policy) struct Fields<'n> {
    entries: &'n [(Key, Node)],
    /// Where the mapping stands.
    pub(in crate::policy) span: Range<usize>,
}

impl<'n> Fields<'n> {
    /// The mapping in `node`, whose keys must be among `known`. `what` completes "… must be a mapping".
    pub(in crate::policy) fn of(node: &'n Node, what: &str, known: &[&str], problems: &mut Problems<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            problems.add_with_help(&node.span, format!("{what} must be a mapping, not {}", article(node)), keys_help(known));
            return None;
        };
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                let help = match nearest(&key.text, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => keys_help(known),
                };
                problems.add_with_help(&key.span, format!("unknown key `{}` in {what}", shorten(&key.text)), help);
            }
        }
        Some(Self { entries, span: node.span.clone() })
    }

    /// The value of `key`.
    pub(in crate::policy) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node)
    }

    /// Where `key` stands.
    pub(in crate::policy) fn key_span(&self, key: &str) -> Range<usize> {
        self.entries.iter().find(|(k, _)| k.text == key).map_or(self.span.clone(), |(k, _)| k.span.clone())
    }

    /// The value of `key`; a problem where it is missing.
    pub(in crate::policy) fn require(&self, key: &str, what: &str, problems: &mut Problems<'_>) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            problems.add(&self.span, format!("{what} has no `{key}`"));
        }
        found
    }

    /// The text of `key`, where the key is there.
    pub(in crate::policy) fn text(&self, key: &str, problems: &mut Problems<'_>) -> Option<Text<'n>> {
        text(self.get(key)?, &format!("`{key}`"), problems)
    }

    /// The text of `key`; a problem where it is missing.
    pub(in crate::policy) fn require_text(&self, key: &str, what: &str, problems: &mut Problems<'_>) -> Option<Text<'n>> {
        text(self.require(key, what, problems)?, &format!("`{key}`"), problems)
    }

    /// The texts in the list of `key`; a problem where the key is missing or the list is empty.
    pub(in crate::policy) fn require_texts(&self, key: &str, what: &str, problems: &mut Problems<'_>) -> Vec<Text<'n>> {
        let Some(node) = self.require(key, what, problems) else { return Vec::new() };
        list(node, &format!("`{key}`"), problems).iter().filter_map(|item| text(item, &format!("an entry of `{key}`"), problems)).collect()
    }
}

/// A text and where it stands.
#[derive(Clone)]
pub(in crate::policy) struct Text<'n> {
    pub(in crate::policy) value: &'n str,
    pub(in crate::policy) span: Range<usize>,
}

/// The items of a list that must not be empty.
pub(in crate::policy) fn list<'n>(node: &'n Node, what: &str, problems: &mut Problems<'_>) -> &'n [Node] {
    match &node.value {
        Value::List(items) if items.is_empty() => {
            problems.add_with_help(&node.span, format!("{what} is empty"), "an empty list would ask for nothing; name at least one");
            &[]
        }
        Value::List(items) => items,
        Value::Scalar { .. } | Value::Map(_) => {
            problems.add(&node.span, format!("{what} must be a list, not {}", article(node)));
            &[]
        }
    }
}

/// The text in `node`: not empty, and no number, boolean or null.
pub(in crate::policy) fn text<'n>(node: &'n Node, what: &str, problems: &mut Problems<'_>) -> Option<Text<'n>> {
    match (&node.value, node.kind()) {
        (Value::Scalar { text, .. }, Some(PlainKind::Text)) if !text.trim().is_empty() => {
            Some(Text { value: text, span: node.span.clone() })
        }
        (Value::Scalar { .. }, Some(PlainKind::Text | PlainKind::Null)) => {
            problems.add(&node.span, format!("{what} is empty"));
            None
        }
        (Value::Scalar { .. }, Some(PlainKind::Bool | PlainKind::Int | PlainKind::Float)) => {
            problems.add_with_help(&node.span, format!("{what} must be a text, not {}", article(node)), "put it in quotes");
            None
        }
        (Value::Scalar { .. } | Value::List(_) | Value::Map(_), _) => {
            problems.add(&node.span, format!("{what} must be a text, not {}", article(node)));
            None
        }
    }
}

/// The whole number in `node`, which must not be quoted.
pub(in crate::policy) fn number(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<i64> {
    let number = match &node.value {
        Value::Scalar { text, plain: true } if node.kind() == Some(PlainKind::Int) => text.parse().ok(),
        Value::Scalar { .. } | Value::List(_) | Value::Map(_) => None,
    };
    if number.is_none() {
        problems.add(&node.span, format!("{what} must be a whole number, not {}", article(node)));
    }
    number
}

/// One of `choices`, by its text.
pub(in crate::policy) fn choice<T: Copy>(text: &Text<'_>, what: &str, choices: &[(&str, T)], problems: &mut Problems<'_>) -> Option<T> {
    let found = choices.iter().find(|(name, _)| *name == text.value).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let help = match nearest(text.value, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", quoted(&names)),
        };
        problems.add_with_help(&text.span, format!("{what} cannot be `{}`", shorten(text.value)), help);
    }
    found
}

/// `` `a`, `b` ``.
pub(in crate::policy) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// At most 80 characters of foreign text, for a message.
pub(in crate::policy) fn shorten(text: &str) -> String {
    if text.chars().count() > 80 { text.chars().take(80).chain(std::iter::once('…')).collect() } else { text.to_owned() }
}

/// The word of `known` that `word` is a slip of, where there is one.
pub(in crate::policy) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word: Vec<char> = word.to_lowercase().replace('-', "_").chars().take(64).collect();
    known
        .iter()
        .map(|candidate| (distance(&word, &candidate.replace('-', "_").chars().collect::<Vec<_>>()), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

fn keys_help(known: &[&str]) -> String {
    format!("its keys are {}", quoted(known))
}

fn article(node: &Node) -> &'static str {
    match (&node.value, node.kind()) {
        (Value::List(_), _) => "a list",
        (Value::Map(_), _) => "a mapping",
        (Value::Scalar { .. }, Some(PlainKind::Null)) => "nothing",
        (Value::Scalar { .. }, Some(PlainKind::Bool)) => "a boolean",
        (Value::Scalar { .. }, Some(PlainKind::Int | PlainKind::Float)) => "a number",
        (Value::Scalar { .. }, Some(PlainKind::Text) | None) => "a text",
    }
}

/// Levenshtein's distance: insertions, removals and changes from one word to the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut previous = vec![i + 1];
        for ((j, to), (above, diagonal)) in b.iter().enumerate().zip(row.iter().skip(1).zip(&row)) {
            let left = previous.get(j).copied().unwrap_or(usize::MAX - 1);
            previous.push((diagonal + usize::from(from != to)).min(above + 1).min(left + 1));
        }
        row = previous;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word_and_strangers_do_not() {
        let known = ["signatures", "attestations", "aws_signer", "level"];
        assert_eq!(nearest("signature", &known), Some("signatures"));
        assert_eq!(nearest("aws-signer", &known), Some("aws_signer"));
        assert_eq!(nearest("Level", &known), Some("level"));
        assert_eq!(nearest("comment", &known), None);
        assert_eq!(distance(&['a', 'b'], &[]), 2);
        assert_eq!(distance(&[], &['a']), 1);
    }
}
