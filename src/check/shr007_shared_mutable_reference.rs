//! SHR007: several functions hang on one reference whose target can change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::deployed::{Movable, movable, repository, tag_uses};
use super::listing::count;
use super::pin012_s3_reference_without_version::object_name;
use super::{Check, Context};
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::arn::FunctionArn;
use crate::model::artifact::Subject;
use crate::model::function::FunctionCode;
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "SHR007",
    slug: "shared-mutable-reference",
    title: "Several functions share a reference that can change under them",
    severity: Severity::Medium,
    explanation: "Several functions take their code through one and the same reference that is not pinned: an image tag without a digest, an \
        S3 object without a version, a layer that is read from such an object, or aliases of one name that route to $LATEST. One write in \
        one place changes what all of them run, or will run after their next deployment, and a verification of today says nothing about \
        tomorrow. References are ranked by the number of functions: medium from 2, high from 10. Where the registry holds the tag fixed, \
        one step lower; where that could not be learned, at medium confidence.",
    remediation: "Pin the reference (image digest, S3 object version, published function version), most widely shared first.",
    evidence: &[EvidenceKind::Api],
    tampering: false,
    caveat: "",
};

/// Functions from which on a reference counts as shared, at medium.
pub const SHARED_FROM: usize = 2;
/// Functions from which on it is high.
pub const HIGH_FROM: usize = 10;

pub(super) struct SharedMutableReference;

impl Check for SharedMutableReference {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SHR007.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let mut references = image_tags(cx);
        references.extend(s3_objects(cx));
        references.extend(reference_layers(cx));
        references.extend(aliases_to_latest(cx));
        let mut shared: Vec<(usize, Reference<'_>)> = references
            .into_iter()
            .map(|reference| (reference.functions().len(), reference))
            .filter(|(number, _)| *number >= SHARED_FROM)
            .collect();
        shared.sort_by(|a, b| (Reverse(a.0), &a.1.subject, &a.1.key).cmp(&(Reverse(b.0), &b.1.subject, &b.1.key)));
        let total = shared.len();
        for (rank, (number, reference)) in shared.into_iter().enumerate() {
            let message = format!(
                "{} share {}: rank {} of {}",
                count(number, "function"),
                reference.what,
                rank + 1,
                count(total, "shared mutable reference")
            );
            let mut finding = Finding::about(&RULE, reference.subject, message);
            finding.account = reference.account;
            finding.severity = reference.change.severity(number);
            finding.confidence = reference.change.confidence();
            finding.key = reference.key;
            finding.details.push(reference.change.words().into());
            finding.details.extend(verdict_now(cx, &reference.versions));
            finding.affects = cx.reach().affects(reference.versions);
            findings.push(finding);
        }
    }
}

/// A reference that is not pinned, with the function versions that hang on it.
struct Reference<'a> {
    /// Repository, object, layer or place; safe to print.
    subject: String,
    account: Option<String>,
    key: String,
    /// In words; safe to print.
    what: String,
    change: Change,
    versions: Vec<&'a FunctionArn>,
}

impl Reference<'_> {
    fn functions(&self) -> BTreeSet<FunctionArn> {
        self.versions.iter().map(|version| version.unqualified()).collect()
    }
}

/// How its target can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// At any time.
    Free,
    /// Only by deleting and pushing again: the registry refuses to move it.
    HeldFixed,
    /// Not known.
    Unknown,
}

impl Change {
    fn severity(self, functions: usize) -> Severity {
        match (self, functions >= HIGH_FROM) {
            (Self::Free | Self::Unknown, true) => Severity::High,
            (Self::Free | Self::Unknown, false) | (Self::HeldFixed, true) => Severity::Medium,
            (Self::HeldFixed, false) => Severity::Low,
        }
    }

    fn confidence(self) -> Confidence {
        match self {
            Self::Free | Self::HeldFixed => Confidence::High,
            Self::Unknown => Confidence::Medium,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Free => "its target can be changed at any time",
            Self::HeldFixed => "the registry refuses to move it; it can still be deleted and pushed again",
            Self::Unknown => "whether the registry lets it be moved could not be learned",
        }
    }
}

