//! INT004: functions use a layer version that has been deleted.

use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity, Status};
use crate::model::artifact::Subject;
use crate::model::gap::{Gap, GapReason};
use crate::model::layer::LayerVersion;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "INT004",
    slug: "layer-deleted-in-use",
    title: "Functions use a layer version that has been deleted",
    severity: Severity::High,
    explanation: "AWS Lambda keeps a copy of a deleted layer version for the functions that use it, but nobody can download that copy any \
        more. What the functions run cannot be hashed, its signature cannot be checked, and no fix can be compared with it. This is missing \
        evidence, never a pass. Across accounts AWS gives one and the same answer (access denied) for a version that is deleted, not shared \
        or never existed; that case is INT005.",
    remediation: "Move the functions to a version that exists. Keep archives of shared layers, and retain old versions in the stacks that \
        publish them.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

pub(super) struct LayerDeletedInUse;

impl Check for LayerDeletedInUse {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/INT004.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (subject, gap) in layer_gaps_in_use(cx).into_iter().filter(|(_, gap)| gap.reason == GapReason::Deleted) {
            let message = format!("{subject} has been deleted and is still in use, so what its functions run cannot be verified");
            findings.push(unverifiable(cx, &RULE, &subject, gap, message));
        }
    }
}

/// Layers that functions use and whose content could not be had, with why.
pub(super) fn layer_gaps_in_use<'a>(cx: &Context<'a>) -> Vec<(Subject, &'a Gap)> {
    let blobs = cx.artifacts().filter_map(|artifact: &Artifact| match &artifact.subject {
        Subject::Layer(_) => Some((artifact.subject.clone(), artifact.blob.gap()?)),
        Subject::Function(_) | Subject::Image(_) | Subject::File(_) => None,
    });
    let listed = cx.evidence.inventory.layers.values();
    let contents = listed.filter_map(|layer: &LayerVersion| Some((Subject::Layer(layer.arn.clone()), layer.content.gap()?)));
    // The artifact's own gap wins over the listing's.
    let mut gaps: Vec<(Subject, &Gap)> = contents.chain(blobs).filter(|(subject, _)| cx.reach().uses(subject).is_some()).collect();
    gaps.reverse();
    gaps.sort_by(|a, b| a.0.cmp(&b.0));
    gaps.dedup_by(|later, kept| later.0 == kept.0);
    gaps
}

/// A finding of missing evidence about a layer that functions use.
pub(super) fn unverifiable(cx: &Context<'_>, rule: &'static Rule, subject: &Subject, gap: &Gap, message: String) -> Finding {
    let mut finding = Finding::new(rule, subject, message);
    finding.status = Status::Incomplete;
    finding.affects = cx.reach().affected_by([subject]);
    finding.details.push(gap.to_string());
    if !gap.next_step.is_empty() {
        finding.details.push(printable(&gap.next_step).into_owned());
    }
    finding
}
