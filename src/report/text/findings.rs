//! The table of findings, by severity.

use std::collections::BTreeSet;
use std::io;

use unicode_width::UnicodeWidthStr;

use super::page::{BOLD, Columns, DIM, Page, of_severity};
use super::subject::without_subject;
use crate::finding::{Finding, Severity, Status};
use crate::report::Report;
use crate::report::exit::{counted, status};

/// Rows of each severity without `-v`; the count is always there.
const MAX_ROWS: usize = 100;

/// The widest column of subjects; a wider one has its line to itself.
const MAX_SUBJECT: usize = 44;

/// Affected functions that are named with `-v`; `-vv` names all.
const MAX_AFFECTED: usize = 10;

pub(super) fn write(report: &Report, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    page.heading("Findings")?;
    let subjects = Subjects::of(&report.findings);
    if let Some(prefix) = &subjects.prefix {
        page.wrapped(2, DIM, &format!("`layer:…` and `function:…` begin with {prefix}"))?;
    }
    let widest = report.findings.iter().map(|f| subjects.show(&f.subject).width()).filter(|w| *w <= MAX_SUBJECT).max();
    let columns = Columns { first: 7, second: widest.unwrap_or_default().max("SUBJECT".len()) };
    page.row(&columns, DIM, ["RULE", "SUBJECT", "WHAT IS WRONG"])?;
    for severity in Severity::ALL.iter().rev() {
        let rows: Vec<&Finding> = report.findings.iter().filter(|f| f.severity == *severity).collect();
        if rows.is_empty() {
            continue;
        }
        let incomplete = rows.iter().filter(|f| status(f) == Status::Incomplete).count();
        let waived = rows.iter().filter(|f| status(f) == Status::Waived).count();
        let apart: Vec<String> = [(incomplete, "incomplete"), (waived, "waived")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}"))
            .collect();
        let apart = if apart.is_empty() { String::new() } else { format!(", of them {}", apart.join(", ")) };
        page.styled(2, of_severity(*severity), &format!("{severity} {}{apart}", rows.len()))?;
        let limit = if verbosity > 0 { rows.len() } else { MAX_ROWS };
        for finding in rows.iter().take(limit) {
            one(finding, &subjects, &columns, verbosity, page)?;
        }
        if rows.len() > limit {
            page.wrapped(2, DIM, &format!("and {} (-v lists them)", counted(rows.len() - limit, "more finding")))?;
        }
    }
    Ok(())
}

fn one(finding: &Finding, subjects: &Subjects, columns: &Columns, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    let mut message = match status(finding) {
        Status::Fail => String::new(),
        Status::Incomplete => "incomplete: ".to_owned(),
        Status::Waived => format!("waived by {}: ", finding.waived_by.as_deref().unwrap_or("a waiver")),
    };
    message.push_str(&without_subject(&finding.message, &finding.subject));
    if let Some(place) = &finding.place {
        message.push_str(&format!(" (at {place})"));
    }
    if !finding.affects.is_empty() {
        // Functions count, whatever the number of their versions and aliases.
        let functions: BTreeSet<&str> = finding.affects.iter().map(|name| function_of(name)).collect();
        message.push_str(&format!(" (affects {})", counted(functions.len(), "function")));
    }
    page.row(columns, BOLD, [finding.rule, subjects.show(&finding.subject), &message])?;
    if verbosity == 0 {
        return Ok(());
    }
    let indent = columns.first + 4;
    page.field(indent, "subject", &finding.subject)?;
    if let Some(path) = &finding.path {
        page.field(indent, "path", path)?;
    }
    if let Some(digest) = finding.digest {
        page.field(indent, "digest", &digest.to_string())?;
    }
    if let Some(digest) = finding.claimed_digest {
        page.field(indent, "claimed", &digest.to_string())?;
    }
    for detail in &finding.details {
        page.body(indent, detail)?;
    }
    let limit = if verbosity > 1 { finding.affects.len() } else { MAX_AFFECTED };
    for name in finding.affects.iter().take(limit) {
        page.field(indent, "affects", name)?;
    }
    if finding.affects.len() > limit {
        page.wrapped(indent, DIM, &format!("and {} more (-vv)", finding.affects.len() - limit))?;
    }
    page.field(indent, "fingerprint", &format!("{} ({} confidence)", finding.fingerprint(), confidence(finding)))
}

fn confidence(finding: &Finding) -> &'static str {
    match finding.confidence {
        crate::finding::Confidence::Low => "low",
        crate::finding::Confidence::Medium => "medium",
        crate::finding::Confidence::High => "high",
    }
}

/// The unqualified ARN of a function, version or alias.
fn function_of(name: &str) -> &str {
    match name.match_indices(':').nth(6) {
        Some((end, _)) if name.starts_with("arn:") => name.split_at(end).0,
        _ => name,
    }
}

/// Subjects as the table shows them. Where all Lambda ARNs begin alike the beginning is said once; else they are shown whole, so that
/// they can be copied.
struct Subjects {
    /// `arn:aws:lambda:eu-west-1:111122223333:`, where all share it.
    prefix: Option<String>,
}

impl Subjects {
    fn of(findings: &[Finding]) -> Self {
        let prefixes: BTreeSet<&str> = findings.iter().filter_map(|f| lambda_prefix(&f.subject)).collect();
        Self { prefix: if prefixes.len() == 1 { prefixes.first().map(|prefix| (*prefix).to_owned()) } else { None } }
    }

    fn show<'a>(&self, subject: &'a str) -> &'a str {
        self.prefix.as_deref().and_then(|prefix| subject.strip_prefix(prefix)).unwrap_or(subject)
    }
}

/// Everything before the resource of a Lambda ARN, its colon included.
fn lambda_prefix(subject: &str) -> Option<&str> {
    let (end, _) = subject.match_indices(':').nth(4)?;
    let (prefix, _) = subject.split_at_checked(end + 1)?;
    let mut parts = prefix.split(':');
    (parts.next() == Some("arn") && parts.nth(1) == Some("lambda")).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_aliases_of_one_function_are_one_function() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:pay";
        for name in [arn.to_owned(), format!("{arn}:1"), format!("{arn}:live"), format!("{arn}:$LATEST")] {
            assert_eq!(function_of(&name), arn);
        }
        assert_eq!(function_of("./a:b:c"), "./a:b:c");
    }
}
