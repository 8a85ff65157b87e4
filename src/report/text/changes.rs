//! What changed since the last run of the same scope.

use std::collections::BTreeMap;
use std::io;

use super::page::{DIM, Page};
use super::subject::without_subject;
use crate::report::Report;
use crate::store::history::FindingRow;

/// Rows of each list without `-v`.
const MAX_ROWS: usize = 20;

pub(super) fn write(report: &Report, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    let Some(delta) = &report.delta else { return Ok(()) };
    let Some(since) = delta.since else {
        page.heading("Changes")?;
        return page.body(2, "This is the first run of this scope; the next one is compared with it.");
    };
    page.heading(&format!("Changes since {since}"))?;
    let limit = if verbosity > 0 { usize::MAX } else { MAX_ROWS };
    let still = if delta.still_unknown.is_empty() { String::new() } else { format!(", {} still unknown", delta.still_unknown.len()) };
    page.body(
        2,
        &format!(
            "{} new, {} standing, {} resolved, {} newly unknown{still}",
            delta.new.len(),
            delta.standing.len(),
            delta.resolved.len(),
            delta.newly_unknown.len()
        ),
    )?;
    if delta.policy_changed {
        page.body(2, "The policy file is another one than then.")?;
    }
    let by_fingerprint: BTreeMap<String, String> =
        report.findings.iter().map(|f| (f.fingerprint().0, line(f.rule, &f.subject, &f.message))).collect();
    let new = delta.new.iter().map(|print| by_fingerprint.get(print).cloned().unwrap_or_else(|| print.clone()));
    list("new", new.collect(), limit, page)?;
    list("resolved", rows(&delta.resolved), limit, page)?;
    list("unknown", rows(&delta.newly_unknown), limit, page)?;
    let changed = |all: &[(String, String, String)]| all.iter().map(|(name, then, now)| format!("{name}: {then}, now {now}")).collect();
    list("decision", changed(&delta.verdicts), limit, page)?;
    list("digest", changed(&delta.digests), limit, page)
}

fn rows(rows: &[FindingRow]) -> Vec<String> {
    rows.iter().map(|row| line(&row.rule, &row.subject, &row.message)).collect()
}

fn line(rule: &str, subject: &str, message: &str) -> String {
    format!("{rule} {subject}: {}", without_subject(message, subject))
}

fn list(label: &str, rows: Vec<String>, limit: usize, page: &mut Page<'_>) -> io::Result<()> {
    let more = rows.len().saturating_sub(limit);
    for row in rows.iter().take(limit) {
        page.field(2, label, row)?;
    }
    if more > 0 {
        page.wrapped(2, DIM, &format!("and {more} more (-v lists them)"))?;
    }
    Ok(())
}
