//! Text to a raw document with spans. JSON is a subset of the YAML that is read.
//!
//! What a reader of the file could take otherwise than we do is refused: duplicate keys, anchors, aliases, tags, directives, a
//! second document. [`crate::model::document`] reads; this page says what a policy may need of it.

pub use crate::model::document::{Key, Node, PlainKind, Value};

use super::problem::{Problem, Problems};
use crate::model::document::{Form, yaml};

/// The largest file that is read, bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// The deepest nesting that is read; the grammar needs nine.
pub const MAX_DEPTH: usize = 32;

/// The most values that are read; a statement has some thirty.
pub const MAX_VALUES: usize = 20_000;

const FORM: Form = Form {
    max_bytes: MAX_FILE_BYTES,
    max_depth: MAX_DEPTH,
    max_values: MAX_VALUES,
    decorated: false,
    help_depth: "a policy needs nine",
    help_values: "split the policy by account",
    help_empty: "`layerproof policy init` writes a policy to start from",
};

/// Parses one document. Every problem of form is reported at once; a syntax error ends the list.
pub fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    yaml(text, &FORM).map_err(|faults| {
        let mut problems = Problems::new(text);
        for fault in faults {
            match fault.help {
                Some(help) => problems.add_with_help(&fault.span, fault.message, help),
                None => problems.add(&fault.span, fault.message),
            }
        }
        problems.into_sorted()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        parse(text).unwrap_err().into_iter().map(|p| format!("{}:{} {}", p.line, p.column, p.message)).collect()
    }

    #[test]
    fn stack_overflow_by_nesting_is_refused() {
        assert!(messages(&(0..MAX_VALUES).map(|i| format!("k{i}: 1\n")).collect::<String>())[0].contains("more than"));
        for text in ["[".repeat(500_000), "- ".repeat(500_000), "{a: ".repeat(200_000), "? ".repeat(400_000), "a: [{".repeat(10_000)] {
            assert!(parse(&text).is_err());
        }
        let block: String = (0..1000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
        assert!(messages(&block)[0].contains("nested deeper"));
    }

    #[test]
    fn every_duplicate_key_is_reported_in_any_spelling() {
        let found = messages("a: 1\n\"a\": 2\nb: {c: 1, c: 2}\n'\\u0061': 3\na: 4\n");
        assert_eq!(found, ["2:1 the key `a` stands here twice", "3:11 the key `c` stands here twice", "5:1 the key `a` stands here twice"]);
        assert!(messages("{\"a\": 1, \"\\u0061\": 2}")[0].contains("twice"), "an escaped key is the same key");
    }

    #[test]
    fn anchors_aliases_and_tags_are_refused_where_they_stand() {
        let found = messages("a: &x 1\nb: *x\nc: !!str 2\nd: !custom {}\n");
        assert_eq!(found.len(), 4);
        assert!(found[0].starts_with("1:") && found[0].contains("anchors"));
        assert!(found[1].starts_with("2:4") && found[1].contains("aliases"));
        assert!(found[2].contains("tags") && found[3].contains("tags"));
        assert!(messages("*x: 1")[0].contains("not YAML"));
    }

    #[test]
    fn billion_laughs_is_refused() {
        assert!(messages("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n").iter().any(|m| m.contains("aliases")));
    }

    #[test]
    fn a_second_document_is_not_ignored() {
        assert!(messages("a: 1\n---\na: 2\n")[0].contains("second document"));
        assert!(messages("a: 1\n...\nb: 2\n")[0].contains("second document"));
        assert!(parse("---\na: 1\n").is_ok());
    }

    #[test]
    fn directives_control_characters_and_odd_line_ends_are_refused() {
        for text in ["%YAML 1.1\n---\na: 1\n", "a: 1\rb: 2\n", "a: \u{1b}[2J\n", "\u{feff}a: 1\n", "a: \u{85}b\n"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse("a: 1\r\nb: 2\r\n").is_ok());
    }

    #[test]
    fn oversized_and_empty_files_are_refused() {
        assert!(messages(&" ".repeat(MAX_FILE_BYTES + 1))[0].contains("bytes"));
        assert!(messages("")[0].contains("empty"));
        assert!(messages("# only a comment\n")[0].contains("empty"));
    }

    #[test]
    fn columns_count_characters_after_text_that_is_not_ascii() {
        assert_eq!(messages("é: \"ü\"\nü: [{k: 1, k: 2}]\n"), ["2:12 the key `k` stands here twice"]);
    }

    #[test]
    fn json_is_read() {
        let node = parse("{\"version\": 1, \"list\": [\"a\", true]}").unwrap();
        let Value::Map(entries) = node.value else { panic!() };
        assert_eq!(entries[0].1.kind(), Some(PlainKind::Int));
        let Value::List(items) = &entries[1].1.value else { panic!() };
        assert_eq!((items[0].kind(), items[1].kind()), (Some(PlainKind::Text), Some(PlainKind::Bool)));
    }
}