fn image_tags<'a>(cx: &Context<'a>) -> Vec<Reference<'a>> {
    let uses = tag_uses(cx).into_iter().map(|tag| {
        let mutability = repository(cx, &tag).and_then(|repository| repository.mutability.present());
        let change = match mutability.map(|mutability| movable(mutability, tag.effective_tag())) {
            Some(Movable::Yes) => Change::Free,
            Some(Movable::No) => Change::HeldFixed,
            Some(Movable::UnknownSetting) | None => Change::Unknown,
        };
        Reference {
            subject: tag.repository_name(),
            account: tag.image.ecr().map(|(account, _)| account.to_owned()),
            key: format!("tag {}", tag.effective_tag()),
            what: format!("the image tag {}", tag.name()),
            change,
            versions: tag.versions.iter().map(|(version, _)| *version).collect(),
        }
    });
    uses.collect()
}

fn s3_objects<'a>(cx: &Context<'a>) -> Vec<Reference<'a>> {
    let mut objects: BTreeMap<String, Vec<&'a FunctionArn>> = BTreeMap::new();
    for version in cx.evidence.inventory.functions.iter().flat_map(|function| &function.versions) {
        let FunctionCode::Zip { s3_reference: Some(object), .. } = &version.code else { continue };
        if object.version.is_none() {
            objects.entry(object_name(object)).or_default().push(&version.arn);
        }
    }
    let references = objects.into_iter().map(|(object, versions)| Reference {
        what: format!("the S3 object {object} without a version"),
        subject: object,
        account: None,
        key: "function code".into(),
        change: Change::Free,
        versions,
    });
    references.collect()
}

fn reference_layers<'a>(cx: &Context<'a>) -> Vec<Reference<'a>> {
    let layers = cx.evidence.inventory.layers.values().filter_map(|layer| {
        let object = layer.content.present()?.s3_reference.as_ref().filter(|object| object.version.is_none())?;
        let subject = Subject::Layer(layer.arn.clone());
        Some(Reference {
            what: format!("the layer {subject}, which is read from {} without an object version", object_name(object)),
            account: Some(layer.arn.account.clone()),
            key: "layer content".into(),
            change: Change::Free,
            versions: cx.reach().uses(&subject)?.versions.iter().copied().collect(),
            subject: subject.to_string(),
        })
    });
    layers.collect()
}

/// Aliases of one name that route to $LATEST in several functions of one account and region: a convention, broken in many places at once.
fn aliases_to_latest<'a>(cx: &Context<'a>) -> Vec<Reference<'a>> {
    let mut names: BTreeMap<(&str, &str, &str), Vec<&'a FunctionArn>> = BTreeMap::new();
    for function in &cx.evidence.inventory.functions {
        let Some(latest) = function.versions.iter().find(|version| version.is_latest()) else { continue };
        for alias in function.aliases.present().into_iter().flatten() {
            if alias.versions().any(|version| version == "$LATEST") {
                names.entry((&function.arn.account, &function.arn.region, &alias.name)).or_default().push(&latest.arn);
            }
        }
    }
    let references = names.into_iter().map(|((account, region, alias), versions)| Reference {
        subject: printable(&format!("{account}/{region}")).into_owned(),
        account: Some(account.to_owned()),
        key: format!("alias {alias}"),
        what: format!("the alias name `{}` in {}, which routes to $LATEST", printable(alias), printable(&format!("{account}/{region}"))),
        change: Change::Free,
        versions,
    });
    references.collect()
}

/// What the policy makes today of the code that these versions run: the half that a change would undo.
fn verdict_now(cx: &Context<'_>, versions: &[&FunctionArn]) -> Option<String> {
    let mut verdicts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for version in versions {
        let subject = crate::policy::decision::DecisionSubject::FunctionVersion(version.to_string());
        if let Some(decision) = cx.decisions.get(&subject) {
            *verdicts.entry(decision.verdict.name()).or_default() += 1;
        }
    }
    if verdicts.is_empty() {
        return None;
    }
    let told: Vec<String> = verdicts.into_iter().map(|(verdict, number)| format!("{number} {verdict}")).collect();
    Some(format!("function versions today: {}; that holds only until the reference changes", told.join(", ")))
}
