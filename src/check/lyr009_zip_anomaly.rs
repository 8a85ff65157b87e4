//! LYR009: an archive that lies, or that two readers read differently.

use std::collections::BTreeMap;

use super::copies::Copies;
use super::listing::capped;
use super::lyr008_symlink_escape::{line, reaches_out};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::unpack::{Anomaly, AnomalyKind};

static RULE: Rule = Rule {
    id: "LYR009",
    slug: "zip-anomaly",
    title: "The archive can be read in more than one way",
    severity: Severity::High,
    explanation: "The archive has duplicate names, headers that contradict each other, overlapping entries, hidden bytes before, between or \
        after the entries, wrong checksums or digests, encrypted or unreadable entries, or names that deceive. Two honest readers can then \
        see different files: what a scanner checks need not be what AWS Lambda loads. Names that merely collide by case or Unicode form, or \
        are odd, are reported at low; names that hide or reverse text at medium.",
    remediation: "Rebuild the archive from source with a plain zip or image builder and reject such archives in the pipeline.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "",
};

/// Anomalies of one kind that stage 3 lists one by one.
const KEPT: usize = 1_000;

pub(super) struct ZipAnomaly;

impl Check for ZipAnomaly {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/LYR009.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (contents, copies) in Copies::contents(cx) {
            let mut anomalies: Vec<&Anomaly> = contents.anomalies.iter().filter(|anomaly| is_mine(anomaly.kind)).collect();
            if anomalies.is_empty() {
                continue;
            }
            let mut kinds: BTreeMap<AnomalyKind, usize> = BTreeMap::new();
            for anomaly in &anomalies {
                *kinds.entry(anomaly.kind).or_default() += 1;
            }
            let told: Vec<String> = kinds.iter().map(|(kind, number)| format!("{} ({})", kind.id(), at_least(*number))).collect();
            let anomalies_of = if kinds.values().sum::<usize>() == 1 { "an anomaly" } else { "anomalies" };
            let message = format!("the archive of {} has {anomalies_of}: {}", copies.lead.subject, told.join(", "));
            // The worst first, so that padding an archive with harmless oddities does not push them off the list.
            anomalies.sort_by_key(|anomaly| (std::cmp::Reverse(severity(anomaly.kind)), *anomaly));
            let details = capped(anomalies.into_iter().map(line));
            let mut finding = copies.finding(cx, &RULE, message, details);
            finding.severity = kinds.keys().map(|kind| severity(*kind)).max().unwrap_or(RULE.severity);
            findings.push(finding);
        }
    }
}

/// Stage 3 keeps some thousand anomalies of a kind and counts the rest in one more, so a large number is a lower bound.
fn at_least(kept: usize) -> String {
    if kept > KEPT { format!("over {KEPT}") } else { kept.to_string() }
}

/// All but what LYR007 (permission bits) and LYR008 (ways out) take.
fn is_mine(kind: AnomalyKind) -> bool {
    !reaches_out(kind) && !matches!(kind, AnomalyKind::Setuid | AnomalyKind::WorldWritable)
}

fn severity(kind: AnomalyKind) -> Severity {
    match kind {
        AnomalyKind::ControlInName => Severity::Medium,
        _ if kind.is_ambiguous() => RULE.severity,
        _ => Severity::Low,
    }
}
