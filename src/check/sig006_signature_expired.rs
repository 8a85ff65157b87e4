//! SIG006: a signature that held has expired.

use super::copies::Copies;
use super::signed::{signatures, verified};
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::policy::decision::{ReasonCode, Verdict};
use crate::signature::{JudgedSignature, Outcome};
use jiff::Timestamp;

static RULE: Rule = Rule {
    id: "SIG006",
    slug: "signature-expired",
    title: "A signature has expired",
    severity: Severity::High,
    explanation: "The signature holds, but the date that its signer set has passed. AWS Lambda checks expiry only when code is deployed, so \
        the function goes on running and the next deployment of the same artifact fails where a code signing configuration enforces it. \
        It is reported at every level of the policy, also where the level does not enforce expiry.",
    remediation: "Sign again, a zip of AWS Signer's from the unsigned original, and redeploy. AWS Signer refuses to sign a zip that \
        already carries a signature.",
    evidence: &[EvidenceKind::Artifact],
    tampering: false,
    caveat: "The attribute that carries the expiry in AWS Signer's zips is known from one public description.",
};

pub(super) struct SignatureExpired;

impl Check for SignatureExpired {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG006.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let expired = cx.artifacts().flat_map(|artifact| {
            let policy_says = says_expired(cx, artifact);
            signatures(artifact).iter().filter_map(move |signature| {
                let at = expiry(signature, policy_says).filter(|at| *at < cx.now)?;
                Some((artifact, (signature.location.clone(), at)))
            })
        });
        for ((location, at), copies) in Copies::group(expired) {
            let message = format!("the signature of {} expired at {at}", copies.lead.subject);
            let mut finding = copies.finding(cx, &RULE, message, Vec::new());
            finding.key = location;
            findings.push(finding);
        }
    }
}

/// When a signature that holds expires. Of a signature that could not be judged its own word is taken only where the policy has already
/// found it expired; of one that does not hold nothing is taken: that is SIG004's and SIG005's to say.
fn expiry(signature: &JudgedSignature, policy_says: bool) -> Option<Timestamp> {
    match &signature.outcome {
        Outcome::Valid(_) => verified(signature).and_then(|verified| verified.basis().expires_at),
        Outcome::Inconclusive(_) if policy_says => signature.presented.expires_at,
        Outcome::Inconclusive(_) | Outcome::Invalid(_) => None,
    }
}

fn says_expired(cx: &Context<'_>, artifact: &Artifact) -> bool {
    cx.decision(&artifact.subject).is_some_and(|decision| {
        decision.verdict != Verdict::Trusted && decision.reasons.iter().any(|reason| reason.code == ReasonCode::Expired)
    })
}
