//! Lines: indent, wrap, colour. Everything that is written passes through [`shown`] here.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::finding::Severity;
use crate::policy::decision::Verdict;
use crate::report::shown::shown;
use crate::report::{ExitInfo, RenderOptions, WORST_FIRST};

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// Columns of the label of a field.
const LABEL: usize = 12;

/// Text is not wrapped to less than this.
const LEAST: usize = 40;

/// The columns of the findings' table: rule, subject, message.
pub(super) struct Columns {
    pub(super) first: usize,
    pub(super) second: usize,
}

/// Where text goes.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    color: bool,
    width: Option<usize>,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, options: &RenderOptions) -> Self {
        Self { out, color: options.color, width: options.width }
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        self.styled(0, BOLD, text)
    }

    /// One line that is not wrapped.
    pub(super) fn styled(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        let text = self.paint(style, &shown(text));
        writeln!(self.out, "{:indent$}{text}", "")
    }

    /// Wrapped text.
    pub(super) fn body(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.wrapped(indent, PLAIN, text)
    }

    /// Wrapped text in one style.
    pub(super) fn wrapped(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        for line in wrap(&shown(text), self.room(indent)) {
            let line = self.paint(style, &line);
            writeln!(self.out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    /// `label       text`, wrapped under the text.
    pub(super) fn field(&mut self, indent: usize, label: &str, text: &str) -> io::Result<()> {
        let mut label = format!("{label:LABEL$}");
        for line in wrap(&shown(text), self.room(indent + LABEL)) {
            let painted = self.paint(DIM, &label);
            writeln!(self.out, "{:indent$}{painted}{line}", "")?;
            label = " ".repeat(LABEL);
        }
        Ok(())
    }

    /// A row of a table with three columns. A second cell that is too wide keeps its line to itself; nothing is ever cut.
    pub(super) fn row(&mut self, columns: &Columns, style: Style, [first, second, third]: [&str; 3]) -> io::Result<()> {
        let (first, second) = (shown(first), shown(second));
        let gap = 2;
        let left = gap + columns.first + gap + columns.second + gap;
        let head = self.paint(style, &pad(&first, columns.first));
        // Where the third column would be a sliver, the message goes below.
        let below = second.width() > columns.second || self.width.is_some_and(|width| width < left + LEAST);
        if below {
            writeln!(self.out, "{:gap$}{head}{:gap$}{second}", "", "")?;
            return self.body(gap + columns.first + gap, third);
        }
        let mut lines = wrap(&shown(third), self.room(left)).into_iter();
        let line = lines.next().unwrap_or_default();
        let text = format!("{:gap$}{head}{:gap$}{}{:gap$}{line}", "", "", pad(&second, columns.second), "");
        writeln!(self.out, "{}", text.trim_end())?;
        for line in lines {
            writeln!(self.out, "{:left$}{line}", "")?;
        }
        Ok(())
    }

    pub(super) fn counts_head(&mut self) -> io::Result<()> {
        let titles = WORST_FIRST.map(|v| format!("{:>13}", title(v))).concat();
        let titles = self.paint(DIM, &format!("{:20}{titles}", ""));
        writeln!(self.out, "{titles}")
    }

    pub(super) fn counts_row(&mut self, name: &str, row: &[(Verdict, usize)]) -> io::Result<()> {
        let mut text = format!("  {name:18}");
        for (verdict, n) in row {
            let style = if *n > 0 { of_verdict(*verdict) } else { DIM };
            text.push_str(&self.paint(style, &format!("{n:>13}")));
        }
        writeln!(self.out, "{text}")
    }

    /// The last line.
    pub(super) fn exit(&mut self, exit: &ExitInfo) -> io::Result<()> {
        let color = match exit.code {
            0 => AnsiColor::Green,
            3 | 4 => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        let code = self.paint(color.on_default().bold(), &format!("exit {}", exit.code));
        // One line, whatever the width: the last line is the reason.
        writeln!(self.out, "{code}: {}", shown(&exit.reason))
    }

    fn room(&self, indent: usize) -> Option<usize> {
        self.width.map(|width| width.saturating_sub(indent).max(LEAST))
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.color && style != PLAIN && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// `Refused`, `No statement`, …
pub(super) fn title(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Refused => "Refused",
        Verdict::NoStatement => "No statement",
        Verdict::Undecided => "Undecided",
        Verdict::Exempt => "Exempt",
        Verdict::Trusted => "Trusted",
    }
}

pub(super) fn of_verdict(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Refused | Verdict::NoStatement => AnsiColor::Red.on_default().bold(),
        Verdict::Undecided => AnsiColor::Yellow.on_default().bold(),
        Verdict::Exempt => AnsiColor::Cyan.on_default(),
        Verdict::Trusted => AnsiColor::Green.on_default(),
    }
}

pub(super) fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::Info => DIM,
    }
}

/// Blanks to `width` columns as a terminal counts them.
fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Breaks at blanks only, so that no ARN, digest or path is ever cut: a word that is too long stands on a line of its own.
fn wrap(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![text.to_owned()] };
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        if !line.is_empty() && line.width() + 1 + word.width() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_never_cuts_an_arn_and_counts_wide_characters() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:layer:a-very-long-layer-name-indeed:12";
        let lines = wrap(&format!("the layer {arn} is unsigned"), Some(40));
        assert_eq!(lines, ["the layer", arn, "is unsigned"]);
        assert_eq!(wrap("層層層層 層層層層", Some(10)), ["層層層層", "層層層層"]);
        assert_eq!(wrap("", Some(10)), [""]);
    }
}
