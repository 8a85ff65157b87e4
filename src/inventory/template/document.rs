//! The text of a template as a tree, and its offsets as lines and columns.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::inventory::InventoryError;
use crate::model::document::{Fault, Form, Node, json, yaml};
use crate::model::printable::lossless;
use crate::model::template::SourceSpan;

/// The largest template that is read, bytes. AWS takes 1 MB; plans of large Terraform configurations have tens.
pub const MAX_TEMPLATE_BYTES: usize = 32 << 20;

/// The deepest nesting that is read.
pub const MAX_TEMPLATE_DEPTH: usize = 128;

/// The most values that are read, aliases expanded.
pub const MAX_TEMPLATE_VALUES: usize = 2_000_000;

const FORM: Form = Form {
    max_bytes: MAX_TEMPLATE_BYTES,
    max_depth: MAX_TEMPLATE_DEPTH,
    max_values: MAX_TEMPLATE_VALUES,
    decorated: true,
    help_depth: "no template needs as much",
    help_values: "split the template",
    help_empty: "a template has Resources",
};

/// A template as a tree.
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) root: Node,
    file: String,
    places: Places,
}

impl Document {
    pub(super) fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, InventoryError> {
        let malformed = |line, column, problem: String| InventoryError::Malformed { path: path.into(), line, column, problem };
        if bytes.len() > MAX_TEMPLATE_BYTES {
            return Err(malformed(0, 0, format!("the template is larger than {MAX_TEMPLATE_BYTES} bytes")));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let before = lossless(error.as_bytes().get(..at).unwrap_or(&[])).into_owned();
            let (line, column) = Places::of(before).line_and_column(at);
            malformed(line, column, "this is not UTF-8 text".into())
        })?;
        // Editors of Windows write it, and every reader of templates skips it.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let places = Places::of(text);
        let root = parse(&places.text).map_err(|mut faults| {
            faults.sort_by_key(|fault| fault.span.start);
            let more = faults.len().saturating_sub(1);
            let Some(fault) = faults.into_iter().next() else { return malformed(0, 0, "the template cannot be read".into()) };
            let (line, column) = places.line_and_column(fault.span.start);
            let help = fault.help.map(|help| format!("; {help}")).unwrap_or_default();
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            malformed(line, column, format!("{}{help}{more}", fault.message))
        })?;
        Ok(Self { path: path.into(), root, file: path.display().to_string(), places })
    }

    /// The file as the user named it.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Where a span of the tree begins.
    pub(super) fn place(&self, span: &Range<usize>) -> SourceSpan {
        let (line, column) = self.places.line_and_column(span.start);
        SourceSpan { file: self.file.clone(), line, column }
    }

    /// An error about a place.
    pub(super) fn malformed(&self, span: &Range<usize>, problem: impl Into<String>) -> InventoryError {
        let (line, column) = self.places.line_and_column(span.start);
        InventoryError::Malformed { path: self.path.clone(), line, column, problem: problem.into() }
    }
}

/// What begins like a JSON object is JSON, unless only YAML can read it.
fn parse(text: &str) -> Result<Node, Vec<Fault>> {
    if !text.trim_start().starts_with('{') {
        return yaml(text, &FORM);
    }
    json(text, &FORM).or_else(|faults| {
        let syntax = faults.iter().any(|fault| fault.message.starts_with("this is not JSON"));
        if syntax { yaml(text, &FORM).map_err(|_| faults) } else { Err(faults) }
    })
}

/// Bytes from one mark to the next.
const STEP: usize = 4 << 10;

/// Lines and columns of a text, found without reading it again from its start: a plan is one line of many megabytes, and a file of
/// nothing but line ends has as many lines.
struct Places {
    text: String,
    /// What stands before each [`STEP`] bytes.
    marks: Vec<Mark>,
}

/// What stands before an offset.
#[derive(Clone, Copy, Default)]
struct Mark {
    /// Line ends.
    lines: usize,
    /// Where its line begins.
    start: usize,
    /// Bytes that begin no character.
    continuations: usize,
}

impl Mark {
    fn pass(&mut self, at: usize, byte: u8) {
        if byte == b'\n' {
            (self.lines, self.start) = (self.lines + 1, at + 1);
        }
        self.continuations += usize::from(byte & 0xc0 == 0x80);
    }
}

impl Places {
    fn of(text: String) -> Self {
        let (mut marks, mut mark) = (Vec::new(), Mark::default());
        for (at, byte) in text.bytes().enumerate() {
            if at % STEP == 0 {
                marks.push(mark);
            }
            mark.pass(at, byte);
        }
        Self { text, marks }
    }

    /// Line and column, in characters, of a byte offset; both from 1.
    fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let here = self.before(offset);
        let within = here.continuations - self.before(here.start).continuations;
        (here.lines + 1, offset.saturating_sub(here.start).saturating_sub(within) + 1)
    }

    fn before(&self, offset: usize) -> Mark {
        let index = (offset / STEP).min(self.marks.len().saturating_sub(1));
        let mut mark = self.marks.get(index).copied().unwrap_or_default();
        let from = index * STEP;
        for (at, byte) in self.text.bytes().enumerate().skip(from).take(offset.saturating_sub(from)) {
            mark.pass(at, byte);
        }
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_the_slow_way() {
        let text = format!("é{}\nä: ü\r\n{}x\n", "層y".repeat(5000), "a".repeat(9000));
        let places = Places::of(text.clone());
        for (at, _) in text.char_indices().step_by(97).chain([(0, ' '), (text.len(), ' ')]) {
            assert_eq!(places.line_and_column(at), crate::model::document::line_and_column(&text, at), "{at}");
        }
    }
}
