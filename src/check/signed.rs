//! Signatures of an artifact, as several checks ask for them.

use super::copies::Copies;
use super::leniency::Leniency;
use super::{Check, Context};
use crate::evidence::Artifact;
use crate::finding::Finding;
use crate::model::observed::Observed;
use crate::signature::{JudgedSignature, Outcome, Rejection, Verified};

/// The signatures found; empty where there are none and where we could not look.
pub(super) fn signatures(artifact: &Artifact) -> &[JudgedSignature] {
    match &artifact.signatures {
        Observed::Present(signatures) => signatures,
        Observed::Absent | Observed::Unknown(_) => &[],
    }
}

/// True only where every scheme looked and found nothing.
pub(super) fn is_unsigned(artifact: &Artifact) -> bool {
    match &artifact.signatures {
        Observed::Absent => true,
        // No scheme answers so; read as what it is, since zero signatures must never look like some.
        Observed::Present(signatures) => signatures.is_empty(),
        Observed::Unknown(_) => false,
    }
}

/// The proof, where a signature holds.
pub(super) fn verified(signature: &JudgedSignature) -> Option<&Verified> {
    match &signature.outcome {
        Outcome::Valid(verified) => Some(verified),
        Outcome::Invalid(_) | Outcome::Inconclusive(_) => None,
    }
}

/// Why a signature was rejected, where it was.
pub(super) fn rejection(signature: &JudgedSignature) -> Option<&Rejection> {
    match &signature.outcome {
        Outcome::Invalid(rejection) => Some(rejection),
        Outcome::Valid(_) | Outcome::Inconclusive(_) => None,
    }
}

/// The findings of SIG001, SIG002 and SIG003: unsigned artifacts of the kind that `wanted` picks, said once per digest and leniency.
pub(super) fn unsigned(
    check: &dyn Check,
    cx: &Context<'_>,
    findings: &mut Vec<Finding>,
    wanted: impl Fn(&Artifact) -> bool,
    message: impl Fn(&Artifact) -> String,
) {
    let unsigned = cx.artifacts().filter(|artifact| is_unsigned(artifact) && wanted(artifact));
    for (leniency, copies) in Copies::group(unsigned.map(|artifact| (artifact, Leniency::of(cx, &artifact.subject)))) {
        let mut finding = copies.finding(cx, check.rule(), message(copies.lead), Vec::new());
        leniency.apply(&mut finding);
        findings.push(finding);
    }
}
