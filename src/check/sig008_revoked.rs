//! SIG008: a signature that holds was revoked.

use super::copies::Copies;
use super::signed::{signatures, verified};
use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;
use crate::signature::JudgedSignature;
use crate::signature::revocation::{AnswerSource, RevocationAnswer};

static RULE: Rule = Rule {
    id: "SIG008",
    slug: "revoked",
    title: "A signature was revoked",
    severity: Severity::Critical,
    explanation: "The signature holds, and its signer has taken it back since: AWS Signer names its signing job, its profile version or a \
        certificate as revoked with effect on it, or a certificate of its chain is revoked by the CA that issued it. AWS Lambda looks at \
        revocation only when code is deployed, so a function goes on running it. It is said at every level of the policy, wherever \
        somebody was asked.",
    remediation: "Find out from the signer why it was revoked, and treat what was signed in that time as in other hands. Build again from \
        source, sign with a good profile or certificate, and redeploy.",
    evidence: &[EvidenceKind::Api, EvidenceKind::Artifact],
    tampering: true,
    caveat: "An answer of AWS Signer in a recording is authenticated by nobody; the finding says so.",
};

pub(super) struct Revoked;

impl Check for Revoked {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG008.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let revoked = cx.artifacts().flat_map(|artifact| {
            signatures(artifact).iter().filter_map(move |signature| Some((artifact, (signature.location.clone(), told(cx, signature)?))))
        });
        for ((location, details), copies) in Copies::group(revoked) {
            let place = printable(&location).into_owned();
            let message = format!("the signature `{place}` of {} was revoked", copies.lead.subject);
            let mut finding = copies.finding(cx, &RULE, message, details);
            finding.key = location;
            findings.push(finding);
        }
    }
}

/// What was revoked, and who says so; `None` where nothing is known to be. Safe to print.
fn told(cx: &Context<'_>, signature: &JudgedSignature) -> Option<Vec<String>> {
    let mut told = Vec::new();
    for question in &verified(signature)?.basis().revocation {
        match cx.evidence.revocations.get(question) {
            Some(RevocationAnswer::Revoked { what, source }) => {
                let by = match source {
                    AnswerSource::Live => "AWS Signer says in this run that it revoked".to_owned(),
                    AnswerSource::Snapshot { recorded_at } => {
                        format!("a recording of {recorded_at}, authenticated by nobody, says that AWS Signer revoked")
                    }
                    AnswerSource::Signed { .. } | AnswerSource::NonRevokable => "its issuer revoked".to_owned(),
                };
                told.extend(what.iter().map(|what| format!("{by} {}", printable(what))));
            }
            Some(RevocationAnswer::NotRevoked { .. } | RevocationAnswer::Unknown(_)) | None => {}
        }
    }
    (!told.is_empty()).then_some(told)
}
