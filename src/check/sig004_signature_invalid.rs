//! SIG004: a signature is there and does not hold.

use super::copies::Copies;
use super::signed::{rejection, signatures};
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;
use crate::policy::decision::Verdict;
use crate::signature::{JudgedSignature, StepResult, aws_signer};

static RULE: Rule = Rule {
    id: "SIG004",
    slug: "signature-invalid",
    title: "A signature does not hold for the bytes",
    severity: Severity::Critical,
    explanation: "The artifact carries a signature, and the content or the signature itself does not hold: the content was changed after \
        signing, the signature belongs to something else, the archive can be read in more than one way, or a structure is malformed. \
        AWS Lambda publishes layers with such signatures without an error and merely leaves the signing ARNs out of its answer.",
    remediation: "Treat it as tampering: stop deployments of the artifact, compare its bytes with the build's output, and find out who \
        published it. Redeploy from a fresh build, signed anew.",
    evidence: &[EvidenceKind::Artifact],
    tampering: true,
    caveat: "The format of AWS Signer's signature inside a zip is known from one public description.",
};

pub(super) struct SignatureInvalid;

impl Check for SignatureInvalid {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG004.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let broken = cx.artifacts().flat_map(|artifact| {
            let trusted = is_trusted(cx, artifact);
            let bad = move |s: &&JudgedSignature| rejection(s).is_some_and(|why| why.is_integrity()) && !(trusted && stands_beside(s));
            signatures(artifact).iter().filter(bad).map(move |s| (artifact, (s.location.clone(), told(s))))
        });
        for ((location, (why, steps)), copies) in Copies::group(broken) {
            let place = printable(&location).into_owned();
            let message = format!("the signature `{place}` of {} does not hold: {why}", copies.lead.subject);
            let mut finding = copies.finding(cx, &RULE, message, steps);
            finding.key = location;
            findings.push(finding);
        }
    }
}

/// True where a signature that the policy trusts holds for these very bytes. What stands beside them then says nothing of them: whoever may
/// push can put a broken one there, and so can an honest tool whose form is not read here.
fn is_trusted(cx: &Context<'_>, artifact: &Artifact) -> bool {
    match cx.decision(&artifact.subject).map(|decision| decision.verdict) {
        Some(Verdict::Trusted) => true,
        None | Some(Verdict::Exempt | Verdict::Undecided | Verdict::NoStatement | Verdict::Refused) => false,
    }
}

/// False for a signature inside of the artifact, which is a part of its bytes.
fn stands_beside(signature: &JudgedSignature) -> bool {
    signature.scheme != aws_signer::NAME
}

/// The reason, and the verifier's steps that failed; safe to print.
fn told(signature: &JudgedSignature) -> (String, Vec<String>) {
    let why = rejection(signature).map(ToString::to_string).unwrap_or_default();
    let failed = signature.steps.iter().filter(|step| step.result == StepResult::Failed).map(|step| {
        format!("step {}, {}: expected {}, presented {}", step.number, step.title, printable(&step.expected), printable(&step.presented))
    });
    (printable(&why).into_owned(), failed.collect())
}
