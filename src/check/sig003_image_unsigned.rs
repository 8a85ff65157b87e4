//! SIG003: a container image has no signature.

use super::signed::unsigned;
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::artifact::Subject;
use crate::unpack::Format;

static RULE: Rule = Rule {
    id: "SIG003",
    slug: "image-unsigned",
    title: "A container image has no signature",
    severity: Severity::High,
    explanation: "Every signature scheme looked for signatures of the image's digest (referrers and signature tags) and found none. Lambda's \
        own code signing does not cover container images, so a signature that a verifier like this one checks is the only thing that ties \
        the running image to a builder.",
    remediation: "Turn on managed signing in Amazon ECR, or sign the image by digest with cosign or Notation in the pipeline that pushes it. \
        Where its signatures are kept in another repository, name that with --signature-repository.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Artifact],
    tampering: false,
    caveat: "",
};

pub(super) struct ImageUnsigned;

impl Check for ImageUnsigned {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG003.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        unsigned(self, cx, findings, is_image, |artifact| format!("the image {} has no signature", artifact.subject));
    }
}

fn is_image(artifact: &Artifact) -> bool {
    match &artifact.subject {
        Subject::Image(_) => true,
        Subject::File(_) => artifact.contents.present().is_some_and(|contents| contents.format == Format::Image),
        Subject::Function(_) | Subject::Layer(_) => false,
    }
}
