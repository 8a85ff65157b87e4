//! How commands without a report put their tables and JSON on stdout.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Failure;

/// `--format` of commands that have no report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object, with its own `schema`.
    Json,
}

/// Writes at once. A reader that has gone away (`| head`) is no error.
pub(super) fn emit(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::internal(format!("could not write the output: {error}"))),
    }
}

/// Writes `{"schema": …, …value}`, indented.
pub(super) fn emit_json(out: &mut dyn Write, schema: &'static str, value: &impl Serialize) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        schema: &'static str,
        #[serde(flatten)]
        value: &'a T,
    }
    let text = serde_json::to_string_pretty(&Versioned { schema, value })
        .map_err(|error| Failure::internal(format!("could not write the output as JSON: {error}")))?;
    emit(out, &(text + "\n"))
}

/// Rows as aligned columns, two spaces apart, each line indented by `indent`; the last column is not padded. Cells are safe to print.
pub(super) fn columns(indent: usize, rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `1 blob`, `2 blobs`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ if noun.ends_with("sis") => format!("{number} {}es", noun.trim_end_matches("is")),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_do_not_push_a_column_out_of_line() {
        let rows = [vec!["層".into(), "x".into()], vec!["abc".into(), "y".into()]];
        assert_eq!(columns(1, &rows), " 層   x\n abc  y\n");
    }

    #[test]
    fn plurals() {
        assert_eq!(counted(1, "blob"), "1 blob");
        assert_eq!(counted(0, "blob"), "0 blobs");
        assert_eq!(counted(2, "analysis"), "2 analyses");
    }
}
