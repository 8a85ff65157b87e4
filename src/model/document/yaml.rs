//! YAML 1.2, event by event: a parser that recurses (as `yaml_rust2::Parser::load` does) overflows the stack on `- - - - …`.

use std::ops::Range;

use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::{Marker, TScalarStyle};

use super::tree::{Head, Tree};
use super::{Fault, Form, Node, first_line};

/// Characters from one offset that is kept to the next.
const STEP: usize = 64;

/// Reads one YAML document. Every fault of form is told at once; a syntax error ends the list.
pub fn yaml(text: &str, form: &Form) -> Result<Node, Vec<Fault>> {
    let mut tree = Tree::new(form);
    if text.len() > form.max_bytes {
        tree.fault(0..0, format!("the file has {} bytes; at most {} are read", text.len(), form.max_bytes), None);
        return tree.into_result();
    }
    let offsets = if text.is_ascii() { Vec::new() } else { text.char_indices().step_by(STEP).map(|(at, _)| at).collect() };
    let mut loader = Loader { text, offsets, tree, decorated: form.decorated };
    if !loader.refused() {
        loader.load();
    }
    loader.tree.into_result()
}

struct Loader<'t, 'f> {
    text: &'t str,
    /// Byte offset of every [`STEP`]th character; empty for ASCII, where they are the same.
    offsets: Vec<usize>,
    tree: Tree<'f>,
    decorated: bool,
}

impl Loader<'_, '_> {
    /// What no event shows.
    fn refused(&mut self) -> bool {
        if let Some(at) = self.text.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t') || c == '\u{feff}') {
            self.tree.fault(at..at + 1, "a control character or byte-order mark", "save the file as plain UTF-8 text");
            return true;
        }
        if let Some(at) = lone_carriage_return(self.text) {
            self.tree.fault(at..at, "a carriage return without a line feed, which some readers take for a line end", "use plain line ends");
            return true;
        }
        if self.text.starts_with('%') || self.text.contains("\n%") {
            let at = if self.text.starts_with('%') { 0 } else { self.text.find("\n%").map_or(0, |at| at + 1) };
            self.tree.fault(at..at + 1, "YAML directives are not read", "leave the `%` line out");
            return true;
        }
        false
    }

    fn load(&mut self) {
        let mut parser = Parser::new_from_str(self.text);
        let mut documents = 0_usize;
        loop {
            let (event, mark) = match parser.next_token() {
                Ok(next) => next,
                Err(error) => {
                    let at = self.offset(*error.marker());
                    self.tree.fault(at..at, format!("this is not YAML: {}", error.info()), None);
                    return;
                }
            };
            let at = self.offset(mark);
            match event {
                Event::StreamStart | Event::Nothing | Event::DocumentEnd => {}
                Event::StreamEnd => return,
                Event::DocumentStart => {
                    documents += 1;
                    if documents > 1 {
                        // A reader that stops after the first document sees another file than one that takes the last.
                        self.tree.fault(at..at, "a second document in one file", "keep one document per file");
                        return;
                    }
                }
                Event::Alias(anchor) => {
                    if !self.decorated {
                        self.tree.fault(at..at + 1, "YAML aliases are not read", "write the value out");
                        self.tree.scalar(Head { span: at..at + 1, ..Head::default() }, String::new(), false);
                    } else if self.tree.alias(anchor, at..at + 1) {
                        return;
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let span = self.scalar_span(at, &text, style);
                    let head = self.head(span, anchor, tag);
                    self.tree.scalar(head, text, style == TScalarStyle::Plain);
                }
                Event::SequenceStart(anchor, tag) => {
                    let head = self.head(first_line(self.text, at), anchor, tag);
                    self.tree.open_list(head);
                }
                Event::MappingStart(anchor, tag) => {
                    let head = self.head(first_line(self.text, at), anchor, tag);
                    self.tree.open_map(head);
                }
                Event::SequenceEnd | Event::MappingEnd => self.tree.close(),
            }
            if self.tree.count(at) {
                return;
            }
        }
    }

    fn head(&mut self, span: Range<usize>, anchor: usize, tag: Option<Tag>) -> Head {
        if self.decorated {
            // `!Ref` arrives as handle `!` and suffix `Ref`; `!!str` and its like say what YAML would say anyway.
            let tag = tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix);
            return Head { span, tag: tag.filter(|tag| !tag.is_empty()), anchor };
        }
        let at = span.start;
        if anchor != 0 {
            self.tree.fault(at..at + 1, "YAML anchors are not read", "leave the `&name` out");
        }
        if tag.is_some() {
            self.tree.fault(at..at + 1, "YAML tags are not read", "leave the `!tag` out");
        }
        Head { span, ..Head::default() }
    }

    /// The parser counts characters.
    fn offset(&self, mark: Marker) -> usize {
        if self.offsets.is_empty() {
            mark.index().min(self.text.len())
        } else {
            let before = self.offsets.get(mark.index() / STEP).copied().unwrap_or(self.text.len());
            let mut rest = self.text.get(before..).unwrap_or("").char_indices();
            rest.nth(mark.index() % STEP).map_or(self.text.len(), |(at, _)| before + at)
        }
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
                first_line(self.text, at)
            }
            TScalarStyle::Plain | TScalarStyle::Literal | TScalarStyle::Folded => first_line(self.text, at),
        }
    }
}

fn lone_carriage_return(text: &str) -> Option<usize> {
    text.match_indices('\r').map(|(at, _)| at).find(|at| text.as_bytes().get(at + 1) != Some(&b'\n'))
}
