//! What verified signatures leave open, asked once each, and what AWS's own statements need beside them.

use std::collections::BTreeSet;

use crate::evidence::Evidence;
use crate::revocation::{Answered, Asking, Recording, ask, ask_jobs};
use crate::signature::revocation::ChainOf;
use crate::signature::{JudgedSignature, Outcome, RevocationQuestion, Verified};

/// What is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Questions {
    /// Whether signers were revoked: where a statement of the policy enforces or logs it.
    pub signers: bool,
    /// Whether time stamp authorities were: where a statement enforces or logs the time stamp.
    pub timestamps: bool,
    /// What became of signing jobs: where a statement asks for AWS's own word (DESIGN §4 rule 8).
    pub jobs: bool,
}

/// Asks, and puts the answers into the evidence. Gives what was answered in this run, to be kept.
pub fn ask_revocation(evidence: &mut Evidence, questions: Questions, asking: Asking<'_>) -> Recording {
    let mut live = Recording::default();
    if questions.signers || questions.timestamps || questions.jobs {
        let mut open = open_questions(evidence);
        open.retain(|question| match question {
            RevocationQuestion::Certificates { of: ChainOf::TimestampAuthority, .. } => questions.timestamps,
            RevocationQuestion::AwsSigner { .. } => questions.signers || questions.jobs,
            RevocationQuestion::Certificates { of: ChainOf::Signer, .. } => questions.signers,
        });
        let Answered { answers, live: answered } = ask(&open, asking);
        evidence.revocations = answers;
        live = answered;
    }
    if questions.jobs {
        let jobs = evidence.artifacts.values().filter_map(|artifact| artifact.attested.signing.job_arn.clone()).collect();
        evidence.signing_jobs = ask_jobs(&jobs, asking);
    }
    live
}

/// Of signatures that hold up to a named anchor, and of no other.
fn open_questions(evidence: &Evidence) -> BTreeSet<RevocationQuestion> {
    let signatures = evidence.artifacts.values().filter_map(|artifact| artifact.signatures.present()).flatten();
    signatures.filter_map(verified).flat_map(|verified| verified.basis().revocation.iter().cloned()).collect()
}

fn verified(signature: &JudgedSignature) -> Option<&Verified> {
    match &signature.outcome {
        Outcome::Valid(verified) => Some(verified),
        Outcome::Invalid(_) | Outcome::Inconclusive(_) => None,
    }
}
