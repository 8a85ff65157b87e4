//! POL001: a statement of the trust policy is about nothing.

use super::{Check, Context};
use crate::finding::{EvidenceKind, Finding, Rule, Severity};
use crate::model::printable::printable;

static RULE: Rule = Rule {
    id: "POL001",
    slug: "statement-matches-nothing",
    title: "A policy statement matched nothing",
    severity: Severity::Medium,
    explanation: "No artifact of the scan lies in the statement's scope. Either it is left over from something that is gone, or its scope has \
        a mistake and protects nothing that its author had in mind. Statements that match nothing are how a policy slowly stops being one.",
    remediation: "Correct the scope or delete the statement; `layerproof policy explain` shows which statements match a target.",
    evidence: &[EvidenceKind::Policy],
    tampering: false,
    caveat: "",
};

pub(super) struct StatementMatchesNothing;

impl Check for StatementMatchesNothing {
    fn rule(&self) -> &'static Rule {
        &RULE
    }

    fn page(&self) -> &'static str {
        include_str!("../../docs/checks/POL001.md")
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (name, file, line) in cx.dead_statements {
            let name = printable(name);
            let message = format!("the policy statement `{name}` ({}, line {line}) matched nothing", printable(file));
            // The line moves with every edit, so it is no part of what identifies the finding.
            let mut finding = Finding::about(&RULE, format!("policy statement {name}"), message);
            finding.key = file.clone();
            findings.push(finding);
        }
    }
}
