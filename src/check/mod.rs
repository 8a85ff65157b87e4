//! Stage 5b: checks. One file per check; each is a rule and a pure function of evidence and decisions.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::evidence::{Artifact, Evidence};
use crate::finding::{Finding, Rule};
use crate::model::artifact::Subject;
use crate::policy::decision::{Decision, DecisionSubject};

/// A check.
pub trait Check: Sync {
    /// Its description.
    fn rule(&self) -> &'static Rule;
    /// Looks at everything and appends findings.
    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>);
}

/// Every check, by id.
pub static ALL: &[&dyn Check] = &[];

/// What a check may see.
pub struct Context<'a> {
    /// All evidence.
    pub evidence: &'a Evidence,
    /// All decisions.
    pub decisions: &'a BTreeMap<DecisionSubject, Decision>,
    /// The time that everything is judged at.
    pub now: Timestamp,
    /// Accounts that the policy names as publishers: the literal accounts in the scopes of its statements.
    pub known_publishers: &'a [String],
}

impl Context<'_> {
    /// The decision on an artifact.
    pub fn decision(&self, subject: &Subject) -> Option<&Decision> {
        self.decisions.get(&DecisionSubject::Artifact(subject.clone()))
    }

    /// Artifacts in order of subject.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.evidence.artifacts.values()
    }
}
