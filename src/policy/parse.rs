//! Text to a raw document with spans. JSON is a subset of the YAML that is read.
//!
//! What a reader of the file could take otherwise than we do is refused here: duplicate keys, anchors, aliases, tags, directives, a
//! second document. The parser's events are pulled one by one and the nesting is counted here, because a parser that recurses
//! (as `yaml_rust2::Parser::load` does) overflows the stack on `- - - - …`.

use std::ops::Range;

use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::{Marker, TScalarStyle};

use super::problem::{MAX_PROBLEMS, Problem, Problems};

/// The largest file that is read, bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// The deepest nesting that is read; the grammar needs nine.
pub const MAX_DEPTH: usize = 32;

/// The most values that are read; a statement has some thirty.
pub const MAX_VALUES: usize = 20_000;

/// A part of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Bytes of the text that it stands in; of a list or mapping only its start.
    pub span: Range<usize>,
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

impl Node {
    /// What the scalar is to YAML; `None` for lists and mappings.
    pub fn kind(&self) -> Option<PlainKind> {
        match &self.value {
            Value::Scalar { text, plain: true } => Some(plain_kind(text)),
            Value::Scalar { plain: false, .. } => Some(PlainKind::Text),
            Value::List(_) | Value::Map(_) => None,
        }
    }
}

/// Parses one document. Every problem of form is reported at once; a syntax error ends the list.
pub fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let mut problems = Problems::new(text);
    if text.len() > MAX_FILE_BYTES {
        problems.add(&(0..0), format!("the file has {} bytes; at most {MAX_FILE_BYTES} are read", text.len()));
        return Err(problems.into_sorted());
    }
    let root = Loader::new(text, &mut problems).load();
    match root {
        Some(root) if problems.is_empty() => Ok(root),
        Some(_) | None => Err(problems.into_sorted()),
    }
}

/// An open list or mapping.
enum Frame {
    List { span: Range<usize>, items: Vec<Node> },
    Map { span: Range<usize>, entries: Vec<(Key, Node)>, key: Option<Key> },
}

struct Loader<'t, 'p> {
    text: &'t str,
    /// Byte offset of each character; empty for ASCII, where they are the same.
    offsets: Vec<usize>,
    problems: &'p mut Problems<'t>,
    stack: Vec<Frame>,
    root: Option<Node>,
    found: usize,
}

impl<'t, 'p> Loader<'t, 'p> {
    fn new(text: &'t str, problems: &'p mut Problems<'t>) -> Self {
        let offsets = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { text, offsets, problems, stack: Vec::new(), root: None, found: 0 }
    }

