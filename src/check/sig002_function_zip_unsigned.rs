//! SIG002: the zip of a function has no signature.

use super::signed::unsigned;
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::artifact::Subject;
use crate::unpack::Format;

static RULE: Rule = Rule {
    id: "SIG002",
    slug: "function-zip-unsigned",
    title: "A function's zip has no signature",
    severity: Severity::High,
    explanation: "Every signature scheme looked at the zip, and at the places that were named for signatures beside it, and found nothing, so \
        nothing ties the deployed code to the pipeline that should have built it. Anyone with \
        lambda:UpdateFunctionCode could have put it there. A local zip that no --as ARN gave a scope is reported here as well.",
    remediation: "Sign the zip with AWS Signer in the release pipeline, after the build and before the deployment, and attach a code signing \
        configuration in Enforce mode; or sign it with cosign, a workflow's attestation or Notation, and name the place with --signatures.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "The place of an AWS Signer signature inside a zip is known from one public description.",
};

pub(super) struct FunctionZipUnsigned;

impl Check for FunctionZipUnsigned {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG002.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        unsigned(self, cx, findings, is_zip, |artifact| format!("the zip of {} has no signature", artifact.subject));
    }
}

fn is_zip(artifact: &Artifact) -> bool {
    match &artifact.subject {
        Subject::Function(_) => true,
        Subject::File(_) => artifact.contents.present().is_some_and(|contents| contents.format == Format::Zip),
        Subject::Layer(_) | Subject::Image(_) => false,
    }
}
