//! Evidence and a policy to decisions. Pure: the time is a value.

mod artifact;
mod attestation;
mod authority;
mod candidate;
mod cause;
mod parts;
mod quantity;
#[cfg(test)]
mod trial;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::decision::{Decision, DecisionSubject};
use super::schema::Policy;
use crate::evidence::Evidence;

/// A decision for every artifact in the evidence, then for every function version (its code or image, and all its layers), then for
/// every alias (every version that it routes to; of a function whose aliases are unknown, one for `ARN:*`).
pub fn evaluate(policy: &Policy, evidence: &Evidence, now: Timestamp) -> BTreeMap<DecisionSubject, Decision> {
    let mut decisions: BTreeMap<DecisionSubject, Decision> = evidence
        .artifacts
        .values()
        .map(|artifact| artifact::decide(policy, evidence, artifact, now))
        .map(|decision| (decision.subject.clone(), decision))
        .collect();
    parts::decide(evidence, &mut decisions);
    decisions
}

/// A statement that is about nothing in the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedStatement {
    /// Its name.
    pub name: String,
    /// The policy file as given.
    pub file: String,
    /// Line of the statement, from 1.
    pub line: usize,
    /// Its scope in words.
    pub scope: String,
}

/// The statements that match no artifact. Such a statement protects nothing, and is often one with a slip in its scope.
pub fn unmatched_statements(policy: &Policy, evidence: &Evidence) -> Vec<UnmatchedStatement> {
    policy
        .statements
        .iter()
        .filter(|statement| !evidence.artifacts.keys().any(|subject| statement.scope.mismatch(subject).is_none()))
        .map(|statement| UnmatchedStatement {
            name: statement.name.clone(),
            file: policy.file.clone(),
            line: statement.line,
            scope: statement.scope.to_string(),
        })
        .collect()
}
