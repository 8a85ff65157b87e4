//! `github`: workflow commands, which GitHub Actions shows as annotations on the anchor file, and a Markdown page for the step's summary.
//!
//! Every line is one command of ours, so that no text from outside ever starts one: values are escaped as the runner's own toolkit does
//! (`%`, CR, LF; in properties also `:` and `,`), after everything that is not printable was escaped visibly.

mod markdown;

use std::io;

use super::anchor::{Anchor, template_path};
use super::exit::{counted, status};
use super::shown::shown;
use super::{Format, RenderOptions, Report, follows_from_parts, unbound};
use crate::finding::{Finding, Severity, Status};
use crate::policy::decision::{Decision, Verdict};

pub use markdown::step_summary;

/// The format.
pub static FORMAT: &dyn Format = &Github;

/// GitHub shows this many annotations of each type per step; the rest would vanish without a word.
pub const MAX_PER_TYPE: usize = 10;

struct Github;

impl Format for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn describe(&self) -> &'static str {
        "annotations for GitHub Actions"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
        let anchor = Anchor::of(report, options);
        let annotations = annotations(report, &anchor);
        let mut left_out = 0;
        // The last line is a notice too.
        for (kind, limit) in [(Kind::Error, MAX_PER_TYPE), (Kind::Warning, MAX_PER_TYPE), (Kind::Notice, MAX_PER_TYPE - 1)] {
            let of_kind = annotations.iter().filter(|a| a.kind == kind);
            left_out += of_kind.clone().count().saturating_sub(limit);
            for annotation in of_kind.take(limit) {
                annotation.write(&anchor, out)?;
            }
        }
        let mut text = format!("exit {}: {}", report.exit.code, report.exit.reason);
        if left_out > 0 {
            text.push_str(&format!("\n{} not shown here: GitHub takes {MAX_PER_TYPE} of each type", counted(left_out, "annotation")));
        }
        let unbound = unbound(report);
        if !unbound.is_empty() {
            text.push_str("\nThe valid signatures do not bind: ");
            text.push_str(&unbound.into_iter().collect::<Vec<_>>().join("; "));
        }
        Annotation { kind: Kind::Notice, file: None, line: 1, title: "layerproof".into(), text }.write(&anchor, out)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
    Notice,
}

impl Kind {
    fn command(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

struct Annotation {
    kind: Kind,
    /// The template and column of a finding in one; else the anchor's line.
    file: Option<(String, usize)>,
    line: usize,
    title: String,
    text: String,
}

impl Annotation {
    fn write(&self, anchor: &Anchor, out: &mut dyn io::Write) -> io::Result<()> {
        let title = property(&self.title);
        let (file, column) = match &self.file {
            Some((file, column)) => (property(file), format!(",col={column}")),
            None => (property(anchor.path()), String::new()),
        };
        writeln!(out, "::{} file={file},line={}{column},title={title}::{}", self.kind.command(), self.line, data(&self.text))
    }
}

/// Decisions worst first, then findings in the report's order, which is worst first. Waived findings are left to the summary page.
fn annotations(report: &Report, anchor: &Anchor) -> Vec<Annotation> {
    let mut decisions: Vec<&Decision> = report.decisions.iter().filter(|d| !follows_from_parts(d)).collect();
    decisions.sort_by_key(|d| std::cmp::Reverse(d.verdict));
    let mut all: Vec<Annotation> = decisions.into_iter().filter_map(|d| of_decision(d, anchor)).collect();
    all.extend(report.findings.iter().filter_map(of_finding));
    all
}

fn of_decision(decision: &Decision, anchor: &Anchor) -> Option<Annotation> {
    let (kind, title) = match decision.verdict {
        Verdict::Refused => (Kind::Error, "refused by the trust policy"),
        Verdict::NoStatement => (Kind::Error, "no statement of the trust policy is about it"),
        Verdict::Undecided => (Kind::Warning, "undecided, evidence is missing"),
        Verdict::Exempt | Verdict::Trusted => return None,
    };
    let mut text = decision.subject.name();
    for reason in &decision.reasons {
        text.push('\n');
        text.push_str(&reason.text);
    }
    Some(Annotation { kind, file: None, line: anchor.line(Some(decision)), title: title.into(), text })
}

fn of_finding(finding: &Finding) -> Option<Annotation> {
    let kind = match status(finding) {
        Status::Waived => return None,
        Status::Incomplete => Kind::Warning,
        Status::Fail => match finding.severity {
            Severity::Critical | Severity::High => Kind::Error,
            Severity::Medium => Kind::Warning,
            Severity::Low | Severity::Info => Kind::Notice,
        },
    };
    let open = if status(finding) == Status::Incomplete { ", incomplete" } else { "" };
    let title = format!("{} {}{open}", finding.rule, finding.severity);
    let mut text = format!("{}\n{}", finding.subject, finding.message);
    if !finding.affects.is_empty() {
        text.push_str(&format!("\naffects {} functions, versions and aliases", finding.affects.len()));
    }
    let place = finding.place.as_ref().and_then(|place| Some((template_path(place)?, place)));
    let (file, line) = place.map_or((None, 1), |(path, place)| (Some((path, place.column)), place.line));
    Some(Annotation { kind, file, line, title, text })
}

/// The part after `::`. Our own line breaks become `%0A`, which GitHub shows as such.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| shown(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    shown(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_neither_its_property_nor_its_line() {
        assert_eq!(property("a::b,title=x%0A\r\n"), "a%3A%3Ab%2Ctitle=x%250A\\u{d}\\u{a}");
        assert_eq!(data("x\n::error::y\u{85}100%"), "x%0A\\u{3a}:error::y\\u{85}100%25");
    }
}