    fn load(mut self) -> Option<Node> {
        if let Some(at) = self.text.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t') || c == '\u{feff}') {
            self.problem(at..at + 1, "a control character or byte-order mark", "save the file as plain UTF-8 text");
            return None;
        }
        if let Some(at) = lone_carriage_return(self.text) {
            self.problem(at..at, "a carriage return without a line feed, which some readers take for a line end", "use plain line ends");
            return None;
        }
        if self.text.starts_with('%') || self.text.contains("\n%") {
            let at = self.text.find("\n%").map_or(0, |at| at + 1);
            self.problem(at..at + 1, "YAML directives are not read", "leave the `%` line out");
            return None;
        }
        let mut parser = Parser::new_from_str(self.text);
        let (mut documents, mut values) = (0_usize, 0_usize);
        loop {
            let (event, mark) = match parser.next_token() {
                Ok(next) => next,
                Err(error) => {
                    let at = self.offset(*error.marker());
                    self.problems.add(&(at..at), format!("this is not YAML: {}", error.info()));
                    return None;
                }
            };
            let at = self.offset(mark);
            match event {
                Event::StreamStart | Event::Nothing | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart => {
                    documents += 1;
                    if documents > 1 {
                        // A reader that stops after the first document sees another policy than one that takes the last.
                        self.problem(at..at, "a second document in one file", "keep one document per file");
                        return None;
                    }
                }
                Event::Alias(_) => {
                    self.problem(at..at + 1, "YAML aliases are not read", "write the value out");
                    self.scalar(at..at + 1, String::new(), false);
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.refuse_decoration(at, anchor, tag);
                    let span = self.scalar_span(at, &text, style);
                    self.scalar(span, text, style == TScalarStyle::Plain);
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_decoration(at, anchor, tag);
                    self.stack.push(Frame::List { span: self.first_line(at), items: Vec::new() });
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_decoration(at, anchor, tag);
                    self.stack.push(Frame::Map { span: self.first_line(at), entries: Vec::new(), key: None });
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let node = match self.stack.pop() {
                        Some(Frame::List { span, items }) => Node { span, value: Value::List(items) },
                        Some(Frame::Map { span, entries, .. }) => Node { span, value: Value::Map(entries) },
                        None => return None,
                    };
                    self.put(node);
                }
            }
            if self.stack.len() > MAX_DEPTH {
                self.problem(at..at, format!("nested deeper than {MAX_DEPTH} levels"), "a policy needs nine");
                return None;
            }
            values += 1;
            if values > MAX_VALUES {
                self.problem(at..at, format!("more than {MAX_VALUES} values"), "split the policy by account");
                return None;
            }
            if self.found > MAX_PROBLEMS {
                return None;
            }
        }
        if self.root.is_none() && self.found == 0 {
            self.problem(0..0, "the file is empty", "`layerproof policy init` writes a policy to start from");
        }
        self.root
    }

    fn scalar(&mut self, span: Range<usize>, text: String, plain: bool) {
        if let Some(Frame::Map { key: key @ None, .. }) = self.stack.last_mut() {
            *key = Some(Key { text, span });
        } else {
            self.put(Node { span, value: Value::Scalar { text, plain } });
        }
    }

    fn put(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match key.take() {
                None => {
                    let span = node.span;
                    *key = Some(Key { text: String::new(), span: span.clone() });
                    self.problem(span, "a list or mapping as a key", "keys are words");
                }
                Some(key) if entries.iter().any(|(other, _)| other.text == key.text) => {
                    let message = format!("the key `{}` stands here twice", key.text);
                    self.problem(key.span, message, "keep one of them");
                }
                Some(key) => entries.push((key, node)),
            },
        }
    }

    fn refuse_decoration(&mut self, at: usize, anchor: usize, tag: Option<Tag>) {
        if anchor != 0 {
            self.problem(at..at + 1, "YAML anchors are not read", "leave the `&name` out");
        }
        if tag.is_some() {
            self.problem(at..at + 1, "YAML tags are not read", "leave the `!tag` out");
        }
    }

    fn problem(&mut self, span: Range<usize>, message: impl Into<String>, help: &str) {
        self.found += 1;
        self.problems.add_with_help(&span, message, help);
    }

    /// The parser counts characters.
    fn offset(&self, mark: Marker) -> usize {
        if self.offsets.is_empty() {
            mark.index().min(self.text.len())
        } else {
            self.offsets.get(mark.index()).copied().unwrap_or(self.text.len())
        }
    }

    /// From `at` to the end of its line: enough to point at a list or mapping.
    fn first_line(&self, at: usize) -> Range<usize> {
        let rest = self.text.get(at..).unwrap_or("");
        at..at + rest.lines().next().unwrap_or("").trim_end().len()
    }

    /// The parser gives the start of a scalar only; its end is found in the text again.
    fn scalar_span(&self, at: usize, value: &str, style: TScalarStyle) -> Range<usize> {
        let rest = self.text.get(at..).unwrap_or("");
        match style {
            TScalarStyle::Plain if rest.starts_with(value) => at..at + value.len(),
            TScalarStyle::SingleQuoted | TScalarStyle::DoubleQuoted => {
                let quote = if style == TScalarStyle::SingleQuoted { '\'' } else { '"' };
                let mut escaped = true; // The opening quote.
                for (i, c) in rest.char_indices() {
                    if c == '\n' {
                        break;
                    }
                    if c == quote && !escaped {
                        return at..at + i + 1;
                    }
                    escaped = c == '\\' && quote == '"' && !escaped;
                }
                self.first_line(at)
            }
            TScalarStyle::Plain | TScalarStyle::Literal | TScalarStyle::Folded => self.first_line(at),
        }
    }
}

fn lone_carriage_return(text: &str) -> Option<usize> {
    text.match_indices('\r').map(|(at, _)| at).find(|at| text.as_bytes().get(at + 1) != Some(&b'\n'))
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
