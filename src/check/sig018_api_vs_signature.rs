//! SIG018: what AWS states about a signature and what the signature says are not the same.

use super::copies::Copies;
use super::listing::capped;
use super::signed::{rejection, signatures, verified};
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{Confidence, EvidenceKind, Finding, Rule, Severity};
use crate::model::artifact::{ServiceSigning, Subject};
use crate::model::observed::Observed;
use crate::model::printable::printable;
use crate::policy::decision::ReasonCode;
use crate::signature::JudgedSignature;

static RULE: Rule = Rule {
    id: "SIG018",
    slug: "api-vs-signature-mismatch",
    title: "AWS's statement about a signature differs from the signature",
    severity: Severity::Critical,
    explanation: "The SigningJobArn or SigningProfileVersionArn in an API answer is not the one that the embedded signature names; or a \
        layer's bytes carry a valid signature and the answer about the layer names none, although AWS states the ARNs of every validly \
        signed layer; or the configuration of a function states other ARNs for a layer than the layer's own answer does. The bytes, the \
        signature and the answer do not belong together.",
    remediation: "Treat it as tampering until it is explained: compare the bytes with the build's output, look up the signing job with \
        signer:DescribeSigningJob, and check that the answers came from AWS and not from a snapshot that somebody could write.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Artifact],
    tampering: true,
    caveat: "That AWS states the ARNs of every validly signed layer, and where the signature names them, is known from one public description.",
};

pub(super) struct ApiVsSignature;

impl Check for ApiVsSignature {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG018.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let disagreeing = cx.artifacts().filter_map(|artifact| {
            let mut facts = against_signature(cx, artifact);
            facts.extend(against_uses(cx, artifact));
            if facts.is_empty() {
                facts.extend(by_policy(cx, artifact));
            }
            (!facts.is_empty()).then_some((artifact, facts))
        });
        for (facts, copies) in Copies::group(disagreeing) {
            let message = format!("what AWS states about the signature of {} is not what is there", copies.lead.subject);
            let mut finding = copies.finding(cx, &RULE, message, capped(facts));
            finding.confidence = Confidence::Medium;
            findings.push(finding);
        }
    }
}

/// The answer about the artifact against the signature in its bytes. A signature whose integrity does not hold is SIG004's and SIG010's
/// to say; of one that merely leads to an unknown root the names are still compared.
fn against_signature(cx: &Context<'_>, artifact: &Artifact) -> Vec<String> {
    let stated = &artifact.attested.signing;
    let mut facts = Vec::new();
    for signature in signatures(artifact).iter().filter(|s| s.scheme == "aws-signer") {
        let holds = verified(signature).is_some();
        let readable = holds || rejection(signature).is_some_and(|why| !why.is_integrity());
        let named = named(signature);
        if stated.claims_signed() && readable {
            facts.extend(differs("profile version", &stated.profile_version_arn, &named.profile_version_arn));
            facts.extend(differs("signing job", &stated.job_arn, &named.job_arn));
        } else if holds && layer_was_answered(cx, artifact) {
            facts.push(format!("the bytes carry a valid signature that names {}, the layer's answer states none", told(&named)));
        }
    }
    facts
}

/// Configurations of functions against the layer's own answer, where that was had.
fn against_uses(cx: &Context<'_>, artifact: &Artifact) -> Vec<String> {
    if !layer_was_answered(cx, artifact) {
        return Vec::new();
    }
    let stated = &artifact.attested.signing;
    let uses = artifact.attested.disagreeing_uses.iter().filter(|(_, use_)| use_ != stated);
    uses.map(|(function, use_)| {
        format!("{} states {} for the layer, its own answer {}", printable(&function.to_string()), told(use_), told(stated))
    })
    .collect()
}

/// What the policy found to disagree, where this check sees nothing of its own.
fn by_policy(cx: &Context<'_>, artifact: &Artifact) -> Vec<String> {
    let reasons = cx.decision(&artifact.subject).into_iter().flat_map(|decision| &decision.reasons);
    reasons.filter(|reason| reason.code == ReasonCode::ServiceDisagrees).map(|reason| reason.text.clone()).collect()
}

/// True for a layer whose GetLayerVersion was answered: only then does a missing ARN mean that AWS states none.
fn layer_was_answered(cx: &Context<'_>, artifact: &Artifact) -> bool {
    let Subject::Layer(arn) = &artifact.subject else { return false };
    match cx.evidence.inventory.layers.get(arn).map(|layer| &layer.content) {
        Some(Observed::Present(_)) => true,
        Some(Observed::Absent | Observed::Unknown(_)) | None => false,
    }
}

fn differs(what: &str, stated: &Option<String>, presented: &Option<String>) -> Option<String> {
    (stated != presented).then(|| format!("{what}: AWS states {}, the signature names {}", or_none(stated), or_none(presented)))
}

fn told(signing: &ServiceSigning) -> String {
    format!("profile version {} and signing job {}", or_none(&signing.profile_version_arn), or_none(&signing.job_arn))
}

/// The ARNs that a signature names: the verified ones where it holds, else what it says of itself.
fn named(signature: &JudgedSignature) -> ServiceSigning {
    match verified(signature).and_then(|verified| verified.basis().identity.aws_signer()) {
        Some((profile_version, job_arn)) => {
            ServiceSigning { profile_version_arn: Some(profile_version.to_string()), job_arn: Some(job_arn.to_owned()) }
        }
        None => ServiceSigning {
            profile_version_arn: signature.presented.profile_version_arn.clone(),
            job_arn: signature.presented.job_arn.clone(),
        },
    }
}

fn or_none(arn: &Option<String>) -> String {
    arn.as_deref().map_or_else(|| "none".into(), |arn| printable(arn).into_owned())
}
