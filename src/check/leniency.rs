//! How a finding about a missing or untrusted signature sounds where the policy exempts the artifact.

use super::Context;
use crate::finding::{Finding, Severity};
use crate::model::artifact::Subject;
use crate::policy::decision::Verdict;

/// What the policy's level makes of an artifact that would be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leniency {
    /// Nothing: the policy enforces signatures, or says nothing.
    Enforced,
    /// Exempt at level `audit`: said at medium, so that it is seen and does not fail a run by default.
    Audited,
    /// Exempt at level `skip`: said at info. The policy's owner decided not to look; a reader still learns of it.
    Skipped,
}

impl Leniency {
    /// Of the decision on `subject`.
    pub(super) fn of(cx: &Context<'_>, subject: &Subject) -> Self {
        let Some(decision) = cx.decision(subject) else { return Self::Enforced };
        match decision.verdict {
            Verdict::Exempt if decision.statements.iter().any(|s| s.level == "skip") => Self::Skipped,
            Verdict::Exempt => Self::Audited,
            Verdict::Trusted | Verdict::Undecided | Verdict::NoStatement | Verdict::Refused => Self::Enforced,
        }
    }

    /// Lowers the severity accordingly, and says why.
    pub(super) fn apply(self, finding: &mut Finding) {
        let (severity, level) = match self {
            Self::Enforced => return,
            Self::Audited => (Severity::Medium, "audit"),
            Self::Skipped => (Severity::Info, "skip"),
        };
        finding.severity = finding.severity.min(severity);
        finding.details.push(format!("a policy statement at level `{level}` exempts it, so this is said and not enforced"));
    }
}
