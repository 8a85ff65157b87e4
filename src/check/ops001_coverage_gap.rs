//! OPS001: something could not be looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::deployed::{repository, tag_uses};
use super::int004_layer_deleted_in_use::layer_gaps_in_use;
use super::listing::{capped, count};
use super::signed::signatures;
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity, Status};
use crate::model::arn::Arn;
use crate::model::artifact::Subject;
use crate::model::function::FunctionCode;
use crate::model::gap::{Gap, GapReason};
use crate::model::image_ref::ImageRef;
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::signature::Outcome;

static RULE: Rule = Rule {
    id: "OPS001",
    slug: "coverage-gap",
    title: "Something could not be looked at",
    severity: Severity::Medium,
    explanation: "An answer, a file or the bytes of an artifact could not be had, or could not be understood. Nothing is claimed about what was \
        not seen: it is neither a pass nor a failure, and the run is incomplete. Gaps of one kind in one account and region are told \
        together. A gap that the artifact's own author can bring about (a limit that was hit, an unreadable structure) is reported at high. \
        Layers that are deleted or denied, images that are gone and tags that could not be looked up have checks of their own (INT004, \
        INT005, INT006, PIN002, PIN003).",
    remediation: "Grant the read actions that are named, or record what is missing in the snapshot, and run again.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Artifact],
    tampering: false,
    caveat: "",
};

pub(super) struct CoverageGap;

impl Check for CoverageGap {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/OPS001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mut groups: BTreeMap<(String, String, GapReason), Vec<Gap>> = BTreeMap::new();
        let told_elsewhere = told_elsewhere(cx);
        for gap in all_gaps(cx).into_iter().filter(|gap| !told_elsewhere.contains(gap)) {
            groups.entry((place(&gap.subject), gap.wanted.clone(), gap.reason.clone())).or_default().push(gap);
        }
        for ((place, wanted, reason), gaps) in groups {
            findings.push(finding(&place, &wanted, &reason, &gaps));
        }
    }
}

fn finding(place: &str, wanted: &str, reason: &GapReason, gaps: &[Gap]) -> Finding {
    let message = format!("could not learn {} of {} in {place}: {reason}", printable(wanted), count(gaps.len(), "subject"));
    let mut finding = Finding::about(&RULE, place.to_owned(), message);
    finding.status = Status::Incomplete;
    finding.account = place.split('/').next().filter(|text| crate::model::arn::is_account(text)).map(Into::into);
    finding.key = format!("{wanted}: {reason}");
    if gaps.iter().any(Gap::author_can_cause) {
        finding.severity = Severity::High;
        finding.details.push("the artifact's author can bring this about".into());
    }
    let steps: BTreeSet<&str> = gaps.iter().map(|gap| gap.next_step.as_str()).filter(|step| !step.is_empty()).collect();
    finding.details.extend(capped(steps.into_iter().map(|step| printable(step).into_owned())));
    finding.details.extend(capped(gaps.iter().map(|gap| match gap.detail.as_str() {
        "" => printable(&gap.subject).into_owned(),
        detail => format!("{}: {}", printable(&gap.subject), printable(detail)),
    })));
    finding
}

/// Every gap of the listing, the artifacts and their signatures, also those that stand only in a field, and layers that nobody looked at.
fn all_gaps(cx: &Context<'_>) -> BTreeSet<Gap> {
    let inventory = &cx.evidence.inventory;
    let mut gaps: BTreeSet<Gap> = cx.evidence.gaps().into_iter().collect();
    for signature in cx.artifacts().flat_map(signatures) {
        match &signature.outcome {
            Outcome::Inconclusive(undetermined) => drop(gaps.insert(undetermined.gap.clone())),
            Outcome::Valid(_) | Outcome::Invalid(_) => {}
        }
    }
    for function in &inventory.functions {
        gaps.extend(function.aliases.gap().cloned());
        gaps.extend(function.code_signing.gap().cloned());
        gaps.extend(function.code_signing.present().and_then(|config| config.detail.gap()).cloned());
        for version in &function.versions {
            match &version.code {
                FunctionCode::Zip { location, .. } => gaps.extend(location.gap().cloned()),
                FunctionCode::Image { image_uri, resolved, location } => {
                    gaps.extend([image_uri.gap(), resolved.gap()].into_iter().flatten().cloned());
                    gaps.extend(location.gap().cloned());
                }
            }
            gaps.extend(version.layers.iter().filter(|layer| nobody_looked(cx, &Subject::Layer(layer.arn.clone()))).map(|layer| Gap {
                subject: layer.arn.to_string(),
                wanted: "the content of the layer version".into(),
                reason: GapReason::NotRecorded,
                detail: "it is in use, and the inventory holds nothing about it".into(),
                next_step: String::new(),
            }));
        }
    }
    for layer in inventory.layers.values() {
        gaps.extend(layer.content.gap().cloned());
        gaps.extend(layer.policy.gap().cloned());
    }
    for repository in inventory.repositories.values() {
        gaps.extend(repository.mutability.gap().cloned());
        gaps.extend(repository.tags.gap().filter(|_| repository.is_used).cloned());
    }
    gaps
}

