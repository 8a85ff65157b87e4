//! SIG001: a layer version has no signature.

use super::signed::unsigned;
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::artifact::Subject;

static RULE: Rule = Rule {
    id: "SIG001",
    slug: "layer-unsigned",
    title: "A layer version has no signature",
    severity: Severity::High,
    explanation: "Every signature scheme looked at the layer version's zip, and at the places that were named for signatures beside it, \
        and found nothing. Nobody vouches for its bytes, so whoever could publish the version decided what each function that uses it \
        runs. AWS Lambda accepts unsigned layers, also beside a code signing configuration in Warn mode, and never re-checks what \
        already runs.",
    remediation: "Sign the layer with AWS Signer under a profile that the trust policy names, and publish it as a new version; or sign the \
        zip with cosign, a workflow's attestation or Notation, and name the place with --signatures. A vendor's unsigned layer can be copied \
        into your own account and signed there.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "The place of an AWS Signer signature inside a zip is known from one public description.",
};

pub(super) struct LayerUnsigned;

impl Check for LayerUnsigned {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let is_layer = |artifact: &Artifact| matches!(artifact.subject, Subject::Layer(_));
        unsigned(self, cx, findings, is_layer, |artifact| format!("the layer version {} has no signature", artifact.subject));
    }
}
