//! Text on its way to a person.

use std::borrow::Cow;

use crate::model::printable::printable;

/// [`printable`] text that a CI runner reading our output cannot take for a command either: GitHub's runner obeys `::command::` at the
/// start of a line (after blanks, so also where a long line was wrapped) and `##[command]` anywhere in one. The colon or hash that
/// would start such a command is escaped; nothing else changes, and applying it twice changes nothing more.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let text = printable(text);
    if !text.contains("::") && !text.contains("##[") {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut at_word_start = true;
    let mut rest: &str = &text;
    while let Some(c) = rest.chars().next() {
        let (head, tail) = rest.split_at(c.len_utf8());
        if at_word_start && rest.starts_with("::") {
            out.push_str("\\u{3a}");
        } else if rest.starts_with("##[") {
            out.push_str("\\u{23}");
        } else {
            out.push_str(head);
        }
        at_word_start = c.is_whitespace();
        rest = tail;
    }
    Cow::Owned(out)
}

/// A JSON text of the same value in which nothing is left that a terminal or a runner obeys: what [`printable`] would escape, and the
/// hash of `##[`, are written as JSON's own escapes. Neither occurs outside strings, but for the line breaks of the layout.
pub(super) fn inert_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut buffer = [0; 4];
    let mut units = [0; 2];
    while let Some(c) = rest.chars().next() {
        let obeyed = match c {
            '\n' | ' '..='"' | '$'..='~' => false,
            '#' => rest.starts_with("##["),
            _ => matches!(printable(c.encode_utf8(&mut buffer)), Cow::Owned(_)),
        };
        if obeyed {
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
        rest = rest.split_at(c.len_utf8()).1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_workflow_command_at_the_start_of_a_line_nor_after_wrapping() {
        assert_eq!(shown("::error::x"), "\\u{3a}:error::x");
        assert_eq!(shown("a ::stop-commands::t"), "a \\u{3a}:stop-commands::t");
        assert_eq!(shown("a##[group]b###[x]"), "a\\u{23}#[group]b#\\u{23}#[x]");
    }

    #[test]
    fn json_keeps_its_value_and_loses_its_effect() {
        let value = serde_json::json!({ "k": "a\u{1b}[2J\u{9b}31m\u{202e}x\u{7f}\u{e0041}##[group]###[x] é 層\n" });
        let text = inert_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.bytes().all(|b| b == b'\n' || !b.is_ascii_control()), "{text}");
        assert!(!text.contains("##[") && !text.contains('\u{202e}') && !text.contains('\u{9b}') && text.contains("é 層"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn arns_and_plain_text_are_left_alone_and_twice_is_once() {
        for text in ["arn:aws:iam::111122223333:role/x", "plain", "a # b ##"] {
            assert!(matches!(shown(text), Cow::Borrowed(_)) || shown(text) == text);
        }
        for text in ["::a ::b", "##[x]", "\u{1b}::x"] {
            let once = shown(text).into_owned();
            assert_eq!(shown(&once), once);
        }
    }
}
