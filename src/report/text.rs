//! `text`: what a person reads. Worst first; what passed is a count unless `-v` asks for the list; the last line is the exit code and
//! its one clear reason.

mod artifacts;
mod changes;
mod decisions;
mod findings;
mod gaps;
mod page;
mod subject;

use std::io;

use jiff::Timestamp;

use self::page::{BOLD, Page};
use super::exit::counted;
use super::{Format, RenderOptions, Report, WORST_FIRST, unbound};
use crate::finding::Severity;

/// The format.
pub static FORMAT: &dyn Format = &Text;

struct Text;

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn describe(&self) -> &'static str {
        "for people; colour on a terminal"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
        let mut page = Page::new(out, options);
        header(report, &mut page)?;
        if report.command == "verify" {
            artifacts::write(report, options.verbosity, &mut page)?;
        } else {
            decisions::write(report, options.verbosity, &mut page)?;
        }
        findings::write(report, options.verbosity, &mut page)?;
        changes::write(report, options.verbosity, &mut page)?;
        gaps::write(report, options.verbosity, &mut page)?;
        notes(report, &mut page)?;
        summary(report, &mut page)?;
        page.blank()?;
        page.exit(&report.exit)
    }
}

fn header(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    page.styled(0, BOLD, &format!("layerproof {} {}", env!("CARGO_PKG_VERSION"), report.command))?;
    let source = &report.source;
    let mut text = format!("{} {}", source.kind, source.name);
    if let Some(recorded_at) = source.recorded_at {
        text.push_str(&format!(", says that it was recorded {recorded_at} ({})", age(report.now, recorded_at)));
    }
    if source.unauthenticated {
        text.push_str("; unauthenticated: whoever can write it can write what it says");
    }
    page.field(2, "source", &text)?;
    match &report.policy {
        Some(policy) => page.field(2, "policy", &format!("{} (SHA-256 {})", policy.file, policy.sha256))?,
        None => page.field(2, "policy", "none")?,
    }
    let by = if report.now_overridden { ", set by --now" } else { "" };
    page.field(2, "judged at", &format!("{}{by}", report.now))
}

fn notes(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let unbound = unbound(report);
    if report.notes.is_empty() && report.ages.is_empty() && unbound.is_empty() {
        return Ok(());
    }
    page.heading("Notes")?;
    if !unbound.is_empty() {
        page.body(2, "What a valid signature here does not bind:")?;
        for phrase in unbound {
            page.body(4, &format!("- {phrase}"))?;
        }
    }
    for note in report.notes.iter().chain(&report.ages) {
        page.body(2, note)?;
    }
    Ok(())
}

fn summary(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let summary = &report.summary;
    page.heading("Summary")?;
    if summary.functions > 0 || summary.layer_versions > 0 || summary.images > 0 {
        let what = [
            counted(summary.functions, "function"),
            counted(summary.function_versions, "function version"),
            counted(summary.layer_versions, "layer version"),
            counted(summary.images, "image"),
        ];
        page.body(2, &what.join(", "))?;
    }
    let store = if summary.blobs_from_store > 0 { format!(", {} of them from the store", summary.blobs_from_store) } else { String::new() };
    // Said of a live account even where it is nothing: that is what a second scan is told by.
    let is_far = summary.downloaded > 0 || report.source.kind == "aws";
    let downloads = if is_far { format!(", {} downloaded", summary.downloaded) } else { String::new() };
    page.body(2, &format!("{} hashed{downloads}{store}", counted(summary.unique_blobs, "distinct blob")))?;
    page.blank()?;
    page.counts_head()?;
    for (name, counts) in [("artifacts", &summary.artifacts), ("function versions", &summary.versions), ("aliases", &summary.aliases)] {
        let row = WORST_FIRST.map(|verdict| (verdict, counts.get(verdict.name()).copied().unwrap_or_default()));
        if row.iter().any(|(_, n)| *n > 0) || name == "artifacts" {
            page.counts_row(name, &row)?;
        }
    }
    page.blank()?;
    let mut parts: Vec<String> =
        Severity::ALL.iter().rev().filter_map(|s| summary.findings.get(s.name()).filter(|n| **n > 0).map(|n| format!("{n} {s}"))).collect();
    if summary.incomplete > 0 {
        parts.push(format!("{} incomplete", summary.incomplete));
    }
    if summary.waived > 0 {
        parts.push(format!("{} waived", summary.waived));
    }
    page.body(2, &format!("findings: {}", if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }))
}

/// `3 days before`, in the largest whole unit.
fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second());
    let (n, side) = (seconds.unsigned_abs(), if seconds < 0 { "in the future" } else { "ago" });
    let (n, unit) = match n {
        0..60 => return "just now".to_owned(),
        60..3_600 => (n / 60, "minute"),
        3_600..86_400 => (n / 3_600, "hour"),
        _ => (n / 86_400, "day"),
    };
    format!("{} {side}", counted(usize::try_from(n).unwrap_or(usize::MAX), unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_from_the_future_is_said_to_be_one() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        for (then, expected) in [
            ("2026-03-01T00:00:10Z", "just now"),
            ("2026-02-28T23:59:00Z", "1 minute ago"),
            ("2026-02-26T00:00:00Z", "3 days ago"),
            ("2026-03-01T02:00:00Z", "2 hours in the future"),
        ] {
            assert_eq!(age(now, then.parse().unwrap()), expected);
        }
    }
}