/// True for a layer with no entry in the inventory, or one whose content is said to be absent, and no artifact either.
fn nobody_looked(cx: &Context<'_>, subject: &Subject) -> bool {
    let Subject::Layer(arn) = subject else { return false };
    let listed = match cx.evidence.inventory.layers.get(arn).map(|layer| &layer.content) {
        Some(Observed::Present(_) | Observed::Unknown(_)) => true,
        Some(Observed::Absent) | None => false,
    };
    !listed && !cx.evidence.artifacts.contains_key(subject)
}

/// Gaps that another check reports, and the policies of foreign layers, which AWS shows to their owners only.
fn told_elsewhere(cx: &Context<'_>) -> BTreeSet<Gap> {
    let by_int004_and_int005 = layer_gaps_in_use(cx).into_iter().map(|(_, gap)| gap);
    let mut told: BTreeSet<Gap> =
        by_int004_and_int005.filter(|gap| matches!(gap.reason, GapReason::Deleted | GapReason::Denied { .. })).cloned().collect();
    let images = cx.artifacts().filter(|artifact| matches!(artifact.subject, Subject::Image(_)));
    told.extend(images.filter_map(|artifact| artifact.blob.gap()).filter(|gap| gap.reason == GapReason::Deleted).cloned());
    for repository in tag_uses(cx).iter().filter_map(|tag| repository(cx, tag)) {
        told.extend(repository.mutability.gap().cloned());
        told.extend(repository.tags.gap().cloned());
    }
    told.extend(consequences(cx));
    let foreign = cx.evidence.inventory.layers.values().filter(|layer| !cx.is_own(&layer.arn.account));
    told.extend(foreign.filter_map(|layer| layer.policy.gap()).cloned());
    told
}

/// Gaps that only follow from another one about the same artifact: bytes that could not be had can be neither unpacked nor searched for
/// signatures, and it is said once, as the bytes' gap.
fn consequences(cx: &Context<'_>) -> BTreeSet<Gap> {
    let mut causes: BTreeMap<&str, BTreeSet<&Gap>> = BTreeMap::new();
    let mut effects: BTreeMap<&str, Vec<&Gap>> = BTreeMap::new();
    for artifact in cx.artifacts() {
        if let Some(cause) = artifact.blob.gap() {
            causes.entry(&cause.subject).or_default().insert(cause);
            let listed = match &artifact.subject {
                Subject::Layer(arn) => cx.evidence.inventory.layers.get(arn).and_then(|layer| layer.content.gap()),
                Subject::Function(_) | Subject::Image(_) | Subject::File(_) => None,
            };
            let gaps = [listed, artifact.contents.gap(), artifact.signatures.gap()].into_iter().flatten();
            effects.entry(&cause.subject).or_default().extend(gaps.filter(|gap| gap.reason == cause.reason));
        }
    }
    for version in cx.evidence.inventory.functions.iter().flat_map(|function| &function.versions) {
        let (FunctionCode::Zip { location, .. } | FunctionCode::Image { location, .. }) = &version.code;
        let Some(gap) = location.gap() else { continue };
        if causes.get(gap.subject.as_str()).is_some_and(|causes| causes.iter().any(|cause| cause.reason == gap.reason)) {
            effects.entry(&gap.subject).or_default().push(gap);
        }
    }
    let is_cause = |subject: &str, gap: &Gap| causes.get(subject).is_some_and(|causes| causes.contains(gap));
    effects.into_iter().flat_map(|(subject, gaps)| gaps.into_iter().filter(move |gap| !is_cause(subject, gap))).cloned().collect()
}

/// `ACCOUNT/REGION` of an ARN or an image, else the subject itself; safe to print.
fn place(subject: &str) -> String {
    if let Some(arn) = subject.parse::<Arn>().ok().filter(|arn| !arn.account.is_empty() && !arn.region.is_empty()) {
        return printable(&format!("{}/{}", arn.account, arn.region)).into_owned();
    }
    match subject.parse::<ImageRef>().ok().as_ref().and_then(ImageRef::ecr) {
        Some((account, region)) => format!("{account}/{region}"),
        None => printable(subject).into_owned(),
    }
}
