//! The counts at the end of a report.

use std::collections::{BTreeMap, BTreeSet};

use super::exit::status;
use super::{Summary, WORST_FIRST};
use crate::evidence::Evidence;
use crate::finding::{Finding, Severity, Status};
use crate::model::artifact::Subject;
use crate::policy::decision::{Decision, DecisionSubject};

/// Where bytes came from, which only fetching knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetches {
    /// Artifacts that were downloaded.
    pub downloaded: usize,
    /// Artifacts that did not have to be read from their source.
    pub from_store: usize,
}

/// Counts everything once.
///
/// Every verdict and every severity is a key, so that a zero is seen to be a zero.
pub fn summarise(evidence: &Evidence, decisions: &BTreeMap<DecisionSubject, Decision>, findings: &[Finding], fetches: Fetches) -> Summary {
    let inventory = &evidence.inventory;
    let digests: BTreeSet<_> = evidence.artifacts.values().filter_map(|a| a.digest()).collect();
    let mut summary = Summary {
        functions: inventory.functions.len(),
        function_versions: inventory.functions.iter().map(|f| f.versions.len()).sum(),
        layer_versions: inventory.layers.len(),
        images: evidence.artifacts.keys().filter(|s| matches!(s, Subject::Image(_))).count(),
        unique_blobs: digests.len(),
        downloaded: fetches.downloaded,
        blobs_from_store: fetches.from_store,
        artifacts: no_verdicts(),
        versions: no_verdicts(),
        aliases: no_verdicts(),
        findings: Severity::ALL.iter().map(|s| (s.name(), 0)).collect(),
        incomplete: 0,
        waived: 0,
    };
    for (subject, decision) in decisions {
        let counts = match subject {
            DecisionSubject::Artifact(_) => &mut summary.artifacts,
            DecisionSubject::FunctionVersion(_) => &mut summary.versions,
            DecisionSubject::Alias(_) => &mut summary.aliases,
        };
        *counts.entry(decision.verdict.name()).or_default() += 1;
    }
    for finding in findings {
        match status(finding) {
            Status::Fail => *summary.findings.entry(finding.severity.name()).or_default() += 1,
            Status::Incomplete => summary.incomplete += 1,
            Status::Waived => summary.waived += 1,
        }
    }
    summary
}

fn no_verdicts() -> BTreeMap<&'static str, usize> {
    WORST_FIRST.iter().map(|v| (v.name(), 0)).collect()
}
