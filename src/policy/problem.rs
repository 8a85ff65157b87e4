//! What is wrong with a policy or waiver file, all of it at once, with line and column.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::model::document::{floor_boundary, line_and_column};
use crate::model::printable::{needs_escape, printable};

/// At most this many problems of one file are kept; a file that is no policy at all has no end of them.
pub const MAX_PROBLEMS: usize = 100;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, one sentence without full stop. Safe to print.
    pub message: String,
    /// What to write instead, where that is known. Safe to print.
    pub help: Option<String>,
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
    /// Line of the start of `span`, from 1.
    pub line: usize,
    /// Column of the start of `span` in characters, from 1.
    pub column: usize,
}

/// Collects the problems of one text.
pub(super) struct Problems<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Problems<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }

    /// Adds a problem about the bytes in `span`.
    pub(super) fn add(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.push(span, message.into(), None);
    }

    /// Adds a problem with its remedy.
    pub(super) fn add_with_help(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.push(span, message.into(), Some(help.into()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems in the order of the text.
    pub(super) fn into_sorted(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| p.span.start);
        self.problems.truncate(MAX_PROBLEMS);
        self.problems
    }

    fn push(&mut self, span: &Range<usize>, message: String, help: Option<String>) {
        let start = floor_boundary(self.text, span.start);
        let end = floor_boundary(self.text, span.end).max(start);
        let (line, column) = line_and_column(self.text, start);
        self.problems.push(Problem {
            message: printable(&message).into_owned(),
            help: help.map(|help| printable(&help).into_owned()),
            span: start..end,
            line,
            column,
        });
    }
}

/// The problems of `file` as a person reads them: the line, a mark under it, and what to write instead. Closes with the count.
pub fn render_problems(problems: &[Problem], file: &str, text: &str, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let file = printable(file);
    let mut out = String::new();
    for problem in problems {
        let start = floor_boundary(text, problem.span.start);
        let end = floor_boundary(text, problem.span.end).max(start);
        let snippet = Snippet::source(text).path(file.as_ref()).annotation(AnnotationKind::Primary.span(start..end));
        let mut group: Group<'_> = Level::ERROR.primary_title(problem.message.as_str()).element(snippet);
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        out.extend(renderer.render(&[group]).chars().map(shown));
        out.push_str("\n\n");
    }
    let more = if problems.len() >= MAX_PROBLEMS { " or more" } else { "" };
    let plural = if problems.len() == 1 { "problem" } else { "problems" };
    out.push_str(&format!("{file}: {}{more} {plural}", problems.len()));
    out
}

/// The quoted line is the file's own text. The renderer puts signs in place of C0 and most bidirectional controls, so an escape
/// character is a colour of its own; C1 controls, separators and what has no width it lets through.
fn shown(c: char) -> char {
    if needs_escape(c) && !matches!(c, '\n' | '\u{1b}') { char::REPLACEMENT_CHARACTER } else { c }
}
