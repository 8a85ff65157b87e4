//! What was not checked: gaps, those of one sort together, and coverage.

use std::collections::BTreeMap;
use std::io;

use super::page::{DIM, Page};
use crate::model::gap::Gap;
use crate::report::Report;
use crate::report::exit::counted;

/// Subjects of one sort of gap that are named without `-v`.
const MAX_SUBJECTS: usize = 5;

pub(super) fn write(report: &Report, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    if report.gaps.is_empty() && report.coverage.is_empty() {
        return Ok(());
    }
    page.heading("What was not checked")?;
    if report.gaps.is_empty() {
        let all = report.coverage.iter().all(|row| row.missing == 0);
        let text = if all {
            "Every question that was asked had its answer."
        } else {
            "Nothing is missing of what was selected. Of all that was listed:"
        };
        page.body(2, text)?;
    }
    let mut sorts: BTreeMap<(&str, String, &str), Vec<&Gap>> = BTreeMap::new();
    for gap in &report.gaps {
        sorts.entry((&gap.wanted, gap.reason.to_string(), &gap.next_step)).or_default().push(gap);
    }
    for ((wanted, reason, next_step), gaps) in &sorts {
        sort(wanted, reason, gaps, verbosity, page)?;
        if !next_step.is_empty() {
            page.wrapped(6, DIM, next_step)?;
        }
    }
    coverage(report, verbosity, page)
}

fn sort(wanted: &str, reason: &str, gaps: &[&Gap], verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    if let [gap] = gaps {
        return page.body(2, &gap.to_string());
    }
    page.body(2, &format!("could not learn {wanted} of {}: {reason}", counted(gaps.len(), "subject")))?;
    let limit = if verbosity > 0 { gaps.len() } else { MAX_SUBJECTS };
    for gap in gaps.iter().take(limit) {
        let detail = if gap.detail.is_empty() { String::new() } else { format!(" ({})", gap.detail) };
        page.body(4, &format!("{}{detail}", gap.subject))?;
    }
    if gaps.len() > limit {
        page.wrapped(4, DIM, &format!("and {} more (-v lists them)", gaps.len() - limit))?;
    }
    Ok(())
}

/// Calls that had no answer; with `-v` all of them.
fn coverage(report: &Report, verbosity: u8, page: &mut Page<'_>) -> io::Result<()> {
    if report.coverage.is_empty() {
        return Ok(());
    }
    for row in report.coverage.iter().filter(|row| row.missing > 0 || verbosity > 0) {
        let place = format!("{} {}", row.place.account, row.place.region);
        page.body(2, &format!("{place} {}: {} answered, {} missing", row.api, row.answered, row.missing))?;
    }
    let sum = |count: fn(&crate::model::inventory::CoverageRow) -> u64| report.coverage.iter().map(count).fold(0, u64::saturating_add);
    page.body(2, &format!("All calls: {} answered, {} missing.", sum(|row| row.answered), sum(|row| row.missing)))
}
