//! YAML and JSON documents as trees whose every part knows where it stands. Policies, waivers and templates are read through this.
//!
//! What two readers of one file could take differently is a fault: duplicate keys, a second document, directives, control characters.
//! Aliases and tags are refused or read as the [`Form`] says; aliases are expanded within the limits, so that a few lines cannot become
//! a billion values.

mod json;
mod tree;
mod yaml;

use std::ops::Range;

pub use json::json;
pub use yaml::yaml;

/// A part of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Bytes of the text that it stands in; of a list or mapping only its start.
    pub span: Range<usize>,
    /// A YAML tag without its exclamation mark: `Ref` of `!Ref x`. Always `None` where the form refuses tags.
    pub tag: Option<String>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A word, number or text.
    Scalar {
        /// The text, unescaped.
        text: String,
        /// True where it is neither quoted nor a block, so that YAML may read it as a number, a boolean or null.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file, each key once.
    Map(Vec<(Key, Node)>),
}

/// The key of a mapping's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Bytes of the text that it stands in.
    pub span: Range<usize>,
}

/// What YAML 1.2 (core schema, §10.3.2) reads a plain scalar as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainKind {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `false`.
    Bool,
    /// A whole number.
    Int,
    /// Another number.
    Float,
    /// Text.
    Text,
}

/// What is read, and up to which size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The largest text, bytes. Expanded aliases may bring four times as much.
    pub max_bytes: usize,
    /// The deepest nesting.
    pub max_depth: usize,
    /// The most values, keys and ends of lists and mappings included.
    pub max_values: usize,
    /// True where anchors, aliases, merge keys and tags are read; false where they are faults.
    pub decorated: bool,
    /// What to do about too deep a nesting.
    pub help_depth: &'static str,
    /// What to do about too many values.
    pub help_values: &'static str,
    /// What to do about an empty file.
    pub help_empty: &'static str,
}

/// Something that is wrong with the form of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes that it is about.
    pub span: Range<usize>,
    /// What is wrong. Holds text of the file: print through `printable`.
    pub message: String,
    /// What to do, where that is known.
    pub help: Option<&'static str>,
}

impl Node {
    /// What the scalar is to YAML; `None` for lists and mappings.
    pub fn kind(&self) -> Option<PlainKind> {
        match &self.value {
            Value::Scalar { text, plain: true } => Some(plain_kind(text)),
            Value::Scalar { plain: false, .. } => Some(PlainKind::Text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The value of a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(k, _)| k.text == key).map(|(_, node)| node)
    }

    /// The entries of a mapping; none for all else.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Scalar { .. } | Value::List(_) => &[],
        }
    }

    /// The items of a list; none for all else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Scalar { .. } | Value::Map(_) => &[],
        }
    }

    /// The text of a scalar that has no tag and is not null.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if self.tag.is_none() && self.kind() != Some(PlainKind::Null) => Some(text),
            Value::Scalar { .. } | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// True for `null`, `~` and nothing, without a tag.
    pub fn is_null(&self) -> bool {
        self.tag.is_none() && self.kind() == Some(PlainKind::Null)
    }
}

/// Line from 1 and column in characters from 1 of a byte offset.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..floor_boundary(text, offset)).unwrap_or(text);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// The nearest offset at or before this one that does not split a character.
pub fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// From `at` to the end of its line: enough to point at a list or mapping.
fn first_line(text: &str, at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or("");
    at..at + rest.lines().next().unwrap_or("").trim_end().len()
}

fn plain_kind(text: &str) -> PlainKind {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    match text {
        "" | "~" | "null" | "Null" | "NULL" => PlainKind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => PlainKind::Bool,
        _ if digits(unsigned) => PlainKind::Int,
        _ if text.strip_prefix("0o").is_some_and(|s| !s.is_empty() && s.bytes().all(|b| (b'0'..=b'7').contains(&b))) => PlainKind::Int,
        _ if text.strip_prefix("0x").is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_hexdigit())) => PlainKind::Int,
        ".nan" | ".NaN" | ".NAN" => PlainKind::Float,
        _ if matches!(unsigned, ".inf" | ".Inf" | ".INF") => PlainKind::Float,
        _ if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok() => PlainKind::Float,
        _ => PlainKind::Text,
    }
}
