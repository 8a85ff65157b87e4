//! SIG005: a signature holds, but nobody whom the policy trusts made it.

use super::copies::Copies;
use super::leniency::Leniency;
use super::signed::{rejection, signatures};
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;
use crate::policy::decision::{Decision, ReasonCode, Verdict};

static RULE: Rule = Rule {
    id: "SIG005",
    slug: "signer-not-trusted",
    title: "A signature was made by nobody whom the policy trusts",
    severity: Severity::High,
    explanation: "The content has the digest that was signed, but the chain does not lead to a trust anchor that the policy names, did not \
        hold at signing time, the key is another one, or the signer's identity (the profile version of AWS Signer, the certificate's \
        identity and issuer) is none that the policy lists. A signature by anyone is not a signature by you: an attacker can sign as well.",
    remediation: "Sign with an allowed signing profile, identity or key and redeploy. If the signer is a legitimate new one, add it and its \
        anchor to the trust policy in a review.",
    evidence: &[EvidenceKind::Artifact, EvidenceKind::Policy],
    tampering: false,
    caveat: "AWS publishes no download of the root behind signed zips; the one that is known comes from one source.",
};

pub(super) struct SignerNotTrusted;

impl Check for SignerNotTrusted {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/SIG005.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let untrusted = cx.artifacts().filter_map(|artifact| {
            let codes = untrusted_for(cx.decision(&artifact.subject), artifact)?;
            Some((artifact, (codes, Leniency::of(cx, &artifact.subject))))
        });
        for ((_, leniency), copies) in Copies::group(untrusted) {
            let reasons = told(cx.decision(&copies.lead.subject), copies.lead);
            let first = reasons.first().cloned().unwrap_or_else(|| "the signer is not trusted".into());
            let message = format!("{} is signed, but {first}", copies.lead.subject);
            let mut details: Vec<String> = reasons.into_iter().skip(1).collect();
            details.extend(claims(copies.lead));
            let mut finding = copies.finding(cx, &RULE, message, details);
            leniency.apply(&mut finding);
            findings.push(finding);
        }
    }
}

/// Which reasons apply, for grouping; `None` where the signer is trusted or there is nothing to say. On a Trusted artifact a further
/// signature by somebody else is no finding: signatures by others are normal.
fn untrusted_for(decision: Option<&Decision>, artifact: &Artifact) -> Option<Vec<ReasonCode>> {
    match decision.map(|decision| decision.verdict) {
        Some(Verdict::Trusted) => return None,
        None | Some(Verdict::Exempt | Verdict::Undecided | Verdict::NoStatement | Verdict::Refused) => {}
    }
    let mut codes: Vec<ReasonCode> = trust_reasons(decision).map(|(code, _)| code).collect();
    if codes.is_empty() && rejected_chains(artifact).next().is_some() {
        codes.push(ReasonCode::UntrustedRoot);
    }
    codes.sort();
    codes.dedup();
    (!codes.is_empty()).then_some(codes)
}

fn trust_reasons(decision: Option<&Decision>) -> impl Iterator<Item = (ReasonCode, &str)> {
    decision
        .into_iter()
        .flat_map(|decision| &decision.reasons)
        .filter(|reason| matches!(reason.code, ReasonCode::UntrustedRoot | ReasonCode::UntrustedIdentity | ReasonCode::ClaimMismatch))
        .map(|reason| (reason.code, reason.text.as_str()))
}

fn rejected_chains(artifact: &Artifact) -> impl Iterator<Item = String> {
    let rejections = signatures(artifact).iter().filter_map(rejection).filter(|why| !why.is_integrity());
    rejections.map(|why| printable(&why.to_string()).into_owned())
}

/// The reasons in words, without repetition; safe to print.
fn told(decision: Option<&Decision>, artifact: &Artifact) -> Vec<String> {
    let mut reasons: Vec<String> = trust_reasons(decision).map(|(_, text)| text.to_owned()).collect();
    for chain in rejected_chains(artifact) {
        if !reasons.contains(&chain) {
            reasons.push(chain);
        }
    }
    reasons
}

/// What the signatures say of their signer, so that a person can recognise it.
fn claims(artifact: &Artifact) -> impl Iterator<Item = String> {
    signatures(artifact).iter().filter_map(|signature| {
        let profile = signature.presented.profile_version_arn.as_deref()?;
        Some(format!("the signature `{}` names the profile {}", printable(&signature.location), printable(profile)))
    })
}
