//! How a policy names a text: exactly, or by a regular expression that must match in full.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// The longest regular expression that is read, characters.
pub const MAX_REGEXP: usize = 4096;

/// The largest automaton that a regular expression may become, bytes.
const MAX_AUTOMATON: usize = 1 << 20;

/// A text that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextMatch {
    /// This very text, byte by byte.
    Exact(String),
    /// Whatever the expression matches in full.
    Regexp(FullMatch),
}

/// A regular expression between `\A` and `\z`.
#[derive(Debug, Clone)]
pub struct FullMatch {
    text: String,
    regex: Regex,
}

impl TextMatch {
    /// True where `text` is one that is asked for.
    pub fn covers(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Regexp(expression) => expression.regex.is_match(text),
        }
    }
}

impl FullMatch {
    /// The error is a sentence. An expression that matches the empty text is refused: it may match anybody.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > MAX_REGEXP {
            return Err(format!("it is longer than {MAX_REGEXP} characters"));
        }
        let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_AUTOMATON).dfa_size_limit(MAX_AUTOMATON).build();
        // By itself first, so that a stray parenthesis cannot close the group that keeps an alternation within the anchors.
        let regex = build(text).and_then(|_| build(&format!(r"\A(?:{text})\z")));
        match regex {
            Err(error) => {
                let reason = error.to_string();
                Err(format!("it is no regular expression: {}", reason.lines().last().unwrap_or("").trim()))
            }
            Ok(regex) if regex.is_match("") => Err("it matches the empty text, so it may match anybody".into()),
            Ok(regex) => Ok(Self { text: text.to_owned(), regex }),
        }
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for FullMatch {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for FullMatch {}

/// `` `text` `` or `a match of `expression``.
impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => write!(f, "`{text}`"),
            Self::Regexp(expression) => write!(f, "a match of `{}`", expression.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regexp(text: &str) -> TextMatch {
        TextMatch::Regexp(FullMatch::parse(text).unwrap())
    }

    #[test]
    fn a_regexp_never_matches_a_part() {
        let acme = regexp("https://github.com/acme/.+");
        assert!(acme.covers("https://github.com/acme/layers"));
        assert!(!acme.covers("https://evil.example/?https://github.com/acme/layers"));
        let either = regexp("a|b");
        assert!(either.covers("a") && either.covers("b") && !either.covers("ab") && !either.covers("xb") && !either.covers("ax"));
        assert!(!regexp("a").covers("a\n") && !regexp("a$").covers("a\n") && !regexp("(?m)^a$").covers("x\na"));
    }

    #[test]
    fn groups_that_are_closed_from_within_and_comments_that_swallow_the_anchor_are_refused() {
        for text in ["a)|(?:b", "(", "", ".*", "a|", "(?x)a #"] {
            assert!(FullMatch::parse(text).is_err(), "{text}");
        }
        assert!(FullMatch::parse(&"a".repeat(MAX_REGEXP + 1)).is_err());
        assert!(FullMatch::parse(r"(\w{200}){200}").is_err(), "a small text that becomes a huge automaton");
    }

    #[test]
    fn an_exact_text_is_compared_byte_by_byte() {
        let exact = TextMatch::Exact("https://issuer.example".into());
        for other in ["https://issuer.example/", "https://issuer.example.evil", "HTTPS://issuer.example", ""] {
            assert!(!exact.covers(other));
        }
    }
}
